"""Wild cluster bootstrap-t: against refitting, reachable p-values, level, refusals."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from absence_risk.errors import DesignError
from absence_risk.stats.wild_cluster import wild_cluster_test


def rows(seed, clusters=8):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(clusters), rng.integers(3, 12, clusters))
    X = np.column_stack([np.ones(len(codes)), rng.normal(size=len(codes)) + 0.3 * codes])
    y = 0.2 * X[:, 1] + rng.normal(size=clusters)[codes] + rng.normal(size=len(codes))
    return X, y, codes


def cr1_t(X, y, codes, c, null):
    M = np.linalg.inv(X.T @ X)
    coef = M @ X.T @ y
    e = y - X @ coef
    scores = np.stack([X[codes == g].T @ e[codes == g] for g in np.unique(codes)])
    n, k, G = len(y), X.shape[1], len(scores)
    V = G / (G - 1) * (n - 1) / (n - k) * M @ scores.T @ scores @ M
    return (coef @ c - null) / np.sqrt(c @ V @ c)


@pytest.mark.parametrize("null", [0.0, 0.5])
def test_it_is_what_refitting_every_data_set_gives(null):
    X, y, codes = rows(1)
    c = np.array([0.0, 1.0])
    under = np.column_stack([X[:, 0]])
    shifted = y - null * X[:, 1]
    fitted = under @ np.linalg.lstsq(under, shifted, rcond=None)[0] + null * X[:, 1]
    observed = cr1_t(X, y, codes, c, null)
    new = [
        cr1_t(X, fitted + np.array(signs)[codes] * (y - fitted), codes, c, null)
        for signs in product((-1.0, 1.0), repeat=8)
    ]
    found = wild_cluster_test(X, y, codes, c, null=null)
    assert found.enumerated
    assert found.replicates == 256
    assert_allclose(found.statistic, observed, rtol=1e-10)
    assert_allclose(found.p_value, np.mean(np.abs(new) >= abs(observed) * (1 - 1e-9)), rtol=1e-12)


def test_drawing_comes_near_to_going_through_all():
    """p by 1,023 draws; the standard error of a share is at most .016."""
    X, y, codes = rows(2, clusters=10)
    whole = wild_cluster_test(X, y, codes, [0, 1])
    drawn = wild_cluster_test(X, y, codes, [0, 1], replicates=1_023)
    assert whole.enumerated
    assert not drawn.enumerated
    assert abs(whole.p_value - drawn.p_value) < 4 * 0.5 / np.sqrt(1_023)


@pytest.mark.parametrize(
    ("clusters", "points", "smallest"),
    [(3, "rademacher", 0.25), (5, "rademacher", 0.0625), (3, "webb", 6 / 216)],
)
def test_the_smallest_p_value_is_reached_and_said(clusters, points, smallest):
    X = np.ones((4 * clusters, 1))
    y = 100 + np.random.default_rng(3).normal(size=4 * clusters)
    found = wild_cluster_test(
        X, y, np.repeat(np.arange(clusters), 4), [1], points=points, fewest_clusters=2
    )
    assert_allclose([found.p_value, found.smallest_p], smallest, rtol=1e-12)


def test_with_many_clusters_the_draws_limit_the_p_value():
    X, y, codes = rows(4, clusters=20)
    found = wild_cluster_test(X, y + 50 * X[:, 1], codes, [0, 1], replicates=99)
    assert found.smallest_p == 0.01
    assert found.p_value >= 0.01


@pytest.mark.parametrize("points", ["rademacher", "webb"])
def test_the_level_holds_with_ten_clusters(points):
    """1,000 data sets: MC error of 5 % is 0.7 points."""
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(10), np.arange(5, 15))
    rejected = 0
    for replicate in range(1000):
        y = 0.4 * rng.normal(size=10)[codes] + rng.normal(size=len(codes))
        found = wild_cluster_test(
            np.ones((len(codes), 1)),
            y,
            codes,
            [1],
            points=points,
            replicates=399,
            random_state=replicate,
        )
        rejected += found.p_value <= 0.05
    assert 0.03 < rejected / 1000 < 0.07


def test_few_clusters_are_refused_with_the_smallest_p_value():
    X, y, codes = rows(6, clusters=5)
    with pytest.raises(DesignError, match=r"5 clusters has 32 .* reach is 0\.0625"):
        wild_cluster_test(X, y, codes, [0, 1])
    with pytest.raises(DesignError, match="1 clusters"):
        wild_cluster_test(X, y, np.zeros(len(y)), [0, 1], fewest_clusters=1)


def test_wrong_arguments_are_named():
    X, y, codes = rows(7)
    with pytest.raises(ValueError, match="one value per row"):
        wild_cluster_test(X, y[:-1], codes, [0, 1])
    with pytest.raises(ValueError, match="missing or infinite"):
        wild_cluster_test(X, np.full(len(y), np.nan), codes, [0, 1])
    with pytest.raises(ValueError, match="contrast must hold 2"):
        wild_cluster_test(X, y, codes, [1])
    with pytest.raises(ValueError, match="points must be one of"):
        wild_cluster_test(X, y, codes, [0, 1], points="mammen")
    with pytest.raises(DesignError, match="dependent columns"):
        wild_cluster_test(np.ones((len(y), 2)), y, codes, [0, 1])
