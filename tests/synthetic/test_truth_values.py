"""Errors of true values, and the correlations within schools."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.truth import known
from absence_risk.synthetic.truth.clusters import intraclass
from absence_risk.synthetic.truth.counterfactual import Reference
from absence_risk.synthetic.truth.staircase import staircase_simulated
from absence_risk.synthetic.truth.value import exact, from_influence, mean, ratio


def test_a_mean_has_the_error_of_independent_pupils_where_schools_do_not_matter():
    rng = np.random.default_rng(1)
    values, school = rng.normal(size=4_000), np.arange(4_000)
    found = mean(values, school)
    assert found.value == pytest.approx(values.mean())
    assert found.mc_se == pytest.approx(values.std(ddof=1) / np.sqrt(4_000))
    assert found.n == 4_000


def test_a_shared_school_widens_the_error():
    rng = np.random.default_rng(2)
    school = np.repeat(np.arange(100), 40)
    values = rng.normal(size=100)[school] + rng.normal(size=4_000)
    # the mean has variance 1/100 + 1/4000; the error of 100 schools is known to 7 %
    assert mean(values, school).mc_se == pytest.approx(np.sqrt(1 / 100 + 1 / 4_000), rel=0.25)


def test_a_ratio_is_the_mean_among_those_who_qualify():
    rng = np.random.default_rng(3)
    kept, values = rng.random(500) < 0.4, rng.normal(size=500)
    school = np.arange(500) % 25
    found = ratio(kept * values, kept.astype(float), school)
    same = mean(values[kept], school[kept])
    assert (found.value, found.n) == (pytest.approx(same.value), same.n)
    assert found.mc_se == pytest.approx(same.mc_se, rel=1e-2)


def test_too_few_units_have_no_value():
    assert mean([], np.empty(0, np.int64)).value is None
    assert mean([1.0], np.zeros(1, np.int64)).mc_se is None
    assert exact(-0.0).value == 0
    assert from_influence(1.0, np.zeros(3), 3, np.zeros(3, np.int64)).mc_se == 0


def test_intraclass_correlation_is_found_and_its_error_is_right():
    rng = np.random.default_rng(4)
    sizes = rng.integers(20, 60, 300)
    school = np.repeat(np.arange(300), sizes)
    values = 0.5 * rng.normal(size=300)[school] + rng.normal(size=len(school))
    found = intraclass(values, school)
    assert 0.01 < found.mc_se < 0.03
    assert abs(found.value - 0.2) < 4 * found.mc_se
    assert intraclass(values[:40], school[:40] % 2).value is None


def test_intraclass_correlation_of_equal_groups_by_hand():
    values = np.array([1.0, 3.0, 5.0, 7.0, 2.0, 4.0])
    school = np.array([0, 0, 1, 1, 2, 2])
    # means 2, 6, 3: between mean square 2·((5/3)² + (7/3)² + (2/3)²)/2 = 26/3, within 2
    assert intraclass(values, school).value == pytest.approx((26 / 3 - 2) / (26 / 3 + 2))


def test_correlations_of_the_log_odds_are_those_of_drawn_effects():
    scenario = Scenario.preset("region")
    value = {entry.id: entry.found.value for entry in known(scenario)}
    places, avoidance = scenario.places, scenario.avoidance
    rng = np.random.default_rng(5)
    n = 400_000
    area, school = (
        sd * rng.normal(size=(1, n)) for sd in (places.municipality_sd, avoidance.school_sd)
    )
    other_school = avoidance.school_sd * rng.normal(size=(2, n))
    own = avoidance.propensity_sd * rng.normal(size=(2, n)) + rng.logistic(size=(2, n))
    # the standard error of a correlation near 0 is 1/√n, here 0.0016
    same_school, same_area = np.corrcoef(school + own), np.corrcoef(area + other_school + own)
    assert value["avoidance.icc_school"] == pytest.approx(same_school[0, 1], abs=0.0065)
    assert value["avoidance.icc_municipality"] == pytest.approx(same_area[0, 1], abs=0.0065)
    assert 0 < value["avoidance.icc_municipality"] < value["avoidance.icc_school"]


def test_steps_are_reached_only_by_pupils_who_are_there():
    do = {"enrolment.joining": 0.5, "enrolment.leaving": 0.02}
    world = simulate("denmark_2018", pupils=3_000, seed=2, do=do)
    found = {entry.id: entry.found for entry in staircase_simulated(Reference(world))}
    month_end = np.flatnonzero(np.diff(world.year.month, append=-1))
    until = np.where(world.last_day == len(world.year) - 1, len(world.year), world.last_day)
    there = (world.first_day[:, None] <= month_end) & (until[:, None] > month_end)
    assert not (world.taken.step > 0)[~there].any()
    reached = (world.taken.step >= 1).any(axis=1).mean()
    assert found["staircase.reached_step_1"].value == pytest.approx(reached)
    stayed = simulate("denmark_2018", pupils=3_000, seed=2)
    everyone = {entry.id: entry.found for entry in staircase_simulated(Reference(stayed))}
    assert reached < everyone["staircase.reached_step_1"].value - 0.05
