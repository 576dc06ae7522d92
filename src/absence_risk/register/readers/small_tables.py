"""Settle pupils, schools, cases, surveys and outcomes: the rules that need the whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.register.readers.settled import Settled, settle, union
from absence_risk.register.readers.written import Fault, text_list
from absence_risk.register.row_files import quoted, sql_text
from absence_risk.register.schema import CLOSURE_REASONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.register.readers.staged import Desk, Staged

__all__ = ["settle_cases", "settle_outcomes", "settle_pupils", "settle_schools", "settle_surveys"]

_FAR_PAST, _FAR_FUTURE = "DATE '1900-01-01'", "DATE '2200-01-01'"
_KNOWN = "key IN (SELECT key FROM spells)"
_PROTECTED = "coalesce(key IN (SELECT key FROM protected), FALSE)"


def _closed_lists(table: str, columns: set[str]) -> list[Fault]:
    """Words and ranges of the canonical columns."""
    faults = []
    for field in TABLES[table].fields:
        name = quoted(field.name)
        if field.name not in columns:
            continue
        if field.words:
            faults.append(
                Fault(
                    code="E113",
                    column=field.name,
                    broken=f"{name} NOT IN {text_list(field.words)}",
                    message=f"The value must be one of {', '.join(field.words)}.",
                    fix="Add the words of the export to codes in the mapping.",
                )
            )
        if field.low is not None:
            faults.append(
                Fault(
                    code="E114",
                    column=field.name,
                    broken=f"{name} NOT BETWEEN {field.low} AND {field.high}",
                    message=f"The value must lie from {field.low} to {field.high}.",
                    fix="Correct the value.",
                )
            )
    return faults


def _columns(parts: Sequence[Staged]) -> set[str]:
    return {column for one in parts for column in one.columns}


def _keyless(column: str) -> list[Fault]:
    """Find rows whose identifier gave no key, although there is something in it."""
    return [
        Fault(
            code="E104",
            column=column,
            broken="mask = 0 AND key IS NULL",
            message="The identifier is empty.",
            fix="Fill it in.",
        )
    ]


def _no_such_school(desk: Desk) -> list[Fault]:
    if not any(part.file for part in desk.mapping.of("schools")):
        return []
    return [
        Fault(
            code="E301",
            column="school_key",
            broken="school_key NOT IN (SELECT school_key FROM settled_schools WHERE status = 0)",
            message="The school is not in the table of schools.",
            fix="Add it there, or leave the file out and give municipality_key as a value.",
        )
    ]


def _again(keys: str, name: str = "again") -> str:
    """Count how often the keys of a sound row occurred before it."""
    return (
        f"row_number() OVER (PARTITION BY {keys}, mask <> 0 OR skip ORDER BY part, row) AS {name}"
    )


def _repeated(column: str, message: str) -> Fault:
    return Fault(
        code="E305",
        column=column,
        broken="mask = 0 AND again > 1",
        message=message,
        fix="Keep one row.",
    )


def settle_pupils(desk: Desk, parts: list[Staged]) -> Settled:
    """Settle the enrolments, and make the tables ``spells`` and ``protected``.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table.

    Returns
    -------
    Settled
        The decided table.
    """
    links = tuple(n for n in ("group_key",) if all(n in one.columns for one in parts))
    begin, end = f"coalesce(entry, {_FAR_PAST})", f'coalesce("exit", {_FAR_FUTURE})'
    late = [
        *_closed_lists("pupils", _columns(parts)),
        *_keyless("pupil_key"),
        *_no_such_school(desk),
        Fault(
            code="E302",
            column="exit",
            broken='"exit" < entry',
            message="The enrolment ends before it begins.",
            fix="Correct the dates.",
        ),
        _repeated("pupil_key", "The enrolment is listed again."),
        Fault(
            code="E304",
            column="entry",
            broken=f"mask = 0 AND again = 1 AND before >= {begin}",
            message="The enrolment overlaps an earlier one of the pupil.",
            fix="End one before the next begins; one row per pupil and spell.",
        ),
    ]
    windows = (
        _again("key, entry, school_key"),
        f"max({end}) OVER (PARTITION BY key, mask <> 0 OR skip ORDER BY {begin}, part, row "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before",
        f"bool_or(NOT skip AND coalesce(protected, FALSE) OR {_unclear(parts)}) "
        "OVER (PARTITION BY key) AS hidden",
    )
    settled = settle(
        desk,
        "pupils",
        union(desk, "pupils", parts, links),
        parts,
        late,
        windows,
        "coalesce(hidden, FALSE)",
    )
    con = desk.connection
    group = "group_key" if links else "NULL::VARCHAR AS group_key"
    con.execute(
        f"CREATE TEMP TABLE spells AS SELECT key, school_key, class_key, grade, {group}, "
        f'{begin} AS entry, {end} AS "exit" FROM settled_pupils WHERE status = 0'
    )
    con.execute(
        "CREATE TEMP TABLE protected AS SELECT DISTINCT key FROM settled_pupils WHERE status = 2"
    )
    return settled


def _unclear(parts: list[Staged]) -> str:
    """Whether the mark of protection cannot be read: such a pupil counts as protected."""
    tests = []
    for number, one in enumerate(parts):
        source = one.part.fields.get("protected")
        if source is None or not source.columns:
            continue
        for bit, fault in enumerate(one.faults):
            if fault.code == "E113" and fault.column == source.columns[0]:
                tests.append(f"(part = {number} AND mask & {1 << bit} <> 0)")
    return f"({' OR '.join(tests)})" if tests else "FALSE"


def settle_schools(desk: Desk, parts: list[Staged]) -> Settled | None:
    """Settle the schools, or make them from the enrolments and the constants of the mapping.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table; empty to make it.

    Returns
    -------
    Settled or None
        The decided table; None if it was made.
    """
    if parts:
        late = [_repeated("school_key", "The school is listed again.")]
        base = union(desk, "schools", parts)
        return settle(desk, "schools", base, parts, late, (_again("school_key"),))
    part = desk.mapping.of("schools")[0]
    chosen = ", ".join(
        f"{sql_text(str(part.fields[field.name].value))} AS {quoted(field.name)}"
        for field in TABLES["schools"].fields
        if field.name in part.fields and field.name != "school_key"
    )
    desk.connection.execute(
        f"CREATE TEMP TABLE settled_schools AS SELECT DISTINCT school_key, {chosen} FROM spells"
    )
    return None


def settle_cases(desk: Desk, parts: list[Staged]) -> Settled:
    """Settle the cases.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table.

    Returns
    -------
    Settled
        The decided table.
    """
    stages = ("detected", "referred", "accepted", "started", "closed")
    there = _columns(parts)
    given = [stage for stage in stages if stage in there]
    late = [
        *_closed_lists("cases", there),
        _orphan(),
        *(
            Fault(
                code="E302",
                column=stage,
                broken=f"{stage} < greatest({', '.join(given[:number])})",
                message=f"The date {stage} is before an earlier stage ({' ≤ '.join(given)}).",
                fix="Correct the dates of the case.",
            )
            for number, stage in enumerate(given)
            if number
        ),
        Fault(
            code="E303",
            column="closure_reason",
            broken="(closed IS NULL) <> (closure_reason IS NULL)",
            message="Closing date and closing reason do not go together.",
            fix=f"Give both or none; reasons are {', '.join(CLOSURE_REASONS)}.",
        ),
        _repeated("case_key", "The case is listed again."),
    ]
    base = union(desk, "cases", parts)
    return settle(desk, "cases", base, parts, late, (_again("case_key"),), _PROTECTED)


def _orphan() -> Fault:
    return Fault(
        code="E301",
        column="pupil_key",
        broken=f"mask = 0 AND coalesce(NOT {_KNOWN}, TRUE)",
        message="The pupil is not in the table of pupils.",
        fix="Export both files at one time.",
    )


def settle_outcomes(desk: Desk, parts: list[Staged]) -> Settled:
    """Settle the outcomes.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table.

    Returns
    -------
    Settled
        The decided table.
    """
    late = [*_closed_lists("outcomes", _columns(parts)), _orphan()]
    return settle(desk, "outcomes", union(desk, "outcomes", parts), parts, late, (), _PROTECTED)


def settle_surveys(desk: Desk, parts: list[Staged], long: str, late: list[Fault]) -> Settled:
    """Settle the answers.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table.
    long : str
        Query with one row per answer, as :func:`.answers.long_form` gives it.
    late : list of Fault
        Kinds of faults of single answers.

    Returns
    -------
    Settled
        The decided table.
    """
    again = _again("survey_key, wave, instrument_id, item_id")
    faults = [
        *late,
        *_keyless("survey_key"),
        _repeated("survey_key", "The answer is there already."),
    ]
    return settle(desk, "surveys", long, parts, faults, (again,), "coalesce(hidden, FALSE)")
