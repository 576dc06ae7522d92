"""Look at a file that nobody has described: encoding, separator, and what its columns hold."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.register.identity import hides_digits, looks_like_identity, names_identity
from absence_risk.register.readers.header_words import NO_WORDS, YES_WORDS
from absence_risk.register.readers.sources import is_book
from absence_risk.register.readers.written import sql_form

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Column", "Sniffed", "sniff"]

_HEAD = 4_000_000
_MOST_WORDS = 25
_LONGEST_WORD = 40
_LEAST_OFTEN = 2
_DATE_FORMS = (
    "yyyy-mm-dd",
    "dd.mm.yyyy",
    "dd-mm-yyyy",
    "dd/mm/yyyy",
    "mm/dd/yyyy",
    "yyyy/mm/dd",
    "yyyymmdd",
    "dd.mm.yy",
)
_TIMES = ("", " HH:MM", " HH:MM:SS", "THH:MM:SS", "THH:MM")
_NUMBER = re.compile(r"-?\d{1,3}(?:[  .,]?\d{3})*(?:[.,]\d+)?\Z|-?\d+(?:[.,]\d+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column holds.

    Parameters
    ----------
    name : str
        Header.
    filled : int
        Number of cells with something in them, of those looked at.
    dates : tuple of str
        Forms that all cells fit; two where the order of day and month is open.
    decimal : str or None
        Decimal sign of numbers; None if the column holds none with decimals.
    is_number : bool
        Whether all cells are numbers.
    middle : float or None
        Median of numbers.
    words : tuple of str
        Words that occur at least twice, the most frequent first, if the column is a short list of
        them; never of identifiers or free text.
    hidden_words : int
        Number of further words, which occur once.
    """

    name: str
    filled: int
    dates: tuple[str, ...] = ()
    decimal: str | None = None
    is_number: bool = False
    middle: float | None = None
    words: tuple[str, ...] = ()
    hidden_words: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sniffed:
    """What a file looks like.

    Parameters
    ----------
    path : str
        Path relative to the export.
    encoding : str
        Encoding.
    delimiter : str
        Column separator.
    columns : tuple of Column
        Its columns.
    cut : bool
        Whether only the beginning was looked at.
    totals : dict of str to tuple of str
        Words of a total, by column.
    days : tuple of str
        First and last date by half of a calendar year, of the first column of dates.
    """

    path: str
    encoding: str
    delimiter: str
    columns: tuple[Column, ...]
    cut: bool
    totals: dict[str, tuple[str, ...]]
    days: tuple[str, ...] = ()


def sniff(path: Path, shown: str, summary_words: Sequence[str]) -> Sniffed | None:
    """Look at a file.

    Parameters
    ----------
    path : Path
        The file.
    shown : str
        Path relative to the export.
    summary_words : sequence of str
        Words that mark a line of totals, in lower case.

    Returns
    -------
    Sniffed or None
        None if it holds no table.
    """
    text: str | None
    delimiter: str | None
    if is_book(path):
        text, encoding, delimiter, cut = _book(path), "utf-8", ",", False
    else:
        raw, cut = _ends(path)
        encoding = _encoding(raw)
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
        delimiter = _delimiter(text)
    if text is None or delimiter is None:
        return None
    rows = list(_records(text, delimiter))
    if len(rows) < 2:
        return None
    header = [name.strip() for name in rows[0]]
    body = [row for row in rows[1:] if len(row) == len(header)]
    totals: dict[str, tuple[str, ...]] = {}
    columns = []
    for at, name in enumerate(header):
        cells = [row[at].strip() for row in body if row[at].strip()]
        marks = sorted({cell for cell in cells if cell.lower() in summary_words})
        if marks:
            totals[name] = tuple(marks)
        columns.append((name, at, cells))
    sums = {at for name, at, _ in columns if name in totals}
    kept = [row for row in body if not any(row[at].strip().lower() in summary_words for at in sums)]
    found = tuple(_column(name, [row[at].strip() for row in kept]) for name, at, _ in columns)
    dated = next((at for at, one in enumerate(found) if len(one.dates) == 1), None)
    days = () if dated is None else _days({row[dated] for row in kept}, found[dated].dates[0])
    return Sniffed(
        path=shown,
        encoding=encoding,
        delimiter=delimiter,
        columns=found,
        cut=cut,
        totals=totals,
        days=days,
    )


def _days(cells: set[str], form: str) -> tuple[str, ...]:
    """Return the first and the last date of each half of a calendar year."""
    import datetime as dt  # noqa: PLC0415

    halves: dict[tuple[int, bool], list[str]] = {}
    for cell in cells:
        try:
            day = dt.datetime.strptime(cell.strip(), sql_form(form) or "").date()
        except ValueError:
            continue
        halves.setdefault((day.year, day.month >= 7), []).append(day.isoformat())
    return tuple(sorted(edge for days in halves.values() for edge in (min(days), max(days))))


