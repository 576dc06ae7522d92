"""From register rows to one row per pupil and school day, for several definitions in one pass.

Rows are summed once into the parts that all definitions need; the day rules are then arithmetic
on whole columns. Inside an aggregation stand bare sums and minima only, and numbers are 64-bit
before and after it: engines differ in everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from absence_risk.register.counted import INVALID, STATES, UNREPORTED, VALID, counted
from absence_risk.register.engine import collect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.counted import Counted
    from absence_risk.register.definition import AbsenceDefinition

    Counts = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]

__all__ = ["day_counts", "pupil_days"]

_NO_LESSON = 1 << 20
_FIRST, _BITS = "first", "bits_"


def pupil_days(
    rows: nw.LazyFrame[Any], columns: Collection[str], definitions: Sequence[AbsenceDefinition]
) -> pd.DataFrame:
    """Sum rows to one per pupil and date, with all parts that the definitions need.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Current register rows.
    columns : collection of str
        Canonical columns they have.
    definitions : sequence of AbsenceDefinition
        The rules.

    Returns
    -------
    pandas.DataFrame
        pupil_key, date and the parts, for `day_counts`. No promise about the order of rows.

    Raises
    ------
    DesignError
        If a definition needs a column that is not there.
    """
    needed: dict[str, nw.Expr] = {}
    for definition in definitions:
        needed |= _PARTS[definition.day_rule](counted(columns, definition), definition)
    named = rows.select("pupil_key", "date", **needed)
    sums = [nw.col(n).min() if n.startswith(_FIRST) else nw.col(n).sum() for n in needed]
    days = named.group_by("pupil_key", "date").agg(*sums)
    kinds = {n: nw.Int64 if n.startswith(_BITS) else nw.Int32 for n in needed}
    casts = [nw.col(n).cast(kind) for n, kind in kinds.items()]
    return collect(days.select(nw.col("pupil_key").cast(nw.UInt32), "date", *casts))


def day_counts(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    """Apply a definition's day rule to the parts of pupil-days.

    A lesson is missed if no minute of it was attended; a day record with any absence counts as a
    day with a missed lesson. A day under a day rule is a valid or an invalid absent day by the
    kind with more minutes among the lessons that make it absent, a tie being invalid; under
    ``start_of_day`` and for half-days by the first lesson. The half-days of a day of n lessons are
    its first n / 2, rounded up, and the others; of a day record they are two, one of them absent
    from half of the minutes on. Lessons that nobody reported are neither attended nor missed: with
    the denominator "offered" their day counts as a school day, with "reported" a day counts only
    if some lesson (for ``start_of_day`` and half-days: the first) was reported.

    Parameters
    ----------
    days : pandas.DataFrame
        From `pupil_days`, with this definition among its definitions.
    definition : AbsenceDefinition
        The rule.

    Returns
    -------
    tuple of numpy.ndarray
        scheduled, valid, invalid by pupil-day, in the unit of the definition;
        ``valid + invalid <= scheduled``.
    """
    return _RULES[definition.day_rule](days, definition)


def _tails(definition: AbsenceDefinition) -> tuple[str, str]:
    """Return what is added to the names of parts that depend on the late rule and on reasons."""
    limit = definition.late_limit_min
    late = {"present": "", "late_minutes": "_late"}.get(definition.late_rule, f"_after{limit}")
    reasons = definition.reasons
    return late, late if reasons is None else f"{late}_for" + "_".join(map(str, reasons))


def _time(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    """Return the minutes that make a day a school day."""
    if definition.denominator == "reported":
        return {"reported": row.reported}
    return {"offered": row.offered}


def _minute_parts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    _, chosen = _tails(definition)
    absent = {f"valid{chosen}": row.chosen_valid, f"invalid{chosen}": row.chosen_invalid}
    return {**_time(row, definition), **absent}


def _lesson_parts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    _, chosen = _tails(definition)
    names = lesson_counts(row, definition)
    return {
        f"lessons_{definition.denominator}": names["scheduled"],
        f"lessons_valid{chosen}": names["valid"],
        f"lessons_invalid{chosen}": names["invalid"],
    }


def lesson_counts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    """Return what a row counts in lessons.

    Parameters
    ----------
    row : Counted
        What it counts in minutes.
    definition : AbsenceDefinition
        The rule.

    Returns
    -------
    dict of str to narwhals.Expr
        scheduled, valid, invalid: 0 or 1.
    """
    (time,) = _time(row, definition).values()
    state = row.state()
    conditions = {"scheduled": time > 0, "valid": state == VALID, "invalid": state == INVALID}
    return {
        name: nw.when(condition).then(1).otherwise(0).cast(nw.Int64)
        for name, condition in conditions.items()
    }


def _full_day_parts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    late, _ = _tails(definition)
    absent = {f"valid{late}": row.valid, f"invalid{late}": row.invalid}
    return {"reported": row.reported, **absent, **_minute_parts(row, definition)}


def _missed_parts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    late, chosen = _tails(definition)
    missed = row.missed(day_records=True)
    minutes = {
        f"missed_valid{late}": row.valid,
        f"missed_invalid{late}": row.invalid,
        f"missed_valid{chosen}": row.chosen_valid,
        f"missed_invalid{chosen}": row.chosen_invalid,
    }
    sums = {name: nw.when(missed).then(value).otherwise(0) for name, value in minutes.items()}
    return {**_time(row, definition), **sums}


def _first_parts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    _, chosen = _tails(definition)
    place = nw.col("slot").cast(nw.Int64) * STATES + row.state()
    return {f"{_FIRST}{chosen}": nw.when(row.offered > 0).then(place).otherwise(_NO_LESSON)}


def _half_day_parts(row: Counted, definition: AbsenceDefinition) -> dict[str, nw.Expr]:
    """Return one bit per lesson and state, so that the lessons of a day stay apart in one sum."""
    _, chosen = _tails(definition)
    bit = (nw.lit(2.0) ** nw.col("slot").cast(nw.Float64)).cast(nw.Int64)
    state = row.state()
    flags = {
        f"{_BITS}offered": row.offered > 0,
        f"{_BITS}reported": row.reported > 0,
        f"{_BITS}valid{chosen}": state == VALID,
        f"{_BITS}invalid{chosen}": state == INVALID,
    }
    bits = {name: nw.when(flag).then(bit).otherwise(0) for name, flag in flags.items()}
    return {**bits, **_full_day_parts(row, definition)}


_PARTS: Mapping[str, Callable[[Counted, AbsenceDefinition], dict[str, nw.Expr]]] = {
    "minutes_share": _minute_parts,
    "lessons_share": _lesson_parts,
    "half_days": _half_day_parts,
    "full_day_only": _full_day_parts,
    "any_lesson": _missed_parts,
    "start_of_day": _first_parts,
}


def _numbers(days: pd.DataFrame, *names: str) -> list[npt.NDArray[Any]]:
    return [days[name].to_numpy() for name in names]


def _minutes(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    _, chosen = _tails(definition)
    time = "reported" if definition.denominator == "reported" else "offered"
    scheduled, valid, invalid = _numbers(days, time, f"valid{chosen}", f"invalid{chosen}")
    return scheduled, valid, invalid


def _lessons(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    _, chosen = _tails(definition)
    names = (definition.denominator, f"valid{chosen}", f"invalid{chosen}")
    scheduled, valid, invalid = _numbers(days, *(f"lessons_{name}" for name in names))
    return scheduled, valid, invalid


def _by_majority(
    days: pd.DataFrame,
    definition: AbsenceDefinition,
    absent: npt.NDArray[np.bool_],
    prefix: str = "",
) -> Counts:
    """Give absent days the kind with more minutes, if at least half have a reason that counts."""
    late, chosen = _tails(definition)
    minutes = sum(_numbers(days, f"{prefix}valid{late}", f"{prefix}invalid{late}"))
    valid, invalid = _numbers(days, f"{prefix}valid{chosen}", f"{prefix}invalid{chosen}")
    scheduled = _minutes_of(days, definition) > 0
    counts = scheduled & absent & (2 * (valid + invalid) >= minutes)
    return scheduled, counts & (valid > invalid), counts & (valid <= invalid)


def _minutes_of(days: pd.DataFrame, definition: AbsenceDefinition) -> npt.NDArray[Any]:
    return days["reported" if definition.denominator == "reported" else "offered"].to_numpy()


def _full_days(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    late, _ = _tails(definition)
    reported, valid, invalid = _numbers(days, "reported", f"valid{late}", f"invalid{late}")
    minutes = valid + invalid
    return _by_majority(days, definition, (minutes > 0) & (minutes >= reported))


def _days_with_missed_lesson(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    late, _ = _tails(definition)
    valid, invalid = _numbers(days, f"missed_valid{late}", f"missed_invalid{late}")
    return _by_majority(days, definition, valid + invalid > 0, "missed_")


def _days_by_first_lesson(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    _, chosen = _tails(definition)
    first = days[f"{_FIRST}{chosen}"].to_numpy()
    state = first % STATES
    scheduled = first != _NO_LESSON
    if definition.denominator == "reported":
        scheduled &= state != UNREPORTED
    return scheduled, scheduled & (state == VALID), scheduled & (state == INVALID)


def _half_days(days: pd.DataFrame, definition: AbsenceDefinition) -> Counts:
    _, chosen = _tails(definition)
    names = ("offered", "reported", f"valid{chosen}", f"invalid{chosen}")
    offered, reported, valid, invalid = _numbers(days, *(f"{_BITS}{name}" for name in names))
    time = reported if definition.denominator == "reported" else offered
    rest = offered.copy()
    lessons = np.bitwise_count(offered)
    for k in range(int(lessons.max(initial=0) + 1) // 2):
        rest = np.where(lessons > 2 * k, rest & (rest - 1), rest)
    morning, afternoon = offered & -offered, rest & -rest
    counts = [
        ((bits & morning) != 0).astype(np.int32) + ((bits & afternoon) != 0)
        for bits in (time, valid, invalid)
    ]
    return _with_day_records(days, definition, offered == 1, counts)


def _with_day_records(
    days: pd.DataFrame,
    definition: AbsenceDefinition,
    record: npt.NDArray[np.bool_],
    counts: list[npt.NDArray[np.int32]],
) -> Counts:
    """Give day records, which hold no lessons, two half-days."""
    late, _ = _tails(definition)
    reported, valid, invalid = _numbers(days, "reported", f"valid{late}", f"invalid{late}")
    minutes = valid + invalid
    absent = (2 * minutes // np.maximum(reported, 1)).clip(0, 2)
    by_kind = _by_majority(days, definition, minutes > 0)
    halves = (by_kind[0] * 2, by_kind[1] * absent, by_kind[2] * absent)
    scheduled, valid, invalid = (
        np.where(record, half, count) for half, count in zip(halves, counts, strict=True)
    )
    return scheduled, valid, invalid


_RULES: Mapping[str, Callable[[pd.DataFrame, AbsenceDefinition], Counts]] = {
    "minutes_share": _minutes,
    "lessons_share": _lessons,
    "half_days": _half_days,
    "full_day_only": _full_days,
    "any_lesson": _days_with_missed_lesson,
    "start_of_day": _days_by_first_lesson,
}
