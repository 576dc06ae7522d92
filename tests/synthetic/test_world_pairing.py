from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.cases import NEVER


def arrays(world):
    parts = {"days": world.days, "cases": world.cases, "pupils": world.pupils}
    return {
        f"{name}.{field.name}": getattr(part, field.name)
        for name, part in parts.items()
        for field in dataclasses.fields(part)
    }


def changed(one, other):
    """Pupils whose days differ between two worlds."""
    pairs = zip(dataclasses.astuple(one.days), dataclasses.astuple(other.days), strict=True)
    return np.any([(a != b).any(axis=1) for a, b in pairs], axis=0)


@pytest.fixture(scope="module")
def no_team(world):
    return simulate(pupils=3_000, seed=11, do={"team.effect": 0.0})


@pytest.mark.parametrize("block", [7, 100, 399])
def test_the_same_world_for_every_block_size(block):
    # referral is made easy, so that cases are among what must not change
    do = {"referral.log_odds": [1.0, 1.0, 1.0]}
    again = arrays(simulate(pupils=400, seed=11, do=do, block=block))
    whole = simulate(pupils=400, seed=11, do=do)
    assert (whole.cases.ending > 0).sum() > 20
    for name, values in arrays(whole).items():
        np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_another_seed_is_another_world(world):
    other = simulate(pupils=3_000, seed=12)
    assert (other.days.missed != world.days.missed).mean() > 0.05
    assert not set(other.pupil_key.tolist()) & set(world.pupil_key[:50].tolist())


def test_the_team_changes_only_pupils_it_works_with(world, no_team):
    started = world.cases.started < NEVER
    differs = changed(world, no_team)
    assert started.sum() >= 30
    assert differs[~started].sum() == 0
    assert differs.sum() >= 5
    np.testing.assert_array_equal(world.cases.started, no_team.cases.started)
    for pupil in np.flatnonzero(differs):
        before = world.cases.started[pupil]
        here, there = world.days.missed[pupil, :before], no_team.days.missed[pupil, :before]
        np.testing.assert_array_equal(here, there)


def test_valid_absence_changes_nobody_who_had_none(world):
    without = simulate(pupils=3_000, seed=11, do={"avoidance.beta_valid": 0.0})
    touched = (world.true_share("valid") > 0).any(axis=1)
    assert changed(world, without)[~touched].sum() == 0
    assert changed(world, without).sum() > 20
    # illness itself is not touched: the level is what changes
    ill = world.days.level == without.days.level
    assert ill.mean() > 0.9


def test_pairing_is_tighter_than_two_seeds(world, no_team):
    own = (world.true_share().mean(axis=1) - no_team.true_share().mean(axis=1)).std()
    seeds = simulate(pupils=3_000, seed=12).true_share().mean(axis=1)
    assert own < (world.true_share().mean(axis=1) - seeds).std() / 4


def test_an_empty_intervention_is_none(world):
    same = simulate(pupils=3_000, seed=11, do={"avoidance.valid_shift": 0.0})
    assert not changed(world, same).any()
    assert dict(same.do) == {"avoidance.valid_shift": 0.0}


def test_municipalities_and_schools_are_unequal():
    plan = Scenario.preset("municipality").with_values(
        {"size.municipalities": 3, "size.pupils_per_school": 50}
    )
    world = simulate(plan, pupils=1_000, seed=2)
    schools = np.bincount(world.schools.municipality)
    assert schools.tolist() == [11, 6, 3]
    sizes = np.bincount(world.pupils.school, minlength=20)
    assert sizes.max() > 1.5 * sizes.min()


def test_every_pupil_has_the_lessons_of_the_grade(world):
    grade, lessons = world.pupils.grade, world.pupils.lessons
    assert [set(lessons[(grade - 1) // 3 == k].tolist()) for k in range(3)] == [{5}, {6}, {7}]
    assert (world.days.missed < (1 << lessons.astype(int))[:, None]).all()


def test_progress_is_told():
    seen = []
    world = simulate(pupils=30, block=10, progress=lambda text, share: seen.append(share))
    assert not seen
    assert len(world.days.reason) == 30
    assert [round(share, 2) for share in seen] == [0, 0.33, 0.67, 1]
