from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import EstimationError
from absence_risk.stats.prais_winsten import fit_prais_winsten, satterthwaite_df

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())


@pytest.fixture(scope="module")
def series():
    frame = pd.read_csv(REFERENCE / "comparison_series.csv")
    time = frame["period"].to_numpy(dtype=float)
    after = (time >= 17).astype(float)
    X = np.column_stack([np.ones(len(time)), time, after, np.maximum(time - 17, 0)])
    return X, frame["y"].to_numpy()


@pytest.mark.parametrize(("method", "name"), [("reml", "reml"), ("iterated", "prais_winsten")])
def test_it_agrees_with_r(series, method, name):
    fit, peer = fit_prais_winsten(*series, method=method), PEER[name]
    assert fit.rho == pytest.approx(peer["rho"], abs=1e-6)
    assert fit.beta == pytest.approx(peer["beta"], abs=1e-6)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(peer["se"], abs=1e-6)


def test_given_the_autocorrelation_it_is_exact(series):
    X, y = series
    rho = PEER["reml"]["rho"]
    V = rho ** np.abs(np.subtract.outer(np.arange(len(y)), np.arange(len(y))))
    P = np.linalg.inv(V)
    beta = np.linalg.solve(X.T @ P @ X, X.T @ P @ y)
    fit = fit_prais_winsten(X, y, rho=rho)
    assert fit.beta == pytest.approx(beta, abs=1e-9)
    assert fit.beta == pytest.approx(PEER["reml"]["beta"], abs=1e-8)


def test_without_autocorrelation_it_is_least_squares(series):
    X, y = series
    fit = fit_prais_winsten(X, y, rho=0.0)
    assert fit.beta == pytest.approx(np.linalg.lstsq(X, y, rcond=None)[0], abs=1e-10)


def test_the_autocorrelation_is_found_in_a_long_series():
    rng = np.random.default_rng(4)
    e = rng.normal(size=6_000)
    for t in range(1, len(e)):
        e[t] += 0.6 * e[t - 1]
    X = np.column_stack([np.ones(len(e)), np.arange(len(e)) / len(e)])
    # Standard error of the estimate: √((1 − ρ²)/n) = 0.0103.
    for method in ("reml", "iterated"):
        assert fit_prais_winsten(X, e, method=method).rho == pytest.approx(0.6, abs=0.031)


def test_a_perfect_line_and_bad_input():
    X = np.column_stack([np.ones(6), np.arange(6.0)])
    assert fit_prais_winsten(X, 2 + 3 * X[:, 1]).beta == pytest.approx([2, 3])
    with pytest.raises(ValueError, match="rho must"):
        fit_prais_winsten(X, X[:, 1], rho=1.0)
    with pytest.raises(ValueError, match="cannot carry"):
        fit_prais_winsten(X[:2], X[:2, 1])
    with pytest.raises(EstimationError, match="collinear"):
        fit_prais_winsten(np.ones((6, 2)), X[:, 1])


def full_likelihood(X, y, log_variance, rho):
    """Return the restricted log-likelihood written out with the whole matrix of errors."""
    n = len(y)
    V = rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / (1 - rho**2)
    V = np.exp(log_variance) * V
    P = np.linalg.inv(V)
    A = X.T @ P @ X
    e = y - X @ np.linalg.solve(A, X.T @ P @ y)
    return -(np.linalg.slogdet(V)[1] + np.linalg.slogdet(A)[1] + e @ P @ e) / 2, np.linalg.inv(A)


def test_degrees_of_freedom_agree_with_the_full_likelihood(series):
    X, y = series
    fit = fit_prais_winsten(X, y)
    c = np.array([0.0, 0.0, 1.0, 6.5])
    k, h = X.shape[1], 1e-3
    at = np.array(
        [np.log(fit.covariance[0, 0] / full_likelihood(X, y, 0.0, fit.rho)[1][0, 0]), fit.rho]
    )

    def value(a, b):
        likelihood, covariance = full_likelihood(X, y, at[0] + a * h, at[1] + b * h)
        return np.array([likelihood, np.log(c @ covariance @ c)])

    mixed = (value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1))[0] / (4 * h * h)
    own = [
        (value(*s)[0] - 2 * value(0, 0)[0] + value(*(-np.array(s)))[0]) / h**2
        for s in ((1, 0), (0, 1))
    ]
    hessian = np.array([[own[0], mixed], [mixed, own[1]]])
    slope = np.array([(value(*s) - value(*(-np.array(s))))[1] / (2 * h) for s in ((1, 0), (0, 1))])
    expected = 2 / (slope @ np.linalg.solve(-hessian, slope))
    assert 1 < expected < len(y) - k
    assert satterthwaite_df(X, y, fit.rho, c) == pytest.approx(expected, rel=1e-3)
