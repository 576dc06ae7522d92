from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.closed_forms.lessons import usual_by_level
from absence_risk.synthetic.counter import Purpose, lanes, uniform_by_lesson
from absence_risk.synthetic.reporting import class_index
from absence_risk.synthetic.timetable import (
    NO_LESSON,
    SUBJECTS,
    avoided_lessons,
    draw_timetable,
    weekly_lessons,
)

PLAN = Scenario.preset("municipality").with_values({"subjects.avoided": "subjects"})
ALL_ON_LEVEL_3 = {
    "subjects.avoided": "subjects",
    "avoidance.first_stage": [1.0, 1.0, 0.0, 0.0, 0.0],
    "avoidance.up": [0.0] * 5,
    "avoidance.down": [0.0] * 5,
    "avoidance.day_out": [0.0] * 5,
    "avoidance.day_out_again": [0.0] * 5,
    "avoidance.weekday": [1.0] * 5,
    "illness.onset_rate": 0.0,
    "leave.onset_rate": 0.0,
}


@pytest.fixture(scope="module")
def avoiders():
    """Everybody is on level 3 all year, and misses nothing else."""
    return simulate(pupils=1_500, seed=9, do=ALL_ON_LEVEL_3)


@pytest.mark.parametrize("grade", range(1, 10))
def test_every_class_has_its_weekly_lessons_in_another_order(grade):
    table = draw_timetable(PLAN, 3, 20).subject[grade - 1 :: 9]
    expected = [*weekly_lessons(PLAN, grade), 40 - weekly_lessons(PLAN, grade).sum()]
    for week in table:
        np.testing.assert_array_equal(np.bincount(week.ravel(), minlength=13), expected)
    assert len({week.tobytes() for week in table}) == 20
    lessons = PLAN.size.lessons[(grade - 1) // 3]
    assert (table[:, :, :lessons] < NO_LESSON).all()
    assert (table[:, :, lessons:] == NO_LESSON).all()


def test_weekly_lessons_follow_the_weights():
    assert weekly_lessons(PLAN, 5).tolist() == [7, 5, 3, 3, 4, 3, 1, 1, 2, 0, 1, 0]
    one = PLAN.with_values({"subjects.weekly_7_9": [0.0] * 11 + [0.1]})
    assert weekly_lessons(one, 8).tolist() == [0] * 11 + [35]
    assert len(SUBJECTS) == 12


def test_a_timetable_does_not_depend_on_other_schools():
    few, many = draw_timetable(PLAN, 3, 4), draw_timetable(PLAN, 3, 30)
    np.testing.assert_array_equal(few.subject, many.subject[:36])
    assert (few.subject != draw_timetable(PLAN, 4, 4).subject).any()


def test_single_lessons_are_drawn_as_ever():
    world = simulate(pupils=300, seed=2)
    rows = np.arange(0, 300, 7)
    found = avoided_lessons(
        world.setting.timetable, 0.25, world.pupils, rows=rows, dow=3, lessons=6
    )
    draw = uniform_by_lesson(lanes(2, rows), Purpose.AVOIDED_LESSON, 3, 6)
    np.testing.assert_array_equal(found, draw < 0.25)


def test_avoided_are_all_lessons_of_a_subject_or_none(avoiders):
    pupils, table = avoiders.pupils, avoiders.setting.timetable
    rows = np.arange(len(pupils))
    week = np.stack(
        [avoided_lessons(table, 0.25, pupils, rows=rows, dow=d, lessons=8) for d in range(5)]
    ).transpose(2, 0, 1)
    subject = table.subject[class_index(pupils)]
    for number in range(12):
        taught = (subject == number).sum(axis=(1, 2))
        avoided = ((subject == number) & week).sum(axis=(1, 2))
        assert ((avoided == 0) | (avoided == taught)).all()
        has = taught > 0
        if has.any():
            share, error = (avoided[has] > 0).mean(), np.sqrt(0.25 * 0.75 / has.sum())
            assert abs(share - 0.25) < 4 * error, SUBJECTS[number]
    assert not week[subject == NO_LESSON].any()


@pytest.mark.parametrize("grade", [2, 5, 9])
def test_share_avoided_and_missed_on_level_3_is_the_closed_form(avoiders, grade):
    own = np.flatnonzero(avoiders.pupils.grade == grade)
    expected = usual_by_level(avoiders.scenario.avoidance)[2]
    missed = avoiders.true_share()[own].mean(axis=1)
    z = (missed.mean() - expected) / (missed.std(ddof=1) / np.sqrt(len(own)))
    assert abs(z) < 4


def test_avoiding_subjects_keeps_the_mean_and_changes_only_level_3():
    plain = simulate(pupils=1_500, seed=4)
    other = simulate(pupils=1_500, seed=4, do={"subjects.avoided": "subjects"})
    never = (plain.days.level < 3).all(axis=1) & (other.days.level < 3).all(axis=1)
    assert 0.8 < never.mean() < 1
    np.testing.assert_array_equal(plain.days.missed[never], other.days.missed[never])
    assert (plain.days.missed[~never] != other.days.missed[~never]).any()


def test_a_week_without_subjects_is_refused():
    with pytest.raises(ValueError, match=r"subjects.weekly_4_6 must hold a number above 0"):
        PLAN.with_values({"subjects.weekly_4_6": [0.0] * 12})
