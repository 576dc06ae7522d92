"""Read one sheet of a spreadsheet as text lines, so that it goes the way of every other file."""

from __future__ import annotations

import csv
import datetime as dt
from typing import TYPE_CHECKING

from absence_risk.register.readers.written import sql_form

if TYPE_CHECKING:
    from pathlib import Path

    from absence_risk.register.readers.mapping import Format

__all__ = ["sheet_as_csv"]


def sheet_as_csv(book: Path, sheet: str | None, target: Path, form: Format) -> str | None:
    """Copy a sheet into a comma-separated file.

    Cells that hold dates or numbers are written in the forms that the mapping declares, whatever
    way the spreadsheet shows them.

    Parameters
    ----------
    book : Path
        Excel or OpenDocument file.
    sheet : str or None
        Name of the sheet; the first if None.
    target : Path
        File to write.
    form : Format
        How dates and numbers are to be written.

    Returns
    -------
    str or None
        Why it cannot be read; None if it was.
    """
    try:
        import python_calamine  # noqa: PLC0415 (optional extra)
    except ImportError:
        return "A spreadsheet needs the extra 'excel': pip install 'absence_risk[excel]'."
    try:
        workbook = python_calamine.load_workbook(str(book))
        names = workbook.sheet_names
        if sheet is not None and sheet not in names:
            return f"The book has no sheet {sheet!r}; it has {len(names)} others."
        rows = workbook.get_sheet_by_name(sheet or names[0]).iter_rows()
        with target.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            for row in rows:
                out.writerow([_text(cell, form) for cell in row])
    except (python_calamine.CalamineError, OSError, IndexError):
        # The library's message can quote a cell.
        return "The file is no spreadsheet that can be read."
    return None


def _text(cell: object, form: Format) -> str:
    """Write a cell as a file in the declared form would have it."""
    if isinstance(cell, bool):
        return (form.true if cell else form.false)[0]
    if isinstance(cell, int | float):
        number = str(int(cell)) if float(cell).is_integer() else repr(float(cell))
        return number.replace(".", form.decimal)
    if isinstance(cell, dt.datetime):
        if cell.time() == dt.time(0) and form.date != "iso":
            return cell.strftime(sql_form(form.date) or "")
        return cell.strftime(sql_form(form.datetime) or "%Y-%m-%d %H:%M:%S")
    if isinstance(cell, dt.date):
        return cell.strftime(sql_form(form.date) or "%Y-%m-%d")
    return str(cell)
