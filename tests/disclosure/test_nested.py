"""Differences between nested counts are small cells too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from absence_risk.disclosure.margins import secondary
from absence_risk.disclosure.nested import Shown, hide_flow, nested_steps, same_step
from absence_risk.result import Estimate, FlowStep


def flow(*numbers: int) -> list[FlowStep]:
    return [FlowStep(step=f"s{i}", n=n) for i, n in enumerate(numbers)]


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((100, 60, 20), [100, 60, 20]),
        ((100, 97, 20), [100, None, 20]),
        ((100, 98, 96), [100, None, None]),
        ((100, 97, 94), [100, None, 94]),  # 97 is gone, and 94 is six away from 100
        ((100, 100, 3), [100, 100, None]),
        ((100, 95, 0), [100, 95, 0]),
    ],
)
def test_flow(numbers: tuple[int, ...], shown: list[int | None]) -> None:
    assert [step.n for step in hide_flow(flow(*numbers), Shown(5))] == shown


def test_a_number_in_print_stays_and_its_neighbour_gives_way() -> None:
    steps = hide_flow(flow(100, 97), Shown(5, [97]))
    assert [step.n for step in steps] == [None, 97]


@given(st.lists(st.integers(0, 200), max_size=8), st.integers(2, 12))
def test_no_two_steps_in_print_differ_by_a_few(numbers: list[int], minimum: int) -> None:
    kept = [s.n for s in hide_flow(flow(*numbers), Shown(minimum)) if s.n is not None]
    assert all(n == 0 or n >= minimum for n in kept)
    assert all(a == b or abs(a - b) >= minimum for a in kept for b in kept)


def step(
    threshold: float, n: int, n_events: int, term: str = "PPV", time: float | None = None
) -> Estimate:
    return Estimate(term=term, threshold=threshold, time=time, n=n, n_events=n_events)


def test_of_two_close_steps_the_one_with_fewer_events_goes() -> None:
    rows = [step(0.10, 12000, 60, "flagged"), step(0.15, 12000, 57, "flagged")]
    assert nested_steps(rows, set(), 5) == {1}


def test_close_denominators_and_close_complements_count_too() -> None:
    assert nested_steps([step(0.10, 60, 40), step(0.15, 57, 30)], set(), 5) == {1}
    assert nested_steps([step(0.10, 80, 40), step(0.15, 60, 23)], set(), 5) == {1}
    assert nested_steps([step(0.10, 80, 40), step(0.15, 60, 27)], set(), 5) == set()


def test_hidden_steps_hide_no_others_and_other_months_are_no_neighbours() -> None:
    rows = [step(0.10, 500, 60), step(0.15, 500, 57)]
    assert nested_steps(rows, {0}, 5) == set()
    months = [step(0.10, 500, 60, time=202508.0), step(0.15, 500, 57, time=202509.0)]
    assert nested_steps(months, set(), 5) == set()


def test_steps_with_a_term_each_are_nested() -> None:
    rows = [step(0.10, 500, 60, "absent 10 % or more"), step(0.15, 500, 57, "absent 15 % or more")]
    assert nested_steps(rows, set(), 5) == {1}


def test_views_of_one_step_stand_or_fall_together() -> None:
    rows = [
        step(0.10, 200, 90, "PPV"),
        step(0.20, 40, 38, "PPV"),
        step(0.20, 60, 38, "sensitivity"),
        step(0.20, 12000, 40, "share of pupils flagged"),
    ]
    assert same_step(rows, {1}) == {2, 3}
    assert same_step(rows, set()) == set()


def bands(*numbers: int) -> list[Estimate]:
    return [Estimate(term="later", group=f"band {i}", n=n) for i, n in enumerate(numbers)]


def test_a_single_hidden_category_takes_the_next_smallest_along() -> None:
    assert secondary(bands(3, 20, 77), {0}, {100}, 5) == {1}


def test_two_hidden_categories_must_reach_the_minimum_together() -> None:
    assert secondary(bands(1, 2, 20, 77), {0, 1}, {100}, 5) == {2}
    assert secondary(bands(3, 4, 20, 73), {0, 1}, {100}, 5) == set()


def test_without_a_total_in_print_nothing_more_is_hidden() -> None:
    assert secondary(bands(3, 20, 77), {0}, {99, None}, 5) == set()


def test_categories_of_events_sum_to_their_common_n() -> None:
    rows = [
        Estimate(term=term, n=60, n_events=count)
        for term, count in [("improved", 30), ("unchanged", 26), ("worse", 4)]
    ]
    assert secondary(rows, {2}, set(), 5) == {1}


def test_bins_with_both_a_group_and_a_threshold_are_categories() -> None:
    rows = [
        Estimate(term="mean in band", group=g, threshold=t, n=n)
        for g, t, n in [("0–0.1", 0.05, 90), ("0.1–0.2", 0.15, 7), ("0.2–0.4", 0.3, 3)]
    ]
    assert secondary(rows, {2}, {100}, 5) == {1}
