"""The benchmark: untreated pupils who met the same alarm, followed by the same rule."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.survival.episodes import FAR, Starts, describe_rule, episodes, median_wait
from absence_risk.survival.weeks import ReturnRule

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import Kind

    Ints = npt.NDArray[np.int64]

__all__ = ["benchmark_history"]


def benchmark_history(
    cube: Cube,
    cases: pd.DataFrame,
    *,
    pupils: pd.DataFrame | None = None,
    alarm_at: float = 0.20,
    wait_weeks: int | None = None,
    return_below: float = 0.10,
    return_weeks: int = 4,
    relapse_at: float = 0.20,
    severity_weeks: int = 8,
    numerator: Kind = "total",
) -> pd.DataFrame:
    """Follow untreated pupils who met the same alarm, by the same rule.

    The clock starts at the end of the first calendar month in which a pupil reaches the alarm, plus
    the wait that cases had between detection and start. Untreated are pupils without a case and
    pupils who were not yet detected for that month or before. The latter are followed on whatever
    comes later: to leave them out would look into the future, since who gets no case later is
    who recovered, and that makes a team look harmful.

    Parameters
    ----------
    cube : Cube
        Pupil × school-day minutes.
    cases : pandas.DataFrame
        All cases of the register (columns pupil_key, started; detected where known); their pupils
        are left out from the month they were detected for, and their median wait is used.
    pupils : pandas.DataFrame or None
        As in `case_history`.
    alarm_at : float
        Total absence share in a calendar month, in (0, 1).
    wait_weeks : int or None
        School weeks from the end of the month to the start; the cases' median by default, or 0
        where no case records its detection.
    return_below : float
        As in `case_history`.
    return_weeks : int
        As in `case_history`.
    relapse_at : float
        As in `case_history`.
    severity_weeks : int
        As in `case_history`.
    numerator : {"total", "valid", "invalid"}
        Which absence counts for return, relapse and severity; the alarm is on total absence.

    Returns
    -------
    pandas.DataFrame
        Columns as in `case_history`; case_key is missing, event is 0 or 1. One row per pupil.

    Raises
    ------
    ValueError
        If a column is missing or a value is out of range.

    Examples
    --------
    >>> import absence_risk as ar
    >>> reg = ar.synthetic.simulate("municipality", pupils=2_000, seed=1).register
    >>> untreated = benchmark_history(reg.cube(), reg.cases, pupils=reg.pupils)
    >>> bool(untreated["pupil_key"].is_unique)
    True
    """
    import pandas as pd  # noqa: PLC0415

    check.columns(cases.columns, ("pupil_key", "started"), "cases")
    check.probability(alarm_at, "alarm_at")
    rule = ReturnRule(
        below=return_below,
        weeks=return_weeks,
        relapse_at=relapse_at,
        severity_weeks=severity_weeks,
        numerator=numerator,
    )
    found = median_wait(cases, cube) if wait_weeks is None else int(wait_weeks)
    row, month = _alarms(cube, _alarmed_for(cube, cases), alarm_at)
    week = cube.calendar.week[cube.calendar.months.stop[month] - 1] + (found or 0)
    named = f"with a month at or above {100 * alarm_at:g} % absence, without a case by then"
    flow = [("pupils in the register", cube.n_pupils), (named, len(row))]
    inside = week < cube.calendar.n_weeks
    row, week = row[inside], week[inside]
    starts = Starts(row, week, np.full(len(row), FAR), np.zeros(len(row), dtype=np.int64))
    first_day = np.searchsorted(cube.calendar.week, week)
    dates = pd.Series(cube.calendar.dates[first_day].astype("datetime64[s]"))
    history = episodes(cube, starts, rule, case_key=None, dates=dates, pupils=pupils)
    flow.append(("with at least one school week of follow-up", len(history)))
    history.attrs.update(
        rule=dataclasses.asdict(rule),
        definition=describe_rule(rule, cube),
        flow=tuple(flow),
        wait_weeks=found,
        alarm_at=alarm_at,
    )
    return history


def _alarmed_for(cube: Cube, cases: pd.DataFrame) -> Ints:
    """Return the month for which each pupil was first detected, a late one if never or unknown.

    The month is the last one that had ended when the pupil was detected (or, where that is not
    known, when the work started); a case without either date counts from the beginning.
    """
    import pandas as pd  # noqa: PLC0415

    dates = pd.to_datetime(cases["started"])
    if "detected" in cases:
        dates = pd.concat([dates, pd.to_datetime(cases["detected"])], axis=1).min(axis=1)
    calendar = cube.calendar
    known = dates.notna().to_numpy()
    day = np.searchsorted(calendar.dates, dates.to_numpy(dtype="datetime64[D]"), side="right") - 1
    month = np.where(known, calendar.months.last_ended(day), -1)
    row = cube.index(cases["pupil_key"].to_numpy(dtype=np.int64))
    out = np.full(cube.n_pupils, len(calendar.months.label), dtype=np.int64)
    np.minimum.at(out, row[row >= 0], month[row >= 0])
    return out


def _alarms(cube: Cube, alarmed_for: Ints, at: float) -> tuple[Ints, Ints]:
    """Return cube rows with an alarm before any case, and the number of the alarm's month."""
    share = np.nan_to_num(cube.totals("month").rate("total"), nan=0.0)
    month = np.arange(share.shape[1])
    alarm = (share >= at) & (month < alarmed_for[:, None])
    row = np.flatnonzero(alarm.any(axis=1)).astype(np.int64)
    return row, alarm[row].argmax(axis=1).astype(np.int64)
