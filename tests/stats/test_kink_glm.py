"""The logistic and the Poisson kink: deviance, coefficients and set against refits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import optimize

from absence_risk.errors import EstimationError
from absence_risk.stats.kink_glm import fit_glm_kink

LIMITS = (0.01, 0.4)


def world(family, n=3000, seed=1):
    rng = np.random.default_rng(seed)
    x, z = rng.beta(1.2, 8, n), rng.normal(size=(n, 2))
    eta = -1.5 + 2 * x + 8 * np.maximum(x - 0.15, 0) + 0.4 * z[:, 0]
    if family == "binomial":
        return x, z, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    return x, z, rng.poisson(np.exp(eta)).astype(float)


def statsmodels_fit(x, z, y, place, family):
    import statsmodels.api as sm

    matrix = np.column_stack([np.ones_like(x), x, np.maximum(x - place, 0), z])
    kind = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sm.GLM(y, matrix, family=kind).fit(tol=1e-12)


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_best_place_coefficients_and_set_against_refits(family):
    x, z, y = world(family)
    found = fit_glm_kink(x, y, z, family=family, limits=LIMITS)
    peer = statsmodels_fit(x, z, y, found.location, family)
    assert found.coef == pytest.approx(peer.params, rel=1e-3, abs=1e-3)

    def excess(place, level=0.0):
        # −2 log-likelihood differs from ours by a constant of the outcomes.
        return -2 * statsmodels_fit(x, z, y, place, family).llf + 2 * peer.llf - level

    grid = np.linspace(*LIMITS, 60)
    assert min(excess(place) for place in grid) > -1e-5
    low, high = found.parts[0, 0], found.parts[-1, 1]
    for end, inner in ((low, found.location), (high, found.location)):
        if LIMITS[0] < end < LIMITS[1]:
            root = optimize.brentq(
                excess, end - 0.01 * (1 if end < inner else -1), inner, args=(3.841458820694124,)
            )
            assert end == pytest.approx(root, abs=1e-5)


def test_integer_weights_are_repeated_rows():
    x, z, y = world("binomial", n=800)
    w = np.random.default_rng(2).integers(1, 4, 800)
    first = fit_glm_kink(x, y, z, family="binomial", weights=w, limits=LIMITS)
    second = fit_glm_kink(
        np.repeat(x, w), np.repeat(y, w), np.repeat(z, w, axis=0), family="binomial", limits=LIMITS
    )
    assert first.deviance == pytest.approx(second.deviance, rel=1e-7)
    assert first.location == pytest.approx(second.location, abs=1e-3)


def test_the_set_covers_the_true_place():
    # 95 %; 150 data sets of 2,000: Monte-Carlo standard error .018.
    hits = 0
    for seed in range(150):
        x, _, y = world("binomial", n=2000, seed=[8, seed])
        parts = fit_glm_kink(x, y, family="binomial", limits=LIMITS).parts
        hits += any(a <= 0.15 <= b for a, b in parts)
    assert hits / 150 == pytest.approx(0.95, abs=3 * 0.018)


def test_all_rows_beyond_a_place_alike_do_no_harm():
    rng = np.random.default_rng(4)
    x = np.linspace(0, 1, 400)
    y = ((rng.random(400) < 0.3) | (x > 0.9)).astype(float)
    found = fit_glm_kink(x, y, family="binomial", limits=(0.05, 0.95))
    assert np.isfinite(found.deviance)
    assert found.deviance <= found.deviance_line


def test_separation_is_refused():
    x = np.linspace(0, 1, 100)
    with pytest.raises(EstimationError, match="separates"):
        fit_glm_kink(x, (x > 0.5).astype(float), family="binomial", limits=(0.1, 0.9))
