"""What the register says about each case: days, windows, school, absence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.windows import Windows
    from absence_risk.register.cube import Cube

__all__ = ["MEASURES", "case_days", "measure"]

MEASURES = ("before", "after", "alarm_total", "alarm_invalid")


def case_days(cube: Cube, cases: pd.DataFrame) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return the cases by pupil and start, with the day of detection, and the day of the start.

    Parameters
    ----------
    cube : Cube
        Its calendar turns dates into school days.
    cases : pandas.DataFrame
        Columns case_key, pupil_key, started, and detected or referred.

    Returns
    -------
    frame : pandas.DataFrame
        One row per case, sorted: case_key, pupil_key, detected, started, detected_day (last school
        day not after detection, -1 if unknown).
    started : numpy.ndarray of int, shape (n,)
        First school day of the team's work; the number of school days if there is none.

    Raises
    ------
    ValueError
        If a column is missing or a case_key stands twice.
    """
    check.columns(cases.columns, ["case_key", "pupil_key", "started"], "cases")
    if cases["case_key"].duplicated().any():
        raise ValueError("case_key must be unique; some stand twice in cases.")
    names = [name for name in ("detected", "referred") if name in cases.columns]
    if not names:
        raise ValueError("cases must have a column 'detected' or 'referred'.")
    detected = _dates(cases[names[0]])
    for name in names[1:]:
        detected = detected.fillna(_dates(cases[name]))
    frame = pd.DataFrame(
        {
            "case_key": cases["case_key"].to_numpy(),
            "pupil_key": cases["pupil_key"].to_numpy(dtype=np.int64),
            "detected": detected.to_numpy(),
            "started": _dates(cases["started"]).to_numpy(),
        }
    ).sort_values(["pupil_key", "started", "case_key"], ignore_index=True)
    started = _day(cube, frame["started"], "left")
    frame["detected_day"] = _day(cube, frame["detected"], "right") - 1
    frame.loc[frame["detected"].isna(), "detected_day"] = -1
    return frame, started


def _dates(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values).astype("datetime64[ns]").reset_index(drop=True)


def _day(cube: Cube, dates: pd.Series, side: Literal["left", "right"]) -> npt.NDArray[np.int64]:
    """Return the index of the first school day on or after (right: after) a date, or n_days."""
    days = dates.to_numpy(dtype="datetime64[D]")
    found = np.searchsorted(cube.calendar.dates, days, side=side)
    return np.where(np.isnat(days), len(cube.calendar), found).astype(np.int64)


def measure(
    cube: Cube,
    rows: npt.NDArray[np.int64],
    first: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
    follow: npt.NDArray[np.int64],
    *,
    windows: Windows,
) -> pd.DataFrame:
    """Return absence shares and the pupil's school days in the windows of each row.

    Parameters
    ----------
    cube : Cube
        Absence per pupil and school day.
    rows : numpy.ndarray of int, shape (n,)
        Rows of the cube.
    first, stop : numpy.ndarray of int, shape (n,)
        First day of the alarm month and the day after its last.
    follow : numpy.ndarray of int, shape (n,)
        First day of the follow-up.
    windows : Windows
        Lengths.

    Returns
    -------
    pandas.DataFrame
        Columns before, after, alarm_total, alarm_invalid (shares, NaN where nothing was
        scheduled), days_before, days_after.
    """
    before = (np.maximum(first - windows.baseline_days, 0), first)
    after = (follow, follow + windows.follow_days)
    alarm = cube.between(rows, first, stop)
    return pd.DataFrame(
        {
            "before": cube.between(rows, *before).rate()[:, 0],
            "after": cube.between(rows, *after).rate()[:, 0],
            "alarm_total": alarm.rate("total")[:, 0],
            "alarm_invalid": alarm.rate("invalid")[:, 0],
            "days_before": _school_days(cube, rows, *before),
            "days_after": _school_days(cube, rows, *after),
        }
    )


def _school_days(
    cube: Cube,
    rows: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    stop: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Count the days with school time of each row in its window."""
    out = np.zeros(len(rows), dtype=np.int64)
    for low, high in np.unique(np.stack([start, stop], axis=1), axis=0):
        same = (start == low) & (stop == high)
        out[same] = (cube.scheduled[rows[same], low:high] > 0).sum(axis=1)
    return out
