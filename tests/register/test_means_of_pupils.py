"""Month-weighted and pooled means, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.means import (
    absence_means,
    month_weighted_mean,
    months_registered,
    weighted_sums,
)

# Two months of four and two school days.
DATES = np.array(
    ["2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04", "2025-10-01", "2025-10-02"],
    dtype="datetime64[D]",
)
CALENDAR = SchoolCalendar(DATES, ["HT"] * 6)
SCHEDULED = [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1], [0] * 6]
VALID = [[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0], [0] * 6]
INVALID = [[0, 0, 1, 0, 0, 0], [0] * 6, [0] * 6, [0] * 6]


def cube(**definition):
    arrays = [np.array(part, dtype=np.int16) for part in (SCHEDULED, VALID, INVALID)]
    keys = np.array([1, 2, 3, 4], dtype=np.uint32)
    rule = AbsenceDefinition(day_rule="start_of_day", **definition)
    return Cube(keys, CALENDAR, *arrays, rule)


def test_months_registered_count_short_months_too():
    assert months_registered(cube()).tolist() == [2, 1, 1, 0]


def test_three_means_by_hand():
    # Shares 3/6, 1/4, 1/2 and none; months 2, 1, 1; absent 3 + 1 + 1 of 6 + 4 + 2 days.
    row = absence_means(cube()).iloc[0]
    assert (row["n"], row["months"]) == (3, 4)
    assert row["month_weighted"] == pytest.approx((2 * 0.5 + 0.25 + 0.5) / 4)
    assert row["pooled"] == pytest.approx(5 / 12)
    assert row["unweighted"] == pytest.approx((0.5 + 0.25 + 0.5) / 3)


def test_means_by_school_and_of_invalid_absence():
    found = absence_means(cube(), ["B", "B", "A", "A"], numerator="invalid").set_index("group")
    assert found.index.tolist() == ["A", "B"]
    assert found.loc["B", "month_weighted"] == pytest.approx((2 * (1 / 6) + 0) / 3)
    assert found.loc["B", "pooled"] == pytest.approx(1 / 10)
    assert found.loc["A", ["n", "pooled"]].tolist() == [1, 0.0]


def test_sums_of_the_two_means():
    top, bottom = weighted_sums(cube())
    assert (top.tolist(), bottom.tolist()) == ([3, 1, 1, 0], [6, 4, 2, 0])
    top, bottom = weighted_sums(cube(mean="month_weighted"))
    assert (top.tolist(), bottom.tolist()) == ([1.0, 0.25, 0.5, 0.0], [2, 1, 1, 0])
    assert top.sum() / bottom.sum() == absence_means(cube())["month_weighted"].iloc[0]


def test_nobody_has_no_mean():
    assert math.isnan(month_weighted_mean([np.nan, np.nan], [0, 0]))
    assert month_weighted_mean([0.2, np.nan], [3, 9]) == pytest.approx(0.2)
