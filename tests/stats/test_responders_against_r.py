from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.stats.effect_size import paired_effect_sizes
from absence_risk.stats.ordinal_change import (
    bowker_test,
    direction_test,
    ordered_margin_test,
    square_table,
    stuart_maxwell_test,
)
from absence_risk.stats.paired_tests import sign_flip_test, signed_rank_test
from absence_risk.stats.reliable_change import Norms, linear_rule, own_slopes
from absence_risk.stats.share_interval import clustered_share, wilson_interval

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def peer() -> dict[str, Any]:
    return json.loads((REFERENCE / "responders.json").read_text())


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "responders.csv")


def test_effect_sizes_agree(peer: dict[str, Any], data: pd.DataFrame) -> None:
    for size in paired_effect_sizes(data["before"].to_numpy(), data["after"].to_numpy()):
        expected = peer["sizes"][size.name]
        assert size.estimate == pytest.approx(expected["estimate"], abs=1e-10)
        # effectsize finds the noncentral limits by a numerical search that stops near 1e-5.
        tolerance = 2e-5 if size.name.endswith("_z") else 1e-10
        assert size.low == pytest.approx(expected["low"], abs=tolerance)
        assert size.high == pytest.approx(expected["high"], abs=tolerance)
        if size.std_error is not None:
            assert size.std_error == pytest.approx(expected["se"], abs=1e-10)


def test_signed_ranks_agree(peer: dict[str, Any], data: pd.DataFrame) -> None:
    found = signed_rank_test((data["after"] - data["before"]).to_numpy())
    expected = peer["wilcoxon"]
    assert found.exact
    assert found.p_value == pytest.approx(expected["p"], rel=1e-8)
    for value, name in ((found.estimate, "estimate"), (found.low, "low"), (found.high, "high")):
        assert value == pytest.approx(expected[name], abs=1e-10)


def test_all_sign_flips_agree(peer: dict[str, Any], data: pd.DataFrame) -> None:
    found = sign_flip_test((data["after"] - data["before"]).to_numpy()[:12])
    assert found.exact
    assert found.p_value == pytest.approx(peer["flip_p"], abs=1e-12)


def test_ordinal_tests_agree(peer: dict[str, Any], data: pd.DataFrame) -> None:
    expected = peer["ordinal"]
    table = square_table(data["level_before"].to_numpy() - 1, data["level_after"].to_numpy() - 1, 5)
    bowker, margins = bowker_test(table), stuart_maxwell_test(table)
    assert (bowker.statistic, bowker.df) == (
        pytest.approx(expected["bowker"], rel=1e-10),
        expected["bowker_df"],
    )
    assert margins.statistic == pytest.approx(expected["stuart_maxwell"], rel=1e-8)
    assert margins.df == expected["stuart_maxwell_df"]
    assert margins.p_value == pytest.approx(expected["stuart_maxwell_p"], rel=1e-8)
    moves = direction_test(table)
    assert (moves.up, moves.down) == (expected["up"], expected["down"])
    assert moves.p_value == pytest.approx(expected["sign_p"], rel=1e-8)
    full = np.array(expected["full"])
    assert bowker_test(full).p_value == pytest.approx(expected["full_bowker_p"], rel=1e-8)
    assert stuart_maxwell_test(full).statistic == pytest.approx(
        expected["full_stuart_maxwell"], rel=1e-8
    )
    ordered = ordered_margin_test(full)
    assert ordered.statistic == pytest.approx(expected["full_ordered"], rel=1e-8)
    assert ordered.p_value == pytest.approx(expected["full_ordered_p"], rel=1e-8)


def test_reliable_change_agrees(peer: dict[str, Any], data: pd.DataFrame) -> None:
    known = peer["norms"]
    norms = Norms(
        sd=known["s1"],
        reliability=known["r1"],
        mean=known["M1"],
        sd_post=known["s2"],
        reliability_post=known["r2"],
        mean_post=known["M2"],
        correlation=known["c"],
    )
    before, after = data["before"].to_numpy(), data["after"].to_numpy()
    for rule, expected in peer["rules"].items():
        found = linear_rule(rule, norms).index(before, after)
        assert found == pytest.approx(np.array(expected), abs=1e-10)


def test_own_slopes_agree(peer: dict[str, Any], data: pd.DataFrame) -> None:
    index, slope = own_slopes(
        np.arange(3.0), data[["before", "after", "later"]].to_numpy(dtype=float)
    )
    assert slope == pytest.approx(np.array(peer["slopes"]["slope"]), abs=1e-10)
    assert index == pytest.approx(np.array(peer["slopes"]["index"]), abs=1e-8)


def test_intervals_of_a_share_agree(peer: dict[str, Any], data: pd.DataFrame) -> None:
    expected = peer["share"]
    responds = (data["after"] - data["before"] > 0.2).to_numpy()
    found = clustered_share(responds, data["cluster"].to_numpy())
    assert found.share == pytest.approx(expected["share"])
    assert found.std_error == pytest.approx(expected["se"], rel=1e-8)
    assert found.df == pytest.approx(expected["df"], rel=1e-8)
    plain = wilson_interval(found.share, len(responds))
    assert plain.low == pytest.approx(expected["wilson_low"], abs=1e-10)
    assert plain.high == pytest.approx(expected["wilson_high"], abs=1e-10)
    assert found.low < plain.low < plain.high < found.high
