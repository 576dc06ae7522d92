"""Write tables as SS 12000:2020 objects, one JSON object per line.

Attendance carries minutes by lesson, CalendarEvent the lessons of a class with the exceptions of
single pupils, Person the enrolments, AggregatedAttendance sums by month, Absence the guardians'
reports and granted leave (which overlap Attendance and are never added to it). What the layout
loses: how late a pupil came, validity beyond valid and invalid, documentation, earlier versions;
reasons travel as free text in the words of a municipal table. Clock times are made up from the
order of lessons: the canonical tables have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.register.source_codes import source_codes
from absence_risk.register.writers.recorded import Recorded, person_ids
from absence_risk.register.writers.text_files import each, iso, write_json_lines
from absence_risk.register.writers.timetable import class_timetables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

__all__ = ["write_ss12000"]

_SEXES = {"girl": "Kvinna", "female": "Kvinna", "boy": "Man", "male": "Man"}
_LESSON = ["class_label", "date", "slot"]
_MORNING, _BREAK, _CLOCK = 8 * 60, 10, 10 * 60
_META = {"created": "2000-01-01T00:00:00Z", "modified": "2000-01-01T00:00:00Z"}
_TYPES = {20: "Beviljad ledighet", 50: "Anmäld frånvaro"}


def write_ss12000(tables: Recorded, folder: Path) -> None:
    """Write persons, organisations, calendarEvents, attendances, absences, aggregatedAttendance.

    Parameters
    ----------
    tables : Recorded
        The register.
    folder : Path
        Folder to write into.
    """
    timetable = class_timetables(tables, own=False)
    events = _events(timetable.lessons)
    rows = _rows(tables, events)
    files = {
        "persons": _persons(tables.pupils),
        "organisations": _organisations(tables.schools),
        "calendarEvents": _calendar_events(events, rows, tables),
        "attendances": _attendances(rows),
        "absences": _absences(rows),
        "aggregatedAttendance": _aggregated(rows),
    }
    for name, objects in files.items():
        write_json_lines(objects, folder / f"{name}.jsonl")


def _events(lessons: pd.DataFrame) -> pd.DataFrame:
    """Give each lesson of a class an identifier and hours of the day, in the order of slots."""
    day = lessons.groupby(["class_label", "date"])
    before = day["scheduled"].cumsum() - lessons["scheduled"]
    start = _MORNING + before + _BREAK * day.cumcount()
    total = (start + lessons["scheduled"]).groupby([lessons["class_label"], lessons["date"]])
    if len(lessons) and int(total.max().max()) >= 24 * 60:
        start = lessons["slot"] * 1  # days too full for breaks: order is all that matters
    return lessons.assign(event=[f"E-{k:08x}" for k in range(len(lessons))], start=start)


def _rows(tables: Recorded, events: pd.DataFrame) -> pd.DataFrame:
    """Put each row to its class's lesson; lessons outside the timetable get events of their own."""
    import pandas as pd  # noqa: PLC0415

    label = tables.pupils["class_label"].to_numpy(dtype=object)
    rows = tables.rows.assign(class_label=label[tables.rows["spell"].to_numpy()])
    usual = events[[*_LESSON, "event", "start", "scheduled"]]
    rows = rows.merge(usual.rename(columns={"scheduled": "usual"}), on=_LESSON, how="left")
    alone = rows["event"].isna().to_numpy()
    made = [f"X-{k:08x}" for k in range(int(alone.sum()))]
    rows.loc[alone, "event"] = made
    rows.loc[alone, "start"] = _MORNING + (_CLOCK * rows.loc[alone, "slot"]) // 41
    rows["alone"] = alone
    return rows.assign(student=person_ids(rows["pupil_key"]), usual=pd.to_numeric(rows["usual"]))


def _clock(date: str, minute: int) -> str:
    return f"{date}T{minute // 60:02d}:{minute % 60:02d}:00"


def _persons(pupils: pd.DataFrame) -> Iterator[dict[str, Any]]:
    pupils = pupils.assign(
        id=person_ids(pupils["pupil_key"]), start=iso(pupils["entry"]), end=iso(pupils["exit"])
    )
    for person, spells in pupils.groupby("id", sort=True):
        sex = spells["sex"].iloc[-1]
        enrolments = [
            {
                "enroledAt": {"id": str(spell.school_key)},
                "schoolYear": int(spell.grade),
                "schoolType": spell.school_type if isinstance(spell.school_type, str) else None,
                "startDate": spell.start,
                "endDate": spell.end,
                "cancelled": False,
            }
            for spell in each(spells)
        ]
        yield {
            "id": person,
            "meta": _META,
            "sex": _SEXES.get(sex, "Okänt") if isinstance(sex, str) else "Okänt",
            "securityMarking": "Ingen",
            "enrolments": enrolments,
        }


