"""Hand-worked cases on the school-week clock."""

from __future__ import annotations

import pandas as pd
import pytest

from absence_risk.errors import AbsenceRiskError
from absence_risk.survival import case_history

ENDINGS = {"declined": 2, "moved": 3, "no_longer_needed": 6, "admin_end": None, "unknown": None}
AWAY = [0.6] * 16


def weeks(*shares):
    """Absence by week, 16 weeks, away where nothing is said."""
    return [*shares, *AWAY][:16]


def one(make_cube, make_cases, shares, case, **more):
    history = case_history(make_cases([(0, *case)]), make_cube([shares], **more), endings=ENDINGS)
    assert len(history) == 1
    return history.iloc[0]


def test_return_is_dated_in_the_fourth_week_below(make_cube, make_cases):
    # Start in week 2 (1 September); weeks 5 to 8 below 10 %: confirmed in week 8, duration 6.
    shares = weeks(0.6, 0.6, 0.6, 0.6, 0.6, 0, 0.05, 0.1, 0)
    row = one(make_cube, make_cases, shares, ("2025-09-03", None, None))
    assert (row.entry, row.duration, row.event) == (0, 6, 1)


def test_weeks_before_and_at_the_start_do_not_count(make_cube, make_cases):
    row = one(make_cube, make_cases, weeks(*[0.0] * 6), ("2025-09-03", None, None))
    # Six weeks without absence, but only weeks 3 to 5 of them come after the start week 2.
    assert (row.duration, row.event) == (13, 0)


def test_weeks_without_teaching_do_not_exist(make_cube, make_cases):
    shares = weeks(0.6, 0.6, 0, 0, 0, 0)
    plain = one(make_cube, make_cases, shares, ("2025-08-26", None, None))
    broken = one(make_cube, make_cases, shares, ("2025-08-26", None, None), skip=(3, 4))
    assert plain.duration == broken.duration == 4


def test_a_week_without_lessons_for_the_pupil_passes_on_the_clock(make_cube, make_cases):
    shares = weeks(0.6, 0.6, 0, 0, 0, 0, 0)
    row = one(make_cube, make_cases, shares, ("2025-08-26", None, None), idle=[(0, 3)])
    assert (row.duration, row.event) == (5, 1)


@pytest.mark.parametrize(
    ("closed", "reason", "want"),
    [
        ("2025-09-10", "declined", (2, 2)),
        ("2025-09-10", "moved", (2, 3)),
        ("2025-09-10", "no_longer_needed", (2, 6)),
        ("2025-09-10", "admin_end", (2, 0)),
        ("2025-09-10", None, (2, 0)),
        ("2025-09-22", "declined", (4, 1)),  # the week in which the return is confirmed
        ("2025-09-29", "declined", (4, 1)),
        ("2025-09-19", "declined", (3, 2)),
    ],
)
def test_the_first_of_return_and_closing_ends_the_case(make_cube, make_cases, closed, reason, want):
    # Start in week 1; weeks 2 to 5 without absence: confirmed in week 5 (22 September).
    shares = weeks(0.6, 0.6, 0, 0, 0, 0)
    row = one(make_cube, make_cases, shares, ("2025-08-25", closed, reason))
    assert (row.duration, row.event) == want


def test_nothing_ends_in_the_start_week(make_cube, make_cases):
    row = one(make_cube, make_cases, AWAY, ("2025-08-25", "2025-08-27", "declined"))
    assert (row.duration, row.event, row.closed_in_start_week) == (1, 2, True)


def test_follow_up_ends_with_the_calendar_and_with_the_pupils_lessons(make_cube, make_cases):
    case = ("2025-08-25", "2026-07-01", "declined")
    assert one(make_cube, make_cases, AWAY, case).duration == 14
    left = [(0, week) for week in range(9, 16)]
    row = one(make_cube, make_cases, AWAY, case, idle=left)
    assert (row.duration, row.event) == (7, 0)
    moved = ("2025-08-25", "2025-10-29", "moved")  # week 10, after the last lesson in week 8
    row = one(make_cube, make_cases, AWAY, moved, idle=left)
    assert (row.duration, row.event) == (9, 3)


