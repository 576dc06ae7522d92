"""The return window: first k scheduled weeks after the start, dated in the last of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absence_risk.survival.weeks import ReturnRule, confirmed_week


def by_hand(scheduled, absent, after, weeks, below):
    taught = [w for w in range(len(scheduled)) if w > after and scheduled[w] > 0]
    for last in range(weeks - 1, len(taught)):
        window = taught[last - weeks + 1 : last + 1]
        if sum(absent[w] for w in window) / sum(scheduled[w] for w in window) < below:
            return window[-1]
    return -1


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0, 100, 200]), st.floats(0, 1)), min_size=1, max_size=14),
    st.integers(-1, 14),
    st.integers(1, 5),
    st.sampled_from([0.1, 0.25, 0.6]),
)
def test_equals_a_loop_over_windows(weeks, after, width, below):
    scheduled = np.array([w for w, _ in weeks])
    absent = np.array([int(w * share) for w, share in weeks])
    got = confirmed_week(scheduled[None], absent[None], [after], width, below=below)
    assert got[0] == by_hand(scheduled, absent, after, width, below)


def test_a_week_without_lessons_neither_counts_nor_breaks():
    scheduled = [[100, 100, 0, 0, 100, 100]]
    assert confirmed_week(scheduled, [[90, 0, 0, 0, 0, 90]], [0], 2, below=0.1)[0] == 4


def test_the_threshold_itself_is_not_below_it():
    assert confirmed_week([[100, 100]], [[0, 10]], [0], 1, below=0.1)[0] == -1
    assert confirmed_week([[100, 100]], [[0, 10]], [0], 1, reaching=0.1)[0] == 1


def test_windows_never_reach_into_the_start_week():
    assert confirmed_week([[100] * 4], [[0] * 4], [1], 2, below=0.1)[0] == 3


def test_one_threshold_is_needed():
    with pytest.raises(ValueError, match="exactly one"):
        confirmed_week([[1]], [[0]], [0], 1)


def test_a_relapse_cannot_need_less_absence_than_a_return():
    with pytest.raises(ValueError, match="relapse_at"):
        ReturnRule(below=0.2, relapse_at=0.1)
    with pytest.raises(ValueError, match="Did you mean"):
        ReturnRule(below=10)
