"""How long illness lasts: spells with memory, against the distributions and against worlds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.closed_forms.given_schools import expected_share
from absence_risk.synthetic.closed_forms.illness import spell_lasts
from absence_risk.synthetic.days import ILLNESS
from absence_risk.synthetic.durations import LONGEST, stays

KINDS = [("geometric", 1.0), ("negative_binomial", 0.4), ("lognormal", 0.8)]


def only_illness(kind, spread, mean=2.2):
    """A world of illness alone, alike in all pupils' grades and schools."""
    return {
        "illness.duration": kind,
        "illness.spread": spread,
        "illness.mean_days": mean,
        "leave.onset_rate": 0.0,
        "avoidance.first_stage": [0.0] * 5,
        "avoidance.up": [0.0] * 5,
    }


def section(kind, spread, mean=2.2):
    return Scenario.preset("municipality").with_values(only_illness(kind, spread, mean)).illness


def lengths(world):
    """Lengths of spells that begin at least 60 days before the year's end, with their pupils."""
    ill = np.pad(world.days.reason == ILLNESS, ((0, 0), (1, 1)))
    pupil, first = np.nonzero(ill[:, 1:-1] & ~ill[:, :-2])
    length = np.nonzero(ill[:, 1:-1] & ~ill[:, 2:])[1] - first + 1
    whole = first < len(world.year) - 60
    return pupil[whole], length[whole]


@pytest.mark.parametrize(("kind", "spread"), KINDS)
def test_chances_of_another_day_follow_the_distribution(kind, spread):
    chance = stays(section(kind, spread))
    lasts = np.concatenate([[1.0], np.cumprod(chance)[:-1]])  # P(D ≥ k)
    assert lasts.sum() == pytest.approx(2.2, abs=1e-6)
    k = np.arange(1, 40)
    by_scipy = {
        "geometric": stats.geom(1 / 2.2).sf(k - 1),
        "negative_binomial": stats.nbinom(spread, spread / (spread + 1.2)).sf(k - 2),
        "lognormal": None,
    }[kind]
    if by_scipy is not None:
        np.testing.assert_allclose(lasts[:39], by_scipy, rtol=1e-9)
    closed = [spell_lasts(section(kind, spread), int(days)) for days in k]
    np.testing.assert_allclose(lasts[:39], closed, rtol=1e-8)


def test_a_negative_binomial_of_size_one_is_geometric():
    np.testing.assert_allclose(stays(section("negative_binomial", 1.0))[:-1], 1 - 1 / 2.2)


def test_a_spell_of_one_day_ends_on_it():
    for kind, spread in KINDS:
        assert stays(section(kind, spread, mean=1.0))[0] == 0


@pytest.mark.parametrize(("kind", "spread"), KINDS[1:])
def test_worlds_show_these_lengths_and_shares(kind, spread):
    world = simulate("municipality", pupils=8_000, seed=5, do=only_illness(kind, spread))
    pupil, length = lengths(world)
    # about 30,000 spells of 8,000 pupils; errors by pupil, for the frail have more of them
    for days in (2, 3, 6):
        long = length >= days
        expected = spell_lasts(world.scenario.illness, days)
        errors = np.bincount(pupil, long - expected)
        assert abs(errors.sum()) < 4 * np.sqrt((errors**2).sum())
    share = (world.days.reason == ILLNESS).mean(axis=1)
    expected = expected_share(world.scenario, world.schools, world.year).mean()
    assert abs(share.mean() - expected) < 4 * share.std() / np.sqrt(len(share))
    assert length.max() > 15
    assert length.max() <= LONGEST


def test_the_wrong_distribution_would_be_seen():
    world = simulate("municipality", pupils=8_000, seed=5, do=only_illness("lognormal", 0.8))
    pupil, length = lengths(world)
    wrong = spell_lasts(section("geometric", 1.0), 6)
    errors = np.bincount(pupil, (length >= 6) - wrong)
    assert abs(errors.sum()) > 4 * np.sqrt((errors**2).sum())


def test_blocks_and_pairs_are_the_same_with_memory():
    do = only_illness("lognormal", 0.8)
    whole, parts = (simulate(pupils=500, seed=3, do=do, block=block) for block in (500, 70))
    np.testing.assert_array_equal(whole.days.reason, parts.days.reason)
    few = whole.part(np.array([400, 7]))
    np.testing.assert_array_equal(few.days.reason, whole.days.reason[[400, 7]])
