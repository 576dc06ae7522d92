from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.escalation import estimate_escalation

if TYPE_CHECKING:
    from absence_risk.result import Result

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((REFERENCE / "escalation.json").read_text())


@pytest.fixture(scope="module")
def found() -> Result:
    wide = pd.read_csv(REFERENCE / "escalation.csv")
    halves = []
    for period, name in ((1, "early"), (2, "later")):
        half = wide[["pupil_key", "school_key", "grade"]].assign(period=period, n_days=90)
        for kind in ("scheduled", "valid", "invalid"):
            half[f"{kind}_min"] = wide[f"{name}_{kind}"]
        halves.append(half)
    return estimate_escalation(pd.concat(halves))


@pytest.mark.parametrize(
    ("row", "name"), [(0, "naive"), (1, "adjusted"), (2, "reversed"), (3, "ratio")]
)
def test_log_odds_ratios_and_errors_agree(
    found: Result, expected: dict[str, Any], row: int, name: str
) -> None:
    estimate = found.table("associations").rows[row]
    assert np.log(estimate.estimate) == pytest.approx(expected[name]["log_or"], abs=1e-8)
    assert estimate.std_error / estimate.estimate == pytest.approx(expected[name]["se"], rel=1e-8)


def test_interval_of_the_ratio_agrees(found: Result, expected: dict[str, Any]) -> None:
    assert found.beyond.conf_low == pytest.approx(expected["ratio"]["low"], rel=1e-8)
    assert found.beyond.conf_high == pytest.approx(expected["ratio"]["high"], rel=1e-8)


@pytest.mark.parametrize(("row", "name"), [(1, "adjusted"), (2, "reversed")])
def test_errors_agree_with_club_sandwich(
    found: Result, expected: dict[str, Any], row: int, name: str
) -> None:
    estimate = found.table("associations").rows[row]
    package = expected[name]["se_club"]
    assert estimate.std_error / estimate.estimate == pytest.approx(package, rel=1e-6)


def test_band_share_agrees(found: Result, expected: dict[str, Any]) -> None:
    band = found.table("by_early_valid").rows[2]
    assert band.group == "5 to <10 %"
    assert band.n == expected["band"]["n"]
    assert band.estimate == pytest.approx(expected["band"]["share"], rel=1e-12)
    assert band.std_error == pytest.approx(expected["band"]["se"], rel=1e-10)
