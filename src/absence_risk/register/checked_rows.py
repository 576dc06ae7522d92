"""Register rows as they are, faults included: a view that validation queries.

Every value that does not fit its type becomes empty and raises a flag, files and lines can be
found, and lines of CSV files that break the form are set aside and counted.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import narwhals.stable.v2 as nw

from absence_risk.register.csv_lines import CsvLines
from absence_risk.register.engine import Engine, collect, run, runs
from absence_risk.register.fields import SQL_TYPES, Field
from absence_risk.register.row_files import (
    FrameRows,
    RowFile,
    RowFiles,
    csv_source,
    parquet_source,
    quoted,
    sql_text,
)
from absence_risk.register.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import duckdb
    import pandas as pd

__all__ = ["CheckedRows", "Place", "check_rows"]

T = TypeVar("T")

_ROWS_OF_A_FILE = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rule is first broken.

    Parameters
    ----------
    file : str or None
        Name of the file; None for a frame.
    line : int
        Line of the file (CSV) or number of the row from 1.
    """

    file: str | None
    line: int


@dataclass(frozen=True, eq=False)
class CheckedRows:
    """Rows opened for validation.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Holds the view ``rows`` (canonical columns, and for each a column ``bad <name>``) and the
        view ``located`` with ``file_no`` and ``row_no`` besides.
    files : tuple of RowFile
        The files; empty for a frame.
    columns : frozenset of str
        Canonical columns that can be checked.
    """

    connection: duckdb.DuckDBPyConnection
    files: tuple[RowFile, ...]
    columns: frozenset[str]
    _lines: dict[int, CsvLines] = field(default_factory=dict, init=False, repr=False)

    def numbers(self, query: str) -> tuple[int, ...]:
        """Run a query that returns one row of whole numbers.

        Parameters
        ----------
        query : str
            SQL.

        Returns
        -------
        tuple of int
            The row, with 0 for a missing number.
        """
        rows = self.connection.sql(query).fetchall()
        return tuple(int(value or 0) for value in rows[0])

    def frame(self, query: str) -> pd.DataFrame:
        """Run a query.

        Parameters
        ----------
        query : str
            SQL.

        Returns
        -------
        pandas.DataFrame
            All rows.
        """
        frame: pd.DataFrame = self.connection.sql(query).df()
        return frame

    def firsts(
        self, conditions: Mapping[str, str], source: str = "located"
    ) -> dict[str, Place | None]:
        """Find the first row that meets each of several conditions, in one pass.

        Parameters
        ----------
        conditions : mapping of str to str
            SQL condition on the columns of the source, by any name.
        source : str
            A view with ``file_no`` and ``row_no``.

        Returns
        -------
        dict of str to Place or None
            By the same names; None where no row does.
        """
        if not conditions:
            return {}
        sought = ", ".join(
            f"min(CASE WHEN {broken} THEN file_no * {_ROWS_OF_A_FILE} + row_no END)"
            for broken in conditions.values()
        )
        (found,) = self.connection.sql(f"SELECT {sought} FROM {source}").fetchall()
        return {
            name: None if at is None else self._place(*divmod(int(at), _ROWS_OF_A_FILE))
            for name, at in zip(conditions, found, strict=True)
        }

    def distinct(
        self, file_no: int, column: str, most: int, only: str | None = None
    ) -> tuple[int, list[Any]]:
        """Return different values of one column of one file, canonical or not.

        Parameters
        ----------
        file_no : int
            Position of the file.
        column : str
            Column name.
        most : int
            Largest number of values.
        only : str or None
            Regular expression that values must contain; every value if None.

        Returns
        -------
        tuple of int and list
            Number of different values, and values for checks only; never to be shown.
        """
        file, name = self.files[file_no], quoted(column)
        place = _table_of(file_no) if file.kind == "csv" else parquet_source([file])
        query = f"SELECT DISTINCT {name} AS value FROM {place} WHERE {name} IS NOT NULL"
        if only is not None:
            query += f" AND regexp_matches(CAST({name} AS VARCHAR), {sql_text(only)})"
        values = self.connection.sql(
            f"SELECT value, count(*) OVER () FROM ({query}) LIMIT {most:d}"
        )
        rows = values.fetchall()
        return (int(rows[0][1]) if rows else 0), [row[0] for row in rows]

    def broken_lines(self) -> list[tuple[Place, bool, int]]:
        """Return lines of CSV files that could not be read.

        Returns
        -------
        list of tuple
            Per file and kind: first place; whether the text is not utf-8 (otherwise the line does
            not have the columns of the header); number of lines.
        """
        found = []
        for number, file in enumerate(self.files):
            rejects = self._rejects(number)
            for is_encoding in (False, True):
                records = [
                    record for record, kind in rejects if ("ENCODING" in kind) == is_encoding
                ]
                if records:
                    line = self._lines_of(number).of_record(min(records))
                    place = Place(file=file.shown, line=line)
                    found.append((place, is_encoding, len(records)))
        return found

    def _rejects(self, file_no: int) -> list[tuple[int, str]]:
        """Return records of a CSV file that were set aside, with the kind of fault."""
        if not self._has_rejects(file_no):
            return []
        rows = self.connection.sql(
            f"SELECT line, min(CAST(error_type AS VARCHAR)) FROM {_rejects_of(file_no)} "
            "GROUP BY line ORDER BY line"
        ).fetchall()
        return [(int(line), str(kind)) for line, kind in rows]

    def _has_rejects(self, file_no: int) -> bool:
        query = f"FROM duckdb_tables() WHERE table_name = '{_rejects_of(file_no)}'"
        return bool(self.numbers(f"SELECT count(*) {query}")[0])

    def _place(self, file_no: int, row_no: int) -> Place:
        if not self.files:
            return Place(file=None, line=row_no)
        file = self.files[file_no]
        if file.kind != "csv":
            return Place(file=file.shown, line=row_no)
        return Place(file=file.shown, line=self._lines_of(file_no).of_row(row_no))

    def _lines_of(self, file_no: int) -> CsvLines:
        if file_no not in self._lines:
            (n_rows,) = self.numbers(f"SELECT count(*) FROM {_table_of(file_no)}")
            rejected = [record for record, _ in self._rejects(file_no)]
            self._lines[file_no] = CsvLines(self.files[file_no], n_rows, rejected)
        return self._lines[file_no]


