"""Shares that may raise an alarm, from a panel of pupils and periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.register.definition import NUMERATORS
from absence_risk.result import FlowStep
from absence_risk.stats.alarm_frontier import consecutive as in_a_row
from absence_risk.thresholds.alarm_events import event_flags, refuse_early
from absence_risk.thresholds.alarm_sample import AlarmSample, LaterAbsence, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

__all__ = ["panel_alarms"]

_MINUTES = ("scheduled_min", "valid_min", "invalid_min")


def panel_alarms(
    panel: pd.DataFrame,
    event: LaterAbsence | pd.DataFrame | str,
    numerators: Sequence[str] | None,
    consecutive: tuple[int, ...],
) -> AlarmSample:
    """Form the shares of a panel that may raise an alarm.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per pupil and period.
    event : LaterAbsence, pandas.DataFrame or str
        What an alarm should foresee.
    numerators : sequence of str or None
        Kinds of absence.
    consecutive : tuple of int
        Periods in a row.

    Returns
    -------
    AlarmSample
        Pupils with periods before the event.

    Raises
    ------
    ValueError
        If columns are missing, a share is no share, or the event does not fit.
    DesignError
        If nobody or everybody has the event, or nothing lies before it.
    """
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
        flags = event_flags(panel[event])
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
    flags = event_flags(event["event"])
    occurred, when = np.full(n, -1, dtype=np.int64), np.full(n, end, dtype=np.int64)
    occurred[at[at >= 0]] = flags[at >= 0]
    if "period" in event.columns:
        dated = (at >= 0) & event["period"].notna().to_numpy() & (flags == 1)
        place = labels.get_indexer(pd.Index(event["period"][dated]))
        if (place < 0).any():
            raise ValueError("event has periods that the panel does not have.")
        when[at[dated]] = place
        refuse_early(int((place == 0).sum()), f"after {labels[0]}, the first period")
    return occurred, when, "the event"
