"""The best of many cuts: its p-value must know that it was chosen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, norm

from absence_risk.stats.best_cut import best_cut, bounded_p, selected_p
from absence_risk.stats.threshold_metrics import bin_counts

GRID = np.arange(1, 201) / 200


def test_best_cut_has_the_largest_chi_square() -> None:
    rng = np.random.default_rng(1)
    share = rng.beta(1.2, 8, 500)
    event = rng.random(500) < 0.1 + 0.5 * share
    found = best_cut(bin_counts(share, event, GRID), trim=0.1)
    statistics = {}
    for k, at in enumerate(GRID):
        flag = share >= at
        if 50 <= flag.sum() <= 450:
            table = [[(flag & event).sum(), (flag & ~event).sum()]]
            table += [[(~flag & event).sum(), (~flag & ~event).sum()]]
            statistics[k] = chi2_contingency(table, correction=False).statistic
    best = max(statistics, key=lambda k: statistics[k])
    assert found.index == best
    assert found.z**2 == pytest.approx(statistics[best], rel=1e-10)
    assert found.naive_p == pytest.approx(2 * norm.sf(found.z), rel=1e-10)


def test_adjusted_p_follows_the_printed_formula() -> None:
    """Miller & Siegmund 1982; Altman et al. 1994 give −1.63 p (1 + 2.35 ln p) for ε = 0.10."""
    for p in (0.001, 0.003, 0.01):
        z = float(norm.isf(p / 2))
        assert selected_p(z, 0.10) == pytest.approx(-1.63 * p * (1 + 2.35 * np.log(p)), rel=0.03)


def test_one_fixed_cut_needs_no_adjustment() -> None:
    assert bounded_p(2.5, [0.4]) == pytest.approx(2 * norm.sf(2.5), rel=1e-12)


def test_false_positives_of_the_best_cut_are_3_to_6_per_cent_after_adjustment() -> None:
    """1,500 registers without a relation: Monte-Carlo error 0.5 points."""
    rng = np.random.default_rng(3)
    found = [
        best_cut(bin_counts(rng.beta(1.2, 8, 1000), rng.random(1000) < 0.2, GRID))
        for _ in range(1500)
    ]
    naive = np.mean([cut.naive_p < 0.05 for cut in found])
    adjusted = np.mean([cut.adjusted_p < 0.05 for cut in found])
    assert naive > 0.3
    assert 0.03 - 0.005 <= adjusted <= 0.06


def test_no_cut_inside_the_trimmed_range_gives_p_of_one() -> None:
    found = best_cut([[1000, 3], [10, 2]], trim=0.1)
    assert (found.index, found.adjusted_p) == (-1, 1.0)


def test_trim_must_leave_a_middle() -> None:
    with pytest.raises(ValueError, match="trim must lie strictly"):
        selected_p(2.0, 0.5)
