"""The confidence set of a kink: exact ends, honest where the data do not bound it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from absence_risk.stats.kink import kink_search

REFERENCE = Path(__file__).parents[1] / "reference"


def covers(parts, place):
    return bool(((parts[:, 0] <= place) & (place <= parts[:, 1])).any())


def test_ends_agree_with_uniroot_in_r():
    with (REFERENCE / "kink.csv").open() as file:
        rows = list(csv.DictReader(file))
    data = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    wanted = json.loads((REFERENCE / "kink.json").read_text())["set"]
    search = kink_search(data["absence"], data["prior"])
    assert search.df_resid == wanted["df"]
    assert search.critical_value(0.95) == pytest.approx(wanted["critical"], rel=1e-9)
    found = search.confidence_set(data["points"], search.critical_value(0.95))
    assert found.ravel() == pytest.approx(wanted["crossings"], abs=1e-6 * np.ptp(data["absence"]))


def test_every_place_inside_fits_well_enough_and_no_place_outside():
    for k in range(20):
        rng = np.random.default_rng([3, k])
        x = rng.beta(1.2, 8, 120)
        y = -4 * np.maximum(x - 0.2, 0) + rng.normal(size=120)
        search = kink_search(x)
        parts = search.confidence_set(y, 2.5)
        fit = search.fit(y)
        limit = fit.ssr[0] * (1 + 2.5 / search.df_resid)
        for place in np.linspace(*search.limits, 200):
            ssr = fit.ssr_line[0] - search.gain_at(y, place)[0]
            if abs(ssr - limit) > 1e-9 * limit:
                assert covers(parts, place) == (ssr < limit)


def test_two_bends_give_a_set_with_a_gap():
    x = np.linspace(0, 1, 400)
    y = np.abs(x - 0.3) - np.abs(x - 0.7) + 0.02 * np.sin(1000 * x)
    search = kink_search(x)
    parts = search.confidence_set(y, search.critical_value(0.95))
    assert len(parts) == 2
    assert covers(parts, 0.5) is False


def test_without_a_kink_the_set_reaches_both_ends():
    x = np.sort(np.random.default_rng(5).random(60))
    search = kink_search(x)
    parts = search.confidence_set(np.tile([1.0, -1.0], 30), search.critical_value(0.99))
    assert len(parts) == 1
    assert parts[0, 0] == pytest.approx(search.limits[0])
    assert parts[-1, 1] == pytest.approx(search.limits[1])


@pytest.mark.parametrize(("slope_change", "published"), [(-40, 0.918), (-100, 0.934)])
def test_coverage_of_the_profile_set(slope_change, published):
    # x ~ Beta(1.2, 8), kink at 20 %, sigma 8, n = 500. With 1,000 replicates the Monte-Carlo
    # standard error of a coverage of .92 is .0086; the tolerance is 3 of them.
    rng = np.random.default_rng(20)
    hits = 0
    for _ in range(1000):
        x = rng.beta(1.2, 8, 500)
        y = slope_change * np.maximum(x - 0.2, 0) + 8 * rng.normal(size=500)
        search = kink_search(x)
        hits += covers(search.confidence_set(y, search.critical_value(0.95)), 0.2)
    assert hits / 1000 == pytest.approx(published, abs=0.026)
