"""Register rows in files or frames, and the SQL that reads the files without guessing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from absence_risk.register.fields import SQL_TYPES
from absence_risk.register.schema import table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "CSV_BUFFER",
    "REJECTS",
    "FrameRows",
    "RowFile",
    "RowFiles",
    "csv_source",
    "parquet_source",
    "quoted",
    "sql_text",
    "typed_query",
]

REJECTS = ", store_rejects = true"
"""Option of `csv_source`: set broken lines aside instead of stopping."""

CSV_BUFFER = 4_000_000
"""Bytes of a CSV file read at a time: DuckDB's own 32 MB per thread cost memory, save no time."""


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


def sql_text(value: str) -> str:
    """Return text as an SQL literal.

    Parameters
    ----------
    value : str
        The text.

    Returns
    -------
    str
        The text in single quotes.

    Examples
    --------
    >>> sql_text("it's")
    "'it''s'"
    """
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
    columns = ", ".join(
        f"{sql_text(n)}: {sql_text(wanted.get(n, 'VARCHAR'))}" for n in file.columns
    )
    return (
        f"read_csv({sql_text(str(file.path))}, auto_detect = false, header = true, "
        f"columns = {{{columns}}}, delim = {sql_text(file.delimiter)}, quote = '\"', "
        f"escape = '\"', nullstr = '', buffer_size = {CSV_BUFFER}{options})"
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
    paths = ", ".join(sql_text(str(file.path)) for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false{options})"


def typed_query(source: RowFiles) -> str:
    """Return SQL for all files with canonical types; files of one form are read together.

    Parameters
    ----------
    source : RowFiles
        The files.

    Returns
    -------
    str
        SQL.
    """
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
