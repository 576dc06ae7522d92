"""Wellbeing of the team's pupils before and after, and who never answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.counter import Purpose, normal, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Wellbeing
    from absence_risk.synthetic.world import World

__all__ = ["ITEMS", "MISSING", "Answers", "answer"]

ITEMS = 5
MISSING = ("not_asked", "refused", "no_answer")
_WINDOW = 20  # school days of absence before each survey


@dataclass(frozen=True, eq=False)
class Answers:
    """Surveys of the pupils whose work with the team started.

    Parameters
    ----------
    rows : numpy.ndarray of int64, shape (n,)
        Pupils, as rows of the world.
    day : numpy.ndarray of int64, shape (n, 2)
        School day of the survey before and after; `NEVER` where none was due in the year.
    theta : numpy.ndarray of float64, shape (n, 2)
        Latent wellbeing; NaN where no survey was due.
    response : numpy.ndarray of int8, shape (n, 2, 5)
        Answers 1 to 5 that were, or would have been, given; 0 where no survey was due.
    missing : numpy.ndarray of int8, shape (n, 2)
        −1 answered, else index into `MISSING`.
    """

    rows: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    theta: npt.NDArray[np.float64]
    response: npt.NDArray[np.int8]
    missing: npt.NDArray[np.int8]


def answer(world: World) -> Answers:
    """Draw the surveys of a world.

    θ₀ = μ − λ_z(z − 1) − λ_u u + ε; θ₁ = μ + ρ_θ(θ₀ − μ) + λ_A ΔA/0.1 + τ_W + ε; items by graded
    response P(Y ≥ c) = expit{a(θ − d_j − b_c)}; answered after with P = expit(γ₀ + γ₁θ₁ + …).

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    Answers
        One row per started case; the second survey is due at closing or after the set number of
        weeks, and at the end of the year for cases that have run the least number of weeks.
    """
    plan, cases, pupils = world.scenario.wellbeing, world.cases, world.pupils
    rows = np.flatnonzero(cases.started < NEVER)
    lane = pupils.lane[rows]
    start = cases.started[rows]
    after = _second_day(world, rows)
    due = after < NEVER
    level = _level(world, rows, np.where(due, after, start))
    change = _recent(world, rows, np.where(due, after, start)) - _recent(world, rows, start)
    low = plan.per_level * (cases.level_start[rows] - 1) + plan.propensity * pupils.effect[rows]
    before = plan.mean - low + plan.noise_sd * normal(lane, Purpose.THETA_BEFORE)
    later = plan.mean + plan.stability * (before - plan.mean) + plan.team_gain
    later += plan.per_10_absence * change / 0.1 + plan.change_sd * normal(
        lane, Purpose.THETA_CHANGE
    )
    theta = np.stack([before, np.where(due, later, np.nan)], axis=1)
    response = np.stack([_items(plan, lane, theta[:, wave], wave) for wave in (0, 1)], axis=1)
    gone = np.isin(cases.ending[rows], (2, 3))
    log_odds = plan.answer_log_odds + plan.answer_theta * later
    log_odds += plan.answer_level * (level - 1) + plan.answer_gone * gone
    silent = np.stack(
        [
            uniform(lane, Purpose.RESPONSE_BEFORE) < plan.missing_before,
            uniform(lane, Purpose.RESPONSE_AFTER) >= 1 / (1 + np.exp(-log_odds)),
        ],
        axis=1,
    )
    kinds = [np.floor(3 * uniform(lane, Purpose.MISSING_KIND, wave)) for wave in (0, 1)]
    missing = np.where(silent, np.stack(kinds, axis=1), -1).astype(np.int8)
    return Answers(rows, np.stack([start, after], axis=1), theta, response, missing)


def _second_day(world: World, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the school day of the second survey, or `NEVER`."""
    year, plan = world.year, world.scenario.wellbeing
    start = world.cases.started[rows]
    ends = np.searchsorted(year.week, np.arange(year.n_weeks), side="right") - 1
    week = year.week[start] + plan.follow_up_weeks
    planned = np.append(ends, len(year) - 1)[np.minimum(week, year.n_weeks)]
    closed = world.cases.closed[rows]
    day = np.minimum(planned, closed)
    worked = year.week[np.minimum(day, len(year) - 1)] - year.week[start]
    enough = (closed < NEVER) | (worked + 1 >= world.scenario.team.least_weeks)
    return np.where(enough, day, NEVER)


def _recent(
    world: World, rows: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the true absence share over the school days before a day."""
    missed = np.bitwise_count(world.days.missed[rows]) / world.pupils.lessons[rows, None]
    running = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(missed, axis=1)], axis=1)
    at = np.arange(len(rows))
    first = np.maximum(day - _WINDOW, 0)
    return np.asarray((running[at, day] - running[at, first]) / np.maximum(day - first, 1))


def _level(
    world: World, rows: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    return world.days.level[rows, world.year.week[day]].astype(np.int64)


def _items(
    plan: Wellbeing, lane: npt.NDArray[np.uint64], theta: npt.NDArray[np.float64], wave: int
) -> npt.NDArray[np.int8]:
    """Return the answers to all items by graded response, shape (n, items)."""
    out = np.zeros((len(lane), ITEMS), dtype=np.int8)
    for item in range(ITEMS):
        draw = uniform(lane, Purpose.ITEM, wave, item)
        above = theta[:, None] - plan.difficulty[item] - np.asarray(plan.thresholds)
        chance = 1 / (1 + np.exp(-plan.discrimination * above))
        out[:, item] = np.where(np.isnan(theta), 0, 1 + (draw[:, None] < chance).sum(axis=1))
    return out
