from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from absence_risk.stats.sensitivity import (
    e_value,
    e_value_d,
    robustness_value,
    rosenbaum_bounds,
)

PEER = json.loads((Path(__file__).parents[1] / "reference" / "comparison.json").read_text())
GAMMAS = (1.0, 1.5, 2.0, 3.0)


@pytest.mark.parametrize(("test", "name"), [("sign", "sign"), ("signed rank", "rank")])
def test_bounds_agree_with_the_formula_in_r(test, name):
    found = rosenbaum_bounds(PEER["pairs"], test=test, gammas=GAMMAS)
    expected = [bound[name] for bound in PEER["bounds"]]
    assert found.p_high == pytest.approx(expected, rel=1e-10)
    assert all(low <= high for low, high in zip(found.p_low, found.p_high, strict=True))
    assert found.p_low[0] == found.p_high[0]


def test_tolerated_bias_agrees_with_r():
    found = rosenbaum_bounds(PEER["pairs"])
    assert found.gamma_at_alpha == pytest.approx(PEER["gamma_at_alpha"], abs=1e-8)
    assert rosenbaum_bounds(PEER["pairs"], alternative="greater").gamma_at_alpha == 1.0


def test_a_sign_bound_is_the_worst_probability_of_biased_coins():
    # 9 of 10 pairs favour the treated; each coin may land so with chance 2/3 at Γ = 2.
    values = [-1.0] * 9 + [1.0]
    worst = sum(math.comb(10, k) * (2 / 3) ** k * (1 / 3) ** (10 - k) for k in (9, 10))
    assert rosenbaum_bounds(values, test="sign", gammas=[2.0]).p_high[0] == pytest.approx(worst)


def test_bounds_hold_under_the_bias_they_allow():
    # Pairs of which the worse-off is treated with odds 2: the bound at Γ = 2 holds its level,
    # the usual test (Γ = 1) does not. 1,000 replicates: two Monte-Carlo errors of 5 % are 1.4 %.
    rng = np.random.default_rng(5)
    size = np.abs(rng.normal(size=(1_000, 60)))
    signed = np.where(rng.random(size.shape) < 2 / 3, -size, size)
    p = np.array([rosenbaum_bounds(row, gammas=[1.0, 2.0]).p_high for row in signed])
    assert (p[:, 0] <= 0.05).mean() > 0.7
    assert (p[:, 1] <= 0.05).mean() <= 0.05 + 0.014


def test_robustness_agrees_with_the_formula_in_r():
    first, second = robustness_value(4.18445, 783), robustness_value(-2.2, 40, q=0.5)
    found = [first.estimate, first.significance, second.estimate, second.significance]
    assert found == pytest.approx(PEER["robustness"], abs=1e-12)


def test_a_confounder_of_the_robustness_value_brings_the_estimate_to_zero():
    # Omitted-variable bias with partial R² equal to RV twice: |bias| = se √(df R⁴/(1 − R²)).
    t, df = 3.1, 57
    rv = robustness_value(t, df).estimate
    assert math.sqrt(df * rv * rv / (1 - rv)) == pytest.approx(t, rel=1e-10)


def test_e_values_agree_and_are_symmetric():
    assert [e_value(2.3).point, e_value_d(0.4).point] == pytest.approx(PEER["e_value"], rel=1e-12)
    assert e_value(1 / 2.3).point == pytest.approx(e_value(2.3).point)
    assert e_value(1.2, conf_low=0.9, conf_high=1.6).limit == 1.0
    assert e_value_d(0.4, 0.1).limit == pytest.approx(e_value(math.exp(0.364 - 0.178)).point)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: e_value(-1.0), "above 0"),
        (lambda: e_value(1.2, conf_low=1.0), "both"),
        (lambda: e_value(1.2, conf_low=1.3, conf_high=1.4), "enclose"),
        (lambda: e_value_d(math.nan), "d must be finite"),
        (lambda: robustness_value(1.0, 1.0), "above 1"),
        (lambda: robustness_value(1.0, 9.0, q=0.0), "q must"),
        (lambda: rosenbaum_bounds([0.0, 0.0]), "No pair"),
        (lambda: rosenbaum_bounds([1.0, math.nan]), "differences must be finite"),
        (lambda: rosenbaum_bounds([1.0], gammas=[0.5]), "at least 1"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
