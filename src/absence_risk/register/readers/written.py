"""How foreign files write numbers, dates and yes or no, as SQL that reads them.

Everything arrives as text. An expression gives the value, or nothing where the text does not fit;
conditions tell faults, so that each is counted by its kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.register.fields import SQL_TYPES
from absence_risk.register.row_files import sql_text

if TYPE_CHECKING:
    from absence_risk.register.readers.mapping import Format, Source

__all__ = [
    "ENCODINGS",
    "Cell",
    "Fault",
    "Value",
    "clean_text",
    "sql_form",
    "text_list",
    "value_sql",
    "without_value",
]

ENCODINGS: dict[str, str] = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "iso-8859-15": "iso-8859-15",
    "utf-16": "utf-16",
}
"""Encodings that a mapping may name, and what Python calls them."""

_TOKENS = {
    "yyyy": "%Y",
    "yy": "%y",
    "mm": "%m",
    "dd": "%d",
    "HH": "%H",
    "MM": "%M",
    "SS": "%S",
}
_TOKEN = re.compile("|".join(_TOKENS))
_MINUTE_KINDS = {"minutes": 1.0, "hours": 60.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A kind of fault, and the SQL condition under which a row has it.

    Parameters
    ----------
    code : str
        Code of the catalogue.
    column : str
        Column of the file, or canonical column, that the message names.
    broken : str
        SQL condition; unknown counts as sound.
    message, fix : str
        What is wrong and what to do.
    """

    code: str
    column: str
    broken: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """SQL that reads one canonical column.

    Parameters
    ----------
    sql : str
        Expression of the value.
    faults : tuple of Fault
        What can be wrong with it.
    """

    sql: str
    faults: tuple[Fault, ...] = ()


def sql_form(form: str) -> str | None:
    """Return the engine's pattern of a form of dates.

    Parameters
    ----------
    form : str
        Form in ``yyyy yy mm dd HH MM SS`` and separators.

    Returns
    -------
    str or None
        The pattern; None if the form is none.

    Examples
    --------
    >>> sql_form("dd.mm.yyyy HH:MM"), sql_form("day first")
    ('%d.%m.%Y %H:%M', None)
    """
    rest = _TOKEN.sub("", form)
    found = _TOKEN.findall(form)
    has_date = {"mm", "dd"} <= set(found) and ("yyyy" in found) != ("yy" in found)
    if not has_date or re.search(r"[^-./ :T,Z]", rest) or len(found) != len(set(found)):
        return None
    return _TOKEN.sub(lambda match: _TOKENS[match[0]], form)


def text_list(words: tuple[str, ...]) -> str:
    """Return words as an SQL list.

    Parameters
    ----------
    words : tuple of str
        The words.

    Returns
    -------
    str
        SQL in parentheses.

    Examples
    --------
    >>> text_list(("a", "b"))
    "('a', 'b')"
    """
    return f"({', '.join(map(sql_text, words))})"


