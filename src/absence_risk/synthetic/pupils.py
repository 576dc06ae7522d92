"""Schools and pupils: sizes, grades, and the lasting differences between them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, lanes, normal, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.place_parameters import Leave
    from absence_risk.synthetic.scenario import Scenario

__all__ = [
    "GRADES",
    "Pupils",
    "Schools",
    "bits_by_lesson",
    "draw_pupils",
    "draw_school",
    "draw_schools",
]

GRADES = 9


@dataclass(frozen=True, eq=False)
class Schools:
    """The schools of a world.

    Parameters
    ----------
    municipality : numpy.ndarray of int64, shape (n_schools,)
        Index of the municipality.
    bound : numpy.ndarray of float64, shape (n_schools,)
        Cumulative share of pupils, ending at 1.
    effect : numpy.ndarray of float64, shape (n_schools,)
        Log-odds of moving up the ladder.
    unreported : numpy.ndarray of float64, shape (n_schools,)
        Share of lessons nobody reports.
    """

    municipality: npt.NDArray[np.int64]
    bound: npt.NDArray[np.float64]
    effect: npt.NDArray[np.float64]
    unreported: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of schools."""
        return len(self.bound)


@dataclass(frozen=True, eq=False)
class Pupils:
    """What does not change about some pupils during the year.

    Parameters
    ----------
    index : numpy.ndarray of int64, shape (n,)
        Global index.
    lane : numpy.ndarray of uint64, shape (n,)
        Where their random numbers come from.
    school : numpy.ndarray of int64, shape (n,)
        Index of the school.
    grade : numpy.ndarray of int8, shape (n,)
        1 to 9.
    girl : numpy.ndarray of bool, shape (n,)
        Sex.
    effect : numpy.ndarray of float64, shape (n,)
        u, the pupil's own log-odds of moving up the ladder.
    frailty : numpy.ndarray of float64, shape (n,)
        ν, multiplier of the onset of illness; mean 1 within a grade whose multiplier is 1.
    leave : numpy.ndarray of float64, shape (n,)
        Multiplier of the onset of granted leave; mean 1.
    lessons : numpy.ndarray of int8, shape (n,)
        Lessons a day.
    """

    index: npt.NDArray[np.int64]
    lane: npt.NDArray[np.uint64]
    school: npt.NDArray[np.int64]
    grade: npt.NDArray[np.int8]
    girl: npt.NDArray[np.bool_]
    effect: npt.NDArray[np.float64]
    frailty: npt.NDArray[np.float64]
    leave: npt.NDArray[np.float64]
    lessons: npt.NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of pupils."""
        return len(self.index)

    def __getitem__(self, rows: slice) -> Pupils:
        """Return some of the pupils."""
        return Pupils(*(getattr(self, declared.name)[rows] for declared in fields(self)))

    @cached_property
    def every(self) -> npt.NDArray[np.uint8]:
        """All lessons of a day as bits, shape (n,)."""
        return ((1 << self.lessons.astype(np.int64)) - 1).astype(np.uint8)


def draw_schools(scenario: Scenario, seed: int, pupils: int) -> Schools:
    """Draw the schools of a world.

    Parameters
    ----------
    scenario : Scenario
        Sections size, avoidance and reporting are used.
    seed : int
        Seed of the world.
    pupils : int
        Number of pupils, which sets the number of schools.

    Returns
    -------
    Schools
        At least four, and at least one per municipality.
    """
    size = scenario.size
    count = max(4, pupils // size.pupils_per_school, size.municipalities)
    lane = lanes(seed, np.arange(count))
    weight = np.exp(size.school_size_sd * normal(lane, Purpose.SCHOOL_SIZE))
    bound = np.cumsum(weight) / weight.sum()
    bound[-1] = 1.0
    spread = scenario.reporting.school_sd
    report = np.exp(spread * normal(lane, Purpose.SCHOOL_REPORTING) - spread**2 / 2)
    return Schools(
        municipality=_deal(count, size.municipalities),
        bound=bound,
        effect=scenario.avoidance.school_sd * normal(lane, Purpose.SCHOOL_EFFECT),
        unreported=np.minimum(scenario.reporting.unreported * report, 0.9),
    )


def _deal(schools: int, municipalities: int) -> npt.NDArray[np.int64]:
    """Deal schools to municipalities in falling numbers, at least one to each."""
    weight = np.arange(municipalities, 0, -1, dtype=np.float64)
    quota = 1 + np.floor((schools - municipalities) * weight / weight.sum()).astype(np.int64)
    quota[0] += schools - quota.sum()
    return np.repeat(np.arange(municipalities), quota)


def draw_school(schools: Schools, lane: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Draw the school of some pupils, in proportion to size.

    Parameters
    ----------
    schools : Schools
        The schools of the world.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.

    Returns
    -------
    numpy.ndarray of int64, same shape
        Index of the school.
    """
    return np.searchsorted(schools.bound, uniform(lane, Purpose.SCHOOL)).astype(np.int64)


def draw_pupils(
    scenario: Scenario, seed: int, schools: Schools, index: npt.NDArray[np.int64]
) -> Pupils:
    """Draw what does not change about some pupils.

    Parameters
    ----------
    scenario : Scenario
        Sections size, illness, leave and avoidance are used.
    seed : int
        Seed of the world.
    schools : Schools
        The schools of the world.
    index : numpy.ndarray of int64
        Global indices of the pupils wanted, in any order.

    Returns
    -------
    Pupils
        The same for a pupil whatever else is asked for.
    """
    lane = lanes(seed, index)
    propensity = normal(lane, Purpose.PROPENSITY)
    rho, spread = scenario.illness.correlation, scenario.illness.frailty_sd
    mixed = rho * propensity + np.sqrt(1 - rho**2) * normal(lane, Purpose.FRAILTY)
    grade = 1 + np.floor(GRADES * uniform(lane, Purpose.GRADE)).astype(np.int8)
    lessons = np.asarray(scenario.size.lessons, dtype=np.int8)
    return Pupils(
        index=index,
        lane=lane,
        school=draw_school(schools, lane),
        grade=grade,
        girl=uniform(lane, Purpose.SEX) < 0.487,
        effect=scenario.avoidance.propensity_sd * propensity,
        frailty=np.exp(spread * mixed - spread**2 / 2)
        * np.asarray(scenario.illness.grade)[grade - 1],
        leave=_leave_frailty(scenario.leave, lane, mixed),
        lessons=lessons[(grade - 1) // 3],
    )


def _leave_frailty(
    leave: Leave, lane: npt.NDArray[np.uint64], illness: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the multipliers of leave, given log frailty of illness in units of its SD."""
    if leave.frailty_sd == 0:
        return np.ones(len(lane))
    rho, spread = leave.correlation, leave.frailty_sd
    mixed = rho * illness + np.sqrt(1 - rho**2) * normal(lane, Purpose.LEAVE_FRAILTY)
    return np.asarray(np.exp(spread * mixed - spread**2 / 2))


def bits_by_lesson(lessons: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Return flags as bits: bit l − 1 stands for lesson l.

    Parameters
    ----------
    lessons : numpy.ndarray of bool, shape (n_lessons, n)
        A row for each of at most eight lessons.

    Returns
    -------
    numpy.ndarray of uint8, shape (n,)
        Bits.
    """
    if not len(lessons):
        return np.zeros(lessons.shape[1], dtype=np.uint8)
    return np.asarray(np.packbits(lessons, axis=0, bitorder="little")[0])
