"""Bootstrap weights have the law they claim."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.bootstrap import (
    cell_draws,
    cluster_weights,
    percentile_interval,
    wild_signs,
)


def test_cells_have_multinomial_mean_and_covariance():
    # Row bootstrap of fixed cells: mean c, variance c (1 - c/n), covariance -c d / n, exactly.
    counts = np.array([[40, 10], [30, 20]])
    draws = cell_draws(counts, 40_000, np.random.default_rng(1)).reshape(40_000, 4)
    c, n = counts.ravel(), counts.sum()
    covariance = np.diag(c) - np.outer(c, c) / n
    # Monte-Carlo error: mean sd/200 <= .025, variance sqrt(2/40000) = .7 %; tolerance 4 of them.
    assert draws.mean(axis=0) == pytest.approx(c, abs=0.1)
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.03 * 25)
    assert (draws.sum(axis=1) == n).all()


def test_cells_have_the_law_of_a_row_bootstrap():
    rng = np.random.default_rng(2)
    rows = np.repeat([0, 1, 2], [60, 30, 10])
    looped = np.array(
        [np.bincount(rows[rng.integers(0, 100, 100)], minlength=3) for _ in range(4000)]
    )
    drawn = cell_draws([60, 30, 10], 4000, rng)
    # Standard error of a difference of means: sqrt(2 * 24 / 4000) = .11; of variances 3 %.
    assert drawn.mean(axis=0) == pytest.approx(looped.mean(axis=0), abs=0.45)
    assert drawn.var(axis=0) == pytest.approx(looped.var(axis=0), rel=0.12)


def test_cluster_weights_sum_to_the_number_of_clusters():
    weights = cluster_weights(7, 2000, np.random.default_rng(3))
    assert (weights.sum(axis=1) == 7).all()
    # Variance of one weight is 1 - 1/7.
    assert weights.var() == pytest.approx(6 / 7, rel=0.05)


@pytest.mark.parametrize(("clusters", "points"), [(6, 6), (30, 2)])
def test_signs_have_mean_zero_and_variance_one(clusters, points):
    signs = wild_signs(clusters, 5000, np.random.default_rng(4))
    assert len(np.unique(signs)) == points
    assert signs.mean() == pytest.approx(0, abs=0.025)
    assert (signs**2).mean() == pytest.approx(1, abs=0.025)


def test_quantities_that_often_do_not_exist_get_no_interval():
    draws = np.column_stack([np.arange(100.0), np.where(np.arange(100) < 20, np.nan, 1.0)])
    low, high = percentile_interval(draws, 0.9)
    assert low[0] < high[0]
    assert np.isnan(low[1])
    assert np.isnan(high[1])
