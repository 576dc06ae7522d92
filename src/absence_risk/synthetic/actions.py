"""The steps of the staircase at work: who reaches them, what is done, when, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.counter import Purpose, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.policy_parameters import Actions

__all__ = ["InForce", "Taken", "act", "agree", "are_on", "delay", "without_certificate"]


@dataclass(frozen=True, eq=False)
class Taken:
    """What the staircase said of each pupil after each month, and what was done.

    Parameters
    ----------
    step : numpy.ndarray of int8, shape (n, n_months)
        Highest step reached on the month's recorded absence; 0 for none.
    counted : numpy.ndarray of int16, shape (n, n_months)
        Recorded absent lessons of the kind the staircase counts.
    offered : numpy.ndarray of int16, shape (n, n_months)
        Lessons of the month; step j is reached where counted ÷ offered reaches its share. All three
        are 0 for pupils who have not come, or have left, by the month's end.
    complied : numpy.ndarray of bool, shape (n, n_months, n_steps)
        Whether the school would act on each step reached: Bernoulli(π_j), never below the step.
    displaced : numpy.ndarray of bool, shape (n, n_months)
        Whether nothing was done since the school's places went to others.
    begins : numpy.ndarray of int16, shape (n, n_months, n_steps)
        School day on which the action begins; `NEVER` where it is not taken within the year.
    certificate : numpy.ndarray of bool, shape (n, n_months)
        Whether a medical certificate is asked for with it.
    run : numpy.ndarray of int16, shape (n,)
        School day on which unbroken absence first outgrew a rule; `NEVER` where it did not, or
        where such a rule leads to no referral.
    """

    step: npt.NDArray[np.int8]
    counted: npt.NDArray[np.int16]
    offered: npt.NDArray[np.int16]
    complied: npt.NDArray[np.bool_]
    displaced: npt.NDArray[np.bool_]
    begins: npt.NDArray[np.int16]
    certificate: npt.NDArray[np.bool_]
    run: npt.NDArray[np.int16]

    @classmethod
    def none(cls, n: int, months: int, steps: int) -> Taken:
        """Return the state before the first month's end.

        Parameters
        ----------
        n, months, steps : int
            Number of pupils, months of the year and steps.

        Returns
        -------
        Taken
            Writable arrays.
        """
        return cls(
            step=np.zeros((n, months), dtype=np.int8),
            counted=np.zeros((n, months), dtype=np.int16),
            offered=np.zeros((n, months), dtype=np.int16),
            complied=np.zeros((n, months, steps), dtype=bool),
            displaced=np.zeros((n, months), dtype=bool),
            begins=np.full((n, months, steps), NEVER, dtype=np.int16),
            certificate=np.zeros((n, months), dtype=bool),
            run=np.full(n, NEVER, dtype=np.int16),
        )

    def put(self, rows: slice | npt.NDArray[np.int64], part: Taken) -> None:
        """Fill in what was done for some pupils.

        Parameters
        ----------
        rows : slice or numpy.ndarray of int64
            Where the pupils stand.
        part : Taken
            Their part.
        """
        for declared in fields(self):
            getattr(self, declared.name)[rows] = getattr(part, declared.name)


class InForce:
    """Which actions last in which school week; empty where none can be taken.

    Parameters
    ----------
    plan : Actions
        Parameters.
    n : int
        Number of pupils.
    year : SchoolCalendar
        The school days.
    """

    def __init__(self, plan: Actions, n: int, year: SchoolCalendar) -> None:
        steps = len(plan.chance) if are_on(plan) else 0
        asked = plan.certificate > 0 and steps > 0
        self.effect = plan.effect[:steps]
        self.begins = np.searchsorted(year.week, np.arange(year.n_weeks))
        rows = year.n_weeks + 1  # the last one takes what would last beyond the year
        self.actions = np.zeros((steps, rows, n), dtype=bool)
        self.certificate = np.zeros((rows if asked else 0, n), dtype=bool)

    def mark(
        self,
        table: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.int64],
        day: npt.NDArray[np.int64],
        weeks: int,
    ) -> None:
        """Note that something lasts from the first school week that begins on a day or later.

        Parameters
        ----------
        table : numpy.ndarray of bool, shape (n_weeks + 1, n)
            One of this object's tables, changed in place.
        rows : numpy.ndarray of int64, shape (k,)
            Pupils.
        day : numpy.ndarray of int64, shape (k,)
            School day on which it begins.
        weeks : int
            How many school weeks it lasts.
        """
        last = len(self.begins)
        first = np.searchsorted(self.begins, day)
        for week in range(min(weeks, last)):
            table[np.minimum(first + week, last), rows] = True

    def help_in(self, week: int) -> npt.NDArray[np.float64] | float:
        """Return the effect of the actions in a week: Σ δ_j over the steps whose action lasts.

        Parameters
        ----------
        week : int
            School week.

        Returns
        -------
        numpy.ndarray of float64, shape (n,), or float
            Log-odds; 0.0 where no action can be taken.
        """
        pairs = zip(self.effect, self.actions[:, week], strict=True)
        return sum((effect * now for effect, now in pairs), start=0.0)


def are_on(plan: Actions) -> bool:
    """Return whether any action can be taken.

    Parameters
    ----------
    plan : Actions
        Parameters.

    Returns
    -------
    bool
        Whether a probability is above 0.
    """
    return any(chance > 0 for chance in plan.chance)


def agree(
    plan: Actions, lane: npt.NDArray[np.uint64], step: npt.NDArray[np.int8], month: int
) -> npt.NDArray[np.bool_]:
    """Draw on which of the steps reached a school would act after a month.

    Parameters
    ----------
    plan : Actions
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    step : numpy.ndarray of int8
        Step reached.
    month : int
        Number of the month, which the draw depends on.

    Returns
    -------
    numpy.ndarray of bool, shape (n, n_steps)
        1[step ≥ j] · Bernoulli(π_j), independent over steps, pupils and months.
    """
    out = np.zeros((len(step), len(plan.chance)), dtype=bool)
    for j, chance in enumerate(plan.chance):
        rows = np.flatnonzero(step > j)
        out[rows, j] = uniform(lane[rows], Purpose.ACTION, month, j) < chance
    return out


def delay(plan: Actions, draw: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return delays in school days: a gamma quantile, rounded up, at least 1.

    Parameters
    ----------
    plan : Actions
        Parameters.
    draw : numpy.ndarray of float64
        Uniform numbers.

    Returns
    -------
    numpy.ndarray of int64, same shape
        ⌈F⁻¹(U)⌉, the first whole number k with F(k) ≥ U, F the gamma distribution with this mean
        and shape; 367 for all above 366, which no year has.
    """
    from scipy.special import gammainc  # noqa: PLC0415 - keeps the import of the package quick

    if plan.delay_days == 0:
        return np.ones(np.shape(draw), dtype=np.int64)
    until = gammainc(plan.delay_shape, np.arange(1, 367) * (plan.delay_shape / plan.delay_days))
    return 1 + np.searchsorted(until, draw).astype(np.int64)


