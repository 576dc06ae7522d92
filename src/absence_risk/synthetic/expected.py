"""Expected shares of pupils who are ill or on leave, day by day, without simulation.

Forward recursions of two-state chains, s_t = s_{t−1}(1 − 1/m) + (1 − s_{t−1}) p_t, integrated over
the lognormal frailties by Gauss–Hermite quadrature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.illness import onset_rates

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.place_parameters import Illness, Leave

__all__ = ["expected_leave_share", "expected_share"]

_NODES = 60


def expected_share(illness: Illness, year: SchoolCalendar) -> npt.NDArray[np.float64]:
    """Return the expected share of pupils who are ill on each school day.

    Quadrature with 60 nodes over frailty, for each grade.

    Parameters
    ----------
    illness : Illness
        Parameters.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days,)
        Shares.
    """
    _, weight = _normal_nodes()
    return np.asarray(_ill(illness, year) @ weight)


def expected_leave_share(
    illness: Illness, leave: Leave, year: SchoolCalendar
) -> npt.NDArray[np.float64]:
    """Return the expected share of pupils who are on leave, and not ill, on each school day.

    Given both frailties the two chains are independent, so that P = E[a_t (1 − s_t)] over the
    correlated frailties: quadrature with 60 × 60 nodes, for each grade.

    Parameters
    ----------
    illness, leave : Illness, Leave
        Parameters.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days,)
        Shares.
    """
    node, weight = _normal_nodes()
    own = np.sqrt(1 - leave.correlation**2) * node
    log_frailty = leave.frailty_sd * (leave.correlation * node[:, None] + own)
    frailty = np.exp(log_frailty - leave.frailty_sd**2 / 2)
    stay = 1 - 1 / leave.mean_days
    share = np.zeros_like(frailty)
    away = np.empty((len(year), len(node)))
    for day, rate in enumerate(onset_rates(leave, year)):
        share = share * stay + (1 - share) * np.minimum(rate * frailty, 1)
        away[day] = share @ weight
    return np.asarray((away * (1 - _ill(illness, year))) @ weight)


def _ill(illness: Illness, year: SchoolCalendar) -> npt.NDArray[np.float64]:
    """Return P(ill) on each school day given standardised log frailty, mean over grades."""
    node, _ = _normal_nodes()
    grade = np.asarray(illness.grade)[:, None]
    frailty = grade * np.exp(illness.frailty_sd * node - illness.frailty_sd**2 / 2)
    stay = 1 - 1 / illness.mean_days
    share = np.zeros_like(frailty)
    out = np.empty((len(year), len(node)))
    for day, rate in enumerate(onset_rates(illness, year)):
        share = share * stay + (1 - share) * -np.expm1(-rate * frailty)
        out[day] = share.mean(axis=0)
    return out


def _normal_nodes() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return nodes and weights of the standard normal distribution."""
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return node, weight / weight.sum()
