"""Numbers are written as people read them."""

from __future__ import annotations

import pytest

from absence_risk.report.numbers import Kind, Numbers, kind_of_table, kind_of_unit
from absence_risk.result import Estimate, Table

SAY = Numbers()


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (0.4123, "share", "41.2 %"),
        (-0.0911, "points", "−9.1"),
        (0.005, "points", "+0.5"),
        (-0.00001, "points", "0.0"),
        (1.4149, "ratio", "1.41"),
        (2.714, "number", "2.71"),
        (213.44, "number", "213.4"),
        (12345.6, "number", "12\u202f345.6"),
        (None, "share", "–"),
        (float("inf"), "ratio", "–"),
        (float("nan"), "ratio", "–"),
    ],
)
def test_values(number: float | None, kind: Kind, text: str) -> None:
    assert SAY.value(number, kind) == text


def test_intervals() -> None:
    assert SAY.interval(Estimate(term="x", conf_low=0.1, conf_high=0.2), "share") == (
        "10.0 % to 20.0 %"
    )
    assert SAY.interval(Estimate(term="x", conf_low=0.1), "share") == "10.0 % to –"
    assert SAY.interval(Estimate(term="x"), "share") == "–"


def test_counts_p_values_thresholds_and_times() -> None:
    assert SAY.count(12000) == "12\u202f000"
    assert SAY.count(None) == "–"
    assert [SAY.p_value(p) for p in (0.0002, 0.0412, None)] == ["<0.001", "0.041", "–"]
    assert [SAY.threshold(t) for t in (0.2, 0.125, None)] == ["20 %", "12.5 %", "–"]
    assert SAY.time(202508.0, months=True) == "2025-08"
    assert [SAY.time(t, months=False) for t in (12.0, None)] == ["12", "–"]


@pytest.mark.parametrize(
    ("unit", "kind"),
    [
        ("odds ratio", "ratio"),
        ("points of per cent", "points"),
        ("share of cases", "share"),
        ("cumulative incidence", "share"),
        ("duration in days", "number"),
        ("grade points per 10 points of absence", "number"),
    ],
)
def test_units(unit: str, kind: Kind) -> None:
    assert kind_of_unit(unit) == kind


def test_tables_are_known_by_name_and_else_by_title() -> None:
    assert kind_of_table(Table(name="associations", title="T", rows=())) == "ratio"
    assert kind_of_table(Table(name="new", title="Share of pupils", rows=())) == "share"
