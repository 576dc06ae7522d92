from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absence_risk.errors import EstimationError
from absence_risk.stats.logit import fit_logit


def test_saturated_two_by_two_is_the_log_odds_ratio() -> None:
    X = np.array([[1.0, 0.0], [1.0, 1.0]])
    y, w = np.array([3 / 40, 11 / 25]), np.array([40.0, 25.0])
    fit = fit_logit(X, y, w)
    assert fit.beta[1] == pytest.approx(np.log((11 / 14) / (3 / 37)), abs=1e-12)
    assert fit.mean == pytest.approx(y, abs=1e-12)


def test_agrees_with_statsmodels() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(3)
    X = np.column_stack([np.ones(400), rng.normal(size=(400, 3))])
    trials = rng.integers(5, 200, size=400)
    y = rng.binomial(trials, 1 / (1 + np.exp(3 - X[:, 1]))) / trials
    peer = sm.GLM(y, X, family=sm.families.Binomial(), var_weights=trials).fit(tol=1e-13)
    fit = fit_logit(X, y, trials.astype(float))
    assert fit.beta == pytest.approx(peer.params, abs=1e-9)
    assert fit.scores.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e6))
def test_unit_of_weights_and_order_of_rows_change_nothing(seed: int, unit: float) -> None:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(50), rng.normal(size=50)])
    y, w = rng.uniform(size=50), rng.uniform(1, 10, size=50)
    order = rng.permutation(50)
    first, second = fit_logit(X, y, w), fit_logit(X[order], y[order], w[order] * unit)
    assert second.beta == pytest.approx(first.beta, abs=1e-8)
    assert second.scores == pytest.approx(first.scores[order], abs=1e-7)


def test_complete_separation_is_an_error() -> None:
    x = np.arange(20.0)
    with pytest.raises(EstimationError):
        fit_logit(np.column_stack([np.ones(20), x]), (x > 9).astype(float), np.ones(20))


def test_collinear_regressors_are_an_error() -> None:
    x = np.linspace(0, 1, 20)
    X = np.column_stack([np.ones(20), x, 2 * x - 1])
    with pytest.raises(EstimationError, match="collinear"):
        fit_logit(X, np.linspace(0.1, 0.4, 20), np.ones(20))
