"""Bootstrap of whole clusters from sums: against rows, against scipy, coverage, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from absence_risk.errors import DesignError
from absence_risk.stats.bootstrap import cluster_weights
from absence_risk.stats.cluster_bootstrap import bca_interval, cluster_bootstrap


def mean(sums):
    return sums[:, 0] / sums[:, 1]


def rows(seed, clusters=12):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(clusters), rng.integers(2, 15, clusters))
    y = rng.gamma(2.0, size=len(codes)) + rng.normal(size=clusters)[codes]
    return codes, y, np.column_stack([np.bincount(codes, y), np.bincount(codes)])


def test_draws_are_those_of_resampled_rows():
    codes, y, sums = rows(1)
    found = cluster_bootstrap(sums, mean, replicates=20, random_state=5)
    weights = cluster_weights(12, 20, np.random.default_rng(5))
    by_rows = [np.average(y, weights=w[codes]) for w in weights]
    assert_allclose(found.draws, by_rows, rtol=1e-12)
    assert_allclose(found.estimate, y.mean(), rtol=1e-12)
    assert_allclose(found.std_error, np.std(by_rows, ddof=1), rtol=1e-12)


@pytest.mark.parametrize("conf_level", [0.9, 0.95])
def test_bca_agrees_with_scipy(conf_level):
    from scipy import stats

    _, _, sums = rows(2)
    theirs = stats.bootstrap(
        (np.arange(12),),
        lambda index, axis=-1: sums[index, 0].sum(axis) / sums[index, 1].sum(axis),
        n_resamples=999,
        vectorized=True,
        confidence_level=conf_level,
        rng=np.random.default_rng(3),
    )
    left_out = mean(sums.sum(axis=0) - sums)
    got = bca_interval(
        theirs.bootstrap_distribution, sums[:, 0].sum() / sums[:, 1].sum(), left_out, conf_level
    )
    interval = theirs.confidence_interval
    assert_allclose(got, [interval.low, interval.high], rtol=1e-12)


def test_a_monotone_transform_moves_percentile_limits_along():
    _, _, sums = rows(3)
    plain = cluster_bootstrap(sums, mean, kind="percentile", replicates=999)
    cubed = cluster_bootstrap(sums, lambda s: mean(s) ** 3, kind="percentile", replicates=999)
    assert_allclose([cubed.low, cubed.high], [plain.low**3, plain.high**3], rtol=0.01)


def test_intervals_cover_with_forty_clusters():
    """500 data sets: MC error of 95 % is 1 point; percentile intervals of 40 skewed clusters."""
    rng = np.random.default_rng(4)
    hits = {"percentile": 0, "bca": 0}
    for replicate in range(500):
        size = rng.integers(5, 15, 40)
        shift = rng.gamma(2.0, size=40) - 2
        sums = np.column_stack([size * shift + np.sqrt(size) * rng.normal(size=40), size])
        for kind in hits:
            found = cluster_bootstrap(sums, mean, kind=kind, replicates=500, random_state=replicate)
            hits[kind] += found.low <= 0 <= found.high
    assert 0.90 < hits["percentile"] / 500 < 0.97
    assert 0.90 < hits["bca"] / 500 < 0.97


def test_the_seed_decides():
    _, _, sums = rows(5)
    one, two = (cluster_bootstrap(sums, mean, replicates=200, random_state=8) for _ in range(2))
    assert (one.low, one.high) == (two.low, two.high)
    assert one.low != cluster_bootstrap(sums, mean, replicates=200, random_state=9).low


def test_a_statistic_that_often_does_not_exist_has_no_limits():
    sums = np.zeros((6, 2))
    sums[0] = [3.0, 1.0]
    for kind in ("percentile", "bca"):
        found = cluster_bootstrap(sums, mean, kind=kind, replicates=300)
        assert np.isnan([found.low, found.high]).all()
        assert found.estimate == 3.0


def test_draws_on_one_side_have_no_bca_limits():
    low, high = bca_interval(np.linspace(1, 2, 50), 0.5, np.array([0.4, 0.6]), 0.95)
    assert np.isnan([low, high]).all()


def test_wrong_arguments_are_named():
    _, _, sums = rows(6)
    with pytest.raises(DesignError, match="at least 2 clusters, got 1"):
        cluster_bootstrap(sums[:1], mean)
    with pytest.raises(ValueError, match="finite numbers"):
        cluster_bootstrap(np.array([[1.0, np.nan], [1.0, 1.0]]), mean)
    with pytest.raises(ValueError, match="kind must be one of"):
        cluster_bootstrap(sums, mean, kind="bc")
    with pytest.raises(ValueError, match="must turn sums"):
        cluster_bootstrap(sums, lambda s: s.mean())
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        cluster_bootstrap(sums, mean, conf_level=1.0)
