"""Chains of a pupil beside simulated days: illness, leave, the ladder, lessons missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.agreement.comparison import compare
from absence_risk.synthetic.agreement.months import monthly_steps
from absence_risk.synthetic.closed_forms.absence import expected_days
from absence_risk.synthetic.closed_forms.conditions import alike, runs_freely, team_alone_helps
from absence_risk.synthetic.closed_forms.given_schools import expected_leave_share, expected_share
from absence_risk.synthetic.closed_forms.illness import (
    days_away,
    months_reached,
    spell_lasts,
    weekdays,
)
from absence_risk.synthetic.closed_forms.ladder import LEVELS, level_shares, moves
from absence_risk.synthetic.closed_forms.lessons import missed_by_level
from absence_risk.synthetic.days import ILLNESS, LEAVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.agreement.comparison import Comparison
    from absence_risk.synthetic.place_parameters import Illness, Leave
    from absence_risk.synthetic.truth.tally import Tally
    from absence_risk.synthetic.world import World

    Floats = npt.NDArray[np.float64]
    Found = Iterator[Comparison | None]

__all__ = ["absence_agrees", "ladder_agrees", "lessons_agree", "moves_agree", "spells_agree"]

_STAY = 6  # school weeks from the first that a pupil must stay on a level
_TAIL = 40  # school days: a spell that begins later may be cut by the year's end


def _attend(world: World) -> bool:
    """Return whether nobody can ever leave level 1."""
    plan = world.scenario.avoidance
    return not any(plan.first_stage) and plan.up[0] == 0


def spells_agree(tally: Tally) -> Found:
    """Compare illness and leave where nobody avoids school.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Shares by month, lengths of spells, days of a year, months that reach a step.
    """
    world, school = tally.world, tally.school
    if not _attend(world):
        return
    scenario, year = world.scenario, world.year
    reason = world.days.reason
    months = np.unique(year.month)
    for code, kind, expected in (
        (ILLNESS, "illness", expected_share),
        (LEAVE, "leave", expected_leave_share),
    ):
        share, away = expected(scenario, world.schools, year), reason == code
        yield compare(f"{kind}.share", away.mean(axis=1), float(share.mean()), school)
        for month in months.tolist():
            days = year.month == month
            told = float(share[days].mean())
            yield compare(f"{kind}.share in {month}", away[:, days].mean(axis=1), told, school)
    yield from _lengths(tally)
    if not alike(scenario):
        return
    count = (tally.missed > 0).sum(axis=1)
    chances = days_away(scenario, year)
    for percent in (2, 5, 10, 15, 20):
        above = np.arange(len(chances)) * 100 > percent * len(year)
        name = f"absence.share_above_{percent}"
        yield compare(name, count * 100 > percent * len(year), float(chances[above].sum()), school)
    if scenario.reporting.unreported == scenario.reporting.absent_extra == 0:
        step = monthly_steps(tally)
        reach = months_reached(scenario, year, world.setting.staircase)
        for at, chance in enumerate(reach.tolist(), start=1):
            ever = (step >= at).any(axis=1)
            yield compare(f"staircase.reached_step_{at}", ever, chance, school)


def _lengths(tally: Tally) -> Found:
    """Compare lengths of spells; those of leave only where illness cannot hide a part of them."""
    scenario = tally.world.scenario
    kinds: dict[str, tuple[int, Illness | Leave]] = {"illness": (ILLNESS, scenario.illness)}
    if scenario.illness.onset_rate == 0:
        kinds = {"leave": (LEAVE, scenario.leave)}
    for kind, (code, spells) in kinds.items():
        away = np.pad(tally.world.days.reason == code, ((0, 0), (1, 1)))
        pupil, first = np.nonzero(away[:, 1:-1] & ~away[:, :-2])
        length = np.nonzero(away[:, 1:-1] & ~away[:, 2:])[1] - first + 1
        whole = first < len(tally.world.year) - _TAIL
        pupil, length = pupil[whole], length[whole]
        school, n = tally.school[pupil], np.ones(len(pupil))
        yield compare(f"{kind}.mean_days", length, spells.mean_days, school, weight=n)
        for days in (2, 3, 5, 10):
            name = f"{kind}.spell_at_least_{days}_days"
            yield compare(name, length >= days, spell_lasts(spells, days), school, weight=n)


def ladder_agrees(tally: Tally) -> Found:
    """Compare occupancy of the levels with the weekly chain.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        The first week always, later ones where the ladder runs freely.
    """
    world = tally.world
    if not alike(world.scenario) or _attend(world):
        return
    level, weeks = world.days.level, world.year.n_weeks
    share = level_shares(world.scenario, weeks)
    for k in range(LEVELS):
        at = level == k + 1
        name = f"ladder.first_week_level_{k + 1}"
        yield compare(name, at[:, 0], float(share[0, k]), tally.school)
        if not runs_freely(world.scenario):
            continue
        for week in (weeks // 4, weeks // 2, weeks - 1):
            name = f"ladder.share_level_{k + 1} in week {week + 1}"
            yield compare(name, at[:, week], float(share[week, k]), tally.school)
        told = float(share[:, k].mean())
        yield compare(f"ladder.share_level_{k + 1}", at.mean(axis=1), told, tally.school)


def moves_agree(tally: Tally) -> Found:
    """Compare weekly moves with their probabilities, given level, pressure, help and relapse.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Up and down by level, and while the team works or a closed case may relapse. Only where
        nothing else moves pupils.
    """
    world = tally.world
    if not team_alone_helps(world.scenario) or _attend(world):
        return
    level = world.days.level.astype(np.int64)
    pressure = _pressure(world)
    groups: dict[str, Floats] = {}
    names = [f"level {k}" for k in range(1, LEVELS + 1)] + ["help", "relapse"]
    for name in names:
        groups[name] = np.zeros((5, len(level)))
    for week in range(1, world.year.n_weeks):
        before = level[:, week - 1]
        rises, falls = (level[:, week] > before), (level[:, week] < before)
        help_, relapse = _support(world, week)
        up, down = moves(world.scenario.avoidance, pressure + relapse, help_)
        at = (before - 1, np.arange(len(level)))
        parts = np.stack([rises, up[at], falls, down[at], np.ones(len(level))])
        quiet = (help_ == 0) & (relapse == 0)
        for k in range(1, LEVELS + 1):
            groups[f"level {k}"] += parts * (quiet & (before == k))
        groups["help"] += parts * (help_ > 0)
        groups["relapse"] += parts * (relapse > 0)
    for name, (rises, up_told, falls, down_told, n) in groups.items():
        yield compare(f"ladder.up, {name}", rises, up_told, tally.school, weight=n)
        yield compare(f"ladder.down, {name}", falls, down_told, tally.school, weight=n)


def _pressure(world: World) -> Floats:
    """Return lasting log-odds of moving up, from what the world says of pupils and schools."""
    grade = np.asarray(world.scenario.avoidance.grade)[world.pupils.grade.astype(np.int64) - 1]
    own = world.pupils.effect + world.pupils.background
    return np.asarray(own + grade + world.schools.effect[world.pupils.school])


def _support(world: World, week: int) -> tuple[Floats, Floats]:
    """Return help and pressure to relapse in a school week, from the dates of the cases."""
    team, cases, year = world.scenario.team, world.cases, world.year
    of_day = np.append(year.week, 10**6)
    started = of_day[np.minimum(cases.started, len(year))]
    closed = of_day[np.minimum(cases.closed, len(year))]
    works = (started <= week) & (week <= closed)
    weeks = np.where(works, week - started, 0)
    help_ = works * team.effect * (1 - np.exp(-weeks / team.ramp_weeks))
    after = (closed < week) & (week <= closed + team.relapse_weeks) & (cases.ending == 1)
    return np.asarray(help_), np.asarray(after * team.relapse)


def absence_agrees(tally: Tally) -> Found:
    """Compare the absence of a year where nothing feeds back.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        All and invalid absence: of the year, and all absence by month.
    """
    world, school = tally.world, tally.school
    if not runs_freely(world.scenario) or _attend(world):
        return
    year = world.year
    told = expected_days(world.scenario, year).total
    yield compare("absence.mean", tally.share(), float(told.mean()), school)
    for month in np.unique(year.month).tolist():
        days = np.flatnonzero(year.month == month)
        first, end = int(days[0]), int(days[-1]) + 1
        seen = tally.share("total", first, end)
        yield compare(f"absence.mean in {month}", seen, float(told[first:end].mean()), school)
    found = expected_days(world.scenario, year, labels=True, pressure=7, frailty=4)
    if found.invalid is not None:
        seen, mean = tally.share("invalid"), float(found.invalid.mean())
        yield compare("absence.invalid_mean", seen, mean, school)
        first, end = tally.last_term
        seen, mean = tally.share("invalid", first, end), float(found.invalid[first:end].mean())
        yield compare("absence.invalid_mean in the last term", seen, mean, school)


def lessons_agree(tally: Tally) -> Found:
    """Compare lessons missed by pupils who stay on a level in the first weeks and are well.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        By level, and by weekday; where nobody is ill or on leave.
    """
    world = tally.world
    scenario = world.scenario
    if scenario.illness.onset_rate or scenario.leave.onset_rate or not runs_freely(scenario):
        return
    level, dow = world.days.level, weekdays(world.year)
    dow = dow[world.year.week < _STAY]
    told = missed_by_level(scenario.avoidance, dow)
    stays = (level[:, :_STAY] == level[:, :1]).all(axis=1)
    for k in range(2, LEVELS + 1):
        rows = np.flatnonzero(stays & (level[:, 0] == k))
        share = tally.missed[rows, : len(dow)] / tally.lessons[rows, None]
        name, school = f"ladder.lessons_missed_level_{k}", tally.school[rows]
        yield compare(name, share.mean(axis=1), float(told[:, k - 1].mean()), school)
        for day in (0, 2):
            on = dow == day
            mean = float(told[on, k - 1].mean())
            yield compare(f"{name} on weekday {day}", share[:, on].mean(axis=1), mean, school)
