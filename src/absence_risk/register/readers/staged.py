"""Read one part of a mapping into a temporary table: typed values, and a bit for each fault.

Only scalar expressions are used on the way in, so that rows keep the order of their file and the
number of a row leads to its line. Identifiers that are known already arrive as small numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from absence_risk.register.readers.joined import cell_sql, joined_rows, open_all, used_columns
from absence_risk.register.readers.mapping import MINUTE_FIELDS, Source
from absence_risk.register.readers.sources import Lines
from absence_risk.register.readers.written import (
    Cell,
    Fault,
    clean_text,
    text_list,
    value_sql,
)
from absence_risk.register.row_files import quoted, sql_text
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from absence_risk.register.readers.mapping import FileSpec, Format, Mapping, Part

__all__ = ["DOMAINS", "Desk", "Staged", "bits", "needed_fields", "stage"]

DOMAINS = {"pupil_key": "register", "case_key": "case", "survey_key": "survey"}
"""Data domain of each identifier."""

EMPTY_WORD, UNKNOWN_WORD = 65_534, 65_535
_BOOLS = ("cancelled", "is_reported")
_BLANKS = "concat(' ', chr(9), chr(10), chr(13), chr(160), chr(8239), chr(65279))"


@dataclass(eq=False)
class Desk:
    """What a conversion works with.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Connection of the engine.
    mapping : Mapping
        The mapping.
    root : Path
        The export.
    private : Path
        Folder for copies, deleted at the end.
    known : set of str
        Domains whose identifiers have a type of their own in the engine.
    """

    connection: duckdb.DuckDBPyConnection
    mapping: Mapping
    root: Path
    private: Path
    known: set[str] = field(default_factory=set)


@dataclass(eq=False, kw_only=True)
class Staged:
    """A part of a mapping, read.

    Parameters
    ----------
    name : str
        Temporary table.
    part : Part
        The part.
    faults : list of Fault
        Kinds of faults; the position is the bit in the column ``mask``.
    files : list of Lines
        Files in the order of their rows.
    columns : set of str
        Canonical columns of the table.
    """

    name: str
    part: Part
    faults: list[Fault]
    files: list[Lines] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)

    @property
    def n_rows(self) -> int:
        """Number of lines that could be read as rows."""
        return sum(lines.n_rows for lines in self.files)


def bits(faults: list[Fault], first: int = 0) -> str:
    """Return SQL of a whole number with one bit for each fault of a row.

    Parameters
    ----------
    faults : list of Fault
        Kinds of faults.
    first : int
        Bit of the first one.

    Returns
    -------
    str
        SQL.
    """
    if not faults:
        return "0::BIGINT"
    terms = [
        f"CASE WHEN {fault.broken} THEN {1 << (first + number)}::BIGINT ELSE 0 END"
        for number, fault in enumerate(faults)
    ]
    return f"({' | '.join(terms)})"


def needed_fields(table: str) -> tuple[str, ...]:
    """Return fields that must not be empty in any row.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".

    Returns
    -------
    tuple of str
        Column names.
    """
    if table == "timetable":
        return ("date", "slot", "scheduled_min")
    fields = TABLES[table].fields
    return tuple(f.name for f in fields if f.required and not f.nullable)


def stage(desk: Desk, part: Part, name: str) -> Staged:
    """Read a part into a temporary table.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    part : Part
        The part; it has a file.
    name : str
        Name of the temporary table to make.

    Returns
    -------
    Staged
        The table and its kinds of faults.

    Raises
    ------
    SchemaError
        If files are missing, cannot be read or lack columns that the mapping names.
    """
    spec = desk.mapping.files[part.file or ""]
    opened = open_all(desk, spec, part)
    _label_types(desk, part, name)
    select = _Select(desk, part, spec, damaged=any(file.damaged for file in opened), name=name)
    staged = Staged(name=name, part=part, faults=select.faults, columns=set(part.fields))
    # Common parts of expressions would be worked out for every row, also those that only cells
    # without a value need.
    desk.connection.execute("SET disabled_optimizers = 'common_subexpressions'")
    for number, file in enumerate(opened):
        query = select.query(joined_rows(desk, spec, file))
        verb = f"CREATE TEMP TABLE {name} AS" if number == 0 else f"INSERT INTO {name}"
        desk.connection.execute(f"{verb} {query}")
        total = desk.connection.sql(f"SELECT count(*) FROM {name}").fetchall()[0][0]
        gone = {**_rejected(desk, file.path), **dict.fromkeys(file.broken, "E106")}
        staged.files.append(Lines(file, int(total) - staged.n_rows, gone))
    desk.connection.execute("RESET disabled_optimizers")
    return staged


def _rejected(desk: Desk, path: Path) -> dict[int, str]:
    rows = desk.connection.execute(
        "SELECT line, bool_or(contains(CAST(error_type AS VARCHAR), 'ENCODING')) "
        "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) WHERE file_path = ? "
        "GROUP BY line ORDER BY line",
        [str(path)],
    ).fetchall()
    return {int(line): "E111" if is_encoding else "E105" for line, is_encoding in rows}


def _label_types(desk: Desk, part: Part, name: str) -> None:
    for number, code in enumerate(part.codes):
        words = [word for word in code.labels if word]
        if words:
            desk.connection.execute(
                f"CREATE TYPE {name}_words_{number} AS ENUM {text_list(tuple(words))}"
            )


class _Select:
    """Two levels of SQL: values of every cell, then the faults that their bits stand for."""

    def __init__(self, desk: Desk, part: Part, spec: FileSpec, *, damaged: bool, name: str) -> None:
        self.desk, self.part, self.spec, self.name = desk, part, spec, name
        self.form: Format = spec.format
        self.faults: list[Fault] = []
        self.inner: list[str] = []
        self.kept: list[str] = []
        self.outer: list[tuple[str, str]] = []
        self.raw: dict[str, str] = {}
        for field_name, source in part.fields.items():
            self._field(field_name, source)
        for field_name, source in part.checked.items():
            self._value("date", f"checked {field_name}", source)
        for number, item in enumerate(part.items):
            self._keep(f"item {number}", clean_text(self.cell(item), self.form))
        for number in range(len(part.codes)):
            self._words(number)
        self._lookups()
        if damaged:
            self._damage()
        self.skip = self._skip()

    def query(self, rows: str) -> str:
        """Return the query on rows of a file."""
        values = [f"{cell} AS {quoted(name)}" for cell, name in self.raw.items()]
        later = [f"{sql} AS {quoted(name)}" for name, sql in self.outer]
        return (
            f"SELECT {', '.join([*map(quoted, self.kept), *later])}, {self.skip} AS skip, "
            f"{bits(self.faults)} AS mask FROM (SELECT {', '.join([*self.inner, *values])} "
            f"FROM {rows})"
        )

    def cell(self, column: str) -> str:
        return cell_sql(column, self.spec)

    def later(self, sql: str) -> str:
        """Return SQL of a cell on the second level."""
        return quoted(self.raw.setdefault(sql, f"raw {len(self.raw)}"))

    def _keep(self, name: str, sql: str) -> None:
        self.inner.append(f"{sql} AS {quoted(name)}")
        self.kept.append(name)

    def _field(self, name: str, source: Source) -> None:
        if name in DOMAINS:
            self._identifier(name, source)
        elif name == "response" or (name == "slot" and source.order):
            self._keep(f"{name} text", clean_text(self.cell(source.columns[0]), self.form))
        else:
            self._value(_kind(self.part.table, name), name, source)

    def _value(self, kind: str, name: str, source: Source) -> None:
        if not source.columns:
            self._keep(name, f"{sql_text(str(source.value))}::{_sql_type(kind)}")
            return
        if kind == "text" and len(source.columns) > 1:
            self._keep(name, self._several(source))
            return
        sql, column = self.cell(source.columns[0]), source.columns[0]
        if len(source.columns) > 1:
            cells = (clean_text(self.cell(one), self.form) for one in source.columns)
            sql = f"coalesce({', '.join(cells)})"
        cell = Cell(
            name=column,
            sql=sql,
            later=self.later(sql),
            value=quoted(name),
            end=None if source.until is None else self.cell(source.until),
        )
        value = value_sql(kind, cell, source, self.form)
        self._keep(name, value.sql)
        self.faults += value.faults
        if name in needed_fields(self.part.table):
            empty = f"{clean_text(cell.later, self.form)} IS NULL"
            self._must_be_there(
                column, f"CASE WHEN {cell.value} IS NULL THEN {empty} ELSE FALSE END"
            )

    def _several(self, source: Source) -> str:
        return self._joined([self.cell(column) for column in source.columns])

    def _joined(self, raw: list[str]) -> str:
        """Return SQL of an identifier of one or several cells, without any blanks around them."""
        cells = [clean_text(f"trim({cell}, {_BLANKS})", self.form) for cell in raw]
        if len(cells) == 1:
            return cells[0]
        return f"CASE WHEN {cells[0]} IS NOT NULL THEN concat_ws('|', {', '.join(cells)}) END"

    def _identifier(self, name: str, source: Source) -> None:
        text, number = self._several(source), "NULL::UINTEGER"
        domain = DOMAINS[name]
        if domain in self.desk.known:
            # Most cells are an identifier as it was seen before, without blanks around it.
            first = self.cell(source.columns[0]) if len(source.columns) == 1 else text
            found = [f"enum_code(TRY_CAST({one} AS ids_{domain}))" for one in (first, text)]
            number = f"CAST(coalesce({', '.join(found)}) AS UINTEGER)"
        self._keep(f"{name}_no", number)
        if domain in self.desk.known:
            cells = [self.later(self.cell(column)) for column in source.columns]
            self.outer.append(
                (f"{name}_text", f"CASE WHEN {name}_no IS NULL THEN {self._joined(cells)} END")
            )
            text = self.outer[-1][1]
        else:
            self._keep(f"{name}_text", text)
            text = quoted(f"{name}_text")
        self._must_be_there(
            source.columns[0], f"CASE WHEN {name}_no IS NULL THEN ({text}) IS NULL ELSE FALSE END"
        )

    def _must_be_there(self, column: str, broken: str) -> None:
        self.faults.append(
            Fault(
                code="E104",
                column=column,
                broken=broken,
                message="The value is missing.",
                fix="Fill it in, or name the line's word under skip if it is no record.",
            )
        )

    def _words(self, number: int) -> None:
        code = self.part.codes[number]
        raw = self.cell(code.column)
        text = clean_text(raw, self.form)
        found = []
        if any(code.labels):
            kind = f"{self.name}_words_{number}"
            found = [f"enum_code(TRY_CAST({one} AS {kind}))::USMALLINT" for one in (raw, text)]
        found.append(f"CASE WHEN {text} IS NULL THEN {EMPTY_WORD} ELSE {UNKNOWN_WORD} END")
        name = f"words_{number}"
        known = f"CASE WHEN {raw} IS NULL THEN {EMPTY_WORD} ELSE coalesce({', '.join(found)}) END"
        self._keep(name, f"({known})::USMALLINT")
        if code.otherwise is None:
            self.faults.append(
                Fault(
                    code="E204",
                    column=code.column,
                    broken=f"{name} = {UNKNOWN_WORD}",
                    message="The word is not in the mapping's list.",
                    fix="Add it to labels, or say with otherwise what unlisted words mean.",
                )
            )

    def _lookups(self) -> None:
        for join in self.spec.joins:
            if join.optional:
                continue
            mine = next(iter(join.on))
            theirs = join.on[mine]
            self.faults.append(
                Fault(
                    code="E301",
                    column=mine,
                    broken=f"{self.later(f'{quoted(join.file)}.{quoted(theirs)}')} IS NULL",
                    message=f"The key is not in the file {join.file!r}.",
                    fix="Export both files at one time.",
                )
            )

    def _damage(self) -> None:
        used = dict.fromkeys(used_columns(self.part, self.spec))
        cells = ", ".join(self.later(self.cell(column)) for column in used)
        self.faults.append(
            Fault(
                code="E111",
                column=next(iter(used)),
                broken=f"contains(concat_ws('', {cells}), chr(65533))",
                message="Text has characters that the declared encoding does not have.",
                fix="Declare the right encoding, or export the file again.",
            )
        )

    def _skip(self) -> str:
        tests = []
        for column, words in self.spec.skip.items():
            text = f"coalesce({clean_text(self.later(self.cell(column)), self.form)}, '')"
            tests.append(f"{text} <> ''" if "*" in words else f"{text} IN {text_list(words)}")
        return f"({' OR '.join(tests)})" if tests else "FALSE"


def _kind(table: str, name: str) -> str:
    if name in MINUTE_FIELDS:
        return "minutes"
    if name in _BOOLS:
        return "bool"
    if table == "timetable":
        table = "registers" if name in TABLES["registers"].names else "pupils"
    if name not in TABLES[table].names:
        return "text"
    return TABLES[table].field(name).kind


def _sql_type(kind: str) -> str:
    from absence_risk.register.fields import SQL_TYPES  # noqa: PLC0415

    return "SMALLINT" if kind == "minutes" else SQL_TYPES[kind]
