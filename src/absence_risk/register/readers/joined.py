"""Open the files that a part of a mapping reads, and look up columns of others beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.errors import Problem, SchemaError
from absence_risk.register.readers.json_files import is_json
from absence_risk.register.readers.sources import (
    OpenFile,
    csv_sql,
    find_files,
    open_csv,
    open_json,
)
from absence_risk.register.row_files import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from absence_risk.register.readers.mapping import FileSpec, Join, Mapping, Part
    from absence_risk.register.readers.staged import Desk

__all__ = ["cell_sql", "joined_rows", "open_all", "part_columns", "used_columns"]


def open_all(desk: Desk, spec: FileSpec, part: Part) -> list[OpenFile]:
    """Open the files of a part and check that they have the columns it needs.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    spec : FileSpec
        The files.
    part : Part
        The part of the mapping.

    Returns
    -------
    list of OpenFile
        In the order of their names.

    Raises
    ------
    SchemaError
        If there is none, or one cannot be read or lacks columns; all problems at once.
    """
    paths = find_files(desk.root, spec)
    if not paths:
        raise SchemaError([_absent(spec, part)])
    opened: list[OpenFile] = []
    problems: list[Problem] = []
    for path in paths:
        file = _open(desk, path, spec, part.table)
        if isinstance(file, Problem):
            problems.append(file)
            continue
        opened.append(file)
        problems += _missing_columns(spec, part, file)
    if problems:
        raise SchemaError(problems)
    return opened


def _open(desk: Desk, path: Path, spec: FileSpec, table: str) -> OpenFile | Problem:
    if not is_json(path):
        return open_csv(path, desk.root, spec, desk.private, table)
    columns = _wanted(desk.mapping, spec)
    return open_json(
        desk.connection,
        path,
        desk.root,
        spec,
        private=desk.private,
        columns=columns,
        table=table,
    )


def _wanted(mapping: Mapping, spec: FileSpec) -> list[str]:
    """Return the columns of a file that the mapping uses anywhere."""
    names: list[str] = []
    for other in mapping.files.values():
        joined = {join.file for join in other.joins}
        used = [c for part in mapping.parts if part.file == other.name for c in part_columns(part)]
        used += [*other.skip, *(c for join in other.joins for c in (*join.on, *join.within))]
        if other.name == spec.name:
            names += [c for c in used if c.partition(".")[0] not in joined]
        if spec.name in joined:
            mark = spec.name + "."
            names += [c.removeprefix(mark) for c in used if c.startswith(mark)]
            for join in other.joins:
                if join.file == spec.name:
                    spans = (c for span in join.within.values() for c in span)
                    names += [*join.on.values(), *spans]
    return list(dict.fromkeys(names))


def _absent(spec: FileSpec, part: Part) -> Problem:
    return Problem(
        code="E002",
        table=part.table,
        file=spec.path,
        message="The export has no such file.",
        fix=f"Correct the path of files.{spec.name} in the mapping, or add the file.",
    )


def part_columns(part: Part) -> list[str]:
    """Return the columns of files that a part reads.

    Parameters
    ----------
    part : Part
        The part.

    Returns
    -------
    list of str
        Columns of its file, and of joined ones with their file in front.
    """
    names = [
        c for source in (*part.fields.values(), *part.checked.values()) for c in source.columns
    ]
    names += [s.until for s in part.fields.values() if s.until is not None]
    return [*names, *(code.column for code in part.codes), *part.items]


def used_columns(part: Part, spec: FileSpec) -> list[str]:
    """Return every column that reading a part needs.

    Parameters
    ----------
    part : Part
        The part.
    spec : FileSpec
        Its file.

    Returns
    -------
    list of str
        Columns of values, of lines to skip and of keys of other files; some may repeat.
    """
    keys = (column for join in spec.joins for column in (*join.on, *join.within))
    return [*part_columns(part), *spec.skip, *keys]


def _missing_columns(spec: FileSpec, part: Part, file: OpenFile) -> list[Problem]:
    joined = {join.file for join in spec.joins}
    problems = []
    for name in dict.fromkeys(used_columns(part, spec)):
        if name in file.columns or name.partition(".")[0] in joined:
            continue
        near = check.nearest(name, file.columns)
        problems.append(
            Problem(
                code="E101",
                table=part.table,
                file=file.shown,
                column=name,
                message="The file has no such column.",
                fix=f"Did you mean {near!r}?" if near else "Correct the mapping.",
            )
        )
    return problems


def joined_rows(desk: Desk, spec: FileSpec, file: OpenFile) -> str:
    """Return SQL of the rows of a file, ``s``, with the columns that are looked up in others.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    spec : FileSpec
        How it is read.
    file : OpenFile
        The file.

    Returns
    -------
    str
        What follows FROM; rows keep the order of the file.

    Raises
    ------
    SchemaError
        If another file is missing or cannot be read.
    """
    if not spec.joins:
        return f"{csv_sql(file)} s"
    place = f'(SELECT *, row_number() OVER () AS "row no" FROM {csv_sql(file)}) s'
    for join in spec.joins:
        other = desk.mapping.files[join.file]
        sources: list[str] = []
        for path in find_files(desk.root, other):
            found = _open(desk, path, other, "registers")
            if isinstance(found, Problem):
                raise SchemaError([found])
            sources.append(f"SELECT * FROM {csv_sql(found)}")
        if not sources and join.optional:
            empty = ", ".join(
                f"NULL::VARCHAR AS {quoted(column)}" for column in _wanted(desk.mapping, other)
            )
            sources = [f"SELECT {empty} WHERE FALSE"]
        if not sources:
            raise SchemaError([_absent(other, desk.mapping.of("registers")[0])])
        place += f" LEFT JOIN ({_looked_up(join, sources)}) {quoted(join.file)} ON "
        place += _match(join, spec)
    if any(join.within for join in spec.joins):
        place += ' QUALIFY row_number() OVER (PARTITION BY s."row no") = 1'
    return f'{place} ORDER BY s."row no"'


def _looked_up(join: Join, sources: list[str]) -> str:
    """Return the rows of another file, one for each key unless a span chooses among them."""
    union = " UNION ALL BY NAME ".join(sources)
    if join.within:
        return f"SELECT * FROM ({union})"
    keys = ", ".join(quoted(column) for column in join.on.values())
    return f"SELECT * FROM ({union}) QUALIFY row_number() OVER (PARTITION BY {keys}) = 1"


def _match(join: Join, spec: FileSpec) -> str:
    alias = quoted(join.file)
    tests = [
        f"{cell_sql(mine, spec)} = {alias}.{quoted(theirs)}" for mine, theirs in join.on.items()
    ]
    for mine, (first, last) in join.within.items():
        low, at, high = (
            f"TRY_CAST({text} AS TIMESTAMP)"
            for text in (
                f"{alias}.{quoted(first)}",
                cell_sql(mine, spec),
                f"{alias}.{quoted(last)}",
            )
        )
        tests.append(f"{at} BETWEEN {low} AND {high}")
    return " AND ".join(tests)


def cell_sql(column: str, spec: FileSpec) -> str:
    """Return SQL of a cell of a file or of one that is joined to it.

    Parameters
    ----------
    column : str
        Column as the mapping names it.
    spec : FileSpec
        The file.

    Returns
    -------
    str
        SQL.
    """
    file, dot, rest = column.partition(".")
    if dot and file in {join.file for join in spec.joins}:
        return f"{quoted(file)}.{quoted(rest)}"
    return f"s.{quoted(column)}"
