"""The weekly timetable of each class, and which of its lessons a pupil on level 3 avoids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, lanes, uniform_by_lesson
from absence_risk.synthetic.record_parameters import N_SUBJECTS
from absence_risk.synthetic.schools import GRADES

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.scenario import Scenario

__all__ = [
    "NO_LESSON",
    "SUBJECTS",
    "Timetable",
    "avoided_lessons",
    "draw_timetable",
    "weekly_lessons",
]

SUBJECTS = ("SV", "MA", "EN", "NO", "SO", "IDH", "MU", "BL", "SL", "HKK", "M2", "TK")
NO_LESSON = N_SUBJECTS
_WEEKDAYS, _SLOTS = 5, 8


@dataclass(frozen=True, eq=False)
class Timetable:
    """The lessons of a week.

    Parameters
    ----------
    subject : numpy.ndarray of uint8, shape (n_classes, 5, 8)
        Number of the subject in `SUBJECTS` by class, weekday and lesson; 12 where there is none.
    by_subject : bool
        Whether subjects are avoided rather than single lessons.
    """

    subject: npt.NDArray[np.uint8]
    by_subject: bool


def weekly_lessons(scenario: Scenario, grade: int) -> npt.NDArray[np.int64]:
    """Return how many lessons a week each subject has in a grade.

    Lessons are dealt in proportion to the weights; what is left over after whole lessons goes to
    the largest remainders, the first of equal ones.

    Parameters
    ----------
    scenario : Scenario
        Sections size and subjects are used.
    grade : int
        1 to 9.

    Returns
    -------
    numpy.ndarray of int64, shape (12,)
        Lessons; their sum is five times the lessons of a day.

    Examples
    --------
    >>> from absence_risk.synthetic.scenario import Scenario
    >>> int(weekly_lessons(Scenario.preset("municipality"), 9).sum())
    35
    """
    stage = (grade - 1) // 3
    subjects = scenario.subjects
    weight = np.asarray((subjects.weekly_1_3, subjects.weekly_4_6, subjects.weekly_7_9)[stage])
    total = _WEEKDAYS * scenario.size.lessons[stage]
    quota = total * weight / weight.sum()
    whole = np.floor(quota + 1e-9)
    first = np.argsort(whole - quota, kind="stable")
    whole[first[: total - int(whole.sum())]] += 1
    return np.asarray(whole, dtype=np.int64)


def draw_timetable(scenario: Scenario, seed: int, schools: int) -> Timetable:
    """Draw the timetable of every class: the week's lessons in random order.

    Parameters
    ----------
    scenario : Scenario
        Sections size and subjects are used.
    seed : int
        Seed of the world.
    schools : int
        Number of schools.

    Returns
    -------
    Timetable
        One week for school · 9 + grade − 1.
    """
    lane = lanes(seed, np.arange(schools * GRADES))
    subject = np.full((len(lane), _WEEKDAYS, _SLOTS), NO_LESSON, dtype=np.uint8)
    for grade in range(1, GRADES + 1):
        lessons = scenario.size.lessons[(grade - 1) // 3]
        own = lane[grade - 1 :: GRADES]
        draw = np.stack(
            [uniform_by_lesson(own, Purpose.TIMETABLE, dow, lessons) for dow in range(_WEEKDAYS)]
        )
        place = np.argsort(draw.reshape(-1, len(own)), axis=0, kind="stable")
        week = np.empty(place.shape, dtype=np.uint8)
        dealt = np.repeat(np.arange(N_SUBJECTS, dtype=np.uint8), weekly_lessons(scenario, grade))
        np.put_along_axis(week, place, dealt[:, None], axis=0)
        subject[grade - 1 :: GRADES, :, :lessons] = week.T.reshape(-1, _WEEKDAYS, lessons)
    return Timetable(subject, scenario.subjects.avoided == "subjects")


def avoided_lessons(
    timetable: Timetable,
    share: float,
    pupils: Pupils,
    *,
    rows: npt.NDArray[np.int64],
    dow: int,
    lessons: int,
) -> npt.NDArray[np.bool_]:
    """Return which lessons of a weekday some pupils avoid while on level 3.

    Parameters
    ----------
    timetable : Timetable
        The lessons of a week.
    share : float
        Probability that a single lesson, or a subject, is avoided.
    pupils : Pupils
        The pupils.
    rows : numpy.ndarray of int64
        Who is on level 3.
    dow : int
        Weekday 0 to 4.
    lessons : int
        Lessons wanted.

    Returns
    -------
    numpy.ndarray of bool, shape (lessons, len(rows))
        The same all year for a pupil: in every week, or in every lesson of a subject.
    """
    lane = pupils.lane[rows]
    if not timetable.by_subject:
        return uniform_by_lesson(lane, Purpose.AVOIDED_LESSON, dow, lessons) < share
    avoids = np.zeros((N_SUBJECTS + 1, len(rows)), dtype=bool)  # the last one: no lesson
    draw = uniform_by_lesson(lane, Purpose.AVOIDED_SUBJECT, 0, N_SUBJECTS)
    avoids[:N_SUBJECTS] = draw < share
    classes = pupils.school[rows] * GRADES + pupils.grade[rows] - 1
    subject = timetable.subject[classes, dow, :lessons].astype(np.int64).T
    return np.take_along_axis(avoids, subject, axis=0)
