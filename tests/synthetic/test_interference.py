"""Pupils of a school share classmates and places: help for one changes the days of another."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from absence_risk.synthetic import simulate, truth
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.reporting import class_index
from absence_risk.synthetic.surroundings import whole_schools
from absence_risk.synthetic.truth.counterfactual import Reference
from absence_risk.synthetic.truth.spillover import action_effects, late_absence, untouched

NAME = "s09_interference"
APART = {"interference.peers": 0.0, "interference.actions_per_100": 100.0}
OFF = {"actions.chance": [0.0, 0.0, 0.0]}
ALL = {
    "actions.chance": [0.8, 0.6, 0.5],
    "actions.certificate": 0.5,
    "actions.run_referral": 1.0,
    "interference.peers": 0.3,
    "interference.actions_per_100": 3.0,
    "interference.referrals_per_100": 1.0,
    "aftercare.carry_over_weeks": 6.0,
    "aftercare.booster": 0.7,
    "referral.log_odds": [0.0, 0.5, 1.0],
    "team.no_longer_needed": 0.2,
    "size.pupils_per_school": 60,
}


@functools.cache
def world(pupils=6_000, *, apart=False, off=False):
    return simulate(NAME, pupils=pupils, seed=2, do=(APART if apart else {}) | (OFF if off else {}))


@functools.cache
def effects(*, apart=False):
    return action_effects(world(20_000, apart=apart))


def assert_same(one, other, rows=slice(None)):
    for part in ("days", "cases", "taken"):
        for field in dataclasses.fields(getattr(one, part)):
            name = f"{part}.{field.name}"
            here = getattr(getattr(one, part), field.name)
            there = getattr(getattr(other, part), field.name)[rows]
            np.testing.assert_array_equal(here, there, err_msg=name)


@functools.cache
def crowded(block):
    return simulate("municipality", pupils=900, seed=5, do=ALL, block=block)


@pytest.mark.parametrize("block", [7, 100, 301])
def test_the_same_world_for_every_block_size(block):
    assert_same(crowded(block), crowded(10_000))


def test_a_part_is_the_same_though_its_schools_are_not_whole():
    rows = np.random.default_rng(1).permutation(900)[:77]
    fresh = simulate("municipality", pupils=900, seed=5, do=ALL, block=150)
    part = fresh.part(rows)
    assert not fresh.setting.surroundings.made
    assert_same(part, crowded(10_000), rows)
    assert_same(fresh, crowded(10_000))  # after its surroundings were made by the part


def test_all_mechanisms_are_at_work_in_it():
    found = crowded(10_000)
    assert found.taken.displaced.sum() > 30
    assert (found.cases.booster < NEVER).sum() > 5
    assert found.taken.certificate.sum() > 20
    assert np.isfinite(found.setting.surroundings.last[1]).any()


@pytest.mark.parametrize("rows", ["lesson", "day"])
def test_bytes_depend_on_neither_block_size_nor_threads(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(truth, "truth_of", lambda world: {"pupils": len(world.index)})
    manifests = []
    for block, threads in ((500, 1), (1_000, 2), (9_000, 2)):
        found = simulate("municipality", pupils=1_100, seed=5, do=ALL, block=block)
        folder = tmp_path / f"{block}-{threads}"
        manifests.append(found.write(folder, rows=rows, threads=threads))
        assert "_simulated" not in vars(found)
    assert manifests[0] == manifests[1] == manifests[2]


def test_blocks_hold_whole_schools():
    school = np.random.default_rng(1).integers(0, 9, 300)
    blocks = list(whole_schools(school, 80))
    assert sorted(np.concatenate(blocks).tolist()) == list(range(300))
    homes = [set(school[rows].tolist()) for rows in blocks]
    assert sum(len(home) for home in homes) == 9
    assert max(len(rows) for rows in blocks) <= 80
    assert [len(rows) for rows in whole_schools(np.zeros(30, dtype=int), 7)] == [30]


def test_classmates_count_as_they_stood_in_the_week_before():
    found = world()
    share, classes = found.setting.surroundings.share, class_index(found.pupils)
    stays = found.cases.ending != 3
    for week in (1, 20, 37):
        for one in np.unique(classes)[::17]:
            own = (classes == one) & (
                stays
                | (found.year.week[np.minimum(found.cases.closed, len(found.year) - 1)] >= week)
            )
            expected = (found.days.level[own, week - 1] > 1).mean()
            assert share[week, one] == pytest.approx(expected), (week, one)


def test_places_are_never_exceeded_and_go_by_lot():
    found = world()
    taken, school = found.taken, found.pupils.school
    size = np.bincount(school)
    for month in range(taken.step.shape[1]):
        wants = taken.complied[:, month].any(axis=1) & ~taken.displaced[:, month]
        served = np.bincount(school[wants & (found.cases.ending != 3)], minlength=len(size))
        assert (served <= np.floor(0.05 * size + 1)).all()
    # whom the lot leaves out does not depend on absence: difference over its standard error
    month = 3
    rows = np.flatnonzero(taken.complied[:, month].any(axis=1))
    share = taken.counted[rows, month] / taken.offered[rows, month]
    out = taken.displaced[rows, month]
    assert 0.1 < out.mean() < 0.95
    error = share.std() * np.sqrt(1 / out.sum() + 1 / (~out).sum())
    assert abs(share[out].mean() - share[~out].mean()) < 4 * error


def test_most_absence_comes_first_where_asked():
    found = simulate(NAME, pupils=3_000, seed=2, do={"interference.order": "absence"})
    taken, school = found.taken, found.pupils.school
    month, checked = 4, 0
    share = np.round(taken.counted[:, month] / taken.offered[:, month], 6)
    wants = taken.complied[:, month].any(axis=1) & (found.cases.ending != 3)
    for one in range(len(found.schools)):
        own = wants & (school == one)
        out = own & taken.displaced[:, month]
        if out.any() and (own & ~out).any():
            assert share[own & ~out].min() >= share[out].max()
            checked += 1
    assert checked >= 4


def test_one_alarm_takes_the_place_of_another():
    few = {"interference.peers": 0.0, "interference.actions_per_100": 1.0}
    one, other = (
        simulate(NAME, pupils=4_000, seed=2, do=few | {"actions.effect": [e] * 3}) for e in (0, 3)
    )
    same_alarms = (one.taken.complied == other.taken.complied).all(axis=(1, 2))
    swapped = (one.taken.displaced != other.taken.displaced).any(axis=1)
    assert (same_alarms & swapped).sum() > 5


def test_the_untouched_change_here_and_nowhere_else():
    here, elsewhere = effects(), effects(apart=True)
    assert here["untouched"].value < -4 * here["untouched"].mc_se
    assert here["untouched_changed"].value > 0.05
    assert elsewhere["untouched"].value == elsewhere["untouched_changed"].value == 0
    assert elsewhere["untouched"].n > 1_000
    assert elsewhere["displacement"].value == elsewhere["classmates"].value == 0


def test_direct_effect_and_spill_over_sum_to_the_total():
    for found in (effects(), effects(apart=True)):
        parts = sum(found[name].value for name in ("direct", "displacement", "classmates"))
        assert parts == pytest.approx(found["total"].value, abs=1e-12)
    here = effects()
    assert here["direct"].value < -4 * here["direct"].mc_se
    assert here["displacement"].value > 4 * here["displacement"].mc_se
    assert here["classmates"].value < -4 * here["classmates"].mc_se
    apart = effects(apart=True)
    assert apart["direct"].value == apart["total"].value


def test_the_untouched_of_the_same_school_are_no_comparison_here():
    """Even with every pupil's absence without actions known, the contrast misses the effect."""
    missed = {}
    for apart in (False, True):
        found, without = (world(20_000, apart=apart, off=off) for off in (False, True))
        change = late_absence(found) - late_absence(without)
        rest = np.zeros(len(change), dtype=bool)
        rest[untouched(found)] = True
        school = found.pupils.school
        both = [one for one in np.unique(school) if rest[school == one].any()]
        naive = [
            change[(school == one) & ~rest].mean() - change[(school == one) & rest].mean()
            for one in both
        ]
        true = [change[(school == one) & ~rest].mean() for one in both]
        missed[apart] = np.array(naive) - np.array(true)
    assert np.abs(missed[True]).max() == 0
    # schools are independent: standard error of the mean over them
    bias, error = missed[False].mean(), missed[False].std(ddof=1) / np.sqrt(len(missed[False]))
    assert bias > 4 * error
    assert bias > 0.005


