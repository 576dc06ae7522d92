"""Wrong input is refused in plain words, and no message repeats what stands in a column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.evaluation import (
    MI,
    Likert,
    PrePost,
    Rate,
    Selected,
    ancova,
    difference_in_differences,
    event_curve,
    flow_chart,
    interrupted_time_series,
    matched_comparison,
    pair_waves,
    stepped_wedge_power,
    tipping_surface,
)
from absence_risk.stats.regression_to_mean import fit_beta

SECRET = "P4711"


def pupils(seed: int, first: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lost = rng.random(n) < 0.3
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "m": np.arange(n) % 6,
            "treated": np.arange(n) % 4 < 2,
            "before": rng.uniform(0.2, 0.4, n),
            "after": rng.uniform(0.1, 0.4, n),
            "wb0": rng.integers(1, 6, n).astype(float),
            "wb1": np.where(lost, np.nan, rng.integers(1, 6, n)),
            "extra": rng.normal(size=n),
        }
    )


CASES, REGISTRY = pupils(1, 0, 60), pupils(2, 1_000, 300)
OUTCOMES = {
    "absence": Rate(pre="before", post="after"),
    "wellbeing": Likert(pre="wb0", post="wb1", low=1, high=5),
}
ARMS = {"pre": "before", "post": "after", "treated": "treated", "same_rule": True}


def study(cases=CASES, registry=REGISTRY, **options) -> PrePost:
    return PrePost(cases, outcomes=OUTCOMES, cluster="m", registry=registry, **options)


def secret(column: str, frame: pd.DataFrame = CASES) -> pd.DataFrame:
    return frame.assign(**{column: [f"{SECRET}{i}" for i in range(len(frame))]})


TEXT_FOR_NUMBERS = {
    "outcome": lambda: study(secret("before")).change("absence"),
    "match_on": lambda: study(secret("extra"), secret("extra", REGISTRY), match_on="extra").change(
        "absence"
    ),
    "aux": lambda: study(secret("extra")).change("wellbeing", missing=MI(m=2, aux="extra")),
    "moderator": lambda: study(secret("extra")).moderator("absence", "extra", measured="before"),
    "comparison": lambda: ancova(secret("before"), **ARMS),
    "months": lambda: event_curve(
        secret("absence_rate", pd.DataFrame({"month": [1] * 6, "absence_rate": 0.1}))
    ),
}


@pytest.mark.parametrize("ask", TEXT_FOR_NUMBERS.values(), ids=TEXT_FOR_NUMBERS.keys())
def test_text_where_numbers_belong_is_named_by_column_alone(ask):
    with pytest.raises(ValueError, match="must hold numbers") as caught:
        ask()
    seen: BaseException | None = caught.value
    while seen is not None:  # what was being handled when it was raised is printed as well
        assert SECRET not in str(seen)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


TWO_KINDS = {
    "clusters": lambda: study(CASES.assign(m=CASES["m"].astype(str))),
    "keys": lambda: study(CASES.assign(pupil_key=CASES["pupil_key"].astype(str))),
    "keys of a comparison": lambda: difference_in_differences(
        CASES.assign(pupil_key=[str(k) if k % 2 else k for k in CASES["pupil_key"]]), **ARMS
    ),
    "waves": lambda: pair_waves(
        CASES[["pupil_key", "before"]], CASES[["pupil_key"]].astype(str), id="pupil_key"
    ),
}


@pytest.mark.parametrize("ask", TWO_KINDS.values(), ids=TWO_KINDS.keys())
def test_labels_of_two_kinds_are_refused(ask):
    with pytest.raises(ValueError, match="holds text in some rows and numbers in others"):
        ask()


def test_one_name_may_be_given_alone():
    one = study().change("wellbeing", missing=MI(m=2, aux="extra")).beyond
    assert one == study().change("wellbeing", missing=MI(m=2, aux=("extra", "extra"))).beyond
    assert study(match_on="extra").match_on == ("extra",)
    for run in (ancova, matched_comparison):
        single = run(REGISTRY, **ARMS, covariates="extra")
        assert single == run(REGISTRY, **ARMS, covariates=["extra"])


def test_a_column_that_says_nothing_new_is_left_out_of_an_imputation():
    plain = study().change("wellbeing", missing=MI(m=4, aux=())).estimate
    same = study(CASES.assign(extra=1.0)).change("wellbeing", missing=MI(m=4, aux="extra"))
    assert same.estimate == plain
    double = study(CASES.assign(extra=2 * CASES["wb0"] + 1))
    assert double.change("wellbeing", missing=MI(m=4, aux="extra")).estimate == plain
    level = study(CASES.assign(wb0=3.0)).change("wellbeing", missing=MI(m=4)).estimate
    assert level.conf_low < level.estimate < level.conf_high


def test_reasons_and_groups_may_have_empty_cells():
    for nothing in (None, np.nan, ""):
        chart = flow_chart(study(CASES.assign(dropped=[nothing] * 50 + ["moved"] * 10)))
        lost = next(row for row in chart.rows if row.term == "moved")
        assert lost.n == 10
    rows = study(CASES.assign(team=["a", None, "b"] * 20)).by("team").rows
    assert [(row.group, row.n) for row in rows[:-1]] == [("a", 20), ("b", 20), ("not known", 20)]


WRONG = {
    "missing is not MI": (TypeError, lambda: study().change("wellbeing", missing=True)),
    "missing of a tipping point": (TypeError, lambda: study().tipping_point("wellbeing", 5)),
    "rule is a number": (ValueError, lambda: study().responders("absence", rule=3)),
    "warnings of nothing": (ValueError, lambda: study().warnings("wellbing")),
    "shares of nothing": (ValueError, lambda: study().responders("absense")),
    "same rule in words": (
        ValueError,
        lambda: ancova(CASES, **{**ARMS, "same_rule": "no"}),
    ),
    "start in words": (
        ValueError,
        lambda: interrupted_time_series(
            pd.DataFrame({"t": range(30), "y": 0.0}),
            outcome="y", time="t", start="June", chosen_by_outcome=False,
        ),
    ),
    "starts between periods": (
        ValueError,
        lambda: stepped_wedge_power([1.5, 2], 4, difference=1, sd=1, icc=0, size=9),
    ),
    "starts unknown": (
        ValueError,
        lambda: stepped_wedge_power([np.nan, 2], 4, difference=1, sd=1, icc=0, size=9),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("error", "ask"), WRONG.values(), ids=WRONG.keys())
def test_wrong_arguments_are_named(error, ask):
    with pytest.raises(error, match=r"must (be|hold)"):
        ask()


def test_shares_without_untreated_answers_say_so():
    with pytest.raises(DesignError, match="share alone says nothing"):
        study(registry=REGISTRY.drop(columns="wb1")).responders("wellbeing")


def test_a_covariate_without_news_is_named():
    with pytest.raises(DesignError, match="extra does not vary"):
        ancova(CASES.assign(extra=1.0), **ARMS, covariates=["extra"])
    with pytest.raises(DesignError, match="before does not vary"):
        ancova(CASES.assign(before=0.3), **ARMS)


def test_an_arm_in_one_cluster_has_no_interval():
    waiting = pupils(5, 5_000, 60).assign(m=2)
    both = PrePost(CASES, outcomes=OUTCOMES, cluster="m", waiting_list=waiting)
    with pytest.raises(DesignError, match="in a single m"):
        tipping_surface(both, "wellbeing", MI(m=4), deltas=[0.0])


def test_a_registry_that_turns_levels_round_gives_no_reliability():
    rng = np.random.default_rng(3)
    before = np.concatenate([rng.uniform(0, 0.08, 250), rng.uniform(0.2, 0.4, 50)])
    turned = REGISTRY.assign(before=before, after=0.4 - before)
    asked = study(registry=turned, selection=Selected("absence", at_least=0.2))
    with pytest.raises(DesignError, match="cannot be a reliability"):
        asked.change("absence", benchmark="normal")


def test_a_population_that_does_not_differ_has_no_beta_law():
    with pytest.raises(DesignError, match="no Beta population fits"):
        fit_beta(np.full(9, 2.0), np.full(9, 20.0))
    with pytest.raises(DesignError, match="one school day"):
        fit_beta(np.array([0.0, 1.0]), np.array([1.0, 20.0]))
