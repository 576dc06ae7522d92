"""Spells: runs of absent school days that cannot be extended either way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
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
    pupil, day = np.nonzero(cube.scheduled)
    scheduled, valid, invalid = (
        a[pupil, day].astype(np.int64) for a in (cube.scheduled, cube.valid, cube.invalid)
    )
    minutes = valid + invalid
    absent = (minutes > 0) & (minutes >= at * scheduled)
    first_of_pupil = np.r_[True, pupil[1:] != pupil[:-1]] if len(pupil) else absent
    last_of_pupil = np.r_[first_of_pupil[1:], True] if len(pupil) else absent
    follows = np.r_[False, absent[:-1]] & ~first_of_pupil if len(pupil) else absent
    leads = np.r_[absent[1:], False] & ~last_of_pupil if len(pupil) else absent
    starts, ends = np.flatnonzero(absent & ~follows), np.flatnonzero(absent & ~leads)
    valid_sum = np.r_[0, np.cumsum(valid)]
    invalid_sum = np.r_[0, np.cumsum(invalid)]
    some_valid = valid_sum[ends + 1] > valid_sum[starts]
    some_invalid = invalid_sum[ends + 1] > invalid_sum[starts]
    kind = np.where(some_valid & some_invalid, "mixed", np.where(some_valid, "valid", "invalid"))
    return pd.DataFrame(
        {
            "pupil_key": cube.pupil_key[pupil[starts]],
            "start_day": day[starts].astype(np.int64),
            "end_day": day[ends].astype(np.int64),
            "n_days": (ends - starts + 1).astype(np.int64),
            "kind": kind.astype(object),
            "open_start": first_of_pupil[starts],
            "open_end": last_of_pupil[ends],
        }
    )