def test_alone_amid_itself_a_world_is_the_same():
    found = world()
    assert_same(found.amid(found), found)


def test_worlds_that_cannot_be_mixed():
    found = world()
    with pytest.raises(ValueError, match="no interference"):
        found.amid(world(apart=True))
    with pytest.raises(ValueError, match="the same seed"):
        found.amid(simulate(NAME, pupils=6_000, seed=3))


def test_worlds_without_interference_have_no_surroundings():
    assert simulate(pupils=10, seed=1).setting.surroundings is None


def test_the_truth_of_a_crowded_world_can_be_told(monkeypatch):
    monkeypatch.setattr(truth, "LEAST_PUPILS", 1)
    found = simulate("municipality", pupils=900, seed=5, do=ALL)
    value = {entry["id"]: entry["value"] for entry in found.truth["estimands"]}
    assert value["actions.direct"] is not None
    parts = (value[f"actions.{name}"] for name in ("direct", "displacement", "classmates"))
    assert sum(parts) == pytest.approx(value["actions.total"], abs=3e-6)


@pytest.mark.parametrize("do", [{"avoidance.valid_shift": 0.3}, {"avoidance.beta_valid": 0.0}])
def test_pairs_of_the_truth_are_whole_worlds_amid_the_factual_one(do):
    fact = crowded(10_000)
    pair = Reference(fact).pair(do)
    whole = simulate("municipality", pupils=900, seed=5, do=ALL | do).amid(fact)
    missed = fact.days.missed.copy()
    missed[pair.rows] = pair.other.world.days.missed
    np.testing.assert_array_equal(missed, whole.days.missed)
    assert (missed != fact.days.missed).any()
    assert len(pair.rows) < 900
