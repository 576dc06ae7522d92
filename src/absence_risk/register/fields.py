"""What a column and a table are declared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["KIND_WORDS", "SQL_TYPES", "Field", "TableSchema"]

Kind = Literal["uint32", "uint8", "int16", "float64", "bool", "date", "timestamp", "text"]

SQL_TYPES: dict[str, str] = {
    "uint32": "UINTEGER",
    "uint8": "UTINYINT",
    "int16": "SMALLINT",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "text": "VARCHAR",
}
KIND_WORDS: dict[str, str] = {
    "uint32": "a whole number from 0 to 4,294,967,295",
    "uint8": "a whole number from 0 to 255",
    "int16": "a whole number from -32768 to 32767",
    "float64": "a number",
    "bool": "true or false",
    "date": "a date written YYYY-MM-DD",
    "timestamp": "a date and time written YYYY-MM-DD HH:MM:SS",
    "text": "text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a canonical table.

    Parameters
    ----------
    name : str
        Column name.
    kind : str
        Type: uint32, uint8, int16, float64, bool, date, timestamp or text.
    doc : str
        What the column means.
    required : bool
        Whether the column must be present.
    nullable : bool
        Whether single values may be missing.
    words : tuple of str
        Closed list of allowed values; empty where any value is allowed.
    low, high : int or None
        Allowed range, both ends included.
    unit : str
        Unit of the value; empty where it has none.
    identifier : bool
        Whether values must never be shown in messages.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = False
    nullable: bool = True
    words: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    unit: str = ""
    identifier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """One canonical table.

    Parameters
    ----------
    name : str
        Table name; also the name of its file or folder.
    doc : str
        What one row is.
    fields : tuple of Field
        Columns in canonical order.
    required : bool
        Whether a register cannot do without the table.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(field.name for field in self.fields)

    @property
    def required_names(self) -> tuple[str, ...]:
        """Names of the columns that must be present."""
        return tuple(field.name for field in self.fields if field.required)

    def field(self, name: str) -> Field:
        """Return a column by its name.

        Parameters
        ----------
        name : str
            Column name.

        Returns
        -------
        Field
            The column.

        Raises
        ------
        KeyError
            If the table has no such column.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"table {self.name} has no column {name!r}")
