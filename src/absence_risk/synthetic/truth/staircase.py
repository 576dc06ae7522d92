"""What an alarm of the staircase says: who reaches a step, and how many of them avoid school."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.truth.value import Entry, mean, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.synthetic.truth.counterfactual import Reference

__all__ = ["staircase_simulated"]

_LEVELS = (2, 3)


def staircase_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield how many reach each step, and what an alarm is worth.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Shares and positive predictive values by step.
    """
    tally, world = reference.tally, reference.world
    school = tally.school
    step = world.taken.step
    month_end = np.flatnonzero(np.diff(world.year.month, append=-1))
    level = world.days.level[:, world.year.week[month_end]]
    much = tally.share() >= 0.20
    for at in range(1, len(world.setting.staircase.steps) + 1):
        reached = np.asarray(step >= at)
        ever = np.asarray(reached.any(axis=1))
        first = level[np.arange(len(ever)), reached.argmax(axis=1)]
        whom = f"pupils who reach step {at} or a higher one in the year"
        yield Entry(
            f"staircase.reached_step_{at}",
            f"P(step {at} or a higher one reached in at least one month), recorded absence",
            "all pupils, each in the months at whose end the pupil is there",
            "share",
            "simulation",
            mean(ever, school),
        )
        flags = {
            "year_20": ("absence of the year is 20 % or more", much),
            **{f"level_{k}": (f"level {k} or higher then", first >= k) for k in _LEVELS},
        }
        for name, (words, flag) in flags.items():
            yield Entry(
                f"staircase.ppv_step_{at}_{name}",
                f"P({words} | step {at} first reached)",
                whom,
                "share",
                "simulation",
                ratio(ever & flag, ever, school),
            )
