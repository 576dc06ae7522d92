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
    from absence_risk.register.definition import Numerator

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
    numerator: Numerator = "total",
) -> pd.DataFrame:
    """Follow untreated pupils who met the same alarm, by the same rule.

    The clock starts at the end of the first calendar month in which a pupil without any case
    reaches the alarm, plus the wait that cases had between detection and start.

    Parameters
    ----------
    cube : Cube
        Pupil × school-day minutes.
    cases : pandas.DataFrame
        All cases of the register (columns pupil_key, started; detected where known); their pupils
        are left out and their median wait is used.
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
    >>> bool(untreated["pupil_key"].isin(reg.cases["pupil_key"]).any())
    False
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
    treated = np.isin(cube.pupil_key.astype(np.int64), cases["pupil_key"].to_numpy(dtype=np.int64))
    flow = [("pupils without a case", int((~treated).sum()))]
    row, week = _alarms(cube, ~treated, alarm_at, found or 0)
    flow.append((f"with a month at or above {100 * alarm_at:g} % absence", len(row)))
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


def _alarms(cube: Cube, may: npt.NDArray[np.bool_], at: float, wait: int) -> tuple[Ints, Ints]:
    """Return cube rows that reach the alarm and the week in which their clock starts."""
    months = cube.totals("month")
    share = np.nan_to_num(months.rate("total"), nan=0.0)
    alarm = (share >= at) & may[:, None]
    row = np.flatnonzero(alarm.any(axis=1))
    label = months.labels[alarm[row].argmax(axis=1)]
    last_day = np.searchsorted(cube.calendar.month, label, side="right") - 1
    return row.astype(np.int64), cube.calendar.week[last_day] + wait
