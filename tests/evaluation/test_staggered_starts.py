from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import AssumptionWarning, DesignError
from absence_risk.evaluation.staggered import event_study, staggered_difference_in_differences

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())
CALL = {"outcome": "y", "time": "period", "start": "first", "same_rule": True}


@pytest.fixture(scope="module")
def panel():
    frame = pd.read_csv(REFERENCE / "comparison_panel.csv")
    return frame.assign(first=frame["first"].where(frame["first"] != 99))


def test_simple_average_and_cells_agree_with_r(panel):
    found = staggered_difference_in_differences(panel, **CALL, cluster="municipality_key")
    assert found.beyond.estimate == pytest.approx(PEER["simple"]["estimate"], abs=1e-10)
    assert found.beyond.std_error == pytest.approx(PEER["simple"]["se"], rel=1e-8)
    cells = found.table("group_time").rows
    assert len(cells) == len(PEER["cells"])
    for row, peer in zip(cells, PEER["cells"], strict=True):
        assert row.estimate == pytest.approx(peer["estimate"], abs=1e-10)
        assert row.std_error == pytest.approx(peer["se"], rel=1e-8)
        assert row.n == peer["n"]
        assert row.time == peer["t"] - peer["g"]


def test_event_rows_agree_with_r(panel):
    with pytest.warns(AssumptionWarning, match="Ashenfelter"):
        found = event_study(panel, **CALL, selection_periods=0, cluster="municipality_key")
    rows = {int(row.time): row for row in found.table("event").rows}
    assert rows[-1].estimate == 0.0
    assert rows[-1].group == "base"
    for e in (-3, -2, 0, 1, 2, 3, 4):
        peer = PEER["event"][str(e)]
        assert rows[e].estimate == pytest.approx(peer["estimate"], abs=1e-10)
        assert rows[e].std_error == pytest.approx(peer["se"], rel=1e-8)


def test_diff_diff_gives_the_same_cells(panel):
    peer_module = pytest.importorskip("diff_diff")
    # The peer drops other pairs where values are missing, so only complete pupils are compared.
    whole = panel[~panel["pupil_key"].isin(panel.loc[panel["y"].isna(), "pupil_key"])]
    own = staggered_difference_in_differences(whole, **CALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = peer_module.CallawaySantAnna(
            control_group="never_treated", base_period="universal"
        ).fit(
            whole.assign(first=whole["first"].fillna(0).astype(int)),
            outcome="y",
            unit="pupil_key",
            time="period",
            first_treat="first",
        )
    theirs = {key: value["effect"] for key, value in peer.group_time_effects.items()}
    compared = 0
    for row in own.table("group_time").rows:
        _, g, _, t = row.term.replace(",", "").split()
        if (int(g), int(t)) in theirs:
            assert row.estimate == pytest.approx(theirs[int(g), int(t)], abs=1e-10)
            compared += 1
    assert compared >= 8


def dip_world(rng, n=120, periods=12, clusters=10):
    """Monthly values that persist; each pupil is referred after its first month above a cut."""
    m = rng.integers(0, clusters, size=n)
    e = np.zeros((n, periods))
    e[:, 0] = rng.normal(size=n)
    for t in range(1, periods):
        e[:, t] = 0.4 * e[:, t - 1] + np.sqrt(1 - 0.16) * rng.normal(size=n)
    y = e + 0.2 * rng.normal(size=(clusters, periods))[m]
    high = np.where(y[:, 5:9] > 1.2, np.arange(5, 9), periods)
    start = high.min(axis=1) + 1.0
    start[start > periods] = np.nan
    return pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(n), periods),
            "m": np.repeat(m, periods),
            "period": np.tile(np.arange(periods), n),
            "first": np.repeat(start, periods),
            "y": y.ravel(),
        }
    )


def test_the_selection_window_is_marked_and_never_the_base():
    rng = np.random.default_rng(5)
    panel = dip_world(rng, n=2_000)
    found = event_study(panel, **{**CALL, "same_rule": False}, selection_periods=1, cluster="m")
    rows = {int(row.time): row for row in found.table("event").rows}
    assert [rows[e].group for e in (-3, -2, -1, 0)] == [
        "before",
        "base",
        "selection window",
        "after",
    ]
    assert rows[-1].estimate > 1.0  # the bump by which pupils were chosen
    with pytest.warns(AssumptionWarning, match="Ashenfelter"):
        naive = event_study(panel, **{**CALL, "same_rule": False}, selection_periods=0, cluster="m")
    assert naive.beyond.estimate < -1.0  # nothing was done
    assert naive.verdict.answer == "undecidable"


