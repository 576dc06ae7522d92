"""How absence is recorded, beside simulated days: labels, lateness, unreported lessons."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.actions import are_on
from absence_risk.synthetic.agreement.comparison import compare
from absence_risk.synthetic.closed_forms.absence import months_since, valid_chance
from absence_risk.synthetic.closed_forms.team import unreported_share
from absence_risk.synthetic.days import GUARDIAN, ILLNESS, INVALID

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.agreement.comparison import Comparison
    from absence_risk.synthetic.truth.tally import Tally

    Found = Iterator[Comparison | None]

__all__ = ["labels_agree", "lateness_agrees", "reporting_agrees"]

_MONTHS = (0, 1, 3, 6, 99)


def labels_agree(tally: Tally) -> Found:
    """Compare labels of avoidance by level and time since its onset, where nobody is ill.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        P(recorded as valid), and the share of it that carries the code of illness.
    """
    world = tally.world
    scenario = world.scenario
    if scenario.illness.onset_rate or scenario.leave.onset_rate or are_on(scenario.actions):
        return  # a certificate that is asked for changes labels besides
    level = world.days.level.astype(np.int64)
    week = world.year.week
    months = months_since((np.arange(level.shape[1]) - _since(level)).astype(np.float64))
    pupil, day = np.nonzero(world.days.reason)
    level, months = level[pupil, week[day]], months[pupil, week[day]]
    reason, school = world.days.reason[pupil, day], tally.school[pupil]
    one = np.ones(len(pupil))
    for k in range(2, 7):
        chance = valid_chance(scenario.label, k, months)
        for low, high in itertools.pairwise(_MONTHS):
            rows = np.flatnonzero((level == k) & (months >= low) & (months < high))
            name = f"label.valid_level_{k} from month {low}"
            seen = reason[rows] != INVALID
            yield compare(name, seen, chance[rows], school[rows], weight=one[rows])
    valid = np.isin(reason, (ILLNESS, GUARDIAN))
    told = scenario.label.as_illness
    as_illness = reason[valid] == ILLNESS
    yield compare("label.as_illness", as_illness, told, school[valid], weight=one[valid])


def _since(level: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the school week in which level 1 was last left, 0 where never, shape (n, n_weeks)."""
    leaves = np.zeros_like(level)
    weeks = np.arange(1, level.shape[1])
    leaves[:, 1:] = np.where((level[:, 1:] > 1) & (level[:, :-1] == 1), weeks, 0)
    return np.asarray(np.maximum.accumulate(leaves, axis=1))


def lateness_agrees(tally: Tally) -> Found:
    """Compare late arrivals by level.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Shares of days with the first lesson attended and reported, and minutes.
    """
    world = tally.world
    days, plan = world.days, world.scenario.lateness
    here = ((days.missed | days.unreported) & 1) == 0
    level = days.level[:, world.year.week]
    for k, share in enumerate(plan.share, start=1):
        on = here & (level == k)
        seen, n = ((days.late > 0) & on).sum(axis=1), on.sum(axis=1)
        yield compare(f"lateness.share_level_{k}", seen, share, tally.school, weight=n)
    minutes, n = days.late.sum(axis=1, dtype=np.int64), (days.late > 0).sum(axis=1)
    mean = (1 + plan.minutes) / 2
    yield compare("lateness.mean_minutes", minutes, mean, tally.school, weight=n)


def reporting_agrees(tally: Tally) -> Found:
    """Compare lessons that nobody reported.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Of attended and of missed lessons.
    """
    days, plan = tally.world.days, tally.world.scenario.reporting
    lost = np.bitwise_count(days.unreported & days.missed).sum(axis=1, dtype=np.int64)
    missed = tally.missed.sum(axis=1, dtype=np.int64)
    told = unreported_share(plan, missed=True)
    yield compare("reporting.unreported_if_missed", lost, told, tally.school, weight=missed)
    every = tally.world.pupils.every[:, None]
    lost = np.bitwise_count(days.unreported & every & ~days.missed).sum(axis=1, dtype=np.int64)
    attended = tally.lessons * days.missed.shape[1] - missed
    told = unreported_share(plan)
    yield compare("reporting.unreported", lost, told, tally.school, weight=attended)
