"""Partial pooling, simultaneous bands and the value of information: limits and coverage."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.information_value import information_value
from absence_risk.stats.shrinkage import partial_pool
from absence_risk.stats.simultaneous import pairwise_bands


def test_without_spread_between_schools_pooling_is_complete() -> None:
    found = partial_pool([0.14, 0.15, 0.16], [0.03, 0.03, 0.03])
    assert found.between == 0.0
    np.testing.assert_allclose(found.estimate, 0.15, atol=1e-12)
    assert (found.share_local == 0).all()


def test_without_error_a_school_keeps_its_own_figure() -> None:
    raw = np.array([0.10, 0.14, 0.22])
    tight = partial_pool(raw, np.full(3, 1e-9))
    np.testing.assert_allclose(tight.estimate, raw, atol=1e-9)
    np.testing.assert_allclose(tight.share_local, 1.0, atol=1e-9)


def test_a_school_without_a_figure_gets_the_mean_and_the_spread() -> None:
    found = partial_pool([0.10, 0.20, np.nan], [0.01, 0.01, np.nan])
    assert found.estimate[2] == pytest.approx(found.mean)
    assert found.std_error[2] >= found.between > 0


def test_a_neighbours_prior_counts_by_how_noisy_the_local_figure_is() -> None:
    found = partial_pool([0.20], [0.02], mean=0.12, between=0.02)
    assert found.estimate[0] == pytest.approx(0.16)
    assert found.std_error[0] == pytest.approx(0.02 / np.sqrt(2))


def test_posterior_intervals_cover_the_true_figures() -> None:
    """40 schools × 300 worlds, Monte-Carlo error about 0.3 points; EB intervals are not exact."""
    rng = np.random.default_rng(4)
    hit = []
    for _ in range(300):
        truth = rng.normal(0.15, 0.02, 40)
        error = rng.uniform(0.01, 0.04, 40)
        found = partial_pool(rng.normal(truth, error), error)
        hit.append(np.abs(found.estimate - truth) <= 1.96 * found.std_error)
    assert 0.92 <= np.mean(hit) <= 0.97


def test_bands_of_equal_groups_cover_zero_in_93_to_97_per_cent_of_worlds() -> None:
    """6 equal groups of different size, 1,500 worlds: Monte-Carlo error 0.65 points."""
    rng = np.random.default_rng(5)
    size = np.array([60, 60, 100, 150, 300, 600])
    missed = 0
    for _ in range(1500):
        events = rng.binomial(size, 0.4)
        draws = rng.binomial(size, events / size, (500, 6)) / size
        bands = pairwise_bands(events / size, draws)
        missed += bool(((bands.low > 0) | (bands.high < 0)).any())
    assert 0.93 - 0.0065 <= 1 - missed / 1500 <= 0.97 + 0.0065


def test_information_is_worth_nothing_without_doubt_and_more_with_more_of_it() -> None:
    rng = np.random.default_rng(6)
    draws = rng.normal([0.010, 0.011, 0.009], 0.003, (4000, 3))
    values = [information_value(draws, more=m) for m in (0.0, 0.5, 1.0, 1e12)]
    gains = [value.more for value in values]
    assert gains[0] == pytest.approx(0.0, abs=1e-15)
    assert gains == sorted(gains)
    assert gains[-1] == pytest.approx(values[0].perfect, rel=1e-6)
    certain = information_value(np.tile([0.01, 0.02], (10, 1)), more=1.0)
    assert (certain.perfect, certain.more) == (0.0, 0.0)


def test_value_of_more_data_is_right_for_two_normal_choices() -> None:
    """E max(0, D) − max(0, E D) for normal D (Raiffa & Schlaifer); 3e5 draws, error 0.5 %."""
    rng = np.random.default_rng(7)
    mean, sd, more = -0.4, 1.0, 1.0
    draws = np.column_stack([np.zeros(300_000), rng.normal(mean, sd, 300_000)])
    scale = sd * np.sqrt(more / (1 + more))
    u = mean / scale
    density = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    from scipy.special import ndtr

    exact = scale * density + mean * ndtr(u)
    assert information_value(draws, more=more).more == pytest.approx(exact, rel=0.02)
