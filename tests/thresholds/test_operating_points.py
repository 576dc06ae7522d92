"""Operating points: exact on a cube worked by hand, honest intervals, no leak."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from absence_risk.errors import DesignError
from absence_risk.policy.staircase import Staircase, Step
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.thresholds import operating_points

STAIRCASE = Staircase(
    name="two steps",
    numerator="total",
    window="month",
    steps=(Step(at=0.10, action="talk"), Step(at=0.20, action="map")),
    source="hand-worked",
)
# Days absent of 10 in September, October (HT) and February (VT); December has 2 school days.
DAYS = {  # pupil: (school, Sep, Oct, Dec, Feb)
    1: ("A", 0, 0, 2, 0),
    2: ("A", 1, 0, 0, 0),
    3: ("A", 2, 0, 0, 3),
    4: ("A", 0, 0, 0, 2),
    5: ("B", 0, 3, 0, 1),
    6: ("B", 1, 1, 0, 2),
    7: ("B", 0, 0, 0, 0),
    8: ("B", 5, 5, 0, 9),
}


def hand_cube():
    september = np.arange("2025-09-01", "2025-09-11", dtype="datetime64[D]")
    october = np.arange("2025-10-01", "2025-10-11", dtype="datetime64[D]")
    december = np.arange("2025-12-01", "2025-12-03", dtype="datetime64[D]")
    february = np.arange("2026-02-01", "2026-02-11", dtype="datetime64[D]")
    dates = np.concatenate([september, october, december, february])
    calendar = SchoolCalendar(dates, ["HT"] * 22 + ["VT"] * 10)
    absent = np.zeros((8, 32), dtype=np.int16)
    for row, (_, *months) in enumerate(DAYS.values()):
        for start, days in zip((0, 10, 20, 22), months, strict=True):
            absent[row, start : start + days] = 300
    return Cube(
        np.array(list(DAYS), dtype=np.uint32),
        calendar,
        np.full((8, 32), 300, dtype=np.int16),
        absent,
        np.zeros((8, 32), dtype=np.int16),
        AbsenceDefinition(),
    )


SCHOOLS = np.array([school for school, *_ in DAYS.values()])


def points(**changes):
    return operating_points(hand_cube(), STAIRCASE, schools=SCHOOLS, **changes)


def value(table, term, threshold=None):
    (row,) = [r for r in table.rows if r.term == term and r.threshold == threshold]
    return row


def test_shares_are_those_worked_by_hand():
    table, _ = points()
    # Events (at least 2 of 10 days in February): pupils 3, 4, 6, 8.
    # 10 % step in September or October: pupils 2, 3, 5, 6, 8. 20 % step: pupils 3, 5, 8.
    wanted = {
        ("sensitivity", 0.10): (3, 4),
        ("specificity", 0.10): (2, 4),
        ("PPV", 0.10): (3, 5),
        ("share of pupils flagged", 0.10): (5, 8),
        ("sensitivity", 0.20): (2, 4),
        ("specificity", 0.20): (3, 4),
        ("PPV", 0.20): (2, 3),
        ("share of pupils flagged", 0.20): (3, 8),
        ("PPV of an alarm without information", None): (4, 8),
    }
    assert len(table.rows) == len(wanted)
    for (term, at), (events, n) in wanted.items():
        row = value(table, term, at)
        assert (row.n_events, row.n) == (events, n)
        assert row.estimate == events / n
        assert row.conf_low <= row.estimate <= row.conf_high


def test_alarms_per_month_are_those_worked_by_hand():
    _, alarms = points()
    found = {(r.time, r.threshold): (r.n_events, r.n, r.estimate) for r in alarms.rows}
    assert found == {
        (202509.0, 0.10): (4, 8, 500.0),
        (202510.0, 0.10): (3, 8, 375.0),
        (202602.0, 0.10): (5, 8, 625.0),
        (202509.0, 0.20): (2, 8, 250.0),
        (202510.0, 0.20): (2, 8, 250.0),
        (202602.0, 0.20): (4, 8, 500.0),
    }


def test_short_months_enter_only_when_asked():
    table, alarms = points(min_days=0)
    assert 202512.0 in {r.time for r in alarms.rows}
    # Pupil 1 missed both days of December: flagged now, at both steps.
    assert value(table, "share of pupils flagged", 0.20).n_events == 4
    assert "left out" in points()[1].note
    assert "left out" not in alarms.note


def test_two_schools_give_the_bootstrap_of_two_schools():
    table, _ = points(replicates=20_000, conf_level=0.9)
    # Draws: AA 1/4, AB 1/2, BB 1/4. Flagged at 10 %: A 2 of 4, B 3 of 4.
    row = value(table, "share of pupils flagged", 0.10)
    assert (row.conf_low, row.conf_high) == (0.5, 0.75)


def test_a_share_without_spread_gets_an_exact_interval():
    cube = hand_cube()
    quiet = dataclasses.replace(STAIRCASE, steps=(Step(at=0.95, action="none"),))
    table, alarms = operating_points(cube, quiet, schools=SCHOOLS)
    row = value(table, "share of pupils flagged", 0.95)
    # Clopper-Pearson for 0 of 8: 1 - .025^(1/8).
    assert (row.conf_low, row.conf_high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 8)))
    assert value(table, "PPV", 0.95).estimate is None
    assert all(r.conf_high > 0 for r in alarms.rows)


def test_the_later_term_does_not_change_the_alarms():
    cube = hand_cube()
    later = cube.valid.copy()
    later[:, 22:] = 300 - later[:, 22:]
    other, _ = operating_points(dataclasses.replace(cube, valid=later), STAIRCASE, schools=SCHOOLS)
    first, _ = points()
    for at in (0.10, 0.20):
        term = "share of pupils flagged"
        assert value(other, term, at).estimate == value(first, term, at).estimate


def test_pupils_without_days_in_the_later_term_are_not_counted():
    cube = hand_cube()
    scheduled, valid = cube.scheduled.copy(), cube.valid.copy()
    scheduled[7, 22:] = valid[7, 22:] = 0
    left = dataclasses.replace(cube, scheduled=scheduled, valid=valid)
    table, alarms = operating_points(left, STAIRCASE, schools=SCHOOLS)
    assert value(table, "share of pupils flagged", 0.10).n == 7
    assert {r.n for r in alarms.rows if r.time == 202602.0} == {7}


def test_same_seed_same_tables():
    assert points(random_state=3) == points(random_state=3)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"event_at": 20}, ValueError, "Did you mean 0.2"),
        ({"event_in": ("Spring",)}, ValueError, "event_in must be one of HT, VT"),
        ({"alarms_in": ("VT",), "event_in": ("HT",)}, ValueError, "wholly after"),
        ({"alarms_in": ()}, ValueError, "at least one term"),
        ({"event_at": 0.95}, DesignError, "None of the 8 pupils"),
        ({"min_days": 11}, DesignError, "No month has at least 11"),
        ({"replicates": 0}, ValueError, "replicates"),
    ],
)
def test_bad_arguments_are_refused_with_the_remedy(changes, error, match):
    with pytest.raises(error, match=match):
        points(**changes)


@pytest.mark.parametrize(
    ("schools", "error", "match"),
    [
        (["A"] * 8, DesignError, "at least 2 schools"),
        (["A", "B"], ValueError, "must name 8 rows"),
        (["A"] * 7 + [None], ValueError, "missing"),
    ],
)
def test_unusable_schools_are_refused(schools, error, match):
    with pytest.raises(error, match=match):
        operating_points(hand_cube(), STAIRCASE, schools=schools)


def test_only_monthly_staircases():
    weekly = dataclasses.replace(STAIRCASE, window="week")
    with pytest.raises(ValueError, match="must be monthly"):
        operating_points(hand_cube(), weekly, schools=SCHOOLS)
