"""Read a folder in the canonical layout: small tables into frames, register rows left lazy."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from absence_risk import check
from absence_risk.errors import Problem, SchemaError
from absence_risk.register.engine import (
    Engine,
    FrameRows,
    RowFile,
    RowFiles,
    collect,
    first_rows,
    parquet_columns,
    parquet_frame,
)
from absence_risk.register.identity import hides_digits, identity_problems
from absence_risk.register.readers.columns import LoadedTable, missing_columns, typed_table
from absence_risk.register.readers.text import csv_frame, csv_head
from absence_risk.register.schema import KIND_WORDS, TABLES, Field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["Loaded", "load_folder", "load_frames"]

_SHOWN = 8
_FIRST_ROWS = 2_000
_FAMILIES = (
    ("whole numbers", re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?\b|U?INT\d+", re.IGNORECASE)),
    ("numbers", re.compile(r"FLOAT|DOUBLE|DECIMAL|REAL", re.IGNORECASE)),
    ("dates", re.compile(r"DATE|TIMESTAMP", re.IGNORECASE)),
    ("true or false", re.compile(r"BOOL", re.IGNORECASE)),
    ("text", re.compile(r"VARCHAR|ENUM|STRING|CATEGORICAL|UTF8", re.IGNORECASE)),
)
_FITS = {
    "uint32": ("whole numbers", "numbers"),
    "uint8": ("whole numbers", "numbers"),
    "int16": ("whole numbers", "numbers"),
    "float64": ("whole numbers", "numbers"),
    "bool": ("true or false",),
    "date": ("dates",),
    "timestamp": ("dates",),
    "text": ("text", "whole numbers"),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Loaded:
    """What a reader hands over.

    Parameters
    ----------
    rows : RowFiles or FrameRows
        Where the register rows are; not read yet.
    tables : dict of str to LoadedTable
        The small tables; absent optional ones are empty.
    source : str
        Name of the folder, or "frames".
    problems : tuple of Problem
        What is wrong with files and columns of the register rows.
    """

    rows: RowFiles | FrameRows
    tables: dict[str, LoadedTable]
    source: str
    problems: tuple[Problem, ...] = ()


def load_folder(folder: Path, engine: Engine) -> Loaded:
    """Read a register's folder.

    Parameters
    ----------
    folder : Path
        The folder.
    engine : Engine
        Settings of the engine.

    Returns
    -------
    Loaded
        Tables and the place of the rows.

    Raises
    ------
    SchemaError
        If the folder is no register or a file cannot be read at all.
    """
    found = _find(folder)
    problems: list[Problem] = []
    for name, schema in TABLES.items():
        if schema.required and not found[name]:
            problems.append(_absent_table(name))
        if name != "registers" and len(found[name]) > 1:
            problems.append(_two_files(name, [_shown(p, folder) for p in found[name]]))
    row_files = [_row_file(path, folder, engine, problems) for path in found["registers"]]
    for file in row_files:
        if file is not None:
            problems += _row_identities(file, engine)
    tables = {
        name: _small_table(name, found[name], folder, engine, problems)
        for name in TABLES
        if name != "registers"
    }
    if problems:
        raise SchemaError(problems)
    files = tuple(file for file in row_files if file is not None)
    return Loaded(
        rows=RowFiles(files=files),
        tables=tables,
        source=hides_digits(folder.name),
        problems=tuple(_row_column_problems(files)),
    )


def _find(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each table, or raise where none is there."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise SchemaError([_no_register(f"The path {what}.")])
    found: dict[str, list[Path]] = {}
    for name in TABLES:
        files = [folder / f"{name}.{ending}" for ending in ("parquet", "csv")]
        found[name] = [file for file in files if file.is_file()]
    for ending in ("parquet", "csv"):
        found["registers"] += sorted((folder / "registers").glob(f"**/*.{ending}"))
    if not any(found.values()):
        names = sorted(hides_digits(path.name) for path in folder.iterdir())
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        listed = (", ".join(names[:_SHOWN]) + more) or "nothing"
        raise SchemaError([_no_register(f"The folder holds {listed}.")])
    return found


def _no_register(message: str) -> Problem:
    wanted = ", ".join(name for name, schema in TABLES.items() if schema.required)
    return Problem(
        code="E001",
        table="registers",
        message=message,
        fix=f"Give a folder with the tables {wanted}, each as .parquet or .csv "
        "(registers may be a folder of such files).",
    )


def _absent_table(name: str) -> Problem:
    return Problem(
        code="E002",
        table=name,
        message=f"The table {name!r} is missing.",
        fix=f"Add {name}.parquet or {name}.csv.",
    )


def _two_files(name: str, files: list[str]) -> Problem:
    return Problem(
        code="E003",
        table=name,
        message=f"The table has {len(files)} files: {', '.join(files)}.",
        fix="Keep one.",
    )


def _shown(path: Path, folder: Path) -> str:
    return hides_digits(path.relative_to(folder).as_posix())


def _broken(name: str, shown: str, code: str = "E005") -> Problem:
    if code == "E004":
        message, fix = "The file is empty.", "Export it again."
    else:
        message = "The file cannot be read: it is cut short or is not what its ending says."
        fix = "Copy or export it again."
    return Problem(code=code, table=name, file=shown, message=message, fix=fix)


def _two_columns(name: str, shown: str, columns: tuple[str, ...]) -> Problem | None:
    double = sorted({c for c in columns if columns.count(c) > 1 and c in TABLES[name].names})
    if not double:
        return None
    return Problem(
        code="E102",
        table=name,
        file=shown,
        column=double[0],
        message=f"The header names {', '.join(double)} more than once.",
        fix="Keep one of the columns.",
    )


def _row_file(path: Path, folder: Path, engine: Engine, problems: list[Problem]) -> RowFile | None:
    shown = _shown(path, folder)
    if path.stat().st_size == 0:
        problems.append(_broken("registers", shown, "E004"))
        return None
    if path.suffix == ".parquet":
        columns = parquet_columns(path, engine)
        if columns is None:
            problems.append(_broken("registers", shown))
            return None
        return RowFile(path=path, shown=shown, kind="parquet", columns=columns)
    head = csv_head(path)
    if head is None:
        problems.append(_broken("registers", shown))
        return None
    double = _two_columns("registers", shown, head.columns)
    if double is not None:
        problems.append(double)
        return None
    columns = dict.fromkeys(head.columns, "VARCHAR")
    return RowFile(path=path, shown=shown, kind="csv", columns=columns, delimiter=head.delimiter)


def _row_identities(file: RowFile, engine: Engine) -> list[Problem]:
    """Check names and the first rows; validation looks at all rows."""
    try:
        return _identities("registers", file.shown, first_rows(file, engine, _FIRST_ROWS))
    except SchemaError:
        return [_broken("registers", file.shown)]


def _small_table(
    name: str, paths: list[Path], folder: Path, engine: Engine, problems: list[Problem]
) -> LoadedTable:
    import pandas as pd  # noqa: PLC0415

    schema = TABLES[name]
    if not paths:
        none = pd.DataFrame(columns=list(schema.names), dtype=object)
        return typed_table(none, schema, None, is_csv=False)
    path, shown = paths[0], _shown(paths[0], folder)
    if path.stat().st_size == 0:
        problems.append(_broken(name, shown, "E004"))
        return _small_table(name, [], folder, engine, problems)
    if path.suffix == ".parquet":
        return _parquet_table(name, path, shown, engine, problems)
    head = csv_head(path)
    double = None if head is None else _two_columns(name, shown, head.columns)
    if head is None or double is not None:
        problems.append(double or _broken(name, shown))
        return _small_table(name, [], folder, engine, problems)
    raw, line_problems = csv_frame(path, head, name, shown)
    problems += _identities(name, shown, raw)
    loaded = typed_table(raw, schema, shown, is_csv=True, comma=head.delimiter != ",")
    return dataclasses.replace(loaded, problems=(*line_problems, *loaded.problems))


def _parquet_table(
    name: str, path: Path, shown: str, engine: Engine, problems: list[Problem]
) -> LoadedTable:
    import pandas as pd  # noqa: PLC0415

    try:
        raw = parquet_frame(path, engine)
    except SchemaError:
        problems.append(_broken(name, shown))
        raw = pd.DataFrame(columns=list(TABLES[name].names), dtype=object)
    raw.index = pd.RangeIndex(1, len(raw) + 1)
    problems += _identities(name, shown, raw)
    return typed_table(raw, TABLES[name], shown, is_csv=False)


def _identities(name: str, shown: str | None, raw: pd.DataFrame) -> list[Problem]:
    """Return columns that hold national identity numbers, from their names and values."""
    columns = {
        str(column): raw[column].dropna().drop_duplicates().tolist()
        if raw[column].dtype.kind in "Oiuf" or str(raw[column].dtype).startswith("str")
        else []
        for column in raw.columns
        if raw[column].ndim == 1
    }
    return identity_problems(name, shown, columns)


def _row_column_problems(files: tuple[RowFile, ...]) -> list[Problem]:
    """Return missing columns and wrong types of the row files, from their headers alone."""
    schema = TABLES["registers"]
    problems = []
    for file in files:
        problems += missing_columns(list(file.columns), schema, file.shown)
        if file.kind == "csv":
            continue
        for field in schema.fields:
            if field.name in file.columns:
                problems += wrong_column(field, file.columns[field.name], file.shown)
    return problems


def wrong_column(field: Field, found: str, file: str | None) -> list[Problem]:
    """Return a problem if a typed column of register rows cannot be what it should be.

    Parameters
    ----------
    field : Field
        The canonical column.
    found : str
        Its type, in the words of the engine or of Narwhals.
    file : str or None
        Name of the file in messages.

    Returns
    -------
    list of Problem
        One or none.
    """
    family = next((word for word, pattern in _FAMILIES if pattern.match(found)), "something else")
    if family in _FITS[field.kind]:
        return []
    return [
        Problem(
            code="E103",
            table="registers",
            file=file,
            column=field.name,
            message=f"The column must hold {KIND_WORDS[field.kind]}; it holds {family}.",
            fix="Export the column with its type.",
        )
    ]


def load_frames(frames: Mapping[str, Any]) -> Loaded:
    """Take tables that are frames already.

    Parameters
    ----------
    frames : mapping of str to frame
        Frames of any library that Narwhals knows, by table name.

    Returns
    -------
    Loaded
        Tables and the rows.

    Raises
    ------
    ValueError
        If a name is no table.
    SchemaError
        If a required table is missing or a column holds national identity numbers.
    """
    for name in frames:
        check.choice(name, tuple(TABLES), "table")
    missing = [n for n, schema in TABLES.items() if schema.required and n not in frames]
    if missing:
        raise SchemaError([_absent_table(name) for name in missing])
    problems: list[Problem] = []
    tables = {
        name: _frame_table(name, frames.get(name), problems)
        for name in TABLES
        if name != "registers"
    }
    rows, row_problems = _frame_rows(frames["registers"], problems)
    if problems:
        raise SchemaError(problems)
    return Loaded(rows=rows, tables=tables, source="frames", problems=tuple(row_problems))


def _frame_table(name: str, frame: Any, problems: list[Problem]) -> LoadedTable:
    import pandas as pd  # noqa: PLC0415

    schema = TABLES[name]
    if frame is None:
        raw = pd.DataFrame(columns=list(schema.names), dtype=object)
    else:
        raw = collect(nw.from_native(frame).lazy()).copy()
    raw.index = pd.RangeIndex(1, len(raw) + 1)
    problems += _identities(name, None, raw)
    return typed_table(raw, schema, None, is_csv=False)


def _frame_rows(frame: Any, problems: list[Problem]) -> tuple[FrameRows, list[Problem]]:
    lazy = nw.from_native(frame).lazy()
    schema = lazy.collect_schema()
    problems += _identities("registers", None, collect(lazy.head(_FIRST_ROWS)))
    found = missing_columns(schema.names(), TABLES["registers"], None)
    known = [name for name in TABLES["registers"].names if name in schema.names()]
    for name in known:
        found += wrong_column(TABLES["registers"].field(name), str(schema[name]), None)
    return FrameRows(frame=frame, columns=tuple(known)), found
