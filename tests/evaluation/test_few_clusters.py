"""Cross-checks that count each cluster once."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from absence_risk.errors import DesignError
from absence_risk.evaluation import PrePost, Rate, few_clusters_table


def pupils(first, n, towns, seed):
    rng = np.random.default_rng(seed)
    before = rng.uniform(0.15, 0.4, n)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "town": rng.integers(0, towns, n),
            "before": before,
            "after": np.clip(0.6 * before + rng.normal(0.05, 0.05, n), 0, 1),
        }
    )


def study(cases, registry=None):
    outcomes = {"absence": Rate(pre="before", post="after")}
    return PrePost(cases, outcomes=outcomes, cluster="town", registry=registry)


def test_rows_are_those_of_scipy_and_of_the_study():
    cases, others = pupils(0, 80, 6, 1), pupils(500, 600, 6, 2)
    own = study(cases, others)
    found = few_clusters_table(own, "absence")
    curve = np.polynomial.Polynomial.fit(others["before"], others["after"] - others["before"], 2)
    gaps = cases["after"] - cases["before"] - curve(cases["before"])
    means = gaps.groupby(cases["town"]).mean().to_numpy()
    wanted = stats.ttest_1samp(means, 0.0)
    cr2, by_mean, flips = found.rows
    assert_allclose([by_mean.statistic, by_mean.p_value], [wanted.statistic, wanted.pvalue])
    signs = np.array(list(product((-1, 1), repeat=6)))
    p = np.mean(np.abs(signs @ means) >= abs(means.sum()) * (1 - 1e-9))
    assert_allclose(flips.p_value, p)
    beyond = own.change("absence").beyond
    assert (cr2.estimate, cr2.p_value, cr2.n) == (beyond.estimate, beyond.p_value, 80)
    assert "can reach: 0.0312." in found.note


def test_without_a_registry_it_is_the_change_itself():
    cases = pupils(0, 40, 4, 3)
    found = few_clusters_table(study(cases), "absence")
    assert_allclose(found.rows[0].estimate, (cases["after"] - cases["before"]).mean())
    assert found.rows[1].n == 4


def test_many_clusters_are_drawn_from():
    found = few_clusters_table(study(pupils(0, 200, 20, 4)), "absence", random_state=1)
    assert "random sign patterns" in found.note
    assert found.rows[2].p_value >= 1e-4


def test_one_cluster_is_refused():
    with pytest.raises(DesignError, match="one cluster"):
        few_clusters_table(study(pupils(0, 40, 1, 5)), "absence")
