"""How the lines of a CSV file end, and where a record stands: quoted breaks and blanks move it."""

from __future__ import annotations

import csv
import mmap
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import numpy.typing as npt

    from absence_risk.register.row_files import RowFile

__all__ = ["CsvLines", "mixed_line_ends"]

_LONGEST = 2**27
_BLOCK = 2**24


def mixed_line_ends(path: Path) -> bool:
    """Return whether some lines end in carriage return and line feed, and others in line feed.

    Files joined from two systems are like that. The engine cannot read them strictly, and reading
    them leniently would drop surplus columns in silence. Breaks inside quotes do not count.

    Parameters
    ----------
    path : Path
        The file, in an encoding that extends ASCII.

    Returns
    -------
    bool
        True if both endings occur.
    """
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if view.find(b"\r") < 0:
            return False
        both, feeds, is_quoted, at = 0, 0, False, 0
        while at < len(view):
            block = view[at : at + _BLOCK]
            at += len(block)
            if block.endswith(b"\r"):
                block += view[at : at + 1]
                at += 1
            for piece in block.split(b'"'):
                if not is_quoted:
                    both += piece.count(b"\r\n")
                    feeds += piece.count(b"\n")
                is_quoted = not is_quoted
            is_quoted = not is_quoted  # between two blocks stands no quote
        return 0 < both < feeds


class CsvLines:
    """Lines of the records of one CSV file, the header being line 1.

    Where the file has one line per record, which a count of its line breaks tells, a line is
    found by arithmetic; otherwise the file is read once more.

    Parameters
    ----------
    file : RowFile
        The file.
    n_rows : int
        Records that were read.
    rejected : collection of int
        Numbers of records that were set aside: the header is 1, blank lines count.
    """

    def __init__(self, file: RowFile, n_rows: int, rejected: Collection[int]) -> None:
        self._file = file
        self._n_rows = n_rows
        self._rejected = np.array(sorted(rejected), dtype=np.int64)

    def of_row(self, row_no: int) -> int:
        """Return the line of a record that was read.

        Parameters
        ----------
        row_no : int
            Its number among those, from 1.

        Returns
        -------
        int
            First line of the record.
        """
        if self._starts is not None:
            record = np.delete(np.arange(len(self._starts)), self._rejected - 1)
            kept = record[(record > 0) & (self._starts[record] > 0)]
            return int(self._starts[kept[row_no - 1]]) if row_no <= len(kept) else row_no + 1
        line = row_no + 1
        for rejected in self._rejected:
            line += bool(rejected <= line)
        return line

    def of_record(self, record_no: int) -> int:
        """Return the line of any record.

        Parameters
        ----------
        record_no : int
            Its number; the header is 1, blank lines count.

        Returns
        -------
        int
            First line of the record.
        """
        if self._starts is not None and record_no <= len(self._starts):
            return abs(int(self._starts[record_no - 1]))
        return record_no

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64] | None:
        """First line of each record, negative for a blank one; None for one line per record."""
        if _n_lines(self._file) == 1 + self._n_rows + len(self._rejected):
            return None
        starts, before = [], 0
        previous = csv.field_size_limit(_LONGEST)
        try:
            with self._file.path.open(encoding="utf-8", errors="replace", newline="") as text:
                reader = csv.reader(text, delimiter=self._file.delimiter)
                for row in reader:
                    starts.append(before + 1 if row else -before - 1)
                    before = reader.line_num
        except csv.Error:
            return None
        finally:
            csv.field_size_limit(previous)
        return np.array(starts, dtype=np.int64)


def _n_lines(file: RowFile) -> int:
    with file.path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as view:
        breaks, at = 0, 0
        while at < len(view):
            block = view[at : at + _BLOCK]
            breaks += block.count(b"\n")
            at += len(block)
        return breaks + (view[len(view) - 1 :] != b"\n")
