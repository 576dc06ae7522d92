from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.escalation import estimate_escalation
from absence_risk.escalation.halves import split_halves, split_periods
from absence_risk.escalation.verdict import decide
from absence_risk.result import TIDY_COLUMNS, Estimate

if TYPE_CHECKING:
    from collections.abc import Callable

EARLY, LATER = 202508, 202601


def test_naive_odds_ratio_of_two_groups_is_exact() -> None:
    # Early valid share is 0 or 5 %: the naive model is saturated, so that the odds ratio per
    # 5 points is the ratio of the pooled odds of the two groups, over time at risk.
    rng = np.random.default_rng(2)
    pupil = np.arange(80)
    ill = pupil % 2
    early = pd.DataFrame({"valid_min": 50 * ill, "invalid_min": rng.integers(1, 90, 80)})
    later = pd.DataFrame(
        {
            "valid_min": rng.integers(0, 90, 80),
            "invalid_min": rng.integers(0, 200, 80) * (1 + ill),
        }
    )
    about = {"pupil_key": pupil, "school_key": pupil % 8, "n_days": 10, "grade": 7}
    halves = [
        half.assign(**about, period=period, scheduled_min=1_000)
        for period, half in enumerate((early, later))
    ]
    naive = estimate_escalation(pd.concat(halves)).table("associations").rows[0]
    invalid = later["invalid_min"]
    attended = 1_000 - later["valid_min"] - invalid
    odds = [invalid[ill == i].sum() / attended[ill == i].sum() for i in (0, 1)]
    assert naive.estimate == pytest.approx(odds[1] / odds[0], rel=1e-9)


def test_swapping_the_halves_inverts_the_ratio_and_swaps_the_odds_ratios(
    simulate: Callable[..., pd.DataFrame],
) -> None:
    panel = simulate(1)
    forward = estimate_escalation(panel, early=[EARLY], later=[LATER])
    backward = estimate_escalation(panel, early=[LATER], later=[EARLY])
    assert backward.estimate.estimate == pytest.approx(forward.benchmark.estimate, rel=1e-10)
    assert backward.beyond.estimate == pytest.approx(1 / forward.beyond.estimate, rel=1e-10)
    assert backward.beyond.conf_low == pytest.approx(1 / forward.beyond.conf_high, rel=1e-10)


def test_a_register_equal_in_both_halves_has_ratio_one(
    simulate: Callable[..., pd.DataFrame],
) -> None:
    # Every pupil has a mirror image with the halves swapped: the joint law is symmetric.
    panel = simulate(1, n=600)
    mirror = panel.assign(
        pupil_key=panel["pupil_key"] + 10_000,
        period=panel["period"].map({EARLY: LATER, LATER: EARLY}),
    )
    found = estimate_escalation(pd.concat([panel, mirror]))
    assert found.beyond.estimate == pytest.approx(1.0, abs=1e-9)
    assert found.verdict.answer == "undecidable"


def test_order_of_rows_changes_nothing(simulate: Callable[..., pd.DataFrame]) -> None:
    panel = simulate(4, n=500)
    shuffled = panel.sample(frac=1, random_state=1)
    first, second = (estimate_escalation(p) for p in (panel, shuffled))
    assert first.to_dict() == second.to_dict()


def test_the_unit_of_time_changes_nothing(simulate: Callable[..., pd.DataFrame]) -> None:
    panel = simulate(4, n=500)
    lessons = panel.copy()
    for name in ("scheduled_min", "valid_min", "invalid_min"):
        lessons[name] = panel[name] // 50
    rows = [estimate_escalation(p).beyond for p in (panel, lessons)]
    assert rows[1].conf_low == pytest.approx(rows[0].conf_low, rel=1e-8)


def test_shared_propensity_alone_is_not_escalation(
    simulate: Callable[..., pd.DataFrame],
) -> None:
    # Valid and invalid absence share a trait and nothing else. 200 registers: the Monte-Carlo
    # error (2 SE) of a 95 % coverage is 3.1 points, of 2.5 % of intervals above 1 2.2 points.
    results = [estimate_escalation(simulate(seed)) for seed in range(200)]
    covered = np.mean([r.beyond.covers(1.0) for r in results])
    supported = np.mean([r.beyond.conf_low > 1 < r.estimate.conf_low for r in results])
    naive = np.mean([r.tables[0].rows[0].conf_low > 1 for r in results])
    assert 0.92 <= covered <= 0.985
    assert supported <= 0.05
    assert naive >= 0.9  # while the unadjusted odds ratio is "significant" nearly always


def test_a_lagged_dependence_is_found(simulate: Callable[..., pd.DataFrame]) -> None:
    # Log odds of invalid absence rise by 0.3 per 5 points of valid absence in the half before.
    # The SE of the mean log ratio over 30 registers is about 0.05 / sqrt(30) = 0.01; the mean
    # lies a little below 0.3 because the benchmark half has no half before it.
    results = [estimate_escalation(simulate(seed, carry=0.3, n=4_000)) for seed in range(30)]
    ratio = np.mean([np.log(r.beyond.estimate) for r in results])
    assert ratio == pytest.approx(0.3, abs=0.1)
    assert np.mean([r.verdict.answer == "supported" for r in results]) >= 0.8


