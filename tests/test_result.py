from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

from absence_risk.result import (
    TIDY_COLUMNS,
    Estimand,
    Estimate,
    FlowStep,
    Result,
    Table,
    Verdict,
)

ESTIMAND = Estimand(
    id="wellbeing.absence_change_beyond",
    claim="wellbeing",
    formula="mean change minus expected change",
    population="pupils of the team",
    unit="share",
)


def make(low=-0.10, high=-0.02, answer="supported", sentence="Absence fell.", **changes):
    main = Table(
        name="change",
        title="Change",
        rows=(
            Estimate(term="observed", estimate=-0.2, conf_low=-0.3, conf_high=-0.1, n=80),
            Estimate(term="expected", estimate=-0.14, n=None),
        ),
    )
    values = {
        "estimand": ESTIMAND,
        "estimate": Estimate(term="observed", estimate=-0.2, conf_low=-0.3, conf_high=-0.1),
        "benchmark": Estimate(term="expected", estimate=-0.14),
        "beyond": Estimate(term="beyond", estimate=-0.06, conf_low=low, conf_high=high),
        "null": 0.0,
        "benchmark_is": "what untreated pupils did",
        "definition": "total absence",
        "n": 80,
        "flow": (FlowStep(step="cases", n=90), FlowStep(step="followed", n=80)),
        "tables": (main, Table(name="other", title="Other", rows=())),
        "conf_level": 0.95,
        "method": "paired difference",
        "verdict": Verdict(answer=answer, sentence=sentence),
    }
    return Result(**{**values, **changes})


def test_supported_needs_an_interval_that_excludes_the_null():
    assert make().verdict.answer == "supported"
    with pytest.raises(ValueError, match="claims more than the benchmark allows"):
        make(low=-0.10, high=0.01)


@pytest.mark.parametrize("high", [0.0, 0.01, None])
def test_touching_the_null_or_knowing_no_limit_is_covering(high):
    with pytest.raises(ValueError, match="covers 0"):
        make(high=high)


@pytest.mark.parametrize("answer", ["not supported", "undecidable"])
@pytest.mark.parametrize(
    "word",
    [
        "effect",
        "Effective",
        "an EFFECT of the team",
        "Insatsen har effekt",
        "god verkan",
        "påverkar frånvaron",
        "Indsatsen virker ikke, men har virkning",
        "påvirker fraværet",
        "vaikutusta ei voi osoittaa",
        "toiminta vaikuttaa",
        "tehokas toiminta",
    ],
)
def test_no_sentence_speaks_of_an_effect_while_the_null_is_covered(answer, word):
    with pytest.raises(ValueError, match="effect"):
        make(high=0.01, answer=answer, sentence=f"There may be {word}.")
    assert make(answer=answer, sentence=f"There may be {word}.").verdict.answer == answer


def test_undecidable_without_the_word_is_allowed_anywhere():
    assert make(high=0.2, answer="undecidable", sentence="The data cannot tell.").n == 80


def test_the_guard_follows_the_null_of_a_ratio():
    with pytest.raises(ValueError, match="covers 1"):
        make(low=0.9, high=1.3, null=1.0)
    assert make(low=1.1, high=1.3, null=1.0).null == 1.0


def test_the_guard_cannot_be_passed_by_replacing_fields():
    honest = make()
    wide = Estimate(term="beyond", estimate=-0.06, conf_low=-0.2, conf_high=0.2)
    with pytest.raises(ValueError, match="claims more"):
        dataclasses.replace(honest, beyond=wide)


def test_a_fourth_answer_is_refused():
    with pytest.raises(ValueError, match="answer must be one of"):
        Verdict(answer="probably", sentence="Well.")


def test_results_compare_by_content_and_survive_pickling():
    one, two = make(), make()
    assert one == two
    assert hash(one) == hash(two)
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != make(n=81)


def test_results_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().n = 5


def test_tidy_keeps_used_columns_in_their_order():
    frame = make().tidy()
    assert frame.columns.tolist() == ["term", "estimate", "conf_low", "conf_high", "n"]
    assert set(frame.columns) <= set(TIDY_COLUMNS)
    assert frame["n"].dtype == "Int64"
    assert frame["n"].isna().tolist() == [False, True]
    assert make().tidy("other").shape == (0, 0)


def test_estimate_fields_are_the_closed_list():
    assert tuple(field.name for field in dataclasses.fields(Estimate)) == TIDY_COLUMNS


def test_unknown_table_names_those_there_are():
    with pytest.raises(KeyError, match="change, other"):
        make().table("chang")


def test_glance_is_one_row_with_estimate_beside_benchmark():
    frame = make().glance()
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["estimate"], row["benchmark"], row["beyond"]) == (-0.2, -0.14, -0.06)
    assert row["answer"] == "supported"


def test_summary_begins_with_the_sentence_and_shows_the_benchmark():
    text = str(make())
    assert text.startswith("wellbeing: supported. Absence fell.")
    assert "-0.06 [-0.1, -0.02] (nothing beyond: 0)" in text
    assert "what untreated pupils did" in text
    hidden = make(benchmark=Estimate(term="expected"))
    assert "not shown" in hidden.summary()


def test_dictionary_is_json_leaves_out_nothing_held_and_rounds_the_last_bits():
    third = Estimate(term="observed", estimate=1 / 3)
    plain = make(estimate=third).to_dict()
    back = json.loads(json.dumps(plain, allow_nan=False))
    assert back["estimate"] == {"term": "observed", "estimate": 0.333333333333}
    assert back["tables"][0]["rows"][1] == {"term": "expected", "estimate": -0.14}
    assert back["flow"][1] == {"step": "followed", "n": 80}
    assert back["verdict"]["answer"] == "supported"


@pytest.mark.parametrize(
    ("low", "high", "value", "covered"),
    [
        (0.1, 0.3, 0.2, True),
        (0.1, 0.3, 0.3, True),
        (0.1, 0.3, 0.0, False),
        (None, 0.3, -9.0, True),
        (None, 0.3, 9.0, False),
        (None, None, 0.0, True),
    ],
)
def test_covers(low, high, value, covered):
    assert Estimate(term="x", conf_low=low, conf_high=high).covers(value) is covered
