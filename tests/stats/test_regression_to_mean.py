"""Regression to the mean against integrals in R, simulation and limiting cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.stats.regression_to_mean import (
    BetaPopulation,
    beta_binomial_expected,
    beta_binomial_regression,
    fit_beta,
    insignificant_means,
    normal_regression,
    overdispersion_test,
)

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((REFERENCE / "regression_to_mean.json").read_text())


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "regression_to_mean.csv")


def test_normal_formula_is_the_integral(expected: dict[str, Any]) -> None:
    peer = expected["normal"]
    one = {"mean": 0.07, "between_sd": 0.06, "within_sd": 0.05}
    assert normal_regression(0.2, **one) == pytest.approx(peer["above"], rel=1e-8)
    assert normal_regression(0.2, n_measures=2, **one) == pytest.approx(peer["twice"], rel=1e-8)
    below = normal_regression(2.5, mean=3.4, between_sd=0.5, within_sd=0.4, above=False)
    assert below == pytest.approx(peer["below"], rel=1e-8)


def test_normal_formula_far_out_and_without_error() -> None:
    # Mills' ratio tends to z: those 40 SD out come back by the unreliable part of 40 SD.
    far = normal_regression(40.0, mean=0.0, between_sd=0.8, within_sd=0.6)
    assert far == pytest.approx(0.36 * 40, rel=1e-3)
    assert normal_regression(1.0, mean=0.0, between_sd=1.0, within_sd=0.0) == 0.0


def test_beta_binomial_sum_is_the_integral(expected: dict[str, Any]) -> None:
    population = BetaPopulation(a=0.8, b=10.6)
    for (days, cut), name in (((20, 4), "short"), ((60, 9), "long")):
        found = beta_binomial_regression(days, cut, population)
        assert found == pytest.approx(expected["beta_binomial"][name], rel=1e-7)


def test_moments_and_overdispersion_agree_with_r(
    expected: dict[str, Any], frame: pd.DataFrame
) -> None:
    found = fit_beta(frame["days_pre"].to_numpy(float), frame["n_pre"].to_numpy(float))
    assert [found.a, found.b] == pytest.approx(expected["fit"], rel=1e-10)
    rest = frame[frame["is_case"] == 0]
    test = overdispersion_test(
        rest[["days_pre", "days_post"]].to_numpy(float), rest[["n_pre", "n_post"]].to_numpy(float)
    )
    assert [test.excess, test.statistic, test.p_value] == pytest.approx(
        expected["overdispersion"], rel=1e-9
    )


def test_a_known_population_is_found() -> None:
    # 200 registers of 2,000 pupils: the SD of a over registers is about 0.03, its mean known to
    # 0.005 (2 SE); fitted by moments it is biased by less than that.
    rng = np.random.default_rng(3)
    shapes, back = [], []
    for _ in range(200):
        p = rng.beta(0.8, 10.6, size=2_000)
        x = rng.binomial(60, p).astype(float)
        n = np.full(2_000, 60.0)
        shapes.append(fit_beta(x, n).a)
        chosen = x >= 9
        own = beta_binomial_expected(x, n, BetaPopulation(a=0.8, b=10.6))
        back.append((rng.binomial(60, p)[chosen] / 60 - own[chosen]).mean())
    assert np.mean(shapes) == pytest.approx(0.8, abs=0.01)
    assert abs(np.mean(back)) <= 2.5 * np.std(back) / 200**0.5


@pytest.mark.parametrize(
    ("kappa", "season", "low", "high"),
    [(None, 0.0, 0.02, 0.09), (25.0, 0.0, 0.95, 1.0), (None, 0.3, 0.95, 1.0)],
    ids=["independent days", "spells", "season"],
)
def test_spells_and_season_are_found_and_nothing_else(
    kappa: float | None, season: float, low: float, high: float
) -> None:
    # 400 registers: 2 SE of a 5 % error are 2.2 points; the moment test is a little skewed.
    rng = np.random.default_rng(11)
    hits = []
    for _ in range(400):
        p = np.clip(rng.beta(0.8, 10.6, size=1_500), 1e-9, 1 - 1e-9)
        days = []
        for shift in (0.0, season):
            q = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + shift)))
            q = q if kappa is None else rng.beta(kappa * q, kappa * (1 - q))
            days.append(rng.binomial(60, q))
        found = overdispersion_test(np.column_stack(days).astype(float), np.full((1_500, 2), 60.0))
        hits.append(found.p_value < 0.05)
    assert low <= np.mean(hits) <= high


def test_pupils_who_do_not_differ_have_no_beta_population() -> None:
    with pytest.raises(ValueError, match="no Beta population"):
        fit_beta(np.full(10, 3.0), np.full(10, 20.0))


@pytest.mark.parametrize(
    ("slope", "variance", "expected_ends"),
    [
        (0.5, 0.0, [(0.0, 4.0)]),
        (1.0, 0.0, [(-np.inf, np.inf)]),
        (0.9, 1.0, [(-np.inf, np.inf)]),
    ],
    ids=["a range", "no slope", "no slope known"],
)
def test_shapes_of_the_range_of_means(
    slope: float, variance: float, expected_ends: list[tuple[float, float]]
) -> None:
    coef = np.array([1.0 if slope < 0.9 else 0.1, slope])
    found = insignificant_means(coef, np.diag([0.25, variance]), 2.0)
    assert list(found) == expected_ends


def test_outside_a_narrow_range_of_means_nothing_is_significant() -> None:
    # A > 0 fails: the slope is hardly known, so that only means near zero tell a change.
    found = insignificant_means(np.array([2.0, 0.9]), np.diag([0.25, 0.01]), 2.0)
    assert len(found) == 2
    for mu, significant in ((0.0, True), (found[0][0] - 1, False), (found[1][1] + 1, False)):
        tau, error = 2.0 - 0.1 * mu, (0.25 + 0.01 * mu**2) ** 0.5
        inside = any(low <= mu <= high for low, high in found)
        assert inside is not significant
        assert (abs(tau) > 2.0 * error) is significant