def _ends(path: Path) -> tuple[bytes, bool]:
    """Return the beginning of a file and its end, where totals stand."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if size <= _HEAD:
            return head, False
        head = head[: head.rfind(b"\n") + 1]
        file.seek(max(len(head), size - _HEAD // 10))
        tail = file.read()
    is_wide = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return (head if is_wide else head + tail[tail.find(b"\n") + 1 :]), True


def _book(path: Path) -> str | None:
    import tempfile  # noqa: PLC0415
    from pathlib import Path as Place  # noqa: PLC0415

    from absence_risk.register.readers.excel import sheet_as_csv  # noqa: PLC0415
    from absence_risk.register.readers.mapping import Format  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="absence_risk_") as private:
        target = Place(private) / "sheet.csv"
        if sheet_as_csv(path, None, target, Format()) is not None:
            return None
        return target.read_text(encoding="utf-8")


def _encoding(raw: bytes) -> str:
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str | None:
    """Return the separator that most lines have as often as the header has it."""
    lines = text.splitlines()[:200]
    if not lines:
        return None
    best, most = None, 0
    for sign in (";", "\t", ",", "|"):
        count = lines[0].count(sign)
        same = sum(line.count(sign) == count for line in lines)
        if count and same * (count + 1) > most:
            best, most = sign, same * (count + 1)
    return best or ","


def _records(text: str, delimiter: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
    except csv.Error:
        return rows
    return rows


def _column(name: str, cells: list[str]) -> Column:
    cells = [cell for cell in cells if cell]
    counts = Counter(cells)
    if not counts:
        return Column(name=name, filled=0)
    dates = _dates(list(counts))
    numbers = [cell for cell in counts if _NUMBER.match(cell)]
    is_number = not dates and len(numbers) >= 0.98 * len(counts)
    decimal = middle = None
    if is_number:
        commas = sum("," in cell for cell in numbers)
        points = sum("." in cell for cell in numbers)
        decimal = None if commas == points == 0 else "," if commas >= points else "."
        middle = _middle(counts, decimal or ".")
    words, hidden = ((), 0) if dates or _is_private(name, counts) else _words(counts)
    return Column(
        name=name,
        filled=len(cells),
        dates=dates,
        decimal=decimal,
        is_number=is_number,
        middle=middle,
        words=words,
        hidden_words=hidden,
    )


def _middle(counts: Counter[str], decimal: str) -> float | None:
    values = []
    for cell, count in counts.items():
        plain = cell.replace(" ", "").replace("\u00a0", "")
        if decimal == ",":
            plain = plain.replace(".", "").replace(",", ".")
        try:
            values += [float(plain)] * min(count, 1000)
        except ValueError:
            continue
    return sorted(values)[len(values) // 2] if values else None


def _is_private(name: str, counts: Counter[str]) -> bool:
    return names_identity(name) or looks_like_identity(list(counts))


def _words(counts: Counter[str]) -> tuple[tuple[str, ...], int]:
    """Return the words of a short list; a word that stands once may be anything, and stays out."""
    often = [
        word
        for word, count in counts.most_common()
        if count >= _LEAST_OFTEN or word.lower() in (*YES_WORDS, *NO_WORDS)
    ]
    total = sum(counts.values())
    short = len(counts) <= _MOST_WORDS and len(counts) <= max(3, total / 3)
    if not short or any(len(word) > _LONGEST_WORD for word in often):
        return (), len(counts)
    safe = [w for w in often if "@" not in w and hides_digits(w) == w and "\ufffd" not in w]
    return tuple(safe), len(counts) - len(safe)


def _dates(cells: list[str]) -> tuple[str, ...]:
    sample = cells[:3000]
    if not all(cell[:1].isdigit() for cell in sample[:20]):
        return ()
    found = [
        date + time
        for date in _DATE_FORMS
        for time in _TIMES
        if _fits(sample[:100], date + time) and _fits(sample, date + time)
    ]
    if "yyyymmdd" in found and not all(len(cell) == 8 for cell in sample):
        found.remove("yyyymmdd")
    return tuple(found)


def _fits(cells: list[str], form: str) -> bool:
    """Whether nearly all cells are dates of a form."""
    import datetime as dt  # noqa: PLC0415

    pattern, good = sql_form(form) or "", 0
    for cell in cells:
        try:
            dt.datetime.strptime(cell, pattern)
        except ValueError:
            continue
        good += 1
    return good >= max(1, 0.95 * len(cells))
