"""Bring JSON objects into rows of text: one row per object, or per element of one of its lists."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.row_files import quoted, sql_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb
    import numpy.typing as npt

__all__ = ["JsonCopy", "is_json", "json_as_csv"]

_ENDINGS = (".json", ".jsonl", ".ndjson")
_LARGEST = 1 << 28
_CHUNK = 1 << 22
_TEXT = "trim(coalesce(line, '')) <> ''"


@dataclass(frozen=True, eq=False, kw_only=True)
class JsonCopy:
    """What became of a file of objects.

    Parameters
    ----------
    numbers : numpy.ndarray of int64, shape (n_rows,)
        For each row of the copy the line of its object (JSON lines), or the number of the object
        from 1.
    broken : tuple of int
        Lines that are no JSON object; they have no row.
    damaged : bool
        Whether the file has characters that utf-8 does not have.
    """

    numbers: npt.NDArray[np.int64]
    broken: tuple[int, ...]
    damaged: bool


def is_json(path: Path) -> bool:
    """Return whether a file holds JSON.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its ending.
    """
    return path.suffix.lower() in _ENDINGS


def json_as_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    target: Path,
    columns: Sequence[str],
    each: str | None = None,
) -> JsonCopy | None:
    """Copy the wanted values of a file of objects into a CSV file; nothing else is read from it.

    The file may hold one object per line, an array of objects, or pages as interfaces give them:
    objects whose ``data`` is an array. Of a descriptor such as
    ``uri://ed-fi.org/SexDescriptor#Female`` the part behind ``#`` is taken.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Connection of the engine.
    path : Path
        The file.
    target : Path
        The copy.
    columns : sequence of str
        Paths into the object with dots, such as ``student.id``; also the names of the columns.
    each : str or None
        A list of the object: one row per element, whose values are known as ``<each>.<path>``.
        An object whose list is empty or missing has no row.

    Returns
    -------
    JsonCopy or None
        None if the file is not JSON.
    """
    path, damaged = _in_utf8(path, target.with_suffix(".utf8"))
    form = _form(path)
    if form is None:
        return None
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE json_rows AS {_rows_sql(path, form)}")
    except Exception as error:  # the engine's own errors carry pieces of the file
        if type(error).__module__.partition(".")[0] not in ("duckdb", "_duckdb"):
            raise
        return None
    source, element = "json_rows", ""
    if each is not None:
        element = f", unnest(json_extract(object, {sql_text(_path(each) + '[*]')})) AS element"
    chosen = ", ".join(f"{_value(column, each)} AS {quoted(column)}" for column in columns)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE json_copy AS SELECT number, object"
        f"{element} FROM {source} WHERE json_valid(object) AND json_type(object) = 'OBJECT'"
    )
    connection.execute(
        f"COPY (SELECT {chosen} FROM json_copy ORDER BY rowid) TO {sql_text(str(target))} "
        "(FORMAT csv, HEADER true, DELIMITER ',')"
    )
    numbers = connection.execute("SELECT number FROM json_copy ORDER BY rowid").fetchnumpy()
    broken = connection.execute(
        "SELECT number FROM json_rows WHERE object IS NULL OR NOT json_valid(object) "
        "OR json_type(object) <> 'OBJECT' ORDER BY number"
    ).fetchall()
    connection.execute("DROP TABLE json_rows; DROP TABLE json_copy")
    return JsonCopy(
        numbers=np.asarray(numbers["number"]).astype(np.int64),
        broken=tuple(int(row[0]) for row in broken),
        damaged=damaged,
    )


def _in_utf8(path: Path, copy: Path) -> tuple[Path, bool]:
    """Return the file, or a copy in which U+FFFD stands for what is not utf-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        lenient = codecs.getincrementaldecoder("utf-8")(errors="replace")
        with path.open("rb") as file, copy.open("w", encoding="utf-8", newline="") as out:
            while chunk := file.read(_CHUNK):
                out.write(lenient.decode(chunk))
            out.write(lenient.decode(b"", final=True))
        return copy, True
    return path, False


def _form(path: Path) -> str | None:
    """Return "lines", "array", "pages" (one per line) or "page", or None if it is no JSON."""
    with path.open("rb") as file:
        first = file.readline(_LARGEST).removeprefix(b"\xef\xbb\xbf").strip()
        while not first:
            line = file.readline(_LARGEST)
            if not line:
                return None
            first = line.strip()
    if first[:1] == b"[":
        return "array"
    if first[:1] != b"{":
        return None
    try:
        found = json.loads(first)
    except ValueError:
        return "page" if first.count(b"{") > first.count(b"}") else "lines"
    return "pages" if isinstance(found.get("data"), list) else "lines"


def _rows_sql(path: Path, form: str) -> str:
    """Return SQL with a number and an object for each record of a file, in its order."""
    file = sql_text(str(path))
    if form == "lines":
        # Lines are read as text, so that one that is no JSON costs itself only.
        lines = (
            "SELECT row_number() OVER () AS number, line FROM "
            f"read_csv({file}, auto_detect = false, header = false, delim = '\\x01', quote = '', "
            f"escape = '', columns = {{'line': 'VARCHAR'}}, max_line_size = {_LARGEST})"
        )
        return f"SELECT number, TRY_CAST(line AS JSON) AS object FROM ({lines}) WHERE {_TEXT}"
    size = f"maximum_object_size = {_LARGEST}"
    if form == "array":
        inner = f"SELECT json AS object FROM read_json_objects({file}, format = 'array', {size})"
    else:
        kind = "newline_delimited" if form == "pages" else "unstructured"
        inner = (
            "SELECT unnest(json_extract(json, '$.data[*]')) AS object "
            f"FROM read_json_objects({file}, format = '{kind}', {size})"
        )
    return f"SELECT row_number() OVER () AS number, object FROM ({inner})"


def _path(column: str) -> str:
    return "$" + "".join(f'."{part}"' for part in column.split("."))


def _value(column: str, each: str | None) -> str:
    """Return SQL of one value as text on one line."""
    place, inner = "object", column
    if each is not None and column.startswith(each + "."):
        place, inner = "element", column.removeprefix(each + ".")
    text = f"json_extract_string({place}, {sql_text(_path(inner))})"
    text = f"regexp_replace({text}, '[\\r\\n]+', ' ', 'g')"
    return f"regexp_replace({text}, '^uri://[^#]*#', '')"
