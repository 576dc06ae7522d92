"""Each benchmark: reference values from R, truth in simulated studies, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.evaluation import Likert, Population, PrePost, Rate, Selected

REFERENCE = Path(__file__).parents[1] / "reference"
COUNTED = Rate(pre=("days_pre", "n_pre"), post=("days_post", "n_post"))


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return json.loads((REFERENCE / "regression_to_mean.json").read_text())


def _reference_study(outcome: Rate = COUNTED) -> PrePost:
    frame = pd.read_csv(REFERENCE / "regression_to_mean.csv")
    return PrePost(
        frame[frame["is_case"] == 1],
        outcomes={"absence": outcome},
        cluster="school_key",
        selection=Selected("absence", at_least=0.15),
        registry=frame[frame["is_case"] == 0],
    )


@pytest.mark.parametrize(
    ("benchmark", "name"), [("beta_binomial", "beyond_beta"), ("normal", "beyond_normal")]
)
def test_fallbacks_agree_with_r(expected: dict[str, Any], benchmark: str, name: str) -> None:
    found = _reference_study().change("absence", benchmark=benchmark)
    for row, peer in ((found.estimate, expected["change"]), (found.beyond, expected[name])):
        got = [row.estimate, row.std_error, row.conf_low, row.conf_high]
        assert got == pytest.approx([*peer[:2], *peer[3:]], rel=1e-7)
    assert found.benchmark.conf_low is None  # the population is taken as known
    assert "fallback" in found.benchmark_is
    assert any("fallback" in reason for reason in found.verdict.reasons)


def test_mee_chua_agrees_with_r(expected: dict[str, Any]) -> None:
    peer = expected["mee_chua"]
    known = Rate(
        pre=COUNTED.pre, post=COUNTED.post, population=Population(mean=peer["mu"], sd=0.06)
    )
    found = _reference_study(known).change("absence", benchmark="mee_chua")
    assert [found.beyond.estimate, found.beyond.std_error] == pytest.approx(
        peer["tau"][:2], rel=1e-8
    )
    unknown = _reference_study().change("absence", benchmark="mee_chua")
    assert unknown.beyond.estimate is None
    assert unknown.verdict.answer == "undecidable"
    # R refits at each population mean with the t of the fit at 0.07, as the first study does.
    row = found.table("mee_chua").rows[0]
    at = peer["not_significant_between"]
    ends = [end for end in (row.conf_low, row.conf_high) if end is not None]
    assert ends[0] == pytest.approx(at[0], abs=1e-9) or ends[0] == pytest.approx(at[1], abs=1e-9)


def _window(rng: np.random.Generator, level: np.ndarray, shift: float) -> np.ndarray:
    q = 1 / (1 + np.exp(-(level + shift)))
    return rng.binomial(60, rng.beta(25 * q, 25 * (1 - q))) / 60


def _null_study(seed: int, **options: Any) -> PrePost:
    """Chosen in the baseline window; a gap window before it; half of the chosen have to wait."""
    rng = np.random.default_rng(seed)
    level = -2.8 + 0.8 * rng.normal(size=2_500)
    frame = pd.DataFrame(
        {
            "pupil_key": np.arange(2_500),
            "municipality_key": rng.integers(12, size=2_500),
            "gap": _window(rng, level, 0.0),
            "before": _window(rng, level, 0.0),
            "after": _window(rng, level, 0.0),
        }
    )
    chosen = (frame["before"] >= 0.15).to_numpy()
    treated = chosen & (rng.random(2_500) < 0.4)
    waiting = chosen & ~treated
    return PrePost(
        frame[treated],
        outcomes={"absence": Rate(pre="before", post="after", gap="gap")},
        cluster="municipality_key",
        selection=Selected("absence", at_least=0.15),
        registry=frame[~treated],
        waiting_list=frame[waiting],
        **options,
    )


@pytest.mark.parametrize("benchmark", ["registry", "waiting_list", "gap"])
def test_a_programme_that_does_nothing_is_found_to_do_nothing(benchmark: str) -> None:
    # 120 studies of about 110 cases: SD of an estimate about 0.012, so 3 SE of its mean are
    # 0.0033; 3 SE of a 5 % type I error are 6 points.
    results = [_null_study(seed).change("absence", benchmark=benchmark) for seed in range(120)]
    assert abs(np.mean([r.beyond.estimate for r in results])) <= 0.0033
    assert np.mean([not r.beyond.covers(0.0) for r in results]) <= 0.11
    assert np.mean([r.estimate.estimate for r in results]) < -0.02
    for r in results[:5]:
        gap = r.estimate.estimate - r.benchmark.estimate
        assert r.beyond.estimate == pytest.approx(gap, abs=1e-12)


def test_n_counts_the_pupils_with_a_gap_baseline() -> None:
    study = _null_study(3)
    cases = study.cases.copy()
    cases.loc[cases.index[::3], "gap"] = np.nan
    names = ("outcomes", "cluster", "selection", "registry")
    found = PrePost(cases, **{name: getattr(study, name) for name in names}).change(
        "absence", benchmark="gap"
    )
    kept = cases.dropna(subset="gap")
    assert found.n == found.estimate.n == found.beyond.n == len(kept) < len(cases)
    assert found.estimate.estimate == pytest.approx((kept["after"] - kept["before"]).mean())
    assert found.table("course").rows[0].estimate == pytest.approx(kept["before"].mean())
    steps = {step.step: step.n for step in found.flow}
    assert steps["absence: with a baseline and a follow-up"] == len(cases)
    assert steps["absence: with a gap baseline as well"] == len(kept)


def test_a_normal_score_chosen_low_comes_back_as_the_formula_says() -> None:
    # 200 studies of about 50 cases: 3 SE of the mean of the estimates are 0.02 scale points.
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        level = rng.normal(3.4, 0.4, 1_000)
        pre, post = (np.clip(level + rng.normal(0, 0.3, 1_000), 1, 5) for _ in range(2))
        frame = pd.DataFrame({"pupil_key": np.arange(1_000), "a": pre, "b": post})
        scale = Likert(
            pre="a", post="b", low=1, high=5, reliability=0.64,
            population=Population(mean=3.4, sd=0.5),
        )  # fmt: skip
        study = PrePost(
            frame[pre <= 2.6],
            outcomes={"wellbeing": scale},
            selection=Selected("wellbeing", at_most=2.6),
        )
        found.append(study.change("wellbeing", benchmark="normal"))
    beyond = [r.beyond.estimate for r in found]
    assert abs(np.mean(beyond)) <= 3 * np.std(beyond) / 200**0.5
    assert np.mean([r.estimate.estimate for r in found]) > 0.2
    assert np.mean([not r.beyond.covers(0.0) for r in found]) <= 0.10


def test_spells_refuse_the_beta_binomial() -> None:
    frame = pd.read_csv(REFERENCE / "regression_to_mean.csv")
    rng = np.random.default_rng(1)
    spells = frame.assign(days_post=rng.binomial(50, 0.4 * (frame["days_pre"] > 5)))
    study = PrePost(
        spells[spells["is_case"] == 1],
        outcomes={"absence": COUNTED},
        selection=Selected("absence", at_least=0.15),
        registry=spells[spells["is_case"] == 0],
    )
    with pytest.raises(DesignError, match="independent days"):
        study.change("absence", benchmark="beta_binomial")


@pytest.mark.parametrize(
    ("benchmark", "changes", "message"),
    [
        ("normal", {"selection": None}, "rule of selection"),
        ("normal", {"selection": Selected("absence", at_least=0.1, measure="gap")}, "baseline of"),
        ("normal", {"registry": None}, "population"),
        ("beta_binomial", {}, "days absent and school days"),
        ("waiting_list", {"waiting_list": None}, "waiting list"),
        ("gap", {"outcomes": {"absence": Rate(pre="before", post="after")}}, "gap baseline"),
    ],
)
def test_a_benchmark_without_its_data_is_refused(
    benchmark: str, changes: dict[str, Any], message: str
) -> None:
    study = _null_study(1)
    names = ("outcomes", "cluster", "selection", "registry", "waiting_list")
    kept = {name: getattr(study, name) for name in names} | changes
    with pytest.raises(DesignError, match=message):
        PrePost(study.cases, **kept).change("absence", benchmark=benchmark)


def test_a_registry_of_high_levels_only_does_not_tell_the_population() -> None:
    study = _null_study(1)
    high = study.registry[study.registry["before"] >= 0.1]
    cut = PrePost(study.cases, outcomes=study.outcomes, selection=study.selection, registry=high)
    with pytest.raises(DesignError, match="mostly pupils near the cut"):
        cut.change("absence", benchmark="normal")


def test_pupils_far_below_the_cut_do_not_move_the_expectation() -> None:
    study = _null_study(2)
    near = study.registry[study.registry["before"] >= 0.075]
    options = {"outcomes": study.outcomes, "selection": study.selection}
    both = [
        PrePost(study.cases, registry=frame, cluster="municipality_key", **options)
        .change("absence")
        .beyond
        for frame in (study.registry, near)
    ]
    assert both[0] == both[1]


def test_unknown_words_are_named() -> None:
    with pytest.raises(ValueError, match="Did you mean 'registry'"):
        _null_study(1).change("absence", benchmark="regstry")
    with pytest.raises(ValueError, match="se must be one of"):
        _null_study(1).change("absence", se="cr9")
    with pytest.raises(ValueError, match="Did you mean 'absence'"):
        _null_study(1).change("absense")
