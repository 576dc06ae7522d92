"""Each foreign layout writes what a person would write by hand, and says who nobody."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from absence_risk.register.identity import looks_like_identity, names_identity
from absence_risk.register.opening import read_register
from absence_risk.register.writers.layouts import (
    FOREIGN_LAYOUTS,
    export_skolverket_term,
    write_layout,
)
from absence_risk.register.writers.recorded import person_ids

if TYPE_CHECKING:
    from pathlib import Path

MON, TUE, JAN = (pd.Timestamp(day) for day in ("2025-09-01", "2025-09-02", "2026-01-12"))
ANNA, BO, CAI, DAG = 2**28 + 1, 2**28 + 2, 2**28 + 3, 2**28 + 4
NAMES = dict(zip((ANNA, BO, CAI, DAG), person_ids([ANNA, BO, CAI, DAG]), strict=True))

# pupil, date, slot, scheduled, valid, invalid, late, reported, reason, validity
ROWS = [
    (ANNA, MON, 1, 60, 60, 0, 0, True, 10, "valid"),
    (ANNA, MON, 2, 40, 40, 0, 0, True, 10, "valid"),
    (ANNA, MON, 3, 60, 0, 0, 0, True, None, None),
    (ANNA, TUE, 1, 60, 0, 0, 12, True, None, None),
    (ANNA, TUE, 2, 40, 0, 0, 0, True, None, None),
    (ANNA, TUE, 3, 60, 0, 60, 0, True, 70, "invalid"),
    (ANNA, JAN, 1, 60, 0, 0, 20, True, None, None),
    (ANNA, JAN, 2, 40, 40, 0, 0, True, 20, "valid"),
    (ANNA, JAN, 3, 60, 60, 0, 0, True, 20, "valid"),
    (BO, MON, 1, 60, 0, 0, 0, True, None, None),
    (BO, MON, 2, 40, 0, 40, 0, True, 60, "pending"),
    (BO, MON, 3, 60, 0, 25, 0, True, 70, "invalid"),
    (BO, TUE, 1, 60, None, None, None, False, None, None),
    (BO, TUE, 2, 40, None, None, None, False, None, None),
    (BO, TUE, 3, 60, 0, 0, 0, True, None, None),
    (BO, JAN, 1, 60, 0, 60, 0, True, 60, "pending"),
    (BO, JAN, 2, 40, 0, 0, 0, True, None, None),
    (BO, JAN, 3, 60, 60, 0, 0, True, 50, "valid"),
    # A pupil of the same class with a timetable of his own: no third lesson.
    (CAI, MON, 1, 60, 0, 0, 0, True, None, None),
    (CAI, MON, 2, 30, 0, 0, 0, True, None, None),
    (CAI, TUE, 1, 60, 0, 0, 0, True, None, None),
    (CAI, TUE, 2, 30, 30, 0, 0, True, 90, "valid"),
    # Protected identity: nowhere.
    (DAG, MON, 1, 60, 60, 0, 0, True, 10, "valid"),
]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    names = ["pupil_key", "date", "slot", "scheduled_min", "valid_min", "invalid_min", "late_min"]
    rows = pd.DataFrame(ROWS, columns=[*names, "is_reported", "reason_code", "validity"])
    for name in ("valid_min", "invalid_min", "late_min"):
        rows[name] = rows[name].astype("Int16")
    rows["reason_code"] = rows["reason_code"].astype("UInt8")
    pupils = pd.DataFrame(
        {
            "pupil_key": [ANNA, BO, CAI, DAG],
            "school_key": "S1",
            "grade": 7,
            "class_key": "7A",
            "sex": ["girl", "boy", "boy", "boy"],
            "entry": pd.to_datetime([None, "2025-09-01", None, None]),
            "exit": pd.to_datetime([None, None, "2025-12-19", None]),
            "protected": [False, False, False, True],
        }
    )
    calendar = pd.DataFrame(
        {
            "school_key": "S1",
            "date": [MON, TUE, pd.Timestamp("2025-09-06"), JAN],
            "offered": [True, True, False, True],
            "term": ["HT", "HT", "HT", "VT"],
        }
    )
    surveys = pd.DataFrame(
        {
            "survey_key": [901, 901, 901],
            "wave": [0, 0, 1],
            "instrument_id": "w",
            "item_id": ["a", "b", "a"],
            "response": [2.0, None, 4.5],
            "missing": [None, "refused", None],
        }
    )
    cases = pd.DataFrame(
        {
            "case_key": [77],
            "pupil_key": [BO],
            "referred": [TUE],
            "started": [TUE],
            "closed": [JAN],
            "closure_reason": ["moved"],
        }
    )
    return {
        "registers": rows,
        "pupils": pupils,
        "schools": pd.DataFrame({"school_key": ["S1"], "municipality_key": ["M1"]}),
        "calendar": calendar,
        "surveys": surveys,
        "cases": cases,
        "outcomes": pd.DataFrame(
            {"pupil_key": [BO], "kind": "grade_points", "value": [212.5], "date": [JAN]}
        ),
    }


@pytest.fixture(scope="module")
def written(tables, tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("foreign")
    for layout in FOREIGN_LAYOUTS:
        write_layout(tables, root / layout, layout)
    return {layout: root / layout for layout in FOREIGN_LAYOUTS}


def lines(path: Path, delimiter: str = ";") -> list[tuple[str, ...]]:
    """Rows below the header, with persons by their first letter."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter))[1:]
    short = {NAMES[ANNA]: "A", NAMES[BO]: "B", NAMES[CAI]: "C", NAMES[DAG]: "D"}
    return [tuple(short.get(cell, cell) for cell in row) for row in rows]


