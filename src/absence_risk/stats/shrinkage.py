"""Partial pooling of many noisy figures towards their common mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Pooled", "normal_quantile", "partial_pool"]

_GRID = 200


@dataclass(frozen=True, eq=False)
class Pooled:
    """Figures drawn towards a prior mean.

    Parameters
    ----------
    estimate, std_error : numpy.ndarray, shape (m,)
        Posterior mean and standard deviation.
    share_local : numpy.ndarray, shape (m,)
        Weight of each unit's own evidence, B = τ²/(τ² + SE²).
    mean, between : float
        Prior mean and prior standard deviation τ.
    """

    estimate: Floats
    std_error: Floats
    share_local: Floats
    mean: float
    between: float


def partial_pool(
    estimate: npt.ArrayLike,
    std_error: npt.ArrayLike,
    *,
    mean: float | None = None,
    between: float | None = None,
) -> Pooled:
    """Shrink each figure towards the mean by how noisy it is: empirical Bayes.

    B = τ²/(τ² + SE²), θ̃ = B θ̂ + (1 − B) mean, τ² = max(0, var(θ̂) − mean SE²) (Morris 1983, JASA
    78:47). τ² is not weighted by the standard errors, because those of best thresholds are noisy
    themselves and the smallest would decide. The standard
    error carries the doubt on the mean and on τ: the posterior of τ under a flat prior is summed
    on a grid (Gelman et al., Bayesian Data Analysis, 3rd ed., eq. 5.20 and 5.21), because an
    interval that takes an estimated τ as known is too short.

    Parameters
    ----------
    estimate : array-like of float, shape (m,)
        Raw figures; NaN where a unit has none, which is then given the mean.
    std_error : array-like of float, shape (m,)
        Their standard errors.
    mean : float or None
        Prior mean from elsewhere (a whole municipality, a neighbour); the mean of the figures
        weighted by 1/(τ² + SE²) if None.
    between : float or None
        Prior standard deviation from elsewhere; estimated if None.

    Returns
    -------
    Pooled
        Shrunken figures. With τ = 0 all equal the mean; with SE = 0 a figure stays as it is.

    Raises
    ------
    ValueError
        If there is no figure and no prior.

    Examples
    --------
    >>> found = partial_pool([0.10, 0.20], [0.01, 0.01], mean=0.15, between=0.01)
    >>> found.estimate.round(3).tolist(), found.share_local.tolist()
    ([0.125, 0.175], [0.5, 0.5])
    """
    raw, error = (np.asarray(part, dtype=np.float64) for part in (estimate, std_error))
    known = np.isfinite(raw) & np.isfinite(error)
    theta, variance = raw[known], error[known] ** 2
    if len(theta) == 0 and (mean is None or between is None):
        raise ValueError("There is nothing to pool: no figure has a standard error.")
    fixed = mean
    tau2 = _between(theta, variance) if between is None else float(between) ** 2
    mean, doubt = (float(mean), 0.0) if mean is not None else _mean(theta, variance, tau2)
    share = np.zeros(len(raw))
    share[known] = np.where(
        variance > 0, tau2 / np.maximum(tau2 + variance, 1e-300), 1.0 if tau2 > 0 else 0.0
    )
    shrunk = share * np.where(known, raw, mean) + (1 - share) * mean
    if between is not None:
        own = np.full(len(raw), tau2)
        own[known] = share[known] * variance
        own += (1 - share) ** 2 * doubt
    else:
        own = np.zeros(len(raw))
        own[known], own[~known] = _spread(theta, variance, fixed, shrunk[known], mean)
    return Pooled(
        estimate=shrunk,
        std_error=np.sqrt(own),
        share_local=share,
        mean=float(mean),
        between=float(np.sqrt(tau2)),
    )


def _mean(theta: Floats, variance: Floats, tau2: float) -> tuple[float, float]:
    """Return the weighted mean and its variance."""
    # A figure without error and without spread between units carries all the weight.
    weight = 1 / np.maximum(tau2 + variance, 1e-300)
    return float((weight * theta).sum() / weight.sum()), float(1 / weight.sum())


def _between(theta: Floats, variance: Floats) -> float:
    """Return the moment estimate of the variance between units."""
    spread = float(theta.var(ddof=1)) if len(theta) > 1 else 0.0
    return max(0.0, spread - float(variance.mean())) if len(theta) else 0.0


def _spread(
    theta: Floats, variance: Floats, fixed: float | None, shrunk: Floats, mean: float
) -> tuple[Floats, float]:
    """Return the mean square around the estimates over the posterior of τ, and around the mean."""
    top = 3 * float(np.sqrt(np.ptp(theta) ** 2 + variance.max())) + 1e-12
    tau2 = np.linspace(0, top, _GRID)[:, None] ** 2
    total = np.maximum(tau2 + variance, 1e-300)
    if fixed is None:
        precision = (1 / total).sum(axis=1, keepdims=True)
        centre = (theta / total).sum(axis=1, keepdims=True) / precision
        doubt = 1 / precision
    else:
        centre, doubt = np.full((_GRID, 1), fixed), np.zeros((_GRID, 1))
    log_density = -0.5 * (np.log(total) + (theta - centre) ** 2 / total).sum(axis=1)
    if fixed is None:
        log_density += 0.5 * np.log(doubt[:, 0])
    weight = np.exp(log_density - log_density.max())[:, None]
    weight /= weight.sum()
    local = tau2 / total
    inside = local * variance + (1 - local) ** 2 * doubt
    apart = (local * theta + (1 - local) * centre - shrunk) ** 2
    unseen = tau2 + doubt + (centre - mean) ** 2
    return (weight * (inside + apart)).sum(axis=0), float((weight * unseen).sum())


def normal_quantile(conf_level: float) -> float:
    """Return the half-width of a normal interval in standard errors.

    Parameters
    ----------
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    float
        For example 1.96.

    Examples
    --------
    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    from scipy.special import ndtri  # noqa: PLC0415 (importing a claim must stay quick)

    return float(ndtri((1 + conf_level) / 2))
