"""What remains after closing: carry-over and the booster meeting."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.aftercare import book_boosters, boosted, carried_over
from absence_risk.synthetic.cases import NEVER, Cases, support
from absence_risk.synthetic.counter import lanes
from absence_risk.synthetic.tables import pupil_tables

BASE = Scenario.preset("municipality")
YEAR = BASE.calendar.school_days()
FIRST = np.searchsorted(YEAR.week, np.arange(YEAR.n_weeks))
DO = {"referral.log_odds": [0.0, 0.5, 1.0], "team.no_longer_needed": 0.2}


def plan(**changes):
    given = {f"aftercare.{name}": value for name, value in changes.items()}
    return BASE.with_values(given).aftercare


def cases(n=1, started=NEVER, closed=NEVER, ending=0):
    one = Cases.none(n)
    one.started[:], one.closed[:], one.ending[:] = started, closed, ending
    return one


@pytest.mark.parametrize("ending", [1, 2, 4])
def test_the_effect_decays_from_what_it_was_in_the_last_week(ending):
    closed = int(FIRST[21]) - 1  # the last school day of week 20
    one = cases(started=FIRST[10], closed=closed, ending=ending)
    own = plan(carry_over_weeks=5.0)
    last = support(one, BASE.team, int(FIRST[20]), YEAR)[0][0]
    assert last > 0.7
    assert carried_over(one, own, BASE.team, int(FIRST[20]), YEAR)[0] == 0
    for week in (21, 24, 30):
        found = carried_over(one, own, BASE.team, int(FIRST[week]), YEAR)[0]
        assert found == pytest.approx(last * np.exp(-(week - 20) / 5))


def test_nothing_carries_over_where_nothing_was_done():
    own = plan(carry_over_weeks=5.0)
    declined = cases(closed=50, ending=2)
    for one in (declined, cases(), cases(started=FIRST[10])):
        assert carried_over(one, own, BASE.team, int(FIRST[30]), YEAR)[0] == 0


def test_a_booster_lasts_its_weeks():
    one = cases(started=FIRST[5], closed=70, ending=1)
    one.booster[:] = FIRST[20] + 1
    own = plan(booster=0.5, booster_weeks=3, booster_effect=0.7)
    found = [boosted(one, own, int(FIRST[week]), YEAR)[0] for week in range(18, 26)]
    assert found == [0, 0, 0, 0.7, 0.7, 0.7, 0, 0]


def test_meetings_fall_where_they_should():
    n, day = 20_000, 60
    one = cases(n, started=20, closed=day, ending=1)
    one.ending[: n // 2] = 2
    book_boosters(one, plan(booster=0.3, booster_days=[10, 14]), lanes(1, np.arange(n)), day, YEAR)
    assert (one.booster[: n // 2] == NEVER).all()
    met = one.booster[n // 2 :]
    # 10,000 draws: 4 standard errors of a share of 0.3 are 1.8 points
    assert (met < NEVER).mean() == pytest.approx(0.3, abs=0.018)
    share = np.bincount(met[met < NEVER] - day, minlength=16)[10:15] / (met < NEVER).sum()
    assert share.sum() == pytest.approx(1)
    assert np.abs(share - 0.2).max() < 4 * np.sqrt(0.16 / 3_000)


def test_no_meeting_after_the_last_school_day():
    last = len(YEAR) - 5
    one = cases(500, started=20, closed=last, ending=1)
    book_boosters(one, plan(booster=1.0, booster_days=[2, 9]), lanes(1, np.arange(500)), last, YEAR)
    assert ((one.booster == NEVER) | (one.booster < len(YEAR))).all()
    assert 0 < (one.booster < NEVER).sum() < 500


def test_meetings_are_in_the_table_of_cases():
    found = simulate(pupils=2_000, seed=3, do=DO | {"aftercare.booster": 0.8})
    table = pupil_tables(found)["cases"]
    met = table.column("booster_date").drop_null()
    assert len(met) == (found.cases.booster < NEVER).sum() > 50
    later = table.filter(pc.is_valid(table.column("booster_date")))
    gap = pc.days_between(later.column("closed"), later.column("booster_date"))
    assert pc.min(gap).as_py() >= 20
    assert set(later.column("closure_reason").to_pylist()) == {"no_longer_needed"}


def levels_above_one(do):
    return (simulate(pupils=6_000, seed=3, do=DO | do).days.level > 1).mean(axis=1)


@pytest.mark.parametrize(
    "do",
    [
        {"aftercare.carry_over_weeks": 20.0, "team.effect": 2.0},
        {
            "aftercare.booster": 1.0,
            "aftercare.booster_days": [1, 5],
            "aftercare.booster_effect": 3.0,
        },
    ],
)
def test_aftercare_keeps_pupils_in_school(do):
    off = {name: value for name, value in do.items() if name == "team.effect"}
    change = levels_above_one(do) - levels_above_one(off)
    # paired: only pupils whose case was closed can differ
    assert change.mean() < -3 * change.std() / np.sqrt(len(change))


def test_aftercare_changes_only_closed_cases_and_only_after_closing():
    do = DO | {"aftercare.carry_over_weeks": 20.0, "aftercare.booster": 1.0}
    one, other = simulate(pupils=6_000, seed=3, do=do), simulate(pupils=6_000, seed=3, do=DO)
    differs = one.days.missed != other.days.missed
    rows = np.flatnonzero(differs.any(axis=1))
    assert len(rows) > 20
    assert (differs[rows].argmax(axis=1) > one.cases.closed[rows]).all()
    np.testing.assert_array_equal(one.cases.closed, other.cases.closed)
