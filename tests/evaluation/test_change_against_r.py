from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from absence_risk.evaluation import absence_study, describe_wellbeing

if TYPE_CHECKING:
    from absence_risk.result import Result

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((REFERENCE / "change.json").read_text())


@pytest.fixture(scope="module")
def found() -> Result:
    frame = pd.read_csv(REFERENCE / "change.csv")
    cases = frame[frame["is_case"] == 1].assign(dropped="")
    return absence_study(cases, frame[frame["is_case"] == 0]).change("absence")


@pytest.mark.parametrize(
    ("table", "first", "name"),
    [("change", 0, "change"), ("responders", 0, "less"), ("responders", 3, "halved")],
)
def test_registry_regression_agrees(
    found: Result, expected: dict[str, Any], table: str, first: int, name: str
) -> None:
    peer = expected[name]
    for place, row in enumerate(found.table(table).rows[first : first + 3]):
        assert row.estimate == pytest.approx(peer["estimate"][place], abs=1e-10)
        assert row.std_error == pytest.approx(peer["se"][place], rel=1e-8)
        assert row.conf_low == pytest.approx(peer["low"][place], abs=1e-9)
        assert row.conf_high == pytest.approx(peer["high"][place], abs=1e-9)


def test_p_value_agrees(found: Result, expected: dict[str, Any]) -> None:
    assert found.beyond.p_value == pytest.approx(expected["change"]["p_beyond"], rel=1e-8)


def test_paired_scores_agree(expected: dict[str, Any]) -> None:
    paired = expected["paired"]
    n = len(paired["pre"])
    surveys = pd.DataFrame(
        {
            "survey_key": [*range(n), *range(n)],
            "wave": [0] * n + [1] * n,
            "instrument_id": "w",
            "item_id": "a",
            "response": paired["pre"] + paired["post"],
        }
    )
    scores, size = describe_wellbeing(surveys, scale=(1, 5))
    rows = {row.term: row for row in scores.rows}
    change = rows["change, complete pairs"]
    assert change.estimate == pytest.approx(paired["change"], abs=1e-12)
    assert change.conf_low == pytest.approx(paired["low"], abs=1e-10)
    assert change.statistic == pytest.approx(paired["t"], rel=1e-10)
    assert change.p_value == pytest.approx(paired["p"], rel=1e-10)
    wilcoxon = rows["Hodges-Lehmann centre of the change, complete pairs (signed ranks)"]
    assert wilcoxon.p_value == pytest.approx(paired["wilcoxon_p"], rel=1e-10)
    assert size.rows[0].estimate == pytest.approx(paired["d_z"], rel=1e-10)
    # R's noncentral t is accurate to about 1e-8 here ("full precision may not …").
    assert size.rows[0].conf_low == pytest.approx(paired["d_z_low"], abs=1e-6)
    assert size.rows[0].conf_high == pytest.approx(paired["d_z_high"], abs=1e-6)
