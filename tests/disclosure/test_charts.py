"""A hidden step of a flow chart does not come back from what stands beside it."""

from __future__ import annotations

from absence_risk.disclosure.charts import hide_chart
from absence_risk.disclosure.margins import secondary
from absence_risk.disclosure.nested import Shown
from absence_risk.result import Estimate, Table


def chart(*rows):
    made = tuple(Estimate(term=t, group=g, n=n) for t, g, n in rows)
    return Table(name="flow_chart", title="", rows=made)


STEPS = chart(
    ("cases", "cases", 90),
    ("not started", "cases: left out", 8),
    ("started", "cases", 82),
    ("no baseline", "absence: left out", 0),
    ("with a baseline", "absence", 82),
    ("moved", "absence: left out", 12),
    ("followed", "absence", 70),
    ("compared with", "registry", 400),
)


def numbers(table):
    return {row.term: row.n for row in table.rows}


def test_nothing_is_hidden_where_no_number_is_close():
    assert hide_chart(STEPS, Shown(5)) == STEPS


def test_a_step_close_to_a_number_in_print_goes_with_its_boxes():
    found = numbers(hide_chart(STEPS, Shown(5, [84])))
    assert found["started"] is None
    assert found["with a baseline"] is None
    assert found["not started"] is None
    assert found["moved"] is None
    assert found["cases"] == 90
    assert found["followed"] == 70
    assert found["no baseline"] == 0
    assert found["compared with"] == 400


def test_steps_that_are_equal_stay_together():
    chain = Shown(5, [82])
    assert hide_chart(STEPS, chain) == STEPS
    assert 70 in chain.numbers


def test_a_category_is_guarded_although_expected_shares_stand_beside_it():
    rows = [
        Estimate(term="better", estimate=0.5, n=60, n_events=30),
        Estimate(term="better, expected", estimate=0.4, n=60),
        Estimate(term="the same", estimate=0.05, n=60, n_events=3),
        Estimate(term="worse", estimate=0.3, n=60, n_events=18),
        Estimate(term="unknown", estimate=0.15, n=60, n_events=9),
    ]
    assert secondary(rows, {2}, {60}, 5) == {4}