def _organisations(schools: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for school in each(schools):
        yield {
            "id": str(school.school_key),
            "meta": _META,
            "displayName": str(school.school_key),
            "organisationType": "Skolenhet",
            "parentOrganisation": {"id": str(school.municipality_key)},
        }


def _calendar_events(
    events: pd.DataFrame, rows: pd.DataFrame, tables: Recorded
) -> Iterator[dict[str, Any]]:
    exceptions = _exceptions(events, rows, tables)
    for one in each(events.assign(day=iso(events["date"]))):
        yield _event(one, exceptions.get(one.event, []))
    own = rows[rows["alone"]]
    for one in each(own.assign(day=iso(own["date"]))):
        yield _event(one, [])


def _event(one: Any, exceptions: list[dict[str, Any]]) -> dict[str, Any]:
    minutes, start = int(one.scheduled), int(one.start)
    return {
        "id": one.event,
        "meta": _META,
        "activity": {"id": str(one.class_label)},
        "startTime": _clock(one.day, start),
        "endTime": _clock(one.day, min(start + minutes, 24 * 60 - 1)),
        "cancelled": minutes == 0,
        "teachingLengthStudent": minutes,
        "studentExceptions": exceptions,
    }


def _exceptions(
    events: pd.DataFrame, rows: pd.DataFrame, tables: Recorded
) -> dict[str, list[dict[str, Any]]]:
    """Return who does not take part in a lesson of the class, or for another time."""
    found: dict[str, list[dict[str, Any]]] = {}
    other = rows[~rows["alone"] & (rows["usual"] != rows["scheduled"])]
    for one in each(other):
        found.setdefault(one.event, []).append(
            {
                "student": {"id": one.student},
                "participates": True,
                "teachingLength": int(one.scheduled),
            }
        )
    for event, student in _missing(events, rows, tables):
        found.setdefault(event, []).append({"student": {"id": student}, "participates": False})
    return found


def _missing(
    events: pd.DataFrame, rows: pd.DataFrame, tables: Recorded
) -> Iterator[tuple[str, str]]:
    """Yield lessons of the class that an enrolled pupil has no row for."""
    import pandas as pd  # noqa: PLC0415

    spells = tables.pupils.reset_index(names="spell")
    spells = spells[["spell", "pupil_key", "class_label", "entry", "exit"]]
    counts = rows[~rows["alone"]].groupby("spell").size()
    for label, lessons in events.groupby("class_label"):
        for one in each(spells[spells["class_label"] == label]):
            low = pd.Timestamp.min if pd.isna(one.entry) else one.entry
            high = pd.Timestamp.max if pd.isna(one.exit) else one.exit
            due = lessons[(lessons["date"] >= low) & (lessons["date"] <= high)]
            if len(due) == counts.get(one.spell, 0):
                continue
            has = rows.loc[rows["spell"] == one.spell, "event"]
            student = person_ids([one.pupil_key])[0]
            for event in due.loc[~due["event"].isin(has), "event"]:
                yield event, student


def _attendances(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    words = {code.reason: code.code for code in source_codes("ss12000", "reason_words")}
    given = rows.assign(at=rows["recorded_at"].to_numpy().astype("datetime64[s]").astype(str))
    for k, one in enumerate(each(given)):
        known, absent = bool(one.reported), one.valid + one.invalid
        present = int(one.scheduled - absent - one.other) if known else 0
        found = {
            "id": f"A-{k:08x}",
            "meta": _META,
            "calendarEvent": {"id": one.event},
            "student": {"id": one.student},
            "isReported": known,
            "attendanceMinutes": present,
            "validAbsenceMinutes": int(one.valid),
            "invalidAbsenceMinutes": int(one.invalid),
            "otherAttendanceMinutes": int(one.other),
        }
        if one.reason in words and (absent or one.other):
            found["absenceReason"] = words[one.reason]
        if one.at != "NaT":
            found["reportedTimestamp"] = one.at
        yield found


def _absences(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield a report per pupil-day of granted leave or of a guardian's notice."""
    reports = rows[rows["reason"].isin(list(_TYPES)) & (rows["valid"] + rows["invalid"] > 0)]
    reports = reports.assign(end=reports["start"] + reports["scheduled"], day=iso(reports["date"]))
    days = reports.groupby(["student", "day", "reason"], as_index=False).agg(
        start=("start", "min"), end=("end", "max"), school=("class_label", "first")
    )
    for k, one in enumerate(each(days)):
        yield {
            "id": f"R-{k:08x}",
            "meta": _META,
            "startTime": _clock(one.day, int(one.start)),
            "endTime": _clock(one.day, min(int(one.end), 24 * 60 - 1)),
            "type": _TYPES[one.reason],
            "student": {"id": one.student},
        }


def _aggregated(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield sums by pupil, class and calendar month, over minutes offered and reported."""
    month = rows["date"].to_numpy().astype("datetime64[M]")
    sums = rows.assign(
        month=month.astype("datetime64[s]"),
        offered=rows["scheduled"],
        known=np.where(rows["reported"], rows["scheduled"], 0),
    )
    kinds = ["valid", "invalid", "other", "known", "offered"]
    by_month = sums.groupby(["student", "class_label", "month"], as_index=False)[kinds].sum()
    last = by_month["month"].to_numpy().astype("datetime64[M]") + 1
    by_month = by_month.assign(
        first=iso(by_month["month"]), end=(last.astype("datetime64[D]") - 1).astype(str)
    )
    for one in each(by_month):
        yield {
            "activity": {"id": str(one.class_label)},
            "student": {"id": one.student},
            "startDate": one.first,
            "endDate": str(one.end),
            "attendanceSum": int(one.known - one.valid - one.invalid - one.other),
            "validAbsenceSum": int(one.valid),
            "invalidAbsenceSum": int(one.invalid),
            "otherAttendanceSum": int(one.other),
            "reportedSum": int(one.known),
            "offeredSum": int(one.offered),
        }
