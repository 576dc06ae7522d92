"""Shares at every step come from cells, exactly."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.operating import (
    OPERATING_SHARES,
    count_cells,
    exact_interval,
    operating_shares,
)


def test_cells_equal_a_plain_loop():
    rng = np.random.default_rng(1)
    step, event, cluster = rng.integers(0, 4, 300), rng.random(300) < 0.3, rng.integers(0, 5, 300)
    cells = count_cells(step, event, cluster, n_steps=3, n_clusters=5)
    shares = operating_shares(cells.sum(axis=0))
    for k in range(1, 4):
        alarm = step >= k
        tp, fp = (alarm & event).sum(), (alarm & ~event).sum()
        fn, tn = (~alarm & event).sum(), (~alarm & ~event).sum()
        wanted = {
            "sensitivity": (tp, tp + fn),
            "specificity": (tn, tn + fp),
            "ppv": (tp, tp + fp),
            "npv": (tn, tn + fn),
            "flagged": (tp + fp, 300),
            "prevalence": (tp + fn, 300),
        }
        assert set(wanted) == set(OPERATING_SHARES)
        for name, pair in wanted.items():
            assert tuple(int(part[k - 1]) for part in shares[name]) == pair


def test_resampled_clusters_equal_repeated_rows():
    rng = np.random.default_rng(2)
    step, event, cluster = rng.integers(0, 3, 80), rng.random(80) < 0.4, rng.integers(0, 4, 80)
    cells = count_cells(step, event, cluster, n_steps=2, n_clusters=4)
    weights = np.array([0, 2, 1, 1])
    rows = np.repeat(np.arange(80), weights[cluster])
    direct = count_cells(step[rows], event[rows], np.zeros(len(rows)), n_steps=2, n_clusters=1)
    assert (np.tensordot(weights, cells, 1) == direct[0]).all()


def test_exact_interval_solves_its_own_equations():
    # P(X >= 3 | low) = P(X <= 3 | high) = 2.5 % by the definition of Clopper and Pearson.
    low, high = exact_interval(3, 20, 0.95)
    at_most = lambda k, p: sum(_choose(20, j) * p**j * (1 - p) ** (20 - j) for j in range(k + 1))  # noqa: E731
    assert 1 - at_most(2, low) == pytest.approx(0.025, abs=1e-10)
    assert at_most(3, high) == pytest.approx(0.025, abs=1e-10)
    assert exact_interval(20, 20, 0.95)[1] == 1.0


def _choose(n, k):
    return float(np.prod([(n - j) / (j + 1) for j in range(k)])) if k else 1.0
