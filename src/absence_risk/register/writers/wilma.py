"""Write tables as Finnish Wilma marks: one mark per lesson, absences and others alike.

With the national classes every reported lesson has a mark ("Läsnä" where the pupil was there), so
that reporting survives; an older municipal set marks only what is amiss. The feed carries marks
that say nothing of attendance, which a reader must leave out. What the layout loses: parts of a
lesson (it is marked by what the greater part of it was), how late a late pupil came, who recorded
a mark and its free text. A mark that was changed (unexplained, then explained) is there twice, each
with its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.source_codes import source_codes
from absence_risk.register.writers.marks import absence_codes, present_codes
from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.text_files import in_words, time_text, write_csv
from absence_risk.register.writers.timetable import class_timetables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from absence_risk.register.writers.timetable import Timetable

__all__ = ["write_wilma"]

_SEXES = {"girl": "tyttö", "boy": "poika", "female": "tyttö", "male": "poika"}
_DATES = "%d.%m.%Y"
_MUCH_LATE = "Myöhässä yli 15 min"
_EVERY = 97  # one lesson in so many has a mark of another kind


def write_wilma(tables: Recorded, folder: Path, *, vocabulary: str = "national") -> None:
    """Write oppilaat, koulut, tunnit and merkinnat.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    vocabulary : {"national", "older"}
        The national classes since 2023, or an older municipal set.
    """
    timetable = class_timetables(tables)
    files = {
        "oppilaat": _pupils(tables, timetable),
        "koulut": tables.schools[["school_key", "municipality_key"]].set_axis(
            ["Koulu", "Kunta"], axis=1
        ),
        "tunnit": _lessons(timetable),
        "merkinnat": _marks(tables, vocabulary),
    }
    for name, frame in files.items():
        write_csv(frame, folder / f"{name}.csv", delimiter=";", decimal=",", dates=_DATES)


def _pupils(tables: Recorded, timetable: Timetable) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    pupils = tables.pupils
    return pd.DataFrame(
        {
            "Oppilas": person_ids(pupils["pupil_key"]),
            "Koulu": pupils["school_key"],
            "Vuosiluokka": pupils["grade"],
            "Luokka": timetable.class_label,
            "Sukupuoli": in_words(pupils["sex"], _SEXES),
            "Alkaa": pupils["entry"],
            "Päättyy": pupils["exit"],
        }
    )


def _lessons(timetable: Timetable) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    lessons = timetable.lessons
    return pd.DataFrame(
        {
            "Luokka": lessons["class_label"],
            "Päivä": lessons["date"],
            "Tunti": lessons["slot"],
            "Kesto": lessons["scheduled"],
            "Aine": lessons["subject"],
        }
    )


def _marks(tables: Recorded, vocabulary: str) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    written = _attendance(tables.rows, vocabulary)
    earlier = _replaced(_attendance(tables.earlier, vocabulary), written)
    both = pd.concat([written, earlier, _other_marks(tables.rows)])
    order = ["pupil_key", "date", "slot", "recorded_at"]
    both = both.sort_values(order, kind="stable", na_position="first", ignore_index=True)
    return pd.DataFrame(
        {
            "Oppilas": person_ids(both["pupil_key"]),
            "Päivä": both["date"],
            "Tunti": both["slot"],
            "Merkintä": both["mark"],
            "Kirjattu": time_text(both["recorded_at"], "%d.%m.%Y %H:%M"),
        }
    )


def _attendance(rows: pd.DataFrame, vocabulary: str) -> pd.DataFrame:
    """Return reported lessons that have a mark, with it."""
    known = rows[rows["reported"] & (rows["scheduled"] > 0)]
    minutes = (known["valid"] + known["invalid"]).to_numpy()
    absent = (minutes > 0) & (2 * minutes >= known["scheduled"].to_numpy())
    marks = np.empty(len(known), dtype=object)
    marks[absent] = absence_codes(known[absent], "finland", vocabulary)
    marks[~absent] = present_codes(known[~absent], "finland", vocabulary)
    if vocabulary == "national":
        marks[~absent & (known["late"] >= 15).to_numpy()] = _MUCH_LATE
    marked = known.assign(mark=marks)
    found: pd.DataFrame = marked[marked["mark"].notna()]
    return found


def _replaced(earlier: pd.DataFrame, written: pd.DataFrame) -> pd.DataFrame:
    """Return earlier marks that a later mark of the lesson replaces; others would stand as it."""
    lesson = ["pupil_key", "date", "slot"]
    last = written[[*lesson, "recorded_at"]].rename(columns={"recorded_at": "final"})
    found = earlier.merge(last, on=lesson)
    return found[found["recorded_at"] < found["final"]]


def _other_marks(rows: pd.DataFrame) -> pd.DataFrame:
    """Return homework and praise, spread over lessons by a rule of their own."""
    known = rows[rows["reported"] & (rows["scheduled"] > 0)]
    words = [code.code for code in source_codes("finland", "other_marks")]
    day = known["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    number = known["pupil_key"].to_numpy() * 31 + day * 7 + known["slot"].to_numpy()
    kind = number % _EVERY
    marked = kind < len(words)
    some: pd.DataFrame = known[marked]
    return some.assign(mark=np.array(words, dtype=object)[kind[marked]])
