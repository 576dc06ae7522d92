"""Closed forms and simulation are two implementations of one model: they must agree."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.agreement import SETTINGS, agreement
from absence_risk.synthetic.agreement.comparison import compare
from absence_risk.synthetic.closed_forms.absence import expected_days
from absence_risk.synthetic.closed_forms.conditions import alike, runs_freely
from absence_risk.synthetic.closed_forms.given_schools import expected_leave_share, expected_share
from absence_risk.synthetic.closed_forms.harm import points_at
from absence_risk.synthetic.closed_forms.illness import days_away
from absence_risk.synthetic.closed_forms.ladder import level_shares
from absence_risk.synthetic.harm import dose_response

PUPILS, FIRST_SEED = 10_000, 1


def world_of(name, seed):
    do = {**SETTINGS[name], "size.pupils_per_school": 40}
    return simulate(pupils=PUPILS, seed=seed, do=do)


@pytest.fixture(scope="module")
def found():
    seeds = range(FIRST_SEED, FIRST_SEED + len(SETTINGS))
    return {
        name: agreement(world_of(name, seed)) for name, seed in zip(SETTINGS, seeds, strict=True)
    }


def test_all_closed_forms_agree_with_simulation(found):
    z = np.array([one.z for worlds in found.values() for one in worlds])
    assert len(z) > 300
    # the bars of the project: of independent normal numbers, 350 have a max |z| of 4 in 2 %
    assert np.sqrt((z**2).mean()) <= 1.2
    assert np.abs(z).max() <= 4
    assert np.sqrt((z**2).mean()) > 0.6  # errors are not far too wide either


def test_every_kind_of_closed_form_is_compared(found):
    names = {one.id.split(",")[0].split(" ")[0] for worlds in found.values() for one in worlds}
    assert names >= {
        "illness.share",
        "illness.mean_days",
        "leave.share",
        "leave.spell_at_least_3_days",
        "absence.mean",
        "absence.invalid_mean",
        "absence.share_above_10",
        "staircase.reached_step_3",
        "ladder.first_week_level_4",
        "ladder.share_level_3",
        "ladder.up",
        "ladder.down",
        "ladder.lessons_missed_level_4",
        "label.valid_level_4",
        "label.as_illness",
        "lateness.share_level_1",
        "lateness.mean_minutes",
        "reporting.unreported",
        "reporting.unreported_if_missed",
        "referral.chance_step_3",
        "team.consent_share",
        "team.wait_weeks",
        "closing.weekly_chance_no_longer_needed",
        "closing.weeks_open_of_12",
        "wellbeing.item_1",
        "wellbeing.score_answered",
        "wellbeing.missing_follow_up",
        "threshold.expected_outcome",
    }
    assert any(one.id == "ladder.up, help" for one in found["a team at work"])
    assert any(one.id == "ladder.up, relapse" for one in found["a team at work"])


@pytest.mark.parametrize("setting", ["illness and leave", "no feedback"])
def test_forms_that_hold_in_a_region_agree_there(setting):
    do = {**SETTINGS[setting], "size.pupils_per_school": 40}
    z = np.array([one.z for one in agreement(simulate("region", pupils=6_000, seed=3, do=do))])
    assert len(z) > 20
    assert np.sqrt((z**2).mean()) <= 1.4  # fewer and correlated: one world of 6,000 pupils
    assert np.abs(z).max() <= 4


@pytest.mark.parametrize(
    ("setting", "name", "factor", "seen"),
    [
        ("illness and leave", "illness.mean_days", 1.1, "illness.mean_days"),
        ("illness and leave", "illness.season_amplitude", 0.5, "illness.share in 202602"),
        ("avoidance alone", "label.drift_per_month", 1.3, "label.valid_level_4 from month 3"),
        ("avoidance alone", "avoidance.propensity_sd", 1.3, "ladder.share_level_1"),
        ("a team at work", "team.effect", 2.0, "ladder.down, help"),
        ("cases by chance", "team.declined", 2.0, "closing.weekly_chance_declined"),
    ],
)
def test_a_wrong_number_is_noticed(setting, name, factor, seen):
    world = world_of(setting, FIRST_SEED)
    assert len(world.days.reason) == PUPILS  # simulated with the right number
    section, field = name.split(".")
    wrong = factor * getattr(getattr(world.scenario, section), field)
    scenario = world.scenario.with_values({name: wrong})
    object.__setattr__(world, "setting", dataclasses.replace(world.setting, scenario=scenario))
    z = {one.id: one.z for one in agreement(world)}
    assert abs(z[seen]) > 4


def test_sums_by_school_carry_the_error():
    rng = np.random.default_rng(1)
    school = np.repeat(np.arange(500), 20)
    z = []
    for _ in range(200):
        shared = rng.normal(size=500)[school]
        one = compare("x", shared + rng.normal(size=10_000), 0.0, school)
        z.append(one.z)
    # 200 z: the standard error of their SD is 0.05
    assert np.std(z) == pytest.approx(1, abs=0.2)
    assert compare("few", np.ones(30), 0.9, np.arange(30) % 5) is None
    assert compare("rare", np.zeros(1_000), 0.01, np.arange(1_000)) is None


def test_two_recursions_of_illness_and_leave_agree():
    do = {
        "avoidance.first_stage": [0.0] * 5,
        "avoidance.up": [0.0] * 5,
        "leave.frailty_sd": 0.8,
        "leave.correlation": 0.4,
        "illness.grade": [1.3, 1.2, 1.1, 1.0, 1.0, 0.9, 0.9, 0.8, 0.8],
    }
    world = simulate(pupils=100, seed=1, do=do)
    parts = (world.scenario, world.schools, world.year)
    both = expected_share(*parts) + expected_leave_share(*parts)
    own = expected_days(world.scenario, world.year, pressure=1, frailty=16)
    np.testing.assert_allclose(own.total, both, atol=2e-6)
    count = days_away(world.scenario, world.year, nodes=8)
    assert count.sum() == pytest.approx(1)
    assert count @ np.arange(len(count)) / len(world.year) == pytest.approx(both.mean(), abs=1e-5)


def test_quadrature_has_converged():
    scenario = Scenario.preset("s03_label_drift")
    year = scenario.calendar.school_days()
    coarse = expected_days(scenario, year).total.mean()
    fine = expected_days(scenario, year, pressure=24, frailty=20).total.mean()
    assert coarse == pytest.approx(fine, abs=1e-6)
    shares = [level_shares(scenario, 38, nodes=nodes) for nodes in (24, 60)]
    np.testing.assert_allclose(*shares, atol=1e-7)
    np.testing.assert_allclose(shares[0].sum(axis=1), 1)
    assert runs_freely(scenario)


@pytest.mark.parametrize("name", ["municipality", "region", "s02_causal", "s00_null"])
def test_conditions_name_the_worlds_in_which_forms_hold(name):
    scenario = Scenario.preset(name)
    assert alike(scenario) == (name != "region")
    assert runs_freely(scenario) == (name == "s00_null")


@pytest.mark.parametrize("shape", ["none", "linear", "kink", "step", "smooth"])
def test_the_dose_response_is_the_same_from_its_corners(shape):
    do = {"harm.shape": shape, "harm.bend": 30.0, "harm.jump": 25.0, "harm.at": 0.25}
    harm = Scenario.preset("municipality").with_values(do).harm
    absence = np.linspace(0, 1, 201)
    told = harm.mean + dose_response(harm, absence)
    np.testing.assert_allclose(points_at(harm, absence), told, atol=1e-9)
