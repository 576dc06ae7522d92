"""Shares under every window and numerator, from a cube or from a panel, before the event only."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.register.cube import Cube
from absence_risk.register.definition import NUMERATORS
from absence_risk.register.enrolment import enrolled_rows
from absence_risk.register.windows import Window, windows_of
from absence_risk.result import FlowStep
from absence_risk.stats.alarm_frontier import consecutive as in_a_row
from absence_risk.thresholds.alarm_events import event_flags, refuse_early
from absence_risk.thresholds.alarm_panel import panel_alarms
from absence_risk.thresholds.alarm_sample import AlarmSample, LaterAbsence, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

__all__ = ["WINDOWS", "read_alarms"]

WINDOWS = ("month", "rolling 4 weeks", "rolling 12 weeks", "term")
"""Windows that are tried by default."""


def read_alarms(
    data: pd.DataFrame | Cube,
    event: LaterAbsence | pd.DataFrame | str,
    *,
    windows: Sequence[str] | None = None,
    numerators: Sequence[str] | None = None,
    consecutive: Sequence[int] = (1,),
    pupils: pd.DataFrame | None = None,
) -> AlarmSample:
    """Form the shares that may raise an alarm, and the event they should foresee.

    Parameters
    ----------
    data : pandas.DataFrame or Cube
        A panel (one row per pupil and period) or a cube. A panel has one window, its period; its
        minutes give the numerators, or ``absence_rate`` alone where it has no minutes.
    event : LaterAbsence, pandas.DataFrame or str
        Later absence; a frame with pupil_key, event (0 or 1) and, if known, date (cube) or period
        (panel) of the event; or, with a panel, the name of a column of 0 and 1 that is constant
        within pupils. Without a date the event counts as coming right after the data.
    windows, numerators : sequence of str or None
        Windows (default `WINDOWS`, those the calendar has) and numerators (default total, valid
        and invalid).
    consecutive : sequence of int
        Windows in a row that must reach the threshold; more than 1 applies to windows that do not
        overlap.
    pupils : pandas.DataFrame or None
        With a cube: enrolments (pupil_key, school_key, grade, …) to cluster and group by.

    Returns
    -------
    AlarmSample
        Pupils who were at school both before and after the event's beginning.

    Raises
    ------
    TypeError
        If the event is the name of a column and the data are a cube.
    ValueError
        If columns are missing, a share is no share, or a window does not fit.
    DesignError
        If nobody or everybody has the event, or nothing lies before it.
    """
    which = tuple(numerators or NUMERATORS)
    for numerator in which:
        check.choice(numerator, NUMERATORS, "numerators")
    rows_in_a_row = tuple(check.positive_int(k, "consecutive") for k in consecutive)
    if isinstance(data, Cube):
        return _from_cube(data, event, windows, which, rows_in_a_row, pupils)
    if windows is not None:
        raise ValueError("A panel has one window, its period; pass a cube to compare windows.")
    return panel_alarms(data, event, numerators, rows_in_a_row)


def _from_cube(  # noqa: PLR0917 (private, called in one line above)
    cube: Cube,
    event: LaterAbsence | pd.DataFrame | str,
    windows: Sequence[str] | None,
    numerators: tuple[str, ...],
    consecutive: tuple[int, ...],
    pupils: pd.DataFrame | None,
) -> AlarmSample:
    days = len(cube.calendar)
    occurred, day, words = _cube_event(cube, event)
    last = int(day.max(initial=0))
    before = cube.calendar.month[: max(last, 1)]
    label, start = np.unique(before, return_index=True)
    month_of_day = np.searchsorted(label, cube.calendar.month)
    scheduled = np.add.reduceat(cube.scheduled[:, : len(before)], start, axis=1, dtype=np.int64)
    first_days = start[None, :] < day[:, None]
    present = (scheduled > 0) & first_days
    keep = present.any(axis=1) & (occurred >= 0)
    flow = (
        FlowStep(step="pupils in the register", n=cube.n_pupils),
        FlowStep(step="followed before and after", n=int(keep.sum())),
    )
    week = np.append(cube.calendar.week, cube.calendar.n_weeks)
    rules = []
    for window in _possible(cube, windows, last):
        laid = windows_of(cube.calendar, window)
        ends = laid.stop
        usable = np.flatnonzero(ends <= last)
        month = month_of_day[ends[usable] - 1]
        lead = (week[np.minimum(day, days)][:, None] - week[ends[usable] - 1]).astype(float)[keep]
        known = (ends[usable] <= day[:, None])[keep]
        for numerator in numerators:
            shares = np.where(known, _rate(cube, window, numerator)[keep][:, usable], np.nan)
            for row in consecutive if not Window.parse(window).length else (1,):
                held = in_a_row(shares, row) if row > 1 else shares
                months = _by_month(held, month, present[keep])
                rules.append(
                    Rule(
                        window=window,
                        numerator=numerator,
                        consecutive=row,
                        share=held,
                        months=months,
                        lead=lead,
                    )
                )
    return AlarmSample(
        event=occurred[keep].astype(bool),
        rules=tuple(rules),
        about=_about(cube, pupils, last).iloc[np.flatnonzero(keep)].reset_index(drop=True),
        n_months=len(label),
        time_unit="school weeks",
        event_words=words,
        definition=dataclasses.replace(
            cube.definition, window=rules[0].window, numerator="total"
        ).describe()
        if len(rules) == 1
        else cube.definition.describe(),
        flow=flow,
    )


def _rate(cube: Cube, window: str, numerator: Any) -> Floats:
    if Window.parse(window).length:
        return cube.rolling(window).rate(numerator=numerator)
    rate = cube.totals(window).rate(numerator)
    if window == "month":
        short = windows_of(cube.calendar, window).n_days < cube.definition.least_days
        rate[:, short] = np.nan
    return rate


def _by_month(share: Floats, month: npt.NDArray[np.intp], present: npt.NDArray[np.bool_]) -> Floats:
    """Return the highest share of the windows that end in each month."""
    highest = np.where(present, -1.0, np.nan)
    filled = np.where(np.isnan(share), -1.0, share)
    for column, at in enumerate(month):
        highest[:, at] = np.maximum(highest[:, at], filled[:, column])
    return highest


def _possible(cube: Cube, windows: Sequence[str] | None, last: int) -> list[str]:
    """Return the windows of which at least one ends before the event."""
    found: list[str] = []
    refused: list[str] = []
    for window in windows or WINDOWS:
        try:
            fits = bool((windows_of(cube.calendar, window).stop <= last).any())
        except ValueError:
            Window.parse(window, "windows")
            fits = False
        (found if fits else refused).append(window)
    if not found or (windows is not None and refused):
        raise DesignError(
            f"No whole window {', '.join(map(repr, refused))} lies before the event, which begins "
            f"after {last} school days. Use shorter windows or a later event."
        )
    return found


def _cube_event(
    cube: Cube, event: LaterAbsence | pd.DataFrame | str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], str]:
    """Return the event (1, 0, −1 not known), its day index, and words."""
    days = len(cube.calendar)
    if isinstance(event, str):
        raise TypeError("With a cube, event must be a LaterAbsence or a frame, not a column name.")
    if isinstance(event, LaterAbsence):
        since = _since(cube, event.since)
        totals = cube.between(np.arange(cube.n_pupils), since, days)
        rate = totals.rate(event.numerator)[:, 0]  # type: ignore[arg-type]
        occurred = np.where(np.isnan(rate), -1, rate >= event.at).astype(np.int64)
        return occurred, np.full(cube.n_pupils, since, dtype=np.int64), event.words()
    check.columns(event.columns, ["pupil_key", "event"], "event")
    at = cube.index(event["pupil_key"].to_numpy())
    occurred = np.full(cube.n_pupils, -1, dtype=np.int64)
    occurred[at[at >= 0]] = event_flags(event["event"])[at >= 0]
    day = np.full(cube.n_pupils, days, dtype=np.int64)
    if "date" in event.columns:
        dated = (at >= 0) & event["date"].notna().to_numpy() & (event_flags(event["event"]) == 1)
        dates = event["date"].to_numpy()[dated].astype("datetime64[D]")
        day[at[dated]] = cube.calendar.day_index(dates)
        refuse_early(int((day == 0).sum()), f"after {cube.calendar.dates[0]}, the first school day")
    return occurred, day, "the event"


def _since(cube: Cube, since: str | int) -> int:
    terms = np.asarray(cube.calendar.terms)
    if str(since) in terms:
        first = int(np.argmax(terms == str(since)))
    else:
        try:
            first = int(cube.calendar.day_index([np.datetime64(str(since), "D")])[0])
        except ValueError:
            known = ", ".join(dict.fromkeys(terms.tolist()))
            raise ValueError(
                f"since must be a term ({known}) or a date such as 2026-01-08, got {since!r}."
            ) from None
    if not 0 < first < len(terms):
        raise DesignError(
            f"Nothing lies {'before' if first == 0 else 'after'} {since}, so no alarm can be "
            "judged by what came later. Name a later term, or a date inside the year."
        )
    return first


def _about(cube: Cube, pupils: pd.DataFrame | None, last: int) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 (importing a claim must stay quick)

    if pupils is None:
        return pd.DataFrame({"pupil_key": cube.pupil_key})
    check.columns(pupils.columns, ["pupil_key"], "pupils")
    missing = int((~np.isin(cube.pupil_key, pupils["pupil_key"].to_numpy())).sum())
    if missing:
        raise ValueError(f"pupils lacks {missing} of the {cube.n_pupils} pupils of the cube.")
    if "entry" in pupils.columns:
        date = cube.calendar.dates[max(last - 1, 0)]
        return pupils.iloc[enrolled_rows(pupils, cube.pupil_key, date)].reset_index(drop=True)
    once = pupils.drop_duplicates("pupil_key", keep="last").set_index("pupil_key", drop=False)
    return once.loc[cube.pupil_key].reset_index(drop=True)
