from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.sandwich import (
    cluster_sums,
    jackknife_covariance,
    jackknife_influence,
    t_inference,
)


def _least_squares(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.lstsq(X, y, rcond=None)[0]


def test_influence_is_leave_one_cluster_out_exactly_for_least_squares() -> None:
    rng = np.random.default_rng(5)
    X = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    y, codes = rng.normal(size=60), rng.integers(7, size=60)
    beta = _least_squares(X, y)
    found = jackknife_influence(X, np.ones(60), (y - X @ beta)[:, None] * X, codes)
    for g in range(7):
        without = _least_squares(X[codes != g], y[codes != g])
        assert found[g] == pytest.approx(beta - without, abs=1e-12)


def test_mean_of_single_rows_has_the_textbook_variance() -> None:
    x = np.random.default_rng(6).normal(size=30)
    one = np.ones((30, 1))
    influence = jackknife_influence(one, one[:, 0], (x - x.mean())[:, None], np.arange(30))
    assert jackknife_covariance(influence)[0, 0] == pytest.approx(x.var(ddof=1) / 30, rel=1e-12)


def test_a_regressor_carried_by_one_cluster_leaves_the_others_usable() -> None:
    rng = np.random.default_rng(7)
    codes = np.repeat(np.arange(5), 20)
    X = np.column_stack(
        [np.ones(100), rng.normal(size=100), (codes == 4) & (rng.random(100) < 0.5)]
    )
    y = rng.normal(size=100)
    beta = _least_squares(X, y)
    found = jackknife_influence(X, np.ones(100), (y - X @ beta)[:, None] * X, codes)
    without = _least_squares(X[codes != 4][:, :2], y[codes != 4])
    assert found[4, :2] == pytest.approx(beta[:2] - without, abs=1e-10)
    assert np.isfinite(found).all()


def test_cluster_sums_keeps_empty_clusters() -> None:
    sums = cluster_sums(np.ones((3, 2)), np.array([0, 2, 2]), 4)
    assert sums.tolist() == [[1, 1], [0, 0], [2, 2], [0, 0]]


def test_one_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 clusters"):
        jackknife_covariance(np.ones((1, 1)))


def test_t_inference_agrees_with_scipy_stats() -> None:
    from scipy import stats

    found = t_inference(0.7, 0.2, df=4, conf_level=0.9, null=0.1)
    law = stats.t(4)
    assert found.low == pytest.approx(0.7 - law.ppf(0.95) * 0.2, rel=1e-12)
    assert found.p_value == pytest.approx(2 * law.sf(3.0), rel=1e-12)


def test_no_error_means_no_test() -> None:
    found = t_inference(0.7, 0.0, df=4, conf_level=0.9)
    assert (found.low, found.high) == (0.7, 0.7)
    assert np.isnan(found.p_value)
