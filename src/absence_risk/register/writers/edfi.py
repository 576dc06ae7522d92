"""Write tables as Ed-Fi objects, one JSON object per line: events where a pupil was not there.

One event per pupil, day and category; ``eventDuration`` is the share of the day in hundredths,
``schoolAttendanceDuration`` the minutes of the event. What the layout loses: lessons, the length
of the day (presence has no event, so a reader takes a nominal day), shares below half a hundredth,
and whether anybody reported: a day without an event is presence. Reasons travel as free text.
School identifiers are running numbers, as the standard wants numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.register.reasons import REASONS
from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.text_files import each, iso, write_json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

__all__ = ["write_edfi"]

_URI = "uri://ed-fi.org"
_CATEGORY = f"{_URI}/AttendanceEventCategoryDescriptor#"
_SEXES = {"girl": "Female", "female": "Female", "boy": "Male", "male": "Male"}
_DAY = ["pupil_key", "date"]
_GRADES = (
    "Kindergarten",
    "First grade",
    "Second grade",
    "Third grade",
    "Fourth grade",
    "Fifth grade",
    "Sixth grade",
    "Seventh grade",
    "Eighth grade",
    "Ninth grade",
    "Tenth grade",
    "Eleventh grade",
    "Twelfth grade",
    "Grade 13",
)


def write_edfi(tables: Recorded, folder: Path) -> None:
    """Write schools, students, enrolments, sessions, calendarDates and attendance events.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    """
    number = {key: k + 1 for k, key in enumerate(tables.schools["school_key"])}
    files = {
        "schools": _schools(tables.schools, number),
        "students": _students(tables.pupils),
        "studentSchoolAssociations": _associations(tables.pupils, number),
        "sessions": _sessions(tables.calendar, number),
        "calendarDates": _dates(tables.calendar, number),
        "studentSchoolAttendanceEvents": _events(tables, number),
    }
    for name, objects in files.items():
        write_json_lines(objects, folder / f"{name}.jsonl")


def _schools(schools: pd.DataFrame, number: dict[str, int]) -> Iterator[dict[str, Any]]:
    districts = {key: k + 1 for k, key in enumerate(schools["municipality_key"].unique())}
    for one in each(schools):
        yield {
            "schoolId": number[one.school_key],
            "nameOfInstitution": str(one.school_key),
            "localEducationAgencyReference": {
                "localEducationAgencyId": districts[one.municipality_key]
            },
        }


def _students(pupils: pd.DataFrame) -> Iterator[dict[str, Any]]:
    last = pupils.drop_duplicates("pupil_key", keep="last")
    for student, sex in zip(person_ids(last["pupil_key"]), last["sex"], strict=True):
        word = _SEXES.get(sex, "Not Selected") if isinstance(sex, str) else "Not Selected"
        yield {"studentUniqueId": student, "birthSexDescriptor": f"{_URI}/SexDescriptor#{word}"}


def _associations(pupils: pd.DataFrame, number: dict[str, int]) -> Iterator[dict[str, Any]]:
    pupils = pupils.assign(
        id=person_ids(pupils["pupil_key"]), start=iso(pupils["entry"]), end=iso(pupils["exit"])
    )
    for one in each(pupils):
        yield {
            "studentReference": {"studentUniqueId": one.id},
            "schoolReference": {"schoolId": number[one.school_key]},
            "entryDate": one.start,
            "exitWithdrawDate": one.end,
            "entryGradeLevelDescriptor": f"{_URI}/GradeLevelDescriptor#{_GRADES[one.grade]}",
        }


def _year(date: str) -> int:
    """Return the calendar year in which the school year ends, as the standard counts."""
    return int(date[:4]) + (int(date[5:7]) >= 7)


def _sessions(calendar: pd.DataFrame, number: dict[str, int]) -> Iterator[dict[str, Any]]:
    terms = calendar.groupby(["school_key", "term"], as_index=False)["date"].agg(["min", "max"])
    terms = terms.assign(first=iso(terms["min"]), last=iso(terms["max"]))
    for one in each(terms):
        yield {
            "schoolReference": {"schoolId": number[one.school_key]},
            "sessionName": str(one.term),
            "schoolYearTypeReference": {"schoolYear": _year(one.first)},
            "beginDate": one.first,
            "endDate": one.last,
        }


def _dates(calendar: pd.DataFrame, number: dict[str, int]) -> Iterator[dict[str, Any]]:
    words = {True: "Instructional day", False: "Holiday"}
    for one in each(calendar.assign(day=iso(calendar["date"]))):
        kind = f"{_URI}/CalendarEventDescriptor#{words[bool(one.offered)]}"
        yield {
            "calendarReference": {
                "calendarCode": str(number[one.school_key]),
                "schoolId": number[one.school_key],
                "schoolYear": _year(one.day),
            },
            "date": one.day,
            "calendarEvents": [{"calendarEventDescriptor": kind}],
        }


def _events(tables: Recorded, number: dict[str, int]) -> Iterator[dict[str, Any]]:
    term = tables.calendar.drop_duplicates(["school_key", "date"])
    terms = term.set_index(["school_key", "date"])["term"]
    school = tables.pupils["school_key"].to_numpy(dtype=object)
    events = _by_category(tables.rows)
    events["school"] = school[events["spell"].to_numpy()]
    events = events.join(terms.rename("term"), on=["school", "date"])
    events = events.assign(day=iso(events["date"]), student=person_ids(events["pupil_key"]))
    for one in each(events):
        found = {
            "studentReference": {"studentUniqueId": one.student},
            "schoolReference": {"schoolId": number[one.school]},
            "sessionReference": {
                "schoolId": number[one.school],
                "schoolYear": _year(one.day),
                "sessionName": str(one.term),
            },
            "eventDate": one.day,
            "attendanceEventCategoryDescriptor": _CATEGORY + one.category,
            "schoolAttendanceDuration": int(one.minutes),
        }
        if one.category != "Tardy":
            found["eventDuration"] = float(one.share)
        if one.reason in REASONS:
            found["attendanceEventReason"] = REASONS[one.reason].label
        yield found


def _by_category(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pupil, day and category, with hundredths of the day that add up."""
    import pandas as pd  # noqa: PLC0415

    day = rows.groupby(_DAY, as_index=False).agg(
        scheduled=("scheduled", "sum"),
        valid=("valid", "sum"),
        invalid=("invalid", "sum"),
        late=("late", "sum"),
        spell=("spell", "first"),
    )
    whole = day["scheduled"].clip(lower=1).to_numpy()
    excused = np.round(day["valid"].to_numpy() / whole, 2)
    unexcused = np.minimum(np.round(day["invalid"].to_numpy() / whole, 2), 1 - excused)
    kinds = (
        ("Excused Absence", "valid", excused),
        ("Unexcused Absence", "invalid", np.round(unexcused, 2)),
        ("Tardy", "late", np.zeros(len(day))),
    )
    found = []
    for category, kind, share in kinds:
        event = day.assign(category=category, minutes=day[kind], share=share)[day[kind] > 0]
        given = rows.loc[rows[kind] > 0, [*_DAY, "reason"]].drop_duplicates(_DAY)
        found.append(event.merge(given, on=_DAY, how="left"))
    return pd.concat(found).sort_values([*_DAY, "category"], ignore_index=True)
