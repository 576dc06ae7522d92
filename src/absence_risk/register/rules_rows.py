"""Rules that one row of the register breaks by itself, as conditions that the engine counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.errors import Problem
from absence_risk.register.fields import KIND_WORDS, Field
from absence_risk.register.reasons import NOT_ABSENCE, REASONS
from absence_risk.register.row_files import quoted
from absence_risk.register.schema import table

if TYPE_CHECKING:
    from collections.abc import Collection

    from absence_risk.register.checked_rows import CheckedRows

__all__ = ["RowRule", "row_problems", "row_rules"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A rule broken by a row alone.

    Parameters
    ----------
    code : str
        Code of the catalogue.
    column : str
        Column that the message names.
    needs : tuple of str
        Columns that the condition uses.
    broken : str
        SQL condition under which a row breaks the rule; unknown counts as kept.
    message, fix : str
        What is wrong and what to do.
    """

    code: str
    column: str
    needs: tuple[str, ...]
    broken: str
    message: str
    fix: str


_MINUTES = ("scheduled_min", "valid_min", "invalid_min", "present_min", "other_min", "late_min")
_ABSENT = "(CAST(valid_min AS INTEGER) + invalid_min)"


def _mask(low: int) -> int:
    """Return the known codes from ``low`` to ``low + 62`` as bits, far faster than a list."""
    return sum(1 << (code - low) for code in REASONS if low <= code < low + 63)


_UNKNOWN_REASON = (
    f"(CASE WHEN reason_code < 63 THEN {_mask(0)}::BIGINT >> reason_code::BIGINT "
    f"WHEN reason_code < 126 THEN {_mask(63)}::BIGINT >> (reason_code - 63)::BIGINT "
    "WHEN reason_code IS NOT NULL THEN 0 END) & 1 = 0"
)

_COMBINED = (
    RowRule(
        code="E202",
        column="valid_min",
        needs=("scheduled_min", "valid_min", "invalid_min"),
        broken=f"{_ABSENT} > scheduled_min",
        message="Valid and invalid minutes together exceed the scheduled minutes.",
        fix="Count each absent minute once, as valid or as invalid.",
    ),
    RowRule(
        code="E202",
        column="late_min",
        needs=("scheduled_min", "late_min"),
        broken="late_min > scheduled_min",
        message="Late minutes exceed the scheduled minutes.",
        fix="Record a pupil who never came as absent, not as late.",
    ),
    RowRule(
        code="E204",
        column="reason_code",
        needs=("reason_code",),
        broken=_UNKNOWN_REASON,
        message="The reason code is unknown.",
        fix=f"Map reasons to the codes {', '.join(map(str, REASONS))}.",
    ),
    RowRule(
        code="E208",
        column="present_min",
        needs=("scheduled_min", "valid_min", "invalid_min", "present_min", "is_reported"),
        broken=f"is_reported AND {_ABSENT} + present_min + other_or_0 <> scheduled_min",
        message="Present, valid, invalid and other minutes do not add up to the scheduled ones.",
        fix="Correct the parts, or leave present_min out.",
    ),
    RowRule(
        code="E209",
        column="reason_code",
        needs=("reason_code", "valid_min", "invalid_min"),
        broken=f"reason_code IN ({', '.join(map(str, NOT_ABSENCE))}) AND {_ABSENT} > 0",
        message="School activity and work placement are no absence, but absence minutes are given.",
        fix="Record the minutes as other_min.",
    ),
    RowRule(
        code="E210",
        column="is_reported",
        needs=("is_reported", "valid_min", "invalid_min"),
        broken="NOT is_reported AND (valid_min IS NOT NULL OR invalid_min IS NOT NULL)",
        message="Absence minutes are given although nothing was reported.",
        fix="Leave valid_min and invalid_min empty where is_reported is false; 0 means present.",
    ),
    RowRule(
        code="E211",
        column="is_reported",
        needs=("is_reported", "valid_min", "invalid_min"),
        broken='is_reported AND ((valid_min IS NULL AND NOT "bad valid_min") '
        'OR (invalid_min IS NULL AND NOT "bad invalid_min"))',
        message="The row is reported, but absence minutes are empty.",
        fix="Write 0 where a reported pupil was present, or set is_reported to false.",
    ),
)


def row_rules(columns: Collection[str]) -> tuple[RowRule, ...]:
    """Return the rules that can be checked with given columns.

    Parameters
    ----------
    columns : collection of str
        Canonical columns of the rows.

    Returns
    -------
    tuple of RowRule
        Rules on single columns first.
    """
    fields = [field for field in table("registers").fields if field.name in columns]
    single = [rule for field in fields for rule in _column_rules(field)]
    other = "coalesce(other_min, 0)" if "other_min" in columns else "0"
    combined = [
        RowRule(
            code=rule.code,
            column=rule.column,
            needs=rule.needs,
            broken=rule.broken.replace("other_or_0", other),
            message=rule.message,
            fix=rule.fix,
        )
        for rule in _COMBINED
        if set(rule.needs) <= set(columns)
    ]
    return (*single, *combined)


def _column_rules(field: Field) -> list[RowRule]:
    name, bad = quoted(field.name), quoted("bad " + field.name)
    is_date = field.kind == "date"

    def rule(code: str, broken: str, message: str, fix: str) -> RowRule:
        return RowRule(
            code=code,
            column=field.name,
            needs=(field.name,),
            broken=broken,
            message=message,
            fix=fix,
        )

    rules = []
    if field.kind != "text":
        message = f"Values must be {KIND_WORDS[field.kind]}."
        fix = "Write dates as YYYY-MM-DD." if is_date else "Correct the export."
        rules.append(rule("E110" if is_date else "E103", bad, message, fix))
    if not field.nullable:
        broken = f"{name} IS NULL AND NOT {bad}"
        rules.append(rule("E104", broken, "The value is missing.", "Fill it in."))
    if field.words:
        words = ", ".join(field.words)
        listed = ", ".join(f"'{word}'" for word in field.words)
        broken = f"{name} NOT IN ({listed})"
        rules.append(rule("E113", broken, f"The value must be one of {words}.", "Map it."))
    if field.name in _MINUTES:
        broken = f"{name} < 0"
        rules.append(rule("E203", broken, "Minutes are negative.", "Correct the export."))
    if field.high is not None:
        broken = f"{name} > {field.high}"
        message = f"The value must lie from {field.low} to {field.high}."
        rules.append(rule("E114", broken, message, "Correct the value."))
    return rules


def row_problems(rows: CheckedRows) -> tuple[int, list[Problem]]:
    """Count the rows and find those that break a rule by themselves, in one pass.

    Parameters
    ----------
    rows : CheckedRows
        The rows.

    Returns
    -------
    tuple of int and list of Problem
        Number of rows, and one problem per broken rule with exact count and first line.
    """
    rules = row_rules(rows.columns)
    counts = "".join(f", count_if({rule.broken})" for rule in rules)
    n_rows, *found = rows.numbers(f"SELECT count(*){counts} FROM rows")
    return n_rows, [
        _problem(rule, count, rows) for rule, count in zip(rules, found, strict=True) if count
    ]


def _problem(rule: RowRule, count: int, rows: CheckedRows) -> Problem:
    place = rows.first(rule.broken)
    return Problem(
        code=rule.code,
        table="registers",
        file=None if place is None else place.file,
        line=None if place is None else place.line,
        column=rule.column,
        n_rows=count,
        message=rule.message,
        fix=rule.fix,
    )
