"""Absence in a world where nothing feeds back: all chains of a pupil in one forward recursion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.closed_forms.illness import onsets, weekdays
from absence_risk.synthetic.closed_forms.ladder import LEVELS, first_shares, moves
from absence_risk.synthetic.closed_forms.latent import expit, latent
from absence_risk.synthetic.closed_forms.lessons import out_chances, skip_chances

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.closed_forms.latent import Latent
    from absence_risk.synthetic.parameters import Label
    from absence_risk.synthetic.scenario import Scenario

    Floats = npt.NDArray[np.float64]

__all__ = ["ExpectedDays", "expected_days", "months_since", "valid_chance"]


@dataclass(frozen=True, slots=True)
class ExpectedDays:
    """Expected share of lessons missed on each school day, a mean over pupils.

    Parameters
    ----------
    away : numpy.ndarray of float64, shape (n_days,)
        Through illness or leave.
    avoided : numpy.ndarray of float64, shape (n_days,)
        Through avoidance.
    invalid : numpy.ndarray of float64 or None
        The part of it recorded as invalid; None where labels were not asked for.
    """

    away: Floats
    avoided: Floats
    invalid: Floats | None

    @property
    def total(self) -> Floats:
        """All absence, shape (n_days,)."""
        return self.away + self.avoided


def months_since(weeks: Floats) -> Floats:
    """Return school weeks in months of 365.25/12 days.

    Parameters
    ----------
    weeks : numpy.ndarray of float64
        School weeks.

    Returns
    -------
    numpy.ndarray of float64
        Months.
    """
    return np.asarray(weeks * 7 * 12 / 365.25)


def valid_chance(label: Label, level: int, months: Floats) -> Floats:
    """Return P(avoidance is recorded as valid), by months since it began.

    Parameters
    ----------
    label : Label
        Parameters.
    level : int
        2 to 6.
    months : numpy.ndarray of float64
        Months since level 1 was left.

    Returns
    -------
    numpy.ndarray of float64
        expit(κ_z − κ_t · months).
    """
    return expit(label.log_odds[level - 2] - label.drift_per_month * months)


def expected_days(
    scenario: Scenario,
    year: SchoolCalendar,
    *,
    labels: bool = False,
    pressure: int = 12,
    frailty: int = 8,
) -> ExpectedDays:
    """Return the expected absence of each school day.

    Exact where the ladder runs freely (`conditions.runs_freely`). Of a kind of pupil the joint
    distribution over (week in which level 1 was left, level, last day missed as a whole, ill, on
    leave) is carried from day to day.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    year : SchoolCalendar
        The school days.
    labels : bool
        Whether to tell invalid absence apart, which needs the week of onset and as much more time
        as there are school weeks.
    pressure, frailty : int
        Nodes of the quadrature.

    Returns
    -------
    ExpectedDays
        By school day.
    """
    kinds = latent(scenario, pressure=pressure, frailty=frailty)
    n = len(kinds.weight)
    state = np.zeros((year.n_weeks if labels else 1, LEVELS, 2, 2, 2, n))
    state[0, :, 0, 0, 0] = first_shares(scenario.avoidance, kinds.pressure)
    up_down = moves(scenario.avoidance, kinds.pressure)
    onset, leave = onsets(scenario.illness, year), onsets(scenario.leave, year)
    dow = weekdays(year)
    away, avoided, invalid = (np.zeros(len(year)) for _ in range(3))
    for day in range(len(year)):
        week = int(year.week[day])
        if day and week != year.week[day - 1]:
            state = _climb(state, up_down, week if labels else 0)
        state = _fall_ill(scenario, kinds, state, rate=onset[day], leave=leave[day])
        _stay_out(scenario, state, int(dow[day]))
        here = state[:, 1:, :, 0, 0]
        away[day] = 1 - (state[:, :, :, 0, 0].sum(axis=(0, 1, 2)) @ kinds.weight)
        skip = skip_chances(scenario.avoidance, int(dow[day]))[1:, None]
        missed = (here[:, :, 1] + here[:, :, 0] * skip) @ kinds.weight
        avoided[day] = missed.sum()
        if labels:
            invalid[day] = (missed * (1 - _valid(scenario.label, week, year.n_weeks))).sum()
    return ExpectedDays(away, avoided, invalid if labels else None)


def _climb(state: Floats, up_down: Floats, week: int) -> Floats:
    """Move by one week; who leaves level 1 moves to the row of this week."""
    up, down = up_down[:, None, :, None, None, None] * state
    out = state - up - down
    out[week, 1] += up[:, 0].sum(axis=0)
    out[:, 2:] += up[:, 1:-1]
    out[:, 1:-1] += down[:, 2:]
    out[0, 0] += down[:, 1].sum(axis=0)  # the week of onset is forgotten on level 1
    return np.asarray(out)


def _fall_ill(
    scenario: Scenario, kinds: Latent, state: Floats, *, rate: float, leave: float
) -> Floats:
    """Move illness (last axis but one) and leave (last but two) by one day."""
    falls = -np.expm1(-rate * kinds.frailty)
    stay = 1 - 1 / scenario.illness.mean_days
    well, ill = state[..., 0, :], state[..., 1, :]
    state = np.stack([well * (1 - falls) + ill * (1 - stay), well * falls + ill * stay], axis=-2)
    goes, stay = np.minimum(leave * kinds.leave, 1), 1 - 1 / scenario.leave.mean_days
    here, gone = state[..., 0, :, :], state[..., 1, :, :]
    return np.stack([here * (1 - goes) + gone * (1 - stay), here * goes + gone * stay], axis=-3)


def _stay_out(scenario: Scenario, state: Floats, dow: int) -> None:
    """Draw who misses the whole day, in place: only pupils above level 1, well and not on leave."""
    fresh, again = out_chances(scenario.avoidance, dow)[:, 1:, None]
    here = state[:, 1:, :, 0, 0]
    out = here[:, :, 0] * fresh + here[:, :, 1] * again
    here[:, :, 0] += here[:, :, 1] - out
    here[:, :, 1] = out


def _valid(label: Label, week: int, weeks: int) -> Floats:
    """Return P(recorded as valid) by week of onset and level above 1."""
    months = months_since(np.maximum(week - np.arange(weeks, dtype=np.float64), 0))
    return np.stack([valid_chance(label, level, months) for level in range(2, 7)], axis=1)
