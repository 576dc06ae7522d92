"""Which lessons were reported, and who came late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, lanes, uniform, uniform_by_lesson
from absence_risk.synthetic.pupils import bits_by_lesson
from absence_risk.synthetic.schools import GRADES

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Lateness, Reporting
    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.schools import Schools

__all__ = [
    "class_index",
    "late_for_later_lessons",
    "late_minutes",
    "unreported_by_class",
    "unreported_if_absent",
]

_SLOTS = 8


def class_index(pupils: Pupils) -> npt.NDArray[np.int64]:
    """Return the class (school × grade) of each pupil.

    Parameters
    ----------
    pupils : Pupils
        The pupils.

    Returns
    -------
    numpy.ndarray of int64
        school · 9 + grade − 1.
    """
    return np.asarray(pupils.school * GRADES + pupils.grade - 1)


def unreported_by_class(
    reporting: Reporting, schools: Schools, seed: int, days: int
) -> npt.NDArray[np.uint8]:
    """Draw the lessons that nobody reports for a whole class.

    Parameters
    ----------
    reporting : Reporting
        Parameters.
    schools : Schools
        The schools, with their shares.
    seed : int
        Seed of the world.
    days : int
        Number of school days.

    Returns
    -------
    numpy.ndarray of uint8, shape (days, n_schools · 9)
        Bit l − 1 is set where lesson l is not reported.
    """
    share = np.repeat(schools.unreported, GRADES)
    lane = lanes(seed, np.arange(len(share)))
    whole, single = reporting.whole_day * share, (1 - reporting.whole_day) * share
    out = np.empty((days, len(share)), dtype=np.uint8)
    for day in range(days):
        none = uniform(lane, Purpose.CLASS_DAY_UNREPORTED, day) < whole
        lost = uniform_by_lesson(lane, Purpose.CLASS_LESSON_UNREPORTED, day, _SLOTS) < single
        out[day] = bits_by_lesson(lost | none)
    return out


def unreported_if_absent(
    reporting: Reporting,
    lane: npt.NDArray[np.uint64],
    missed: npt.NDArray[np.uint8],
    day: int,
) -> npt.NDArray[np.uint8]:
    """Draw missed lessons that go unreported because they were missed.

    Parameters
    ----------
    reporting : Reporting
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.
    missed : numpy.ndarray of uint8
        Lessons missed, as bits.
    day : int
        School day.

    Returns
    -------
    numpy.ndarray of uint8
        Lessons unreported, as bits.
    """
    if reporting.absent_extra <= 0:
        return np.zeros_like(missed)
    lessons = int(missed.max(initial=0)).bit_length()
    draw = uniform_by_lesson(lane, Purpose.ABSENT_UNREPORTED, day, lessons)
    return bits_by_lesson(draw < reporting.absent_extra) & missed


def late_minutes(
    lateness: Lateness,
    pupils: Pupils,
    level: npt.NDArray[np.int64],
    here: npt.NDArray[np.bool_],
    day: int,
) -> npt.NDArray[np.uint8]:
    """Draw minutes of late arrival at the first lesson.

    Parameters
    ----------
    lateness : Lateness
        Parameters.
    pupils : Pupils
        The pupils.
    level : numpy.ndarray of int64
        Level of the ladder.
    here : numpy.ndarray of bool
        Whether the first lesson was attended and reported.
    day : int
        School day.

    Returns
    -------
    numpy.ndarray of uint8
        Minutes; 0 for most.
    """
    out = np.zeros(len(pupils), dtype=np.uint8)
    chance = np.asarray(lateness.share)
    draw = uniform(pupils.lane, Purpose.LATE, day)
    late = np.flatnonzero((draw < chance.max()) & here)
    late = late[draw[late] < chance[level[late] - 1]]
    delay = uniform(pupils.lane[late], Purpose.LATE_MINUTES, day)
    out[late] = 1 + np.floor(lateness.minutes * delay)
    return out


def late_for_later_lessons(
    lateness: Lateness, lane: npt.NDArray[np.uint64], level: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    """Draw minutes of late arrival at the second lesson and later ones.

    Nothing depends on them, so that they are drawn when they are recorded.

    Parameters
    ----------
    lateness : Lateness
        Parameters.
    lane : numpy.ndarray of uint64, shape (n,)
        Lanes of the pupils.
    level : numpy.ndarray of uint8, shape (n, n_days)
        Level of the ladder on each school day.

    Returns
    -------
    numpy.ndarray of uint8, shape (n, n_days, 8)
        Minutes, whether the lesson was attended or not; 0 for most and for the first lesson.
    """
    out = np.zeros((*level.shape, _SLOTS), dtype=np.uint8)
    chance = lateness.later * np.asarray(lateness.share)
    for day in range(level.shape[1]):
        draw = uniform_by_lesson(lane, Purpose.LATE_LATER, day, _SLOTS)[1:]
        lesson, late = np.nonzero(draw < chance[level[:, day] - 1])
        lesson += 1
        delay = uniform_by_lesson(lane, Purpose.LATE_LATER_MINUTES, day, _SLOTS)[lesson, late]
        out[late, day, lesson] = 1 + np.floor(lateness.minutes * delay)
    return out
