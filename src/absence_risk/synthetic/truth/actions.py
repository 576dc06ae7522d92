"""What the action of each step does to pupils who reach it: ITT, ATT, and at the step itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.actions import are_on
from absence_risk.synthetic.truth.value import Entry, Value, exact, mean, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.counterfactual import Reference
    from absence_risk.synthetic.truth.tally import Tally

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = ["actions_known", "actions_simulated"]

_FOLLOW = 40  # school days after the month that first reaches the step
_NEAR = 0.025  # share of absence above the step
_AFTER = f"share of lessons missed on the {_FOLLOW} school days after the first month at step"


def actions_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the parameters.

    Parameters
    ----------
    scenario : Scenario
        Section actions is used.

    Yields
    ------
    Entry
        Jumps of the probability of action.
    """
    for step, chance in enumerate(scenario.actions.chance, start=1):
        yield Entry(
            f"actions.chance_step_{step}",
            f"π_{step}: jump, at the step, of the probability that its action is taken after a "
            "month",
            f"pupils whose absence of a month is at step {step}",
            "share",
            "closed_form",
            exact(chance),
        )


def actions_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield the effect of each step's action, by comparison with a staircase without it.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        For each step: share acted on, ITT, ATT and the effect just above the step. ITT is the
        share acted on times ATT, since nobody else changes.
    """
    for step in range(1, len(reference.world.scenario.actions.chance) + 1):
        reach = f"pupils who reach step {step} at least {_FOLLOW} school days before the year's end"
        less = f"E[{_AFTER} {step}] − the same under do(chance of step {step} = 0)"
        within = f"whose action of step {step} begins on these days"
        told = {
            "taken": (f"P(the action begins within {_FOLLOW} school days)", reach),
            "itt": (less, reach),
            "att": (less, f"{reach}, {within}"),
            "late": (
                less,
                f"{reach}, {within}, and whose absence of that month is at most "
                f"{100 * _NEAR:g} points above the step",
            ),
        }
        for name, found in _effects(reference, step).items():
            formula, whom = told[name]
            method = "simulation" if name == "taken" else "crn_paired"
            method = "closed_form" if found.n is None else method
            yield Entry(f"actions.{name}_step_{step}", formula, whom, "share", method, found)


def _effects(reference: Reference, step: int) -> dict[str, Value]:
    """Return the values of one step."""
    world, plan = reference.world, reference.world.scenario.actions
    if not are_on(plan) or plan.chance[step - 1] == 0:
        return {"taken": exact(0), "itt": exact(0), "att": nothing(), "late": nothing()}
    ends = np.flatnonzero(np.diff(world.year.month, append=-1))
    reached = world.taken.step >= step
    month = reached.argmax(axis=1)
    used = reached.any(axis=1) & (ends[month] + _FOLLOW < len(world.year))
    first = ends[month] + 1
    without = tuple(0.0 if k == step - 1 else chance for k, chance in enumerate(plan.chance))
    pair = reference.pair({"actions.chance": without})
    change = np.zeros(len(first))
    if pair.rows.size:
        fact = _missed(reference.tally, pair.rows, first[pair.rows])
        change[pair.rows] = fact - _missed(pair.other, np.arange(pair.rows.size), first[pair.rows])
    begins = world.taken.begins[:, :, step - 1]
    inside = (begins >= first[:, None]) & (begins < first[:, None] + _FOLLOW)
    acted = used & inside.any(axis=1)
    at = np.arange(len(first))
    share = world.taken.counted[at, month] / np.maximum(world.taken.offered[at, month], 1)
    near = acted & (share <= world.setting.staircase.steps[step - 1].at + _NEAR)
    school = reference.tally.school
    return {
        "taken": mean(acted[used], school[used]),
        "itt": mean(change[used], school[used]),
        "att": mean(change[acted], school[acted]),
        "late": mean(change[near], school[near]),
    }


def _missed(tally: Tally, rows: Ints, first: Ints) -> Floats:
    """Return the share of lessons missed on 40 days from a day of each pupil's own."""
    day = np.arange(tally.missed.shape[1])
    inside = (day >= first[:, None]) & (day < first[:, None] + _FOLLOW)
    missed = (tally.missed[rows] * inside).sum(axis=1, dtype=np.int64)
    return np.asarray(missed / (tally.lessons[rows] * _FOLLOW))
