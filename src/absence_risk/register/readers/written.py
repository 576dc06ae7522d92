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

__all__ = ["ENCODINGS", "Fault", "Value", "clean_text", "sql_form", "text_list", "value_sql"]

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
_RANGES = {"uint32": (0, 2**32 - 1), "uint8": (0, 255), "int16": (-(2**15), 2**15 - 1)}


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


def value_sql(
    kind: str, cell: str, name: str, source: Source, form: Format, *, end: str | None = None
) -> Value:
    """Return SQL that reads a cell as a value of a kind.

    Parameters
    ----------
    kind : str
        Kind of the canonical column; "minutes" for minutes.
    cell : str
        SQL of the cell.
    name : str
        Column of the file, for messages.
    source : Source
        What the mapping says about it.
    form : Format
        How the file is written.
    end : str or None
        SQL of the cell with the end of a span of time.

    Returns
    -------
    Value
        Expression and faults.
    """
    text = clean_text(cell, form)
    if source.codes is not None:
        return _coded(kind, text, name, source)
    if end is not None:
        return _span(cell, clean_text(end, form), name, form, source)
    if source.part is not None or kind in ("date", "timestamp"):
        return _dated(kind, text, name, source, form)
    if kind == "text":
        return Value(sql=text)
    if kind == "bool":
        return _yes_no(text, name, form)
    return _number(kind, text, name, source, form)


def _fault(code: str, name: str, broken: str, message: str, fix: str) -> tuple[Fault, ...]:
    return (Fault(code=code, column=name, broken=broken, message=message, fix=fix),)


def _constant(value: object, kind: str) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    wanted = "SMALLINT" if kind == "minutes" else SQL_TYPES[kind]
    return f"CAST({sql_text(str(value))} AS {wanted})"


def _coded(kind: str, text: str, name: str, source: Source) -> Value:
    codes = source.codes or {}
    whens = " ".join(
        f"WHEN {sql_text(word)} THEN {_constant(value, kind)}" for word, value in codes.items()
    )
    other = "NULL" if source.otherwise is None else _constant(source.otherwise, kind)
    present = f"{text} IS NOT NULL"
    empty = _constant(codes[""], kind) if "" in codes else "NULL"
    sql = f"CASE WHEN {present} THEN CASE {text} {whens} ELSE {other} END ELSE {empty} END"
    if source.otherwise is not None:
        return Value(sql=sql)
    return Value(
        sql=sql,
        faults=_fault(
            "E113",
            name,
            f"{present} AND {text} NOT IN {text_list(tuple(codes))}",
            "The word is not in the mapping's list.",
            "Add it to codes, or say with otherwise what unlisted words mean.",
        ),
    )


def _time(text: str, form: str, wanted: str) -> str:
    if form == "iso":
        return f"TRY_CAST({text} AS {wanted})"
    return f"CAST(TRY_STRPTIME({text}, {sql_text(sql_form(form) or '')}) AS {wanted})"


def _dated(kind: str, text: str, name: str, source: Source, form: Format) -> Value:
    has_time = kind == "timestamp" or source.part == "date"
    written = source.form or (form.datetime if has_time else form.date)
    sql = _time(text, written, "TIMESTAMP" if kind == "timestamp" else "DATE")
    shown = "yyyy-mm-dd" if written == "iso" else written
    faults = _fault(
        "E110",
        name,
        f"{text} IS NOT NULL AND {sql} IS NULL",
        f"This is no date written {shown}.",
        "Correct the date, or the form in the mapping.",
    )
    if source.part == "year":
        sql = f"CAST(year({sql}) AS SMALLINT)"
    return Value(sql=sql, faults=faults)


def _span(cell: str, end: str, name: str, form: Format, source: Source) -> Value:
    written = source.form or form.datetime
    start, stop = (_time(text, written, "TIMESTAMP") for text in (clean_text(cell, form), end))
    sql = f"TRY_CAST(date_diff('minute', {start}, {stop}) AS SMALLINT)"
    return Value(
        sql=sql,
        faults=_fault(
            "E110",
            name,
            f"{start} IS NULL OR {stop} IS NULL OR {sql} < 0",
            "Begin and end are no times in this order.",
            "Correct them, or the form in the mapping.",
        ),
    )


def _yes_no(text: str, name: str, form: Format) -> Value:
    word = f"lower({text})"
    sql = f"CASE WHEN {word} IN {text_list(form.true)} THEN TRUE "
    sql += f"WHEN {word} IN {text_list(form.false)} THEN FALSE END"
    return Value(
        sql=sql,
        faults=_fault(
            "E113",
            name,
            f"{text} IS NOT NULL AND {sql} IS NULL",
            "The word is neither yes nor no.",
            "Add it to true or false in the mapping.",
        ),
    )


def _number(kind: str, text: str, name: str, source: Source, form: Format) -> Value:
    plain = text
    if form.thousands:
        signs = (" ", "\u00a0", "\u202f") if form.thousands == " " else (form.thousands,)
        for sign in signs:
            plain = f"replace({plain}, {sql_text(sign)}, '')"
    other = "." if form.decimal == "," else ","
    foreign = f"contains({plain}, {sql_text(other)})"
    if form.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    number = f"TRY_CAST({plain} AS DOUBLE)"
    sound = f"{number} IS NOT NULL AND isfinite({number})"
    faults = _fault(
        "E112",
        name,
        foreign,
        f"A number holds {other!r}, and the decimal sign is declared as {form.decimal!r}.",
        "Declare decimal (and thousands) in the mapping.",
    )
    wrong = f"{text} IS NOT NULL AND NOT {foreign} AND NOT ({sound})"
    if kind == "minutes":
        factor = _MINUTE_KINDS.get(source.unit or form.unit or "", 1.0)
        scaled = number if factor == 1.0 else f"{number} * {factor:g}"
        sql = scaled if source.unit == "share" else f"TRY_CAST(round({scaled}) AS SMALLINT)"
        wrong = f"({wrong}) OR abs({scaled}) > 32000"
    elif kind == "float64":
        sql = number
    else:
        low, high = _RANGES[kind]
        sql = f"TRY_CAST({number} AS {SQL_TYPES[kind]})"
        wrong = f"({wrong}) OR {number} <> floor({number}) OR {number} NOT BETWEEN {low} AND {high}"
    faults += _fault("E103", name, wrong, "This is no number of the kind.", "Correct the export.")
    return Value(sql=f"CASE WHEN NOT {foreign} THEN {sql} END", faults=faults)
