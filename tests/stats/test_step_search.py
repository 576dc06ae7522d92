"""The step search: exact place against R's strucchange and against brute force."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from absence_risk.stats.step import hansen_quantile, step_search

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def data():
    return np.genfromtxt(REFERENCE / "step.csv", delimiter=",", names=True)


@pytest.fixture(scope="module")
def wanted():
    return json.loads((REFERENCE / "step.json").read_text())


@pytest.mark.parametrize(("name", "how"), [("levels", {"line": False}), ("both", {"kink": True})])
def test_index_and_sup_f_of_strucchange(data, wanted, name, how):
    search = step_search(data["absence"], trim=wanted["h"] / len(data), **how)
    fit = search.fit(data["points"])
    want = wanted[name]
    assert fit.rows_below == want["index"] == want["at"]
    assert fit.ssr == pytest.approx(want["ssr"], rel=1e-9)
    assert fit.ssr_line == pytest.approx(want["ssr_line"], rel=1e-9)
    # Fstats: (SSR of the line − SSR) / (SSR / (n − 2k)), not divided by k.
    sup_f = fit.gain / (fit.ssr / (len(data) - 2 * want["n_coef"]))
    assert sup_f == pytest.approx(want["sup_f"], rel=1e-6)


def test_jump_and_hansens_set(data, wanted):
    search = step_search(data["absence"], data["prior"], trim=wanted["h"] / len(data))
    fit = search.fit(data["points"])
    want = wanted["jump"]
    assert fit.rows_below == want["index"]
    assert fit.ssr == pytest.approx(want["ssr"], rel=1e-9)
    assert hansen_quantile(0.95) == pytest.approx(want["critical"], rel=1e-12)
    parts = search.confidence_set(data["points"], want["critical"])
    x = np.sort(data["absence"])
    tiny = 1e-12
    kept = [
        k
        for k in range(20, 381)
        if any(a <= x[k - 1] + tiny and x[k] <= b + tiny for a, b in parts)
    ]
    assert kept == want["kept"]


def brute(x, y, w, z, *, line, kink, guard):
    root = np.sqrt(w)
    base = [np.ones_like(x)] + ([x] if line else []) + list(z.T)
    values = np.unique(x)
    best = np.inf, None
    for k in range(guard - 1, len(values) - guard):
        above = (x > values[k]).astype(float)
        columns = [*base, above] + ([x * above] if kink else [])
        matrix = np.column_stack(columns) * root[:, None]
        fitted = matrix @ np.linalg.lstsq(matrix, root * y, rcond=None)[0]
        ssr = ((root * y - fitted) ** 2).sum()
        if ssr < best[0] - 1e-11:
            best = ssr, values[k]
    return best


@pytest.mark.parametrize("how", [{"line": True}, {"line": False}, {"kink": True}])
def test_global_optimum_on_random_data_sets_with_ties_and_weights(how):
    for k in range(60):
        rng = np.random.default_rng([11, k])
        n = int(rng.integers(16, 60))
        x = rng.beta(1.2, 8, n)
        if k % 2:
            x = np.round(x * 25) / 25 + 0.01 * rng.integers(0, 3, n)
        y = 2 * (x > 0.1) + rng.normal(size=n)
        z, w = rng.normal(size=(n, k % 3)), rng.uniform(0.2, 3, n)
        line, kink = how.get("line", True), how.get("kink", False)
        ssr, place = brute(x, y, w, z, line=line, kink=kink, guard=3)
        fit = step_search(x, z, weights=w, **how).fit(y)
        assert fit.ssr == pytest.approx(ssr, rel=1e-9)
        assert fit.last_below == pytest.approx(place, abs=1e-9)


def test_group_levels_are_taken_out():
    rng = np.random.default_rng(5)
    g, x = np.repeat(np.arange(12), 6), rng.random(72)
    y = rng.normal(size=12)[g] * 5 + 3 * (x > 0.6) + rng.normal(size=72)
    dummies = (g[:, None] == np.arange(1, 12)).astype(float)
    plain, absorbed = step_search(x, dummies), step_search(x, groups=g)
    assert absorbed.fit(y).ssr == pytest.approx(plain.fit(y).ssr, rel=1e-9)
    assert absorbed.fit(y).location == pytest.approx(plain.fit(y).location)
    assert absorbed.df_resid == plain.df_resid


def test_the_set_covers_at_least_as_often_as_it_claims():
    # Hansen's set is conservative where the jump is large; 300 data sets, Monte-Carlo SE .013.
    rng, hits = np.random.default_rng(6), 0
    for _ in range(300):
        x = rng.beta(1.2, 8, 400)
        y = -20 * x - 8 * (x > 0.2) + 8 * rng.normal(size=400)
        parts = step_search(x, trim=0.02).confidence_set(y, hansen_quantile(0.95))
        hits += any(a <= 0.2 <= b for a, b in parts)
    assert hits / 300 >= 0.95 - 3 * 0.013


def test_a_slope_change_needs_a_slope():
    with pytest.raises(ValueError, match="line=True"):
        step_search([0.1, 0.2], line=False, kink=True)
