"""What is worth knowing about rows that an import keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.errors import Problem
from absence_risk.register.protected import protected_notes
from absence_risk.register.readers.settled import KEPT
from absence_risk.register.readers.staged import UNKNOWN_WORD
from absence_risk.register.row_files import quoted

if TYPE_CHECKING:
    from absence_risk.register.readers.settled import Settled
    from absence_risk.register.readers.staged import Desk, Staged

__all__ = ["conversion_notes"]


def conversion_notes(desk: Desk, tables: list[Settled]) -> list[Problem]:
    """Return what is worth knowing about rows that were kept.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    tables : list of Settled
        Decided tables.

    Returns
    -------
    list of Problem
        Codes W204, W302, W506 and W903.
    """
    notes = []
    for settled in tables:
        for number, one in enumerate(settled.parts):
            notes += _unlisted(desk, settled, one)
            notes += _order(desk, settled, one, number)
    n_protected = int(desk.connection.sql("SELECT count(*) FROM protected").fetchall()[0][0])
    return [*notes, *_unreported(desk), *protected_notes(n_protected)]


def _unlisted(desk: Desk, settled: Settled, one: Staged) -> list[Problem]:
    notes = []
    for number, code in enumerate(one.part.codes):
        if code.otherwise is None:
            continue
        count, row = desk.connection.sql(
            f"SELECT count(*), min(s.row) FROM {settled.place} s JOIN {one.name} o "
            f"ON o.rowid = s.row WHERE s.status = {KEPT} AND o.words_{number} = {UNKNOWN_WORD}"
        ).fetchall()[0]
        if count:
            message = "Words that the mapping does not list were taken as its otherwise says."
            fix = "List them, if they have a meaning of their own."
            notes.append(_note("W204", settled, one, code.column, count, row, message, fix))
    return notes


def _order(desk: Desk, settled: Settled, one: Staged, number: int) -> list[Problem]:
    """Count the cases whose dates break the order that the mapping declares."""
    names = one.part.order
    notes = []
    for at, name in enumerate(names[1:], start=1):
        before = ", ".join(_stage(one, earlier) for earlier in names[:at])
        before = f"greatest({before})" if at > 1 else before
        count, row = desk.connection.sql(
            f"SELECT count(*), min(s.row) FROM {settled.place} s JOIN {one.name} o "
            f"ON o.rowid = s.row WHERE s.part = {number} AND s.status = {KEPT} "
            f"AND {_stage(one, name)} < {before}"
        ).fetchall()[0]
        if count:
            message = f"The date {name} is before an earlier one ({' ≤ '.join(names)}); kept."
            fix = "Ask what the dates mean, or leave the order out of the mapping."
            notes.append(_note("W302", settled, one, name, count, row, message, fix))
    return notes


def _stage(one: Staged, name: str) -> str:
    return f"o.{quoted(name if name in one.part.fields else f'checked {name}')}"


def _note(  # noqa: PLR0917
    code: str,
    settled: Settled,
    one: Staged,
    column: str,
    count: int,
    row: int,
    message: str,
    fix: str,
) -> Problem:
    lines = one.files[0]
    line = lines.of([int(row)])[0] if int(row) < lines.n_rows else None
    return Problem(
        code=code,
        table=settled.table,
        file=lines.file.shown,
        line=line,
        column=column,
        n_rows=int(count),
        message=message,
        fix=fix,
    )


def _unreported(desk: Desk) -> list[Problem]:
    lists = any(part.rows == "absences" for part in desk.mapping.of("registers"))
    told = any("is_reported" in part.fields for part in desk.mapping.of("timetable"))
    if not lists or told:
        return []
    return [
        Problem(
            code="W506",
            table="timetable",
            message="Nothing says which lessons were reported: an unreported lesson arrives as "
            "presence, and absence looks lower than it was.",
            fix="Export the mark of reporting, and add is_reported to [timetable].",
        )
    ]
