from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.stepped_wedge import (
    hussey_hughes_variance,
    stepped_wedge_plan,
    stepped_wedge_variance,
)


@pytest.mark.parametrize("tau2", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("starts", [[1, 2, 3, 4], [1, 1, 2, 3, 3, 5], [2, 2, 4]])
def test_least_squares_is_the_closed_form_for_equal_clusters(starts, tau2):
    plan = stepped_wedge_plan(starts, 5)
    closed = hussey_hughes_variance(plan, sigma2=0.8, tau2=tau2, size=12)
    sizes = np.full(plan.shape, 12.0)
    assert stepped_wedge_variance(plan, sizes, sigma2=0.8, tau2=tau2) == pytest.approx(
        closed, rel=1e-10
    )


def test_unequal_clusters_agree_with_the_full_matrix():
    rng = np.random.default_rng(3)
    plan, sizes = stepped_wedge_plan([1, 2, 3, 3], 5), rng.integers(3, 20, size=(4, 5)) * 1.0
    information = np.zeros((6, 6))
    for row, n in zip(plan, sizes, strict=True):
        Z = np.column_stack([np.eye(5), row])
        information += Z.T @ np.linalg.solve(np.diag(0.7 / n) + 0.1, Z)
    expected = np.linalg.inv(information)[5, 5]
    found = stepped_wedge_variance(plan, sizes, sigma2=0.7, tau2=0.1)
    assert found == pytest.approx(expected, rel=1e-10)


def test_a_plan_that_confounds_programme_and_period_has_no_variance():
    plan = stepped_wedge_plan([2, 2, 2], 4)
    assert hussey_hughes_variance(plan, sigma2=1.0, tau2=0.1, size=5) == np.inf
    assert stepped_wedge_variance(plan, np.full((3, 4), 5.0), sigma2=1.0, tau2=0.1) == np.inf


def test_variance_is_that_of_simulated_estimates():
    # 4,000 replicates: two Monte-Carlo errors of a variance are 2 √(2/4000) = 4.5 %.
    plan, sizes = stepped_wedge_plan([1, 2, 3, 4, 1, 2], 5), np.full((6, 5), 8.0)
    sizes[::2] = 20
    rng, sigma2, tau2, replicates = np.random.default_rng(8), 0.9, 0.2, 4_000
    y = np.sqrt(tau2) * rng.normal(size=(replicates, 6, 1)) + 0.3 * np.arange(5) + 0.4 * plan
    y = y + rng.normal(size=y.shape) * np.sqrt(sigma2 / sizes)
    information, right = np.zeros((6, 6)), np.zeros((replicates, 6))
    for i in range(6):
        Z = np.column_stack([np.eye(5), plan[i]])
        W = np.linalg.inv(np.diag(sigma2 / sizes[i]) + tau2)
        information += Z.T @ W @ Z
        right += y[:, i] @ W @ Z
    estimates = right @ np.linalg.inv(information)[5]
    found = stepped_wedge_variance(plan, sizes, sigma2=sigma2, tau2=tau2)
    assert estimates.mean() == pytest.approx(0.4, abs=3 * np.sqrt(found / replicates))
    assert estimates.var() == pytest.approx(found, rel=0.045)
