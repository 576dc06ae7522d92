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
    REJECTS,
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

__all__ = ["Engine", "Files", "collect", "read_files", "run", "run_on_rows", "runs"]

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
                _without_bar(connection)
                return work(connection)

    return _quietly(inside, engine)


def runs(connection: duckdb.DuckDBPyConnection, statement: str) -> bool:
    """Execute a statement unless the data do not fit it; what was wrong is not told.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The connection.
    statement : str
        SQL that reads files.

    Returns
    -------
    bool
        Whether it ran; if not, it left nothing.
    """
    import duckdb  # noqa: PLC0415

    try:
        connection.execute(statement)
    except (duckdb.ConversionException, duckdb.InvalidInputException):
        return False
    return True


def _without_bar(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep the engine from drawing a bar of its own, which it does into pipes as well."""
    (drawn,) = connection.sql("SELECT current_setting('enable_progress_bar')").fetchall()[0]
    if drawn:  # Where it is off, some notebooks refuse to hear of it.
        connection.execute("SET enable_progress_bar = false")


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


@dataclass(frozen=True, eq=False)
class Files:
    """Reads whole or parts of single files; a file that cannot be read gives None.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The connection that reads.
    """

    connection: duckdb.DuckDBPyConnection

    def parquet_columns(self, path: Path) -> dict[str, str] | None:
        """Return column names and engine types of a parquet file.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        dict of str to str or None
            Type by column.
        """
        described = self._frame(f"DESCRIBE SELECT * FROM {_parquet(path)}")
        if described is None:
            return None
        pairs = zip(described["column_name"], described["column_type"], strict=True)
        return {str(name): str(kind) for name, kind in pairs}

    def parquet_frame(self, path: Path) -> pd.DataFrame | None:
        """Read a small parquet table.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        pandas.DataFrame or None
            All rows and columns, in the order of the file.
        """
        return self._frame(f"SELECT * FROM {_parquet(path)}")

    def first_rows(self, file: RowFile, limit: int) -> pd.DataFrame | None:
        """Return the first rows of a file, in whatever types it has.

        Parameters
        ----------
        file : RowFile
            The file.
        limit : int
            Number of rows.

        Returns
        -------
        pandas.DataFrame or None
            All columns.
        """
        is_csv = file.kind == "csv"
        place = csv_source(file, options=REJECTS) if is_csv else parquet_source([file])
        return self._frame(f"SELECT * FROM {place} LIMIT {limit:d}")

    def _frame(self, query: str) -> pd.DataFrame | None:
        import duckdb  # noqa: PLC0415

        try:
            frame: pd.DataFrame = self.connection.sql(query).df()
        except duckdb.Error:
            return None
        return frame


def _parquet(path: Path) -> str:
    return f"read_parquet({sql_text(str(path))}, hive_partitioning = false)"


def read_files(engine: Engine, work: Callable[[Files], T]) -> T:
    """Read single files with one connection.

    Parameters
    ----------
    engine : Engine
        Settings.
    work : callable
        Takes the reader and returns the answer.

    Returns
    -------
    object
        What ``work`` returns.
    """

    def inside(connection: duckdb.DuckDBPyConnection) -> T:
        connection.execute("SET preserve_insertion_order = true")
        return work(Files(connection))

    return run(engine, inside)
