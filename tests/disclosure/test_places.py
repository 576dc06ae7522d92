"""Two forests side by side do not tell who of a place did not answer."""

from __future__ import annotations

import dataclasses

import pytest

from absence_risk.disclosure.places import hide_places, protect_outcome
from absence_risk.result import Estimand, Estimate, Result, Table, Verdict


def forest(**sizes):
    rows = tuple(Estimate(term="x", group=g, estimate=0.1, n=n) for g, n in sizes.items())
    pooled = Estimate(term="x", group="pooled", estimate=0.1, n=sum(sizes.values()))
    zero = Estimate(term="x", estimate=0.0)
    return Result(
        estimand=Estimand(id="e", claim="wellbeing", formula="", population="", unit=""),
        estimate=zero, benchmark=zero, beyond=zero, null=0.0, benchmark_is="", definition="",
        n=pooled.n, flow=(), tables=(Table(name="by", title="", rows=(*rows, pooled)),),
        conf_level=0.95, method="", verdict=Verdict(answer="undecidable", sentence="."),
    )  # fmt: skip


def sizes(result):
    return [row.n for row in result.table("by").rows]


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        ({"north": 30, "south": 12}, True),
        ({"north": 20, "south": 7}, True),
        ({"north": 28, "south": 12}, False),
        ({"north": 30, "2 groups together": 9}, False),
    ],
)
def test_n_by_place_goes_where_it_differs_by_a_few(second, kept):
    found = hide_places(forest(**second), [forest(north=30, south=12)])
    total = sum(second.values())
    assert sizes(found) == ([*second.values(), total] if kept else [None, None, total])
    assert all(row.estimate == 0.1 for row in found.table("by").rows)
    assert ("not shown" in found.table("by").note) == (not kept)


def test_nothing_goes_on_ones_own_screen_or_without_a_forest():
    one, other = forest(north=30), forest(north=28)
    assert hide_places(other, [one], 1) == other
    bare = dataclasses.replace(other, tables=())
    assert hide_places(bare, [one]) == bare


def test_an_outcome_whose_n_would_tell_loses_it_and_keeps_its_figures():
    first = protect_outcome(forest(north=40, south=20), [])
    assert first.n == 60
    second = protect_outcome(forest(north=38, south=19), [first])
    assert second.n == 0
    assert sizes(second) == [None, None, None]
    assert second.table("by").rows[0].estimate == 0.1
    third = protect_outcome(forest(north=30, south=15), [first])
    assert third.n == 45