def act(
    plan: Actions,
    taken: Taken,
    force: InForce,
    *,
    rows: npt.NDArray[np.int64],
    lane: npt.NDArray[np.uint64],
    month: int,
    day: int,
    year: SchoolCalendar,
) -> None:
    """Take the actions that schools have agreed on after a month, in place.

    Parameters
    ----------
    plan : Actions
        Parameters.
    taken : Taken
        State; ``complied`` of this month is read.
    force : InForce
        State.
    rows : numpy.ndarray of int64
        Pupils for whom there is a place.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    month : int
        Number of the month.
    day : int
        Its last school day.
    year : SchoolCalendar
        The school days.
    """
    for j in range(len(plan.chance)):
        own = rows[taken.complied[rows, month, j]]
        begins = day + delay(plan, uniform(lane[own], Purpose.ACTION_DELAY, month, j))
        own, begins = own[begins < len(year)], begins[begins < len(year)]
        taken.begins[own, month, j] = begins
        force.mark(force.actions[j], own, begins, plan.weeks)
        if len(force.certificate) and j == plan.certificate_step - 1:
            asks = uniform(lane[own], Purpose.CERTIFICATE_ASKED, month) < plan.certificate
            taken.certificate[own, month] = asks
            own, begins = own[asks], begins[asks]
            force.mark(force.certificate, own, begins, plan.certificate_weeks)


def without_certificate(
    plan: Actions,
    asked: npt.NDArray[np.int64],
    *,
    lane: npt.NDArray[np.uint64],
    ill: npt.NDArray[np.bool_],
    week: int,
) -> npt.NDArray[np.int64]:
    """Return for whose excused absence there is no certificate this week.

    Parameters
    ----------
    plan : Actions
        Parameters.
    asked : numpy.ndarray of int64
        Rows of those who are absent as ill or excused by a guardian, and asked for one.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    ill : numpy.ndarray of bool
        Who of all pupils is truly ill.
    week : int
        School week, which the draw depends on: a certificate covers the week.

    Returns
    -------
    numpy.ndarray of int64
        Some of ``asked``.
    """
    chance = np.where(ill[asked], *plan.certificate_missing)
    return asked[uniform(lane[asked], Purpose.CERTIFICATE, week) < chance]
