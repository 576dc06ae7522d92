"""Interrupted series, synthetic control of a municipality, power of a stepped wedge."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from absence_risk.errors import DesignError
from absence_risk.evaluation.donor_mixture import synthetic_control
from absence_risk.evaluation.stepped_wedge import stepped_wedge_power
from absence_risk.evaluation.time_series import interrupted_time_series

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())
SERIES = {"outcome": "y", "time": "period", "start": 17, "chosen_by_outcome": False}
MIX = {
    "outcome": "y",
    "time": "period",
    "unit_column": "unit",
    "treated_unit": 1,
    "start": 9,
    "chosen_by_outcome": False,
}


@pytest.fixture(scope="module")
def series():
    return pd.read_csv(REFERENCE / "comparison_series.csv")


@pytest.fixture(scope="module")
def donors():
    return pd.read_csv(REFERENCE / "comparison_donors.csv")


def test_both_fits_agree_with_r(series):
    found = interrupted_time_series(series, **SERIES, lags=3)
    rows = {(row.group, row.term): row for row in found.table("segments").rows}
    terms = ("slope before", "change of level at the start", "change of slope")
    for name, key, tolerance in (("newey-west", "ols", 1e-8), ("prais-winsten", "reml", 1e-6)):
        for k, term in enumerate(terms, start=1):
            row = rows[name, term]
            assert row.estimate == pytest.approx(PEER[key]["beta"][k], abs=tolerance)
            assert row.std_error == pytest.approx(PEER[key]["se"][k], abs=tolerance)


def test_the_difference_is_the_mean_gap_to_the_earlier_trend(series):
    found = interrupted_time_series(series, **SERIES)
    early, late = series[series["period"] < 17], series[series["period"] >= 17]
    slope, level = np.polyfit(early["period"], early["y"], 1)
    gap = (late["y"] - level - slope * late["period"]).mean()
    rows = {row.group: row for row in found.table("segments").rows if row.term.startswith("mean")}
    assert rows["newey-west"].estimate == pytest.approx(gap, abs=1e-9)
    beyond = found.estimate.estimate - found.benchmark.estimate
    assert found.beyond.estimate == pytest.approx(beyond, abs=1e-9)
    assert rows["prais-winsten"].estimate == pytest.approx(beyond, abs=1e-9)


def test_order_and_origin_of_time_change_nothing(series):
    one = interrupted_time_series(series, **SERIES)
    moved = series.assign(period=202_400 + series["period"]).sample(frac=1, random_state=2)
    other = interrupted_time_series(moved, **{**SERIES, "start": 202_417})
    assert other.beyond.estimate == pytest.approx(one.beyond.estimate, abs=1e-8)
    assert other.beyond.std_error == pytest.approx(one.beyond.std_error, rel=1e-6)


def test_what_a_series_cannot_answer_is_named(series):
    with pytest.raises(DesignError, match=r"7 before and 23 after.*What can still be said"):
        interrupted_time_series(series, **{**SERIES, "start": 8})
    with pytest.raises(DesignError, match="equally spaced"):
        interrupted_time_series(series.drop(index=4), **SERIES)
    with pytest.raises(DesignError, match="1 periods have no value"):
        interrupted_time_series(series.assign(y=series["y"].where(series["period"] != 3)), **SERIES)
    with pytest.raises(ValueError, match="stand twice"):
        interrupted_time_series(pd.concat([series, series.iloc[:1]]), **SERIES)
    with pytest.raises(ValueError, match="least"):
        interrupted_time_series(series, **SERIES, least=2)
    with pytest.raises(ValueError, match="lags"):
        interrupted_time_series(series, **SERIES, lags=30)
    held = interrupted_time_series(series, **{**SERIES, "chosen_by_outcome": True})
    assert held.verdict.answer == "undecidable"


def test_level_of_the_series_test_with_autocorrelation():
    # 200 series of 40 points: two Monte-Carlo errors of 5 % are 3.1 points.
    rng, wrong = np.random.default_rng(7), []
    for _ in range(200):
        e = rng.normal(size=40)
        for t in range(1, 40):
            e[t] += 0.4 * e[t - 1]
        frame = pd.DataFrame({"period": np.arange(40), "y": e})
        row = interrupted_time_series(frame, **{**SERIES, "start": 20}).beyond
        wrong.append(row.p_value < 0.05)
    assert np.mean(wrong) == pytest.approx(0.05, abs=0.031)


def test_synthetic_control_agrees_with_r(donors):
    found = synthetic_control(donors.sample(frac=1, random_state=1), **MIX)
    weights = [row.estimate for row in found.table("weights").rows]
    assert weights == pytest.approx(PEER["synthetic"]["weights"][0][1:], abs=1e-8)
    ratios = [row.estimate for row in found.table("placebos").rows]
    assert ratios == pytest.approx(PEER["synthetic"]["ratio"], rel=1e-7)
    gaps = PEER["synthetic"]["gaps"][0]
    assert found.beyond.estimate == pytest.approx(np.mean(gaps[8:]), abs=1e-8)
    assert np.mean(np.array(ratios) >= ratios[0] - 1e-9) == pytest.approx(PEER["synthetic"]["p"])


def test_six_others_can_never_support_a_claim(donors):
    large = donors.assign(y=donors["y"] - 50.0 * (donors["unit"].eq(1) & donors["period"].ge(9)))
    found = synthetic_control(large, **MIX)
    assert "smallest p-value 0.143" in found.method
    assert (found.beyond.p_value, found.beyond.conf_low, found.beyond.conf_high) == (None,) * 3
    assert found.verdict.answer == "undecidable"
    assert any("At least 19 others" in reason for reason in found.verdict.reasons)


def test_what_a_mixture_cannot_answer_is_named(donors):
    with pytest.raises(DesignError, match=r"at least 5 other.*there are 4.*What can still be said"):
        synthetic_control(donors[donors["unit"] <= 5], **MIX)
    with pytest.raises(DesignError, match="3 periods before the start"):
        synthetic_control(donors, **{**MIX, "start": 4})
    with pytest.raises(DesignError, match="0 from it"):
        synthetic_control(donors, **{**MIX, "start": 99})
    with pytest.raises(DesignError, match="lacks periods"):
        synthetic_control(donors.drop(index=3), **MIX)
    with pytest.raises(ValueError, match="not among"):
        synthetic_control(donors, **{**MIX, "treated_unit": 77})
    with pytest.raises(ValueError, match="1 rows repeat"):
        synthetic_control(pd.concat([donors, donors.iloc[:1]]), **MIX)
    far = donors.assign(y=donors["y"] + 30.0 * donors["unit"].eq(1))
    assert "no mixture" in synthetic_control(far, **MIX).verdict.sentence
    dropped = synthetic_control(donors.drop(index=80), **MIX)
    assert [step.n for step in dropped.flow] == [7, 6, 5]


PLAN = {"difference": -2.0, "sd": 6.0, "icc": 0.05, "size": 25}


def test_power_is_what_simulation_gives():
    # 3,000 replicates of the model with its variances known, tested by the normal law:
    # three Monte-Carlo errors are 2.7 points.
    starts, periods, rng = [1, 1, 2, 2, 3, 3], 4, np.random.default_rng(8)
    found = stepped_wedge_power(starts, periods, **PLAN, df=math.inf).estimate.estimate
    within, between = 36 * 0.95 / 25, 36 * 0.05
    X = np.zeros((6, periods, periods + 1))
    X[:, np.arange(periods), np.arange(periods)] = 1
    X[:, :, periods] = np.arange(periods) >= np.array(starts)[:, None]
    W = np.linalg.inv(within * np.eye(periods) + between)
    covariance = np.linalg.inv(sum(x.T @ W @ x for x in X))
    y = -2.0 * X[:, :, periods] + math.sqrt(between) * rng.normal(size=(3_000, 6, 1))
    y = y + math.sqrt(within) * rng.normal(size=y.shape)
    estimates = np.einsum("rit,ts,isk->rk", y, W, X) @ covariance[periods]
    z = np.abs(estimates) / math.sqrt(covariance[periods, periods])
    assert found == pytest.approx((z > stats.norm.ppf(0.975)).mean(), abs=0.027)


def test_power_by_noncentral_t():
    found = stepped_wedge_power([1, 1, 2, 2, 3, 3], 4, **PLAN)
    normal = stepped_wedge_power([1, 1, 2, 2, 3, 3], 4, **PLAN, df=math.inf).estimate.estimate
    reach = stats.norm.isf(0.025) + stats.norm.ppf(normal)  # the other tail is below 1e-5
    critical = stats.t.isf(0.025, 4)
    assert found.estimate.estimate == pytest.approx(
        stats.nct.sf(critical, 4, reach) + stats.nct.cdf(-critical, 4, reach), abs=1e-4
    )
    smallest = found.table("power").rows[-1].estimate
    again = stepped_wedge_power([1, 1, 2, 2, 3, 3], 4, **{**PLAN, "difference": smallest})
    assert again.estimate.estimate == pytest.approx(0.8, abs=1e-6)
    assert found.verdict.answer == "undecidable"


def test_no_difference_is_found_as_often_as_the_level_says():
    found = stepped_wedge_power([1, 2, 3], 4, **{**PLAN, "difference": 0.0})
    assert found.estimate.estimate == pytest.approx(0.05, abs=1e-9)


def test_wrong_plans_are_named():
    with pytest.raises(DesignError, match="cannot be told"):
        stepped_wedge_power([2, 2, 2], 4, **PLAN)
    with pytest.raises(DesignError, match="degrees of freedom"):
        stepped_wedge_power([1, 2], 4, **PLAN)
    with pytest.raises(ValueError, match="icc"):
        stepped_wedge_power([1, 2, 3], 4, **{**PLAN, "icc": 1.0})
    with pytest.raises(ValueError, match="size"):
        stepped_wedge_power([1, 2, 3], 4, **{**PLAN, "size": [1, 2]})
    with pytest.raises(ValueError, match="sd"):
        stepped_wedge_power([1, 2, 3], 4, **{**PLAN, "sd": 0.0})
