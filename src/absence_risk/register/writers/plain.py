"""Write tables as a Swedish municipality's own CSV export: pupils, timetable, absences.

Semicolon, decimal comma, utf-8 with byte-order mark, Swedish headers and words. Only absences
and late arrivals have rows; presence follows from the timetable. What the layout loses: who
recorded a row and on what it rests, earlier versions, minutes elsewhere, and lessons that went
unreported for single pupils of a class (they read as presence).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.source_codes import source_codes
from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.text_files import in_words, time_text, write_csv
from absence_risk.register.writers.timetable import class_timetables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from absence_risk.register.writers.timetable import Timetable

__all__ = ["write_plain"]

_SEXES = {"girl": "F", "boy": "P", "female": "F", "male": "P"}
_CLOSED = {
    "no_longer_needed": "Inte längre behov av insats",
    "declined": "Tackat nej till fortsatt stöd",
    "moved": "Flyttat till annan kommun",
    "other_service": "Behov av annan insats",
    "admin_end": "Avslutad administrativt",
    "other": "Annat",
    "unknown": "Okänt",
}
_NO_ANSWER = {"not_asked": "ej tillfrågad", "refused": "vill ej", "no_answer": "inget svar"}
_WAVES = {0: "före", 1: "efter"}
_NO_WORD = {70: "Frånvarande", 90: "Övrigt"}


def write_plain(tables: Recorded, folder: Path) -> None:
    """Write elever, skolor, schema, franvaro, arenden, enkat and betyg.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    """
    timetable = class_timetables(tables)
    files = {
        "elever": _pupils(tables, timetable),
        "skolor": _schools(tables),
        "schema": _lessons(timetable),
        "franvaro": _absences(tables.rows),
        "arenden": _cases(tables.cases),
        "enkat": _answers(tables.surveys),
        "betyg": _grades(tables.outcomes),
    }
    for name, frame in files.items():
        path = folder / f"{name}.csv"
        write_csv(frame, path, delimiter=";", decimal=",", encoding="utf-8-sig")


def _pupils(tables: Recorded, timetable: Timetable) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    pupils = tables.pupils
    return pd.DataFrame(
        {
            "ElevId": person_ids(pupils["pupil_key"]),
            "Skola": pupils["school_key"],
            "Klass": timetable.class_label,
            "Årskurs": pupils["grade"],
            "Kön": in_words(pupils["sex"], _SEXES),
            "Startdatum": pupils["entry"],
            "Slutdatum": pupils["exit"],
            "Skyddad": "N",
        }
    )


def _schools(tables: Recorded) -> pd.DataFrame:
    columns = {"school_key": "Skola", "municipality_key": "Kommun"}
    return tables.schools[list(columns)].rename(columns=columns)


def _lessons(timetable: Timetable) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    lessons = timetable.lessons
    return pd.DataFrame(
        {
            "Klass": lessons["class_label"],
            "Datum": lessons["date"],
            "Lektion": lessons["slot"],
            "Minuter": lessons["scheduled"],
            "Ämne": lessons["subject"],
            "Inställd": np.where(lessons["scheduled"] > 0, "N", "J"),
            "Rapporterad": np.where(lessons["reported"].astype(bool), "J", "N"),
        }
    )


def _absences(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per kind of minutes: valid, invalid, late."""
    import pandas as pd  # noqa: PLC0415

    words = _reason_words()
    kinds = (("Giltig", "valid"), ("Ogiltig", "invalid"), ("Sen ankomst", "late"))
    found = []
    for word, kind in kinds:
        some = rows[rows[kind] > 0]
        reason = some["reason"].map(words) if kind != "late" else None
        found.append(
            pd.DataFrame(
                {
                    "ElevId": person_ids(some["pupil_key"]),
                    "Datum": some["date"],
                    "Lektion": some["slot"],
                    "Frånvarominuter": some[kind].astype(float),
                    "Typ": word,
                    "Orsak": reason,
                    "Registrerad": time_text(some["recorded_at"], "%Y-%m-%d %H:%M"),
                }
            )
        )
    return pd.concat(found, ignore_index=True).sort_values(["ElevId", "Datum", "Lektion"])


def _reason_words() -> dict[int, str]:
    listed = source_codes("ss12000", "reason_words")
    return {**{c.reason: c.code for c in listed if c.reason is not None}, **_NO_WORD}


def _cases(cases: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(
        {
            "ÄrendeId": person_ids(cases["case_key"], "C"),
            "ElevId": person_ids(cases["pupil_key"]),
            "Upptäckt": cases["detected"],
            "Ansökan": cases["referred"],
            "Beslut": cases["accepted"],
            "Uppstart": cases["started"],
            "Avslut": cases["closed"],
            "Avslutsorsak": cases["closure_reason"].map(_CLOSED),
        }
    )


def _answers(surveys: pd.DataFrame) -> pd.DataFrame:
    """Return one row per answer; a word stands where there is none."""
    import pandas as pd  # noqa: PLC0415

    numbers = [f"{value:g}".replace(".", ",") for value in surveys["response"].fillna(0)]
    words = surveys["missing"].map(_NO_ANSWER)
    return pd.DataFrame(
        {
            "SvarsId": person_ids(surveys["survey_key"], "S"),
            "Tillfälle": surveys["wave"].map(_WAVES),
            "Instrument": surveys["instrument_id"],
            "Fråga": surveys["item_id"],
            "Svar": words.where(surveys["response"].isna(), numbers),
        }
    )


def _grades(outcomes: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    grades = outcomes[outcomes["kind"] == "grade_points"]
    return pd.DataFrame(
        {
            "ElevId": person_ids(grades["pupil_key"]),
            "Datum": grades["date"],
            "Meritvärde": grades["value"],
        }
    )
