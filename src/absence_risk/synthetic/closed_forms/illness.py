"""Illness and leave alone: spells, a year's days away, and months that reach a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.closed_forms.latent import latent
from absence_risk.synthetic.durations import LONGEST

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.policy import Staircase
    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.place_parameters import Illness, Leave
    from absence_risk.synthetic.scenario import Scenario

    Floats = npt.NDArray[np.float64]

__all__ = ["days_away", "months_reached", "onsets", "spell_lasts", "weekdays"]

_NODES = 32


def weekdays(year: SchoolCalendar) -> npt.NDArray[np.int64]:
    """Return the weekday of each school day.

    Parameters
    ----------
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of int64, shape (n_days,)
        0 for Monday to 4 for Friday.
    """
    return np.array([date.weekday() for date in year.dates.tolist()], dtype=np.int64)


def onsets(spells: Illness | Leave, year: SchoolCalendar) -> Floats:
    """Return the rate at which a pupil of frailty 1 falls ill, or takes leave, on each school day.

    Parameters
    ----------
    spells : Illness or Leave
        Parameters.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days,)
        λ · (1 + α cos 2π(day of year − φ)/365.25) · multiplier of the weekday.
    """
    day = np.array([date.timetuple().tm_yday for date in year.dates.tolist()])
    season = np.cos(2 * np.pi * (day - spells.season_peak_day) / 365.25)
    by_weekday = np.asarray(spells.weekday)[weekdays(year)]
    return np.asarray(spells.onset_rate * (1 + spells.season_amplitude * season) * by_weekday)


def spell_lasts(spells: Illness | Leave, days: int) -> float:
    """Return P(a spell lasts at least so many school days).

    Parameters
    ----------
    spells : Illness or Leave
        Parameters; leave is geometric.
    days : int
        At least 1.

    Returns
    -------
    float
        Geometric: (1 − 1/m)^(days − 1); else by the distributions of scipy.
    """
    kind = getattr(spells, "duration", "geometric")
    if days <= 1 or kind == "geometric":
        return float((1 - 1 / spells.mean_days) ** (days - 1))
    from scipy.optimize import brentq  # noqa: PLC0415 - keeps the import of the package quick
    from scipy.stats import lognorm, nbinom  # noqa: PLC0415

    spread = getattr(spells, "spread", 1.0)
    if kind == "negative_binomial":
        return float(nbinom.sf(days - 2, spread, spread / (spread + spells.mean_days - 1)))
    k = np.arange(1, LONGEST)

    def mean(scale: float) -> float:
        return float(1 + lognorm.sf(k, spread, scale=np.exp(scale)).sum() - spells.mean_days)

    scale = np.exp(brentq(mean, -20, np.log(spells.mean_days), xtol=1e-12))
    return float(lognorm.sf(days - 1, spread, scale=scale))


def days_away(scenario: Scenario, year: SchoolCalendar, *, nodes: int = _NODES) -> Floats:
    """Return the distribution of a pupil's days of illness or leave in the year.

    The number of days so far is carried beside the state (ill, on leave) from day to day, for
    each kind of pupil.

    Parameters
    ----------
    scenario : Scenario
        Sections illness and leave are used.
    year : SchoolCalendar
        The school days.
    nodes : int
        Nodes of the quadrature over frailty.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days + 1,)
        P(number of days = 0, 1, …).
    """
    chain = _Chain(scenario, year, nodes)
    state = np.zeros((len(year) + 1, 2, 2, len(chain.weight)))
    state[0, 0, 0] = 1.0
    for day in range(len(year)):
        state = _count(chain.move(state, day))
    return np.asarray(state.sum(axis=(1, 2)) @ chain.weight)


def months_reached(scenario: Scenario, year: SchoolCalendar, staircase: Staircase) -> Floats:
    """Return P(a pupil reaches each step of a monthly staircase in the year).

    Exact where absence is illness and leave, and every lesson is reported.

    Parameters
    ----------
    scenario : Scenario
        Sections illness and leave are used.
    year : SchoolCalendar
        The school days.
    staircase : Staircase
        Steps on a calendar month.

    Returns
    -------
    numpy.ndarray of float64, shape (n_steps,)
        P(the step, or a higher one, is reached in at least one month).
    """
    chain = _Chain(scenario, year, _NODES)
    steps = len(staircase.steps)
    lengths = np.bincount(np.unique(year.month, return_inverse=True)[1])
    highest = np.zeros((steps + 1, 2, 2, len(chain.weight)))
    highest[0, 0, 0] = 1.0
    day = 0
    for length in lengths.tolist():
        state = np.zeros((length + 1, *highest.shape))
        state[0] = highest
        for _ in range(length):
            state = _count(chain.move(state, day))
            day += 1
        reached = staircase.step_of(np.arange(length + 1) / length)
        highest = np.zeros_like(highest)
        for count, step in enumerate(reached.tolist()):
            highest[step] += state[count, : step + 1].sum(axis=0)
            highest[step + 1 :] += state[count, step + 1 :]
    share = highest.sum(axis=(1, 2)) @ chain.weight
    return np.asarray(share[::-1].cumsum()[::-1][1:])


class _Chain:
    """Illness and leave of pupils of each frailty, on the last three axes."""

    def __init__(self, scenario: Scenario, year: SchoolCalendar, nodes: int) -> None:
        kinds = latent(scenario, pressure=1, frailty=nodes)
        self.weight, self.frailty, self.often = kinds.weight, kinds.frailty, kinds.leave
        self.rate, self.leave = (onsets(part, year) for part in (scenario.illness, scenario.leave))
        self.ill_ends, self.leave_ends = (
            1 / part.mean_days for part in (scenario.illness, scenario.leave)
        )

    def move(self, state: Floats, day: int) -> Floats:
        """Return the state (…, on leave, ill, node) of a day from that of the day before."""
        falls = -np.expm1(-self.rate[day] * self.frailty)
        well, ill = state[..., 0, :], state[..., 1, :]
        new_ill = well * falls + ill * (1 - self.ill_ends)
        state = np.stack([well + ill - new_ill, new_ill], axis=-2)
        here, gone = state[..., 0, :, :], state[..., 1, :, :]
        goes = np.minimum(self.leave[day] * self.often, 1)
        new_gone = here * goes + gone * (1 - self.leave_ends)
        return np.stack([here + gone - new_gone, new_gone], axis=-3)


def _count(state: Floats) -> Floats:
    """Move pupils who are away to the next count, the first axis."""
    out = np.zeros_like(state)
    out[..., 0, 0, :] = state[..., 0, 0, :]
    for gone, ill in ((0, 1), (1, 0), (1, 1)):
        out[1:, ..., gone, ill, :] = state[:-1, ..., gone, ill, :]
    return out
