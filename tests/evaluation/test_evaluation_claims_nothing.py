"""No certainty from constant values, no p-value without an interval, no claim on null data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk import overclaim
from absence_risk.evaluation import (
    Likert,
    PrePost,
    Rate,
    Selected,
    ancova,
    describe_wellbeing,
    difference_in_differences,
    event_study,
    matched_comparison,
    staggered_difference_in_differences,
    synthetic_control,
)
from absence_risk.stats.effect_size import noncentral_t_limits


def pupils(seed: int, first: int, n: int, *, gain: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    before = rng.uniform(0.2, 0.4, n)
    before_wb = np.clip(rng.normal(2.5, 0.7, n).round(), 1, 5)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "m": np.arange(n) % 6,
            "treated": np.arange(n) % 4 < 2,
            "before": before,
            "after": np.clip(0.05 + 0.6 * before + rng.normal(0, 0.05, n) - gain, 0, 1),
            "wb0": before_wb,
            "wb1": np.clip((before_wb + rng.normal(0.4, 0.7, n)).round(), 1, 5),
        }
    )


def study(cases: pd.DataFrame, registry: pd.DataFrame | None, **options) -> PrePost:
    return PrePost(
        cases,
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(pre="wb0", post="wb1", low=1, high=5),
        },
        selection=Selected("absence", at_least=0.2),
        registry=registry,
        **options,
    )


@pytest.mark.parametrize("cluster", [None, "m"])
def test_values_without_any_spread_look_certain_nowhere(cluster):
    cases, others = pupils(1, 0, 40), pupils(2, 1_000, 200)
    flat = study(
        cases.assign(after=cases["before"] - 0.1),
        others.assign(after=others["before"]),
        cluster=cluster,
    )
    found = flat.change("absence")
    assert found.beyond.estimate == pytest.approx(-0.1)
    assert (found.beyond.conf_low, found.beyond.p_value) == (None, None)
    assert found.verdict.answer == "undecidable"
    assert "nothing tells how far chance reaches" in found.verdict.sentence
    assert "no benchmark" not in found.verdict.sentence
    everyone = found.table("responders").rows[0]
    assert everyone.estimate == pytest.approx(1.0)
    assert (everyone.conf_low, everyone.n_events) == (None, 40)


def tables() -> list:
    cases, others = pupils(1, 0, 60), pupils(2, 1_000, 300)
    made = []
    for options in ({}, {"cluster": "m"}):
        asked = study(cases, others, **options)
        made += [
            *asked.change("absence").tables,
            *asked.change("wellbeing").tables,
            asked.effect_sizes("absence"),
            asked.responders("absence", rule="better"),
            asked.moderator("absence", "wb0", measured="before"),
            asked.by("m"),
        ]
    made.append(study(cases, None, cluster="m").ordinal("wellbeing"))
    arms = {"pre": "before", "post": "after", "treated": "treated", "same_rule": True}
    for run in (difference_in_differences, ancova, matched_comparison):
        made += run(others, **arms, cluster="m").tables
    few = pd.DataFrame([(i, t) for i in range(8) for t in range(10)], columns=["u", "t"])
    few["y"] = np.random.default_rng(3).normal(size=len(few))
    made += synthetic_control(
        few, outcome="y", time="t", unit_column="u", treated_unit=0, start=7,
        chosen_by_outcome=False,
    ).tables  # fmt: skip
    answers = pd.DataFrame(
        {
            "survey_key": np.tile(np.arange(60), 2),
            "wave": np.repeat([0, 1], 60),
            "instrument_id": "w",
            "item_id": "a",
            "response": np.concatenate([cases["wb0"], cases["wb1"]]),
        }
    )
    return [*made, *describe_wellbeing(answers, scale=(1, 5))]


def test_no_p_value_stands_without_an_interval():
    bare = [
        (table.name, row.term)
        for table in tables()
        for row in table.rows
        if row.p_value is not None and row.conf_low is None and row.conf_high is None
    ]
    assert bare == []


def test_tests_that_take_pupils_as_independent_have_no_p_in_clusters():
    cases = pupils(1, 0, 60)
    alone = {r.term: r for r in study(cases, None).ordinal("wellbeing").rows}
    within = {r.term: r for r in study(cases, None, cluster="m").ordinal("wellbeing").rows}
    moved = "moved up minus moved down"
    assert alone[moved].p_value is not None
    assert within[moved].p_value is None
    assert within[moved].estimate == alone[moved].estimate
    assert within[moved].conf_low != alone[moved].conf_low
    asked = [term for term in within if term.startswith(("Bowker", "Stuart", "equal"))]
    assert len(asked) == 3
    assert all(within[t].p_value is None and alone[t].p_value is not None for t in asked)


def panel(seed: int, gain: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame([(i, t) for i in range(90) for t in range(8)], columns=["pupil_key", "t"])
    rows["start"] = rows["pupil_key"].map(lambda i: (np.nan, 4.0, 6.0)[i % 3])
    treated = rows["t"] >= rows["start"]
    return rows.assign(y=rng.normal(size=len(rows)) - gain * treated)


@pytest.mark.parametrize(("gain", "better"), [(0.0, "lower"), (0.2, "higher"), (-0.2, "lower")])
def test_null_and_opposite_data_claim_nothing(gain, better):
    arms = {"pre": "before", "post": "after", "treated": "treated", "same_rule": True}
    others, some = pupils(2, 1_000, 300), {"outcome": "y", "time": "t", "start": "start"}
    shifted = others.assign(after=others["after"] - gain * others["treated"])
    results = [
        run(shifted, **arms, cluster="m", better=better)
        for run in (difference_in_differences, ancova, matched_comparison)
    ]
    results += [
        staggered_difference_in_differences(
            panel(4, 5 * gain), **some, same_rule=True, selection_periods=1, better=better
        ),
        event_study(panel(4, 5 * gain), **some, same_rule=True, selection_periods=1, better=better),
    ]
    assert {found.verdict.answer for found in results} <= {"not supported", "undecidable"}
    for found in results:
        said = " ".join((found.verdict.sentence, *found.verdict.reasons))
        row = found.beyond
        assert overclaim.guarded(said, row, null=0.0) == said or not row.covers(0.0)
        assert "improved because" not in said


@pytest.mark.parametrize(("t", "n"), [(-13.0, 60), (40.0, 300), (300.0, 20), (0.0, 12)])
def test_limits_of_d_z_exist_however_large_the_change(t, n):
    low, high = noncentral_t_limits(t, n)
    assert low < t / np.sqrt(n) < high
    flipped = noncentral_t_limits(-t, n)
    assert flipped == pytest.approx((-high, -low), rel=1e-9, abs=1e-12)
    # Far out d_z is near normal with variance 1/n + d²/(2n) (Hedges & Olkin 1985, ch. 5).
    spread = 1.96 * np.sqrt(1 / n + t**2 / n / (2 * n))
    assert high - low == pytest.approx(2 * spread, rel=0.1)
