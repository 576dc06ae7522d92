"""Read a small CSV table as text, with the line of every row."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

__all__ = ["CsvHead", "csv_frame", "csv_head"]

_DELIMITERS = (";", ",", "\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvHead:
    """Header of a CSV file.

    Parameters
    ----------
    columns : tuple of str
        Column names, in the order of the file.
    delimiter : str
        Column separator: semicolon, comma or tab, whichever the header has most of.
    """

    columns: tuple[str, ...]
    delimiter: str


def csv_head(path: Path) -> CsvHead | None:
    """Read the header of a CSV file.

    Parameters
    ----------
    path : Path
        The file, utf-8 with or without byte-order mark.

    Returns
    -------
    CsvHead or None
        None if there is no header line, or it is not utf-8 or not CSV.
    """
    with path.open("rb") as file:
        first = file.readline(1_000_000)
    try:
        text = first.removeprefix(codecs.BOM_UTF8).decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        return None
    if not text.strip() or "\0" in text:
        return None
    delimiter = max(_DELIMITERS, key=text.count) if any(d in text for d in _DELIMITERS) else ","
    try:
        columns = next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return None
    return CsvHead(columns=tuple(name.strip() for name in columns), delimiter=delimiter)


def csv_frame(
    path: Path, head: CsvHead, table: str, shown: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a CSV table as text.

    Parameters
    ----------
    path : Path
        The file.
    head : CsvHead
        Its header.
    table, shown : str
        Table name and file name for problems.

    Returns
    -------
    tuple of pandas.DataFrame and list of Problem
        The rows as text, empty cells missing, the index being the line in the file; and what was
        wrong with lines. Lines with a wrong number of columns are left out and counted.
    """
    import pandas as pd  # noqa: PLC0415

    text, problems = _decoded(path, table, shown)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=head.delimiter)
    next(_records(reader), None)  # a quote in the header may make it a vast record
    lines, rows, broken = [], [], []
    before = reader.line_num
    for row in _records(reader):
        line, before = before + 1, reader.line_num
        if row is None:
            broken.append(max(line, 2))
        elif len(row) == len(head.columns):
            lines.append(line)
            rows.append([value or None for value in row])
        elif row:
            broken.append(line)
    if broken:
        problems.append(
            Problem(
                code="E105",
                table=table,
                file=shown,
                line=broken[0],
                n_rows=len(broken),
                message=f"The header has {len(head.columns)} columns, these lines have not.",
                fix="Look for a separator inside a value that is not in quotes.",
            )
        )
    index = pd.Index(lines, dtype="int64")
    return pd.DataFrame(rows, index=index, columns=list(head.columns), dtype=object), problems


def _records(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """Yield records; None for one that is no CSV, such as a value of over 100,000 characters."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = None
        yield row


def _decoded(path: Path, table: str, shown: str) -> tuple[str, list[Problem]]:
    raw = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    problem = Problem(
        code="E111",
        table=table,
        file=shown,
        line=line,
        message="The text is not utf-8.",
        fix="Save the file as utf-8 (in a spreadsheet: CSV UTF-8).",
    )
    return raw.decode("utf-8", errors="replace"), [problem]
