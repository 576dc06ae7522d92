"""Outcomes of one table of cases, published together."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from absence_risk.evaluation import Likert, PrePost, Rate, Selected
from absence_risk.study.case_study import evaluate_cases
from absence_risk.study.case_words import parse_outcome, parse_selection


def study(seed):
    """Return cases of whom nought to five did not answer and nought to five were left out."""
    rng = np.random.default_rng(seed)
    n, lost, gone = int(rng.integers(14, 80)), int(rng.integers(0, 6)), int(rng.integers(0, 6))

    def pupils(first, count):
        return pd.DataFrame(
            {
                "pupil": [f"id-{first + i}" for i in range(count)],
                "place": rng.choice(["a", "b", "c"], count, p=[0.7, 0.2, 0.1]),
                "before": rng.uniform(0.2, 0.5, count).round(2),
                "after": rng.uniform(0.0, 0.5, count).round(2),
                "wb0": rng.integers(1, 6, count).astype(float),
                "wb1": rng.integers(1, 6, count).astype(float),
            }
        )

    cases = pupils(0, n)
    cases.loc[cases.index < lost, "wb1"] = np.nan
    cases["dropped"] = np.where(cases.index >= n - gone, "moved", "")
    return PrePost(
        cases,
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(pre="wb0", post="wb1", low=1, high=5),
        },
        id="pupil",
        cluster="place",
        selection=Selected("absence", at_least=0.2),
        registry=pupils(1000, 300).drop(columns=["wb0", "wb1"]),
    )


@pytest.mark.filterwarnings("ignore::absence_risk.errors.SmallCountWarning")
@pytest.mark.parametrize("seed", range(12))
def test_no_two_numbers_in_print_differ_by_one_to_four_pupils(seed):
    made = study(seed)
    answers = evaluate_cases(made, imputations=5, random_state=seed)
    numbers = set()
    for result in answers.results.values():
        rows = [
            row
            for table in result.tables
            for row in table.rows
            if not (row.group or "").endswith("left out") and row.group != "registry"
            if table.name != "by" or row.group == "pooled"
        ]
        numbers |= {result.n, *(s.n for s in result.flow), *(row.n for row in rows)}
    nested = sorted(n for n in numbers if n and n <= len(made.cases))
    assert nested or not answers.results
    close = [pair for pair in itertools.combinations(nested, 2) if pair[1] - pair[0] < 5]
    assert close == []


def test_both_outcomes_are_answered_and_wellbeing_has_no_benchmark():
    answers = evaluate_cases(study(3), imputations=5)
    assert list(answers.results) == ["absence", "wellbeing"]
    assert answers.results["wellbeing"].benchmark.estimate is None
    assert answers.identifiers >= {"id-0", "id-1000"}
    assert answers.to_dict()["notes"]["absence"]["carries"]


@pytest.mark.parametrize(
    ("text", "pre", "low"),
    [
        ("absence=before,after", "before", 0),
        ("absence=d0/n0,d1/n1,margin=0.02", ("d0", "n0"), 0),
        ("w=a0+b0,a1+b1,1,5,better=higher", ("a0", "b0"), 1),
    ],
)
def test_an_outcome_in_words(text, pre, low):
    name, outcome = parse_outcome(text)
    assert (name, outcome.pre, outcome.low) == (text[: text.index("=")], pre, low)


@pytest.mark.parametrize(
    "text",
    ["absence", "=a,b", "a=b", "a=b,c,1", "a=b,c,5,1", "a=b,c,x=1", "a=b,c,mean=3", "a=b/,c/d"],
)
def test_an_outcome_that_cannot_be_meant_is_refused(text):
    with pytest.raises(ValueError, match=r"outcome|low|mean"):
        parse_outcome(text)


def test_the_rule_that_chose_the_pupils_in_words():
    rule = parse_selection("absence >= 20 % in alarm")
    assert (rule.outcome, rule.at_least, rule.measure) == ("absence", 0.2, "alarm")
    assert parse_selection("wellbeing<=2").at_most == 2
    with pytest.raises(ValueError, match="OUTCOME"):
        parse_selection("absence > 2")
