"""The publishable copy holds no small count, none that can be worked out, and all the rest."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from absence_risk.disclosure import protect, protect_table, small_counts
from absence_risk.disclosure.notes import fewer_than
from absence_risk.errors import SmallCountWarning
from absence_risk.result import Estimate, Result, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    Build = Callable[..., Result]


def table(*rows: Estimate, name: str = "t") -> Table:
    return Table(name=name, title="T", rows=rows, note="A note.")


def share(term: str, n_events: int, n: int, threshold: float | None = None) -> Estimate:
    return Estimate(term=term, estimate=n_events / n, n=n, n_events=n_events, threshold=threshold)


def test_a_result_without_small_counts_is_unchanged(make_result: Build) -> None:
    result = make_result(table(share("a", 30, 60), share("b", 25, 60)), flow=(900, 400, 200))
    assert protect(result) == result


def test_minimum_one_changes_nothing(make_result: Build) -> None:
    result = make_result(table(share("a", 1, 60)), flow=(201, 200))
    assert protect(result, 1) == result


@pytest.mark.parametrize("minimum", [0, -3, 2.5])
def test_minimum_must_be_a_whole_number(make_result: Build, minimum: float) -> None:
    with pytest.raises(ValueError, match="minimum must be a whole number"):
        protect(make_result(), minimum)  # type: ignore[arg-type]


def test_only_the_unsafe_row_is_blanked_and_the_note_says_so(make_result: Build) -> None:
    safe = share("halved", 24, 60)
    kept = protect(make_result(table(safe, share("none left", 3, 60)))).table("t")
    assert kept.rows == (safe, Estimate(term="none left"))
    assert kept.note.startswith("A note. 1 row is not shown because it rests on fewer than 5")
    assert fewer_than(kept.note) == 5


def test_an_empty_table_warns(make_result: Build) -> None:
    with pytest.warns(SmallCountWarning, match="No row of the table 't'"):
        protect(make_result(table(share("a", 3, 60), share("b", 2, 60))))


def test_rows_without_counts_stay(make_result: Build) -> None:
    result = make_result(table(Estimate(term="kink", estimate=3.1), Estimate(term="none")))
    assert protect(result) == result


def test_operating_points_of_one_step_go_together(make_result: Build) -> None:
    rows = [
        share(term, n_events, n, step)
        for step, flagged, true in [(0.10, 900, 50), (0.20, 40, 38)]
        for term, n_events, n in [
            ("PPV", true, flagged),
            ("sensitivity", true, 60),
            ("specificity", 11940 - (flagged - true), 11940),
            ("share of pupils flagged", flagged, 12000),
        ]
    ]
    kept = protect(make_result(table(*rows, name="operating_points"), n=12000)).tables[0].rows
    assert [row.estimate is None for row in kept] == [False] * 4 + [True] * 4


def test_bins_are_not_nested(make_result: Build) -> None:
    rows = [share("bin", 30, 62, 0.05), share("bin", 28, 60, 0.15)]
    assert protect(make_result(table(*rows, name="binned_means"))).tables[0].rows == tuple(rows)


def test_a_band_is_not_the_rest_of_the_pupils(make_result: Build) -> None:
    rows = [
        Estimate(term="later", group=g, estimate=0.0123, n=n)
        for g, n in [("a", 3), ("b", 37), ("c", 160)]
    ]
    kept = protect(make_result(table(*rows))).tables[0].rows
    assert [row.n for row in kept] == [None, None, 160]


def test_before_after_and_pairs_do_not_differ_by_a_few(make_result: Build) -> None:
    rows = [
        Estimate(term=term, estimate=3.123, n=n)
        for term, n in [("before", 290), ("after", 202), ("change, complete pairs", 200)]
    ]
    kept = protect(make_result(table(*rows, name="wellbeing"))).tables[0].rows
    assert [(row.n, row.estimate) for row in kept] == [(290, 3.123), (None, 3.123), (200, 3.123)]


def test_a_small_headline_withdraws_the_verdict(make_result: Build) -> None:
    result = make_result(estimate=Estimate(term="team", estimate=0.05, n=60, n_events=3))
    kept = protect(result)
    assert kept.verdict.answer == "undecidable"
    assert "fewer than 5 pupils" in kept.verdict.sentence
    assert kept.verdict.reasons == ()
    assert [kept.estimate.estimate, kept.benchmark.estimate, kept.beyond.estimate] == [None] * 3


def test_a_headline_repeats_no_blanked_row(make_result: Build) -> None:
    result = make_result(
        table(Estimate(term="team", estimate=0.41, n=4), Estimate(term="b", estimate=1.0, n=50))
    )
    assert protect(result).estimate.estimate is None


def test_too_few_pupils_leave_labels_only(make_result: Build) -> None:
    with pytest.warns(SmallCountWarning):
        kept = protect(make_result(table(Estimate(term="a", estimate=0.5)), flow=(90, 3), n=3))
    assert kept.n == 0
    assert [step.n for step in kept.flow] == [90, None]
    assert kept.tables[0].rows == (Estimate(term="a"),)
    assert small_counts(kept) == 0


def test_flow_gives_way_to_the_n_of_the_result(make_result: Build) -> None:
    kept = protect(make_result(flow=(1000, 203, 200, 3)))
    assert [step.n for step in kept.flow] == [1000, None, 200, None]


def week(term: str, time: int, n_events: int, at_risk: int, group: str = "team") -> Estimate:
    return Estimate(
        term=term,
        group=group,
        time=float(time),
        estimate=n_events / 83,
        n_events=n_events,
        n_at_risk=at_risk,
    )


def test_return_and_endings_show_the_same_points(make_result: Build) -> None:
    counts = [(0, 0, 80), (1, 2, 76), (2, 6, 70), (3, 9, 65), (4, 13, 60), (5, 20, 50)]
    back = [week("returned", *count) for count in counts]
    moved = [week("moved", t, t, r) for t, _, r in counts]
    result = make_result(
        table(*back, name="return"),
        table(*back, *moved, name="endings"),
        estimate=Estimate(term="team", time=4.0, estimate=13 / 83, conf_low=0.1, conf_high=0.3),
    )
    kept = protect(result)
    times = [row.time for row in kept.table("return").rows]
    assert times == [0, 2, 4, 5]
    ends = kept.table("endings")
    assert [row.time for row in ends.rows if row.term == "returned"] == times
    assert "flat between" in ends.note
    at_risk = [r.n_at_risk for t in kept.tables for r in t.rows if r.n_at_risk is not None]
    assert all(a == b or abs(a - b) >= 5 for a in at_risk for b in at_risk)


def test_rare_endings_leave_a_note(make_result: Build) -> None:
    rows = [week("returned", 1, 20, 60), week("moved", 1, 3, 60), week("declined", 1, 4, 60)]
    kept = protect(make_result(table(*rows, name="endings"))).table("endings")
    assert {row.term for row in kept.rows} == {"returned", "other endings"}
    assert "counted together as other endings" in kept.note
    alone = protect(make_result(table(*rows[:2], name="endings"))).table("endings")
    assert "Endings of fewer than 5 pupils are left out." in alone.note


def test_one_table_on_its_own() -> None:
    kept = protect_table(
        table(
            share("10 %", 90, 500, 0.1), share("15 %", 88, 500, 0.15), share("20 %", 40, 500, 0.2)
        )
    )
    assert [row.n_events for row in kept.rows] == [90, None, 40]


counts = st.integers(0, 120)


@st.composite
def results(draw: st.DrawFn) -> tuple[tuple[Table, ...], tuple[int, ...], int]:
    steps = []
    for month in range(draw(st.integers(1, 3))):
        n = draw(counts)
        alarms = sorted((draw(st.integers(0, n)) for _ in range(3)), reverse=True)
        for at, events in zip((0.10, 0.15, 0.20), alarms, strict=True):
            steps.append(
                Estimate(
                    term="alarms",
                    time=float(month),
                    threshold=at,
                    estimate=7.7,
                    n=n,
                    n_events=events,
                )
            )
    curve, events, at_risk = [], 0, draw(counts)
    for time in range(draw(st.integers(1, 10))):
        curve.append(week("returned", time, events, at_risk))
        new = draw(st.integers(0, min(at_risk, 9)))
        events, at_risk = events + new, at_risk - new
    parts = draw(st.lists(counts, min_size=2, max_size=5))
    bands = [Estimate(term="b", group=str(i), estimate=0.123, n=n) for i, n in enumerate(parts)]
    flow = tuple(sorted(draw(st.lists(counts, max_size=6)), reverse=True))
    tables = (
        table(*steps, name="alarms"),
        table(*curve, name="return"),
        table(*bands, name="by_early_valid"),
    )
    return tables, flow, sum(parts)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=results(), minimum=st.sampled_from([5, 10]))
def test_nothing_small_is_left_or_can_be_worked_out(
    make_result: Build, drawn: tuple[tuple[Table, ...], tuple[int, ...], int], minimum: int
) -> None:
    tables, flow, n = drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallCountWarning)
        kept = protect(make_result(*tables, flow=flow, n=n), minimum)

    def apart(numbers: list[int]) -> bool:
        return all(a == b or abs(a - b) >= minimum for a in numbers for b in numbers)

    assert small_counts(kept, minimum) == 0
    assert apart([step.n for step in kept.flow if step.n is not None] + [kept.n])
    alarms = [row for row in kept.table("alarms").rows if row.n_events is not None]
    for month in {row.time for row in alarms}:
        here = [row for row in alarms if row.time == month]
        assert apart([row.n_events or 0 for row in here])
        assert apart([(row.n or 0) - (row.n_events or 0) for row in here])
    back = [row for row in kept.table("return").rows if row.n_events is not None]
    assert apart([row.n_events or 0 for row in back])
    assert apart([row.n_at_risk for row in back if row.n_at_risk is not None])
    shown = [row.n for row in kept.table("by_early_valid").rows if row.n is not None]
    rest = kept.n - sum(shown)
    assert rest == 0 or rest >= minimum
    gone = [
        old.n
        for old, new in zip(tables[2].rows, kept.table("by_early_valid").rows, strict=True)
        if new.n is None and old.n
    ]
    assert len(gone) != 1 or kept.n == 0 or not shown


def test_the_original_is_not_touched(make_result: Build) -> None:
    result = make_result(table(share("a", 3, 60), share("b", 30, 60)))
    before = dataclasses.asdict(result)
    protect(result)
    assert dataclasses.asdict(result) == before


def test_observed_is_not_expected_plus_beyond(make_result: Build) -> None:
    rows = [
        share("halved", 57, 60),
        Estimate(term="halved, expected with no programme", estimate=0.71234, n=60),
        Estimate(term="halved, beyond the benchmark", estimate=0.23766, n=60),
        share("less absence", 40, 60),
    ]
    kept = protect(make_result(table(*rows, name="responders"))).tables[0].rows
    assert [row.estimate is None for row in kept] == [True, True, True, False]


def test_results_published_together_share_their_steps(make_result: Build) -> None:
    first = protect(make_result(flow=(147, 103, 101), n=101))
    assert [step.n for step in first.flow] == [147, None, 101]
    second = make_result(flow=(147, 103, 37), n=37)
    assert [step.n for step in protect(second).flow] == [147, 103, 37]
    assert [step.n for step in protect(second, beside=[first]).flow] == [147, None, 37]
