"""Worlds under an intervention are simulated for those it can reach: nobody else differs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from absence_risk.synthetic import simulate
from absence_risk.synthetic.truth.actions import actions_simulated
from absence_risk.synthetic.truth.counterfactual import Reference

PUPILS, SEED = 1_500, 3
NO_CAUSE, NO_DRIFT = {"avoidance.beta_valid": 0.0}, {"label.drift_per_month": 0.0}
SHIFT, NO_TEAM = {"avoidance.valid_shift": 0.05}, {"team.effect": 0.0}


def arrays(world):
    return {field.name: getattr(world.days, field.name) for field in dataclasses.fields(world.days)}


@pytest.fixture(
    scope="module",
    params=[{}, {"avoidance.beta_valid": 2.0}, {"avoidance.beta_valid": -1.0}],
    ids=["as it is", "strong cause", "reversed cause"],
)
def reference(request):
    do = {**request.param, "referral.log_odds": [-2.0, -2.0, -2.0]}
    return Reference(simulate(pupils=PUPILS, seed=SEED, do=do))


@pytest.mark.parametrize("do", [NO_CAUSE, NO_DRIFT, SHIFT, NO_TEAM, {**NO_CAUSE, **NO_DRIFT}])
def test_the_part_equals_the_whole_world(reference, do):
    pair = reference.pair(do)
    whole = simulate(pupils=PUPILS, seed=SEED, do={**reference.world.do, **do})
    differs = np.zeros(PUPILS, dtype=bool)
    for name, fact in arrays(reference.world).items():
        built = fact.copy()
        built[pair.rows] = arrays(pair.other.world)[name]
        np.testing.assert_array_equal(built, arrays(whole)[name])
        differs |= (fact != built).any(axis=1)
    assert 0 < differs.sum() < PUPILS / 2


def test_only_the_reached_are_simulated(reference):
    assert reference.pair(NO_TEAM).rows.size < PUPILS / 4
    assert reference.pair({}).rows.size == 0
    if reference.world.scenario.avoidance.beta_valid >= 0:
        assert reference.pair(NO_CAUSE).rows.size < PUPILS / 1.5
        assert np.isin(reference.avoiders, reference.pair(SHIFT).rows).all()


def test_an_intervention_is_simulated_once(reference):
    assert reference.pair(NO_TEAM) is reference.pair(dict(NO_TEAM))
    pair = reference.pair(NO_TEAM)
    assert pair.other.world.days is pair.other.world.days


def test_measures_of_the_others_are_the_factual_ones(reference):
    pair = reference.pair(NO_TEAM)
    fact, other = pair.both(lambda tally: tally.share("invalid"))
    untouched = np.setdiff1d(np.arange(PUPILS), pair.rows)
    np.testing.assert_array_equal(fact[untouched], other[untouched])
    assert (fact != other).any()


@pytest.fixture(scope="module")
def acted():
    do = {
        "actions.chance": [0.6, 0.4, 0.5],
        "actions.effect": [0.8, 0.8, 1.5],
        "actions.weeks": 60,
        "avoidance.first_stage": [0.3, 0.15, 0.07, 0.01, 0.003],
    }
    return Reference(simulate(pupils=PUPILS, seed=SEED, do=do))


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_staircase_without_one_action_changes_those_who_got_it(acted, step):
    chance = list(acted.world.scenario.actions.chance)
    chance[step - 1] = 0.0
    pair = acted.pair({"actions.chance": tuple(chance)})
    do = {**acted.world.do, "actions.chance": chance}
    whole = simulate(pupils=PUPILS, seed=SEED, do=do)
    missed = acted.world.days.missed.copy()
    missed[pair.rows] = pair.other.world.days.missed
    np.testing.assert_array_equal(missed, whole.days.missed)
    assert (missed != acted.world.days.missed).any()
    assert pair.rows.size < PUPILS


@pytest.mark.parametrize("beta", [0.25, -0.5])
def test_certificates_that_are_not_asked_for_change_labels_of_the_well(beta):
    base = {"actions.certificate": 0.5, "avoidance.beta_valid": beta}
    reference = Reference(simulate("region", pupils=PUPILS, seed=SEED, do=base))
    chance = list(reference.world.scenario.actions.chance)
    chance[reference.world.scenario.actions.certificate_step - 1] = 0.0
    pair = reference.pair({"actions.chance": tuple(chance)})
    whole = simulate("region", pupils=PUPILS, seed=SEED, do={**base, "actions.chance": chance})
    for name, fact in arrays(reference.world).items():
        built = fact.copy()
        built[pair.rows] = arrays(pair.other.world)[name]
        np.testing.assert_array_equal(built, arrays(whole)[name])
    assert np.setdiff1d(pair.rows, reference.avoiders).size > 0


def test_effects_of_an_action_add_up(acted):
    found = {entry.id: entry.found for entry in actions_simulated(acted)}
    for step in (1, 2, 3):
        itt, att = found[f"actions.itt_step_{step}"], found[f"actions.att_step_{step}"]
        taken, late = found[f"actions.taken_step_{step}"], found[f"actions.late_step_{step}"]
        # nobody else changes, so that the effect on all is the share acted on times ATT
        assert itt.value == pytest.approx(taken.value * att.value)
        assert itt.value < 0 < taken.value < 1
        assert 2 <= late.n < att.n < itt.n
    # who reaches a step acts with chance π then or in a later month of the 40 days
    assert found["actions.taken_step_1"].value > 0.55


def test_without_actions_nothing_is_done(reference):
    found = {entry.id: entry.found for entry in actions_simulated(reference)}
    assert found["actions.itt_step_1"].value == 0
    assert found["actions.att_step_1"].value is None
