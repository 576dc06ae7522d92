"""Which version of a row counts: the latest, or the one that was known at a moment.

A correction writes a new row and dates the earlier one with ``superseded_at``. Figures as of a date
therefore use what was known then; the latest state knows what nobody could know at the time and
flatters every early warning.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

__all__ = [
    "Moment",
    "cases_then",
    "current_rows",
    "moment_of",
    "outcomes_then",
    "refuse_without_times",
]

Moment = dt.datetime

_STEPS = ("detected", "referred", "accepted", "started", "closed", "booster_date")
_ENDS = ("closure_reason", "stage_end")

_NO_TIMES = (
    "The register {what}, so nobody can tell what was known on a date. Export when each row was "
    "recorded (and when a later version replaced it, as superseded_at), or use the latest state."
)


def moment_of(date: dt.date | str) -> Moment:
    """Return the moment of an as-of view.

    Parameters
    ----------
    date : datetime.date, datetime.datetime or str
        A date (also as YYYY-MM-DD) means its end; a time means that moment.

    Returns
    -------
    datetime.datetime
        The last moment that belongs to it, without a time zone.

    Raises
    ------
    ValueError
        If the text is no date.

    Examples
    --------
    >>> moment_of("2025-10-01")
    datetime.datetime(2025, 10, 1, 23, 59, 59, 999999)
    """
    if isinstance(date, str):
        try:
            date = dt.date.fromisoformat(date)
        except ValueError:
            raise ValueError(f"date must be written YYYY-MM-DD, got {date!r}.") from None
    if isinstance(date, dt.datetime):
        return date
    return dt.datetime.combine(date, dt.time.max)


def current_rows(
    rows: nw.LazyFrame[Any],
    columns: Collection[str],
    protected: Collection[int] = (),
    moment: Moment | None = None,
) -> nw.LazyFrame[Any]:
    """Leave out rows of protected pupils, and other versions than the one that counts.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Register rows.
    columns : collection of str
        Canonical columns they have.
    protected : collection of int
        Keys of pupils with protected identity.
    moment : datetime.datetime or None
        None for the latest state. Otherwise rows with ``recorded_at <= moment < superseded_at``,
        a missing ``superseded_at`` being never; rows without ``recorded_at`` were known on their
        own date. Lessons after the moment are left out, also if absence was granted before.

    Returns
    -------
    narwhals.LazyFrame
        The other rows.
    """
    if moment is None:
        if "superseded_at" in columns:
            rows = rows.filter(nw.col("superseded_at").is_null())
    else:
        rows = rows.filter(_known(columns, moment))
    if protected:
        rows = rows.filter(~nw.col("pupil_key").is_in(list(protected)))
    return rows


def cases_then(cases: pd.DataFrame, moment: Moment) -> pd.DataFrame:
    """Return the cases as they stood at a moment.

    Parameters
    ----------
    cases : pandas.DataFrame
        Cases; canonical columns.
    moment : datetime.datetime
        The moment.

    Returns
    -------
    pandas.DataFrame
        Cases begun by then; later dates are missing, and so is how a case ended that was open.
        Consent has no date and stays as it is.

    Examples
    --------
    >>> import pandas as pd
    >>> dates = pd.to_datetime(["2025-09-01", "2025-12-01"])
    >>> case = pd.DataFrame({"started": dates[:1], "closed": dates[1:]})
    >>> cases_then(case, moment_of("2025-10-01")).iloc[0].isna().tolist()
    [False, True]
    """
    names = [name for name in _STEPS if name in cases]
    begun = ~(cases[names].min(axis=1) > moment)
    then = cases[begun].copy()
    is_open = ~(then["closed"] <= moment)
    for name in names:
        then[name] = then[name].mask(then[name] > moment)
    for name in _ENDS:
        if name in then:
            then[name] = then[name].mask(is_open)
    return then


def outcomes_then(outcomes: pd.DataFrame, moment: Moment) -> pd.DataFrame:
    """Return the outcomes that were there at a moment.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        Outcomes; canonical columns.
    moment : datetime.datetime
        The moment.

    Returns
    -------
    pandas.DataFrame
        Those dated by then, and those without a date.
    """
    return outcomes[~(outcomes["date"] > moment)]


def _known(columns: Collection[str], moment: Moment) -> nw.Expr:
    recorded = nw.col("recorded_at")
    known = recorded.is_null() | (recorded <= moment)
    if "superseded_at" in columns:
        replaced = nw.col("superseded_at")
        known &= replaced.is_null() | (replaced > moment)
    return known & (nw.col("date").cast(nw.Date) <= moment.date())


def refuse_without_times(rows: nw.LazyFrame[Any], columns: Collection[str]) -> None:
    """Raise where rows do not say when they were recorded.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Register rows.
    columns : collection of str
        Canonical columns they have.

    Raises
    ------
    DesignError
        If there is no column recorded_at, or nothing in it.
    """
    if "recorded_at" not in columns:
        raise DesignError(_NO_TIMES.format(what="has no column recorded_at"))
    first = rows.select("recorded_at").filter(~nw.col("recorded_at").is_null()).head(1)
    if first.collect("pandas").is_empty():
        raise DesignError(_NO_TIMES.format(what="has nothing in the column recorded_at"))
