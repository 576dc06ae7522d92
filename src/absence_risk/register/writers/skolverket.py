"""Write tables in the layout of Skolverket's proposed national register (2021).

One row per pupil and school year: hours of valid and invalid absence and hours offered, by term.
The national identity number is replaced by a made-up one. What the layout loses: everything
within a term, reasons, lateness, what was not reported, and all schools of the year but the last.
Hours offered in the autumn term are inferred: only the spring column was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.text_files import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["SKOLVERKET_COLUMNS", "write_skolverket"]

_KINDS = {"valid": "giltig", "invalid": "ogiltig", "scheduled": "erbjuden"}
_TERMS = ("ht", "vt")
SKOLVERKET_COLUMNS: tuple[str, ...] = (
    "elev_id",
    "läsår",
    "skolform",
    "skolenhetskod",
    "årskurs",
    *(f"{word}_tid_{term}" for word in _KINDS.values() for term in _TERMS),
)


def write_skolverket(tables: Recorded, folder: Path) -> None:
    """Write franvaro_termin.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    """
    write_csv(_terms(tables), folder / "franvaro_termin.csv", delimiter=";", decimal=",")


def _terms(tables: Recorded) -> pd.DataFrame:
    """Return hours, of which two decimals give back every minute."""
    rows = tables.rows
    month = rows["date"].dt.month
    rows = rows.assign(
        year=rows["date"].dt.year - (month < 7),
        term=np.where(month >= 7, _TERMS[0], _TERMS[1]),
    )
    wide = rows.pivot_table(
        index=["pupil_key", "year"],
        columns="term",
        values=list(_KINDS),
        aggfunc="sum",
        fill_value=0,
    )
    last = rows.groupby(["pupil_key", "year"])["spell"].last()
    spell = tables.pupils.iloc[last.to_numpy()]
    found = wide.index.to_frame(index=False)
    found["elev_id"] = person_ids(found["pupil_key"])
    found["läsår"] = [f"{year}/{(year + 1) % 100:02d}" for year in found["year"]]
    found["skolform"] = spell["school_type"].to_numpy()
    found["skolenhetskod"] = spell["school_key"].to_numpy()
    found["årskurs"] = spell["grade"].to_numpy()
    for kind, word in _KINDS.items():
        for term in _TERMS:
            there = (kind, term) in wide.columns
            minutes = wide[kind, term].to_numpy() if there else np.zeros(len(wide))
            found[f"{word}_tid_{term}"] = np.round(minutes / 60, 2)
    return found[list(SKOLVERKET_COLUMNS)]
