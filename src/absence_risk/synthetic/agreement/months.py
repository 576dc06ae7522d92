"""Recorded absence of each month, counted from a world's days and not from its own bookkeeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.truth.tally import Tally

    Floats = npt.NDArray[np.float64]

__all__ = ["monthly_steps", "recorded_by_month"]


def recorded_by_month(tally: Tally) -> tuple[Floats, Floats]:
    """Return recorded absence by month, all days of the year counted.

    Parameters
    ----------
    tally : Tally
        The world.

    Returns
    -------
    total, invalid : numpy.ndarray of float64, shape (n, n_months)
        Shares of lessons.
    """
    world, year = tally.world, tally.world.year
    first = np.flatnonzero(np.diff(year.month, prepend=-1))
    days = np.diff(first, append=len(year))
    recorded = np.bitwise_count(world.days.missed & ~world.days.unreported)
    parts = (recorded, recorded * (tally.invalid > 0))
    total, invalid = (
        np.add.reduceat(part, first, axis=1, dtype=np.int64) / (tally.lessons[:, None] * days)
        for part in parts
    )
    return total, invalid


def monthly_steps(tally: Tally) -> npt.NDArray[np.int8]:
    """Return the step of the staircase that each pupil reaches in each month.

    Unlike ``world.taken.step`` it goes on after a pupil has left, as the closed forms do.

    Parameters
    ----------
    tally : Tally
        The world.

    Returns
    -------
    numpy.ndarray of int8, shape (n, n_months)
        On recorded absence, as the school sees it; 0 for none.
    """
    staircase = tally.world.setting.staircase
    total, invalid = recorded_by_month(tally)
    counted = {"total": total, "invalid": invalid, "valid": total - invalid}
    return staircase.step_of(counted[staircase.numerator])
