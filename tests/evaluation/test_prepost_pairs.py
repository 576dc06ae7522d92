"""Pairs are made by id: order, gaps and duplicates change nothing or are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absence_risk.evaluation import Likert, PrePost, Rate, Selected, pair_waves
from absence_risk.evaluation.pairs import REASONS

WELLBEING = Likert(pre="score_pre", post="score_post", low=1, high=5)


def _waves(seed: int, n: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    before = pd.DataFrame({"pupil_key": np.arange(n), "score": rng.uniform(1, 5, n)})
    after = pd.DataFrame({"pupil_key": np.arange(n), "score": rng.uniform(1, 5, n)})
    return before, after


def _study(before: pd.DataFrame, after: pd.DataFrame) -> PrePost:
    return PrePost(pair_waves(before, after, id="pupil_key"), outcomes={"wellbeing": WELLBEING})


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 39), max_size=12),
    st.lists(st.integers(0, 39), max_size=12),
    st.booleans(),
)
def test_shuffled_rows_and_gaps_in_different_rows_give_the_same_answer(
    seed: int, no_pre: list[int], no_post: list[int], absent: bool
) -> None:
    before, after = _waves(seed)
    before.loc[no_pre, "score"] = np.nan
    after.loc[no_post, "score"] = np.nan
    both = sorted(set(range(40)) - set(no_pre) - set(no_post))
    truth = (after["score"] - before["score"]).loc[both].mean()
    if absent:  # not in the wave at all instead of in it without an answer
        before, after = before.dropna(), after.dropna()
    rng = np.random.default_rng(seed)
    plain = _study(before, after).change("wellbeing")
    mixed = _study(
        before.iloc[rng.permutation(len(before))], after.iloc[rng.permutation(len(after))]
    ).change("wellbeing")
    assert plain.estimate.estimate == pytest.approx(truth, abs=1e-12)
    assert plain.n == len(both)
    assert mixed == plain


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 39), st.booleans())
def test_a_pupil_twice_in_a_wave_is_refused(pupil: int, in_first: bool) -> None:
    before, after = _waves(1)
    if in_first:
        before = pd.concat([before, before.iloc[[pupil]]])
    else:
        after = pd.concat([after, after.iloc[[pupil]]])
    with pytest.raises(ValueError, match="one row per pupil_key"):
        _study(before, after)


def test_duplicate_and_missing_ids_of_cases_are_refused() -> None:
    frame = pair_waves(*_waves(1), id="pupil_key")
    with pytest.raises(ValueError, match="one row per pupil_key"):
        PrePost(pd.concat([frame, frame.iloc[:1]]), outcomes={"wellbeing": WELLBEING})
    with pytest.raises(ValueError, match="lacks pupil_key in fewer than 5"):
        PrePost(frame.assign(pupil_key=[np.nan, *range(39)]), outcomes={"wellbeing": WELLBEING})


def test_incomplete_pupils_stay_with_a_reason() -> None:
    frame = pd.DataFrame(
        {
            "pupil_key": range(5),
            "score_pre": [2, np.nan, 3, np.nan, 4],
            "score_post": [3, 3, np.nan, np.nan, 4],
            "first": "2025-01-01",
            "second": ["2025-06-01"] * 4 + ["2024-06-01"],
        }
    )
    dated = Likert(pre="score_pre", post="score_post", low=1, high=5, dates=("first", "second"))
    pairs = PrePost(frame, outcomes={"wellbeing": dated}).pairs("wellbeing")
    assert pairs.reason.tolist() == ["", REASONS[2], REASONS[3], REASONS[1], REASONS[0]]
    assert pairs.only(pairs.complete).post.tolist() == [3]


def test_flow_counts_every_step() -> None:
    before, after = _waves(1)
    after = after.iloc[:25]
    frame = pair_waves(before, after, id="pupil_key")
    frame["dropped"] = ["moved"] * 4 + [""] * 36
    study = PrePost(frame, outcomes={"wellbeing": WELLBEING}, registry=frame.iloc[:0])
    assert [(s.step, s.n) for s in study.flow()] == [
        ("cases", 40),
        ("not left out as: moved", 36),
        ("wellbeing: with a baseline", 36),
        ("wellbeing: with a baseline and a follow-up", 21),
        ("pupils without a case at the time, compared with", 0),
    ]


def test_rates_from_days_and_scores_from_items() -> None:
    frame = pd.DataFrame({"d": [2, 3, 1], "n": [10, 0, 4], "a": [1, 5, None], "b": [2, None, None]})
    rate = Rate(pre=("d", "n"), post=("d", "n"), least_days=5)
    np.testing.assert_allclose(rate.values(frame, "pre"), [0.2, np.nan, np.nan])
    half = Likert(pre=["a", "b"], post="a", low=1, high=5)
    np.testing.assert_allclose(half.values(frame, "pre"), [1.5, 5.0, np.nan])
    every = Likert(pre=["a", "b"], post="a", low=1, high=5, missing_items=1.0)
    np.testing.assert_allclose(every.values(frame, "pre"), [1.5, np.nan, np.nan])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rate(pre="a", post="b", margin=1.2), "margin"),
        (lambda: Rate(pre="a", post="b", better="less"), "better"),
        (lambda: Likert(pre="a", post="b", low=5, high=1), "low must be below high"),
        (lambda: Likert(pre="a", post="b", low=1, high=5, reliability=1.0), "reliability"),
        (lambda: Selected("absence"), "either at_least or"),
        (lambda: Selected("absence", at_least=0.1, at_most=0.2), "at_least or at_most"),
    ],
)
def test_wrong_arguments_are_named(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
