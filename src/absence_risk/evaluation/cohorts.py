"""Absence before and after a team's work, and of untreated pupils over the same windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.measure import MEASURES, case_days, measure
from absence_risk.register.enrolment import schools_on

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from absence_risk.evaluation.windows import Windows
    from absence_risk.register.cube import Cube

__all__ = [
    "DROPPED",
    "KEPT",
    "Untreated",
    "case_windows",
    "drop_lonely_cohorts",
    "registry_windows",
]

Untreated = Literal["not_yet", "no_case"]
DROPPED = (
    "later case of the same pupil",
    "not started by the team",
    "no full month before detection",
    "too few school days before the alarm month",
    "too few school days in the follow-up window",
    "too little absence in the alarm month",
    "too few untreated pupils with an alarm in the same month",
)
KEPT = dict(
    zip(
        DROPPED,
        (
            "first case of a pupil",
            "started by the team",
            "with a full month before detection",
            "with enough school days before the alarm month",
            "with enough school days in the follow-up window",
            "with enough absence in the alarm month to be compared",
            "with untreated pupils who had an alarm in the same month",
        ),
        strict=True,
    )
)
"""What the flow calls the cases that are left, for each reason to drop one."""
_FEWEST_IN_COHORT = 5
_NEVER = np.iinfo(np.int64).max
_NOBODY = (
    "None of the {n} cases can be followed: each lacks a start, a full month before detection, "
    "enough school days before or after, or enough absence in the alarm month. A longer register "
    "or shorter windows may help; the column 'dropped' of case_windows() tells which."
)


def case_windows(
    cube: Cube, cases: pd.DataFrame, pupils: pd.DataFrame, windows: Windows
) -> pd.DataFrame:
    """Measure each case before and after; unusable cases stay, with the reason.

    Parameters
    ----------
    cube : Cube
        Absence per pupil and school day; its definition says which absence counts.
    cases : pandas.DataFrame
        Columns case_key, pupil_key, started, and detected or referred.
    pupils : pandas.DataFrame
        Columns pupil_key, school_key; entry and exit where a pupil has several rows.
    windows : Windows
        The windows.

    Returns
    -------
    pandas.DataFrame
        One row per case, by pupil and start: case_key, pupil_key, school_key, cohort (alarm month,
        yyyymm, 0 if none), wait (school days from the end of the alarm month to the start, -1 if
        none), before, after, alarm_total, alarm_invalid (shares, NaN if none), dropped (empty, or
        one of `DROPPED`).

    Raises
    ------
    ValueError
        If a column is missing or a case_key stands twice.
    """
    frame, starts = case_days(cube, cases)
    rows = cube.index(frame["pupil_key"])
    bounds = cube.calendar.months
    month = bounds.last_ended(frame["detected_day"].to_numpy())
    known = (month >= 0) & (rows >= 0)
    first, stop = bounds.start[month], bounds.stop[month]  # month -1 is measured, then not used
    measured = measure(cube, rows, first, stop, starts + windows.follow_after, windows=windows)
    usable = {
        DROPPED[0]: ~frame.duplicated("pupil_key").to_numpy(),
        DROPPED[1]: starts < len(cube.calendar),
        DROPPED[2]: known,
        DROPPED[3]: measured["days_before"] >= windows.baseline_least,
        DROPPED[4]: measured["days_after"] >= windows.follow_least,
        DROPPED[5]: measured["alarm_total"] >= windows.floor,
    }
    dropped = np.full(len(frame), "", dtype=object)
    for reason, kept in usable.items():
        dropped[(dropped == "") & ~np.asarray(kept)] = reason
    out = frame[["case_key", "pupil_key"]].copy()
    out["school_key"] = schools_on(pupils, frame["pupil_key"], cube.calendar.dates[first])
    out["cohort"] = np.where(known, bounds.label[month], 0)
    out["wait"] = np.where(known & (starts < len(cube.calendar)), starts - stop, -1)
    for name in ("before", "after", "alarm_total", "alarm_invalid"):
        out[name] = np.where(known, measured[name], np.nan)
    return out.assign(dropped=dropped.astype(str))


def registry_windows(
    cube: Cube,
    cases: pd.DataFrame,
    pupils: pd.DataFrame,
    measured: pd.DataFrame,
    windows: Windows,
    *,
    grades: Collection[int] | None = None,
    untreated: Untreated = "not_yet",
) -> pd.DataFrame:
    """Measure untreated pupils over the windows of each cohort of cases.

    A cohort is an alarm month that some usable case has. Its untreated pupils had at least
    ``windows.floor`` of absence in the same month; their follow-up begins after the cohort's mean
    wait. A pupil may stand in several cohorts.

    Parameters
    ----------
    cube : Cube
        As in `case_windows`.
    cases : pandas.DataFrame
        As in `case_windows`.
    pupils : pandas.DataFrame
        As in `case_windows`, with the column grade.
    measured : pandas.DataFrame
        What `case_windows` returned.
    windows : Windows
        The windows.
    grades : collection of int or None
        Grades that a team takes; by default from the lowest to the highest grade with a case.
    untreated : {"not_yet", "no_case"}
        Pupils not detected for the cohort's alarm month or before, whatever comes later; or pupils
        without a case in the whole register. The second rule looks into the future: who gets no
        case later is who recovered, and that makes a team look harmful.

    Returns
    -------
    pandas.DataFrame
        One row per untreated pupil and cohort: pupil_key, school_key, cohort, before, after,
        alarm_total, alarm_invalid, later_case (a team's work started before the follow-up ended).

    Raises
    ------
    DesignError
        If no case can be followed.
    ValueError
        If a column is missing or ``untreated`` is not one of the two words.
    """
    check.choice(untreated, ["not_yet", "no_case"], "untreated")
    used = measured[measured["dropped"] == ""]
    if used.empty:
        raise DesignError(_NOBODY.format(n=len(measured)))
    alarmed_in, treated_from = _case_from(cube, cases)
    allowed = _in_grades(cube, cases, pupils, grades)
    months, last = cube.calendar.months, len(cube.calendar)
    parts = []
    for cohort in np.unique(used["cohort"]).tolist():
        wait = float(used.loc[used["cohort"] == cohort, "wait"].mean())
        month = int(np.flatnonzero(months.label == cohort)[0])
        follow = int(months.stop[month] + round(wait)) + windows.follow_after
        ends = min(follow + windows.follow_days, last)
        spared = alarmed_in == _NEVER if untreated == "no_case" else alarmed_in > month
        rows = np.flatnonzero(allowed & spared)
        first, stop = (np.full(rows.shape, b[month]) for b in (months.start, months.stop))
        part = measure(cube, rows, first, stop, np.full(rows.shape, follow), windows=windows)
        part.insert(0, "pupil_key", cube.pupil_key[rows].astype(np.int64))
        part.insert(
            1, "school_key", schools_on(pupils, part["pupil_key"], cube.calendar.dates[first])
        )
        part.insert(2, "cohort", cohort)
        part["later_case"] = treated_from[rows] < ends
        parts.append(part[_usable(part, windows)])
    found = pd.concat(parts, ignore_index=True)
    return found[["pupil_key", "school_key", "cohort", *MEASURES, "later_case"]]


def _usable(measured: pd.DataFrame, windows: Windows) -> pd.Series:
    return (
        (measured["days_before"] >= windows.baseline_least)
        & (measured["days_after"] >= windows.follow_least)
        & (measured["alarm_total"] >= windows.floor)
    )


def drop_lonely_cohorts(measured: pd.DataFrame, registry: pd.DataFrame) -> pd.DataFrame:
    """Mark the cases of months in which fewer than five untreated pupils had an alarm.

    Parameters
    ----------
    measured : pandas.DataFrame
        What `case_windows` returned.
    registry : pandas.DataFrame
        What `registry_windows` returned.

    Returns
    -------
    pandas.DataFrame
        A copy with the reason in ``dropped``.
    """
    count = measured["cohort"].map(registry["cohort"].value_counts()).fillna(0)
    lonely = (measured["dropped"] == "") & (count < _FEWEST_IN_COHORT)
    return measured.assign(dropped=measured["dropped"].mask(lonely, DROPPED[6]))


def _case_from(
    cube: Cube, cases: pd.DataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the alarm month of each pupil's first case and the day its treatment starts.

    A pupil detected in the first days of a month was detected for the month before: it is the
    alarm month that decides from when on a pupil is no longer comparable.
    """
    frame, started = case_days(cube, cases)
    rows = cube.index(frame["pupil_key"])
    known = rows >= 0
    alarmed = np.full(cube.n_pupils, _NEVER, dtype=np.int64)
    treated = np.full(cube.n_pupils, len(cube.calendar), dtype=np.int64)
    day = np.minimum(frame["detected_day"].to_numpy(dtype=np.int64), started)
    month = cube.calendar.months.last_ended(day)
    np.minimum.at(alarmed, rows[known], month[known])
    np.minimum.at(treated, rows[known], started[known])
    return alarmed, treated


def _in_grades(
    cube: Cube, cases: pd.DataFrame, pupils: pd.DataFrame, grades: Collection[int] | None
) -> npt.NDArray[np.bool_]:
    """Return which pupils are in a grade that a team takes."""
    check.columns(pupils.columns, ["pupil_key", "grade"], "pupils")
    grade = pupils["grade"].to_numpy(dtype=float, na_value=np.nan)
    if grades is None:
        taken = grade[pupils["pupil_key"].isin(cases["pupil_key"]).to_numpy()]
        inside = (grade >= np.nanmin(taken)) & (grade <= np.nanmax(taken))
    else:
        inside = np.isin(grade, list(grades))
    return np.isin(cube.pupil_key, pupils["pupil_key"].to_numpy(dtype=np.int64)[inside])
