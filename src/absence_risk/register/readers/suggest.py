"""Draft a mapping from the files themselves: a person checks it and finishes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from absence_risk.errors import Problem, SchemaError
from absence_risk.register.identity import hides_digits
from absence_risk.register.readers.guessed import Guess, guess_table
from absence_risk.register.readers.header_words import SUMMARY_WORDS
from absence_risk.register.readers.sniffed import Sniffed, sniff
from absence_risk.register.readers.sources import is_book
from absence_risk.register.readers.suggested_tables import CHECK, table_lines

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["suggest_mapping"]

_TEXTS = (".csv", ".txt", ".tsv")
_ORDER = ("pupils", "schools", "calendar", "timetable", "registers", "cases", "surveys", "outcomes")


def suggest_mapping(export: Path) -> str:
    """Draft a mapping of an export.

    The draft names files, roles of columns, separators, encodings, decimal signs, forms of dates
    and the words that columns of kinds and reasons use, with a suggestion where a word is known.
    Whatever a person must decide is marked ``# CHECK``. Values of identifiers and of free text
    are not read into it, and words that occur only once neither.

    Parameters
    ----------
    export : Path
        Folder of the export, or its only file.

    Returns
    -------
    str
        TOML text; see :mod:`absence_risk.register.readers.mapping`.

    Raises
    ------
    SchemaError
        If there is no file that could be a table.
    """
    found = [one for one in _sniffed(export) if one is not None]
    if not found:
        raise SchemaError([_nothing(export)])
    guesses = [guess_table(one) for one in found]
    guesses.sort(key=lambda g: (_ORDER.index(g.table) if g.table else len(_ORDER), g.file.path))
    known = [guess for guess in guesses if guess.table]
    lines = [
        "# A draft, made from the headers and cells of the files. Go through every line that says",
        f"# {CHECK}, correct what is wrong, and delete the mark. What the entries mean:",
        "# docs/howto/import_an_export.md.",
        "",
        "[mapping]",
        f"name = {json.dumps(hides_digits(export.stem), ensure_ascii=False)}",
        "",
        *_format_lines(known),
        "",
    ]
    for guess in known:
        lines += [*_file_lines(guess, known), ""]
    lines += _unknown_lines(guesses)
    lines += _term_lines(known)
    for name in _ORDER:
        for guess in [guess for guess in known if guess.table == name]:
            several = sum(other.table == name for other in known) > 1
            lines += [*table_lines(guess, known, several=several), ""]
        if name == "schools" and not any(guess.table == "schools" for guess in known):
            lines += [
                "[schools]",
                f'municipality_key = {{ value = "municipality" }}  # {CHECK}: its name',
                "",
            ]
    return "\n".join(_without_number(line) for line in lines).rstrip() + "\n"


def _without_number(line: str) -> str:
    """Hide what could be the number of a person, from a header or the name of a file."""
    hidden = hides_digits(line)
    if hidden == line or line.startswith("#"):
        return hidden
    if line.startswith("path = "):
        return hidden.replace("…", "*")
    return f"{hidden}  # {CHECK}: write the number that stands for … in the header"


def _sniffed(export: Path) -> list[Sniffed | None]:
    if export.is_file():
        return [sniff(export, export.name, SUMMARY_WORDS)]
    if not export.is_dir():
        return []
    files = sorted(p for p in export.rglob("*") if p.is_file())
    return [
        sniff(path, path.relative_to(export).as_posix(), SUMMARY_WORDS)
        for path in files
        if (path.suffix.lower() in _TEXTS or is_book(path)) and path.stat().st_size
    ]


def _nothing(export: Path) -> Problem:
    return Problem(
        code="E001",
        table="registers",
        message=f"{hides_digits(export.name)!r} holds no csv, txt, tsv or Excel file with a table.",
        fix="Give the folder of the export.",
    )


def _most(values: list[str]) -> str | None:
    return max(sorted(set(values)), key=values.count) if values else None


def _format_lines(known: list[Guess]) -> list[str]:
    """Format of all files: what most of them use."""
    lines = ["[format]"]
    text = json.dumps
    columns = [column for guess in known for column in guess.file.columns]
    lines.append(f"delimiter = {text(_most([g.file.delimiter for g in known]))}")
    encoding = _most([guess.file.encoding for guess in known])
    note = f"  # {CHECK}: or latin-1" if encoding == "cp1252" else ""
    lines.append(f"encoding = {text(encoding)}{note}")
    decimal = _most([c.decimal for c in columns if c.decimal])
    lines.append(
        f"decimal = {text(decimal)}"
        if decimal
        else f'decimal = "."  # {CHECK}: no number had decimals'
    )
    for key, is_time in (("date", False), ("datetime", True)):
        forms = [c.dates for c in columns if c.dates and ("HH" in c.dates[0]) == is_time]
        chosen = _most([form[0] for form in forms if len(form) == 1])
        open_ones = sorted({" or ".join(form) for form in forms if len(form) > 1})
        if chosen:
            lines.append(f"{key} = {text(chosen)}")
        elif open_ones:
            lines.append(f"# {key} = …  {CHECK}: {'; '.join(open_ones)} fit all cells")
    lines.append(_unit_line(known))
    yes = sorted({word for guess in known for word in guess.yes})
    no = sorted({word for guess in known for word in guess.no})
    for key, words in (("true", yes), ("false", no)):
        if words:
            lines.append(f"{key} = {text(words, ensure_ascii=False)}")
    return lines


def _unit_line(known: list[Guess]) -> str:
    """Minutes or hours, by header or by size; undecided is left for a person (E112)."""
    for guess in known:
        for field, column in guess.fields.items():
            if not field.endswith("_min"):
                continue
            name = column.name.lower()
            if any(word in name for word in ("tim", "hour", "tunti", "tunnit")):
                return f'unit = "hours"  # {CHECK}: the header of {column.name!r} says so'
            if "min" in name:
                return 'unit = "minutes"'
            if column.middle is not None and column.middle > 12:
                return f'unit = "minutes"  # {CHECK}: half of {column.name!r} are above 12'
    return f'# unit = "minutes"  {CHECK}: minutes or hours'


def _file_lines(guess: Guess, known: list[Guess]) -> list[str]:
    common = [g.file for g in known]
    lines = [f"[files.{guess.name}]", f"path = {json.dumps(guess.file.path, ensure_ascii=False)}"]
    for key in ("delimiter", "encoding"):
        mine = getattr(guess.file, key)
        if mine != _most([getattr(file, key) for file in common]):
            lines.append(f"{key} = {json.dumps(mine)}")
    if guess.file.totals:
        skip = ", ".join(
            f"{json.dumps(column, ensure_ascii=False)} = {json.dumps(words, ensure_ascii=False)}"
            for column, words in guess.file.totals.items()
        )
        lines.append(f"skip = {{ {skip} }}  # lines of totals")
    if guess.file.cut:
        lines.append("# Only the beginning and the end of this file were looked at.")
    return lines


def _unknown_lines(guesses: list[Guess]) -> list[str]:
    lines = [
        f"# {CHECK}: {guess.file.path} was not recognised; its columns are "
        f"{', '.join(hides_digits(c.name) for c in guess.file.columns)}."
        for guess in guesses
        if not guess.table
    ]
    return [*lines, ""] if lines else []


def _term_lines(known: list[Guess]) -> list[str]:
    """Terms by the first and last planned date of each half of a calendar year."""
    dated = [g for g in known if g.table in ("timetable", "calendar", "registers") and g.days]
    if not dated:
        return []
    days = dated[0].days
    halves: dict[tuple[int, bool], list[str]] = {}
    for day in days:
        halves.setdefault((int(day[:4]), int(day[5:7]) >= 7), []).append(day)
    lines = []
    for (year, is_autumn), inside in sorted(halves.items()):
        lines += [
            "[[terms]]",
            f'name = "{year} {"autumn" if is_autumn else "spring"}"',
            f"first = {min(inside)}  # {CHECK}: first and last day seen in {dated[0].file.path}",
            f"last = {max(inside)}",
            "",
        ]
    return lines