def objects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_denmark_notes_who_is_absent_when_the_day_begins(written):
    assert lines(written["denmark"] / "fravaer.csv") == [
        ("A", "01-09-2025", "S"),
        ("A", "02-09-2025", "F"),
        ("A", "12-01-2026", "F"),
        ("B", "12-01-2026", "U"),
    ]
    assert lines(written["denmark_legal"] / "fravaer.csv") == [
        ("A", "01-09-2025", "1"),
        ("B", "12-01-2026", "3"),
    ]
    days = lines(written["denmark"] / "skoledage.csv")
    assert ("S1", "06-09-2025", "nej", "HT") in days
    assert len(days) == 4


def test_england_has_a_code_for_each_session(written):
    assert lines(written["dfe"] / "sessions.csv", ",") == [
        ("A", "2025-09-01", "AM", "I"),
        ("A", "2025-09-01", "PM", "\\"),
        ("A", "2025-09-02", "AM", "L"),
        ("A", "2025-09-02", "PM", "O"),
        ("A", "2026-01-12", "AM", "L"),
        ("A", "2026-01-12", "PM", "C"),
        ("B", "2025-09-01", "AM", "/"),
        ("B", "2025-09-01", "PM", "\\"),  # there for part of the lesson
        ("B", "2025-09-02", "AM", ""),  # nobody registered it
        ("B", "2025-09-02", "PM", "\\"),
        ("B", "2026-01-12", "AM", "N"),
        ("B", "2026-01-12", "PM", "C"),
        ("C", "2025-09-01", "AM", "/"),
        ("C", "2025-09-01", "PM", "\\"),
        ("C", "2025-09-02", "AM", "/"),
        ("C", "2025-09-02", "PM", "C"),
    ]


def test_finland_marks_every_reported_lesson_with_the_national_classes(written):
    other = {"Kotitehtävät tekemättä", "Positiivinen palaute"}
    marks = [row[:4] for row in lines(written["wilma"] / "merkinnat.csv") if row[3] not in other]
    assert marks == [
        ("A", "01.09.2025", "1", "Terveydellisiin syihin liittyvä poissaolo"),
        ("A", "01.09.2025", "2", "Terveydellisiin syihin liittyvä poissaolo"),
        ("A", "01.09.2025", "3", "Läsnä"),
        ("A", "02.09.2025", "1", "Myöhässä alle 15 min"),
        ("A", "02.09.2025", "2", "Läsnä"),
        ("A", "02.09.2025", "3", "Luvaton poissaolo (selvitetty)"),
        ("A", "12.01.2026", "1", "Myöhässä yli 15 min"),
        ("A", "12.01.2026", "2", "Ennalta anottu vapaa"),
        ("A", "12.01.2026", "3", "Ennalta anottu vapaa"),
        ("B", "01.09.2025", "1", "Läsnä"),
        ("B", "01.09.2025", "2", "Selvittämätön poissaolo"),
        ("B", "01.09.2025", "3", "Läsnä"),  # absent for the lesser part
        ("B", "02.09.2025", "3", "Läsnä"),
        ("B", "12.01.2026", "1", "Selvittämätön poissaolo"),
        ("B", "12.01.2026", "2", "Läsnä"),
        ("B", "12.01.2026", "3", "Muu selvitetty poissaolo"),
        ("C", "01.09.2025", "1", "Läsnä"),
        ("C", "01.09.2025", "2", "Läsnä"),
        ("C", "02.09.2025", "1", "Läsnä"),
        ("C", "02.09.2025", "2", "Muu selvitetty poissaolo"),
    ]
    older = [
        row[:4] for row in lines(written["wilma_older"] / "merkinnat.csv") if row[3] not in other
    ]
    assert older == [
        ("A", "01.09.2025", "1", "Luvallinen – Terveydellinen"),
        ("A", "01.09.2025", "2", "Luvallinen – Terveydellinen"),
        ("A", "02.09.2025", "1", "Myöhästyminen"),
        ("A", "02.09.2025", "3", "Luvaton poissaolo"),
        ("A", "12.01.2026", "1", "Myöhästyminen"),
        ("A", "12.01.2026", "2", "Luvallinen – Koulun antamalla luvalla"),
        ("A", "12.01.2026", "3", "Luvallinen – Koulun antamalla luvalla"),
        ("B", "01.09.2025", "2", "Poissaolo (Selvitä)"),
        ("B", "12.01.2026", "1", "Poissaolo (Selvitä)"),
        ("B", "12.01.2026", "3", "Luvallinen – Muu syy"),
        ("C", "02.09.2025", "2", "Luvallinen – Muu syy"),
    ]


