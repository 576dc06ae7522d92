from __future__ import annotations

import numpy as np

from absence_risk.policy import RunRule, Staircase, replay
from absence_risk.policy.replay import first_run
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition

TROSA = Staircase.preset("trosa")
DAYS = np.arange("2025-09-01", "2025-11-01", dtype="datetime64[D]")
DAYS = DAYS[(DAYS.astype(np.int64) + 3) % 7 < 5]
CALENDAR = SchoolCalendar(DAYS, ["HT"] * len(DAYS))


def cube(valid, invalid, scheduled=None):
    whole = np.full(np.shape(valid), 300) if scheduled is None else scheduled
    arrays = [np.asarray(a, dtype=np.int16) for a in (whole, valid, invalid)]
    keys = np.arange(len(arrays[0]), dtype=np.uint32)
    return Cube(keys, CALENDAR, *arrays, AbsenceDefinition())


def test_steps_by_hand():
    # 22 school days in September, 23 in October
    assert (CALENDAR.month == 202509).sum() == 22
    absent = np.zeros((3, 45), dtype=int)
    absent[1, :3] = 300  # 3/22 = 13.6 %
    absent[2, 22:27] = 300  # 5/23 = 21.7 %
    found = replay(cube(absent, 0 * absent), TROSA)
    assert found.labels.tolist() == [202509, 202510]
    assert found.step.tolist() == [[0, 0], [1, 0], [0, 3]]
    assert found.first.tolist() == [[-1, -1, -1], [0, -1, -1], [1, 1, 1]]
    assert found.alarms.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert found.first_alarms.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert found.n.tolist() == [3, 3]


def test_invalid_numerator_ignores_illness():
    ill = np.full((1, 45), 300)
    only = Staircase(
        name="i", numerator="invalid", window="month", steps=TROSA.steps, source="test"
    )
    assert replay(cube(ill, 0 * ill), only).step.max() == 0
    assert replay(cube(0 * ill, ill), only).step.min() == 3


def test_months_without_school_count_nobody():
    none = np.zeros((2, 45), dtype=int)
    scheduled = np.full((2, 45), 300)
    scheduled[1, 22:] = 0
    found = replay(cube(none, none, scheduled), TROSA)
    assert found.n.tolist() == [2, 1]
    assert found.step.max() == 0


def test_unbroken_invalid_absence_fires_after_ten_school_days():
    away = np.zeros((4, 45), dtype=int)
    away[0, 5:15] = 300  # ten days: not more than two weeks
    away[1, 5:16] = 300  # eleven
    away[2, 5:20] = 300
    away[2, 10] = 150  # broken in the middle
    away[3, 5:18] = 300
    scheduled = np.full((4, 45), 300)
    scheduled[3, 7:9] = 0  # nothing offered on two days: run of eleven ends on day 17
    away[3, 7:9] = 0
    found = replay(cube(0 * away, away, scheduled), TROSA)
    assert found.run[:, 0].tolist() == [-1, 15, -1, 17]


def test_valid_days_do_not_fill_an_invalid_run_but_fill_a_total_one():
    ill = np.full((1, 45), 300)
    total = RunRule(numerator="total", longer_than_days=10, action="report")
    assert replay(cube(ill, 0 * ill), TROSA).run.tolist() == [[-1]]
    assert first_run(cube(ill, 0 * ill), total).tolist() == [10]


def test_a_register_is_read_with_the_default_definition():
    absent = np.full((1, 45), 30)

    class Recorded:
        def cube(self):
            return cube(absent, 0 * absent)

    assert replay(Recorded(), TROSA).step.tolist() == [[1, 1]]
