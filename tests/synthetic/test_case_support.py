from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, cases
from absence_risk.synthetic.avoidance import Ladder, move, recorded_valid
from absence_risk.synthetic.cases import NEVER, Cases
from absence_risk.synthetic.counter import lanes

PLAN = Scenario.preset("municipality")
YEAR = PLAN.calendar.school_days()
FIRST = np.searchsorted(YEAR.week, np.arange(YEAR.n_weeks))


def ladder(levels, since=0):
    n = len(levels)
    start = np.full(n, since, dtype=np.int64)
    return Ladder(np.asarray(levels, dtype=np.int64), start, np.zeros(n), np.zeros(n, dtype=bool))


def case(started=NEVER, closed=NEVER, ending=0):
    one = Cases.none(1)
    one.started[:], one.closed[:], one.ending[:] = started, closed, ending
    return one


@pytest.mark.parametrize(
    ("week", "expected"),
    [(9, 0.0), (10, 0.0), (12, 0.8 * (1 - np.exp(-0.5))), (19, 0.8 * (1 - np.exp(-9 / 4)))],
)
def test_help_ramps_up_from_the_start(week, expected):
    found, relapse = cases.support(case(started=FIRST[10]), PLAN.team, FIRST[week], YEAR)
    assert found[0] == pytest.approx(expected)
    assert relapse[0] == 0


@pytest.mark.parametrize(
    ("ending", "week", "relapse"), [(1, 20, 1.0), (1, 29, 1.0), (1, 30, 0.0), (2, 20, 0.0)]
)
def test_help_ends_and_relapse_begins_after_closing(ending, week, relapse):
    closed = FIRST[20] - 1  # the last school day of week 19
    one = case(started=FIRST[10], closed=closed, ending=ending)
    found, pressure = cases.support(one, PLAN.team, FIRST[week], YEAR)
    assert (found[0], pressure[0]) == (0.0, relapse)
    assert cases.support(one, PLAN.team, FIRST[19], YEAR)[0][0] > 0.7


def test_nobody_without_a_case_is_helped():
    found, relapse = cases.support(Cases.none(4), PLAN.team, FIRST[30], YEAR)
    assert not found.any()
    assert not relapse.any()


def moved_up(valid, help_=0.0, relapse=0.0, n=200_000):
    state = ladder([1] * n)
    draw = (np.arange(n) + 0.5) / n
    each = [np.full(n, value) for value in (valid, help_, relapse)]
    move(state, PLAN.avoidance, draw, 5, valid=each[0], help_=each[1], relapse=each[2])
    return (state.level == 2).mean(), state


def test_moving_up_has_the_stated_log_odds():
    base, state = moved_up(0.0)
    assert base == pytest.approx(PLAN.avoidance.up[0], abs=1e-5)
    assert set(state.since[state.level == 2].tolist()) == {5}
    for given, added in (((0.2,), 0.5), ((0.0, 0.8), -0.8), ((0.0, 0.0, 1.0), 1.0)):
        share, _ = moved_up(*given)
        change = np.log(share / (1 - share)) - np.log(base / (1 - base))
        assert change == pytest.approx(added, abs=0.01)


def test_the_ends_of_the_ladder_hold():
    draw = np.array([1e-12, 1 - 1e-12] * 2)
    state = ladder([6, 6, 1, 1])
    zero = np.zeros(4)
    move(state, PLAN.avoidance, draw, 5, valid=zero, help_=zero, relapse=zero)
    assert state.level.tolist() == [6, 5, 2, 1]


def test_labels_have_the_stated_log_odds():
    n = 100_000
    lane = lanes(1, np.arange(n))
    for since, months in ((30, 0.0), (4, 26 * 7 * 12 / 365.25)):
        state = ladder([4] * n, since=since)
        found = recorded_valid(state, PLAN.label, lane, rows=np.arange(n), day=150, week=30)
        log_odds = PLAN.label.log_odds[2] - PLAN.label.drift_per_month * months
        expected = 1 / (1 + np.exp(-log_odds))
        assert abs(found.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_a_case_is_opened_once():
    one = Cases.none(3)
    who, lane = np.array([0, 2]), lanes(1, np.arange(3))
    plan = {"lane": lane, "referral": PLAN.referral, "team": PLAN.team, "year": YEAR}
    cases.open_cases(one, who, day=30, **plan)
    kept = one.referred.copy()
    cases.open_cases(one, np.arange(3), day=60, **plan)
    assert one.detected.tolist() == [30, 60, 30]
    assert kept[[0, 2]].tolist() == one.referred[[0, 2]].tolist()
    assert (one.referred > one.detected).all()


def test_no_case_is_opened_after_the_last_school_day():
    one = Cases.none(50)
    plan = {"referral": PLAN.referral, "team": PLAN.team, "year": YEAR}
    cases.open_cases(one, np.arange(50), day=177, lane=lanes(1, np.arange(50)), **plan)
    assert (one.detected == NEVER).all()
