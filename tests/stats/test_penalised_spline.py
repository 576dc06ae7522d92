"""Penalised splines: agreement with mgcv's REML, limits of the penalty, and bands."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import CubicSpline

from absence_risk.errors import EstimationError
from absence_risk.stats.penalised_spline import cubic_basis, fit_penalised
from absence_risk.stats.simultaneous import band_quantile

REFERENCE = Path(__file__).parents[1] / "reference"
KINDS = [("points", "gaussian"), ("event", "binomial"), ("count", "poisson")]


@pytest.fixture(scope="module")
def wanted():
    return json.loads((REFERENCE / "dose_response.json").read_text())


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(REFERENCE / "dose_response.csv")


@pytest.mark.parametrize(("outcome", "family"), KINDS)
def test_reml_agrees_with_mgcv(wanted, data, outcome, family):
    basis = cubic_basis(data["absence"], 12)
    design = np.column_stack([np.ones(len(data)), data["prior"], basis.columns(data["absence"])])
    fit = fit_penalised(design, data[outcome].to_numpy(float), basis.penalty, family=family)
    theirs = wanted["penalised"][outcome]
    assert basis.knots == pytest.approx(wanted["knots"], abs=1e-12)
    assert fit.edf == pytest.approx(theirs["edf"], abs=1e-3)
    assert fit.score == pytest.approx(theirs["score"], abs=1e-5)
    assert fit.smoothing == pytest.approx(theirs["smoothing"], rel=1e-3)
    assert fit.scale == pytest.approx(theirs["scale"], rel=1e-6)
    if family == "gaussian":  # Standardised means of the others are not linear: see the facade.
        at = np.array(wanted["at"])
        mean = np.full(len(at), data["prior"].mean())
        rows = np.column_stack([np.ones(len(at)), mean, basis.columns(at)])
        errors = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.posterior, rows))
        assert rows @ fit.coef == pytest.approx(theirs["mean"], rel=1e-7)
        assert errors == pytest.approx(theirs["se"], rel=1e-5)


def test_the_basis_is_a_natural_cubic_spline_and_the_penalty_its_bending():
    rng = np.random.default_rng(2)
    x = rng.random(50)
    basis = cubic_basis(x, 7)
    values = basis.free @ rng.normal(size=6)
    peer = CubicSpline(basis.knots, values, bc_type="natural")
    at = np.linspace(basis.knots[0], basis.knots[-1], 41)
    ours = basis.columns(at) @ (basis.free.T @ values)
    assert ours == pytest.approx(peer(at), abs=1e-12)
    fine = np.linspace(basis.knots[0], basis.knots[-1], 200_001)
    bending = float(np.trapezoid(peer(fine, 2) ** 2, fine))
    coef = basis.free.T @ values
    assert coef @ basis.penalty @ coef == pytest.approx(bending, rel=1e-6)
    beyond = basis.columns(np.array([-1.0, -0.5, 0.0])) @ coef
    assert beyond[1] - beyond[0] == pytest.approx(beyond[2] - beyond[1], abs=1e-12)


def test_a_straight_truth_without_noise_gives_a_straight_line():
    x = np.linspace(0, 1, 100)
    basis = cubic_basis(x, 10)
    design = np.column_stack([np.ones(100), basis.columns(x)])
    fit = fit_penalised(design, 3 + 2 * x + np.tile([0.1, -0.1], 50), basis.penalty)
    assert fit.edf == pytest.approx(2, abs=0.01)
    assert design @ fit.coef == pytest.approx(3 + 2 * x, abs=0.01)


def test_without_a_penalty_it_is_least_squares():
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(80), rng.normal(size=(80, 3))])
    y = 100 + rng.normal(size=80)
    fit = fit_penalised(design, y, np.empty((0, 0)))
    assert fit.coef == pytest.approx(np.linalg.lstsq(design, y, rcond=None)[0], rel=1e-10)
    assert fit.edf == pytest.approx(4)
    assert np.abs(fit.bias).max() < 1e-12
    assert np.abs(fit.spread).max() == 0


def test_columns_that_repeat_and_separation_are_refused():
    x = np.linspace(0, 1, 60)
    basis = cubic_basis(x, 6)
    double = np.column_stack([np.ones(60), x, x, basis.columns(x)])
    with pytest.raises(EstimationError, match="no finite solution"):
        fit_penalised(double, x**2, basis.penalty)
    design = np.column_stack([np.ones(60), x > 0.5, basis.columns(x)])
    with pytest.raises(EstimationError, match="no finite solution"):
        fit_penalised(design, (x > 0.5).astype(float), basis.penalty, family="binomial")
    with pytest.raises(ValueError, match="at least 4"):
        cubic_basis([0.0, 0.1, 0.2], 8)


def test_band_of_one_point_is_t_and_of_independent_points_is_sidak():
    from scipy import stats

    rng = np.random.default_rng(4)
    one = band_quantile([[1.0, 1.0]], np.eye(2), df=12, conf_level=0.9, draws=200_000, rng=rng)
    assert one == pytest.approx(stats.t.ppf(0.95, 12), abs=0.02)  # simulation error .005
    four = band_quantile(np.eye(4), np.eye(4), df=1e9, conf_level=0.9, draws=200_000, rng=rng)
    assert four == pytest.approx(stats.norm.ppf((1 + 0.9**0.25) / 2), abs=0.02)
    assert band_quantile([[0.0]], [[1.0]], df=5, conf_level=0.9, draws=1000, rng=rng) == 0