def test_the_opposite_order_is_not_supported(simulate: Callable[..., pd.DataFrame]) -> None:
    panel = simulate(3, carry=0.6, n=3_000)
    found = estimate_escalation(panel, early=[LATER], later=[EARLY])
    assert found.verdict.answer == "not supported"


def test_result_is_frozen_plain_and_complete(simulate: Callable[..., pd.DataFrame]) -> None:
    found = estimate_escalation(simulate(0, n=600))
    assert pickle.loads(pickle.dumps(found)) == found
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.estimand.id == "escalation.or_valid_5pp"
    assert [table.name for table in found.tables] == ["associations", "by_early_valid"]
    terms = ["naive", "adjusted", "time-reversed (benchmark)", "adjusted ÷ time-reversed"]
    assert found.tidy()["term"].tolist() == terms
    assert set(found.tidy("by_early_valid").columns) <= set(TIDY_COLUMNS)
    assert found.tidy("by_early_valid")["n"].sum() == found.flow[2].n
    assert "effect" not in found.verdict.sentence
    assert any("relabelling" in reason for reason in found.verdict.reasons)


def test_decision_rule() -> None:
    def answer(adjusted: tuple[float, float], ratio: tuple[float, float]) -> str:
        rows = [Estimate(term="x", conf_low=low, conf_high=high) for low, high in (adjusted, ratio)]
        return decide(rows[0], rows[1], tolerance=1.1)

    assert answer((1.1, 1.5), (1.11, 1.3)) == "supported"
    assert answer((1.1, 1.5), (1.05, 1.3)) == "undecidable"
    assert answer((0.9, 1.5), (1.2, 1.3)) == "undecidable"
    assert answer((1.1, 1.5), (0.7, 1.0)) == "not supported"
    assert answer((0.7, 0.99), (0.9, 1.3)) == "not supported"


def test_periods_split_into_halves_of_equal_school_days() -> None:
    panel = pd.DataFrame(
        {
            "pupil_key": 1,
            "period": [202508, 202509, 202510, 202511, 202512],
            "n_days": [8, 22, 20, 20, 14],
        }
    )
    assert split_periods(panel) == ([202508, 202509, 202510], [202511, 202512])


def test_named_terms_follow_the_order_of_time() -> None:
    panel = pd.DataFrame(
        {
            "pupil_key": [1, 2, 2],
            "period": ["spring", "autumn", "spring"],
            "n_days": [90, 80, 90],
        }
    )
    assert split_periods(panel) == (["autumn"], ["spring"])


def test_pupils_who_are_in_one_half_only_are_counted_out(
    simulate: Callable[..., pd.DataFrame],
) -> None:
    panel = simulate(2, n=300)
    gone = panel["pupil_key"].isin(panel["pupil_key"].unique()[:40]) & (panel["period"] == LATER)
    halves = split_halves(
        panel[~gone], [EARLY], [LATER], covariates=["grade"], cluster="school_key"
    )
    assert [step.n for step in halves.flow] == [300, 260, 260]


def test_a_grade_without_invalid_absence_is_left_out_and_counted(
    simulate: Callable[..., pd.DataFrame],
) -> None:
    panel = simulate(2, n=600)
    panel.loc[panel["grade"] == 5, "invalid_min"] = 0
    found = estimate_escalation(panel)
    others = panel.loc[panel["grade"] != 5, "pupil_key"].nunique()
    assert found.n == others
    assert found.flow[-1].n == others


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.assign(invalid_min=p["invalid_min"].where(p["period"] == EARLY, 0)), "later"),
        (lambda p: p.assign(invalid_min=p["invalid_min"].where(p["period"] == LATER, 0)), "early"),
        (lambda p: p.assign(valid_min=0), "does not differ"),
        (lambda p: p.assign(school_key=1), "at least 2 groups"),
        (lambda p: p[p["period"] == EARLY], "at least 2 periods"),
    ],
)
def test_a_design_without_an_answer_is_refused(
    simulate: Callable[..., pd.DataFrame],
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
) -> None:
    with pytest.raises(DesignError, match=message):
        estimate_escalation(change(simulate(0, n=200)))


def test_bad_arguments_are_named(simulate: Callable[..., pd.DataFrame]) -> None:
    panel = simulate(0, n=200)
    with pytest.raises(ValueError, match=r"Did you mean 0\.05"):
        estimate_escalation(panel, per=5)
    with pytest.raises(ValueError, match="at least 1"):
        estimate_escalation(panel, tolerance=0.9)
    with pytest.raises(ValueError, match="one row per pupil"):
        estimate_escalation(pd.concat([panel, panel]))
    with pytest.raises(DesignError, match="no period"):
        estimate_escalation(panel, early=[EARLY], later=[209901])
    with pytest.raises(DesignError, match="overlap"):
        estimate_escalation(panel, early=[EARLY], later=[EARLY])
    with pytest.raises(ValueError, match="both"):
        estimate_escalation(panel, early=[EARLY])
    with pytest.raises(ValueError, match="school_key"):
        estimate_escalation(panel.drop(columns="school_key"))
    with pytest.raises(TypeError, match="list of columns"):
        estimate_escalation(panel, covariates="grade")
