"""The board's numbers: this year, its benchmark, last year; small numbers are gone."""

from __future__ import annotations

import dataclasses

import pytest
from scipy import stats

from absence_risk.evaluation import board_view, board_year
from absence_risk.result import Estimand, Estimate, FlowStep, Result, Table, Verdict


def change(beyond: float, error: float, df: float, *, n: int = 60, cases: int = 80) -> Result:
    half = float(stats.t.ppf(0.975, df)) * error
    rows = (
        Estimate(
            term="observed change",
            estimate=-0.05 + beyond,
            conf_low=-0.06 + beyond,
            conf_high=-0.04 + beyond,
            n=n,
        ),
        Estimate(term="expected with no programme (benchmark)", estimate=-0.05, n=n),
        Estimate(
            term="beyond the benchmark",
            estimate=beyond,
            std_error=error,
            conf_low=beyond - half,
            conf_high=beyond + half,
            n=n,
        ),
    )
    levels = (("before", 0.24), ("expected afterwards (benchmark)", 0.19), ("after", 0.19 + beyond))
    course = tuple(Estimate(term=term, estimate=value, n=n) for term, value in levels)
    better = (
        Estimate(term="less absence", estimate=0.6, n=n, n_events=round(0.6 * n)),
        Estimate(term="less absence, expected with no programme", estimate=0.57, n=n),
    )
    return Result(
        estimand=Estimand(
            id="wellbeing.absence_change_beyond",
            claim="wellbeing",
            formula="",
            population="",
            unit="share of school time",
        ),
        estimate=rows[0],
        benchmark=rows[1],
        beyond=rows[2],
        null=0.0,
        benchmark_is="what untreated pupils did",
        definition="absence",
        n=n,
        flow=(
            FlowStep(step="cases", n=cases),
            FlowStep(step="absence: with a baseline", n=cases),
            FlowStep(step="absence: with a baseline and a follow-up", n=n),
        ),
        tables=(
            Table(name="change", title="Change, share of school time", rows=rows),
            Table(name="course", title="Mean, share of school time", rows=course),
            Table(name="responders", title="Shares", rows=better),
        ),
        conf_level=0.95,
        method="",
        verdict=Verdict(answer="undecidable", sentence="Nobody can tell."),
    )


def test_numbers_come_from_the_result() -> None:
    board = board_view(board_year("2025/26", change(-0.02, 0.01, 4)))
    found = {row.term: row for row in board.table().rows}
    assert [found[t].estimate for t in ("before", "expected", "after")] == [0.24, 0.19, 0.17]
    assert found["improved"].estimate == 0.6
    assert found["improved_expected"].estimate == 0.57
    assert (found["cases"].n, found["unknown"].n) == (80, 20)


def test_difference_of_years_is_welch() -> None:
    this, last = change(-0.03, 0.012, 3.7), change(0.01, 0.02, 9.0)
    row = board_view(board_year("b", this), board_year("a", last)).difference
    error = (0.012**2 + 0.02**2) ** 0.5
    df = error**4 / (0.012**4 / 3.7 + 0.02**4 / 9.0)
    low, high = stats.t.interval(0.95, df, loc=-0.04, scale=error)
    assert row.estimate == pytest.approx(-0.04)
    assert (row.conf_low, row.conf_high) == pytest.approx((low, high), rel=1e-9)


def test_years_without_an_interval_are_not_compared() -> None:
    this = change(-0.03, 0.012, 3.7)
    bare = dataclasses.replace(this, beyond=Estimate(term="beyond"))
    assert board_view(board_year("b", this), board_year("a", bare)).difference is None


def test_small_numbers_are_gone_and_cannot_be_worked_out() -> None:
    counted = {"no_longer_needed": 20, "declined": 3, "moved": 6, "other_service": 9, "unknown": 0}
    year = board_year("b", change(-0.02, 0.01, 4, n=78), closures=counted)
    assert year.unknown is None
    told = {row.group or "all": row.n_events for row in year.closures.rows}
    assert told["declined"] is None
    assert told["moved"] is None, "or it comes back as the total less the others"
    assert told["no_longer_needed"] == 20
    assert told["unknown"] == 0
    shares = {row.group: row.estimate for row in year.closures.rows}
    assert shares["declined"] is shares["moved"] is None


def test_a_result_of_few_pupils_tells_nothing() -> None:
    with pytest.warns(match="No row of the table"):
        year = board_year("b", change(-0.02, 0.01, 4, n=4, cases=9))
    rows = board_view(year).table().rows
    assert all(row.estimate is None for row in rows)


def test_protected_results_are_taken_as_they_are() -> None:
    once = board_year("b", change(-0.02, 0.01, 4))
    again = board_year("b", once.result)
    assert again == once


def test_responders_given_apart_take_the_place_of_those_of_the_result() -> None:
    rows = (
        Estimate(term="reliably improved", estimate=0.25, n=80, n_events=20),
        Estimate(term="reliably improved, expected with no programme", estimate=0.2, n=80),
    )
    year = board_year(
        "b", change(-0.02, 0.01, 4), responders=Table(name="responders", title="S", rows=rows)
    )
    assert (year.improved.term, year.expected.estimate) == ("reliably improved", 0.2)


def test_different_outcomes_are_not_set_beside_each_other() -> None:
    this = board_year("b", change(-0.02, 0.01, 4))
    with pytest.raises(ValueError, match="same outcome"):
        board_view(this, dataclasses.replace(this, better="higher"))
