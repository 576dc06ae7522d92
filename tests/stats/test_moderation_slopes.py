from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.change import Sample
from absence_risk.stats.moderation import slope_beside_expected


def test_the_jackknife_equals_refitting_without_each_cluster() -> None:
    rng = np.random.default_rng(8)
    codes, others = rng.integers(0, 7, 60), rng.integers(0, 7, 300)
    X = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    Z = np.column_stack([np.ones(300), rng.normal(size=(300, 2))])
    y, v, m = rng.normal(size=60), Z @ [0.2, 0.5, -0.3] + rng.normal(size=300), rng.normal(size=60)

    def refit(kept: np.ndarray, known: np.ndarray) -> np.ndarray:
        beta = np.linalg.lstsq(Z[known], v[known], rcond=None)[0]
        left = y[kept] - X[kept] @ beta
        slopes = [np.polyfit(m[kept], w, 1)[0] for w in (y[kept], X[kept] @ beta, left)]
        return np.array(slopes)

    full = refit(np.full(60, True), np.full(300, True))
    moved = np.array([full - refit(codes != g, others != g) for g in range(7)])
    found = slope_beside_expected(Sample(X=X, y=y, codes=codes), Sample(X=Z, y=v, codes=others), m)
    assert found.means == pytest.approx(full, abs=1e-12)
    assert found.std_errors == pytest.approx(np.sqrt(6 / 7 * (moved**2).sum(axis=0)), rel=1e-10)


def test_bad_moderators_are_refused() -> None:
    one = np.ones((6, 1))
    sample = Sample(X=one, y=np.arange(6.0), codes=np.arange(6))
    with pytest.raises(ValueError, match="does not vary"):
        slope_beside_expected(sample, sample, np.ones(6))
    few = Sample(X=one, y=np.arange(6.0), codes=np.array([0, 0, 0, 1, 1, 1]))
    with pytest.raises(ValueError, match="at least 3 clusters"):
        slope_beside_expected(few, few, np.arange(6.0))
