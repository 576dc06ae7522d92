"""Everything that is said of an outcome, and what of it may leave."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from absence_risk.disclosure import protect, small_counts
from absence_risk.evaluation import Likert, PrePost, Rate, Selected
from absence_risk.evaluation.assessment import assess, remarks_of
from absence_risk.evaluation.cautions import Caution


def make(n=60, lost=24, ties=2, seed=1, registry=True):
    """Return a study: ``ties`` pupils stay the same in absence, ``lost`` have no second answer."""
    rng = np.random.default_rng(seed)

    def pupils(first, n):
        return pd.DataFrame(
            {
                "pupil_key": np.arange(first, first + n),
                "place": np.array(["North", "South", "West"])[rng.integers(0, 3, n)],
                "before": rng.uniform(0.2, 0.5, n).round(3),
                "after": rng.uniform(0.0, 0.5, n).round(3),
                "wb0": rng.integers(1, 6, n).astype(float),
                "wb1": rng.integers(1, 6, n).astype(float),
            }
        )

    cases = pupils(0, n)
    cases.loc[: ties - 1, "after"] = cases.loc[: ties - 1, "before"]
    cases.loc[: lost - 1, "wb1"] = np.nan
    return PrePost(
        cases,
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(pre="wb0", post="wb1", low=1, high=5),
        },
        cluster="place",
        selection=Selected("absence", at_least=0.2),
        registry=pupils(1000, 500).drop(columns=["wb0", "wb1"]) if registry else None,
    )


def test_every_table_that_the_data_carry_is_there():
    found = assess(make(), "absence", by="place")
    names = [table.name for table in found.result.tables]
    assert names == [
        "change", "course", "responders", "responses", "by", "effect_sizes", "flow_chart",
    ]  # fmt: skip
    assert found.left_out == ()
    assert found.tipping is None


def test_missing_answers_are_imputed_bounded_and_tipped():
    found = assess(make(), "wellbeing", benchmark="none")
    names = {table.name for table in found.result.tables}
    assert {"missing", "follow_up", "bounds"} <= names
    assert found.tipping is not None
    assert any(text.startswith("Responses of all cases") for text in found.left_out)


@pytest.mark.parametrize("lost", [1, 4, 36])
def test_few_missing_answers_are_not_spoken_of(lost):
    found = assess(make(lost=lost), "wellbeing", benchmark="none")
    told = {table.name for table in found.result.tables}
    assert ("missing" in told) == (lost >= 5)
    assert any("So few follow-ups" in text for text in found.left_out) == (lost < 5)


def test_a_rare_class_cannot_be_worked_out_from_the_others():
    study = make(ties=2)
    raw = assess(study, "absence", by="place").result
    safe = protect(raw)
    shown = {r.term: r.n_events for r in safe.table("responses").rows if r.n_events is not None}
    assert "better" in shown
    assert not {"the same", "worse"} & set(shown)


def test_classes_that_are_large_enough_are_all_shown():
    raw = assess(make(n=90, ties=12), "absence", by="place").result
    rows = protect(raw).table("responses").rows
    assert [r.term for r in rows if r.n_events] == ["better", "the same", "worse"]
    assert sum(r.n_events for r in rows if r.n_events) == 90


def test_no_small_count_is_left_and_no_share_of_few_pupils():
    study = make(lost=3)
    found = [assess(study, name, by="place") for name in ("absence", "wellbeing")]
    for one in found:
        safe = protect(one.result)
        assert small_counts(safe) == 0
        remarks = remarks_of(study, safe, [one])
        text = json.dumps(remarks.to_dict())
        assert "5 % of the pupils with a baseline of wellbeing" not in text  # 3 of 60
    said = [str(c) for c in found[1].cautions if c.code == "missing"]
    assert all(text.startswith("Few of the pupils") for text in said)


def test_the_trend_list_holds_the_protected_flow_only():
    study = make()
    dropped = study.cases.assign(dropped=["moved"] * 2 + [""] * 58)
    study = dataclasses.replace(study, cases=dropped)
    one = assess(study, "absence")
    safe = protect(one.result)
    remarks = remarks_of(study, safe, [one])
    steps = next(item.text for item in remarks.trend.items if item.number == "12")
    assert not ("60" in steps and "58" in steps)
    assert ", n =" not in next(item.text for item in remarks.trend.items if item.number == "14")
    chart = [row.n for row in safe.table("flow_chart").rows if row.n is not None]
    flow = {step.n for step in safe.flow}
    assert not ({60, 58} <= (set(chart) | flow))
    assert all(n == 0 or n >= 5 for n in chart)


def test_a_caution_says_few_or_nearly_all_where_a_share_would_tell():
    one = Caution(code="missing", outcome="w", message="96 % of the pupils", fix="Ask.", behind=2)
    assert str(one) == "Nearly all of the pupils Ask."
    assert one.told(1) == "96 % of the pupils Ask."
    assert dataclasses.replace(one, behind=7).told(10).startswith("Nearly all")
