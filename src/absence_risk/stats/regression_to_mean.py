"""Regression to the mean in closed form: how far the chosen come back with nothing done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "BetaPopulation",
    "Overdispersion",
    "beta_binomial_expected",
    "beta_binomial_regression",
    "fit_beta",
    "insignificant_means",
    "normal_regression",
    "overdispersion_test",
]

_SQRT_2PI = np.sqrt(2 * np.pi)


def normal_regression(
    cut: float,
    *,
    mean: float,
    between_sd: float,
    within_sd: float,
    n_measures: int = 1,
    above: bool = True,
) -> float:
    """Return how far the mean of the chosen comes back, under a normal model.

    With a pupil's level N(mean, between_sd²) and the mean of m measures around it
    N(0, within_sd²/m), those at or above the cut return by
    (σ_w²/m) / √(σ_b² + σ_w²/m) · φ(z)/(1 − Φ(z)), z = (cut − mean)/√(σ_b² + σ_w²/m) (Davis 1976,
    Am J Epidemiol 104:493; Barnett, van der Pols & Dobson 2005, Int J Epidemiol 34:215).

    Parameters
    ----------
    cut : float
        Level from which pupils are chosen.
    mean : float
        Mean of all pupils.
    between_sd, within_sd : float
        SD of pupils' levels, and of one measure around its level; together above 0.
    n_measures : int
        Number m of baseline measures whose mean is compared with the cut.
    above : bool
        Whether those above or those below the cut are chosen.

    Returns
    -------
    float
        Mean of the chosen at baseline minus their mean at follow-up: above 0 if chosen above.

    Examples
    --------
    >>> round(normal_regression(1.0, mean=0.0, between_sd=0.8, within_sd=0.6), 4)
    0.549
    """
    noise = within_sd**2 / n_measures
    spread = float(np.sqrt(between_sd**2 + noise))
    z = (cut - mean) / spread * (1 if above else -1)
    # φ(z)/(1 − Φ(z)) without under- or overflow far out in the tail.
    ratio = float(np.exp(-z * z / 2 - special.log_ndtr(-z)) / _SQRT_2PI)
    return noise / spread * ratio * (1 if above else -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaPopulation:
    """A population of propensities, Beta(a, b).

    Parameters
    ----------
    a, b : float
        Shapes, above 0.
    """

    a: float
    b: float


def fit_beta(days: npt.NDArray[np.float64], school: npt.NDArray[np.float64]) -> BetaPopulation:
    """Fit a Beta population to counts of one window, by moments.

    With y = x/N, E[y(1 − y)] = (1 − 1/N) E[p(1 − p)] for independent days, so that
    E[p(1 − p)] is the mean of y(1 − y)·N/(N − 1); then a + b = E[p(1 − p)]/Var(p).

    Parameters
    ----------
    days, school : numpy.ndarray of float, shape (n,)
        Days absent, and school days (above 1), of all pupils.

    Returns
    -------
    BetaPopulation
        The fitted shapes.

    Raises
    ------
    DesignError
        If a window has a single school day, or pupils do not differ more than independent days let
        them.

    Examples
    --------
    >>> found = fit_beta(np.array([0.0, 1.0, 2.0, 9.0]), np.full(4, 20.0))
    >>> round(found.a, 3), round(found.b, 3)
    (0.58, 3.289)
    """
    if not (school > 1).all():
        raise DesignError("A window of one school day tells no spread. Use longer windows.")
    share = days / school
    mean = float(share.mean())
    alone = float((share * (1 - share) * school / (school - 1)).mean())
    spread = mean * (1 - mean) - alone
    if not spread > 0:
        raise DesignError(
            "Pupils do not differ more than independent days let them, so no Beta population fits."
        )
    total = alone / spread
    return BetaPopulation(a=mean * total, b=(1 - mean) * total)


def beta_binomial_expected(
    days: npt.NDArray[np.float64], school: npt.NDArray[np.float64], population: BetaPopulation
) -> npt.NDArray[np.float64]:
    """Return the expected share of each pupil in the next window, (a + x)/(a + b + N).

    Parameters
    ----------
    days, school : numpy.ndarray of float, shape (n,)
        Days absent and school days in the first window.
    population : BetaPopulation
        The population.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Expected shares, if each pupil keeps the propensity and days are independent.

    Examples
    --------
    >>> beta_binomial_expected(np.array([4.0]), np.array([9.0]), BetaPopulation(a=1, b=10)).tolist()
    [0.25]
    """
    return np.asarray((population.a + days) / (population.a + population.b + school))


def beta_binomial_regression(n_days: int, at_least: int, population: BetaPopulation) -> float:
    """Return how far the share of those with at least some days falls, in closed form.

    The mean of x/N − (a + x)/(a + b + N) over the beta-binomial distribution of x from the cut on.

    Parameters
    ----------
    n_days : int
        School days N in each window.
    at_least : int
        Fewest days absent of those chosen.
    population : BetaPopulation
        The population.

    Returns
    -------
    float
        Share before minus expected share after, of those chosen.

    Examples
    --------
    >>> round(beta_binomial_regression(20, 4, BetaPopulation(a=0.8, b=10.6)), 4)
    0.0707
    """
    x = np.arange(at_least, n_days + 1, dtype=float)
    log_weight = special.betaln(x + population.a, n_days - x + population.b) - special.betaln(
        x + 1, n_days - x + 1
    )
    weight = np.exp(log_weight - log_weight.max())
    back = x / n_days - beta_binomial_expected(x, np.full_like(x, n_days), population)
    return float((weight * back).sum() / weight.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdispersion:
    """Whether the absence of two windows differs by more than independent days let it.

    Parameters
    ----------
    excess : float
        Mean excess variance of a window, as a squared share; 0 where days are independent.
    statistic : float
        Excess over its standard error.
    p_value : float
        One-sided p-value.
    """

    excess: float
    statistic: float
    p_value: float


def overdispersion_test(
    days: npt.NDArray[np.float64], school: npt.NDArray[np.float64]
) -> Overdispersion:
    """Test independent days of a constant propensity on two windows of the same pupils.

    With y = x/N in two windows, d = (y₁ − y₂)²/2 − (1/N₁ + 1/N₂)/2 · [y₁(1 − y₂) + y₂(1 − y₁)]/2
    has mean 0 for each pupil if days are independent with the same propensity in both windows,
    since y₁(1 − y₂) has mean p(1 − p); spells within a window, a season or any other change of
    propensity make it positive. The test refers the mean of d over its standard error to the
    normal distribution, one-sided.

    Parameters
    ----------
    days, school : numpy.ndarray of float, shape (n, 2)
        Days absent and school days of each pupil in both windows.

    Returns
    -------
    Overdispersion
        Excess variance, statistic and p-value.

    Examples
    --------
    >>> days = np.array([[0.0, 9.0], [8.0, 1.0], [0.0, 0.0], [5.0, 12.0]])
    >>> round(overdispersion_test(days, np.full((4, 2), 20.0)).p_value, 3)
    0.005
    """
    y = days / school
    alone = (y[:, 0] * (1 - y[:, 1]) + y[:, 1] * (1 - y[:, 0])) / 2
    d = (y[:, 0] - y[:, 1]) ** 2 / 2 - (1 / school).mean(axis=1) * alone
    error = float(d.std(ddof=1) / np.sqrt(len(d)))
    statistic = float(d.mean()) / error if error > 0 else 0.0
    return Overdispersion(
        excess=float(d.mean()), statistic=statistic, p_value=float(special.ndtr(-statistic))
    )


def insignificant_means(
    coef: npt.NDArray[np.float64], covariance: npt.NDArray[np.float64], critical: float
) -> tuple[tuple[float, float], ...]:
    """Return the population means at which a change is not significant.

    Post regressed on pre has the intercept a and slope b; at a population mean μ the change is
    τ(μ) = a + bμ − μ with the variance of a + bμ (Mee & Chua 1991, Am Stat 45:39, whose regression
    on pre − μ has that intercept; Ostermann, Willich & Lüdtke 2008, BMC Med Res Methodol 8:52).
    τ² = t²·Var is a quadratic in μ.

    Parameters
    ----------
    coef : numpy.ndarray of float, shape (2,)
        Intercept and slope of post on pre.
    covariance : numpy.ndarray of float, shape (2, 2)
        Their covariance.
    critical : float
        Critical value t of the test.

    Returns
    -------
    tuple of (float, float)
        Intervals of μ, none to two, whose ends may be infinite.

    Examples
    --------
    >>> insignificant_means(np.array([1.0, 0.5]), np.diag([0.25, 0.0]), 2.0)
    ((0.0, 4.0),)
    """
    slope = coef[1] - 1
    A = slope**2 - critical**2 * covariance[1, 1]
    B = 2 * (coef[0] * slope - critical**2 * covariance[0, 1])
    C = coef[0] ** 2 - critical**2 * covariance[0, 0]
    root = B * B - 4 * A * C
    if A == 0:
        if B == 0:
            return () if C > 0 else ((-np.inf, np.inf),)
        end = float(-C / B)
        return ((-np.inf, end),) if B > 0 else ((end, np.inf),)
    if root < 0:
        return () if A > 0 else ((-np.inf, np.inf),)
    low, high = sorted(float((-B + side * np.sqrt(root)) / (2 * A)) for side in (-1, 1))
    return ((low, high),) if A > 0 else ((-np.inf, low), (high, np.inf))
