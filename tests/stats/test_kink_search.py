"""The kink search finds the global least-squares optimum."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from absence_risk.stats.kink import kink_search

REFERENCE = Path(__file__).parents[1] / "reference"


def reference():
    with (REFERENCE / "kink.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    return columns, json.loads((REFERENCE / "kink.json").read_text())


def data_set(k):
    """One of 200 data sets: continuous, heaped or with outliers; no, weak or strong kink."""
    rng = np.random.default_rng([7, k])
    n = int(rng.integers(14, 70))
    x = rng.beta(1.2, 8, n)
    if k % 4 == 1:
        x = np.round(x, 2)
    if k % 4 == 2:
        x = np.round(x * 30) / 30 + 2.0 * (rng.random(n) < 0.1)
    y = rng.normal(size=n) + (0, -5, -60)[k % 3] * np.maximum(x - 0.1, 0)
    if k % 4 == 3:
        y[rng.integers(0, n, 2)] += 30
    z = rng.normal(size=(n, 2)) if k % 2 else None
    return x, z, y


def brute_force(x, z, y):
    """Fine grid between neighbouring values, then ternary search around the best point of each."""
    columns = [np.ones_like(x), x] + ([] if z is None else list(z.T))
    q = np.linalg.qr(np.column_stack(columns))[0]
    r = y - q @ (q.T @ y)

    def ssr(place):
        h = np.maximum(x[:, None] - place, 0)
        h = h - q @ (q.T @ h)
        return r @ r - (r @ h) ** 2 / (h * h).sum(axis=0)

    values = np.unique(x)[2:-2]
    grid = np.linspace(values[:-1], values[1:], 12)
    found = ssr(grid.ravel()).reshape(grid.shape)
    at = found.argmin(axis=0)
    column = np.arange(grid.shape[1])
    low, high = grid[np.maximum(at - 1, 0), column], grid[np.minimum(at + 1, 11), column]
    for _ in range(70):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        smaller = ssr(left) < ssr(right)
        low, high = np.where(smaller, low, left), np.where(smaller, right, high)
    places = np.r_[grid[at, column], (low + high) / 2]
    values_there = ssr(places)
    return places[values_there.argmin()], values_there.min()


def test_global_optimum_on_200_data_sets():
    worst_place = worst_ssr = 0.0
    for k in range(200):
        x, z, y = data_set(k)
        fit = kink_search(x, z).fit(y)
        place, ssr = brute_force(x, z, y)
        worst_ssr = max(worst_ssr, abs(fit.ssr[0] / ssr - 1))
        worst_place = max(worst_place, abs(fit.location[0] - place) / np.ptp(x))
    assert worst_ssr < 1e-9
    assert worst_place < 1e-6


def test_many_outcomes_at_once_equal_one_by_one():
    x, z, y = data_set(9)
    rng = np.random.default_rng(1)
    outcomes = y[:, None] + rng.normal(size=(len(y), 5))
    search = kink_search(x, z)
    together = search.fit(outcomes)
    for k in range(5):
        alone = search.fit(outcomes[:, k])
        assert together.location[k] == pytest.approx(alone.location[0], abs=1e-12)
        assert together.ssr[k] == pytest.approx(alone.ssr[0], rel=1e-12)


def test_row_order_and_units_change_nothing():
    x, z, y = data_set(5)
    order = np.random.default_rng(2).permutation(len(x))
    first = kink_search(x, z).fit(y)
    second = kink_search(100 * x[order], z[order] * 1000 + 5).fit(3 * y[order] + 700)
    assert second.location[0] == pytest.approx(100 * first.location[0], rel=1e-9)
    assert second.ssr[0] == pytest.approx(9 * first.ssr[0], rel=1e-9)


def test_agrees_with_r():
    data, wanted = reference()
    fit = kink_search(data["absence"], data["prior"]).fit(data["points"])
    assert fit.location[0] == pytest.approx(wanted["best"]["psi"], abs=1e-6)
    assert fit.ssr[0] == pytest.approx(wanted["best"]["ssr"], rel=1e-9)
    assert fit.ssr_line[0] == pytest.approx(wanted["ssr_line"], rel=1e-9)
    assert fit.location[0] == pytest.approx(wanted["segmented"]["psi"], abs=1e-6)
    assert fit.ssr[0] <= wanted["segmented"]["ssr"] * (1 + 1e-12)


def test_gain_at_a_given_place_is_that_of_least_squares():
    x, z, y = data_set(9)
    search = kink_search(x, z)
    place = float(np.median(x)) + 1e-4
    line = np.column_stack([np.ones_like(x), x, z])
    bent = np.column_stack([line, np.maximum(x - place, 0)])
    ssr = [np.sum((y - m @ np.linalg.lstsq(m, y, rcond=None)[0]) ** 2) for m in (line, bent)]
    assert search.gain_at(y, place)[0] == pytest.approx(ssr[0] - ssr[1], rel=1e-9)


def test_three_distinct_values_stay_on_each_side():
    x = np.r_[np.zeros(30), 0.1, 0.2, 0.3, 0.4, 0.5, np.full(30, 0.6)]
    assert kink_search(x).limits == pytest.approx((0.2, 0.4))
    assert kink_search(np.linspace(0, 1, 101), trim=0.1).limits == pytest.approx((0.10, 0.90))


def test_no_place_for_a_kink_is_refused():
    with pytest.raises(ValueError, match="leave no place for a kink"):
        kink_search([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_covariate_that_is_the_hinge_leaves_nothing_to_gain():
    rng = np.random.default_rng(3)
    x = np.round(rng.random(60), 1)
    indicators = (x[:, None] == np.unique(x)[1:]).astype(float)
    fit = kink_search(x, indicators).fit(rng.normal(size=60))
    assert fit.gain[0] == pytest.approx(0.0, abs=1e-9)


def test_location_outside_the_search_is_refused():
    x, z, y = data_set(9)
    with pytest.raises(ValueError, match="location must lie in"):
        kink_search(x, z).gain_at(y, 5.0)
