"""Find the files of an export, bring them into utf-8, and know the line of every row."""

from __future__ import annotations

import codecs
import contextlib
import csv
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from absence_risk.errors import Problem
from absence_risk.register.csv_lines import mixed_line_ends
from absence_risk.register.identity import hides_digits
from absence_risk.register.readers.json_files import json_as_csv
from absence_risk.register.readers.text import csv_head
from absence_risk.register.readers.written import ENCODINGS
from absence_risk.register.row_files import CSV_BUFFER, sql_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import duckdb
    import numpy as np
    import numpy.typing as npt

    from absence_risk.register.readers.mapping import FileSpec

__all__ = [
    "Lines",
    "OpenFile",
    "csv_sql",
    "find_files",
    "is_book",
    "open_csv",
    "open_json",
    "shown_name",
]

_CHUNK = 1 << 22
_EXCEL = (".xlsx", ".xlsm", ".xls", ".ods")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A file of an export, ready to be read as text.

    Parameters
    ----------
    path : Path
        The file in utf-8; the export's own, or a copy in a private folder.
    shown : str
        Name in messages.
    columns : tuple of str
        Header.
    delimiter : str
        Column separator.
    damaged : bool
        Whether it has characters that the declared encoding does not have.
    numbers : numpy.ndarray of int64 or None
        Line of each row where the file is a copy of JSON; None where rows are lines.
    broken : tuple of int
        Lines of JSON that are no object.
    """

    path: Path
    shown: str
    columns: tuple[str, ...]
    delimiter: str
    damaged: bool = False
    numbers: npt.NDArray[np.int64] | None = None
    broken: tuple[int, ...] = ()


@dataclass(slots=True)
class Lines:
    """The line in a file of each row that the engine read from it.

    Parameters
    ----------
    file : OpenFile
        The file.
    n_rows : int
        Number of rows read.
    reasons : dict of int to str
        Lines that could not be read, with the code of why.
    """

    file: OpenFile
    n_rows: int
    reasons: dict[int, str] = field(default_factory=dict)
    _starts: list[int] | None = field(default=None, init=False, repr=False)
    _regular: bool | None = field(default=None, init=False, repr=False)

    @property
    def rejected(self) -> list[int]:
        """Lines that could not be read, ascending."""
        return sorted(self.reasons)

    def of(self, rows: Iterable[int]) -> list[int]:
        """Return the line of rows, the header being line 1.

        Parameters
        ----------
        rows : iterable of int
            Numbers of rows, from 0.

        Returns
        -------
        list of int
            Lines. A record in quotes that spans several lines is at its first.
        """
        if self.file.numbers is not None:
            return [int(self.file.numbers[row]) for row in rows]
        if self._regular is None:
            self._regular = self._is_regular()
        if not self._regular:
            starts = self._starts = self._starts or self._scan()
            return [starts[row] if row < len(starts) else row + 2 for row in rows]
        gone = self.rejected
        return [_skipping(row + 2, gone) for row in rows]

    def _is_regular(self) -> bool:
        """Whether each line holds one record."""
        count, last = 0, b"\n"
        with self.file.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                count += chunk.count(b"\n")
                last = chunk[-1:]
        lines = count + (last != b"\n")
        return lines == self.n_rows + len(self.rejected) + 1

    def _scan(self) -> list[int]:
        gone, starts, before = set(self.rejected), [], 0
        with self.file.path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            reader = csv.reader(text, delimiter=self.file.delimiter)
            with contextlib.suppress(csv.Error):  # a vast value: later rows are counted as lines
                for record in reader:
                    start, before = before + 1, reader.line_num
                    if record and start > 1 and start not in gone:
                        starts.append(start)
        return starts


def _skipping(line: int, gone: Sequence[int]) -> int:
    """Move a line down by the lines before it that were not read."""
    if not gone:
        return line
    low = line
    while True:
        moved = line + bisect_right(gone, low)
        if moved == low:
            return low
        low = moved


def shown_name(path: Path, root: Path) -> str:
    """Return the name of a file in messages.

    Parameters
    ----------
    path : Path
        The file.
    root : Path
        The export.

    Returns
    -------
    str
        Relative name without long runs of digits.
    """
    name = path.name if path == root else path.relative_to(root).as_posix()
    return hides_digits(name)


def find_files(root: Path, spec: FileSpec) -> list[Path]:
    """Return the files that an entry of a mapping means.

    Parameters
    ----------
    root : Path
        The export: a folder, or its only file.
    spec : FileSpec
        The entry.

    Returns
    -------
    list of Path
        In the order of their names.
    """
    if root.is_file():
        return [root]
    return sorted(path for path in root.glob(spec.path) if path.is_file())


def is_book(path: Path) -> bool:
    """Return whether a file is a spreadsheet.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its ending.
    """
    return path.suffix.lower() in _EXCEL


def open_csv(
    path: Path, root: Path, spec: FileSpec, private: Path, table: str
) -> OpenFile | Problem:
    """Bring a file into utf-8 and read its header.

    Parameters
    ----------
    path : Path
        The file.
    root : Path
        The export.
    spec : FileSpec
        How it is written.
    private : Path
        Folder for a copy, deleted when the conversion ends.
    table : str
        Table for messages.

    Returns
    -------
    OpenFile or Problem
        The file, or why it cannot be read.
    """
    shown = shown_name(path, root)
    if path.stat().st_size == 0:
        return _problem("E004", table, shown, "The file is empty.", "Export it again.")
    delimiter, damaged = spec.format.delimiter, False
    if is_book(path):
        from absence_risk.register.readers.excel import sheet_as_csv  # noqa: PLC0415

        book, path, delimiter = path, _copy_name(private), ","
        reason = sheet_as_csv(book, spec.sheet, path, spec.format)
        if reason is not None:
            return _problem("E005", table, shown, reason, "Name the sheet, or save it again.")
    else:
        encoding = ENCODINGS[spec.format.encoding]
        reason = _wrong_encoding(path, encoding)
        if reason is not None:
            return _encoding(table, shown, reason)
        if encoding != "utf-8":
            target = _copy_name(private)
            damaged = _transcode(path, encoding, target)
            path = target
        if mixed_line_ends(path):
            path = _with_one_line_end(path, _copy_name(private))
    head = csv_head(path)
    if head is None:
        return _encoding(table, shown, "has no header in the declared encoding")
    delimiter = delimiter or head.delimiter
    columns = _header(path, delimiter)
    double = sorted({name for name in columns if columns.count(name) > 1})
    if double:
        message = f"{len(double)} column names occur more than once."
        return _problem("E102", table, shown, message, "Keep one of the columns.")
    return OpenFile(path=path, shown=shown, columns=columns, delimiter=delimiter, damaged=damaged)


def open_json(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    root: Path,
    spec: FileSpec,
    *,
    private: Path,
    columns: Sequence[str],
    table: str,
) -> OpenFile | Problem:
    """Bring the wanted values of a JSON file into rows of text.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Connection of the engine.
    path : Path
        The file.
    root : Path
        The export.
    spec : FileSpec
        Which list of the objects has the rows.
    private : Path
        Folder for a copy, deleted when the conversion ends.
    columns : sequence of str
        Paths of the values.
    table : str
        Table for messages.

    Returns
    -------
    OpenFile or Problem
        The file, or why it cannot be read.
    """
    shown = shown_name(path, root)
    if path.stat().st_size == 0:
        return _problem("E004", table, shown, "The file is empty.", "Export it again.")
    target = _copy_name(private)
    found = json_as_csv(connection, path, target, columns, spec.each)
    if found is None:
        return _problem("E005", table, shown, "The file is not JSON.", "Export it again.")
    return OpenFile(
        path=target,
        shown=shown,
        columns=tuple(columns),
        delimiter=",",
        damaged=found.damaged,
        numbers=found.numbers,
        broken=found.broken,
    )


def csv_sql(file: OpenFile) -> str:
    """Return SQL that reads a file as text and sets broken lines aside.

    Parameters
    ----------
    file : OpenFile
        The file.

    Returns
    -------
    str
        A table function.
    """
    columns = ", ".join(f"{sql_text(name)}: 'VARCHAR'" for name in file.columns)
    return (
        f"read_csv({sql_text(str(file.path))}, auto_detect = false, header = true, "
        f"columns = {{{columns}}}, delim = {sql_text(file.delimiter)}, quote = '\"', "
        f"escape = '\"', nullstr = '', buffer_size = {CSV_BUFFER}, "
        "store_rejects = true, strict_mode = true)"
    )


def _problem(code: str, table: str, shown: str, message: str, fix: str) -> Problem:
    return Problem(code=code, table=table, file=shown, message=message, fix=fix)


def _encoding(table: str, shown: str, what: str) -> Problem:
    message = f"The file {what}."
    return _problem("E111", table, shown, message, "Declare its encoding in the mapping.")


def _copy_name(private: Path) -> Path:
    return private / f"{sum(1 for _ in private.iterdir())}.txt"


def _header(path: Path, delimiter: str) -> tuple[str, ...]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        try:
            names = next(csv.reader(text, delimiter=delimiter), [])
        except csv.Error:  # a quote without end: the rest of the file would be one name
            text.seek(0)
            names = text.readline(_CHUNK).strip().split(delimiter)
    return tuple(name.strip() or f"column {number + 1}" for number, name in enumerate(names))


def _wrong_encoding(path: Path, encoding: str) -> str | None:
    """Tell a file that is utf-8 or utf-16 although another encoding was declared."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    is_wide = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if encoding == "utf-16":
        return None if is_wide or b"\0" in head[:1000] else "is not utf-16"
    if is_wide or b"\0" in head:
        return "looks like utf-16, or is no text"
    if encoding == "utf-8" or head.isascii():
        return None
    try:
        # A cut character at the end of the piece does not count.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    return f"is utf-8, not {encoding}"


def _with_one_line_end(path: Path, target: Path) -> Path:
    """Copy a file so that every line ends in a line feed; no line moves."""
    with path.open("rb") as source, target.open("wb") as copy:
        for line in source:
            copy.write(line[:-2] + b"\n" if line.endswith(b"\r\n") else line)
    return target


def _transcode(path: Path, encoding: str, target: Path) -> bool:
    """Copy a file into utf-8; return whether characters had to become U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    damaged = False
    with path.open("rb") as source, target.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            text = decoder.decode(chunk)
            damaged = damaged or "\ufffd" in text
            copy.write(text.encode("utf-8"))
        copy.write(decoder.decode(b"", final=True).encode("utf-8"))
    return damaged
