"""Cumulative curves keep points only where enough pupils lie between them."""

from __future__ import annotations

from absence_risk.disclosure.curves import OTHER_ENDINGS, coarsen, merge_endings, thin_at_risk
from absence_risk.disclosure.nested import Shown
from absence_risk.result import Estimate


def curve(events: list[int], at_risk: list[int], term: str = "returned") -> list[Estimate]:
    return [
        Estimate(term=term, group="team", time=float(t), estimate=e / 100, n_events=e, n_at_risk=r)
        for t, (e, r) in enumerate(zip(events, at_risk, strict=True))
    ]


def test_points_stay_after_every_fifth_event() -> None:
    rows = curve([0, 2, 5, 7, 9, 10, 16], [100, 98, 95, 93, 91, 90, 80])
    assert [row.n_events for row in coarsen(rows, 5)] == [0, 5, 10, 16]


def test_points_with_few_at_risk_go() -> None:
    rows = curve([0, 6, 12, 18], [22, 16, 9, 4])
    assert [row.n_events for row in coarsen(rows, 5)] == [0, 6, 12]


def test_the_time_of_the_verdict_stays_and_nothing_comes_near_it() -> None:
    rows = curve([0, 5, 8, 11, 14, 18], [100, 95, 92, 89, 86, 82])
    kept = coarsen(rows, 5, anchors={3.0})
    assert [(row.time, row.n_events) for row in kept] == [(0, 0), (1, 5), (3, 11), (5, 18)]


def test_an_anchor_on_a_flat_part_stays_beside_the_step() -> None:
    rows = curve([0, 6, 6, 6, 20], [100, 94, 94, 94, 70])
    kept = coarsen(rows, 5, anchors={3.0})
    assert [row.time for row in kept] == [0, 1, 3, 4]


def test_a_curve_with_too_few_events_becomes_one_blank_row() -> None:
    kept = coarsen(curve([0, 1, 4], [60, 59, 56]), 5)
    assert kept == [Estimate(term="returned", group="team")]


def test_without_events_the_risk_set_counts() -> None:
    rows = [
        Estimate(term="x", time=float(t), estimate=0.1, n_at_risk=r)
        for t, r in enumerate([60, 57, 54, 50, 48])
    ]
    assert [row.n_at_risk for row in coarsen(rows, 5)] == [60, 54, 48]


def test_each_group_and_term_is_a_curve_of_its_own() -> None:
    rows = curve([0, 6], [50, 44], "returned") + curve([0, 3, 7], [50, 47, 43], "moved")
    assert [(r.term, r.n_events) for r in coarsen(rows, 5)] == [
        ("returned", 0),
        ("returned", 6),
        ("moved", 0),
        ("moved", 7),
    ]


def test_rare_endings_are_counted_together() -> None:
    rows = [
        *curve([0, 10, 20], [60, 48, 30], "returned"),
        *curve([0, 1, 3], [60, 48, 30], "moved"),
        *curve([0, 0, 4], [60, 48, 30], "declined"),
    ]
    kept, merged, removed = merge_endings(rows, 5)
    assert (merged, removed) == (2, 0)
    other = [row for row in kept if row.term == OTHER_ENDINGS]
    assert [row.n_events for row in other] == [0, 1, 7]
    assert [row.estimate for row in other] == [0, 0.01, 0.07]
    assert [row.n_at_risk for row in other] == [60, 48, 30]
    assert {row.term for row in kept} == {"returned", OTHER_ENDINGS}


def test_one_rare_ending_is_left_out() -> None:
    rows = curve([0, 10], [60, 50], "returned") + curve([0, 3], [60, 50], "moved")
    kept, merged, removed = merge_endings(rows, 5)
    assert (merged, removed) == (0, 1)
    assert {row.term for row in kept} == {"returned"}


def test_merging_carries_an_ending_forward_where_it_has_no_point() -> None:
    rows = [
        Estimate(term="a", time=1.0, estimate=0.03, n_events=3, n_at_risk=80),
        Estimate(term="b", time=2.0, estimate=0.04, n_events=4, n_at_risk=70),
    ]
    kept, _, _ = merge_endings(rows, 5)
    assert [(row.time, row.n_events, row.n_at_risk) for row in kept] == [(1, 3, 80), (2, 7, 70)]


def test_numbers_at_risk_of_one_risk_set_never_differ_by_a_few() -> None:
    shown = Shown(5)
    first = thin_at_risk(curve([0, 6], [50, 44]), shown)
    second = thin_at_risk(curve([0, 7], [50, 42], "moved"), shown)
    assert [row.n_at_risk for row in first + second] == [50, 44, 50, None]
    assert second[1].estimate == 0.07
