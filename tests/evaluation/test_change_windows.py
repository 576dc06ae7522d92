from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from absence_risk.evaluation import Windows, case_windows, registry_windows
from absence_risk.evaluation.cohorts import DROPPED, drop_lonely_cohorts
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Four months of 20 school days: September to December 2025.
DAYS = np.concatenate(
    [np.arange(f"2025-{m:02d}-01", f"2025-{m:02d}-21", dtype="datetime64[D]") for m in range(9, 13)]
)
SMALL = Windows(
    baseline_days=10, baseline_least=5, follow_after=5, follow_days=10, follow_least=5, cut=0.2
)


def _cube(absent: np.ndarray) -> Cube:
    n = len(absent)
    return Cube(
        np.arange(1, n + 1, dtype=np.uint32),
        SchoolCalendar(DAYS, ["HT"] * len(DAYS)),
        np.full(absent.shape, 100, dtype=np.int16),
        (absent - absent // 2).astype(np.int16),
        (absent // 2).astype(np.int16),
        AbsenceDefinition(),
    )


def _pupils(n: int) -> pd.DataFrame:
    return pd.DataFrame({"pupil_key": range(1, n + 1), "school_key": 1, "grade": 7})


def _case(pupil: int, detected: str | None, started: str | None, key: int = 1) -> dict[str, Any]:
    return {"case_key": key, "pupil_key": pupil, "detected": detected, "started": started}


def _one(detected: str | None, started: str | None) -> pd.Series:
    absent = np.zeros((1, 80), dtype=np.int64)
    absent[0] = np.repeat([10, 40, 60, 20], 20)
    cases = pd.DataFrame([_case(1, detected, started)])
    return case_windows(_cube(absent), cases, _pupils(1), SMALL).iloc[0]


def test_windows_are_where_they_should_be() -> None:
    # Detected on the last school day of October: October is the alarm month (days 20 to 39), the
    # baseline the last 10 days of September; start on 5 November (day 44), follow-up days 49-58.
    row = _one("2025-10-20", "2025-11-05")
    assert row["dropped"] == ""
    assert row["cohort"] == 202510
    assert row["before"] == pytest.approx(0.10)
    assert row["alarm_total"] == pytest.approx(0.40)
    assert row["alarm_invalid"] == pytest.approx(0.20)
    assert row["after"] == pytest.approx(0.60)
    assert row["wait"] == 44 - 40


def test_a_month_that_has_not_ended_is_not_the_alarm_month() -> None:
    assert _one("2025-11-19", "2025-11-20")["cohort"] == 202510


@pytest.mark.parametrize(
    ("detected", "started", "reason"),
    [
        ("2025-10-20", None, DROPPED[1]),
        (None, "2025-11-05", DROPPED[2]),
        ("2025-09-10", "2025-11-05", DROPPED[2]),
        ("2025-09-20", "2025-11-05", DROPPED[3]),
        ("2025-11-20", "2025-12-15", DROPPED[4]),
    ],
)
def test_an_unusable_case_stays_with_its_reason(
    detected: str | None, started: str | None, reason: str
) -> None:
    assert _one(detected, started)["dropped"] == reason


def test_a_second_case_and_a_quiet_month_are_named() -> None:
    absent = np.full((2, 80), 50)
    absent[1, 20:40] = 0
    cases = pd.DataFrame(
        [
            _case(1, "2025-10-20", "2025-11-05", 1),
            _case(1, "2025-11-20", "2025-12-01", 2),
            _case(2, "2025-10-20", "2025-11-05", 3),
        ]
    )
    found = case_windows(_cube(absent), cases, _pupils(2), SMALL)
    assert found["dropped"].tolist() == ["", DROPPED[0], DROPPED[5]]


def test_a_pupil_who_left_is_dropped_though_the_calendar_goes_on() -> None:
    cube = _cube(np.full((1, 80), 50))
    cube.scheduled[0, 50:] = 0
    cube.valid[0, 50:] = 0
    cube.invalid[0, 50:] = 0
    cases = pd.DataFrame([_case(1, "2025-10-20", "2025-11-05")])
    assert case_windows(cube, cases, _pupils(1), SMALL)["dropped"].iloc[0] == DROPPED[4]


def test_untreated_pupils_share_the_alarm_month_and_the_windows() -> None:
    absent = np.full((6, 80), 30)
    absent[3, 20:40] = 5  # no alarm
    cases = pd.DataFrame(
        [
            _case(1, "2025-10-20", "2025-11-05", 1),
            _case(2, "2025-11-20", "2025-12-01", 2),  # detected later: untreated in October
            _case(3, "2025-09-20", None, 3),  # detected before
        ]
    )
    pupils = _pupils(6).assign(grade=[7, 8, 7, 7, 8, 3])  # pupil 6 is in a grade without cases
    cube = _cube(absent)
    measured = case_windows(cube, cases, pupils, SMALL)
    found = registry_windows(cube, cases, pupils, measured, SMALL)
    october = found[found["cohort"] == 202510]
    assert october["pupil_key"].tolist() == [2, 5]
    assert october["before"].tolist() == [0.3, 0.3]
    hindsight = registry_windows(cube, cases, pupils, measured, SMALL, untreated="no_case")
    assert 2 not in hindsight["pupil_key"].tolist()
    all_grades = registry_windows(cube, cases, pupils, measured, SMALL, grades=range(10))
    assert 6 in all_grades["pupil_key"].tolist()


@pytest.mark.parametrize("detected", ["2025-10-20", "2025-11-01", "2025-11-13"])
def test_a_case_is_never_compared_with_itself_in_its_own_cohort(detected: str) -> None:
    """Detected on the last day of October or some days later: October is the alarm month."""
    cases = pd.DataFrame([_case(1, detected, "2025-11-15")])
    cube, pupils = _cube(np.full((3, 80), 30)), _pupils(3)
    measured = case_windows(cube, cases, pupils, SMALL)
    assert measured["cohort"].tolist() == [202510]
    found = registry_windows(cube, cases, pupils, measured, SMALL)
    assert found["pupil_key"].tolist() == [2, 3]


def test_cohorts_with_fewer_than_five_untreated_pupils_are_marked() -> None:
    measured = pd.DataFrame({"cohort": [1, 1, 2], "dropped": ["", DROPPED[1], ""]})
    registry = pd.DataFrame({"cohort": [1, 1, 2, 2, 2, 2, 2]})
    marked = drop_lonely_cohorts(measured, registry)
    assert marked["dropped"].tolist() == [DROPPED[6], DROPPED[1], ""]


def test_school_is_that_of_the_alarm_month() -> None:
    pupils = pd.DataFrame(
        {
            "pupil_key": [1, 1],
            "school_key": [7, 8],
            "grade": 7,
            "entry": ["2025-10-01", "2025-08-01"],
            "exit": [None, "2025-09-30"],
        }
    )
    cases = pd.DataFrame([_case(1, "2025-10-20", "2025-11-05")])
    found = case_windows(_cube(np.full((1, 80), 50)), cases, pupils, SMALL)
    assert found["school_key"].tolist() == [7]


def test_shuffled_rows_give_the_same_windows(municipality: Callable[..., Any]) -> None:
    world = municipality(3, pupils=600)
    shuffled = world.cases.sample(frac=1, random_state=1)
    first, second = (
        case_windows(world.cube, cases, world.pupils, Windows())
        for cases in (world.cases, shuffled)
    )
    pd.testing.assert_frame_equal(first, second)


def test_bad_arguments_are_named() -> None:
    cube, pupils = _cube(np.full((1, 80), 50)), _pupils(1)
    twice = pd.DataFrame([_case(1, None, None), _case(1, None, None)])
    with pytest.raises(ValueError, match="case_key must be unique"):
        case_windows(cube, twice, pupils, SMALL)
    with pytest.raises(ValueError, match="started"):
        case_windows(cube, twice.drop(columns="started"), pupils, SMALL)
    with pytest.raises(ValueError, match=r"Did you mean 0\.2"):
        Windows(cut=20)
    with pytest.raises(ValueError, match="must not exceed"):
        Windows(follow_least=50)
