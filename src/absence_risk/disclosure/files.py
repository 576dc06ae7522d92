"""The last look at files before they are handed over: no pupil key, no small count.

The gate reads what was written and not what was meant to be written, so that a fault in any room
before it is found.
"""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.disclosure.cells import COUNTS, is_small
from absence_risk.disclosure.notes import SINGLE_PUPILS
from absence_risk.errors import DisclosureError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["SMALLEST_KEY", "gate", "named", "scan"]

SMALLEST_KEY = 2**28
"""Pupil, case and survey keys are at least this large, so that no count looks like one."""

_REFUSED = "Nothing was handed over, because {count} place(s) would tell of single pupils:\n{list}"

# A whole number of nine or ten digits, also written as a float or in groups of three; not the
# decimals of another number.
_PLAIN = re.compile(r"(?<!\d)(?<!\d\.)(\d{9,10})(?:\.0+)?(?!\d)(?!\.\d)")
_GROUPED = re.compile(r"(?<!\d)(\d{1,3}(?:[ ,.'\u00a0\u2009\u202f]\d{3}){2,3})(?!\d)")
_WORD = re.compile(r"[\w-]+")
_LETTERS, _DIGITS = 4, 6
_HEX = re.compile(r"0[xX]([0-9a-fA-F]{8})(?![0-9a-fA-F])")
_CELL = re.compile(r'data-count="([^"]+)"[^>]*>\s*([\d\s.,]+?)\s*<')
_DRAWN = re.compile(
    r'id="[^"]*count-([a-z_]+)-[^"]*"[^>]*>\s*(?:<!--.*?-->\s*)?<text[^>]*>\s*(?:<tspan[^>]*>)?'
    r"\s*([\d\s.,]+?)\s*<",
    re.DOTALL,
)
_SINGLE = re.compile(rf'id="[^"]*{SINGLE_PUPILS}[^"]*"')


def scan(paths: Iterable[str | Path], keys: Iterable[int], minimum: int = 5) -> list[str]:
    r"""Return everything in the files that must not leave the house.

    Reported are

    - any pupil, case or survey key, written in decimal (also as a float or with thousands
      separators) or hexadecimal, anywhere in any file, SVG text included;
    - any count between 1 and ``minimum`` − 1: columns n, n_events and n_at_risk of a CSV file,
      fields of these names anywhere in a JSON file (so also the flow), and the counts that pages
      and figures of this package mark as such;
    - any figure of this package that draws single pupils.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, or folders that are searched with all that is in them.
    keys : iterable of int
        Keys that must not appear; those below ``2**28`` are ignored, since counts look alike.
    minimum : int
        Smallest count that may be shown, at least 1.

    Returns
    -------
    list of str
        One line per finding: file, place, what it is. Never the key itself. Empty if all is well.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If ``minimum`` is not a whole number of at least 1.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = Path(folder.name, "tables.csv")
    >>> _ = file.write_text("term,n\nhalved,3\n")
    >>> scan([file], keys=[300_000_001])
    ['tables.csv, line 2: n between 1 and 4']
    >>> folder.cleanup()
    """
    minimum = check.positive_int(minimum, "minimum")
    forbidden = {int(key) for key in keys if int(key) >= SMALLEST_KEY}
    found: list[str] = []
    for name, path in _files(paths):
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{name}, {place}: a pupil key" for place in _key_places(text, forbidden)]
        counts = _COUNTERS.get(path.suffix.lower())
        if path.suffix.lower() in _DRAWINGS and _SINGLE.search(text):
            found.append(f"{name}: a figure that draws single pupils")
        if counts is not None and minimum > 1:
            limit = f"between 1 and {minimum - 1}"
            found += [f"{name}, {place} {limit}" for place in counts(text, minimum)]
    return found


