"""Cautions before any number, groups of a forest, and designs that cannot answer."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absence_risk.errors import DesignError
from absence_risk.evaluation import Likert, PrePost, Rate, Selected
from absence_risk.evaluation import change as change_module
from absence_risk.evaluation.selection import overlap, precedes
from absence_risk.evaluation.verdict import decide
from absence_risk.result import Estimate, Verdict


def _frame(seed: int, n: int, first: int = 0, municipalities: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "municipality_key": np.arange(n) % municipalities + 1,
            "before": rng.uniform(0.15, 0.5, n),
            "after": rng.uniform(0.0, 0.5, n),
            "alarm": rng.uniform(0.2, 0.6, n),
            "score0": rng.integers(1, 5, n).astype(float),
            "score1": rng.integers(1, 6, n).astype(float),
        }
    )


ABSENCE = Rate(pre="before", post="after")
SCORE = Likert(pre="score0", post="score1", low=1, high=5)


def _study(**changes: Any) -> PrePost:
    given_ = {
        "outcomes": {"absence": ABSENCE, "wellbeing": SCORE},
        "cluster": "municipality_key",
        "selection": Selected("absence", at_least=0.2, measure="alarm"),
        "registry": _frame(2, 300, first=1_000),
        **changes,
    }
    return PrePost(given_.pop("cases", _frame(1, 60)), **given_)


def _codes(study: PrePost, outcome: str | None = None) -> list[str]:
    return [caution.code for caution in study.warnings(outcome)]


def test_a_sound_design_with_many_clusters_has_no_caution() -> None:
    study = _study(cases=_frame(1, 100, municipalities=25), outcomes={"absence": ABSENCE})
    assert _codes(study) == []


def test_few_clusters_and_missing_answers_are_told_with_figures() -> None:
    cases = _frame(1, 100)
    cases.loc[:40, "score1"] = np.nan
    found = {c.code: c for c in _study(cases=cases).warnings()}
    assert "3 groups by municipality" in found["few_clusters"].message
    assert "4.3 standard errors" in found["few_clusters"].message
    assert "41 %" in found["missing"].message
    assert found["missing"].outcome == "wellbeing"
    assert all(c.fix.endswith(".") for c in found.values())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cases": _frame(1, 60).assign(municipality_key=1)}, "one_cluster"),
        ({"registry": None}, "no_registry"),
        ({"registry": _frame(2, 300, first=1_000).drop(columns="score1")}, "no_registry"),
        ({"selection": None}, "no_selection"),
        ({"selection": Selected("absence", at_least=0.15)}, "selection_is_baseline"),
        ({"cases": _frame(1, 60).assign(alarm=lambda f: f["before"])}, "selection_is_baseline"),
        ({"selection": Selected("absence", at_least=0.4, measure="alarm")}, "rule_not_met"),
        ({"cases": _frame(1, 60).assign(score1=np.nan)}, "nobody_followed"),
        ({"cases": _frame(1, 60).assign(score0=5.0)}, "ceiling"),
        ({"cases": _frame(1, 60).assign(score1=9.0)}, "unusable"),
    ],
)
def test_a_threat_is_named(changes: dict[str, Any], code: str) -> None:
    assert code in _codes(_study(**changes))
    assert code not in _codes(_study())


@pytest.mark.parametrize(
    ("chosen", "baseline", "follow_up", "codes"),
    [
        ("2024-09/2024-11", "2024-11/2025-01", "2025-04/2025-06", ["overlap"]),
        ("2024-09/2024-11", "2024-03/2024-05", "2025-04/2025-06", []),
        ((-1, -1), (-3, -1), (3, 6), ["overlap"]),
        ((-1, -1), (-6, -4), (3, 6), []),
        ("the alarm month", "2024-11/2025-01", "2024-04/2024-06", ["follow_up_first"]),
    ],
)
def test_windows_are_compared(chosen: Any, baseline: Any, follow_up: Any, codes: list[str]) -> None:
    outcome = dataclasses.replace(ABSENCE, pre_window=baseline, post_window=follow_up)
    study = _study(
        outcomes={"absence": outcome},
        selection=Selected("absence", at_least=0.2, measure="alarm", window=chosen),
    )
    assert [c for c in _codes(study) if c in ("overlap", "follow_up_first")] == codes


def test_days_and_months_that_touch() -> None:
    assert overlap("2024-09/2024-11", "2024-12/2025-01") is False
    assert overlap(("2024-09-01", "2024-11-30"), "2024-11") is True
    assert overlap("autumn", "2024-11") is None
    assert overlap(None, "2024-11") is None
    assert precedes("2024-09-01/2024-09-02", "2024-09") is False


def test_kidscreen_in_danish_is_named_and_in_english_not() -> None:
    for language, named in (("da", True), ("en", False)):
        scale = dataclasses.replace(SCORE, instrument="KIDSCREEN-10", language=language)
        study = _study(outcomes={"wellbeing": scale}, selection=None)
        assert ("scale" in _codes(study)) is named


def test_dates_before_the_baseline_are_left_out_and_told() -> None:
    cases = _frame(1, 60).assign(first="2025-01-01", second="2025-06-01")
    cases.loc[:9, "second"] = "2024-06-01"
    study = _study(
        cases=cases, outcomes={"wellbeing": dataclasses.replace(SCORE, dates=("first", "second"))},
        selection=None, registry=None,
    )  # fmt: skip
    assert "follow_up_first" in _codes(study)
    assert study.change("wellbeing").n == 50


def test_an_outcome_out_of_range_leaves_the_others_usable() -> None:
    study = _study(cases=_frame(1, 60).assign(score1=9.0))
    with pytest.raises(ValueError, match="score1 holds values outside 1 to 5 in 60 rows"):
        study.change("wellbeing")
    assert study.change("absence").n == 60


def test_a_case_is_never_compared_with_itself() -> None:
    with pytest.raises(ValueError, match="registry holds 20 of the cases"):
        _study(registry=_frame(2, 300, first=40))
    with pytest.raises(ValueError, match="waiting_list holds fewer than 5 of the cases"):
        _study(waiting_list=_frame(2, 30, first=58))


def test_a_row_without_a_cluster_is_refused_and_an_empty_reason_is_no_reason() -> None:
    lacking = _frame(1, 60)
    lacking["municipality_key"] = lacking["municipality_key"].where(lacking["pupil_key"] > 9)
    with pytest.raises(ValueError, match="cases lacks municipality_key in 10 rows"):
        _study(cases=lacking)
    reasons = [None] * 40 + ["moved"] * 12 + [""] * 8
    study = _study(cases=_frame(1, 60).assign(dropped=reasons))
    assert len(study.used) == 48
    assert study.flow("absence")[1].n == 48


def test_nobody_followed_up_says_what_can_be_said() -> None:
    study = _study(cases=_frame(1, 60).assign(score1=np.nan))
    with pytest.raises(DesignError, match="Nobody has both"):
        study.change("wellbeing")


def test_without_a_registry_the_change_is_told_and_nothing_claimed() -> None:
    found = _study(registry=None).change("wellbeing")
    assert found.verdict.answer == "undecidable"
    assert found.beyond.estimate is None
    assert "no benchmark" in found.verdict.sentence
    assert [t.name for t in found.tables] == ["change", "course"]
    with pytest.raises(DesignError, match="a share alone says nothing"):
        _study(registry=None).responders("wellbeing")


def test_one_municipality_counts_pupils_and_says_so() -> None:
    found = _study(cases=_frame(1, 60).assign(municipality_key=1)).change("absence")
    assert "one municipality only" in found.method
    assert any("carry to no other" in reason for reason in found.verdict.reasons)


def test_three_clusters_give_small_degrees_of_freedom_and_wide_intervals() -> None:
    study = _study()
    few, many = study.change("absence"), study.change("absence", se="independent")
    df = float(few.method.split("t with ")[1].split()[0])
    assert 1 <= df <= 2.01
    assert few.beyond.estimate == many.beyond.estimate
    assert "by pupil" in many.method


def test_higher_is_better_turns_the_rule_round() -> None:
    row = Estimate(term="x", conf_low=0.1, conf_high=0.4)
    assert decide(row, 0.0, "higher") == "supported"
    assert decide(row, 0.0, "lower") == "not supported"


def test_a_gain_in_wellbeing_beyond_the_registry_is_found() -> None:
    rng = np.random.default_rng(4)
    cases = _frame(1, 90, municipalities=9)
    cases["score0"] = rng.uniform(1, 3, 90)
    cases["score1"] = np.clip(cases["score0"] + rng.normal(1.0, 0.3, 90), 1, 5)
    others = _frame(2, 300, first=1_000, municipalities=9)
    others["score0"] = rng.uniform(1, 4, 300)
    others["score1"] = np.clip(others["score0"] + rng.normal(0.0, 0.3, 300), 1, 5)
    found = _study(cases=cases, registry=others).change("wellbeing")
    assert found.verdict.answer == "supported"
    assert "had better wellbeing afterwards" in found.verdict.sentence
    assert "scale points" in found.verdict.sentence


def test_forest_rows_add_up_and_small_groups_are_merged() -> None:
    cases = _frame(1, 60).assign(municipality_key=[1] * 30 + [2] * 22 + [3] * 4 + [4] * 4)
    study = _study(cases=cases)
    table = study.by("municipality_key", "absence")
    assert [(r.group, r.n) for r in table.rows] == [
        ("1", 30), ("2", 22), ("2 groups together", 8), ("pooled", 60),
    ]  # fmt: skip
    parts = sum(r.estimate * r.n for r in table.rows[:-1]) / 60
    assert table.rows[-1].estimate == pytest.approx(parts, abs=1e-12)
    whole = study.change("absence")
    assert table.rows[-1].conf_low == whole.beyond.conf_low
    assert "CR2" in table.note
    alone = study.by("municipality_key", "absence", benchmark="none")
    change = (cases["after"] - cases["before"]).iloc[:30]
    assert alone.rows[0].estimate == pytest.approx(change.mean())
    assert alone.rows[0].std_error == pytest.approx(change.std() / 30**0.5)


def test_the_order_of_rows_changes_nothing() -> None:
    first, second = (
        _study(cases=frame, registry=registry)
        for frame, registry in (
            (_frame(1, 60), _frame(2, 300, first=1_000)),
            (
                _frame(1, 60).sample(frac=1, random_state=1),
                _frame(2, 300, first=1_000).sample(frac=1, random_state=2),
            ),
        )
    )
    assert first.change("absence") == second.change("absence")
    assert first.by("municipality_key") == second.by("municipality_key")
    assert first.warnings() == second.warnings()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.2, 0.2))
def test_no_sentence_speaks_of_an_effect_and_support_needs_the_interval(
    seed: int, gain: float
) -> None:
    cases = _frame(seed, 40)
    cases["after"] = np.clip(cases["after"] + gain, 0, 1)
    found = _study(cases=cases).change("absence")
    assert "effe" not in found.verdict.sentence.lower()
    assert (found.verdict.answer == "supported") == (found.beyond.conf_high < 0)


@pytest.mark.parametrize("sentence", ["An effect.", "God effekt.", "Virkning.", "Vaikutus."])
def test_a_verdict_that_claims_too_much_cannot_leave(
    monkeypatch: pytest.MonkeyPatch, sentence: str
) -> None:
    study = _study()
    assert study.change("absence").beyond.covers(0.0)
    for claims in (
        Verdict(answer="undecidable", sentence=sentence),
        Verdict(answer="supported", sentence="Absence fell."),
    ):
        monkeypatch.setattr(change_module, "judge", lambda *_, said=claims, **__: said)
        with pytest.raises(ValueError, match="claims more than the benchmark allows"):
            study.change("absence")
