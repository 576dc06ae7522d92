"""Figures at every threshold: against plain definitions, exact identities and the row bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.threshold_metrics import (
    bin_counts,
    bootstrap_metrics,
    threshold_bins,
    threshold_metrics,
)

GRID = np.arange(1, 101) / 200
W = 0.15


@pytest.fixture(scope="module")
def pupils() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    share = np.round(rng.beta(1.2, 8, 3000) * 180) / 180
    return share, rng.random(3000) < 0.03 + 0.6 * share


def test_every_figure_equals_its_definition(pupils: tuple[np.ndarray, np.ndarray]) -> None:
    share, event = pupils
    found = threshold_metrics(
        bin_counts(share, event, GRID), exchange=W, miss_cost=7, false_cost=2, months=5
    )
    n, events = len(share), event.sum()
    for k in (0, 7, 19, 39, 70):
        flag = share >= GRID[k]
        tp, fp = (flag & event).sum(), (flag & ~event).sum()
        fn, tn = events - tp, n - events - fp
        assert found.true_alarms[k] == tp
        assert found.false_alarms[k] == fp
        assert found.sensitivity[k] == pytest.approx(tp / events, abs=1e-12)
        assert found.specificity[k] == pytest.approx(tn / (tn + fp), abs=1e-12)
        assert found.ppv[k] == pytest.approx(tp / (tp + fp), abs=1e-12)
        assert found.npv[k] == pytest.approx(tn / (tn + fn), abs=1e-12)
        assert found.youden[k] == pytest.approx(tp / events + tn / (tn + fp) - 1, abs=1e-12)
        assert found.alarms[k] == pytest.approx(1000 * flag.mean() / 5, abs=1e-12)
        assert found.net_benefit[k] == pytest.approx((tp - W * fp) / n, abs=1e-12)
        assert found.standardised[k] == pytest.approx((tp - W * fp) / events, abs=1e-12)
        assert found.cost[k] == pytest.approx((7 * fn + 2 * fp) / n, abs=1e-12)


def test_net_benefit_of_alarming_everybody_is_prevalence_minus_weighted_rest(
    pupils: tuple[np.ndarray, np.ndarray],
) -> None:
    share, event = pupils
    found = threshold_metrics(bin_counts(share, event, [0.0, 0.1]), exchange=W)
    assert found.net_benefit[0] == pytest.approx(event.mean() - W * (1 - event.mean()), abs=1e-14)


def test_area_is_the_share_of_pairs_in_the_right_order(
    pupils: tuple[np.ndarray, np.ndarray],
) -> None:
    share, event = pupils
    bins = threshold_bins(share, GRID)
    high, low = bins[event][:, None], bins[~event][None, :]
    pairs = (high > low).mean() + 0.5 * (high == low).mean()
    assert threshold_metrics(bin_counts(share, event, GRID), exchange=W).auc == pytest.approx(
        pairs, abs=1e-12
    )


@pytest.mark.parametrize("places", [40, 200.0, 900, 10_000])
def test_limited_net_benefit_helps_the_highest_shares_first(
    pupils: tuple[np.ndarray, np.ndarray], places: float
) -> None:
    share, event = pupils
    counts = bin_counts(share, event, GRID)
    found = threshold_metrics(counts, exchange=W, places=places)
    bins, worth = threshold_bins(share, GRID), np.where(event, 1.0, -W)
    for k in (0, 10, 30, 60):
        left, value = float(places), 0.0
        for at in range(len(GRID), k, -1):
            inside = bins == at
            served = min(left, float(inside.sum()))
            value += served * worth[inside].mean() if inside.any() else 0.0
            left -= served
        assert found.limited[k] == pytest.approx(value / len(share), abs=1e-12)
    first = threshold_metrics(counts, exchange=W, places=places, order="first come")
    flagged = found.true_alarms + found.false_alarms
    expected = found.net_benefit * np.minimum(1, places / np.maximum(flagged, 1))
    np.testing.assert_allclose(first.limited, expected, atol=1e-14)


def test_places_for_all_limit_nothing(pupils: tuple[np.ndarray, np.ndarray]) -> None:
    counts = bin_counts(*pupils, GRID)
    free, wide = (
        threshold_metrics(counts, exchange=W),
        threshold_metrics(counts, exchange=W, places=3000),
    )
    np.testing.assert_array_equal(wide.limited, free.net_benefit)


def test_bins_follow_the_definition_also_at_equality_and_outside() -> None:
    rng = np.random.default_rng(2)
    share = np.r_[rng.random(500), np.arange(0, 41) / 40, 3 / 20, 0.0, 1.0, np.nan]
    for grid in (GRID, np.array([0.05, 0.1, 0.2]), np.array([0.2]), np.arange(0, 101) / 200 + 0.01):
        plain = [(s >= grid).sum() for s in share]
        assert threshold_bins(share, grid).tolist() == plain


def test_cells_have_the_mean_and_variance_of_the_row_bootstrap(
    pupils: tuple[np.ndarray, np.ndarray],
) -> None:
    """TP and FP of n drawn rows are binomial; their covariance is −n p q."""
    counts = bin_counts(*pupils, GRID)
    draws = 20_000
    found = bootstrap_metrics(counts, draws, np.random.default_rng(3), exchange=W)
    plain = threshold_metrics(counts, exchange=W)
    n = counts.sum()
    for k in (9, 29):
        p, q = plain.true_alarms[k] / n, plain.false_alarms[k] / n
        for values, share in ((found.true_alarms[:, k], p), (found.false_alarms[:, k], q)):
            variance = n * share * (1 - share)
            # Five Monte-Carlo errors of a mean and of a variance of 20,000 draws.
            assert abs(values.mean() - n * share) < 5 * np.sqrt(variance / draws)
            assert abs(values.var() / variance - 1) < 5 * np.sqrt(2 / draws)
        joint = np.cov(found.true_alarms[:, k], found.false_alarms[:, k])[0, 1]
        spread = n * np.sqrt(p * (1 - p) * q * (1 - q))
        assert abs(joint + n * p * q) < 5 * spread / np.sqrt(draws)


def test_no_alarm_and_no_event_give_nan_instead_of_a_figure() -> None:
    found = threshold_metrics([[10, 0], [0, 0]], exchange=W)
    assert np.isnan(found.ppv[0])
    assert np.isnan(found.sensitivity[0])
    assert found.net_benefit[0] == 0.0
