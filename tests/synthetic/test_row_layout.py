"""Rows are laid out pupil by pupil, whatever their lessons and days: beside a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic.row_layout import Layout

DAYS = 6
LAYOUT = Layout(
    per_day=np.array([5, 8, 1, 5, 7]),
    first=np.array([0, 2, 0, 5, 4]),
    last=np.array([5, 3, 0, 5, 3]),  # the last pupil has no day at all
    days=DAYS,
)
RANDOM = np.random.default_rng(3)


def by_hand(value):
    """value(pupil, day, lesson) for every row."""
    return [
        value(p, d, k)
        for p in range(5)
        for d in range(LAYOUT.first[p], LAYOUT.last[p] + 1)
        for k in range(LAYOUT.per_day[p])
    ]


PUPIL, DATE, SLOT = np.arange(5) * 3, np.arange(DAYS) + 90, np.arange(8, dtype=np.uint8)
DAY = RANDOM.integers(0, 256, (5, DAYS)).astype(np.uint8)
LESSON = RANDOM.integers(0, 99, (5, DAYS, 8))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (LAYOUT.by_pupil(PUPIL), by_hand(lambda p, d, k: PUPIL[p])),
        (LAYOUT.by_date(DATE), by_hand(lambda p, d, k: DATE[d])),
        (LAYOUT.by_slot(SLOT), by_hand(lambda p, d, k: SLOT[k])),
        (LAYOUT.by_day(DAY), by_hand(lambda p, d, k: DAY[p, d])),
        (LAYOUT.by_lesson(LESSON), by_hand(lambda p, d, k: LESSON[p, d, k])),
        (LAYOUT.flags(DAY), by_hand(lambda p, d, k: DAY[p, d] >> k & 1)),
        (LAYOUT.first_lesson(DAY), by_hand(lambda p, d, k: DAY[p, d] * (k == 0))),
    ],
)
def test_figures_stand_where_a_loop_puts_them(found, expected):
    np.testing.assert_array_equal(found, expected)


def test_types_are_kept():
    assert LAYOUT.by_day(DAY).dtype == np.uint8
    assert LAYOUT.flags(DAY).dtype == np.uint8
    assert LAYOUT.by_date(DATE.astype(np.int32)).dtype == np.int32
