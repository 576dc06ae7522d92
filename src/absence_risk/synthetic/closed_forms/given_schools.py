"""Expected shares of pupils who are ill or on leave, day by day, without simulation.

Forward recursions of two-state chains, s_t = s_{t−1}(1 − 1/m) + (1 − s_{t−1}) p_t, or of the
renewal equation s_t = Σ_k (1 − s_{t−k−1}) p_{t−k} P(D > k) where spells have memory. They are
integrated over the lognormal frailties by Gauss–Hermite quadrature and summed over schools, grades,
socio-economic status and special support. The schools are those of the world: their size,
municipality, status and outbreaks are given, pupils are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from absence_risk.synthetic.closed_forms.illness import onsets, spell_lasts
from absence_risk.synthetic.closed_forms.latent import gauss

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.place_parameters import Background
    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.schools import Schools

__all__ = ["expected_leave_share", "expected_share", "status_shares"]

_NODES = 40
_DAYS = 60  # of a spell that are followed one by one


class _Groups(NamedTuple):
    """Pupils alike in all but frailty: multiplier of illness, outbreak, share of all pupils."""

    multiplier: npt.NDArray[np.float64]
    outbreak: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]


def expected_share(
    scenario: Scenario, schools: Schools, year: SchoolCalendar
) -> npt.NDArray[np.float64]:
    """Return the expected share of pupils who are ill on each school day.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    schools : Schools
        The schools of the world.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days,)
        Shares of all pupils, also before they come and after they leave.

    Examples
    --------
    >>> from absence_risk.synthetic import simulate
    >>> world = simulate("municipality", pupils=50)
    >>> round(float(expected_share(world.scenario, world.schools, world.year).mean()), 4)
    0.045
    """
    _, weight = gauss(_NODES)
    return np.asarray(_ill(scenario, schools, year) @ weight)


def expected_leave_share(
    scenario: Scenario, schools: Schools, year: SchoolCalendar
) -> npt.NDArray[np.float64]:
    """Return the expected share of pupils who are on leave, and not ill, on each school day.

    Given both frailties the two chains are independent, so that P = E[a_t (1 − s_t)] over the
    correlated frailties.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    schools : Schools
        The schools of the world.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days,)
        Shares of all pupils, also before they come and after they leave.
    """
    leave = scenario.leave
    node, weight = gauss(_NODES)
    own = np.sqrt(1 - leave.correlation**2) * node
    log_frailty = leave.frailty_sd * (leave.correlation * node[:, None] + own)
    frailty = np.exp(log_frailty - leave.frailty_sd**2 / 2)
    stay = 1 - 1 / leave.mean_days
    share = np.zeros_like(frailty)
    away = np.empty((len(year), len(node)))
    for day, rate in enumerate(onsets(leave, year)):
        share = share * stay + (1 - share) * np.minimum(rate * frailty, 1)
        away[day] = share @ weight
    return np.asarray((away * (1 - _ill(scenario, schools, year))) @ weight)


def _ill(scenario: Scenario, schools: Schools, year: SchoolCalendar) -> npt.NDArray[np.float64]:
    """Return P(ill) on each school day given standardised log frailty, mean over groups."""
    illness, plan, groups = scenario.illness, scenario.outbreak, _groups(scenario, schools)
    node, _ = gauss(_NODES)
    lognormal = np.exp(illness.frailty_sd * node - illness.frailty_sd**2 / 2)
    frailty = groups.multiplier[:, None] * lognormal
    lasts = np.array([spell_lasts(illness, days) for days in range(1, _DAYS + 1)])
    begun = np.zeros((_DAYS, *frailty.shape))  # P(a spell began); day t stands in row t mod 60
    share = np.zeros_like(frailty)
    out = np.empty((len(year), len(node)))
    for day, rate in enumerate(onsets(illness, year)):
        ongoing = (groups.outbreak <= day) & (groups.outbreak + plan.days > day)
        times = np.where(ongoing, plan.multiplier, 1.0)[:, None]
        falls = (1 - share) * -np.expm1(-rate * times * frailty)
        if illness.duration == "geometric":
            share = share * lasts[1] + falls
        else:
            begun[day % _DAYS] = falls
            ago = (day - np.arange(_DAYS)) % _DAYS
            share = np.tensordot(lasts[ago], begun, axes=1)
        out[day] = groups.share @ share
    return out


def _groups(scenario: Scenario, schools: Schools) -> _Groups:
    """Return the groups of pupils: school × grade × status × special support, as far as unequal."""
    background = scenario.background
    status = status_shares(background, schools.status)
    sen = np.where(schools.special, 1.0, background.sen)
    support = np.stack([1 - sen, sen], axis=1)
    size = np.diff(schools.bound, prepend=0.0)
    share = np.einsum("s,sk,sj->skj", size / len(scenario.illness.grade), status, support)[:, None]
    multiplier = (
        schools.illness[:, None, None, None]
        * np.asarray(scenario.illness.grade)[:, None, None]
        * np.array([background.low_illness, 1.0, background.high_illness])[:, None]
        * np.array([1.0, background.sen_illness])
    )
    shape = np.broadcast_shapes(share.shape, multiplier.shape)
    each = [
        np.broadcast_to(part, shape).ravel()
        for part in (multiplier, schools.outbreak[:, :, None, None], share)
    ]
    key, at = np.unique(np.stack(each[:2], axis=1), axis=0, return_inverse=True)
    total = np.zeros(len(key))
    np.add.at(total, at.ravel(), each[2])
    return _Groups(key[:, 0], key[:, 1].astype(np.int64), total)


def status_shares(
    background: Background, school: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the expected shares of the bands of socio-economic status in some schools.

    P(low | school) = Φ((Φ⁻¹(low) − √c · school)/√(1 − c)), c the part of the variance between
    schools; high in the same way.

    Parameters
    ----------
    background : Background
        Parameters.
    school : numpy.ndarray of float64, shape (n,)
        Standardised status of the schools.

    Returns
    -------
    numpy.ndarray of float64, shape (n, 3)
        Low, middle, high.
    """
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - keeps the import of the package quick

    between = np.sqrt(background.clustering) * school
    within = np.sqrt(1 - background.clustering)
    low = ndtr((ndtri(background.low) - between) / within)
    high = ndtr((ndtri(background.high) + between) / within)
    return np.stack([low, 1 - low - high, high], axis=1)