def clean_text(column: str, form: Format) -> str:
    """Return SQL of a cell's text without blanks around it; empty cells are missing.

    Parameters
    ----------
    column : str
        SQL of the cell.
    form : Format
        How the file is written.

    Returns
    -------
    str
        SQL.
    """
    text = f"nullif(trim({column}), '')"
    if form.missing:
        text = f"CASE WHEN {text} NOT IN {text_list(form.missing)} THEN {text} END"
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a file, before and after it was read.

    Parameters
    ----------
    name : str
        Column of the file, for messages.
    sql : str
        SQL of its text where values are read.
    later : str
        SQL of its text where faults are looked for.
    value : str
        SQL of the value there.
    end : str or None
        SQL of the text of the cell with the end of a span of time.
    """

    name: str
    sql: str
    later: str
    value: str
    end: str | None = None


def value_sql(kind: str, cell: Cell, source: Source, form: Format) -> Value:
    """Return SQL that reads a cell as a value of a kind.

    What does not fit gives nothing; faults look at the text only where there is no value, so that
    sound cells cost one reading.

    Parameters
    ----------
    kind : str
        Kind of the canonical column; "minutes" for minutes.
    cell : Cell
        The cell.
    source : Source
        What the mapping says about it.
    form : Format
        How the file is written.

    Returns
    -------
    Value
        Expression and faults.
    """
    if source.codes is not None:
        return _coded(kind, cell, source, form)
    if cell.end is not None:
        return _span(cell, cell.end, source, form)
    if source.part is not None or kind in ("date", "timestamp"):
        return _dated(kind, cell, source, form)
    if kind == "text":
        return Value(sql=clean_text(cell.sql, form))
    if kind == "bool":
        return _yes_no(cell, form)
    return _number(kind, cell, source, form)


def without_value(cell: Cell, form: Format, test: str = "TRUE") -> str:
    """Return SQL of a condition on cells that hold something, but no value.

    Parameters
    ----------
    cell : Cell
        The cell.
    form : Format
        How the file is written.
    test : str
        Further condition.

    Returns
    -------
    str
        SQL; the text is looked at only where there is no value.
    """
    filled = f"{clean_text(cell.later, form)} IS NOT NULL"
    return f"CASE WHEN {cell.value} IS NULL THEN {filled} AND {test} ELSE FALSE END"


def _fault(code: str, cell: Cell, broken: str, message: str, fix: str) -> tuple[Fault, ...]:
    return (Fault(code=code, column=cell.name, broken=broken, message=message, fix=fix),)


def _constant(value: object, kind: str) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    wanted = "SMALLINT" if kind == "minutes" else SQL_TYPES[kind]
    return f"CAST({sql_text(str(value))} AS {wanted})"


def _coded(kind: str, cell: Cell, source: Source, form: Format) -> Value:
    codes, text = source.codes or {}, clean_text(cell.sql, form)
    whens = " ".join(
        f"WHEN {sql_text(word)} THEN {_constant(value, kind)}" for word, value in codes.items()
    )
    other = "NULL" if source.otherwise is None else _constant(source.otherwise, kind)
    empty = _constant(codes[""], kind) if "" in codes else "NULL"
    sql = f"CASE WHEN {text} IS NULL THEN {empty} ELSE CASE {text} {whens} ELSE {other} END END"
    if source.otherwise is not None:
        return Value(sql=sql)
    return Value(
        sql=sql,
        faults=_fault(
            "E113",
            cell,
            without_value(cell, form),
            "The word is not in the mapping's list.",
            "Add it to codes, or say with otherwise what unlisted words mean.",
        ),
    )


def _time(text: str, form: str, wanted: str) -> str:
    if form == "iso":
        return f"TRY_CAST({text} AS {wanted})"
    pattern = sql_text(sql_form(form) or "")
    return f"CAST(TRY_STRPTIME(trim({text}), {pattern}) AS {wanted})"


def _dated(kind: str, cell: Cell, source: Source, form: Format) -> Value:
    has_time = kind == "timestamp" or source.part == "date"
    written = source.form or (form.datetime if has_time else form.date)
    sql = _time(_whole(cell, form), written, "TIMESTAMP" if kind == "timestamp" else "DATE")
    if source.part == "year":
        sql = f"CAST(year({sql}) AS SMALLINT)"
    shown = "yyyy-mm-dd" if written == "iso" else written
    return Value(
        sql=sql,
        faults=_fault(
            "E110",
            cell,
            without_value(cell, form),
            f"This is no date written {shown}.",
            "Correct the date, or the form in the mapping.",
        ),
    )


def _whole(cell: Cell, form: Format) -> str:
    """Return a cell for casts, which skip blanks around it; words for empty cells become empty."""
    return clean_text(cell.sql, form) if form.missing else cell.sql


def _span(cell: Cell, end: str, source: Source, form: Format) -> Value:
    written = source.form or form.datetime
    start, stop = (_time(text, written, "TIMESTAMP") for text in (_whole(cell, form), end))
    sql = f"TRY_CAST(date_diff('minute', {start}, {stop}) AS SMALLINT)"
    return Value(
        sql=sql,
        faults=_fault(
            "E110",
            cell,
            f"{cell.value} IS NULL OR {cell.value} < 0",
            "Begin and end are no times in this order.",
            "Correct them, or the form in the mapping.",
        ),
    )


def _spellings(words: tuple[str, ...]) -> str:
    """Return the usual spellings of words, which most cells have."""
    return text_list(
        tuple(dict.fromkeys(f(w) for w in words for f in (str.upper, str.lower, str.title)))
    )


def _yes_no(cell: Cell, form: Format) -> Value:
    word = f"lower({clean_text(cell.sql, form)})"
    sql = f"CASE WHEN {cell.sql} IN {_spellings(form.true)} THEN TRUE "
    sql += f"WHEN {cell.sql} IN {_spellings(form.false)} THEN FALSE "
    sql += f"WHEN {word} IN {text_list(form.true)} THEN TRUE "
    sql += f"WHEN {word} IN {text_list(form.false)} THEN FALSE END"
    return Value(
        sql=sql,
        faults=_fault(
            "E113",
            cell,
            without_value(cell, form),
            "The word is neither yes nor no.",
            "Add it to true or false in the mapping.",
        ),
    )


def _plain(text: str, form: Format) -> str:
    """Return a number without signs between thousands."""
    if form.thousands:
        signs = (" ", "\u00a0", "\u202f") if form.thousands == " " else (form.thousands,)
        for sign in signs:
            text = f"replace({text}, {sql_text(sign)}, '')"
    return text


def _number(kind: str, cell: Cell, source: Source, form: Format) -> Value:
    plain, other = _plain(_whole(cell, form), form), "." if form.decimal == "," else ","
    number = f"TRY_CAST({plain} AS DOUBLE)"
    if form.decimal == ",":
        number = f"TRY_CAST(replace({plain}, ',', '.') AS DOUBLE)"
    if kind == "minutes":
        factor = _MINUTE_KINDS.get(source.unit or form.unit or "", 1.0)
        scaled = number if factor == 1.0 else f"{number} * {factor:g}"
        sql = f"TRY_CAST(round({scaled}) AS SMALLINT)"
        if source.unit == "share":
            sql = f"CASE WHEN isfinite({number}) THEN {number} END"
    elif kind == "float64":
        sql = f"CASE WHEN isfinite({number}) THEN {number} END"
    else:
        # Casting text such as 3.7 to a whole number would round it.
        whole = f"CASE WHEN {number} = floor({number}) THEN {number} END"
        wanted = SQL_TYPES[kind]
        sql = f"CASE WHEN contains({plain}, '{form.decimal}') THEN TRY_CAST({whole} AS {wanted}) "
        sql += f"ELSE TRY_CAST({plain} AS {wanted}) END"
    if form.decimal == ",":
        sql = f"CASE WHEN NOT contains({plain}, '.') THEN {sql} END"
    strange = f"contains({_plain(clean_text(cell.later, form), form)}, {sql_text(other)})"
    return Value(
        sql=sql,
        faults=(
            *_fault(
                "E112",
                cell,
                without_value(cell, form, strange),
                f"A number holds {other!r}, and the decimal sign is declared as {form.decimal!r}.",
                "Declare decimal (and thousands) in the mapping.",
            ),
            *_fault(
                "E103",
                cell,
                without_value(cell, form, f"NOT {strange}"),
                "This is no number of the kind.",
                "Correct the export.",
            ),
        ),
    )
