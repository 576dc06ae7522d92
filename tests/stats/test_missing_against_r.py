"""Pooling, imputation model, CR2 of means, repeated measures and bounds against R (missing.R)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.stats.bounds import imbens_manski, lee_bounds, manski_bounds
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.imputation import _design, _fit_grid, draw_posterior
from absence_risk.stats.mmrm import fit_mmrm, wave_means_design
from absence_risk.stats.mmrm_monotone import is_monotone, monotone_fit
from absence_risk.stats.rubin import pool

FOLDER = Path(__file__).parents[1] / "reference"
R = json.loads((FOLDER / "missing.json").read_text(encoding="utf-8"))
D = pd.read_csv(FOLDER / "missing.csv")
CHANGE_1_TO_3 = [1, 0, -1, -1, 0, 1]


def test_pooling_agrees_with_mice():
    r = R["pool"]
    found = pool(r["estimates"], r["variances"], df_complete=r["nu"])
    assert found.estimate == pytest.approx(r["estimate"], rel=1e-8)
    assert found.std_error == pytest.approx(r["se"], rel=1e-8)
    assert found.df == pytest.approx(r["df"], rel=1e-8)
    assert found.from_missing == pytest.approx(r["lambda"], rel=1e-8)
    assert found.fraction_missing == pytest.approx(r["fmi"], rel=1e-8)


def test_posterior_of_the_municipality_agrees_with_gls_on_the_grid():
    r = R["posterior"]
    y, X = D["m1"].to_numpy()[None], D[["w0", "absence"]].to_numpy()[None]
    codes = D["town"].to_numpy(np.int64)
    fit = _fit_grid(y, _design(X), codes)
    assert fit.weight[0] == pytest.approx(r["weight"], rel=1e-6)
    assert (fit.rss / fit.freedom)[0] == pytest.approx(r["sigma2"], rel=1e-6)
    drawn = draw_posterior(y, X, codes, imputations=2, rng=np.random.default_rng(0))
    assert drawn.beta_mean[0] == pytest.approx(r["beta"], rel=1e-6)
    assert drawn.shift_mean[0] == pytest.approx(r["shift"], rel=1e-6)


def test_cluster_mean_agrees_with_club_sandwich():
    values = (D["imp1"] - D["w0"]).to_numpy()
    codes, arm = D["town"].to_numpy(np.int64), D["arm"].to_numpy(np.int64)
    one = cluster_mean(values, codes)
    two = cluster_mean(values, codes, arm=arm, contrast=(-1.0, 1.0))
    for found, r in ((one, R["cr2"]["one"]), (two, R["cr2"]["two"])):
        got = [float(found.estimate), float(found.variance) ** 0.5, found.df]
        assert got == pytest.approx(r, rel=1e-9)


@pytest.mark.parametrize("name", ["monotone", "gaps"])
def test_repeated_measures_agree_with_gls(name):
    r = R[f"mmrm_{name}"]
    waves = ["w0", "m1", "m2"] if name == "monotone" else ["g0", "g1", "g2"]
    y, arm = D[waves].to_numpy(), D["arm"].to_numpy(np.int64)
    fit = fit_mmrm(y, wave_means_design(arm, 3))
    assert fit.coefficients == pytest.approx(r["coef"], rel=1e-6)
    estimate, error, df = fit.contrast(CHANGE_1_TO_3)
    assert estimate == pytest.approx(r["estimate"], abs=1e-6)
    assert error == pytest.approx(r["se"], rel=1e-4)
    assert df == pytest.approx(r["df"], rel=1e-4)
    n_rows, p = int((~np.isnan(y)).sum()), 6
    log_likelihood = -0.5 * (fit.deviance + (n_rows - p) * np.log(2 * np.pi))
    assert log_likelihood == pytest.approx(r["loglik"], abs=1e-6)


def test_the_closed_form_is_the_restricted_maximum():
    y, arm = D[["w0", "m1", "m2"]].to_numpy(), D["arm"].to_numpy(np.int64)
    means, sigma = monotone_fit(y[None], arm)
    fit = fit_mmrm(y, wave_means_design(arm, 3))
    assert means[0].ravel() == pytest.approx(fit.coefficients, abs=1e-7)
    assert sigma[0] == pytest.approx(fit.sigma, abs=1e-5)
    assert means[0].ravel() == pytest.approx(R["mmrm_monotone"]["coef"], rel=1e-6)
    assert not is_monotone(D[["g0", "g1", "g2"]].to_numpy())


def test_bounds_agree_with_the_formula_in_r():
    treated = (D["m2"] - D["w0"])[D["arm"] == 1].to_numpy()
    control = (D["m1"] - D["w0"])[D["arm"] == 0].to_numpy()
    rng = np.random.default_rng(1)
    found = lee_bounds(treated, control, replicates=50, conf_level=0.95, rng=rng)
    got = [found.low, found.high, found.trimmed]
    assert got == pytest.approx([R["lee"][k] for k in ("low", "high", "trimmed")], abs=1e-10)
    low, high = manski_bounds((D["m1"] - D["w0"]).to_numpy(), 1 - D["w0"], 5 - D["w0"])
    want = [R["manski"]["low"], R["manski"]["high"]]
    assert [low.mean(), high.mean()] == pytest.approx(want, abs=1e-10)
    limits = imbens_manski((0.0, 0.7), (1.0, 1.0), conf_level=0.95)
    assert limits[1] - 0.7 == pytest.approx(R["imbens_manski"], abs=1e-9)
