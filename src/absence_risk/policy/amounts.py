"""How much absence a staircase sees: shares, hours, days or spells per window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import PolicyError
from absence_risk.register.windows import Window, windows_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.policy.staircase import Staircase
    from absence_risk.register.cube import Cube
    from absence_risk.register.windows import Windows

__all__ = ["amounts"]

_HOURS = (
    "A staircase of hours needs a cube of minutes or of lessons, not of {unit}s: pass "
    "register.cube(AbsenceDefinition(day_rule='minutes_share'))."
)


def amounts(cube: Cube, staircase: Staircase) -> npt.NDArray[np.float64]:
    """Return what a staircase counts of each pupil in each window.

    Parameters
    ----------
    cube : Cube
        Recorded absence.
    staircase : Staircase
        Its numerator, unit and window are used.

    Returns
    -------
    numpy.ndarray of float64, shape (n_pupils, n_windows)
        Shares in [0, 1], hours, days or spells; NaN where nothing was scheduled. A day is absent
        where everything scheduled was missed.

    Raises
    ------
    PolicyError
        If the staircase counts hours and the cube does not.
    """
    windows = windows_of(cube.calendar, staircase.window)
    if staircase.unit == "percent":
        if Window.parse(staircase.window).length:
            return cube.rolling(staircase.window).rate(numerator=staircase.numerator)
        return cube.totals(staircase.window).rate(staircase.numerator)
    if staircase.unit == "hours":
        counted = _hours(cube, staircase, windows)
    else:
        absent = _absent_days(cube, staircase)
        counted = _count_days(cube, absent, staircase.unit, windows)
    seen = windows.sums(cube.scheduled > 0) > 0
    return np.where(seen, counted, np.nan)


def _hours(cube: Cube, staircase: Staircase, windows: Windows) -> npt.NDArray[np.float64]:
    unit = cube.definition.unit
    if unit not in {"minute", "lesson"}:
        raise PolicyError(_HOURS.format(unit=unit.replace("_", "-")))
    per_hour = staircase.minutes_per_hour if unit == "minute" else 1
    return windows.sums(cube.absent(staircase.numerator)) / per_hour


def _absent_days(cube: Cube, staircase: Staircase) -> npt.NDArray[np.bool_]:
    whole = cube.absent(staircase.numerator) == cube.scheduled
    return np.asarray(whole & (cube.scheduled > 0))


def _count_days(
    cube: Cube, absent: npt.NDArray[np.bool_], unit: str, windows: Windows
) -> npt.NDArray[np.float64]:
    """Count days, beginnings of spells, or the longest spell; days off do not break a spell."""
    if unit == "days":
        return windows.sums(absent).astype(np.float64)
    length = np.zeros(cube.n_pupils, dtype=np.int16)
    lengths = np.zeros(absent.shape, dtype=np.int16)
    for day in range(absent.shape[1]):
        taught = cube.scheduled[:, day] > 0
        length = np.where(taught, np.where(absent[:, day], length + 1, 0), length)
        lengths[:, day] = np.where(taught, length, 0)
    if unit == "events":
        return windows.sums(lengths == 1).astype(np.float64)
    longest = np.zeros((cube.n_pupils, len(windows.label)))
    for k, (start, stop) in enumerate(zip(windows.start, windows.stop, strict=True)):
        longest[:, k] = lengths[:, start:stop].max(axis=1)
    return longest
