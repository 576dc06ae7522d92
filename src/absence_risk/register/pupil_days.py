"""From register rows to minutes that count, and to one row per pupil and school day.

Written once with Narwhals, so that it runs on files through the embedded engine and on any frame
a user has. Inside an aggregation stand bare sums and minima only, and numbers are 64-bit before
and after it: engines differ in everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from absence_risk.register.engine import collect

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.definition import AbsenceDefinition

__all__ = ["counted_minutes", "pupil_days"]

_PRESENT, _VALID, _INVALID, _UNREPORTED = range(4)
_STATES = 4


def current_rows(
    rows: nw.LazyFrame[Any], columns: Collection[str], protected: Collection[int] = ()
) -> nw.LazyFrame[Any]:
    """Leave out superseded rows and rows of protected pupils.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Register rows.
    columns : collection of str
        Canonical columns they have.
    protected : collection of int
        Keys of pupils with protected identity.

    Returns
    -------
    narwhals.LazyFrame
        The other rows.
    """
    if "superseded_at" in columns:
        rows = rows.filter(nw.col("superseded_at").is_null())
    if protected:
        rows = rows.filter(~nw.col("pupil_key").is_in(list(protected)))
    return rows


def counted_minutes(columns: Collection[str], definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    """Return the minutes of a row that count under a definition.

    Parameters
    ----------
    columns : collection of str
        Canonical columns of the rows.
    definition : AbsenceDefinition
        The rule; its denominator and its late rule matter here.

    Returns
    -------
    dict of str to narwhals.Expr
        scheduled (offered minutes, or reported ones only), valid, invalid; 64-bit, never null.
        Late minutes that count as invalid never exceed what is left of the lesson.
    """
    offered = _int("scheduled_min")
    reported = nw.when(nw.col("is_reported")).then(offered).otherwise(0)
    valid, invalid = _int("valid_min"), _int("invalid_min")
    if definition.late_rule == "late_minutes" and "late_min" in columns:
        invalid = nw.min_horizontal(invalid + _int("late_min"), offered - valid)
    return {
        "scheduled": offered if definition.denominator == "offered" else reported,
        "reported": reported,
        "valid": valid,
        "invalid": invalid,
    }


def _int(name: str) -> nw.Expr:
    return nw.col(name).fill_null(0).cast(nw.Int64)


def pupil_days(
    rows: nw.LazyFrame[Any], columns: Collection[str], definition: AbsenceDefinition
) -> pd.DataFrame:
    """Sum rows to one per pupil and date, and apply the day rule.

    A lesson is missed if no minute of it was attended; a day record with any absence counts as a
    day with a missed lesson. A day under a day rule is a valid or an invalid absent day by the
    kind with more minutes among the lessons that make it absent, a tie being invalid; under
    ``start_of_day`` by the first lesson. Lessons that nobody reported are neither attended nor
    missed: with the denominator "offered" their day counts as a school day, with "reported" a day
    counts only if some lesson (for ``start_of_day``: the first) was reported.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Current register rows.
    columns : collection of str
        Canonical columns they have.
    definition : AbsenceDefinition
        The rule.

    Returns
    -------
    pandas.DataFrame
        pupil_key, date, scheduled, valid, invalid: minutes, or 0 and 1 where the rule counts days;
        ``valid + invalid <= scheduled``. No promise about the order of rows.
    """
    counted = counted_minutes(columns, definition)
    if definition.day_rule == "minutes_share":
        return _sum_days(rows.select("pupil_key", "date", **_pick(counted)))
    offered = rows.filter(nw.col("scheduled_min") > 0)
    named = offered.select("pupil_key", "date", "slot", **counted)
    if definition.day_rule == "full_day_only":
        return _full_days(named.drop("slot"))
    if definition.day_rule == "any_lesson":
        return _days_with_missed_lesson(named)
    return _days_by_first_lesson(named, definition)


def _pick(counted: dict[str, nw.Expr]) -> dict[str, nw.Expr]:
    return {name: counted[name] for name in ("scheduled", "valid", "invalid")}


def _sum_days(rows: nw.LazyFrame[Any], least: str | None = None) -> pd.DataFrame:
    """Sum all number columns by pupil and date; take the minimum of one of them instead."""
    names = [n for n in rows.collect_schema().names() if n not in ("pupil_key", "date")]
    sums = [nw.col(n).min() if n == least else nw.col(n).sum() for n in names]
    days = rows.group_by("pupil_key", "date").agg(*sums)
    casts = [nw.col(n).cast(nw.Int32) for n in names]
    return collect(days.select(nw.col("pupil_key").cast(nw.UInt32), "date", *casts))


def _days(
    days: pd.DataFrame,
    scheduled: npt.NDArray[np.bool_],
    valid: npt.NDArray[np.bool_],
    invalid: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    return days[["pupil_key", "date"]].assign(
        scheduled=scheduled.astype(np.int32),
        valid=(scheduled & valid).astype(np.int32),
        invalid=(scheduled & invalid).astype(np.int32),
    )


def _by_majority(
    days: pd.DataFrame, absent: npt.NDArray[np.bool_], valid: str, invalid: str
) -> pd.DataFrame:
    more_valid = days[valid].to_numpy() > days[invalid].to_numpy()
    scheduled = days["scheduled"].to_numpy() > 0
    return _days(days, scheduled, absent & more_valid, absent & ~more_valid)


def _full_days(rows: nw.LazyFrame[Any]) -> pd.DataFrame:
    days = _sum_days(rows)
    minutes = days["valid"].to_numpy() + days["invalid"].to_numpy()
    absent = (minutes > 0) & (minutes >= days["reported"].to_numpy())
    return _by_majority(days, absent, "valid", "invalid")


def _days_with_missed_lesson(rows: nw.LazyFrame[Any]) -> pd.DataFrame:
    minutes = nw.col("valid") + nw.col("invalid")
    whole = (minutes >= nw.col("reported")) | (nw.col("slot") == 0)
    missed = (minutes > 0) & whole
    days = _sum_days(
        rows.select(
            "pupil_key",
            "date",
            "scheduled",
            valid_missed=nw.when(missed).then(nw.col("valid")).otherwise(0),
            invalid_missed=nw.when(missed).then(nw.col("invalid")).otherwise(0),
        )
    )
    absent = days["valid_missed"].to_numpy() + days["invalid_missed"].to_numpy() > 0
    return _by_majority(days, absent, "valid_missed", "invalid_missed")


def _days_by_first_lesson(rows: nw.LazyFrame[Any], definition: AbsenceDefinition) -> pd.DataFrame:
    minutes = nw.col("valid") + nw.col("invalid")
    missed = (minutes > 0) & (minutes >= nw.col("reported"))
    kind = nw.when(nw.col("valid") > nw.col("invalid")).then(_VALID).otherwise(_INVALID)
    attended = nw.when(nw.col("reported") > 0).then(_PRESENT).otherwise(_UNREPORTED)
    state = nw.when(missed).then(kind).otherwise(attended)
    first = nw.col("slot").cast(nw.Int64) * _STATES + state.cast(nw.Int64)
    days = _sum_days(rows.select("pupil_key", "date", first=first), least="first")
    state_of_day = days["first"].to_numpy() % _STATES
    known = state_of_day != _UNREPORTED
    scheduled = known if definition.denominator == "reported" else np.ones_like(known)
    return _days(days, scheduled, state_of_day == _VALID, state_of_day == _INVALID)
