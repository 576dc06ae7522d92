"""Made-up identifiers of four countries, and a search for them in everything a program shows.

Numbers are made here, in memory, by the public rules, and are never stored.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import traceback
import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HETU_MARKS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
SECRET = "Hemligsson"
WINDOW = 9


def _date(rng: np.random.Generator) -> tuple[str, str, str]:
    # Years 1941 to 1999: no date or number of these tests looks like one.
    return f"{rng.integers(41, 100)}", f"{rng.integers(1, 13):02d}", f"{rng.integers(1, 29):02d}"


def swedish(rng: np.random.Generator) -> str:
    year, month, day = _date(rng)
    if rng.random() < 0.2:
        day = str(int(day) + 60)
    nine = f"{year}{month}{day}{rng.integers(0, 1000):03d}"
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(nine))
    ten = nine + str(-total % 10)
    forms = (ten, f"{ten[:6]}-{ten[6:]}", f"{ten[:6]}+{ten[6:]}", f"19{ten}")
    return (*forms, f"19{ten[:6]}-{ten[6:]}")[rng.integers(0, 5)]


def danish(rng: np.random.Generator) -> str:
    year, month, day = _date(rng)
    sep = "-" if rng.random() < 0.7 else ""
    return f"{day}{month}{year}{sep}{rng.integers(0, 10000):04d}"


def finnish(rng: np.random.Generator) -> str:
    year, month, day = _date(rng)
    serial = f"{rng.integers(2, 900):03d}"
    mark = HETU_MARKS[int(day + month + year + serial) % 31]
    return f"{day}{month}{year}{'-YXWVUABCDEF+'[rng.integers(0, 13)]}{serial}{mark}"


def norwegian(rng: np.random.Generator) -> str:
    first, second = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    while True:
        year, month, day = _date(rng)
        if rng.random() < 0.2:
            day = str(int(day) + 40)
        nine = f"{day}{month}{year}{rng.integers(0, 1000):03d}"
        one = -sum(w * int(d) for w, d in zip(first, nine, strict=True)) % 11
        two = -sum(w * int(d) for w, d in zip(second, f"{nine}{one}", strict=False)) % 11
        if one < 10 and two < 10:
            return f"{nine}{one}{two}"


COUNTRIES: dict[str, Callable[[np.random.Generator], str]] = {
    "swedish": swedish,
    "danish": danish,
    "finnish": finnish,
    "norwegian": norwegian,
}


def identifiers(n: int, seed: int = 1) -> list[str]:
    """Return n different identifiers, a quarter of each country, mixed."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    for make in COUNTRIES.values():
        target = len(found) + n // 4
        while len(found) < target:
            found[make(rng)] = None
    return [list(found)[i] for i in rng.permutation(len(found))]


def _bare(text: str) -> str:
    return re.sub(r"[-+\s_]", "", text).upper()


class Scan:
    """Looks for nine characters in a row of any identifier, separators aside, and for a name."""

    def __init__(self, planted: Iterable[str]) -> None:
        self.parts: set[str] = set()
        for identifier in planted:
            bare = _bare(identifier)
            # The century, and a leading zero that a number loses, do not hide anything.
            core = bare[2:] if len(bare) == 12 else bare
            self.parts |= {core[at : at + WINDOW] for at in range(len(core) - WINDOW + 1)}

    def found(self, text: str) -> list[str]:
        bare = _bare(text)
        windows = {bare[at : at + WINDOW] for at in range(len(bare) - WINDOW + 1)}
        hits = sorted(windows & self.parts)
        return [*hits, SECRET] if SECRET.upper() in bare else hits


def chain(error: BaseException) -> Iterable[BaseException]:
    """Yield an error and everything that hangs on it."""
    todo, seen = [error], set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [e for e in (one.__cause__, one.__context__) if e is not None]
        todo += list(getattr(one, "exceptions", ()))


def told(error: BaseException) -> str:
    """Return all text of an error: messages, arguments, tracebacks, hidden contexts too."""
    parts = []
    for one in chain(error):
        parts += [str(one), repr(one), repr(one.args), *getattr(one, "__notes__", ())]
        parts += [repr(value) for value in vars(one).values()]
        parts += traceback.format_exception(one)
    return "\n".join(parts)


class Exposed:
    """What a piece of work shows: its answers, output, log records, warnings and error."""

    def __init__(self, work: Callable[[], Iterable[object]]) -> None:
        self.error: BaseException | None = None
        out, records = io.StringIO(), _Records()
        root = logging.getLogger()
        level = root.level
        root.addHandler(records)
        root.setLevel(logging.DEBUG)
        shown: list[object] = []
        try:
            with (
                warnings.catch_warnings(record=True) as caught,
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(out),
            ):
                warnings.simplefilter("always")
                try:
                    # One by one: what was shown before an error counts.
                    for one in work():
                        shown.append(one)
                except Exception as error:
                    self.error = error
        finally:
            root.removeHandler(records)
            root.setLevel(level)
        parts = [out.getvalue(), *records.lines, *(str(w.message) for w in caught)]
        parts += [str(one) for one in shown]
        self.answers = [str(one) for one in shown]
        self.text = "\n".join(parts) + ("" if self.error is None else told(self.error))


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [record.getMessage(), repr(record.args)]
        if record.exc_info and record.exc_info[1]:
            self.lines.append(told(record.exc_info[1]))


def spoiled(raw: bytes, ops: list[tuple[str, float, bytes]]) -> bytes:
    """Damage a file: cut, bytes put in, lines joined or doubled, other encodings, long lines."""
    for kind, share, junk in ops:
        at = int(share * len(raw))
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end
        start = raw.rfind(b"\n", 0, at) + 1
        line = raw[start:end]
        raw = {
            "cut": lambda raw=raw, at=at: raw[: max(at, 1)],
            "behead": lambda raw=raw, at=at: raw[at:],
            "junk": lambda raw=raw, at=at, junk=junk: raw[:at] + junk + raw[at:],
            "nul": lambda raw=raw, at=at: raw[:at] + b"\0" + raw[at:],
            "quote": lambda raw=raw, at=at: raw[:at] + b'"' + raw[at:],
            "join": lambda raw=raw, end=end: raw[:end] + raw[end + 1 :],
            "double": lambda raw=raw, end=end, line=line: raw[:end] + b"\n" + line + raw[end:],
            "long": lambda raw=raw, at=at, line=line: raw[:at] + line * 300 + raw[at:],
            "vast": lambda raw=raw, at=at, line=line: (
                raw[:at] + line[:20] + b"x" * 3_000_000 + raw[at:]
            ),
            "delimiter": lambda raw=raw, start=start, end=end, line=line: (
                raw[:start] + line.replace(b";", b"\t").replace(b",", b";") + raw[end:]
            ),
            "utf16": lambda raw=raw: raw.decode("utf-8", "replace").encode("utf-16"),
            "latin": lambda raw=raw: raw.decode("utf-8", "replace").encode("latin-1", "replace"),
            "bom": lambda raw=raw: b"\xef\xbb\xbf" + raw,
            "mac": lambda raw=raw: raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
        }[kind]()
    return raw


KINDS = (
    "cut",
    "behead",
    "junk",
    "nul",
    "quote",
    "join",
    "double",
    "long",
    "vast",
    "delimiter",
    "utf16",
    "latin",
    "bom",
    "mac",
)
