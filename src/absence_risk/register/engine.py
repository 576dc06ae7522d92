"""The embedded engine: opens register rows, in files or in frames, and runs queries on them.

The only module that knows DuckDB. A connection lives inside one ``with`` block. Errors of the
engine can quote values of a file, so none of them leaves this module.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import narwhals.stable.v2 as nw

from absence_risk.errors import AbsenceRiskError, Problem, SchemaError
from absence_risk.register.row_files import (
    FrameRows,
    RowFile,
    RowFiles,
    csv_source,
    parquet_source,
    sql_text,
    typed_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb
    import pandas as pd

__all__ = [
    "Engine",
    "collect",
    "first_rows",
    "parquet_columns",
    "parquet_frame",
    "run",
    "run_on_rows",
]

T = TypeVar("T")

_ENGINES = ("_duckdb", "duckdb", "narwhals", "pandas", "polars", "pyarrow", "pyspark", "dask")
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


def run(engine: Engine, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    """Open a connection for one task; spilled data are deleted when it ends.

    Parameters
    ----------
    engine : Engine
        Settings.
    work : callable
        Takes the connection and returns the answer; nothing lazy may leave it.

    Returns
    -------
    object
        What ``work`` returns.

    Raises
    ------
    SchemaError
        If a file cannot be read as what it should be.
    AbsenceRiskError
        If memory does not suffice.
    """
    import duckdb  # noqa: PLC0415 (80 ms that only reading rows needs)

    def inside() -> T:
        with tempfile.TemporaryDirectory(prefix="absence_risk_") as spill:
            config: dict[str, Any] = {
                "memory_limit": engine.memory_limit,
                "preserve_insertion_order": "false",
                "temp_directory": spill,
                "autoinstall_known_extensions": "false",
            }
            if engine.threads is not None:
                config["threads"] = str(engine.threads)
            with duckdb.connect(config=config) as connection:
                return work(connection)

    return _quietly(inside, engine)


def run_on_rows(
    source: RowFiles | FrameRows, engine: Engine, work: Callable[[nw.LazyFrame[Any]], T]
) -> T:
    """Open register rows as a lazy frame with canonical columns, for one task.

    Parameters
    ----------
    source : RowFiles or FrameRows
        Where the rows are.
    engine : Engine
        Settings.
    work : callable
        Takes the lazy frame and returns the answer; nothing lazy may leave it.

    Returns
    -------
    object
        What ``work`` returns.

    Raises
    ------
    SchemaError
        If a file or frame cannot be read as the columns of a register.
    """
    if isinstance(source, FrameRows):
        frame = nw.from_native(source.frame).lazy().select(list(source.columns))
        return _quietly(lambda: work(frame), engine)
    return run(engine, lambda con: work(nw.from_native(con.sql(typed_query(source)))))


def _quietly(work: Callable[[], T], engine: Engine) -> T:
    """Run a task; replace an engine's error, which can quote values, by one that cannot."""
    try:
        return work()
    except Exception as error:
        if type(error).__module__.split(".")[0] not in _ENGINES:
            raise
        is_memory = type(error).__name__ == "OutOfMemoryException"
    # Raised outside the handler, so that no chained message can quote a value.
    if is_memory:
        raise AbsenceRiskError(_MEMORY_MESSAGE.format(limit=engine.memory_limit))
    raise SchemaError([_unreadable()])


def _unreadable() -> Problem:
    return Problem(
        code="E100",
        table="registers",
        message="The rows cannot be read as the columns of a register.",
        fix="Call validate() for the list of what is wrong.",
    )


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
    query = f"DESCRIBE SELECT * FROM read_parquet({sql_text(str(path))}, hive_partitioning = false)"
    try:
        rows = run(engine, lambda connection: connection.sql(query).fetchall())
    except SchemaError:
        return None
    return {str(row[0]): str(row[1]) for row in rows}


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

    def read(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        connection.execute("SET preserve_insertion_order = true")
        query = f"SELECT * FROM read_parquet({sql_text(str(path))}, hive_partitioning = false)"
        frame: pd.DataFrame = connection.sql(query).df()
        return frame

    return run(engine, read)


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
    query = f"SELECT * FROM {place} LIMIT {limit:d}"

    def read(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
        frame: pd.DataFrame = connection.sql(query).df()
        return frame

    return run(engine, read)
