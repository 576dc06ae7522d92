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
from absence_risk.thresholds.alarm_sample import AlarmSample, LaterAbsence, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

__all__ = ["WINDOWS", "read_alarms"]

WINDOWS = ("month", "rolling 4 weeks", "rolling 12 weeks", "term")
"""Windows that are tried by default."""

_MINUTES = ("scheduled_min", "valid_min", "invalid_min")


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
    return _from_panel(data, event, numerators, rows_in_a_row)


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
    occurred[at[at >= 0]] = _flags(event["event"])[at >= 0]
    day = np.full(cube.n_pupils, days, dtype=np.int64)
    if "date" in event.columns:
        dated = (at >= 0) & event["date"].notna().to_numpy() & (_flags(event["event"]) == 1)
        dates = event["date"].to_numpy()[dated].astype("datetime64[D]")
        day[at[dated]] = cube.calendar.day_index(dates)
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


def _flags(column: pd.Series[Any]) -> npt.NDArray[np.int64]:
    values = column.to_numpy()
    if not np.isin(values, [0, 1]).all():
        raise ValueError("The event must be 0 or 1 (or False, True) and not missing.")
    return values.astype(np.int64)


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


def _from_panel(
    panel: pd.DataFrame,
    event: LaterAbsence | pd.DataFrame | str,
    numerators: Sequence[str] | None,
    consecutive: tuple[int, ...],
) -> AlarmSample:
    import pandas as pd  # noqa: PLC0415 (importing a claim must stay quick)

    check.columns(panel.columns, ["pupil_key", "period"], "panel")
    amounts = _panel_shares(panel, numerators)
    pupil, keys = pd.factorize(panel["pupil_key"], sort=True)
    labels = _ordered(panel)
    period = labels.get_indexer(pd.Index(panel["period"]))
    shape = (len(keys), len(labels))
    first_later = len(labels)
    if isinstance(event, LaterAbsence):
        first_later = _later_period(labels, event)
    occurred, at, words = _panel_event(panel, event, keys, pupil, period, labels)
    early = np.arange(first_later)
    known = np.zeros(shape, dtype=bool)
    known[pupil, period] = True
    known = known[:, early] & (early < at[:, None])
    keep = known.any(axis=1) & (occurred >= 0)
    rules = []
    for numerator, share in amounts.items():
        wide = np.full(shape, np.nan)
        wide[pupil, period] = share
        wide = np.where(known, wide[:, early], np.nan)[keep]
        for row in consecutive:
            held = in_a_row(wide, row) if row > 1 else wide
            months = np.where(known[keep], np.where(np.isnan(held), -1.0, held), np.nan)
            rules.append(
                Rule(
                    window="period",
                    numerator=numerator,
                    consecutive=row,
                    share=held,
                    months=months,
                    lead=(at[keep, None] - early).astype(np.float64),
                )
            )
    last_row = panel.assign(_p=pupil).drop_duplicates("_p", keep="last").sort_values("_p")
    about = last_row.drop(columns="_p").iloc[np.flatnonzero(keep)].reset_index(drop=True)
    return AlarmSample(
        event=occurred[keep].astype(bool),
        rules=tuple(rules),
        about=about,
        n_months=int(known.any(axis=0).sum()),
        time_unit="periods",
        event_words=words,
        definition="absence shares of the panel, per period",
        flow=(
            FlowStep(step="pupils in the panel", n=len(keys)),
            FlowStep(step="followed before and after", n=int(keep.sum())),
        ),
    )


def _ordered(panel: pd.DataFrame) -> pd.Index[Any]:
    """Return period labels in the order of time: numbers by size, names as they first come."""
    import pandas as pd  # noqa: PLC0415 (importing a claim must stay quick)

    labels: pd.Index[Any] = pd.Index(panel["period"].unique())
    if pd.api.types.is_numeric_dtype(labels.dtype):
        labels = pd.Index(np.sort(labels.to_numpy()))
    return labels


