"""Windows by hand, and rolling shares against a loop."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.spells import absence_spells
from absence_risk.register.windows import Window, windows_of

DAYS = np.arange("2025-08-18", "2026-01-31", dtype="datetime64[D]")
DAYS = DAYS[(DAYS.astype(np.int64) + 3) % 7 < 5]
HOLIDAYS = np.arange("2025-12-22", "2026-01-07", dtype="datetime64[D]")
DAYS = DAYS[~np.isin(DAYS, HOLIDAYS)]
CALENDAR = SchoolCalendar(
    DAYS, ["HT" if day < np.datetime64("2026-01-01") else "VT" for day in DAYS]
)


def cube_of(scheduled, valid, invalid, calendar=CALENDAR, **definition):
    arrays = [np.asarray(part, dtype=np.int16) for part in (scheduled, valid, invalid)]
    keys = np.arange(1, len(arrays[0]) + 1, dtype=np.uint32)
    return Cube(keys, calendar, *arrays, AbsenceDefinition(**definition))


def random_cube(n=60, seed=1, **definition):
    rng = np.random.default_rng(seed)
    shape = (n, len(CALENDAR))
    scheduled = rng.choice([0, 240, 300], shape, p=[0.05, 0.35, 0.6])
    scheduled[: n // 2] = 300
    scheduled[0, :40] = 0  # joins late
    absent = (scheduled * rng.choice([0, 0.5, 1], shape, p=[0.85, 0.05, 0.1])).astype(int)
    valid = np.where(rng.random(shape) < 0.6, absent, 0)
    return cube_of(scheduled, valid, absent - valid, **definition)


def test_quarters_are_those_of_the_calendar():
    found = windows_of(CALENDAR, "quarter")
    assert found.label.tolist() == [20253, 20254, 20261]
    assert CALENDAR.dates[found.start].astype(str).tolist() == [
        "2025-08-18",
        "2025-10-01",
        "2026-01-07",
    ]


def test_rolling_weeks_count_school_weeks_only():
    found = windows_of(CALENDAR, "rolling 2 weeks")
    assert found.label.tolist() == list(range(1, CALENDAR.n_weeks))
    # The week before the holidays and the one after them are neighbours.
    across = np.flatnonzero(CALENDAR.dates[found.stop - 1] == np.datetime64("2026-01-09"))[0]
    assert str(CALENDAR.dates[found.start[across]]) == "2025-12-15"
    assert found.n_days[across] == 5 + 3


def test_a_window_between_dates_holds_both():
    found = windows_of(CALENDAR, "2025-09-01 to 2025-09-05")
    assert (found.n_days.tolist(), found.label.tolist()) == ([5], ["2025-09-01 to 2025-09-05"])


def test_words_of_windows():
    assert Window.parse("quarter").words() == "per quarter"
    assert Window.parse("rolling 20 days").words() == "over any 20 school days in a row"


@pytest.mark.parametrize(
    "text", ["rolling 1000 days", "rolling 999 weeks", "2020-01-01 to 2020-02-01"]
)
def test_windows_that_do_not_fit(text):
    with pytest.raises(ValueError, match="window"):
        windows_of(CALENDAR, text)


@pytest.mark.parametrize("window", ["rolling 20 days", "rolling 3 weeks", "rolling 5 days"])
@pytest.mark.parametrize("numerator", ["total", "invalid"])
def test_rolling_shares_are_those_of_a_loop(window, numerator):
    cube = random_cube(numerator=numerator)
    found = cube.rolling(window)
    expected = np.full((cube.n_pupils, len(found.windows.label)), np.nan)
    absent = {"total": cube.valid + cube.invalid, "invalid": cube.invalid}[numerator]
    for pupil in range(cube.n_pupils):
        for k, (start, stop) in enumerate(
            zip(found.windows.start, found.windows.stop, strict=True)
        ):
            time = cube.scheduled[pupil, start:stop]
            if (time > 0).sum() >= min(10, stop - start):
                expected[pupil, k] = absent[pupil, start:stop].sum() / time.sum()
    np.testing.assert_array_equal(found.rate(), expected)
    np.testing.assert_array_equal(found.highest(), np.fmax.reduce(expected, axis=1))
    crossed = []
    for at in (0.05, 0.2, 0.35, 0.5):
        hits = [np.flatnonzero(row >= at) for row in expected]
        first = [int(hit[0]) if len(hit) else -1 for hit in hits]
        assert found.first_crossing(at).tolist() == first
        crossed.append(sum(k >= 0 for k in first))
    assert len(set(crossed)) > 1
    np.testing.assert_array_equal(cube.totals(window).absent(), found.windows.sums(absent))


def test_a_share_that_equals_the_threshold_reaches_it_and_does_not_exceed_it():
    whole = np.full((1, len(CALENDAR)), 300)
    ill = np.zeros_like(whole)
    ill[0, 30:32] = 300  # 2 of 20 days: exactly 10 %
    found = cube_of(whole, ill, 0 * ill).rolling("rolling 20 days")
    first = found.first_crossing(0.10)
    assert found.windows.stop[first].tolist() == [32]
    assert found.first_crossing(0.10, strict=True).tolist() == [-1]


def test_a_pupil_who_just_joined_has_no_share_yet():
    scheduled = np.full((1, len(CALENDAR)), 300)
    scheduled[0, :40] = 0
    ill = np.zeros_like(scheduled)
    ill[0, 40] = 300
    found = cube_of(scheduled, ill, 0 * ill).rolling("rolling 20 days")
    assert found.windows.stop[found.first_crossing(0.1)].tolist() == [50]  # 1 of 10 own days
    assert np.isnan(found.rate()[0, : 50 - 20]).all()


def test_only_rolling_windows_roll():
    with pytest.raises(ValueError, match="rolling 20 days"):
        random_cube().rolling("month")


def test_sums_are_the_same_for_blocks_of_pupils():
    cube = random_cube(n=1100)
    totals = cube.totals("month")
    for k, label in enumerate(totals.labels):
        days = CALENDAR.month == label
        np.testing.assert_array_equal(totals.scheduled[:, k], cube.scheduled[:, days].sum(axis=1))
    ten = cube.rolling("rolling 10 days").first_crossing(0.3)
    alone = random_cube(n=1100)
    part = Cube(
        alone.pupil_key[700:],
        CALENDAR,
        alone.scheduled[700:],
        alone.valid[700:],
        alone.invalid[700:],
        alone.definition,
    )
    assert part.rolling("rolling 10 days").first_crossing(0.3).tolist() == ten[700:].tolist()


def test_spells_are_those_of_a_loop():
    cube = random_cube(n=80, seed=3)
    expected = []
    for pupil in range(cube.n_pupils):
        own = np.flatnonzero(cube.scheduled[pupil])
        absent = (cube.valid + cube.invalid)[pupil, own] == cube.scheduled[pupil, own]
        edges = np.flatnonzero(np.diff(np.r_[False, absent, False].astype(int)))
        for low, high in edges.reshape(-1, 2):
            days = own[low:high]
            kinds = [cube.valid[pupil, days].sum() > 0, cube.invalid[pupil, days].sum() > 0]
            kind = "mixed" if all(kinds) else ("valid" if kinds[0] else "invalid")
            ends = (bool(low == 0), bool(high == len(own)))
            expected.append([cube.pupil_key[pupil], days[0], days[-1], len(days), kind, *ends])
    assert absence_spells(cube).values.tolist() == expected
    assert len(expected) > 300
