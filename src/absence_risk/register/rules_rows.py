"""Rules that one row of the register breaks by itself, as conditions that the engine counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from absence_risk.errors import Problem
from absence_risk.register.fields import KIND_WORDS, Field
from absence_risk.register.reasons import NOT_ABSENCE, REASONS
from absence_risk.register.row_files import quoted
from absence_risk.register.schema import table

if TYPE_CHECKING:
    from collections.abc import Collection

    from absence_risk.register.checked_rows import CheckedRows, Place

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
    among : str
        SQL condition on the rows that a share is taken of; every row if empty.
    share : float
        The rule counts as broken where more than this share of those rows breaks it, in [0, 1).
    """

    code: str
    column: str
    needs: tuple[str, ...]
    broken: str
    message: str
    fix: str
    among: str = ""
    share: float = 0.0


_LATE = 80
# Assumption: above a fifth, automatic validity moves a figure of valid absence visibly.
_MOST_AUTOMATIC = 0.2
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
        broken=f"scheduled_min > 0 AND {_ABSENT} > scheduled_min",
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
        code="E207",
        column="scheduled_min",
        needs=("scheduled_min", "valid_min", "invalid_min"),
        broken=f"scheduled_min = 0 AND {_ABSENT} > 0",
        message="Nothing was scheduled (a cancelled lesson), but absence minutes are given.",
        fix="Leave cancelled lessons out, or correct scheduled_min.",
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
    RowRule(
        code="W505",
        column="source",
        needs=("source", "valid_min"),
        broken="source = 'auto' AND valid_min > 0",
        message="More than a fifth of the rows with valid absence were made valid automatically.",
        fix="Ask when the system does so (often after a guardian's report, before any teacher "
        "reported); figures of valid absence depend on it.",
        among="valid_min > 0",
        share=_MOST_AUTOMATIC,
    ),
    RowRule(
        code="W507",
        column="reason_code",
        needs=("reason_code", "invalid_min"),
        broken=f"reason_code = {_LATE} AND invalid_min > 0",
        message="Late arrival is counted as invalid absence in the source.",
        fix="Decide whether late counts; compare only with sources that do the same.",
    ),
    RowRule(
        code="W509",
        column="recorded_at",
        needs=("superseded_at", "recorded_at"),
        broken='superseded_at IS NOT NULL AND recorded_at IS NULL AND NOT "bad recorded_at"',
        message="Rows were replaced later, but nothing says when they were recorded.",
        fix="Export recorded_at; without it no figure can be made as it stood on an earlier day.",
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
        replace(rule, broken=rule.broken.replace("other_or_0", other))
        for rule in _COMBINED
        if set(rule.needs) <= set(columns)
    ]
    if "superseded_at" in columns and "recorded_at" not in columns:
        (rule,) = (rule for rule in _COMBINED if rule.code == "W509")
        combined.append(replace(rule, broken="superseded_at IS NOT NULL"))
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
    shared = [rule for rule in rules if rule.among]
    counted = [rule.broken for rule in rules] + [rule.among for rule in shared]
    counts = "".join(f", count_if({condition})" for condition in counted)
    n_rows, *found = rows.numbers(f"SELECT count(*){counts} FROM rows")
    among = dict(zip(shared, found[len(rules) :], strict=True))
    broken = {
        str(number): (rule, count)
        for number, (rule, count) in enumerate(zip(rules, found[: len(rules)], strict=True))
        if count > rule.share * among.get(rule, 0)
    }
    places = rows.firsts({number: rule.broken for number, (rule, _) in broken.items()})
    return n_rows, [
        _problem(rule, count, places[number]) for number, (rule, count) in broken.items()
    ]


def _problem(rule: RowRule, count: int, place: Place | None) -> Problem:
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