def check_rows(
    source: RowFiles | FrameRows,
    engine: Engine,
    unusable: Collection[str],
    work: Callable[[CheckedRows], T],
) -> T:
    """Open rows for validation.

    Parameters
    ----------
    source : RowFiles or FrameRows
        Where the rows are.
    engine : Engine
        Settings.
    unusable : collection of str
        Columns that are missing or of a wrong type altogether in some file.
    work : callable
        Takes the rows and returns the answer.

    Returns
    -------
    object
        What ``work`` returns.
    """
    columns = [name for name in source.columns if name not in unusable]

    def inside(connection: duckdb.DuckDBPyConnection) -> T:
        _create_views(connection, source, columns)
        files = source.files if isinstance(source, RowFiles) else ()
        return work(CheckedRows(connection, files, frozenset(columns)))

    return run(engine, inside)


def _create_views(
    connection: duckdb.DuckDBPyConnection, source: RowFiles | FrameRows, columns: list[str]
) -> None:
    fields = [one for one in table("registers").fields if one.name in columns]
    if isinstance(source, FrameRows):
        connection.register("given", _arrow(source.frame, columns))
        found = {str(r[0]): str(r[1]) for r in connection.sql("DESCRIBE given").fetchall()}
        plain = located = [_select("given", found, fields, "0, row_number() OVER ()")]
    else:
        tables = [
            _load_csv(connection, file, fields, number)
            for number, file in enumerate(source.files)
            if file.kind == "csv"
        ]
        parquet = [(n, file) for n, file in enumerate(source.files) if file.kind != "csv"]
        groups = _same_form([file for _, file in parquet])
        plain = [
            *tables,
            *(_select(parquet_source(g), g[0].columns, fields, "0, 0") for g in groups),
        ]
        located = [
            *tables,
            *(
                _select(_numbered(file), file.columns, fields, f"{number}, file_row_number + 1")
                for number, file in parquet
            ),
        ]
    connection.execute(f"CREATE VIEW rows AS {' UNION ALL '.join(plain)}")
    connection.execute(f"CREATE VIEW located AS {' UNION ALL '.join(located)}")


def _arrow(frame: Any, columns: list[str]) -> Any:
    """Return a frame as something the engine reads without a loop over values."""
    chosen = nw.from_native(frame).select(columns)
    if isinstance(chosen, nw.DataFrame):
        return chosen.to_arrow()
    return collect(chosen)


