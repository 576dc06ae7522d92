"""Cuts, ROC figures and net benefit against cutpointr, pROC and dcurves on the same pupils."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.stats.threshold_metrics import ThresholdMetrics, bin_counts, threshold_metrics
from absence_risk.thresholds import calibrate_threshold

HERE = Path(__file__).parents[1] / "reference"
R: dict[str, Any] = json.loads((HERE / "calibration.json").read_text(encoding="utf-8"))
DCURVES: dict[str, Any] = json.loads((HERE / "calibration_dcurves.json").read_text("utf-8"))
GRID = np.arange(1, 201) / 200


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(HERE / "calibration.csv")


@pytest.fixture(scope="module")
def found(pupils: pd.DataFrame) -> ThresholdMetrics:
    counts = bin_counts(pupils["absence"], pupils["event"], GRID)
    return threshold_metrics(counts, exchange=0.1, miss_cost=6, false_cost=1)


def test_best_cuts_equal_those_of_cutpointr(found: ThresholdMetrics) -> None:
    best = int(np.argmax(found.youden))
    assert GRID[best] == pytest.approx(R["youden"]["cut"], abs=1e-12)
    for name in ("sensitivity", "specificity"):
        assert getattr(found, name)[best] == pytest.approx(R["youden"][name], abs=1e-10)
    assert found.youden[best] == pytest.approx(R["youden"]["value"], abs=1e-10)
    cheap = int(np.argmin(found.cost))
    assert GRID[cheap] == pytest.approx(R["cost"]["cut"], abs=1e-12)
    assert found.cost[cheap] * R["n"] == pytest.approx(R["cost"]["value"], abs=1e-7)


def test_area_and_roc_figures_equal_those_of_proc(found: ThresholdMetrics) -> None:
    assert found.auc == pytest.approx(R["roc"]["auc"], abs=1e-10)
    assert found.auc == pytest.approx(R["youden"]["auc"], abs=1e-10)
    for k, at in enumerate(R["roc"]["at"]):
        place = int(np.abs(GRID - at).argmin())
        for name in ("sensitivity", "specificity", "ppv", "npv", "youden"):
            assert getattr(found, name)[place] == pytest.approx(R["roc"][name][k], abs=1e-10)


def test_net_benefit_equals_that_of_dcurves(pupils: pd.DataFrame) -> None:
    counts = bin_counts(pupils["absence"], pupils["event"], GRID)
    for row in DCURVES["rows"]:
        p = row["threshold"]
        value = threshold_metrics(counts, exchange=p / (1 - p)).net_benefit
        if row["model"].startswith("alarm_"):
            at = int(row["model"].removeprefix("alarm_")) / 100
            mine = value[int(np.abs(GRID - at).argmin())]
        elif row["model"] == "all":
            share = pupils["event"].mean()
            mine = share - p / (1 - p) * (1 - share)
        else:
            mine = 0.0
        assert mine == pytest.approx(row["net_benefit"], abs=1e-10), row


def test_calibrated_threshold_is_the_cut_of_cutpointr(pupils: pd.DataFrame) -> None:
    panel = pupils.rename(columns={"absence": "absence_rate"})
    panel = panel.assign(pupil_key=np.arange(len(panel)), period=1)
    result = calibrate_threshold(panel, event="event", objective="youden", replicates=50)
    assert result.estimate.threshold == pytest.approx(R["youden"]["cut"], abs=1e-12)
    limited = calibrate_threshold(
        panel,
        event="event",
        objective="cost(0.000001, 1)",  # all weight on specificity
        constraint="min_sens(0.7)",
        replicates=50,
    )
    assert limited.estimate.threshold == pytest.approx(R["constrained"]["cut"], abs=1e-12)
