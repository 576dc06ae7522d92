"""Who comes and who goes during the year, and what becomes of the cases of those who go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.counter import Purpose, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.cases import Cases
    from absence_risk.synthetic.place_parameters import Enrolment

__all__ = ["Stay", "close_week", "first_days", "stays"]


@dataclass(frozen=True, eq=False)
class Stay:
    """When pupils are at school; the days before and after are simulated as well.

    Parameters
    ----------
    first : numpy.ndarray of int64, shape (n,)
        First school day.
    left : numpy.ndarray of int64, shape (n,)
        Last school day of who left, by moving house or otherwise but not through a case; else
        `NEVER`. Filled in as the year goes on.
    late : bool
        Whether anybody comes after the first school day.
    """

    first: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    late: bool

    def offered(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return on how many of some school days each pupil had come.

        Parameters
        ----------
        days : numpy.ndarray of int64
            School days, ascending and without gaps.

        Returns
        -------
        numpy.ndarray of int64, shape (n,)
            Numbers of days.
        """
        return np.asarray(np.clip(days[-1] + 1 - self.first, 0, len(days)))


def first_days(
    enrolment: Enrolment, lane: npt.NDArray[np.uint64], year: SchoolCalendar
) -> npt.NDArray[np.int64]:
    """Draw the first school day of some pupils.

    Parameters
    ----------
    enrolment : Enrolment
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of int64, same shape
        Day 0, or for those who come during the year the first day of a later school week.
    """
    if enrolment.joining == 0 or year.n_weeks < 2:
        return np.zeros(len(lane), dtype=np.int64)
    starts = np.searchsorted(year.week, np.arange(year.n_weeks))
    week = 1 + np.floor((year.n_weeks - 1) * uniform(lane, Purpose.JOINING_WEEK)).astype(np.int64)
    joins = uniform(lane, Purpose.JOINING) < enrolment.joining
    return np.where(joins, starts[week], 0)


def stays(enrolment: Enrolment, lane: npt.NDArray[np.uint64], year: SchoolCalendar) -> Stay:
    """Return the stays of some pupils before anybody has left.

    Parameters
    ----------
    enrolment : Enrolment
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    Stay
        With first days drawn.
    """
    first = first_days(enrolment, lane, year)
    return Stay(first, np.full(len(lane), NEVER, dtype=np.int64), bool(first.any()))


def close_week(
    stay: Stay,
    cases: Cases,
    enrolment: Enrolment,
    *,
    attendance: npt.NDArray[np.float64],
    level: npt.NDArray[np.int64],
    lane: npt.NDArray[np.uint64],
    day: int,
    year: SchoolCalendar,
) -> None:
    """Let pupils leave at the end of a school week, in place.

    P(leave) = 1 − exp(−h exp(γ (1 − attendance)/0.1)). An open case ends as moved, whatever it had
    come to; a referral that was still to come never comes.

    Parameters
    ----------
    stay : Stay
        State; left is changed.
    cases : Cases
        State; the cases of those who leave are changed.
    enrolment : Enrolment
        Parameters.
    attendance : numpy.ndarray of float64
        Recent share of lessons attended.
    level : numpy.ndarray of int64
        Level of the ladder.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.
    day : int
        Last school day of the week.
    year : SchoolCalendar
        The school days.
    """
    if enrolment.leaving == 0 or day == len(year) - 1:
        return
    hazard = enrolment.leaving * np.exp(enrolment.leaving_per_10 * (1 - attendance) / 0.1)
    goes = uniform(lane, Purpose.LEAVING, int(year.week[day])) < -np.expm1(-hazard)
    goes &= (stay.left == NEVER) & (stay.first <= day)
    goes &= cases.ending != ENDINGS.index("moved")
    rows = np.flatnonzero(goes)
    stay.left[rows] = day
    _end_cases(cases, rows[cases.detected[rows] < NEVER], level, day)


def _end_cases(
    cases: Cases, rows: npt.NDArray[np.int64], level: npt.NDArray[np.int64], day: int
) -> None:
    """End the cases of pupils who leave on a day; dates that lie ahead are taken back."""
    never = rows[cases.referred[rows] > day]
    for name in ("detected", "referred"):
        getattr(cases, name)[never] = NEVER
    for name in ("step", "total", "invalid"):
        getattr(cases, name)[never] = 0
    ahead = rows[cases.decided[rows] > day]
    for name in ("decided", "closed"):
        getattr(cases, name)[ahead] = NEVER
    for name in ("guardian", "pupil", "ending"):
        getattr(cases, name)[ahead] = 0
    for name in ("started", "booster"):
        found = getattr(cases, name)
        found[rows[found[rows] > day]] = NEVER
    still = rows[(cases.referred[rows] <= day) & (cases.ending[rows] == 0)]
    cases.closed[still] = day
    cases.ending[still] = ENDINGS.index("moved")
    begun = still[cases.started[still] <= day]
    cases.level_end[begun] = level[begun]
