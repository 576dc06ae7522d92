"""Spells: runs of absent school days that cannot be extended either way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube

__all__ = ["absence_spells"]


def absence_spells(cube: Cube, *, at: float = 1.0) -> pd.DataFrame:
    """Return the runs of absent school days of each pupil.

    Only days with something scheduled for the pupil count. Weekends, holidays and days without
    lessons neither break a spell nor lengthen it.

    Parameters
    ----------
    cube : Cube
        The pupil-days.
    at : float
        Share in (0, 1] of what was scheduled that makes a day an absent day; 1 takes whole days.
        Where the cube counts days, every absent day counts.

    Returns
    -------
    pandas.DataFrame
        One row per spell, by pupil and time: pupil_key; start_day and end_day (first and last
        absent day, as indices of the calendar); n_days (absent school days); kind ("valid",
        "invalid" or "mixed"); open_start, open_end (whether the spell touches the pupil's first
        or last scheduled day, so that its true beginning or end may lie outside the record).

    Raises
    ------
    ValueError
        If ``at`` is not in (0, 1].

    Examples
    --------
    >>> from absence_risk.register.calendar import SchoolCalendar
    >>> from absence_risk.register.cube import Cube
    >>> from absence_risk.register.definition import AbsenceDefinition
    >>> dates = np.array(["2025-08-21", "2025-08-22", "2025-08-25"], dtype="datetime64[D]")
    >>> day = np.full((1, 3), 300, dtype=np.int16)
    >>> sick = np.array([[0, 300, 300]], dtype=np.int16)
    >>> cube = Cube(np.array([7], dtype=np.uint32), SchoolCalendar(dates, ["HT"] * 3), day, sick,
    ...             sick * 0, AbsenceDefinition())
    >>> absence_spells(cube)[["n_days", "kind", "open_start", "open_end"]].values.tolist()
    [[2, 'valid', False, True]]
    """
    import pandas as pd  # noqa: PLC0415

    if check.proportion(at, "at") == 0:
        raise ValueError("at must be above 0, got 0: every day would be an absent day.")
    minutes = cube.absent("total")
    # Almost all days are attended, so only the absent ones are listed.
    cell = np.flatnonzero((minutes > 0) & (minutes >= _least(cube, at)))
    n_days = len(cube.calendar)
    pupil, day = cell // n_days, cell % n_days
    # A pupil's own school days are counted up from 1: neighbours are spells' days in a row.
    place, last = _own_days(cube, pupil, day)
    joined = np.zeros(len(cell), dtype=bool)
    joined[1:] = (pupil[1:] == pupil[:-1]) & (place[1:] == place[:-1] + 1)
    starts = np.flatnonzero(~joined)
    ends = np.r_[starts[1:], len(cell)][: len(starts)] - 1
    some_valid, some_invalid = (
        np.add.reduceat(part.ravel()[cell], starts, dtype=np.int64) > 0 if len(starts) else starts
        for part in (cube.valid, cube.invalid)
    )
    kind = np.where(some_valid & some_invalid, "mixed", np.where(some_valid, "valid", "invalid"))
    return pd.DataFrame(
        {
            "pupil_key": cube.pupil_key[pupil[starts]],
            "start_day": day[starts].astype(np.int64),
            "end_day": day[ends].astype(np.int64),
            "n_days": (ends - starts + 1).astype(np.int64),
            "kind": kind.astype(object),
            "open_start": place[starts] == 1,
            "open_end": place[ends] == last[ends],
        }
    )


def _least(cube: Cube, at: float) -> npt.NDArray[np.int16] | npt.NDArray[np.float64]:
    """Return the minutes that make each day an absent day."""
    return cube.scheduled if at == 1 else at * cube.scheduled.astype(np.float64)


def _own_days(
    cube: Cube, pupil: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return which of the pupil's own school days a day is, and how many the pupil has."""
    taught = cube.scheduled > 0
    place, last = day + 1, np.full(len(day), len(cube.calendar))
    gaps = np.flatnonzero(~taught.all(axis=1))
    if len(gaps):
        number = np.cumsum(taught[gaps], axis=1, dtype=np.int64)
        row = np.full(cube.n_pupils, -1)
        row[gaps] = np.arange(len(gaps))
        has = row[pupil] >= 0
        place[has] = number[row[pupil[has]], day[has]]
        last[has] = number[row[pupil[has]], -1]
    return place, last
