"""Read a table of cases that somebody keeps in a spreadsheet: every fault by line and column."""

from __future__ import annotations

import csv
import difflib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from absence_risk.errors import TableError, hides_digits
from absence_risk.register.readers.excel import sheet_as_csv
from absence_risk.register.readers.mapping import Format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["LINE", "Kind", "header_of", "place", "read_case_table"]

Kind = Literal["id", "text", "number", "date"]
LINE = "_line"
"""Column that holds the line of each row."""

_EMPTY = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "-", "–"})
_SHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods"})
_DELIMITERS = (";", "\t", ",")


def place(path: Path, line: int | None = None, column: str | None = None) -> str:
    """Return where in a file something is.

    Parameters
    ----------
    path : Path
        The file.
    line : int or None
        Line, the header being line 1.
    column : str or None
        Column.

    Returns
    -------
    str
        For example ``"cases.csv, line 4, column before"``.
    """
    parts = [path.name, None if line is None else f"line {line}"]
    parts.append(None if column is None else f"column {column}")
    return ", ".join(part for part in parts if part)


def header_of(path: str | Path) -> list[str]:
    """Return the names of the columns of a file.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of str
        Names in their order.

    Raises
    ------
    TableError
        If the file cannot be read or is empty.
    """
    return _cells(Path(path))[0]


def read_case_table(path: str | Path, columns: Mapping[str, Kind]) -> pd.DataFrame:
    """Read the named columns of a CSV file or of the first sheet of a workbook.

    Commas, semicolons and tabs are told apart by the header. A cell may be empty; a decimal
    comma is read where cells are not parted by commas; "15 %" is 0.15.

    Parameters
    ----------
    path : str or Path
        The file; .xlsx needs the extra "excel".
    columns : mapping of str to {"id", "text", "number", "date"}
        Columns to read. An id must be there in each row and stand once.

    Returns
    -------
    pandas.DataFrame
        The columns and ``_line``; ids and texts as text, empty cells missing.

    Raises
    ------
    TableError
        If cells cannot be read; all faults are listed by line and column.
    ValueError
        If the file has no such column.
    """
    path = Path(path)
    header, rows, delimiter = _cells(path)
    at = {name: _column(path, header, name) for name in columns}
    faults = [
        f"{place(path, line)}: has {len(row)} cells where the header has {len(header)}. Close "
        "quotes, or delete what is too much."
        for line, row in rows
        if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :])
    ]
    found: dict[str, list[object]] = {LINE: [line for line, _ in rows]}
    for name, kind in columns.items():
        cells = [row[at[name]].strip() if at[name] < len(row) else "" for _, row in rows]
        values, wrong = _read(cells, kind, decimal="," if delimiter != "," else ".")
        faults += [f"{place(path, rows[i][0], name)}: {text}" for i, text in wrong]
        found[name] = values
    for name, kind in columns.items():
        if kind == "id":
            faults += _ids(path, name, found)
    if not rows:
        faults.append(f"{place(path)}: holds no row below its header. Add one row per pupil.")
    if faults:
        raise TableError(faults)
    return pd.DataFrame(found)


def _cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]], str]:
    """Return header, rows with their lines, and what parts the cells."""
    if path.suffix.lower() in _SHEETS:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "sheet.csv"
            why = sheet_as_csv(path, None, copy, Format())
            if why is not None:
                raise TableError([f"{path.name}: {why}"])
            text = copy.read_text(encoding="utf-8")
        delimiter = ","
    else:
        text = _decoded(path)
        first = text.split("\n", 1)[0]
        delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    header: list[str] = []
    rows = []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            header = [cell.strip() for cell in row]
        else:
            rows.append((reader.line_num, row))
    if not header:
        raise TableError([f"{path.name}: is empty. Its first line must name the columns."])
    return header, rows, delimiter


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    if b"\x00" in raw:
        raise TableError([f"{path.name}: is no text file. Save it as CSV (UTF-8) or as .xlsx."])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _column(path: Path, header: Sequence[str], name: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise TableError([f"{place(path, 1, name)}: stands twice in the header. Rename one."])
    near = difflib.get_close_matches(name, header, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    columns = hides_digits(", ".join(header))
    raise ValueError(f"{path.name} has no column {name!r}.{hint} Its columns: {columns}.")


def _read(
    cells: Sequence[str], kind: Kind, *, decimal: str
) -> tuple[list[object], list[tuple[int, str]]]:
    """Return the values of a column, and what is wrong with which."""
    values: list[object] = []
    wrong: list[tuple[int, str]] = []
    for i, cell in enumerate(cells):
        value: object = None
        if kind == "id" or cell.lower() not in _EMPTY:
            try:
                value = _value(cell, kind, decimal)
            except ValueError:
                what = "a number" if kind == "number" else "a date like 2025-09-01"
                wrong.append((i, f"is not {what}. Correct the cell, or leave it empty."))
        values.append(float("nan") if value is None and kind == "number" else value)
    return values, wrong


def _value(cell: str, kind: Kind, decimal: str) -> object:
    if kind in ("id", "text"):
        return cell or None
    if kind == "date":
        return pd.Timestamp(pd.to_datetime(cell, format="%Y-%m-%d"))
    text = cell.replace("\u2212", "-").replace("\u00a0", "").replace("\u202f", "")
    share = text.endswith("%")
    text = text.removesuffix("%").strip()
    if decimal == ",":
        text = text.replace(",", ".")
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError
    return number / 100 if share else number


def _ids(path: Path, name: str, found: Mapping[str, Sequence[object]]) -> list[str]:
    first: dict[object, object] = {}
    faults = []
    for line, key in zip(found[LINE], found[name], strict=True):
        where = place(path, int(str(line)), name)
        if key is None:
            faults.append(f"{where}: names no pupil. Give each row an id, or delete it.")
        elif key in first:
            faults.append(
                f"{where}: the pupil of line {first[key]} again. Keep one row per pupil, with one "
                "measurement before and one after."
            )
        else:
            first[key] = line
    return faults
