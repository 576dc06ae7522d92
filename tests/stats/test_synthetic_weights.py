from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.stats.synthetic_control import (
    placebo_p,
    placebo_runs,
    placebo_set,
    simplex_weights,
)

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())["synthetic"]


@pytest.fixture(scope="module")
def runs():
    y = pd.read_csv(REFERENCE / "comparison_donors.csv")["y"].to_numpy().reshape(7, 12)
    return placebo_runs(y, 8)


def test_weights_gaps_and_ranks_agree_with_r(runs):
    assert runs.weights == pytest.approx(np.array(PEER["weights"]), abs=1e-8)
    assert runs.gaps == pytest.approx(np.array(PEER["gaps"]), abs=1e-8)
    assert runs.after / runs.before == pytest.approx(np.array(PEER["ratio"]), rel=1e-7)
    assert placebo_p(runs) == pytest.approx(PEER["p"])


def test_weights_meet_the_conditions_of_an_optimum():
    rng = np.random.default_rng(6)
    for _ in range(50):
        target, donors = rng.normal(size=9), rng.normal(size=(9, 15))
        w = simplex_weights(target, donors)
        assert (w >= 0).all()
        assert w.sum() == pytest.approx(1)
        slope = donors.T @ (donors @ w - target)
        used = w > 1e-12
        # Equal slopes where a donor is used, no smaller one where not.
        assert np.ptp(slope[used]) < 1e-8
        assert (slope[~used] >= slope[used].min() - 1e-8).all()


def test_a_mixture_of_donors_is_found():
    rng = np.random.default_rng(7)
    donors, w = rng.normal(size=(20, 6)), np.array([0.5, 0, 0.3, 0, 0.2, 0])
    assert simplex_weights(donors @ w, donors) == pytest.approx(w, abs=1e-7)


def factor_panel(rng, units=20, periods=14):
    factors = rng.normal(size=(3, periods)).cumsum(axis=1)
    return rng.uniform(size=(units, 3)) @ factors + 0.3 * rng.normal(size=(units, periods))


def test_level_and_coverage_are_what_ranks_promise():
    # Units are exchangeable, so p is uniform on 1/20 … 1: 5 % at .05 (two errors of 300: 2.5 %).
    rng = np.random.default_rng(9)
    rejected, held = [], []
    for _ in range(300):
        y = factor_panel(rng)
        y[0, 10:] -= 0.7
        runs = placebo_runs(y, 10)
        rejected.append(placebo_p(runs, -0.7) <= 0.05 + 1e-12)
        low, high = placebo_set(runs, 0.90)
        held.append((-np.inf if low is None else low) <= -0.7 <= (np.inf if high is None else high))
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.025)
    assert np.mean(held) >= 0.90 - 0.035


def test_the_set_is_the_inversion_of_the_test(runs):
    low, high = placebo_set(runs, 0.80)
    grid = np.linspace(-20, 20, 1601)
    kept = grid[[placebo_p(runs, c) > 0.20 + 1e-12 for c in grid]]
    assert low == pytest.approx(kept.min(), abs=0.026)
    assert high == pytest.approx(kept.max(), abs=0.026)
