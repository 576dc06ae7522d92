from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from absence_risk.evaluation import describe_wellbeing


def _answers(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["survey_key", "wave", "item_id", "response"]).assign(
        instrument_id="w"
    )


def _row(surveys: pd.DataFrame, term: str, **options: Any) -> Any:
    table = describe_wellbeing(surveys, scale=(1, 5), **options)[0]
    return next(row for row in table.rows if row.term == term)


PAIRS = _answers([
    (1, 0, "a", 2), (1, 0, "b", 4), (1, 1, "a", 5), (1, 1, "b", 5),
    (2, 0, "a", 1), (2, 0, "b", None), (2, 1, "a", 2), (2, 1, "b", 2),
    (3, 0, "a", 4), (3, 0, "b", 4), (3, 1, "a", None), (3, 1, "b", None),
])  # fmt: skip


def test_pairs_are_made_by_key_and_counts_are_right() -> None:
    assert _row(PAIRS, "before").n == 3
    assert _row(PAIRS, "before").estimate == pytest.approx((3 + 1 + 4) / 3)
    assert _row(PAIRS, "after, complete pairs").n == 2
    change = _row(PAIRS, "change, complete pairs")
    assert (change.n, change.estimate) == (2, pytest.approx(1.5))
    assert _row(PAIRS, "before, complete pairs").estimate == pytest.approx(2.0)


def test_bounds_put_missing_answers_at_the_ends_of_the_scale() -> None:
    # Changes 2 and 1 are known; the third lies between 1 − 4 and 5 − 4.
    assert _row(PAIRS, "change, lowest possible").estimate == pytest.approx((2 + 1 - 3) / 3)
    assert _row(PAIRS, "change, highest possible").estimate == pytest.approx((2 + 1 + 1) / 3)


def test_a_score_needs_half_of_the_items() -> None:
    few = PAIRS.copy()
    few.loc[(few["survey_key"] == 1) & (few["wave"] == 0), "response"] = [2, np.nan]
    assert _row(few, "before").n == 3
    few.loc[(few["survey_key"] == 1) & (few["wave"] == 0), "response"] = [np.nan, np.nan]
    assert _row(few, "before").n == 2


def test_shuffled_rows_give_the_same_table() -> None:
    shuffled = PAIRS.sample(frac=1, random_state=3)
    assert describe_wellbeing(shuffled, scale=(1, 5)) == describe_wellbeing(PAIRS, scale=(1, 5))


def test_instruments_stay_apart() -> None:
    both = pd.concat([PAIRS, PAIRS.assign(instrument_id="z", response=3)])
    groups = {row.group for row in describe_wellbeing(both, scale=(1, 5))[0].rows}
    assert groups == {"w", "z"}


def test_ties_are_said_to_be_approximate_and_distinct_changes_exact() -> None:
    rng = np.random.default_rng(1)
    distinct = _answers([(k, w, "a", rng.uniform(1, 5)) for k in range(12) for w in (0, 1)])
    tied = _answers([(k, w, "a", 1 + w * (1 + k % 3)) for k in range(12) for w in (0, 1)])
    assert "exact" in describe_wellbeing(distinct, scale=(1, 5))[0].note
    assert "approximation" in describe_wellbeing(tied, scale=(1, 5))[0].note


def test_nobody_answered_gives_no_table() -> None:
    assert describe_wellbeing(PAIRS.assign(response=np.nan)) == ()


def test_nobody_followed_up_still_gives_bounds() -> None:
    before = PAIRS[PAIRS["wave"] == 0]
    table = describe_wellbeing(before, scale=(1, 5))[0]
    assert _row(before, "after, complete pairs").n == 0
    assert [row.term for row in table.rows][-2:] == [
        "change, lowest possible",
        "change, highest possible",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: pd.concat([s, s]), "one row per"),
        (lambda s: s.assign(wave=s["wave"] + 1), "wave must be 0"),
        (lambda s: s.assign(response=9), "outside the scale"),
        (lambda s: s.drop(columns="item_id"), "item_id"),
    ],
)
def test_bad_answers_are_refused(change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        describe_wellbeing(change(PAIRS), scale=(1, 5))
