"""The rules for one row blank what they must and nothing else."""

from __future__ import annotations

import pytest

from absence_risk.disclosure.cells import COUNTS, blank, is_blank, is_unsafe
from absence_risk.result import Estimate


@pytest.mark.parametrize("field", COUNTS)
@pytest.mark.parametrize(("count", "unsafe"), [(0, False), (1, True), (4, True), (5, False)])
def test_any_count_from_one_to_four_is_unsafe(field: str, count: int, unsafe: bool) -> None:
    assert is_unsafe(Estimate(term="x", estimate=1.7, **{field: count}), 5) is unsafe


@pytest.mark.parametrize(
    ("n", "n_events", "unsafe"),
    [
        (9, 5, True),  # a share needs a denominator of ten
        (10, 5, False),
        (60, 4, True),  # few with
        (60, 56, True),  # few without
        (60, 55, False),
        (49, 0, True),  # nobody of a small group
        (49, 49, True),  # everybody of a small group
        (50, 0, False),
        (50, 50, False),
        (0, 0, False),  # an empty group tells of nobody
    ],
)
def test_events_among_n(n: int, n_events: int, unsafe: bool) -> None:
    share = n_events / n if n else None
    assert is_unsafe(Estimate(term="x", estimate=share, n=n, n_events=n_events), 5) is unsafe


def test_a_count_that_can_be_worked_out_is_unsafe_though_it_is_not_printed() -> None:
    assert is_unsafe(Estimate(term="x", estimate=3 / 40, n=40), 5)
    assert is_unsafe(Estimate(term="x", estimate=37 / 40, n=40), 5)
    assert not is_unsafe(Estimate(term="x", estimate=6 / 40, n=40), 5)
    assert not is_unsafe(Estimate(term="mean absence", estimate=0.0712, n=40), 5)


def test_a_stricter_minimum_moves_every_limit() -> None:
    row = Estimate(term="x", estimate=0.5, n=18, n_events=9)
    assert not is_unsafe(row, 5)
    assert is_unsafe(row, 10)


def test_blank_keeps_the_labels_only() -> None:
    row = Estimate(term="x", group="g", time=3.0, threshold=0.2, estimate=0.5, p_value=0.1, n=3)
    assert blank(row) == Estimate(term="x", group="g", time=3.0, threshold=0.2)
    assert is_blank(blank(row))
    assert not is_blank(row)