def _load_csv(
    connection: duckdb.DuckDBPyConnection, file: RowFile, fields: list[Field], number: int
) -> str:
    """Read a CSV file once into a table, in the order of its rows; return SQL for its columns.

    Reading text costs more than all rules together, so it is done once: directly into types where
    every value fits, otherwise as text, with a flag for each value that does not fit. Columns
    that are not canonical stay text, to be searched for identities.
    """
    canonical = {one.name for one in fields}
    others = "".join(f", {quoted(name)}" for name in file.columns if name not in canonical)
    types = {one.name: SQL_TYPES[one.kind] for one in fields if one.name in file.columns}
    connection.execute("SET preserve_insertion_order = true")
    source = csv_source(file, types)
    # A whole number with decimals would be rounded in silence. At the first misfit reading stops.
    direct = not _contains(file, b".") and runs(
        connection, f"CREATE TEMP TABLE {_table_of(number)} AS SELECT * FROM {source}"
    )
    if not direct:
        source = csv_source(file, options=_rejects_into(number))
        chosen = _select(source, file.columns, fields, None, others)
        connection.execute(f"CREATE TEMP TABLE {_table_of(number)} AS {chosen}")
    connection.execute("SET preserve_insertion_order = false")
    if direct:
        found = {**file.columns, **types}
        return _select(_table_of(number), found, fields, f"{number}, rowid + 1")
    names = ", ".join(quoted(prefix + one.name) for one in fields for prefix in ("", "bad "))
    return (
        f"SELECT {number}::BIGINT AS file_no, rowid + 1 AS row_no, {names} FROM {_table_of(number)}"
    )


def _contains(file: RowFile, mark: bytes) -> bool:
    with file.path.open("rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return view.find(mark) >= 0


def _rejects_into(file_no: int) -> str:
    return (
        f", store_rejects = true, rejects_table = 'rejects_{file_no:d}', "
        f"rejects_scan = 'scans_{file_no:d}'"
    )


def _rejects_of(file_no: int) -> str:
    return f"rejects_{file_no:d}"


def _table_of(file_no: int) -> str:
    return f"file_{file_no:d}"


def _same_form(files: list[RowFile]) -> list[list[RowFile]]:
    """Return parquet files in groups that can be read together."""
    forms: dict[tuple[tuple[str, str], ...], list[RowFile]] = {}
    for file in files:
        forms.setdefault(tuple(file.columns.items()), []).append(file)
    return list(forms.values())


def _numbered(file: RowFile) -> str:
    return parquet_source([file], options=", file_row_number = true")


def _select(
    place: str, found: dict[str, str], fields: list[Field], numbers: str | None, others: str = ""
) -> str:
    chosen = []
    if numbers is not None:
        file_no, row_no = numbers.split(", ", 1)
        chosen += [f"CAST({file_no} AS BIGINT) AS file_no", f"CAST({row_no} AS BIGINT) AS row_no"]
    for one in fields:
        value, bad = _checked(one, found.get(one.name))
        chosen += [f"{value} AS {quoted(one.name)}", f"{bad} AS {quoted('bad ' + one.name)}"]
    return f"SELECT {', '.join(chosen)}{others} FROM {place}"


def _checked(field: Field, found: str | None) -> tuple[str, str]:
    """Return SQL for a column's value, and for whether the recorded value does not fit."""
    wanted = SQL_TYPES[field.kind]
    if found is None:
        return f"CAST(NULL AS {wanted})", "FALSE"
    name = quoted(field.name)
    if found == wanted or field.kind == "text":
        return (name if found == wanted else f"CAST({name} AS VARCHAR)"), "FALSE"
    cast = f"TRY_CAST({name} AS {wanted})"
    if found in ("FLOAT", "DOUBLE"):
        # A missing value of a pandas frame may arrive as "not a number".
        present = f"({name} IS NOT NULL AND NOT isnan({name}))"
        whole = f"{name} <> floor({name})"
    else:
        present = f"{name} IS NOT NULL"
        whole = f"CASE WHEN contains({name}, '.') THEN TRY_CAST({name} AS DOUBLE) <> {cast} END"
    bad = f"{present} AND {cast} IS NULL"
    has_fraction = found in ("FLOAT", "DOUBLE", "VARCHAR")
    if has_fraction and field.kind in ("uint32", "uint8", "int16"):
        bad = f"({bad}) OR ({present} AND coalesce({whole}, FALSE))"
    return cast, f"({bad})"
