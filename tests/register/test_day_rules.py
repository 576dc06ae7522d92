"""Hand-worked days: what each rule makes of the same lessons."""

from __future__ import annotations

import pytest

from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.opening import read_register

DAY = "2025-11-03"
# slot, scheduled, valid, invalid, late, reported
ALL_PRESENT = [(1, 60, 0, 0, 0, True), (2, 40, 0, 0, 0, True)]
FIRST_MISSED = [(1, 60, 60, 0, 0, True), (2, 40, 0, 0, 0, True)]
LAST_SKIPPED = [(1, 60, 0, 0, 0, True), (2, 40, 0, 40, 0, True)]
ALL_MISSED_MOSTLY_VALID = [(1, 60, 60, 0, 0, True), (2, 40, 0, 40, 0, True)]
ALL_MISSED_TIE = [(1, 50, 50, 0, 0, True), (2, 50, 0, 50, 0, True)]
PART_OF_A_LESSON = [(1, 60, 0, 20, 0, True), (2, 40, 0, 0, 0, True)]
MISSED_THEN_UNREPORTED = [(1, 60, 60, 0, 0, True), (2, 40, None, None, None, False)]
UNREPORTED_THEN_MISSED = [(1, 60, None, None, None, False), (2, 40, 40, 0, 0, True)]
NOT_REPORTED = [(1, 60, None, None, None, False), (2, 40, None, None, None, False)]
DAY_RECORD_PART = [(0, 300, 120, 0, 0, True)]
DAY_RECORD_WHOLE = [(0, 300, 0, 300, 0, True)]
LATE = [(1, 60, 0, 0, 15, True), (2, 40, 0, 0, 0, True)]
LATE_AND_ABSENT = [(1, 60, 50, 0, 15, True)]
CANCELLED_FIRST = [(1, 0, 0, 0, 0, True), (2, 40, 0, 40, 0, True)]


def cell(lessons, day, **definition):
    tables = lessons(*[(1, DAY, *lesson) for lesson in day])
    cube = read_register(tables).cube(AbsenceDefinition(**definition))
    return int(cube.scheduled[0, 0]), int(cube.valid[0, 0]), int(cube.invalid[0, 0])


@pytest.mark.parametrize(
    ("day", "offered", "reported"),
    [
        (ALL_PRESENT, (100, 0, 0), (100, 0, 0)),
        (FIRST_MISSED, (100, 60, 0), (100, 60, 0)),
        (ALL_MISSED_MOSTLY_VALID, (100, 60, 40), (100, 60, 40)),
        (PART_OF_A_LESSON, (100, 0, 20), (100, 0, 20)),
        (MISSED_THEN_UNREPORTED, (100, 60, 0), (60, 60, 0)),
        (NOT_REPORTED, (100, 0, 0), (0, 0, 0)),
        (DAY_RECORD_PART, (300, 120, 0), (300, 120, 0)),
        (LATE, (100, 0, 0), (100, 0, 0)),
        (CANCELLED_FIRST, (40, 0, 40), (40, 0, 40)),
    ],
)
def test_minutes_share(lessons, day, offered, reported):
    assert cell(lessons, day) == offered
    assert cell(lessons, day, denominator="reported") == reported


@pytest.mark.parametrize(
    ("day", "offered", "reported"),
    [
        (ALL_PRESENT, (1, 0, 0), (1, 0, 0)),
        (FIRST_MISSED, (1, 0, 0), (1, 0, 0)),
        (ALL_MISSED_MOSTLY_VALID, (1, 1, 0), (1, 1, 0)),
        (ALL_MISSED_TIE, (1, 0, 1), (1, 0, 1)),
        (PART_OF_A_LESSON, (1, 0, 0), (1, 0, 0)),
        (MISSED_THEN_UNREPORTED, (1, 1, 0), (1, 1, 0)),
        (NOT_REPORTED, (1, 0, 0), (0, 0, 0)),
        (DAY_RECORD_PART, (1, 0, 0), (1, 0, 0)),
        (DAY_RECORD_WHOLE, (1, 0, 1), (1, 0, 1)),
        (CANCELLED_FIRST, (1, 0, 1), (1, 0, 1)),
    ],
)
def test_full_day_only(lessons, day, offered, reported):
    assert cell(lessons, day, day_rule="full_day_only") == offered
    assert cell(lessons, day, day_rule="full_day_only", denominator="reported") == reported


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (ALL_PRESENT, (1, 0, 0)),
        (FIRST_MISSED, (1, 1, 0)),
        (LAST_SKIPPED, (1, 0, 1)),
        (ALL_MISSED_TIE, (1, 0, 1)),
        (PART_OF_A_LESSON, (1, 0, 0)),
        (MISSED_THEN_UNREPORTED, (1, 1, 0)),
        (NOT_REPORTED, (1, 0, 0)),
        (DAY_RECORD_PART, (1, 1, 0)),
        (DAY_RECORD_WHOLE, (1, 0, 1)),
    ],
)
def test_any_lesson(lessons, day, expected):
    assert cell(lessons, day, day_rule="any_lesson") == expected


@pytest.mark.parametrize(
    ("day", "offered", "reported"),
    [
        (ALL_PRESENT, (1, 0, 0), (1, 0, 0)),
        (FIRST_MISSED, (1, 1, 0), (1, 1, 0)),
        (LAST_SKIPPED, (1, 0, 0), (1, 0, 0)),
        (UNREPORTED_THEN_MISSED, (1, 0, 0), (0, 0, 0)),
        (MISSED_THEN_UNREPORTED, (1, 1, 0), (1, 1, 0)),
        (CANCELLED_FIRST, (1, 0, 1), (1, 0, 1)),
        (DAY_RECORD_WHOLE, (1, 0, 1), (1, 0, 1)),
    ],
)
def test_start_of_day(lessons, day, offered, reported):
    assert cell(lessons, day, day_rule="start_of_day") == offered
    assert cell(lessons, day, day_rule="start_of_day", denominator="reported") == reported


def test_late_minutes_count_as_invalid_only_when_asked(lessons):
    assert cell(lessons, LATE, late_rule="late_minutes") == (100, 0, 15)
    assert cell(lessons, LATE, late_rule="present") == (100, 0, 0)


def test_late_minutes_never_exceed_what_is_left_of_the_lesson(lessons):
    assert cell(lessons, LATE_AND_ABSENT, late_rule="late_minutes") == (60, 50, 10)


def test_late_minutes_make_no_missed_lesson(lessons):
    assert cell(lessons, LATE, late_rule="late_minutes", day_rule="any_lesson") == (1, 0, 0)


def test_superseded_rows_are_left_out(lessons):
    tables = lessons((1, DAY, 1, 60, 60, 0, 0, True), (1, DAY, 1, 60, 0, 0, 0, True))
    tables["registers"]["superseded_at"] = [DAY, None]
    tables["registers"]["superseded_at"] = tables["registers"]["superseded_at"].astype(
        "datetime64[s]"
    )
    cube = read_register(tables).cube()
    assert (cube.scheduled[0, 0], cube.valid[0, 0]) == (60, 0)
