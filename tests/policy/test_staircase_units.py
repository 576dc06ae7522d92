"""Staircases of hours, days and spells, in rolling windows and quarters; every preset replayed."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.errors import PolicyError
from absence_risk.policy import Staircase, Step, presets, replay
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition

DAYS = np.arange("2025-08-18", "2026-06-15", dtype="datetime64[D]")
DAYS = DAYS[(DAYS.astype(np.int64) + 3) % 7 < 5][:180]
SPRING = np.datetime64("2026-01-01")
CALENDAR = SchoolCalendar(DAYS, ["VT" if day >= SPRING else "HT" for day in DAYS])


def cube(valid, invalid=None, scheduled=None, **definition):
    whole = np.full(np.shape(valid), 300) if scheduled is None else scheduled
    none = np.zeros(np.shape(valid)) if invalid is None else invalid
    arrays = [np.asarray(part, dtype=np.int16) for part in (whole, valid, none)]
    keys = np.arange(1, len(arrays[0]) + 1, dtype=np.uint32)
    return Cube(keys, CALENDAR, *arrays, AbsenceDefinition(**definition))


def days_off(*places, minutes=300):
    absent = np.zeros((1, len(CALENDAR)), dtype=int)
    for start, stop in places:
        absent[0, start:stop] = minutes
    return absent


def stairs(*amounts, **fields):
    steps = tuple(Step(at=at, action="talk") for at in amounts)
    given = {"name": "own", "numerator": "total", "window": "year", "source": "test"}
    return Staircase(**{**given, "steps": steps, **fields})


def test_hours_are_sixty_minutes_or_as_declared():
    absent = days_off((0, 6))  # 30 clock hours
    assert replay(cube(absent), Staircase.preset("turku")).step.tolist() == [[1]]
    lessons = stairs(40, unit="hours", minutes_per_hour=45)
    assert replay(cube(absent), lessons).step.tolist() == [[1]]
    assert replay(cube(days_off((0, 5))), lessons).step.tolist() == [[0]]


def test_an_hour_is_a_lesson_where_lessons_are_counted():
    counted = cube(
        days_off((0, 10), minutes=3), scheduled=np.full((1, 180), 6), day_rule="lessons_share"
    )
    assert replay(counted, Staircase.preset("hollola")).step.tolist() == [[1]]


def test_hours_cannot_be_read_on_days():
    with pytest.raises(PolicyError, match="minutes or of lessons, not of days"):
        replay(cube(days_off((0, 3)), day_rule="any_lesson"), Staircase.preset("turku"))


def test_days_count_wholly_absent_ones():
    absent = days_off((0, 9), (20, 22))
    absent[0, 20] = 150  # half a day
    found = replay(cube(absent), Staircase.preset("kearney_ten_days"))
    assert found.first.tolist() == [[0]]  # ten days within the first fifteen weeks
    absent[0, 21] = 0
    assert replay(cube(absent), Staircase.preset("kearney_ten_days")).step.max() == 0


def test_events_are_spells_that_begin_in_the_window():
    # Spells of 1, 3, 1, 1 and 2 days; the fifth begins on day 60, in school week 12.
    absent = days_off((3, 4), (10, 13), (20, 21), (40, 41), (60, 62))
    found = replay(cube(absent), Staircase.preset("norrebro"))
    assert found.labels[found.first[0, 0]] == 19  # the first whole window of 20 weeks
    four = replay(
        cube(days_off((3, 4), (10, 13), (20, 21), (40, 41))), Staircase.preset("norrebro")
    )
    assert four.step.max() == 0


def test_a_day_without_school_neither_breaks_a_spell_nor_begins_one():
    absent, scheduled = days_off((10, 13)), np.full((1, 180), 300)
    absent[0, 11] = scheduled[0, 11] = 0
    one = stairs(1, 2, unit="events")
    assert replay(cube(absent, scheduled=scheduled), one).step.tolist() == [[1]]
    run = stairs(2, 3, unit="run_days")
    assert replay(cube(absent, scheduled=scheduled), run).step.tolist() == [[1]]


def test_runs_count_from_where_they_began():
    run = stairs(4, unit="run_days", window="week")
    found = replay(cube(days_off((2, 7))), run)  # Wednesday to Tuesday
    assert found.first.tolist() == [[1]]
    assert found.step[0, :3].tolist() == [0, 1, 0]


def test_quarter_and_numerator_of_danish_law():
    unlawful = days_off((0, 4))  # of 32 days in the third quarter: 12.5 %
    ill = days_off((0, 30))
    law = Staircase.preset("denmark_law")
    found = replay(cube(0 * unlawful, unlawful), law)
    assert (CALENDAR.labels("quarter") == 20253).sum() == 32
    assert found.labels.tolist() == [20253, 20254, 20261, 20262]
    assert found.step.tolist() == [[1, 0, 0, 0]]
    assert replay(cube(ill), law).step.max() == 0


def test_siuntio_sees_twelve_school_weeks():
    found = replay(cube(days_off((30, 36))), Staircase.preset("siuntio"))  # 6 of 60 days
    assert found.labels[0] == 11
    assert found.step[0, 0] == 1
    assert replay(cube(days_off((30, 35))), Staircase.preset("siuntio")).step.max() == 0


def test_england_on_half_days():
    sessions = cube(
        days_off((0, 36), minutes=1), scheduled=np.full((1, 180), 2), day_rule="half_days"
    )
    assert replay(sessions, Staircase.preset("england")).step.tolist() == [[1]]  # 36 of 360


@pytest.mark.parametrize("name", presets())
def test_every_preset_climbs_when_absent_and_not_when_present(name):
    staircase = Staircase.preset(name)
    away = np.full((1, len(CALENDAR)), 300)
    # An event is a spell, so absence on every other day climbs a staircase of events.
    gone = away * (np.arange(len(CALENDAR)) % 2) if staircase.unit == "events" else away
    valid, invalid = (0 * gone, gone) if staircase.numerator == "invalid" else (gone, 0 * gone)
    assert replay(cube(valid, invalid), staircase).step.max() == len(staircase.steps)
    assert replay(cube(0 * away), staircase).step.max() == 0
    assert staircase.name == name
    assert staircase.source
    assert staircase.title


def test_every_ladder_of_the_evidence_is_a_preset():
    amounts = {name: [s.at for s in Staircase.preset(name).steps] for name in presets()}
    assert amounts["denmark_law"] == [0.10, 0.15]
    assert amounts["turku"] == [30, 50]
    assert amounts["hollola"] == [30, 50, 70]
    assert amounts["vaasa"] == [30, 60, 80, 120]
    assert amounts["kemi"] == [25, 50]
    assert amounts["england"] == [0.10, 0.50]
    assert amounts["attendance_works"] == [0.10, 0.20]
    assert amounts["kearney_two_weeks"] == [0.25]
    assert amounts["prestationsprinsen"] == [0.10, 0.20]
    assert amounts["skolverket"] == [0.15]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"unit": "lessons"}, "unit must be one of percent, hours"),
        ({"unit": "hours", "minutes_per_hour": 0}, "minutes_per_hour must be a whole number"),
        ({"window": "2025-08-01 to 2025-12-31"}, "window must recur"),
        ({"window": "rolling weeks"}, "rolling 12 weeks"),
    ],
)
def test_what_is_no_staircase(fields, message):
    with pytest.raises(PolicyError, match=message):
        stairs(0.5, **fields)


@pytest.mark.parametrize("at", [0, -3, float("inf"), True])
def test_amounts_must_be_above_zero(at):
    with pytest.raises(PolicyError, match="must be"):
        stairs(at, unit="hours")


def test_negative_amounts_have_no_step():
    with pytest.raises(ValueError, match="hours must not be negative"):
        Staircase.preset("turku").step_of([-1.0])
    assert Staircase.preset("turku").step_of([0, 29.9, 30, 1000, np.nan]).tolist() == [
        0,
        0,
        1,
        2,
        0,
    ]


def test_a_calendar_shorter_than_the_window_is_refused():
    short = SchoolCalendar(DAYS[:20], ["HT"] * 20)
    zero = np.zeros((1, 20), dtype=np.int16)
    own = Cube(
        np.array([1], dtype=np.uint32), short, zero + np.int16(60), zero, zero, AbsenceDefinition()
    )
    with pytest.raises(ValueError, match="no whole window"):
        replay(own, Staircase.preset("siuntio"))
