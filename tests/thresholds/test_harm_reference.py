"""Slopes, curves and information criteria agree with R."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from absence_risk.thresholds import harm_evidence

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def wanted():
    return json.loads((REFERENCE / "kink.json").read_text())


@pytest.fixture(scope="module")
def found():
    return harm_evidence(
        pd.read_csv(REFERENCE / "kink.csv"),
        outcome="points",
        exposure="absence",
        covariates=("prior",),
        cluster="school",
        trim=0.0,
    )


@pytest.mark.parametrize(
    ("term", "key"),
    [
        ("slope below 20 %", "below"),
        ("slope above 20 %", "above"),
        ("slope change at 20 %", "change"),
        ("slope of one straight line", "overall"),
    ],
)
def test_slopes_agree_with_lm_and_sandwich(found, wanted, term, key):
    (row,) = [r for r in found.table("slopes").rows if r.term == term]
    estimate, error = wanted["slopes"][key] / 10, wanted["slopes"][f"{key}_se"] / 10
    half = wanted["slopes"]["t_quantile"] * error
    assert row.estimate == pytest.approx(estimate, rel=1e-8)
    assert row.std_error == pytest.approx(error, rel=1e-8)
    assert (row.conf_low, row.conf_high) == pytest.approx((estimate - half, estimate + half))


def test_the_main_estimate_is_the_slope_change(found, wanted):
    assert found.estimand.id == "threshold.slope_change_at_20"
    assert found.estimate.estimate == pytest.approx(wanted["slopes"]["change"] / 10, rel=1e-8)


def test_the_spline_curve_agrees_with_rms(found, wanted):
    import numpy as np

    from absence_risk.stats.splines import restricted_cubic
    from absence_risk.thresholds.candidates import fit_candidates
    from absence_risk.thresholds.reading import read_sample
    from absence_risk.thresholds.slopes import contrasts

    sample = read_sample(
        pd.read_csv(REFERENCE / "kink.csv"),
        outcome="points",
        exposure="absence",
        covariates=("prior",),
        cluster="school",
        at=0.2,
        linear_probability=False,
    )
    fits = fit_candidates(sample, at=0.2, trim=0.0)
    at = np.array(wanted["spline"]["at"])
    rows = np.column_stack([np.ones_like(at), restricted_cubic(at, fits.knots)])
    mean, error = contrasts(fits.spline, sample, rows)
    assert mean == pytest.approx(wanted["spline"]["mean"], rel=1e-8)
    assert error == pytest.approx(wanted["spline"]["mean_se"], rel=1e-8)


def test_differences_in_bic_agree_with_lm(found, wanted):
    bic = {row.term: row.estimate for row in found.table("candidates").rows}
    for name in ("none", "quadratic", "spline"):
        difference = wanted["bic"][name] - wanted["bic"]["linear"]
        assert bic[name] - bic["linear"] == pytest.approx(difference, rel=1e-8)


def test_the_kink_is_where_r_puts_it(found, wanted):
    kink = found.table("break_location").rows[0]
    assert kink.estimate == pytest.approx(wanted["best"]["psi"], abs=1e-6)
    assert kink.conf_low < wanted["best"]["psi"] < kink.conf_high
