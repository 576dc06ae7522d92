"""Register rows as they are, faults included: a view that validation queries.

Every value that does not fit its type becomes empty and raises a flag, files and lines can be
found, and lines of CSV files that break the form are set aside and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import narwhals.stable.v2 as nw

from absence_risk.register.engine import Engine, collect, run
from absence_risk.register.fields import SQL_TYPES, Field
from absence_risk.register.row_files import (
    REJECTS,
    FrameRows,
    RowFile,
    RowFiles,
    csv_source,
    parquet_source,
    quoted,
)
from absence_risk.register.schema import table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import duckdb
    import pandas as pd

__all__ = ["CheckedRows", "Place", "check_rows"]

T = TypeVar("T")


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

    def first(self, condition: str, source: str = "located") -> Place | None:
        """Find the first row that meets a condition.

        Parameters
        ----------
        condition : str
            SQL condition on the columns of the source.
        source : str
            A view with ``file_no`` and ``row_no``.

        Returns
        -------
        Place or None
            None if no row does.
        """
        # The order of rows costs time and matters here only.
        self.connection.execute("SET preserve_insertion_order = true")
        found = self.connection.sql(
            f"SELECT file_no, row_no FROM {source} WHERE {condition} "
            "ORDER BY file_no, row_no LIMIT 1"
        ).fetchall()
        self.connection.execute("SET preserve_insertion_order = false")
        return self._place(int(found[0][0]), int(found[0][1])) if found else None

    def distinct(self, file: RowFile, column: str, most: int) -> list[Any]:
        """Return different values of one column of one file, canonical or not.

        Parameters
        ----------
        file : RowFile
            The file.
        column : str
            Column name.
        most : int
            Largest number of values.

        Returns
        -------
        list
            Values, for checks only; never to be shown.
        """
        name = quoted(column)
        query = f"SELECT DISTINCT {name} FROM {_source(file)} WHERE {name} IS NOT NULL"
        return [row[0] for row in self.connection.sql(f"{query} LIMIT {most:d}").fetchall()]

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
                lines = [line for line, kind in rejects if ("ENCODING" in kind) == is_encoding]
                if lines:
                    place = Place(file=file.shown, line=min(lines))
                    found.append((place, is_encoding, len(lines)))
        return found

    def _rejects(self, file_no: int) -> list[tuple[int, str]]:
        file = self.files[file_no]
        if file.kind != "csv":
            return []
        rows = self.connection.execute(
            "SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors "
            "JOIN reject_scans USING (scan_id, file_id) WHERE file_path = ? GROUP BY line "
            "ORDER BY line",
            [str(file.path)],
        ).fetchall()
        return [(int(line), str(kind)) for line, kind in rows]

    def _place(self, file_no: int, row_no: int) -> Place:
        if not self.files:
            return Place(file=None, line=row_no)
        file = self.files[file_no]
        if file.kind != "csv":
            return Place(file=file.shown, line=row_no)
        line = row_no + 1
        for rejected, _ in self._rejects(file_no):
            line += rejected <= line
        return Place(file=file.shown, line=line)


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
    fields = [field for field in table("registers").fields if field.name in columns]
    if isinstance(source, FrameRows):
        frame = collect(nw.from_native(source.frame).lazy().select(columns))
        connection.register("given", frame)
        found = {str(r[0]): str(r[1]) for r in connection.sql("DESCRIBE given").fetchall()}
        plain = located = [_select("given", found, fields, "0, row_number() OVER ()")]
    else:
        groups = _groups(source.files)
        plain = [_select(place, have, fields, "0, 0") for place, have in groups]
        located = [
            _select(_numbered(file), file.columns, fields, f"{number}, {_row_number(file)}")
            for number, file in enumerate(source.files)
        ]
    connection.execute(f"CREATE VIEW rows AS {' UNION ALL '.join(plain)}")
    connection.execute(f"CREATE VIEW located AS {' UNION ALL '.join(located)}")


def _groups(files: tuple[RowFile, ...]) -> list[tuple[str, dict[str, str]]]:
    """Return a source for each set of parquet files of one form, and for each CSV file."""
    groups: list[tuple[str, dict[str, str]]] = []
    forms: dict[tuple[tuple[str, str], ...], list[RowFile]] = {}
    for file in files:
        if file.kind == "csv":
            groups.append((csv_source(file, options=REJECTS), file.columns))
        else:
            forms.setdefault(tuple(file.columns.items()), []).append(file)
    groups += [(parquet_source(same), same[0].columns) for same in forms.values()]
    return groups


def _source(file: RowFile) -> str:
    if file.kind == "csv":
        return csv_source(file, options=REJECTS)
    return parquet_source([file])


def _numbered(file: RowFile) -> str:
    if file.kind == "csv":
        return csv_source(file, options=REJECTS)
    return parquet_source([file], options=", file_row_number = true")


def _row_number(file: RowFile) -> str:
    return "row_number() OVER ()" if file.kind == "csv" else "file_row_number + 1"


def _select(place: str, found: dict[str, str], fields: list[Field], numbers: str) -> str:
    file_no, row_no = numbers.split(", ", 1)
    chosen = [f"CAST({file_no} AS BIGINT) AS file_no", f"CAST({row_no} AS BIGINT) AS row_no"]
    for field in fields:
        value, bad = _checked(field, found.get(field.name))
        chosen += [f"{value} AS {quoted(field.name)}", f"{bad} AS {quoted('bad ' + field.name)}"]
    return f"SELECT {', '.join(chosen)} FROM {place}"


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