def _panel_shares(panel: pd.DataFrame, numerators: Sequence[str] | None) -> dict[str, Floats]:
    if not set(_MINUTES) <= set(panel.columns):
        check.columns(panel.columns, ["absence_rate"], "panel")
        rate = panel["absence_rate"].to_numpy(dtype=np.float64)
        for value in (np.nanmax(rate, initial=0.0), np.nanmin(rate, initial=0.0)):
            check.proportion(float(value), "absence_rate")
        only = tuple(numerators or ("total",))
        if only != ("total",):
            raise ValueError(
                f"A panel without {', '.join(_MINUTES)} has total absence only, got numerators "
                f"{', '.join(only)}."
            )
        return {"total": rate}
    scheduled, valid, invalid = (panel[name].to_numpy(dtype=np.float64) for name in _MINUTES)
    counts = {"total": valid + invalid, "valid": valid, "invalid": invalid}
    shares = {}
    for numerator in numerators or NUMERATORS:
        share = np.full(len(panel), np.nan)
        np.divide(counts[numerator], scheduled, out=share, where=scheduled > 0)
        for value in (np.nanmax(share, initial=0.0), np.nanmin(share, initial=0.0)):
            check.proportion(float(value), f"the {numerator} absence share")
        shares[numerator] = share
    return shares


def _later_period(labels: pd.Index[Any], event: LaterAbsence) -> int:
    found = int(labels.get_indexer(labels.__class__([event.since]))[0])
    if found <= 0:
        place = "is the first period" if found == 0 else "is not a period"
        raise DesignError(
            f"since {event.since!r} {place} of the panel ({labels[0]} … {labels[-1]}), so no alarm "
            "lies before it. Name a later period."
        )
    return found


def _panel_event(  # noqa: PLR0917 (private, called in one line above)
    panel: pd.DataFrame,
    event: LaterAbsence | pd.DataFrame | str,
    keys: Any,
    pupil: npt.NDArray[np.intp],
    period: npt.NDArray[np.intp],
    labels: pd.Index[Any],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], str]:
    import pandas as pd  # noqa: PLC0415 (importing a claim must stay quick)

    n, end = len(keys), len(labels)
    if isinstance(event, LaterAbsence):
        since = _later_period(labels, event)
        check.columns(panel.columns, _MINUTES, "panel")
        top = ["valid_min", "invalid_min"]
        absent = panel[top if event.numerator == "total" else [f"{event.numerator}_min"]]
        later = period >= since
        minutes = absent.sum(axis=1).to_numpy(dtype=np.float64) * later
        offered = panel["scheduled_min"].to_numpy(dtype=np.float64) * later
        total, time = (np.bincount(pupil, part, minlength=n) for part in (minutes, offered))
        rate = np.full(n, np.nan)
        np.divide(total, time, out=rate, where=time > 0)
        occurred = np.where(np.isnan(rate), -1, rate >= event.at).astype(np.int64)
        return occurred, np.full(n, since, dtype=np.int64), event.words()
    if isinstance(event, str):
        check.columns(panel.columns, [event], "panel")
        flags = _flags(panel[event])
        low, high = np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        np.minimum.at(low, pupil, flags)
        np.maximum.at(high, pupil, flags)
        if (low != high).any():
            raise ValueError(
                f"event {event!r} must be the same in all rows of a pupil; it changes for "
                f"{int((low != high).sum())} pupils."
            )
        return high, np.full(n, end, dtype=np.int64), event.replace("_", " ")
    check.columns(event.columns, ["pupil_key", "event"], "event")
    at = pd.Index(keys).get_indexer(pd.Index(event["pupil_key"]))
    flags = _flags(event["event"])
    occurred, when = np.full(n, -1, dtype=np.int64), np.full(n, end, dtype=np.int64)
    occurred[at[at >= 0]] = flags[at >= 0]
    if "period" in event.columns:
        dated = (at >= 0) & event["period"].notna().to_numpy() & (flags == 1)
        place = labels.get_indexer(pd.Index(event["period"][dated]))
        if (place < 0).any():
            raise ValueError("event has periods that the panel does not have.")
        when[at[dated]] = place
    return occurred, when, "the event"
