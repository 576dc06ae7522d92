"""Give the columns of a small table their canonical types; what does not fit is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.errors import Problem
from absence_risk.register.fields import KIND_WORDS, Field, TableSchema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LoadedTable", "missing_columns", "typed_table"]

_RANGES = {"uint32": (0, 2**32 - 1), "uint8": (0, 255), "int16": (-(2**15), 2**15 - 1)}
_BOOLS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_FOUND = {
    "boolean": "true or false",
    "date": "dates",
    "datetime": "dates",
    "datetime64": "dates",
    "decimal": "numbers",
    "floating": "numbers",
    "integer": "whole numbers",
    "mixed-integer-float": "numbers",
    "string": "text",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class LoadedTable:
    """A small table with canonical columns and types.

    Parameters
    ----------
    name : str
        Table name.
    frame : pandas.DataFrame
        Rows; the index is the line in the file (CSV) or the number of the row from 1.
    file : str or None
        Name of the file in messages; None for a frame that a user gave.
    problems : tuple of Problem
        What was wrong with columns and types.
    """

    name: str
    frame: pd.DataFrame
    file: str | None
    problems: tuple[Problem, ...] = ()


def missing_columns(present: list[str], schema: TableSchema, file: str | None) -> list[Problem]:
    """Return a problem for each required column that is not there.

    Parameters
    ----------
    present : list of str
        Columns of the file.
    schema : TableSchema
        The table.
    file : str or None
        Name of the file in messages.

    Returns
    -------
    list of Problem
        Each offers the nearest present name that is no canonical column itself.
    """
    strangers = [name for name in present if name not in schema.names]
    problems = []
    for name in schema.required_names:
        if name in present:
            continue
        near = check.nearest(name, strangers)
        fix = f"Rename {near!r} to {name!r}?" if near else f"Add the column {name!r}."
        problems.append(
            Problem(
                code="E101",
                table=schema.name,
                file=file,
                column=name,
                message=f"The column {name!r} is missing.",
                fix=fix,
            )
        )
    return problems


def typed_table(
    raw: pd.DataFrame, schema: TableSchema, file: str | None, *, is_csv: bool, comma: bool = False
) -> LoadedTable:
    """Give a raw table its canonical columns and types.

    Parameters
    ----------
    raw : pandas.DataFrame
        The table as read; the index is the line or row number.
    schema : TableSchema
        What it should be. Other columns are left out.
    file : str or None
        Name of the file in messages.
    is_csv : bool
        Whether all values are text.
    comma : bool
        Whether a comma may be the decimal sign.

    Returns
    -------
    LoadedTable
        All canonical columns; missing ones are empty.
    """
    import pandas as pd  # noqa: PLC0415

    problems = missing_columns([str(c) for c in raw.columns], schema, file)
    columns = {}
    for field in schema.fields:
        if field.name not in raw.columns:
            columns[field.name] = _empty(field, raw.index)
            continue
        series = raw[field.name]
        if is_csv and comma and field.kind == "float64":
            series = series.str.replace(",", ".", regex=False)
        columns[field.name], wrong = _converted(series, field, is_csv=is_csv)
        if wrong.any():
            problems.append(_wrong_type(series, wrong, field, schema, file, is_csv=is_csv))
    frame = pd.DataFrame(columns, index=raw.index, columns=list(schema.names))
    return LoadedTable(name=schema.name, frame=frame, file=file, problems=tuple(problems))


_EMPTY_TYPES: dict[str, Any] = {
    "bool": "boolean",
    "date": "datetime64[ns]",
    "float64": "float64",
    "int16": "Int64",
    "text": "object",
    "timestamp": "datetime64[ns]",
    "uint32": "Int64",
    "uint8": "Int64",
}


def _empty(field: Field, index: pd.Index) -> pd.Series:
    import pandas as pd  # noqa: PLC0415

    empty: pd.Series = pd.Series(None, index=index, dtype=_EMPTY_TYPES[field.kind])
    return empty


def _wrong_type(
    series: pd.Series,
    wrong: pd.Series,
    field: Field,
    schema: TableSchema,
    file: str | None,
    *,
    is_csv: bool,
) -> Problem:
    import pandas as pd  # noqa: PLC0415

    kind = pd.api.types.infer_dtype(series[wrong], skipna=True)
    found = "other text" if is_csv else _FOUND.get(kind, "mixed values")
    is_date = is_csv and field.kind == "date"
    return Problem(
        code="E110" if is_date else "E103",
        table=schema.name,
        file=file,
        line=int(wrong.index[int(wrong.to_numpy().argmax())]),
        column=field.name,
        n_rows=int(wrong.sum()),
        message=f"Values must be {KIND_WORDS[field.kind]}; found {found}.",
        fix="Write dates as YYYY-MM-DD." if is_date else "Correct the export.",
    )


def _converted(series: pd.Series, field: Field, *, is_csv: bool) -> tuple[pd.Series, pd.Series]:
    """Return the converted column and where a value did not fit."""
    present = series.notna()
    if field.kind == "text":
        values = _as_text(series, present)
    elif field.kind == "bool":
        values = _as_bool(series, is_csv=is_csv)
    elif field.kind in ("date", "timestamp"):
        values = _as_date(series, field, is_csv=is_csv)
    else:
        values = _as_number(series, field, is_csv=is_csv)
    wrong = present & values.isna()
    return _settled(values, field), wrong


def _settled(values: pd.Series, field: Field) -> pd.Series:
    """Use plain numpy types where no value is missing, nullable ones elsewhere."""
    if field.kind in ("uint32", "uint8", "int16", "bool") and not values.isna().any():
        plain: Any = {"uint32": "uint32", "bool": "bool"}.get(field.kind, "int64")
        if field.required and not field.nullable:
            return values.astype(plain)
    return values


def _as_text(series: pd.Series, present: pd.Series) -> pd.Series:
    import pandas as pd  # noqa: PLC0415

    values = [
        _whole(value) if there else None
        for value, there in zip(series.tolist(), present.tolist(), strict=True)
    ]
    return pd.Series(values, index=series.index, dtype=object)


def _whole(value: object) -> str:
    """Return text; a whole number that a missing value turned into a float loses its ``.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _as_bool(series: pd.Series, *, is_csv: bool) -> pd.Series:
    if is_csv:
        words: pd.Series = series.str.strip().str.lower().map(_BOOLS)
        return words.astype("boolean")
    is_bool = series.map(lambda value: isinstance(value, bool)).astype(bool)
    return series.astype(object).where(is_bool, None).astype("boolean")


