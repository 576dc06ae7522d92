"""Pupils: school, grade, background, and the lasting differences between them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic import background
from absence_risk.synthetic.counter import Purpose, lanes, normal, uniform
from absence_risk.synthetic.schools import GRADES, draw_school

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.place_parameters import Leave
    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.schools import Schools

__all__ = ["Pupils", "bits_by_lesson", "draw_pupils"]

_BITS = np.left_shift(1, np.arange(8)).astype(np.uint8)


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
    status : numpy.ndarray of int8, shape (n,)
        Band of socio-economic status: 0 low, 1 middle, 2 high.
    supported : numpy.ndarray of bool, shape (n,)
        Whether the pupil gets special support.
    effect : numpy.ndarray of float64, shape (n,)
        u, the pupil's own log-odds of moving up the ladder.
    background : numpy.ndarray of float64, shape (n,)
        Log-odds of moving up that go with status and special support.
    frailty : numpy.ndarray of float64, shape (n,)
        Multiplier of the onset of illness: lognormal ν of mean 1, times those of grade,
        background, school and municipality.
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
    status: npt.NDArray[np.int8]
    supported: npt.NDArray[np.bool_]
    effect: npt.NDArray[np.float64]
    background: npt.NDArray[np.float64]
    frailty: npt.NDArray[np.float64]
    leave: npt.NDArray[np.float64]
    lessons: npt.NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of pupils."""
        return len(self.index)

    def __getitem__(self, rows: slice | npt.NDArray[np.int64]) -> Pupils:
        """Return some of the pupils."""
        return Pupils(*(getattr(self, declared.name)[rows] for declared in fields(self)))

    @cached_property
    def every(self) -> npt.NDArray[np.uint8]:
        """All lessons of a day as bits, shape (n,)."""
        return ((1 << self.lessons.astype(np.int64)) - 1).astype(np.uint8)


def draw_pupils(
    scenario: Scenario, seed: int, schools: Schools, index: npt.NDArray[np.int64]
) -> Pupils:
    """Draw what does not change about some pupils.

    Parameters
    ----------
    scenario : Scenario
        Sections size, illness, leave, background and avoidance are used.
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
    school = draw_school(schools, lane)
    status = background.draw_status(scenario.background, lane, schools.status[school])
    supported = background.draw_support(scenario.background, lane, schools.special[school])
    up, illness = background.effects(scenario.background, status, supported)
    illness *= np.asarray(scenario.illness.grade)[grade - 1] * schools.illness[school]
    return Pupils(
        index=index,
        lane=lane,
        school=school,
        grade=grade,
        girl=uniform(lane, Purpose.SEX) < 0.487,
        status=status,
        supported=supported,
        effect=scenario.avoidance.propensity_sd * propensity,
        background=up,
        frailty=np.exp(spread * mixed - spread**2 / 2) * illness,
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
    # a product of small whole numbers, which numpy does several times faster than packing bits
    return np.asarray(_BITS[: len(lessons)] @ lessons.view(np.uint8))
