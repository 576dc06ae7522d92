"""Referral, consent, waiting, endings and the questionnaire, from their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.closed_forms.latent import expit, gauss

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Referral, Reporting, Team, Wellbeing

    Floats = npt.NDArray[np.float64]

__all__ = [
    "answer_chances",
    "closing_hazards",
    "item_means",
    "open_weeks",
    "referral_chance",
    "score_mean",
    "theta_after",
    "unreported_share",
]

_NODES = 40


def unreported_share(reporting: Reporting, *, missed: bool = False) -> float:
    """Return the expected share of lessons that nobody reports.

    A class is not reported on a whole day or in a single lesson, in shares that are lognormal over
    schools and cut at 0.9; a missed lesson has a further probability of its own.

    Parameters
    ----------
    reporting : Reporting
        Parameters.
    missed : bool
        Whether the lesson was missed.

    Returns
    -------
    float
        Mean over schools by Gauss–Hermite quadrature on each side of the cut.
    """
    spread, mean = reporting.school_sd, reporting.unreported
    if spread == 0 or mean == 0:
        share, weight = np.array([min(mean, 0.9)]), np.ones(1)
    else:
        share, weight = _lognormal(mean, spread, 0.9)
    whole, single = reporting.whole_day * share, (1 - reporting.whole_day) * share
    by_class = float((1 - (1 - whole) * (1 - single)) @ weight)
    return 1 - (1 - by_class) * (1 - reporting.absent_extra) if missed else by_class


def _lognormal(mean: float, spread: float, most: float) -> tuple[Floats, Floats]:
    """Return values and weights of a lognormal number of that mean, cut at ``most``."""
    from scipy.special import ndtr  # noqa: PLC0415 - keeps the import of the package quick

    cut = (np.log(most / mean) + spread**2 / 2) / spread
    node, weight = np.polynomial.legendre.leggauss(200)
    low = min(-9.0, cut - 1.0)
    z = low + (node + 1) / 2 * (cut - low)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * weight * (cut - low) / 2
    values = mean * np.exp(spread * z - spread**2 / 2)
    return np.append(values, most), np.append(density, 1 - ndtr(cut))


def referral_chance(
    referral: Referral, step: npt.NDArray[np.int64], total: Floats, invalid: Floats
) -> Floats:
    """Return P(the school refers) after a month.

    Parameters
    ----------
    referral : Referral
        Parameters.
    step : numpy.ndarray of int64
        Step reached, 1 to 3.
    total, invalid : numpy.ndarray of float64
        Recorded absence shares of the month.

    Returns
    -------
    numpy.ndarray of float64
        Probabilities, for pupils of the grades that the team takes.
    """
    base = np.asarray(referral.log_odds)[np.asarray(step) - 1]
    points = 10 * (referral.per_10_total * total + referral.per_10_invalid * invalid)
    return expit(base + points)


def closing_hazards(
    team: Team, worked: npt.NDArray[np.int64], attendance: Floats, level: npt.NDArray[np.int64]
) -> Floats:
    """Return the weekly hazards of the four endings.

    Parameters
    ----------
    team : Team
        Parameters.
    worked : numpy.ndarray of int64, shape (n,)
        School weeks since the start; 0 in the first.
    attendance : numpy.ndarray of float64, shape (n,)
        Recent share of lessons attended.
    level : numpy.ndarray of int64, shape (n,)
        Level of the ladder.

    Returns
    -------
    numpy.ndarray of float64, shape (4, n)
        No longer needed, declined, moved, other service. P(closes) = 1 − exp(−Σ), and each ending
        has its part of Σ.
    """
    over = team.no_longer_needed * np.exp(10 * team.per_10_attendance * (attendance - 0.85))
    other = team.other_service * np.exp(team.other_service_per_level * (np.asarray(level) - 1.0))
    allowed = np.asarray(worked) >= team.least_weeks - 1
    same = np.ones_like(over)
    return np.stack([over * allowed, team.declined * same, team.moved * same, other])


def open_weeks(hazard: float, weeks: int) -> float:
    """Return the mean number of the first weeks in which a case is open: a restricted mean.

    Parameters
    ----------
    hazard : float
        Constant weekly hazard of closing.
    weeks : int
        The horizon.

    Returns
    -------
    float
        Σ exp(−hazard · k) over k = 0, …, weeks − 1.
    """
    if hazard == 0:
        return float(weeks)
    return float(np.expm1(-hazard * weeks) / np.expm1(-hazard))


def item_means(plan: Wellbeing, theta: Floats) -> Floats:
    """Return the expected answer to each item given latent wellbeing (graded response).

    Parameters
    ----------
    plan : Wellbeing
        Parameters.
    theta : numpy.ndarray of float64, shape (n,)
        Latent wellbeing.

    Returns
    -------
    numpy.ndarray of float64, shape (5, n)
        1 + Σ_c expit(a(θ − d_j − b_c)).
    """
    gap = theta - np.asarray(plan.difficulty)[:, None, None] - np.asarray(plan.thresholds)[:, None]
    return np.asarray(1 + expit(plan.discrimination * gap).sum(axis=1))


def score_mean(plan: Wellbeing, mean: float, sd: float) -> float:
    """Return the expected mean answer where latent wellbeing is normal.

    Parameters
    ----------
    plan : Wellbeing
        Parameters.
    mean, sd : float
        Of latent wellbeing.

    Returns
    -------
    float
        Mean over the five items by Gauss–Hermite quadrature.
    """
    node, weight = gauss(_NODES)
    return float((item_means(plan, mean + sd * node) @ weight).mean())


def theta_after(plan: Wellbeing) -> tuple[float, float]:
    """Return mean and SD of latent wellbeing after, where only chance and the gain move it.

    Parameters
    ----------
    plan : Wellbeing
        Parameters; exact where per_level, propensity and per_10_absence are 0.

    Returns
    -------
    mean, sd : float
        μ + τ_W and √(ρ² σ² + σ_change²).
    """
    spread = float(np.hypot(plan.stability * plan.noise_sd, plan.change_sd))
    return plan.mean + plan.team_gain, spread


def answer_chances(plan: Wellbeing) -> tuple[float, float, float]:
    """Return who answers after, and what the answers show, where only wellbeing decides.

    Parameters
    ----------
    plan : Wellbeing
        Parameters; exact where answer_level and answer_gone are 0 besides those of `theta_after`.

    Returns
    -------
    share, theta, score : float
        P(answered), and mean latent wellbeing and mean answer among those who answered.
    """
    mean, spread = theta_after(plan)
    node, weight = gauss(_NODES)
    theta = mean + spread * node
    answers = weight * expit(plan.answer_log_odds + plan.answer_theta * theta)
    share = float(answers.sum())
    score = item_means(plan, theta).mean(axis=0)
    return share, float(answers @ theta) / share, float(answers @ score) / share