def _as_date(series: pd.Series, field: Field, *, is_csv: bool) -> pd.Series:
    import pandas as pd  # noqa: PLC0415

    if is_csv:
        form = "%Y-%m-%d" if field.kind == "date" else "ISO8601"
        dates = pd.to_datetime(series, format=form, errors="coerce")
    elif pd.api.types.is_datetime64_any_dtype(series):
        dates = series.dt.tz_localize(None) if series.dt.tz is not None else series
    else:
        # Dates from arrow or polars arrive as objects; text stays wrong.
        dates = pd.to_datetime(series.where(series.map(_is_date), None), errors="coerce")
    dates = dates.astype("datetime64[ns]")
    return dates.dt.normalize() if field.kind == "date" else dates


def _is_date(value: object) -> bool:
    return hasattr(value, "year") and hasattr(value, "day")


def _as_number(series: pd.Series, field: Field, *, is_csv: bool) -> pd.Series:
    import pandas as pd  # noqa: PLC0415

    if not is_csv and pd.api.types.infer_dtype(series, skipna=True) not in (
        "integer",
        "floating",
        "mixed-integer-float",
        "decimal",
        "empty",
    ):
        return pd.Series(float("nan"), index=series.index)
    numbers = pd.to_numeric(series, errors="coerce").astype("Float64")
    if field.kind == "float64":
        return numbers.astype("float64")
    low, high = _RANGES[field.kind]
    fits = (numbers % 1 == 0) & (numbers >= low) & (numbers <= high)
    return numbers.mask(~fits.fillna(value=False)).astype("Int64")