def gate(
    paths: str | Path | Iterable[str | Path],
    keys: Iterable[int],
    minimum: int = 5,
    *,
    names: Iterable[str] = (),
) -> None:
    """Refuse files that hold a pupil's key or a small count.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files or folders about to be handed over.
    keys : iterable of int
        Keys that must not appear.
    minimum : int
        Smallest count that may be shown, at least 1.
    names : iterable of str
        Texts that name pupils, as in `named`.

    Raises
    ------
    DisclosureError
        If `scan` or `named` finds anything; the message lists the places, never the keys.

    Examples
    --------
    >>> gate([], keys=[])
    """
    where = [paths] if isinstance(paths, str | Path) else list(paths)
    found = [*scan(where, keys, minimum), *named(where, names)]
    if found:
        raise DisclosureError(
            _REFUSED.format(count=len(found), list="\n".join(f"  {line}" for line in found))
        )


def named(paths: Iterable[str | Path], names: Iterable[str]) -> list[str]:
    """Return the places where a text that names a pupil stands in the files.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, or folders that are searched with all that is in them.
    names : iterable of str
        Texts as they stand in a column of ids. Those of fewer than four characters, and numbers
        of fewer than six digits, are ignored: figures look alike.

    Returns
    -------
    list of str
        One line per place: file and line, never the name.

    Examples
    --------
    >>> named([], ["Anna Berg"])
    []
    """
    wanted = {name for name in names if _tells(name)}
    whole = {name for name in wanted if _WORD.fullmatch(name)}
    found = []
    for name, path in _files(paths) if wanted else ():
        text = path.read_bytes().decode("utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            plain = html.unescape(line) if "&" in line else line
            here = any(word in whole for word in _WORD.findall(plain))
            if here or any(word in plain for word in wanted - whole):
                found.append(f"{name}, line {number}: the name of a pupil")
    return found


def _tells(name: str) -> bool:
    return len(name) >= _DIGITS or (len(name) >= _LETTERS and not name.isdigit())


def _files(paths: Iterable[str | Path]) -> Iterator[tuple[str, Path]]:
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist, so it cannot be checked.")
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            yield from ((p.relative_to(path).as_posix(), p) for p in inside)
        else:
            yield path.name, path


def _key_places(text: str, forbidden: set[int]) -> list[str]:
    if not forbidden:
        return []
    places = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = html.unescape(line) if "&" in line else line
        if any(value in forbidden for value in _numbers(plain)):
            places.append(f"line {number}")
    return places


def _numbers(line: str) -> Iterator[int]:
    for match in _PLAIN.finditer(line):
        yield int(match.group(1))
    for match in _GROUPED.finditer(line):
        yield int(re.sub(r"\D", "", match.group(1)))
    for match in _HEX.finditer(line):
        yield int(match.group(1), 16)


def _csv_counts(text: str, minimum: int) -> Iterator[str]:
    reader = csv.reader(text.lstrip("\ufeff").splitlines())
    header = [name.strip().lower() for name in next(reader, [])]
    columns = [(i, name) for i, name in enumerate(header) if name in COUNTS]
    for row in reader:
        for index, name in columns:
            if index < len(row) and is_small(_number(row[index]), minimum):
                yield f"line {reader.line_num}: {name}"


def _json_counts(text: str, minimum: int) -> Iterator[str]:
    yield from _walk(json.loads(text), "", minimum)


def _walk(value: Any, place: str, minimum: int) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            here = f"{place}.{name}" if place else str(name)
            if name in COUNTS and _is_number(item) and is_small(item, minimum):
                yield here
            yield from _walk(item, here, minimum)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{place}[{index}]", minimum)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _marked_counts(text: str, minimum: int) -> Iterator[str]:
    for pattern in (_CELL, _DRAWN):
        for match in pattern.finditer(text):
            if is_small(_number(re.sub(r"\s", "", match.group(2))), minimum):
                line = text.count("\n", 0, match.start()) + 1
                yield f"line {line}: {match.group(1)}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_DRAWINGS = frozenset({".html", ".svg"})
_COUNTERS: dict[str, Callable[[str, int], Iterator[str]]] = {
    ".csv": _csv_counts,
    ".json": _json_counts,
    ".html": _marked_counts,
    ".svg": _marked_counts,
}
