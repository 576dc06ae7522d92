"""The batched bootstrap gives what resampling rows by hand gives."""

from __future__ import annotations

import numpy as np

from absence_risk.stats.incidence import aalen_johansen
from absence_risk.stats.weighted_incidence import (
    batched_incidence,
    bootstrap_weights,
    unit_counts,
)


def history(n=120, seed=5):
    rng = np.random.default_rng(seed)
    ended, stop = rng.geometric(0.08, n), rng.integers(6, 30, n)
    event = np.where(ended <= stop, 1 + (rng.random(n) < 0.3), 0)
    return np.minimum(ended, stop), event


def test_weights_of_one_give_the_estimate_itself():
    duration, event = history()
    entry = np.minimum(2, duration - 1)
    entry[:60] = 0
    counts = unit_counts(np.arange(120), duration, event, n_units=120, n_weeks=20, entry=entry)
    got = batched_incidence(np.ones((1, 120)), counts)[0]
    want = aalen_johansen(duration, event, entry=entry).cif[0, :20]
    np.testing.assert_allclose(got, want, atol=1e-12)


def test_a_resample_of_clusters_is_rows_repeated():
    duration, event = history()
    cluster = np.arange(120) % 12
    weights = bootstrap_weights(12, 5, np.random.default_rng(1))
    counts = unit_counts(cluster, duration, event, n_units=12, n_weeks=15, cause=2)
    got = batched_incidence(weights, counts)
    for row, weight in zip(got, weights, strict=True):
        times = weight[cluster].astype(int)
        want = aalen_johansen(np.repeat(duration, times), np.repeat(event, times), n_causes=2)
        np.testing.assert_allclose(row, want.cif[1, :15], atol=1e-12)


def test_weights_are_multinomial():
    weights = bootstrap_weights(8, 20_000, np.random.default_rng(2))
    assert (weights.sum(axis=1) == 8).all()
    # variance of one count is 1 − 1/8; its Monte-Carlo error with 20,000 draws is about .012
    assert abs(weights[:, 0].var() - 7 / 8) < 0.05


def test_bootstrap_standard_error_agrees_with_aalen():
    duration, event = history(400)
    counts = unit_counts(np.arange(400), duration, event, n_units=400, n_weeks=13)
    draws = batched_incidence(bootstrap_weights(400, 4000, np.random.default_rng(3)), counts)
    want = np.sqrt(aalen_johansen(duration, event).variance[0, 12])
    # the standard deviation of 4,000 draws is known to about 1.1 %; both agree to O(1/n)
    np.testing.assert_allclose(draws[:, 12].std(), want, rtol=0.04)
