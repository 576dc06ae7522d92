"""Read a folder in the canonical layout: small tables into frames, register rows left lazy."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from absence_risk.errors import Problem, SchemaError
from absence_risk.register.csv_lines import mixed_line_ends
from absence_risk.register.engine import Engine, Files, read_files
from absence_risk.register.identity import hides_digits
from absence_risk.register.readers.columns import LoadedTable, missing_columns, typed_table
from absence_risk.register.readers.loaded import (
    FIRST_ROWS,
    Loaded,
    absent_table,
    identities,
    wrong_column,
)
from absence_risk.register.readers.text import csv_frame, csv_head
from absence_risk.register.row_files import RowFile, RowFiles
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_folder"]

_SHOWN = 8


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
            problems.append(absent_table(name))
        if name != "registers" and len(found[name]) > 1:
            problems.append(_two_files(name, [_shown(p, folder) for p in found[name]]))
    row_files, tables = read_files(engine, lambda files: _read(found, folder, files, problems))
    if problems:
        raise SchemaError(problems)
    return Loaded(
        rows=RowFiles(files=row_files),
        tables=tables,
        source=hides_digits(folder.name),
        problems=tuple(_row_column_problems(row_files)),
    )


def _read(
    found: dict[str, list[Path]], folder: Path, files: Files, problems: list[Problem]
) -> tuple[tuple[RowFile, ...], dict[str, LoadedTable]]:
    row_files = [_row_file(path, folder, files, problems) for path in found["registers"]]
    tables = {
        name: _small_table(name, found[name], folder, files, problems)
        for name in TABLES
        if name != "registers"
    }
    return tuple(file for file in row_files if file is not None), tables


def _find(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each table, or raise where none is there."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise SchemaError([_no_register(f"The path {hides_digits(folder.name)!r} {what}.")])
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


def _two_files(name: str, files: list[str]) -> Problem:
    return Problem(
        code="E003",
        table=name,
        message=f"The table has {len(files)} files: {', '.join(files)}.",
        fix="Keep one.",
    )


def _shown(path: Path, folder: Path) -> str:
    return hides_digits(path.relative_to(folder).as_posix())


def _broken(name: str, shown: str, code: str = "E005", *, is_mixed: bool = False) -> Problem:
    if code == "E004":
        message, fix = "The file is empty.", "Export it again."
    elif is_mixed:
        message = "Some lines end in CR LF and others in LF, as when two files were joined."
        fix = "Open it in a text editor and save it with one kind of line ending."
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


def _row_file(path: Path, folder: Path, files: Files, problems: list[Problem]) -> RowFile | None:
    """Describe a file of rows, and check names and the first rows; validation sees all rows."""
    shown = _shown(path, folder)
    if path.stat().st_size == 0:
        problems.append(_broken("registers", shown, "E004"))
        return None
    if path.suffix == ".parquet":
        columns = files.parquet_columns(path)
        file = RowFile(path=path, shown=shown, kind="parquet", columns=columns or {})
    else:
        head = csv_head(path)
        double = None if head is None else _two_columns("registers", shown, head.columns)
        if head is None or double is not None:
            problems.append(double or _broken("registers", shown))
            return None
        if mixed_line_ends(path):
            problems.append(_broken("registers", shown, is_mixed=True))
            return None
        columns = dict.fromkeys(head.columns, "VARCHAR")
        file = RowFile(
            path=path, shown=shown, kind="csv", columns=columns, delimiter=head.delimiter
        )
    rows = None if columns is None else files.first_rows(file, FIRST_ROWS)
    if rows is None:
        problems.append(_broken("registers", shown))
        return None
    problems += identities("registers", shown, rows)
    return file


def _small_table(
    name: str, paths: list[Path], folder: Path, files: Files, problems: list[Problem]
) -> LoadedTable:
    import pandas as pd  # noqa: PLC0415

    schema = TABLES[name]
    if not paths:
        none = pd.DataFrame(columns=list(schema.names), dtype=object)
        return typed_table(none, schema, None, is_csv=False)
    path, shown = paths[0], _shown(paths[0], folder)
    if path.stat().st_size == 0:
        problems.append(_broken(name, shown, "E004"))
        return _small_table(name, [], folder, files, problems)
    if path.suffix == ".parquet":
        return _parquet_table(name, path, shown, files, problems)
    head = csv_head(path)
    double = None if head is None else _two_columns(name, shown, head.columns)
    if head is None or double is not None:
        problems.append(double or _broken(name, shown))
        return _small_table(name, [], folder, files, problems)
    raw, line_problems = csv_frame(path, head, name, shown)
    problems += identities(name, shown, raw)
    loaded = typed_table(raw, schema, shown, is_csv=True, comma=head.delimiter != ",")
    return dataclasses.replace(loaded, problems=(*line_problems, *loaded.problems))


def _parquet_table(
    name: str, path: Path, shown: str, files: Files, problems: list[Problem]
) -> LoadedTable:
    import pandas as pd  # noqa: PLC0415

    raw = files.parquet_frame(path)
    if raw is None:
        problems.append(_broken(name, shown))
        raw = pd.DataFrame(columns=list(TABLES[name].names), dtype=object)
    raw.index = pd.RangeIndex(1, len(raw) + 1)
    problems += identities(name, shown, raw)
    return typed_table(raw, TABLES[name], shown, is_csv=False)


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