def test_a_pupil_with_lessons_of_his_own_gets_a_class_of_his_own(written):
    pupils = {row[0]: row[2] for row in lines(written["plain"] / "elever.csv")}
    assert pupils == {"A": "7A", "B": "7A", "C": "7A (1)"}
    lessons = lines(written["plain"] / "schema.csv")
    of_class = {row[:4] for row in lessons if row[0] == "7A"}
    assert of_class == {
        ("7A", day, slot, minutes)
        for day in ("2025-09-01", "2025-09-02", "2026-01-12")
        for slot, minutes in (("1", "60"), ("2", "40"), ("3", "60"))
    }
    assert {row[1:4] for row in lessons if row[0] == "7A (1)"} == {
        ("2025-09-01", "1", "60"),
        ("2025-09-01", "2", "30"),
        ("2025-09-02", "1", "60"),
        ("2025-09-02", "2", "30"),
    }


def test_plain_swedish_export_carries_minutes_by_kind(written):
    rows = [row[:6] for row in lines(written["plain"] / "franvaro.csv")]
    assert ("A", "2025-09-01", "2", "40,0", "Giltig", "Sjukdom") in rows
    assert ("A", "2025-09-02", "1", "12,0", "Sen ankomst", "") in rows
    assert ("B", "2025-09-01", "3", "25,0", "Ogiltig", "Frånvarande") in rows
    assert ("B", "2025-09-01", "2", "40,0", "Ogiltig", "Oanmäld") in rows
    assert len(rows) == 12
    assert [row[1:] for row in lines(written["plain"] / "enkat.csv")] == [
        ("före", "w", "a", "2"),
        ("före", "w", "b", "vill ej"),
        ("efter", "w", "a", "4,5"),
    ]
    assert lines(written["plain"] / "arenden.csv")[0][-2:] == (
        "2026-01-12",
        "Flyttat till annan kommun",
    )
    assert lines(written["plain"] / "betyg.csv") == [("B", "2026-01-12", "212,5")]


def test_ss12000_attendance_meets_its_calendar_event(written):
    folder = written["ss12000"]
    events = {event["id"]: event for event in objects(folder / "calendarEvents.jsonl")}
    found = objects(folder / "attendances.jsonl")
    assert len(found) == 22
    needed = {"id", "meta", "calendarEvent", "student", "isReported", "attendanceMinutes"}
    for one in found:
        assert needed <= set(one)
        event = events[one["calendarEvent"]["id"]]
        length = event["teachingLengthStudent"]
        for exception in event["studentExceptions"]:
            if exception["student"] == one["student"]:
                assert exception["participates"]
                length = exception["teachingLength"]
        parts = (
            one["attendanceMinutes"],
            one["validAbsenceMinutes"],
            one["invalidAbsenceMinutes"],
            one["otherAttendanceMinutes"],
        )
        assert sum(parts) == (length if one["isReported"] else 0)
    away = [
        (event["startTime"][:10], exception["student"]["id"])
        for event in events.values()
        for exception in event["studentExceptions"]
        if not exception["participates"]
    ]
    assert sorted(away) == [("2025-09-01", NAMES[CAI]), ("2025-09-02", NAMES[CAI])]
    bo = [one for one in found if one["student"]["id"] == NAMES[BO]]
    assert [one["isReported"] for one in bo] == [True] * 3 + [False] * 2 + [True] * 4
    assert [one.get("absenceReason") for one in bo][-1] == "Anmäld av vårdnadshavare"