def same_rule_panel(rng, truth=-0.5, n=60, periods=6, clusters=8):
    m = np.arange(n) % clusters
    first = np.where(rng.random(n) < 0.5, rng.choice([2, 4], size=n), np.nan)
    time = np.arange(periods)
    y = rng.normal(size=(n, 1)) + 0.4 * rng.normal(size=(clusters, periods))[m]
    y = y + truth * (time >= np.nan_to_num(first, nan=99)[:, None]) + rng.normal(size=y.shape)
    return pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(n), periods),
            "m": np.repeat(m, periods),
            "period": np.tile(time, n),
            "first": np.repeat(first, periods),
            "y": y.ravel(),
        }
    )


def test_a_known_difference_is_found_and_covered():
    # 200 replicates: two Monte-Carlo errors of a coverage of 95 % are 3.1 points.
    rng = np.random.default_rng(6)
    found = [
        staggered_difference_in_differences(same_rule_panel(rng), **CALL, cluster="m").beyond
        for _ in range(200)
    ]
    estimates = np.array([row.estimate for row in found])
    held = np.mean([row.conf_low <= -0.5 <= row.conf_high for row in found])
    assert estimates.mean() == pytest.approx(-0.5, abs=3 * estimates.std() / np.sqrt(200))
    assert held == pytest.approx(0.95, abs=0.031)


def test_shuffled_rows_change_nothing(panel):
    one = staggered_difference_in_differences(panel, **CALL)
    other = staggered_difference_in_differences(panel.sample(frac=1, random_state=1), **CALL)
    assert one.beyond.estimate == pytest.approx(other.beyond.estimate, abs=1e-12)
    assert one.beyond.std_error == pytest.approx(other.beyond.std_error, rel=1e-12)


def test_drifting_groups_hold_the_verdict_back(panel):
    drift = panel["y"] - 2.0 * panel["period"] * panel["first"].notna()
    found = event_study(panel.assign(y=drift), **CALL, selection_periods=1)
    assert found.verdict.answer == "undecidable"
    assert "drifted apart" in found.verdict.sentence


def test_what_the_panel_cannot_answer_is_named(panel):
    def run(frame, **more):
        return staggered_difference_in_differences(frame, **{**CALL, **more})

    with pytest.raises(DesignError, match=r"Nobody is never treated.*What can still be said"):
        run(panel[panel["first"].notna()])
    with pytest.raises(DesignError, match="Nobody starts"):
        run(panel.assign(first=np.nan))
    with pytest.raises(DesignError, match="Nobody starts"):
        run(panel.assign(first=panel["first"].where(panel["first"].isna(), 1)))
    with pytest.raises(DesignError, match="selection window"):
        run(panel, selection_periods=6)
    with pytest.raises(ValueError, match="rows of panel repeat"):
        run(pd.concat([panel, panel.iloc[:1]]))
    with pytest.raises(ValueError, match="first must be the same"):
        run(panel.assign(first=panel["first"].where(panel["period"] > 1)))
    with pytest.raises(ValueError, match="fall between periods"):
        run(panel.assign(first=panel["first"] + 0.5))
    with pytest.raises(ValueError, match="selection_periods"):
        run(panel, selection_periods=-1)
    early = panel.assign(first=panel["first"].where(panel["first"] != 3, 0))
    assert run(early).flow[1].n < run(panel).flow[1].n


def test_one_municipality_with_the_programme_has_no_interval(panel):
    apart = panel.assign(m=panel["first"].fillna(0).gt(0).astype(int))
    found = staggered_difference_in_differences(apart, **CALL, cluster="m")
    assert found.beyond.conf_low is None
    assert found.verdict.answer == "undecidable"


@pytest.mark.parametrize(
    "name_of",
    [lambda k: f"2025-{k:02.0f}", lambda k: pd.Timestamp(2025, int(k), 1)],
    ids=["text", "dates"],
)
def test_periods_may_be_text_or_dates(panel, name_of):
    one = staggered_difference_in_differences(panel, **CALL)
    named = panel.assign(
        period=panel["period"].map(name_of),
        first=panel["first"].map(name_of, na_action="ignore"),
    )
    other = staggered_difference_in_differences(named, **CALL)
    assert other.beyond == one.beyond
