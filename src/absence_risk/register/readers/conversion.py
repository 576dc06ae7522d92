"""Convert a foreign export, once, into the canonical tables; bad rows are counted and set aside."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absence_risk.errors import Problem, SchemaError
from absence_risk.register.engine import Engine, run
from absence_risk.register.readers.accounts import (
    Account,
    account,
    fault_problems,
    write_quarantine,
)
from absence_risk.register.readers.answers import answer_faults, long_form
from absence_risk.register.readers.keyed import (
    Pseudonymiser,
    find_hidden_respondents,
    learn_keys,
    make_known,
)
from absence_risk.register.readers.lesson_rows import rows_query, school_days_query, settle_rows
from absence_risk.register.readers.notes import conversion_notes
from absence_risk.register.readers.settled import KEPT, Settled
from absence_risk.register.readers.small_tables import (
    settle_cases,
    settle_outcomes,
    settle_pupils,
    settle_schools,
    settle_surveys,
)
from absence_risk.register.readers.staged import Desk, Staged, stage
from absence_risk.register.readers.strayed import mark_strayed
from absence_risk.register.readers.timetable import derive_calendar, make_lessons, settle_calendar
from absence_risk.register.row_files import quoted, sql_text
from absence_risk.register.schema import TABLES
from absence_risk.register.wordings import problem_text, wording

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from absence_risk.register.readers.mapping import Mapping

__all__ = ["MANIFEST", "ConversionReport", "convert"]

MANIFEST = "import.json"
"""File that every imported register holds: what was read, kept and set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionReport:
    """What an import did with every row.

    Parameters
    ----------
    name : str
        Name of the mapping.
    accounts : tuple of Account
        What became of the rows, by table and file.
    problems : tuple of Problem
        Faults of rows that were quarantined, by kind.
    notes : tuple of Problem
        What is worth knowing about rows that were kept.
    """

    name: str
    accounts: tuple[Account, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = field(default=())

    @property
    def n_quarantined(self) -> int:
        """Number of rows with faults."""
        return sum(one.quarantined for one in self.accounts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            name, accounts, problems and notes (each with its severity).
        """
        return {
            "name": self.name,
            "accounts": [one.to_dict() for one in self.accounts],
            "problems": [problem.to_dict() for problem in self.problems],
            "notes": [note.to_dict() for note in self.notes],
        }

    def text(self, lang: str = "en") -> str:
        """Return the report in plain words.

        Parameters
        ----------
        lang : {"en", "sv", "da", "fi"}
            Language.

        Returns
        -------
        str
            A line for each file, each kind of fault and each note.

        Raises
        ------
        ValueError
            If there is no such language.
        """
        head = wording(lang).words["import"]
        found = (*self.problems, *self.notes)
        lines = [
            head.format(name=self.name, quarantined=f"{self.n_quarantined:,}"),
            *(f"  {one.text(lang)}" for one in self.accounts),
            *(f"  {problem_text(problem, lang)}" for problem in found),
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return a line for each file, each kind of fault and each note."""
        return self.text()


def convert(
    root: Path,
    mapping: Mapping,
    pseudonyms: Pseudonymiser,
    target: Path,
    *,
    engine: Engine | None = None,
    quarantine: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> ConversionReport:
    """Convert an export into canonical parquet tables.

    Rows with faults are left out, counted by kind, and listed in the quarantine file; nothing is
    lost: rows in the files = kept + quarantined + protected + set aside by the mapping.

    Parameters
    ----------
    root : Path
        The export: a folder, or its only file.
    mapping : Mapping
        How its files become tables.
    pseudonyms : Pseudonymiser
        Makes keys of identifiers.
    target : Path
        Empty folder for the tables.
    engine : Engine or None
        Memory limit and threads.
    quarantine : Path or None
        CSV file for the rows with faults.
    progress : callable or None
        Takes a text and a share in [0, 1].

    Returns
    -------
    ConversionReport
        What became of every row.

    Raises
    ------
    SchemaError
        If files or columns are missing, a file cannot be read, or no row is sound.
    """
    if not root.exists():
        raise SchemaError([_no_export(root)])
    tell = progress or (lambda _text, _share: None)

    def inside(connection: duckdb.DuckDBPyConnection) -> ConversionReport:
        with tempfile.TemporaryDirectory(prefix="absence_risk_") as private:
            desk = Desk(connection, mapping, root, Path(private))
            connection.execute("SET preserve_insertion_order = true")
            return _converted(desk, pseudonyms, target, quarantine, tell)

    report = run(engine or Engine(), inside)
    text = json.dumps(report.to_dict(), ensure_ascii=False, indent=2)
    (target / MANIFEST).write_text(text, encoding="utf-8")
    return report


def _no_export(root: Path) -> Problem:
    from absence_risk.register.identity import hides_digits  # noqa: PLC0415

    return Problem(
        code="E001",
        table="registers",
        message=f"The path {hides_digits(root.name)!r} does not exist.",
        fix="Give the folder or the file of the export.",
    )


def _converted(
    desk: Desk,
    pseudonyms: Pseudonymiser,
    target: Path,
    quarantine: Path | None,
    tell: Callable[[str, float], None],
) -> ConversionReport:
    tell("Reading pupils", 0.05)
    first = {name: _stage_all(desk, name) for name in ("schools", "pupils")}
    learn_keys(desk, first["pupils"], pseudonyms)
    make_known(desk)
    tell("Reading rows", 0.15)
    names = ("calendar", "timetable", "registers", "cases", "surveys", "outcomes")
    rest = {name: _stage_all(desk, name) for name in names}
    learn_keys(desk, [one for parts in rest.values() for one in parts], pseudonyms)
    tell("Checking rows", 0.5)
    mark_strayed(desk, [one for parts in (*first.values(), *rest.values()) for one in parts])
    schools = settle_schools(desk, first["schools"]) if first["schools"] else None
    tables = [] if schools is None else [schools]
    tables.append(settle_pupils(desk, first["pupils"]))
    if schools is None:
        settle_schools(desk, [])
    calendar = settle_calendar(desk, rest["calendar"])
    lessons = make_lessons(desk, rest["timetable"]) if desk.mapping.of("timetable") else None
    rows = settle_rows(desk, rest["registers"])
    for one in rest["registers"]:
        if all(code.otherwise is None for code in one.part.codes):
            # Nothing asks for the words of the file again, and they take as much room as the rows.
            desk.connection.execute(f"DROP TABLE {one.name}")
    if calendar is None:
        derive_calendar(desk, school_days_query(desk, rows))
    tables += [one for one in (calendar, lessons) if one is not None]
    tables += rows
    if rest["cases"]:
        tables.append(settle_cases(desk, rest["cases"]))
    if rest["surveys"]:
        parts = rest["surveys"]
        find_hidden_respondents(desk, pseudonyms)
        tables.append(settle_surveys(desk, parts, long_form(desk, parts), answer_faults(parts)))
    if rest["outcomes"]:
        tables.append(settle_outcomes(desk, rest["outcomes"]))
    tell("Writing tables", 0.8)
    report = _report(desk, tables)
    _refuse_empty(report)
    _write(desk, tables, rows, target)
    if quarantine is not None:
        write_quarantine(desk, tables, quarantine)
    return report


def _stage_all(desk: Desk, table: str) -> list[Staged]:
    parts = [part for part in desk.mapping.of(table) if part.file is not None]
    return [stage(desk, part, f"staged_{table}_{n}") for n, part in enumerate(parts)]


def _report(desk: Desk, tables: list[Settled]) -> ConversionReport:
    accounts, problems = [], []
    for settled in tables:
        for part in range(len(settled.parts)):
            one = account(desk, settled, part)
            if not one.adds_up:
                raise AssertionError(f"rows of {one.table} are lost: {one}")
            accounts.append(one)
            problems += fault_problems(desk, settled, part)
    return ConversionReport(
        name=desk.mapping.name,
        accounts=tuple(accounts),
        problems=tuple(problems),
        notes=tuple(conversion_notes(desk, tables)),
    )


def _refuse_empty(report: ConversionReport) -> None:
    """Raise where a table has lines and none of them is sound: the mapping is wrong."""
    needed = ("pupils", "timetable", "registers")
    for name in needed:
        mine = [one for one in report.accounts if one.table == name]
        if mine and not any(one.kept for one in mine) and any(one.quarantined for one in mine):
            raise SchemaError(report.problems)


def _write(desk: Desk, tables: list[Settled], rows: list[Settled], target: Path) -> None:
    desk.connection.execute("SET preserve_insertion_order = false")
    _copy(desk, rows_query(desk, rows), target / "registers.parquet")
    found = {one.table: one for one in tables}
    for name in TABLES:
        if name == "registers":
            continue
        if name == "calendar":
            query = "SELECT * FROM school_dates"
        elif name == "schools":
            query = "SELECT * FROM settled_schools"
            query += f" WHERE status = {KEPT}" if "schools" in found else ""
        elif name in found:
            query = f"SELECT * FROM {found[name].place} WHERE status = {KEPT}"
        else:
            continue
        _copy(
            desk,
            f"SELECT {_canonical(desk, name, query)} FROM ({query}) ORDER BY ALL",
            target / f"{name}.parquet",
        )


def _canonical(desk: Desk, name: str, query: str) -> str:
    """Columns of a table that the query has, in canonical order."""
    there = {row[0] for row in desk.connection.sql(f"DESCRIBE {query}").fetchall()}
    return ", ".join(quoted(column) for column in TABLES[name].names if column in there)


def _copy(desk: Desk, query: str, path: Path) -> None:
    desk.connection.execute(
        f"COPY ({query}) TO {sql_text(str(path))} (FORMAT parquet, COMPRESSION snappy)"
    )
