"""Leave differs between pupils, illness between grades, and both as the closed forms say."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.closed_forms.given_schools import expected_leave_share, expected_share

PUPILS = 8_000
GRADES = [1.6, 1.2, 1.0, 0.9, 0.8, 0.8, 0.9, 1.1, 1.4]
DO = {
    "avoidance.first_stage": [0.0] * 5,
    "avoidance.up": [0.0] * 5,
    "illness.grade": GRADES,
    "leave.onset_rate": 0.008,
    "leave.frailty_sd": 1.2,
    "leave.correlation": 0.5,
    "leave.season_amplitude": 0.5,
    "leave.weekday": [1.3, 0.8, 0.8, 0.8, 1.3],
}


@pytest.fixture(scope="module")
def families():
    """A world of illness and of leave that some families ask for often."""
    return simulate(pupils=PUPILS, seed=8, do=DO)


def z_scores(found, expected):
    return (found.mean(axis=0) - expected) / np.sqrt(expected * (1 - expected) / len(found))


def test_leave_and_illness_follow_their_closed_forms(families):
    scenario, year = families.scenario, families.year
    ill = expected_share(scenario, families.schools, year)
    leave = expected_leave_share(scenario, families.schools, year)
    for code, expected in ((10, ill), (20, leave)):
        found = families.days.reason == code
        z = z_scores(found, expected)
        # days are correlated through spells and pupils, so that rms z of one world varies
        assert np.abs(z).max() < 4.2
        assert np.sqrt((z**2).mean()) < 1.5
        yearly = found.mean(axis=1)
        assert abs(yearly.mean() - expected.mean()) < 4 * yearly.std(ddof=1) / np.sqrt(PUPILS)


def test_the_correlation_of_frailties_matters_for_who_is_on_leave_while_well(families):
    """Simulated leave tells the closed form from the one that takes the chains as independent."""
    scenario, year = families.scenario, families.year
    alone = scenario.with_values({"leave.correlation": 0.0, "illness.frailty_sd": 3.0})
    bound = scenario.with_values({"leave.correlation": 1.0, "illness.frailty_sd": 3.0})
    shares = [expected_leave_share(s, families.schools, year).mean() for s in (alone, bound)]
    assert shares[1] < shares[0] * 0.97
    world = simulate(bound, pupils=PUPILS, seed=8)
    yearly = (world.days.reason == 20).mean(axis=1)
    error = yearly.std(ddof=1) / np.sqrt(PUPILS)
    assert abs(yearly.mean() - shares[1]) < 4 * error < abs(yearly.mean() - shares[0])


def test_frailty_of_leave_has_its_mean_spread_and_correlation(families):
    leave, illness = np.log(families.pupils.leave), families.pupils.frailty.copy()
    illness = np.log(illness / np.asarray(GRADES)[families.pupils.grade - 1])
    assert leave.std() == pytest.approx(1.2, abs=4 * 1.2 / np.sqrt(2 * PUPILS))
    assert leave.mean() == pytest.approx(-0.72, abs=4 * 1.2 / np.sqrt(PUPILS))
    found = np.corrcoef(leave, illness)[0, 1]
    assert found == pytest.approx(0.5, abs=4 * (1 - 0.25) / np.sqrt(PUPILS))


def test_leave_of_unequal_families_makes_pupils_unequal(families):
    alike = simulate(pupils=PUPILS, seed=8, do={**DO, "leave.frailty_sd": 0.0})
    assert (alike.pupils.leave == 1).all()
    never = [((w.days.reason == 20).sum(axis=1) == 0).mean() for w in (families, alike)]
    often = [((w.days.reason == 20).mean(axis=1) > 0.1).mean() for w in (families, alike)]
    assert never[0] > never[1] + 0.1
    assert often[0] > often[1] + 0.01


def test_illness_has_the_profile_of_grades(families):
    grade = families.pupils.grade
    ill = (families.days.reason == 10).mean(axis=1)
    one = families.scenario.with_values({"illness.grade": [1.0] * 9})
    for k, times in enumerate(GRADES, start=1):
        rate = one.illness.onset_rate * times
        alone = one.with_values({"illness.onset_rate": rate})
        own = ill[grade == k]
        expected = expected_share(alone, families.schools, families.year).mean()
        assert abs(own.mean() - expected) < 4 * own.std(ddof=1) / np.sqrt(len(own))


def test_leave_changes_nobody_who_has_none():
    less = simulate(pupils=2_000, seed=8, do={**DO, "leave.onset_rate": 0.004})
    more = simulate(pupils=2_000, seed=8, do=DO)
    away = (more.days.reason == 20).any(axis=1) | (less.days.reason == 20).any(axis=1)
    differs = (less.days.missed != more.days.missed).any(axis=1)
    assert differs.sum() > 100
    assert not differs[~away].any()


def test_off_is_as_it_was():
    leave = Scenario.preset("municipality").leave
    assert (leave.frailty_sd, leave.season_amplitude, leave.weekday) == (0, 0, (1,) * 5)
    world = simulate(pupils=50, seed=1)
    assert (world.pupils.leave == 1).all()