def test_severity_is_the_share_in_the_eight_weeks_before(make_cube, make_cases):
    shares = [0.9, 0.9, 0.2, 0.2, 0.2, 0.2, 0.4, 0.4, 0.4, 0.4, *[1.0] * 6]
    row = one(make_cube, make_cases, shares, ("2025-10-27", None, None))  # week 10
    assert row.severity == pytest.approx(0.3)
    assert row.invalid_share == pytest.approx(0.5)
    row = one(make_cube, make_cases, shares, ("2025-08-18", None, None))
    assert pd.isna(row.severity)


def test_relapse_follows_a_return(make_cube, make_cases):
    shares = [0.6, 0, 0, 0, 0, 0, 0.1, 0.2, 0.25, 0.25, 0.3, *[0] * 5]
    row = one(make_cube, make_cases, shares, ("2025-08-18", None, None))
    # Return confirmed in week 4. Weeks 6 to 9 together lie at exactly 20 %: relapse in week 9.
    assert (row.duration, row.event) == (4, 1)
    assert (row.relapsed, row.weeks_to_relapse, row.weeks_after_return) == (True, 5, 11)
    away = one(make_cube, make_cases, AWAY, ("2025-08-18", None, None))
    assert pd.isna(away.relapsed)
    assert pd.isna(away.weeks_after_return)


def test_the_register_still_sees_a_return_after_closing(make_cube, make_cases):
    shares = weeks(0.6, 0.6, 0.6, 0.6, 0, 0, 0, 0)
    row = one(make_cube, make_cases, shares, ("2025-08-25", "2025-09-10", "declined"))
    assert (row.duration, row.event, row.register_duration, row.register_event) == (2, 2, 6, 1)


def test_only_started_cases_of_known_pupils_are_followed(make_cube, make_cases):
    cases = make_cases(
        [
            (0, "2025-08-25", None, None),
            (1, None, None, None),
            (9, "2025-08-25", None, None),
            (1, "2027-01-01", None, None),
            (1, "2024-01-01", None, None),
            (1, "2025-12-01", None, None),  # starts in the last week: nothing to follow
        ]
    )
    history = case_history(cases, make_cube([AWAY, AWAY]), endings=ENDINGS)
    assert history["pupil_key"].tolist() == [2**28]
    assert [n for _, n in history.attrs["flow"]] == [6, 5, 2, 1]


def test_school_is_that_of_the_enrolment_at_the_start(make_cube, make_cases):
    pupils = pd.DataFrame(
        {
            "pupil_key": [2**28, 2**28, 2**28 + 1],
            "school_key": [7, 8, 9],
            "entry": pd.to_datetime([None, "2025-09-15", "2025-12-31"]),
        }
    )
    cases = make_cases(
        [
            (0, "2025-08-25", None, None),
            (0, "2025-09-22", None, None),
            (1, "2025-08-25", None, None),
        ]
    )
    cube = make_cube([AWAY, AWAY])
    history = case_history(cases, cube, endings=ENDINGS, pupils=pupils)
    assert history["school_key"].tolist() == [7, 8, 9]
    assert case_history(cases, cube, endings=ENDINGS)["school_key"].isna().all()


def test_an_unmapped_reason_and_a_wrong_code_are_refused(make_cube, make_cases):
    cases = make_cases([(0, "2025-08-25", "2025-09-10", "other_service")])
    cube = make_cube([AWAY])
    with pytest.raises(ValueError, match="'other_service'"):
        case_history(cases, cube, endings=ENDINGS)
    with pytest.raises(ValueError, match="1 is a measured return"):
        case_history(cases, cube, endings={"other_service": 1})
    with pytest.raises(TypeError):
        case_history(cases, cube)


def test_no_cases_give_an_empty_history_with_all_columns(make_cube, make_cases):
    cases = make_cases([(0, "2025-08-25", None, None)])
    full = case_history(cases, make_cube([AWAY]), endings=ENDINGS)
    empty = case_history(cases.iloc[:0], make_cube([AWAY]), endings=ENDINGS)
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)


def test_errors_of_columns_name_what_is_missing(make_cube, make_cases):
    cases = make_cases([(0, "2025-08-25", None, None)]).drop(columns="started")
    with pytest.raises(ValueError, match="'started'") as caught:
        case_history(cases, make_cube([AWAY]), endings=ENDINGS)
    assert not isinstance(caught.value, AbsenceRiskError)
