"""Write tables as Danish day records: who is absent when the day begins.

Only the first lesson of a day counts, and only its state: S illness, L lawful, U unlawful, F late,
or the law's three kinds. What the layout loses: minutes, later lessons, reasons beyond these, how
late a late pupil came, days that nobody reported (they read as presence), and days on which a
single pupil had no lessons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.writers.marks import absence_codes, present_codes
from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.start_of_day import noted_at_start
from absence_risk.register.writers.text_files import in_words, write_csv

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["write_denmark"]

_SEXES = {"girl": "pige", "boy": "dreng", "female": "pige", "male": "dreng"}
_DATES = "%d-%m-%Y"


def write_denmark(tables: Recorded, folder: Path, *, vocabulary: str = "local") -> None:
    """Write elever, institutioner, skoledage and fravaer.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    vocabulary : {"local", "legal"}
        Codes S, L, U, F, or the three kinds of the law, which has none for lateness.
    """
    files = {
        "elever": _pupils(tables.pupils),
        "institutioner": tables.schools[["school_key", "municipality_key"]].set_axis(
            ["Institution", "Kommune"], axis=1
        ),
        "skoledage": _days(tables.calendar),
        "fravaer": _absences(tables.rows, vocabulary),
    }
    for name, frame in files.items():
        write_csv(frame, folder / f"{name}.csv", delimiter=";", decimal=",", dates=_DATES)


def _pupils(pupils: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(
        {
            "ElevId": person_ids(pupils["pupil_key"]),
            "Institution": pupils["school_key"],
            "Klassetrin": pupils["grade"],
            "Klasse": pupils["class_label"],
            "Køn": in_words(pupils["sex"], _SEXES),
            "Startdato": pupils["entry"],
            "Slutdato": pupils["exit"],
        }
    )


def _days(calendar: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(
        {
            "Institution": calendar["school_key"],
            "Dato": calendar["date"],
            "Skoledag": np.where(calendar["offered"].astype(bool), "ja", "nej"),
            "Periode": calendar["term"],
        }
    )


def _absences(rows: pd.DataFrame, vocabulary: str) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    noted = noted_at_start(rows)
    absent = noted[noted["absent"]]
    late = noted[~noted["absent"] & (noted["late"] > 0)]
    codes = [
        absence_codes(absent, "denmark", vocabulary),
        present_codes(late, "denmark", vocabulary),
    ]
    both = pd.concat([absent, late])
    found = pd.DataFrame(
        {
            "ElevId": person_ids(both["pupil_key"]),
            "Dato": both["date"].to_numpy(),
            "Fraværskode": np.concatenate(codes),
        }
    )
    written = found[found["Fraværskode"].notna()]
    return written.sort_values(["ElevId", "Dato"], ignore_index=True)
