"""Write tables as English attendance registers: one code per half-day session.

Morning and afternoon carry the state of the first lesson of each; a session nobody registered has
no code. What the layout loses: minutes, lessons within a session, how late a late pupil came,
which of the codes C, C1, C2, S, T a leave would have. Grades are written as they are: an English
year group of the same number is about two years younger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.writers.marks import absence_codes, present_codes
from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.start_of_day import noted_by_session
from absence_risk.register.writers.text_files import in_words, write_csv

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["write_dfe"]

_AFTERNOON = "\\"
_SEXES = {"girl": "F", "boy": "M", "female": "F", "male": "M"}


def write_dfe(tables: Recorded, folder: Path) -> None:
    """Write pupils, schools, school_days and sessions.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    """
    files = {
        "pupils": _pupils(tables.pupils),
        "schools": tables.schools[["school_key", "municipality_key"]].set_axis(
            ["school_id", "local_authority"], axis=1
        ),
        "school_days": _days(tables.calendar),
        "sessions": _sessions(tables.rows),
    }
    for name, frame in files.items():
        write_csv(frame, folder / f"{name}.csv")


def _pupils(pupils: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(
        {
            "pupil_id": person_ids(pupils["pupil_key"]),
            "school_id": pupils["school_key"],
            "year_group": pupils["grade"],
            "registration_group": pupils["class_label"],
            "sex": in_words(pupils["sex"], _SEXES),
            "start_date": pupils["entry"],
            "leaving_date": pupils["exit"],
        }
    )


def _days(calendar: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(
        {
            "school_id": calendar["school_key"],
            "date": calendar["date"],
            "open": np.where(calendar["offered"].astype(bool), "yes", "no"),
            "term": calendar["term"],
        }
    )


def _sessions(rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    noted = noted_by_session(rows)
    absent = noted["absent"].to_numpy()
    codes = np.empty(len(noted), dtype=object)
    codes[absent] = absence_codes(noted[absent], "dfe")
    codes[~absent] = present_codes(noted[~absent], "dfe")
    codes[(codes == "/") & (noted["session"] == 2).to_numpy()] = _AFTERNOON
    codes[~noted["reported"].to_numpy()] = None
    return pd.DataFrame(
        {
            "pupil_id": person_ids(noted["pupil_key"]),
            "attendance_date": noted["date"],
            "session": np.where(noted["session"] == 1, "AM", "PM"),
            "code": codes,
        }
    )
