"""Weights, group levels and the wild bootstrap of the kink."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.kink import kink_search
from absence_risk.stats.kink_bootstrap import kink_draws


def draw(k, n=90):
    rng = np.random.default_rng([12, k])
    x = rng.beta(1.2, 8, n)
    if k % 2:
        x = np.round(x, 2)
    return x, rng.normal(size=(n, 2)), -40 * np.maximum(x - 0.15, 0) + rng.normal(size=n), rng


@pytest.mark.parametrize("k", range(6))
def test_integer_weights_are_repeated_rows(k):
    x, z, y, rng = draw(k)
    w = rng.integers(1, 5, len(x))
    weighted = kink_search(x, z, weights=w)
    repeated = kink_search(np.repeat(x, w), np.repeat(z, w, axis=0))
    first, second = weighted.fit(y), repeated.fit(np.repeat(y, w))
    assert first.location == pytest.approx(second.location, abs=1e-8)
    assert first.ssr == pytest.approx(second.ssr, rel=1e-9)


@pytest.mark.parametrize("k", range(6))
def test_group_levels_are_indicator_columns(k):
    x, z, y, rng = draw(k)
    g = rng.permutation(np.arange(len(x)) % 15)
    w = rng.uniform(0.3, 2, len(x)) if k > 2 else None
    y = y + 4 * rng.normal(size=15)[g]
    dummies = (g[:, None] == np.arange(1, 15)).astype(float)
    plain = kink_search(x, np.hstack([z, dummies]), weights=w, trim=0.1)
    absorbed = kink_search(x, z, weights=w, groups=g, trim=0.1)
    assert absorbed.df_resid == plain.df_resid
    first, second = absorbed.fit(y), plain.fit(y)
    assert first.location == pytest.approx(second.location, abs=1e-7)
    assert first.ssr == pytest.approx(second.ssr, rel=1e-9)
    set_first, set_second = (s.confidence_set(y, 3.9) for s in (absorbed, plain))
    assert set_first == pytest.approx(set_second, abs=1e-7)


def test_bad_weights_and_values_are_refused():
    x, _, _, _ = draw(0)
    with pytest.raises(ValueError, match="above 0"):
        kink_search(x, weights=np.zeros(len(x)))
    with pytest.raises(ValueError, match="missing"):
        kink_search(np.r_[x, np.nan])


def test_quick_draws_agree_with_full_refits():
    # Same law: 400 draws each; Monte-Carlo error of a mean ratio about 5 %, of a place 2 %.
    x, z, y, rng = draw(0, n=600)
    search = kink_search(x, z, trim=0.02)
    at = float(search.fit(y).location[0])
    quick = kink_draws(x, y, z, location=at, limits=search.limits, replicates=4000, rng=rng)
    matrix = np.column_stack([np.ones(600), x, z, np.maximum(x - at, 0)])
    mean = matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]
    signs = rng.choice([-1.0, 1.0], size=(600, 1000))
    fresh = mean[:, None] + signs * (y - mean)[:, None]
    full = search.fit(fresh)
    ratio = (full.gain - search.gain_at(fresh, at)) / full.ssr * search.df_resid
    assert quick.ratio.mean() == pytest.approx(ratio.mean(), rel=0.15)
    assert quick.critical_value(0.95) == pytest.approx(np.quantile(ratio, 0.95), rel=0.2)
    assert quick.location.std() == pytest.approx(full.location.std(), rel=0.12)


def test_clusters_share_their_sign():
    x, z, y, rng = draw(2, n=400)
    codes = np.arange(400) // 8
    y = y + 2 * rng.normal(size=50)[codes]
    at = {"location": 0.15, "limits": (0.02, 0.4), "replicates": 3000}
    single = kink_draws(x, y, z, clusters=np.arange(400), rng=rng, **at)
    bits = kink_draws(x, y, z, rng=rng, **at)
    # One row per cluster is the row bootstrap: quantiles of 3,000 draws agree within 10 %.
    assert single.critical_value(0.9) == pytest.approx(bits.critical_value(0.9), rel=0.15)
    assert kink_draws(x, y, z, clusters=codes, rng=rng, **at).ratio.min() >= 0
