"""First alarms, lead time and work at every threshold: equal to a plain loop over pupils."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.alarm_frontier import (
    Tallies,
    alarm_frontier,
    consecutive,
    first_alarm,
    unit_weights,
)

GRID = np.arange(1, 61) / 100
N, T = 400, 9


@pytest.fixture(scope="module")
def panel() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares with gaps, events, and a lead time of their own for every pupil."""
    rng = np.random.default_rng(5)
    base = rng.beta(1.2, 9, N)
    share = np.clip(base[:, None] + 0.1 * rng.standard_normal((N, T)), 0, 1).round(2)
    share[rng.random((N, T)) < 0.1] = np.nan
    event = rng.random(N) < 0.1 + base
    at = rng.integers(3, T + 1, N)
    share[event[:, None] & (np.arange(T) >= at[:, None])] = np.nan
    return share, event, at[:, None] - np.arange(T) + 0.5


def loop(share: np.ndarray, event: np.ndarray, lead: np.ndarray, at: float) -> dict[str, float]:
    tp = fp = months = offered = 0
    leads = []
    for row, case, ahead in zip(share, event, lead, strict=True):
        hits = [t for t in range(T) if row[t] >= at]
        months += len(hits)
        offered += int((~np.isnan(row)).sum())
        tp, fp = tp + (bool(hits) and case), fp + (bool(hits) and not case)
        if hits and case:
            leads.append(ahead[hits[0]])
    return {
        "sensitivity": tp / event.sum(),
        "ppv": tp / (tp + fp),
        "lead": float(np.mean(leads)),
        "alarms": 1000 * months / offered,
        "first_alarms": 1000 * (tp + fp) / offered,
    }


@pytest.mark.parametrize("k", [0, 9, 14, 19, 29])
def test_frontier_at_one_threshold_is_a_plain_loop(
    panel: tuple[np.ndarray, np.ndarray, np.ndarray], k: int
) -> None:
    share, event, lead = panel
    found = alarm_frontier(Tallies.of(share, event, GRID, lead=lead).total())
    for name, value in loop(share, event, lead, GRID[k]).items():
        assert getattr(found, name)[k] == pytest.approx(value, rel=1e-6), name


def test_first_alarm_is_the_first_month_at_or_above(
    panel: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    share = panel[0]
    found = first_alarm(share, GRID)
    for k in (0, 14, 40, 59):
        plain = [next((t for t in range(T) if row[t] >= GRID[k]), T) for row in share]
        assert found[:, k].tolist() == plain


@pytest.mark.parametrize("periods", [1, 2, 3])
def test_consecutive_rule_is_a_plain_loop(
    panel: tuple[np.ndarray, np.ndarray, np.ndarray], periods: int
) -> None:
    share = panel[0][:60]
    found = first_alarm(consecutive(share, periods), [0.15])[:, 0]
    for row, first in zip(share, found, strict=True):
        runs = (t for t in range(periods - 1, T) if (row[t - periods + 1 : t + 1] >= 0.15).all())
        assert first == next(runs, T)


def test_weights_count_pupils_as_often_as_they_are_drawn(
    panel: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    share, event, lead = panel
    tallies = Tallies.of(share, event, GRID, lead=lead)
    weights = unit_weights(N, 70, np.random.default_rng(1))
    found = alarm_frontier(tallies.weighted(weights))
    rows = np.repeat(np.arange(N), weights[:, 66].astype(int))
    plain = loop(share[rows], event[rows], lead[rows], GRID[14])
    for name, value in plain.items():
        assert getattr(found, name)[66, 14] == pytest.approx(value, rel=1e-5), name


def test_clusters_are_drawn_as_wholes(panel: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    share, event, lead = panel
    school = np.arange(N) % 7
    tallies = Tallies.of(share, event, GRID, lead=lead, unit=school)
    weights = unit_weights(7, 5, np.random.default_rng(1))
    found = tallies.weighted(weights)
    by_pupil = Tallies.of(share, event, GRID, lead=lead).weighted(weights[school])
    np.testing.assert_allclose(found, by_pupil, rtol=1e-5)


def test_drawn_weights_have_the_law_of_the_multinomial() -> None:
    weights = unit_weights(50, 20_000, np.random.default_rng(8))
    assert (weights.sum(axis=0) == 50).all()
    # Five Monte-Carlo errors: mean 1, variance 1 − 1/n.
    assert abs(weights[0].mean() - 1) < 5 / np.sqrt(20_000)
    assert abs(weights[0].var() - 0.98) < 5 * np.sqrt(3 / 20_000)


def test_months_may_be_coarser_than_windows(
    panel: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    share, event, lead = panel
    months = np.fmax(np.fmax(share[:, 0:9:3], share[:, 1:9:3]), share[:, 2:9:3])
    found = alarm_frontier(Tallies.of(share, event, GRID, lead=lead, months=months).total())
    known = ~np.isnan(months)
    assert found.alarms[9] == pytest.approx(1000 * (months >= GRID[9]).sum() / known.sum())
    plain = alarm_frontier(Tallies.of(share, event, GRID, lead=lead).total())
    np.testing.assert_allclose(found.lead, plain.lead)
