"""What every reader hands over, and checks that all readers share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.errors import Problem
from absence_risk.register.fields import KIND_WORDS, Field
from absence_risk.register.identity import identity_problems

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.register.readers.columns import LoadedTable
    from absence_risk.register.row_files import FrameRows, RowFiles

__all__ = ["FIRST_ROWS", "Loaded", "absent_table", "identities", "wrong_column"]

FIRST_ROWS = 2_000
_SAMPLE = 500
_SMALL_NUMBERS = ("uint32", "int32", "uint16", "int16", "uint8", "int8")
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


def absent_table(name: str) -> Problem:
    """Return the problem of a required table that is not there.

    Parameters
    ----------
    name : str
        Table name.

    Returns
    -------
    Problem
        Code E002.
    """
    return Problem(
        code="E002",
        table=name,
        message=f"The table {name!r} is missing.",
        fix=f"Add {name}.parquet or {name}.csv.",
    )


def identities(name: str, shown: str | None, raw: pd.DataFrame) -> list[Problem]:
    """Return columns that must not be there, from their names and values.

    Parameters
    ----------
    name : str
        Table name.
    shown : str or None
        Name of the file in messages.
    raw : pandas.DataFrame
        Rows as read.

    Returns
    -------
    list of Problem
        Codes P901 (identity numbers), P902 (free text) and P904 (dates of birth).
    """
    columns = {
        str(column): _different(raw[column]) for column in raw.columns if raw[column].ndim == 1
    }
    return identity_problems(name, shown, columns)


def _different(values: pd.Series) -> list[object]:
    """Return different values of text and numbers; of 32-bit numbers a sample tells enough."""
    kind = values.dtype.kind
    if kind not in "Oiuf" and not str(values.dtype).startswith("str"):
        return []
    present = values.dropna().drop_duplicates()
    if str(values.dtype) in _SMALL_NUMBERS and len(present) > _SAMPLE:
        present = present.iloc[:: len(present) // _SAMPLE]
    found: list[object] = present.tolist()
    return found


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
    if family in _FITS[field.kind] or found.strip('"').upper() == "NULL":
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
