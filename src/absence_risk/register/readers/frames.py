"""Take tables that are frames already, of any library that Narwhals knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from absence_risk import check
from absence_risk.errors import Problem, SchemaError
from absence_risk.register.engine import collect
from absence_risk.register.readers.columns import LoadedTable, missing_columns, typed_table
from absence_risk.register.readers.loaded import (
    FIRST_ROWS,
    Loaded,
    absent_table,
    identities,
    wrong_column,
)
from absence_risk.register.row_files import FrameRows
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["load_frames"]


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
        raise SchemaError([absent_table(name) for name in missing])
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
    problems += identities(name, None, raw)
    return typed_table(raw, schema, None, is_csv=False)


def _frame_rows(given: Any, problems: list[Problem]) -> tuple[FrameRows, list[Problem]]:
    frame = _with_dates(given)
    lazy = nw.from_native(frame).lazy()
    types = lazy.collect_schema()
    problems += identities("registers", None, collect(lazy.head(FIRST_ROWS)))
    schema = TABLES["registers"]
    found = missing_columns(types.names(), schema, None)
    known = []
    for field in schema.fields:
        if field.name not in types.names():
            continue
        wrong = wrong_column(field, str(types[field.name]), None)
        if wrong and not field.required and _is_empty(lazy, field.name):
            continue
        known.append(field.name)
        found += wrong
    return FrameRows(frame=frame, columns=tuple(known)), found


def _is_empty(lazy: nw.LazyFrame[Any], name: str) -> bool:
    """Whether a column holds nothing at all, whatever its type."""
    return len(collect(lazy.filter(~nw.col(name).is_null()).select(name).head(1))) == 0


def _with_dates(frame: Any) -> Any:
    """Turn a pandas column of date objects, as parquet files give them, into dates."""
    import pandas as pd  # noqa: PLC0415

    if not isinstance(frame, pd.DataFrame) or "date" not in frame.columns:
        return frame
    if pd.api.types.infer_dtype(frame["date"], skipna=True) != "date":
        return frame
    return frame.assign(date=pd.to_datetime(frame["date"]))
