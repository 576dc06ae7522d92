"""ANCOVA, two-window differences, matched comparisons: reference values, recovery, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.evaluation.adjusted_change import ancova
from absence_risk.evaluation.baseline import equivalence_class, standardised_difference
from absence_risk.evaluation.matched import matched_comparison
from absence_risk.evaluation.two_periods import (
    difference_in_differences,
    difference_in_differences_of_means,
)

REFERENCE = Path(__file__).parents[1] / "reference"
PEER = json.loads((REFERENCE / "comparison.json").read_text())
CALL = {"pre": "pre", "post": "post", "treated": "treated", "same_rule": True}
DESIGNS = {
    "ancova": ancova,
    "difference in differences": difference_in_differences,
    "matched": matched_comparison,
}


@pytest.fixture(scope="module")
def pupils():
    return pd.read_csv(REFERENCE / "comparison_pupils.csv")


def agrees(row, peer):
    assert row.estimate == pytest.approx(peer["estimate"], abs=1e-10)
    assert row.std_error == pytest.approx(peer["se"], rel=1e-8)
    assert row.conf_low == pytest.approx(peer["low"], abs=1e-9)
    assert row.conf_high == pytest.approx(peer["high"], abs=1e-9)


def test_ancova_agrees_with_clubsandwich(pupils):
    found = ancova(pupils, **CALL, covariates=["ability"], cluster="municipality_key")
    agrees(found.beyond, PEER["ancova"])
    agrees(found.benchmark, PEER["ancova_expected"])
    agrees(found.estimate, PEER["observed"])
    alone = ancova(pupils, **CALL, covariates=["ability"])
    agrees(alone.beyond, PEER["ancova_pupils"])


def test_two_window_difference_agrees_with_clubsandwich(pupils):
    found = difference_in_differences(pupils, **CALL, cluster="municipality_key")
    agrees(found.beyond, PEER["did"])
    plain = ancova(pupils, **CALL, adjust="change", cluster="municipality_key")
    assert plain.beyond.std_error == pytest.approx(found.beyond.std_error, rel=1e-10)


@pytest.mark.parametrize("by", ["entropy", "ipw", "propensity", "mahalanobis"])
def test_matched_difference_agrees_with_weighted_least_squares_in_r(pupils, by):
    found = matched_comparison(pupils, **CALL, by=by, covariates=["ability", "girl"])
    assert found.beyond.estimate == pytest.approx(PEER["matched"][by]["estimate"], abs=1e-8)


def test_baseline_differences_agree_with_the_formula(pupils):
    treated = pupils["treated"].to_numpy(dtype=bool)
    for name, key in (("pre", "g_pre"), ("ability", "g_ability"), ("girl", "cox_girl")):
        found = standardised_difference(pupils[name].to_numpy(dtype=float), treated)
        assert found == pytest.approx(PEER[key], abs=1e-12)


def test_classes_of_the_clearinghouse():
    assert [equivalence_class(g) for g in (0.0, -0.05, 0.051, 0.25, -0.26, np.inf)] == [
        "satisfied",
        "satisfied",
        "adjust",
        "adjust",
        "fails",
        "fails",
    ]


@pytest.mark.parametrize("name", DESIGNS)
def test_shuffled_rows_and_a_strange_index_change_nothing(pupils, name):
    call = {**CALL, "cluster": "municipality_key"}
    shuffled = pupils.sample(frac=1, random_state=3)
    shuffled.index = np.zeros(len(shuffled), dtype=int)
    one, other = DESIGNS[name](pupils, **call), DESIGNS[name](shuffled, **call)
    assert other.beyond.estimate == pytest.approx(one.beyond.estimate, abs=1e-12)
    assert other.beyond.std_error == pytest.approx(one.beyond.std_error, rel=1e-10)


@pytest.mark.parametrize("name", DESIGNS)
def test_gaps_in_different_rows_are_left_out_by_pupil(pupils, name):
    gaps = pupils.astype({"pre": float, "post": float})
    gaps.loc[[1, 5, 40], "pre"] = np.nan
    gaps.loc[[2, 60], "post"] = np.nan
    whole = pupils.drop(index=[1, 5, 40, 2, 60])
    one, other = DESIGNS[name](gaps, **CALL), DESIGNS[name](whole, **CALL)
    assert one.beyond == other.beyond
    assert [step.n for step in one.flow[:2]] == [90, 85]


@pytest.mark.parametrize("name", DESIGNS)
def test_bad_frames_are_named(pupils, name):
    design = DESIGNS[name]
    with pytest.raises(ValueError, match="rows repeat a key"):
        design(pd.concat([pupils, pupils.iloc[:1]]), **CALL)
    with pytest.raises(ValueError, match="lacks the column 'post'"):
        design(pupils.drop(columns="post"), **CALL)
    with pytest.raises(ValueError, match="true or false"):
        design(pupils.assign(treated=2), **CALL)
    with pytest.raises(ValueError, match="must hold numbers"):
        design(pupils.assign(pre="high"), **CALL)
    with pytest.raises(DesignError, match="What can still be said"):
        design(pupils[pupils["treated"] == 1], **CALL)
    hole = pupils.astype({"municipality_key": float})
    hole.loc[4, "municipality_key"] = np.nan
    with pytest.raises(ValueError, match="municipality_key is not known for fewer than 5 rows"):
        design(hole, **CALL, cluster="municipality_key")


@pytest.mark.parametrize("name", DESIGNS)
def test_one_municipality_and_one_treated_municipality(pupils, name):
    one = DESIGNS[name](pupils.assign(m=1), **CALL, cluster="m")
    assert any("says nothing about another m" in reason for reason in one.verdict.reasons)
    assert one.beyond.conf_low is not None
    apart = DESIGNS[name](pupils.assign(m=pupils["treated"]), **CALL, cluster="m")
    assert apart.beyond.conf_low is None
    assert apart.verdict.answer == "undecidable"
    assert any("synthetic_control" in reason for reason in apart.verdict.reasons)


@pytest.mark.parametrize("name", DESIGNS)
def test_another_rule_of_selection_holds_a_clear_difference_back(name):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"pupil_key": range(200), "treated": np.arange(200) % 2})
    frame["pre"] = np.repeat(rng.normal(20, 2, 100), 2) + rng.normal(0, 0.01, 200)
    frame["post"] = frame["pre"] - 5 * frame["treated"] + rng.normal(0, 1, 200)
    clear = DESIGNS[name](frame, **CALL)
    assert clear.verdict.answer == "supported"
    worse = DESIGNS[name](frame, **CALL, better="higher")
    assert worse.verdict.answer == "not supported"
    held = DESIGNS[name](frame, **{**CALL, "same_rule": False})
    assert held.verdict.answer == "undecidable"
    assert "same rule" in held.verdict.sentence


def test_unlike_groups_hold_the_verdict_back():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"pupil_key": range(200), "treated": np.arange(200) % 2})
    frame["pre"] = rng.normal(20, 2, 200) + 2 * frame["treated"]
    frame["post"] = frame["pre"] - 5 * frame["treated"] + rng.normal(0, 1, 200)
    for design in (ancova, difference_in_differences):
        found = design(frame, **CALL)
        assert found.verdict.answer == "undecidable"
        assert "differ too much" in found.verdict.sentence


def test_constant_change_gives_no_interval():
    frame = pd.DataFrame({"pupil_key": range(20), "treated": [0, 1] * 10, "pre": 5.0})
    frame["post"] = frame["pre"] - frame["treated"]
    found = difference_in_differences(frame, **CALL)
    assert found.beyond.estimate == pytest.approx(-1)
    assert found.verdict.answer == "undecidable"


def same_rule_world(rng, n=50, clusters=8, shift=0.0):
    """Both arms chosen for a high first window; half of them get a programme worth ``shift``."""
    m = rng.integers(0, clusters, size=12 * n)
    level = 0.10 + 0.05 * rng.normal(size=12 * n) + 0.02 * rng.normal(size=clusters)[m]
    pre = level + 0.06 * rng.normal(size=12 * n)
    chosen = np.flatnonzero(pre > 0.20)[: 2 * n]
    treated = rng.permutation(np.arange(len(chosen)) % 2)
    drift = 0.02 * rng.normal(size=clusters)
    post = level[chosen] + drift[m[chosen]] + 0.06 * rng.normal(size=len(chosen))
    return pd.DataFrame(
        {
            "pupil_key": np.arange(len(chosen)),
            "municipality_key": m[chosen],
            "treated": treated,
            "pre": pre[chosen],
            "post": post + shift * treated,
        }
    )


@pytest.mark.parametrize("name", DESIGNS)
def test_a_known_difference_is_found_and_covered(name):
    # 300 replicates: two Monte-Carlo errors of a coverage of 95 % are 2.5 points; of a bias,
    # 2 SD/√300.
    rng, truth = np.random.default_rng(10), -0.03
    found = [
        DESIGNS[name](same_rule_world(rng, shift=truth), **CALL, cluster="municipality_key").beyond
        for _ in range(300)
    ]
    estimates = np.array([row.estimate for row in found])
    held = np.mean([row.conf_low <= truth <= row.conf_high for row in found])
    assert estimates.mean() == pytest.approx(truth, abs=3 * estimates.std() / np.sqrt(300))
    assert held == pytest.approx(0.95, abs=0.03)


def test_four_means_and_their_errors():
    found = difference_in_differences_of_means(
        programme=(8.5, 4.9),
        comparison=(9.9, 8.9),
        n=(493, 445),
        same_rule=False,
        std_errors=(0.4, 0.5),
    )
    assert found.beyond.std_error == pytest.approx(np.hypot(0.4, 0.5))
    assert found.verdict.answer == "undecidable"
    with pytest.raises(ValueError, match="above 0"):
        difference_in_differences_of_means(
            programme=(1, 2), comparison=(1, 2), n=(9, 9), same_rule=True, std_errors=(0, 1)
        )
    with pytest.raises(ValueError, match="at least 2"):
        difference_in_differences_of_means(
            programme=(1, 2), comparison=(1, 2), n=(1, 9), same_rule=True
        )


def test_four_means_agree_with_the_pupils_behind_them(pupils):
    arms = [pupils[pupils["treated"] == k] for k in (1, 0)]
    change = [arm["post"] - arm["pre"] for arm in arms]
    found = difference_in_differences_of_means(
        programme=(arms[0]["pre"].mean(), arms[0]["post"].mean()),
        comparison=(arms[1]["pre"].mean(), arms[1]["post"].mean()),
        n=(len(arms[0]), len(arms[1])),
        same_rule=True,
        std_errors=tuple(x.sem() for x in change),
    )
    whole = difference_in_differences(pupils, **CALL)
    assert found.beyond.estimate == pytest.approx(whole.beyond.estimate, abs=1e-12)
    # CR2 with pupils as clusters is Welch's error; its degrees of freedom use equal variances.
    assert found.beyond.std_error == pytest.approx(whole.beyond.std_error, rel=1e-12)
