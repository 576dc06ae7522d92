"""Missing follow-up in a study: imputed change, tipping point, bounds, flow, refusals."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from absence_risk.errors import DesignError
from absence_risk.evaluation import MI, Likert, PrePost, Rate, bounds, flow_chart, tipping_surface
from absence_risk.evaluation.imputed import complete_follow_up
from absence_risk.evaluation.missing_flow import reasons_table
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.cr2 import fit_cr2
from absence_risk.stats.rubin import pool

SCALE = Likert(pre="wb0", post="wb1", low=1, high=5)
ABSENCE = Rate(pre="before", post="after")


def pupils(seed: int, n: int, first: int = 0, gain: float = 0.5, towns: int = 5) -> pd.DataFrame:
    """Scores from 1 to 5; 40 % without follow-up, more of them with high absence."""
    rng = np.random.default_rng(seed)
    town = rng.choice(towns, n, p=np.arange(towns, 0, -1) / np.arange(1, towns + 1).sum())
    before = rng.uniform(0.2, 0.5, n)
    wb0 = rng.normal(2.6, 0.6, n)
    wb1 = wb0 + gain - (before - 0.35) + 0.1 * town + 0.5 * rng.normal(size=n)
    lost = rng.random(n) < expit(-0.5 + 6 * (before - 0.35))
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "town": town,
            "before": before,
            "after": np.clip(before - rng.uniform(0, 0.2, n), 0, 1),
            "wb0": np.clip(wb0, 1, 5),
            "wb1": np.where(lost, np.nan, np.clip(wb1, 1, 5)),
        }
    )


def study_of(cases: pd.DataFrame, **changes: Any) -> PrePost:
    outcomes = {"absence": ABSENCE, "wellbeing": SCALE}
    return PrePost(cases, **{"outcomes": outcomes, "cluster": "town", **changes})


CASES = pupils(1, 90)
HOW = MI(m=20, aux=("before",))


def test_the_change_is_the_pooled_change_of_the_completed_data_sets():
    study = study_of(CASES)
    result = study.change("wellbeing", missing=HOW)
    done = complete_follow_up(study, "wellbeing", HOW)
    fits = [
        fit_cr2(np.ones((len(CASES), 1)), post - done.cases.pre, done.codes).contrast([1.0])
        for post in done.full
    ]
    found = pool(
        [f.estimate for f in fits],
        [f.std_error**2 for f in fits],
        df_complete=fits[0].df,
        rule="satterthwaite",
    )
    assert result.estimate.estimate == pytest.approx(float(found.estimate), abs=1e-12)
    assert result.estimate.std_error == pytest.approx(float(found.std_error), abs=1e-12)
    assert result.n == 90
    assert result.beyond.estimate is None
    assert result.verdict.answer == "undecidable"
    assert "imputed" in result.verdict.reasons[0]


def test_row_order_changes_nothing():
    shuffled = CASES.sample(frac=1, random_state=3)
    one = study_of(CASES).change("wellbeing", missing=HOW)
    two = study_of(shuffled).change("wellbeing", missing=HOW)
    assert one.estimate == two.estimate


def test_a_full_follow_up_gives_the_same_answer_as_complete_pairs():
    whole = CASES.assign(wb1=CASES["wb1"].fillna(3.0))
    study = study_of(whole)
    with_mi, without = study.change("wellbeing", missing=HOW), study.change("wellbeing")
    assert with_mi.estimate.estimate == pytest.approx(without.estimate.estimate, abs=1e-12)
    assert with_mi.estimate.std_error == pytest.approx(without.estimate.std_error, abs=1e-12)
    with pytest.raises(DesignError, match="No follow-up of 'wellbeing' is missing"):
        study.tipping_point("wellbeing")


def test_delta_moves_the_estimate_by_its_share_and_the_point_is_closed():
    study = study_of(CASES)
    share = CASES["wb1"].isna().mean()
    zero = study.change("wellbeing", missing=HOW).estimate.estimate
    moved = study.change("wellbeing", missing=dataclasses.replace(HOW, delta=-0.4))
    assert moved.estimate.estimate == pytest.approx(zero - 0.4 * share, abs=1e-12)
    tipping = study.tipping_point("wellbeing", HOW, benchmark="none")
    assert tipping.delta == pytest.approx(-zero / share, rel=1e-10)
    assert tipping.in_sd == pytest.approx(tipping.delta / CASES["wb0"].std(), rel=1e-10)


@pytest.mark.parametrize("benchmark", ["none", "registry"])
def test_the_interval_touches_zero_at_the_tipping_delta(benchmark):
    registry = pupils(2, 200, first=1000, gain=0.1) if benchmark == "registry" else None
    study = study_of(CASES, registry=registry)
    tipping = study.tipping_point("wellbeing", HOW, benchmark=benchmark)
    ends = [(tipping.covers_from, "conf_high"), (tipping.covers_to, "conf_low")]
    assert any(delta is not None for delta, _ in ends)
    for delta, field in ends:
        if delta is not None:
            how = dataclasses.replace(HOW, delta=delta)
            row = study.change("wellbeing", missing=how, benchmark=benchmark)
            row = row.estimate if benchmark == "none" else row.beyond
            assert getattr(row, field) == pytest.approx(0.0, abs=1e-9)
    assert tipping.covers_to is not None
    assert tipping.covers_to > tipping.delta


def test_a_rate_tips_in_school_days():
    cases = CASES.assign(after=CASES["after"].where(CASES["wb1"].notna()))
    study = study_of(cases)
    tipping = study.tipping_point("absence", MI(m=5, aux=("wb0",)), school_days=190)
    assert tipping.in_days == pytest.approx(190 * tipping.delta)
    assert "school days" in tipping.sentence or "covers 0 even" in tipping.sentence


def test_complete_cases_and_carrying_forward_are_named_comparisons():
    rows = study_of(CASES).change("wellbeing", missing=HOW).table("missing").rows
    assert [r.term.startswith("comparison only") for r in rows] == [False, True, True]
    change = CASES["wb1"] - CASES["wb0"]
    assert rows[1].estimate == pytest.approx(change.mean())
    assert rows[2].estimate == pytest.approx(change.fillna(0).mean())


def test_bounds_hold_every_possible_answer():
    study = study_of(CASES, waiting_list=pupils(5, 80, first=2000, gain=0.0))
    rows = {r.term: r for r in bounds(study, "wellbeing").rows}
    low = (CASES["wb1"].fillna(1) - CASES["wb0"]).mean()
    high = (CASES["wb1"].fillna(5) - CASES["wb0"]).mean()
    assert rows["Manski: change, lowest possible"].estimate == pytest.approx(low)
    assert rows["Manski: change, highest possible"].estimate == pytest.approx(high)
    assert rows["Manski: change, interval"].conf_low < low
    inner = study.change("wellbeing", missing=HOW).estimate.estimate
    assert low < inner < high
    lee = [v for k, v in rows.items() if k.startswith("Lee")]
    assert lee[0].estimate < lee[1].estimate
    nobody = study_of(CASES.assign(wb1=np.nan))
    assert nobody.bounds("wellbeing").rows[1].estimate == pytest.approx((5 - CASES["wb0"]).mean())


def test_two_arms_tip_on_a_surface_linear_in_both_deltas():
    waiting = pupils(5, 80, first=2000, gain=0.0)
    study = study_of(CASES, waiting_list=waiting)
    table = tipping_surface(study, "wellbeing", HOW, deltas=(-1.0, 0.0, 1.0))
    at = {(r.threshold, r.time): r.estimate for r in table.rows}
    assert len(at) == 9
    share, share_waiting = CASES["wb1"].isna().mean(), waiting["wb1"].isna().mean()
    assert at[1.0, 0.0] - at[0.0, 0.0] == pytest.approx(share, abs=1e-9)
    assert at[0.0, 1.0] - at[0.0, 0.0] == pytest.approx(-share_waiting, abs=1e-9)
    with pytest.raises(DesignError, match="waiting_list"):
        tipping_surface(study_of(CASES), "wellbeing", HOW, deltas=(0.0,))


def test_flow_names_reasons_and_hides_small_groups():
    lost = CASES["wb1"].isna().to_numpy()
    place = np.cumsum(lost)
    why = np.where(lost & (place <= 3), "moved", np.where(lost & (place <= 20), "declined", ""))
    study = study_of(CASES.assign(no_follow_up=why))
    chart = {r.term: r.n for r in flow_chart(study, "wellbeing", minimum=1).rows}
    assert (chart["moved"], chart["declined"]) == (3, 17)
    assert chart["no follow-up"] == lost.sum() - 20
    groups = {r.group: r for r in reasons_table(study, "wellbeing").rows}
    # Three pupils moved: they stand with the next rarest reason, or the rest would tell of them.
    assert "not followed up: moved" not in groups
    assert groups["not followed up: other reasons"].n >= 5
    assert sum(r.n for r in groups.values()) == len(CASES)
    assert groups["followed up"].estimate == pytest.approx(CASES["wb0"][~lost].mean())


@pytest.mark.parametrize(
    ("cases", "how", "outcomes", "message"),
    [
        (CASES.assign(wb1=np.nan), HOW, None, "Nobody has both"),
        (CASES.assign(wb1=CASES["wb1"].where(CASES["wb1"].notna().cumsum() < 9)), HOW, None, "10"),
        (CASES.assign(before=CASES["before"].where(CASES.index > 7)), HOW, None, "missing itself"),
        (
            CASES,
            HOW,
            {"wellbeing": dataclasses.replace(SCALE, pre_window=(4, 6), post_window=(-3, -1))},
            "begins before its baseline",
        ),
        (CASES.assign(wb0=np.nan), HOW, None, "Nobody has a baseline"),
        (
            CASES.assign(wb1=CASES["wb1"].where(CASES["wb1"].notna().cumsum() < 12)),
            MI(aux=("before", "after", "town", "pupil_key")),
            None,
            "Name fewer columns",
        ),
    ],
)
def test_what_cannot_be_imputed_is_refused_with_the_reason(cases, how, outcomes, message):
    study = study_of(cases, **({"outcomes": outcomes} if outcomes else {}))
    with pytest.raises(DesignError, match=message):
        study.change("wellbeing", missing=how)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="at least 2"):
        MI(m=1)
    with pytest.raises(ValueError, match="nearest: 'before'"):
        study_of(CASES).change("wellbeing", missing=MI(aux=("befor",)))
    with pytest.raises(ValueError, match="benchmark"):
        study_of(CASES).change("wellbeing", missing=HOW, benchmark="gap")


def test_one_municipality_counts_pupils_and_says_so():
    study = study_of(CASES.assign(town=1))
    result = study.change("wellbeing", missing=HOW)
    assert "pupils independent" in result.method
    assert any("one town" in reason for reason in result.verdict.reasons)


def test_the_register_is_used_by_default_and_matching_stays_on_the_scale():
    study = study_of(CASES)
    done = complete_follow_up(study, "wellbeing", MI(m=4))
    assert done.used == ("absence before", "absence after")
    whole = study_of(CASES.assign(wb1=CASES["wb1"].round()))
    done = complete_follow_up(whole, "wellbeing", MI(m=4, method="pmm"))
    assert set(np.unique(done.full)) <= {1.0, 2.0, 3.0, 4.0, 5.0}


def test_a_follow_up_dated_before_the_baseline_is_imputed():
    early = CASES["wb1"].notna().cumsum() <= 5
    cases = CASES.assign(d0="2025-03-01", d1=np.where(early, "2025-01-01", "2025-09-01"))
    outcome = dataclasses.replace(SCALE, dates=("d0", "d1"))
    done = complete_follow_up(
        study_of(cases, outcomes={"wellbeing": outcome}), "wellbeing", MI(m=2, aux=())
    )
    assert done.missing.sum() == (CASES["wb1"].isna() | early).sum()


def test_cluster_mean_equals_the_general_cr2():
    values, codes = CASES["before"].to_numpy(), CASES["town"].to_numpy(np.int64)
    one = cluster_mean(values, codes)
    fit = fit_cr2(np.ones((90, 1)), values, codes).contrast([1.0])
    assert float(one.variance) ** 0.5 == pytest.approx(fit.std_error, rel=1e-10)
    assert one.df == pytest.approx(fit.df, rel=1e-10)
