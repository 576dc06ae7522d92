"""The embedded engine: opens register rows, in files or in frames, and runs queries on them.

The only module that knows DuckDB. A connection lives inside one ``with`` block. Errors of the
engine can quote values of a file, so none of them leaves this module.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb
    import pandas as pd

__all__ = [
    "Engine",
    "collect",
    "connect",
    "first_rows",
    "open_rows",
    "parquet_columns",
    "parquet_frame",
]

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
        yield nw.from_native(connection.sql(typed_query(source)))


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
        query = f"SELECT * FROM read_parquet({sql_text(str(path))}, hive_partitioning = false)"
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
