from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import EstimationError
from absence_risk.stats.matching import (
    entropy_weights,
    mahalanobis_points,
    neighbour_weights,
    odds_weights,
    propensity_logit,
)

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())["matched"]


@pytest.fixture(scope="module")
def pupils():
    frame = pd.read_csv(REFERENCE / "comparison_pupils.csv")
    X = frame[["pre", "ability", "girl"]].to_numpy(dtype=float)
    return X, frame["treated"].to_numpy(dtype=bool)


def weights(by, X, treated):
    if by == "entropy":
        return entropy_weights(X, treated)
    if by == "ipw":
        return odds_weights(propensity_logit(X, treated), treated)
    if by == "propensity":
        return neighbour_weights(propensity_logit(X, treated)[:, None], treated)
    return neighbour_weights(mahalanobis_points(X, treated), treated)


@pytest.mark.parametrize("by", ["entropy", "ipw", "propensity", "mahalanobis"])
def test_weights_agree_with_r(pupils, by):
    assert weights(by, *pupils) == pytest.approx(np.array(PEER[by]["weights"]), abs=1e-8)


@pytest.mark.parametrize("by", ["entropy", "ipw", "propensity", "mahalanobis"])
def test_order_of_rows_changes_nothing(pupils, by):
    X, treated = pupils
    order = np.random.default_rng(1).permutation(len(X))
    found = weights(by, X[order], treated[order])
    assert found == pytest.approx(weights(by, X, treated)[order], abs=1e-9)


def test_ties_share_and_a_caliper_drops():
    points = np.array([[0.0], [9.0], [1.0], [-1.0], [1.0]])
    treated = np.array([True, True, False, False, False])
    w = neighbour_weights(points, treated, caliper=2.0)
    assert w.tolist() == pytest.approx([1, 0, 1 / 3, 1 / 3, 1 / 3])


def test_entropy_balance_ends_wherever_it_can():
    # The last Newton steps gain less than rounding takes; refused, they left 1e-8 undone.
    rng = np.random.default_rng(99)
    for _ in range(300):
        X, treated = rng.normal(size=(60, 2)), np.arange(60) % 2 == 0
        w = entropy_weights(X, treated)
        means = np.average(X[~treated], axis=0, weights=w[~treated])
        assert means == pytest.approx(X[treated].mean(axis=0), abs=1e-10)


def test_what_cannot_be_balanced_is_named(pupils):
    X, treated = pupils
    apart = np.where(treated, 5.0, 0.0)[:, None] + X[:, :1]
    with pytest.raises(EstimationError, match="No weights"):
        entropy_weights(apart, treated)
    with pytest.raises(EstimationError, match="separates"):
        propensity_logit(apart, treated)
    with pytest.raises(EstimationError, match="collinear"):
        mahalanobis_points(np.column_stack([X, X[:, 0]]), treated)
    with pytest.raises(EstimationError, match="same for all"):
        propensity_logit(np.ones((len(X), 1)), treated)
