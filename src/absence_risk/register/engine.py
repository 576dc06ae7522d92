"""The embedded engine: opens register rows, in files or in frames, and runs queries on them.

The only module that knows DuckDB. A connection lives inside one ``with`` block. Errors of the
engine can quote values of a file, so none of them leaves this module.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from absence_risk.errors import AbsenceRiskError, Problem, SchemaError
from absence_risk.register.schema import SQL_TYPES, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb
    import pandas as pd

__all__ = ["Engine", "FrameRows", "RowFile", "RowFiles", "collect", "open_rows", "parquet_columns"]

_MEMORY_MESSAGE = (
    "The rows need more memory than the engine's limit of {limit}. "
    "Give read_register(..., engine=Engine(memory_limit=...)) more, or split the files."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Settings of the embedded engine.

    Parameters
    ----------
    memory_limit : str
        Most memory the engine uses before it writes to a temporary folder, for example "1.2GB".
    threads : int or None
        Number of threads; None leaves it to the engine.

    Examples
    --------
    >>> Engine(threads=2).memory_limit
    '1.2GB'
    """

    memory_limit: str = "1.2GB"
    threads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFile:
    """One file of register rows.

    Parameters
    ----------
    path : Path
        Where it is.
    shown : str
        Its name in messages, relative to the register's folder.
    kind : {"parquet", "csv"}
        File format.
    columns : dict of str to str
        Engine type of each column, in the order of the file; ``VARCHAR`` throughout for CSV.
    delimiter : str
        Column separator of a CSV file.
    """

    path: Path
    shown: str
    kind: str
    columns: dict[str, str]
    delimiter: str = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFiles:
    """Register rows in files.

    Parameters
    ----------
    files : tuple of RowFile
        The files, in the order of their names.
    """

    files: tuple[RowFile, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Canonical columns that at least one file has."""
        present = {name for file in self.files for name in file.columns}
        return tuple(name for name in table("registers").names if name in present)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRows:
    """Register rows in a frame of any library that Narwhals knows.

    Parameters
    ----------
    frame : object
        The frame, eager or lazy.
    columns : tuple of str
        Canonical columns it has.
    """

    frame: Any = field(repr=False)
    columns: tuple[str, ...]


@contextmanager
def connect(engine: Engine, *, keep_order: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection for one task; spilled data are deleted when it ends.

    Parameters
    ----------
    engine : Engine
        Settings.
    keep_order : bool
        Whether row numbers of CSV files are needed.

    Yields
    ------
    duckdb.DuckDBPyConnection
        The connection.

    Raises
    ------
    SchemaError
        If a file cannot be read as what it should be.
    AbsenceRiskError
        If memory does not suffice.
    """
    import duckdb  # noqa: PLC0415 (80 ms that only reading rows needs)

    failure: Exception | None = None
    with tempfile.TemporaryDirectory(prefix="absence_risk_") as spill:
        config: dict[str, Any] = {
            "memory_limit": engine.memory_limit,
            "preserve_insertion_order": str(keep_order).lower(),
            "temp_directory": spill,
            "autoinstall_known_extensions": "false",
        }
        if engine.threads is not None:
            config["threads"] = str(engine.threads)
        with duckdb.connect(config=config) as connection:
            try:
                yield connection
            except duckdb.OutOfMemoryException:
                failure = AbsenceRiskError(_MEMORY_MESSAGE.format(limit=engine.memory_limit))
            except duckdb.Error:
                failure = SchemaError([_unreadable()])
    if failure is not None:
        # Raised outside the handler, so that no chained message can quote a value.
        raise failure


def _unreadable() -> Problem:
    return Problem(
        code="E100",
        table="registers",
        message="The rows cannot be read as the columns of a register.",
        fix="Call validate() for the list of what is wrong.",
    )


@contextmanager
def open_rows(source: RowFiles | FrameRows, engine: Engine) -> Iterator[nw.LazyFrame[Any]]:
    """Open register rows as a lazy frame with canonical columns.

    Parameters
    ----------
    source : RowFiles or FrameRows
        Where the rows are.
    engine : Engine
        Settings.

    Yields
    ------
    narwhals.LazyFrame
        Canonical columns that are present; use it inside the ``with`` block only.

    Raises
    ------
    SchemaError
        If a file cannot be read.
    """
    if isinstance(source, FrameRows):
        yield nw.from_native(source.frame).lazy().select(list(source.columns))
        return
    with connect(engine) as connection:
        yield nw.from_native(connection.sql(_typed_query(source)))


def collect(frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Run a lazy frame and return it as pandas.

    Parameters
    ----------
    frame : narwhals.LazyFrame
        The frame.

    Returns
    -------
    pandas.DataFrame
        Its rows. (By way of pandas: collecting to arrow prints leak notices at exit.)
    """
    native: pd.DataFrame = frame.collect("pandas").to_native()
    return native


def parquet_columns(path: Path, engine: Engine) -> dict[str, str] | None:
    """Return column names and engine types of a parquet file.

    Parameters
    ----------
    path : Path
        The file.
    engine : Engine
        Settings.

    Returns
    -------
    dict of str to str or None
        Type by column; None if the file is no whole parquet file.
    """
    query = f"DESCRIBE SELECT * FROM read_parquet({_text(str(path))}, hive_partitioning = false)"
    try:
        with connect(engine) as connection:
            return {str(row[0]): str(row[1]) for row in connection.sql(query).fetchall()}
    except SchemaError:
        return None


def parquet_frame(path: Path, engine: Engine) -> pd.DataFrame:
    """Read a small parquet table.

    Parameters
    ----------
    path : Path
        The file.
    engine : Engine
        Settings.

    Returns
    -------
    pandas.DataFrame
        All rows and columns, in the order of the file.

    Raises
    ------
    SchemaError
        If the file is no whole parquet file.
    """
    with connect(engine, keep_order=True) as connection:
        query = f"SELECT * FROM read_parquet({_text(str(path))}, hive_partitioning = false)"
        frame: pd.DataFrame = connection.sql(query).df()
        return frame


def first_rows(file: RowFile, engine: Engine, limit: int) -> pd.DataFrame:
    """Return the first rows of a file, in whatever types it has.

    Parameters
    ----------
    file : RowFile
        The file.
    engine : Engine
        Settings.
    limit : int
        Number of rows.

    Returns
    -------
    pandas.DataFrame
        All columns.

    Raises
    ------
    SchemaError
        If the file cannot be read.
    """
    place = (
        csv_source(file, options=", store_rejects = true")
        if file.kind == "csv"
        else parquet_source([file])
    )
    with connect(engine) as connection:
        frame: pd.DataFrame = connection.sql(f"SELECT * FROM {place} LIMIT {limit:d}").df()
        return frame


def quoted(name: str) -> str:
    """Return a column name as an SQL identifier.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The name in double quotes.

    Examples
    --------
    >>> quoted("date")
    '"date"'
    """
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def csv_source(file: RowFile, types: dict[str, str] | None = None, options: str = "") -> str:
    """Return the SQL table function that reads one CSV file without guessing anything.

    Parameters
    ----------
    file : RowFile
        The file.
    types : dict of str to str or None
        Engine type by column; text where none is given.
    options : str
        Further options, each after a comma.

    Returns
    -------
    str
        SQL.
    """
    wanted = types or {}
    columns = ", ".join(f"{_text(n)}: {_text(wanted.get(n, 'VARCHAR'))}" for n in file.columns)
    return (
        f"read_csv({_text(str(file.path))}, auto_detect = false, header = true, "
        f"columns = {{{columns}}}, delim = {_text(file.delimiter)}, quote = '\"', "
        f"escape = '\"', nullstr = ''{options})"
    )


def parquet_source(files: Sequence[RowFile], options: str = "") -> str:
    """Return the SQL table function that reads parquet files of one form.

    Parameters
    ----------
    files : sequence of RowFile
        The files.
    options : str
        Further options, each after a comma.

    Returns
    -------
    str
        SQL.
    """
    paths = ", ".join(_text(str(file.path)) for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false{options})"


def _typed_query(source: RowFiles) -> str:
    """Return SQL for all files with canonical types; files of one form are read together."""
    types = {f.name: SQL_TYPES[f.kind] for f in table("registers").fields}
    groups: dict[tuple[Any, ...], list[RowFile]] = {}
    for file in source.files:
        form = (file.kind, file.delimiter, tuple(file.columns.items()))
        groups.setdefault(form, []).append(file)
    parts = []
    for files in groups.values():
        have = files[0].columns
        if files[0].kind == "csv":
            froms = [csv_source(file, types) for file in files]
            have = types
        else:
            froms = [parquet_source(files)]
        chosen = ", ".join(
            _typed_column(name, have.get(name) if name in files[0].columns else None, types[name])
            for name in source.columns
        )
        parts += [f"SELECT {chosen} FROM {place}" for place in froms]
    return " UNION ALL ".join(parts)


def _typed_column(name: str, found: str | None, wanted: str) -> str:
    if found is None:
        return f"CAST(NULL AS {wanted}) AS {quoted(name)}"
    if found == wanted:
        return quoted(name)
    return f"CAST({quoted(name)} AS {wanted}) AS {quoted(name)}"
