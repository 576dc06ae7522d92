"""Lasting differences between pupils as nodes and weights (Gauss–Hermite quadrature)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.scenario import Scenario

    Floats = npt.NDArray[np.float64]

__all__ = ["Latent", "expit", "gauss", "latent", "logit"]


@dataclass(frozen=True, slots=True)
class Latent:
    """Kinds of pupils, with how many there are of each.

    Parameters
    ----------
    pressure : numpy.ndarray of float64, shape (n,)
        Log-odds of moving up the ladder: pupil, school and grade together.
    frailty : numpy.ndarray of float64, shape (n,)
        Multiplier of the onset of illness.
    leave : numpy.ndarray of float64, shape (n,)
        Multiplier of the onset of leave.
    weight : numpy.ndarray of float64, shape (n,)
        Shares, which add up to 1.
    """

    pressure: Floats
    frailty: Floats
    leave: Floats
    weight: Floats


def gauss(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes and weights for the mean of a function of a standard normal number.

    Parameters
    ----------
    nodes : int
        Number of nodes; exact for polynomials of degree 2 · nodes − 1.

    Returns
    -------
    node, weight : numpy.ndarray of float64
        Weights add up to 1.
    """
    node, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return np.asarray(node), np.asarray(weight / weight.sum())


def latent(scenario: Scenario, *, pressure: int = 16, frailty: int = 12, leave: int = 8) -> Latent:
    """Return the kinds of pupils of a scenario.

    Pressure is σ_u z + a + g with pupil z, school a and one of nine equally likely grades g; log
    frailty is normal, and correlated with z only. So given the grade, pressure and log frailty are
    bivariate normal with correlation ρ σ_u / √(σ_u² + σ_s²). The log multiplier of leave is
    correlated with log frailty.

    Parameters
    ----------
    scenario : Scenario
        Sections illness, leave and avoidance are used.
    pressure, frailty, leave : int
        Number of nodes; one node of pressure for values that do not depend on the ladder, one of
        frailty for those that do not depend on illness. Where all pupils have the same chance of
        leave, one node of it is used.

    Returns
    -------
    Latent
        9 · pressure · frailty · leave kinds.
    """
    avoidance, illness = scenario.avoidance, scenario.illness
    spread = float(np.hypot(avoidance.propensity_sd, avoidance.school_sd))
    shared = illness.correlation * avoidance.propensity_sd / spread if spread > 0 else 0.0
    shared = shared if pressure > 1 else 0.0
    counts = (pressure, frailty, leave if scenario.leave.frailty_sd > 0 else 1)
    (up, up_w), (ill, ill_w), (away, away_w) = (gauss(nodes) for nodes in counts)
    up, ill = up[:, None, None], ill[:, None]
    grade = np.asarray(avoidance.grade)[:, None, None, None]
    often = np.asarray(illness.grade)[:, None, None, None]
    mixed = shared * up + np.sqrt(1 - shared**2) * ill
    tied = scenario.leave.correlation
    parts = (
        grade + spread * up,
        often * _lognormal(mixed, illness.frailty_sd),
        _lognormal(tied * mixed + np.sqrt(1 - tied**2) * away, scenario.leave.frailty_sd),
        up_w[:, None, None] * ill_w[:, None] * away_w / len(grade),
    )
    shape = (len(grade), *counts)
    return Latent(*(np.broadcast_to(part, shape).ravel() for part in parts))


def _lognormal(z: Floats, spread: float) -> Floats:
    """Return a lognormal number of mean 1 from a standard normal one."""
    return np.asarray(np.exp(spread * z - spread**2 / 2))


def expit(value: Floats) -> Floats:
    """Return the probability of log-odds.

    Parameters
    ----------
    value : numpy.ndarray of float64
        Log-odds.

    Returns
    -------
    numpy.ndarray of float64
        1 / (1 + exp(−value)).
    """
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(value, dtype=np.float64))))


def logit(share: float) -> float:
    """Return the log-odds of a probability.

    Parameters
    ----------
    share : float
        Probability; 0 gives −∞ and 1 gives ∞.

    Returns
    -------
    float
        log(share / (1 − share)).
    """
    if share in (0, 1):
        return np.inf if share else -np.inf
    return float(np.log(share / (1 - share)))
