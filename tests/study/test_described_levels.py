"""Levels of absence: exact on a hand-made cube, intervals as in survey sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.study.describe import describe_levels


def cube_of(valid, invalid):
    valid, invalid = np.asarray(valid, dtype=np.int16), np.asarray(invalid, dtype=np.int16)
    first = np.datetime64("2025-08-18")
    days = first + np.arange(valid.shape[1])
    calendar = SchoolCalendar(days.astype("datetime64[D]"), ["HT"] * valid.shape[1])
    keys = np.arange(1, len(valid) + 1, dtype=np.uint32)
    scheduled = np.full_like(valid, 100)
    return Cube(keys, calendar, scheduled, valid, invalid, AbsenceDefinition())


def rows_of(table):
    return {row.term: row for row in table.rows}


def test_shares_are_exact_on_a_hand_made_cube():
    # Four pupils, two days of 100 minutes: 0, 10, 15 and 60 % of 200 minutes.
    cube = cube_of([[0, 0], [20, 0], [0, 30], [100, 0]], [[0, 0], [0, 0], [0, 0], [0, 20]])
    rows = rows_of(describe_levels(cube, ["A", "A", "B", "B"]))
    assert rows["mean all absence, share of offered time"].estimate == pytest.approx(170 / 800)
    assert rows["mean valid absence, share of offered time"].estimate == pytest.approx(150 / 800)
    assert rows["mean invalid absence, share of offered time"].estimate == pytest.approx(20 / 800)
    assert [rows[f"pupils absent {c} % or more"].n_events for c in (10, 15, 20, 50)] == [3, 2, 1, 1]


def test_the_interval_is_the_clustered_one():
    rng = np.random.default_rng(1)
    absent = rng.integers(0, 40, (60, 5))
    school = np.repeat([0, 1, 2], [10, 20, 30])
    row = rows_of(describe_levels(cube_of(absent, np.zeros_like(absent)), school))[
        "mean all absence, share of offered time"
    ]
    share = absent.sum() / (60 * 500)
    residual = [absent[school == g].sum() - share * 500 * (school == g).sum() for g in range(3)]
    error = np.sqrt(3 / 2 * np.square(residual).sum()) / (60 * 500)
    assert row.conf_high - row.estimate == pytest.approx(t.ppf(0.975, 2) * error)


def test_one_school_has_no_interval():
    rows = describe_levels(cube_of([[0], [50]], [[0], [0]]), ["A", "A"]).rows
    assert all(row.conf_low is None and row.conf_high is None for row in rows)


def test_pupils_without_school_time_do_not_count():
    cube = cube_of([[10], [10]], [[0], [0]])
    cube.scheduled[1] = 0
    cube.valid[1] = 0
    assert {row.n for row in describe_levels(cube, ["A", "B"]).rows} == {1}
