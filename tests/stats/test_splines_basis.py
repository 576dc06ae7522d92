"""The restricted cubic spline is that of Harrell's rms."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from absence_risk.stats.splines import harrell_knots, restricted_cubic

REFERENCE = Path(__file__).parents[1] / "reference"


def test_knots_and_basis_agree_with_rms():
    with (REFERENCE / "kink.csv").open() as file:
        absence = [float(row["absence"]) for row in csv.DictReader(file)]
    wanted = json.loads((REFERENCE / "kink.json").read_text())["spline"]
    knots = harrell_knots(absence)
    assert knots == pytest.approx(wanted["knots"], abs=1e-12)
    assert harrell_knots(absence, 4) == pytest.approx(wanted["knots4"], abs=1e-12)
    assert restricted_cubic(wanted["at"], knots) == pytest.approx(
        np.array(wanted["basis"]), abs=1e-8
    )


def test_straight_beyond_the_outer_knots():
    knots = [0.1, 0.2, 0.4, 0.5]
    for side in (np.linspace(-1, 0.1, 7), np.linspace(0.5, 2, 7)):
        bends = np.diff(restricted_cubic(side, knots), n=2, axis=0)
        assert bends == pytest.approx(0, abs=1e-12)


def test_heaped_values_get_knots_at_distinct_values():
    heaped = np.r_[np.zeros(900), np.arange(1, 101) / 100]
    assert (np.diff(harrell_knots(heaped)) > 0).all()


@pytest.mark.parametrize(("x", "knots"), [([1.0, 2.0], 5), (np.arange(50.0), 7)])
def test_impossible_knots_are_refused(x, knots):
    with pytest.raises(ValueError, match="knots"):
        harrell_knots(x, knots)


def test_unordered_knots_are_refused():
    with pytest.raises(ValueError, match="strictly increasing"):
        restricted_cubic([0.1], [0.3, 0.2, 0.4])
