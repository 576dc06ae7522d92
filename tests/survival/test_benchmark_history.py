"""Untreated pupils: the same alarm, the cases' wait, the same rule."""

from __future__ import annotations

import pytest

from absence_risk.survival import benchmark_history, case_history

AWAY = [0.6] * 16


def test_clock_starts_at_the_end_of_the_alarm_month_plus_the_wait(make_cube, make_cases):
    # August (weeks 0 and 1) is at 60 %; its last school day, Friday 29 August, lies in week 1.
    shares = [0.6, 0.6, 0.3, 0.3, 0, 0, 0, 0, *[0.0] * 8]
    cases = make_cases([(1, "2025-09-22", None, None, "2025-09-01")])  # a wait of three weeks
    history = benchmark_history(make_cube([shares, AWAY]), cases)
    row = history.iloc[0]
    assert len(history) == 1  # the case's pupil is left out
    assert history.attrs["wait_weeks"] == 3
    # Start in week 4, first window 5 to 8.
    assert (row.duration, row.event) == (4, 1)
    # before it: weeks 0 to 3
    assert row.severity == pytest.approx((0.6 + 0.6 + 0.3 + 0.3) / 4)


def test_only_pupils_who_met_the_alarm_enter(make_cube, make_cases):
    below, at = [0.1] * 16, [0.2] * 16
    cases = make_cases([(2, "2025-09-22", None, None)])
    history = benchmark_history(make_cube([below, at, AWAY]), cases)
    assert history["pupil_key"].tolist() == [2**28 + 1]
    assert history.attrs["wait_weeks"] is None
    assert [n for _, n in history.attrs["flow"]] == [3, 1, 1]


@pytest.mark.parametrize("detected", ["2025-08-29", "2025-09-01", "2025-09-26"])
def test_a_pupil_detected_for_the_alarm_month_is_a_case_and_not_untreated(
    make_cube, make_cases, detected
):
    """August is the alarm month of whoever is detected before September has ended."""
    cases = make_cases([(0, "2025-10-06", None, None, detected)])
    found = benchmark_history(make_cube([AWAY, AWAY]), cases, wait_weeks=0)
    assert found["pupil_key"].tolist() == [2**28 + 1]


def test_who_becomes_a_case_later_was_untreated_at_the_alarm(make_cube, make_cases):
    """Leaving such pupils out would look into the future: they are those who did not recover."""
    cases = make_cases([(0, "2025-11-03", None, None, "2025-10-13")])
    found = benchmark_history(make_cube([AWAY, AWAY]), cases, wait_weeks=0)
    assert found["pupil_key"].tolist() == [2**28, 2**28 + 1]


def test_a_detected_but_never_started_case_is_not_untreated(make_cube, make_cases):
    cases = make_cases([(0, None, None, None, "2025-09-01")])
    assert benchmark_history(make_cube([AWAY, AWAY]), cases)["pupil_key"].tolist() == [2**28 + 1]


def test_the_same_course_gives_the_same_history(make_cube, make_cases):
    shares = [0.6] * 6 + [0.2, 0.0, 0.0, 0.0, 0.0, 0.3, 0.3, 0.3, 0.3, 0.3]
    cases = make_cases([(0, "2025-08-25", None, None)])  # week 1, as the benchmark's clock
    cube = make_cube([shares, shares])
    one = case_history(cases, cube, endings={}).drop(columns=["case_key", "pupil_key"])
    other = benchmark_history(cube, cases, wait_weeks=0).drop(columns=["case_key", "pupil_key"])
    assert one.iloc[0].tolist()[1:] == other.iloc[0].tolist()[1:]
    assert one["event"].item() == 1
    assert one["relapsed"].item()
    assert (
        case_history(cases, cube, endings={}).attrs["rule"]
        == benchmark_history(cube, cases).attrs["rule"]
    )


def test_an_alarm_too_late_to_follow_gives_no_row(make_cube, make_cases):
    shares = [0.0] * 15 + [0.6]
    cases = make_cases([(0, None, None, None)])
    assert len(benchmark_history(make_cube([shares, shares]), cases, wait_weeks=2)) == 0