def test_ss12000_sums_are_those_of_the_lessons(written):
    sums = {
        (one["student"]["id"], one["startDate"]): one
        for one in objects(written["ss12000"] / "aggregatedAttendance.jsonl")
    }
    bo = sums[NAMES[BO], "2025-09-01"]
    assert bo["endDate"] == "2025-09-30"
    assert (bo["offeredSum"], bo["reportedSum"]) == (320, 220)
    assert (bo["attendanceSum"], bo["validAbsenceSum"], bo["invalidAbsenceSum"]) == (155, 0, 65)
    reports = objects(written["ss12000"] / "absences.jsonl")
    assert [(one["student"]["id"], one["type"], one["startTime"][:10]) for one in reports] == [
        (NAMES[ANNA], "Beviljad ledighet", "2026-01-12"),
        (NAMES[BO], "Anmäld frånvaro", "2026-01-12"),
    ]


def test_edfi_has_events_only_where_a_pupil_was_not_there(written):
    found = [
        (
            one["studentReference"]["studentUniqueId"],
            one["eventDate"],
            one["attendanceEventCategoryDescriptor"].split("#")[1],
            one.get("eventDuration"),
            one["schoolAttendanceDuration"],
        )
        for one in objects(written["edfi"] / "studentSchoolAttendanceEvents.jsonl")
    ]
    assert found == [
        (NAMES[ANNA], "2025-09-01", "Excused Absence", 0.62, 100),  # 100 of 160 minutes, to even
        (NAMES[ANNA], "2025-09-02", "Tardy", None, 12),
        (NAMES[ANNA], "2025-09-02", "Unexcused Absence", 0.38, 60),
        (NAMES[ANNA], "2026-01-12", "Excused Absence", 0.62, 100),
        (NAMES[ANNA], "2026-01-12", "Tardy", None, 20),
        (NAMES[BO], "2025-09-01", "Unexcused Absence", 0.41, 65),
        (NAMES[BO], "2026-01-12", "Excused Absence", 0.38, 60),
        (NAMES[BO], "2026-01-12", "Unexcused Absence", 0.38, 60),
        (NAMES[CAI], "2025-09-02", "Excused Absence", 0.33, 30),
    ]


def test_skolverket_terms_give_back_every_minute(written):
    rows = {row[0]: row[1:] for row in lines(written["skolverket"] / "franvaro_termin.csv")}
    assert set(rows) == {"A", "B", "C"}
    year, kind, school, grade, *hours = rows["B"]
    assert (year, kind, school, grade) == ("2025/26", "", "S1", "7")
    minutes = [round(float(hour.replace(",", ".")) * 60) for hour in hours]
    # valid, invalid and offered, each in autumn and spring
    assert minutes == [0, 60, 65, 60, 320, 160]


@pytest.mark.parametrize("layout", FOREIGN_LAYOUTS)
def test_nobody_can_be_told_from_a_file(written, layout):
    for path in written[layout].iterdir():
        text = path.read_text(encoding="utf-8-sig")
        assert NAMES[DAG] not in text
        if path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                delimiter = ";" if ";" in text.splitlines()[0] else ","
                rows = list(csv.reader(file, delimiter=delimiter))
            for name, *values in zip(*rows, strict=True):
                assert not names_identity(name)
                assert not looks_like_identity(v for v in values if v)


def test_a_register_and_its_tables_write_the_same(tables, written, tmp_path):
    write_layout(read_register(tables), tmp_path / "out", "wilma")
    same = (tmp_path / "out" / "merkinnat.csv").read_bytes()
    assert same == (written["wilma"] / "merkinnat.csv").read_bytes()


def test_an_existing_folder_stays_unless_it_is_ours(tables, tmp_path):
    out = tmp_path / "out"
    export_skolverket_term(tables, out)
    with pytest.raises(FileExistsError, match="force"):
        export_skolverket_term(tables, out)
    write_layout(tables, out, "denmark", force=True)
    assert (out / "fravaer.csv").exists()
    assert not (out / "franvaro_termin.csv").exists()
    (out / "layout.json").unlink()
    with pytest.raises(FileExistsError, match="not written by"):
        write_layout(tables, out, "denmark", force=True)
    with pytest.raises(ValueError, match="layout"):
        write_layout(tables, tmp_path / "other", "aula")
    assert not (tmp_path / "other").exists()
