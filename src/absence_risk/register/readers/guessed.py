"""Guess which table a file is and what its columns are, from headers and from what they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.register.identity import hides_digits
from absence_risk.register.readers.header_words import (
    NO_WORDS,
    TABLE_NEEDS,
    YES_WORDS,
    field_of,
)

if TYPE_CHECKING:
    from absence_risk.register.readers.sniffed import Column, Sniffed

__all__ = ["Guess", "guess_table"]

_ITEM = re.compile(r"(f|q|s|k|item|fråga|fr|spm|sp|kysymys|question)[ _.]?\d{1,3}[a-z]?\Z")
_BOOLS = ("cancelled", "is_reported", "protected", "sen", "offered")
_SMALL = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a file probably is.

    Parameters
    ----------
    file : Sniffed
        The file.
    name : str
        Name in the mapping.
    table : str or None
        Canonical table, or "timetable"; None if it was not recognised.
    fields : dict of str to Column
        Columns by field; "kind" and "reason" are columns of words.
    checked : tuple of Column
        Further dates (cases).
    items : tuple of str
        Columns that are items (surveys).
    yes, no : frozenset of str
        Words for yes and no.
    days : tuple of str
        Dates that occur, as yyyy-mm-dd.
    """

    file: Sniffed
    name: str
    table: str | None
    fields: dict[str, Column]
    checked: tuple[Column, ...] = ()
    items: tuple[str, ...] = ()
    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    days: tuple[str, ...] = ()


def guess_table(file: Sniffed) -> Guess:
    """Guess what a file is.

    Parameters
    ----------
    file : Sniffed
        The file.

    Returns
    -------
    Guess
        The table that most columns speak for.
    """
    best, most = None, 0.0
    for table, (needed, typical) in TABLE_NEEDS.items():
        fields = _fields(table, file)
        items = _items(file)
        if not set(needed) <= set(fields):
            continue
        score = len(fields) + 2 * len(set(typical) & set(fields))
        if table == "timetable" and "pupil_key" in _fields("registers", file):
            continue
        if table == "surveys":
            score += 2 * len(items)
            if not items and "response" not in fields:
                continue
        elif not set(typical) & set(fields):
            continue
        if score > most:
            best, most = table, score
    if best is None:
        return Guess(file=file, name=_name(file.path), table=None, fields={})
    fields = _fields(best, file)
    yes, no = _yes_no(fields)
    return Guess(
        file=file,
        name=_name(file.path),
        table=best,
        fields=fields,
        checked=tuple(
            c for c in file.columns if best == "cases" and field_of("cases", c.name) == "checked"
        ),
        items=_items(file) if best == "surveys" else (),
        yes=yes,
        no=no,
        days=file.days if best in ("timetable", "calendar", "registers") else (),
    )


def _name(path: str) -> str:
    stem = hides_digits(path).rpartition("/")[2].rpartition(".")[0].lower()
    return re.sub(r"\W+|\d{4,}", "_", stem, flags=re.ASCII).strip("_") or "file"


def _fields(table: str, file: Sniffed) -> dict[str, Column]:
    """First column that names a field and can hold it."""
    fields: dict[str, Column] = {}
    for column in file.columns:
        field = field_of(table, column.name)
        if field is None or field == "checked" or field in fields:
            continue
        if _can_hold(field, column):
            fields[field] = column
    return fields


def _can_hold(field: str, column: Column) -> bool:
    if not column.filled:
        return True
    if field in ("date", "entry", "exit", "referred", "started", "closed", "detected", "accepted"):
        return bool(column.dates)
    if field == "recorded_at":
        return bool(column.dates)
    if field.endswith("_min"):
        return column.is_number
    return not (field in ("kind", "reason") and column.is_number)


def _items(file: Sniffed) -> tuple[str, ...]:
    return tuple(
        column.name
        for column in file.columns
        if column.is_number
        and column.middle is not None
        and column.middle <= _SMALL
        and _ITEM.match(column.name.strip().lower())
    )


def _yes_no(fields: dict[str, Column]) -> tuple[frozenset[str], frozenset[str]]:
    words = {word for name in _BOOLS if name in fields for word in fields[name].words}
    yes = frozenset(word for word in words if word.lower() in YES_WORDS)
    return yes, frozenset(word for word in words if word.lower() in NO_WORDS)
