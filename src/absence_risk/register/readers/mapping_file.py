"""Read a mapping from TOML and list everything that is wrong with it at once."""

from __future__ import annotations

import datetime as dt
import tomllib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from absence_risk.errors import SchemaError
from absence_risk.register.identity import hides_digits
from absence_risk.register.readers.mapping import (
    Format,
    Mapping,
    Term,
)
from absence_risk.register.readers.mapping_parts import EXTRA_FIELDS, read_part
from absence_risk.register.readers.mapping_values import Entries, read_files, read_format
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["parse_mapping", "read_mapping"]

_NEEDED = ("pupils", "registers")


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        TOML file.

    Returns
    -------
    Mapping
        The mapping; see :mod:`absence_risk.register.readers.mapping` for what it may hold.

    Raises
    ------
    SchemaError
        If the file cannot be read or says something that cannot be done; all of it is listed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        text = None
    except UnicodeDecodeError:
        text = ""
    entries = Entries(file=hides_digits(path.name))
    if text is None:
        entries.wrong("", "The mapping file is not there.", "Check the path.")
    elif not text.strip():
        entries.wrong("", "The mapping file is empty or not utf-8.", "Save it as utf-8.")
    else:
        return parse_mapping(text, file=hides_digits(path.name))
    raise SchemaError(entries.problems)


def parse_mapping(text: str, *, file: str = "mapping.toml") -> Mapping:
    r"""Make a mapping from TOML text.

    Parameters
    ----------
    text : str
        TOML.
    file : str
        Name of the file in messages.

    Returns
    -------
    Mapping
        The mapping.

    Raises
    ------
    SchemaError
        If the text is not TOML or says something that cannot be done; all of it is listed.

    Examples
    --------
    >>> parse_mapping('[pupils]\nfile = "x"')
    Traceback (most recent call last):
    ...
    absence_risk.errors.SchemaError: The register has 6 problems:
      E006 mapping.toml, column pupils.file: 'x' is no entry of files. Add [files.x] with its path.
      E006 mapping.toml, column pupils.pupil_key: The table needs 'pupil_key'. Add it with its column.
      E006 mapping.toml, column pupils.school_key: The table needs 'school_key'. Add it with its column.
      E006 mapping.toml, column pupils.grade: The table needs 'grade'. Add it with its column.
      E006 mapping.toml, column registers: The table registers is missing. Add [registers].
      E006 mapping.toml, column schools: Nothing says which municipality the schools are in. Add [schools] with municipality_key = { value = "Name" }.
    """  # noqa: E501
    entries = Entries(file=file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = str(error).rpartition("(")[2].rstrip(")")
        entries.wrong("", f"The mapping is not TOML ({line}).", "Correct that line.")
        raw = None
    if raw is None:
        raise SchemaError(entries.problems)
    mapping = _mapping(raw, entries)
    if entries.problems:
        raise SchemaError(entries.problems)
    return mapping


def _mapping(raw: dict[str, Any], entries: Entries) -> Mapping:
    tables = (*TABLES, *EXTRA_FIELDS)
    entries.known(raw, ("mapping", "format", "files", "terms", *tables), "")
    about = entries.table(raw, "mapping", "")
    entries.known(about, ("name", "project", "description"), "mapping")
    defaults = read_format(entries.table(raw, "format", ""), Format(), "format", entries)
    files = read_files(entries.table(raw, "files", ""), defaults, entries)
    parts = []
    for name in tables:
        given = raw.get(name, [])
        for number, one in enumerate(given if isinstance(given, list) else [given]):
            where = f"{name}[{number + 1}]" if isinstance(given, list) else name
            part = read_part(name, one, where, entries, files)
            if part is not None:
                parts.append(part)
    mapping = Mapping(
        name=str(about.get("name", "export")),
        project=str(about.get("project", "absence-risk")),
        files=files,
        parts=tuple(parts),
        terms=_terms(raw.get("terms", []), entries),
    )
    _whole(mapping, raw, entries)
    return mapping


def _terms(raw: Any, entries: Entries) -> tuple[Term, ...]:
    terms = []
    for number, one in enumerate(raw if isinstance(raw, list) else [raw]):
        where = f"terms[{number + 1}]"
        if not isinstance(one, dict):
            entries.wrong(where, "A term is a table.", "Write [[terms]] with name, first, last.")
            continue
        entries.known(one, ("name", "first", "last"), where)
        first, last = one.get("first"), one.get("last")
        # A time is a date to Python, but no day.
        if type(first) is not dt.date or type(last) is not dt.date or "name" not in one:
            entries.wrong(
                where, "A term needs a name and two dates.", "Write dates as first = 2025-08-18."
            )
        elif first > last:
            entries.wrong(where, "The term ends before it begins.", "Swap first and last.")
        else:
            terms.append(Term(name=str(one["name"]), first=first, last=last))
    ordered = sorted(terms, key=lambda term: term.first)
    for earlier, later in pairwise(ordered):
        if later.first <= earlier.last:
            entries.wrong("terms", "Terms overlap.", "Let each begin after the one before.")
    if len({term.name for term in terms}) < len(terms):
        entries.wrong("terms", "Two terms have one name.", "Put the year into the name.")
    return tuple(ordered)


def _whole(mapping: Mapping, raw: dict[str, Any], entries: Entries) -> None:
    """Check what only the mapping as a whole can tell."""
    for name in _NEEDED:
        if name not in raw:
            entries.wrong(name, f"The table {name} is missing.", f"Add [{name}].")
    lists = [part for part in mapping.of("registers") if part.rows == "absences"]
    if lists and not mapping.of("timetable"):
        entries.wrong(
            "registers.rows",
            "Rows are absences only, and no timetable says what was offered.",
            "Add [timetable]: a file with lessons, or slots and minutes of every school day.",
        )
    made = [part for part in mapping.of("timetable") if part.file is None]
    if made and not mapping.of("calendar"):
        entries.wrong(
            "timetable", "A timetable without a file needs [calendar].", "Name the school days."
        )
    if "schools" not in raw:
        entries.wrong(
            "schools",
            "Nothing says which municipality the schools are in.",
            'Add [schools] with municipality_key = { value = "Name" }.',
        )
