"""Bounds on a mean or a difference of means when follow-ups are missing for unknown reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from absence_risk.stats.bootstrap import cluster_weights

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Bounds", "imbens_manski", "lee_bounds", "manski_bounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Lower and upper bound with an interval for the value between them.

    Parameters
    ----------
    low, high : float
        Estimated bounds.
    low_error, high_error : float
        Their standard errors.
    conf_low, conf_high : float
        Interval that covers the value itself (Imbens & Manski).
    trimmed : float
        Share of the better-followed arm that was trimmed; NaN where nothing is.
    """

    low: float
    high: float
    low_error: float
    high_error: float
    conf_low: float
    conf_high: float
    trimmed: float = float("nan")


def imbens_manski(
    bounds: tuple[float, float],
    errors: tuple[float, float],
    *,
    conf_level: float,
    df: float = np.inf,
) -> tuple[float, float]:
    """Return an interval that covers a value known only to lie between two bounds.

    The multiplier c solves F(c + (high - low) / max(errors)) - F(-c) = level (Imbens & Manski 2004,
    Econometrica 72:1845, eq. 7): two-sided where the bounds meet, one-sided where they are far
    apart.

    Parameters
    ----------
    bounds : (float, float)
        Lower and upper bound.
    errors : (float, float)
        Their standard errors.
    conf_level : float
        Confidence level in (0, 1).
    df : float
        Degrees of freedom of t; infinite for the normal distribution.

    Returns
    -------
    low, high : float
        Limits.

    Examples
    --------
    >>> [round(v, 3) for v in imbens_manski((0.0, 0.0), (1.0, 1.0), conf_level=0.95)]
    [-1.96, 1.96]
    >>> [round(v, 3) for v in imbens_manski((0.0, 9.0), (1.0, 1.0), conf_level=0.95)]
    [-1.645, 10.645]
    """
    largest = max(errors)
    if largest <= 0:
        return bounds
    width = (bounds[1] - bounds[0]) / largest

    def law(x: float) -> float:
        return float(special.ndtr(x) if np.isinf(df) else special.stdtr(df, x))

    def inverse(q: float) -> float:
        return float(special.ndtri(q) if np.isinf(df) else special.stdtrit(df, q))

    ends = inverse(conf_level), inverse(0.5 + conf_level / 2)
    c = optimize.brentq(
        lambda x: law(x + width) - law(-x) - conf_level, ends[0] - 1e-9, ends[1] + 1e-9, xtol=1e-12
    )
    return bounds[0] - c * errors[0], bounds[1] + c * errors[1]


def manski_bounds(
    values: npt.NDArray[np.float64],
    low: npt.ArrayLike,
    high: npt.ArrayLike,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fill missing values with the lowest and with the highest possible one.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        Values; NaN where missing.
    low, high : array-like of float
        Lowest and highest possible value, broadcast.

    Returns
    -------
    lowest, highest : numpy.ndarray of float, shape (n,)
        The two extreme completions; their means bound the mean (Manski 1990, AER 80:319).

    Examples
    --------
    >>> lowest, highest = manski_bounds(np.array([1.0, np.nan]), 1, 5)
    >>> float(lowest.mean()), float(highest.mean())
    (1.0, 3.0)
    """
    missing = np.isnan(values)
    return np.where(missing, low, values), np.where(missing, high, values)


def lee_bounds(
    treated: npt.NDArray[np.float64],
    control: npt.NDArray[np.float64],
    *,
    replicates: int,
    conf_level: float,
    rng: np.random.Generator,
) -> Bounds:
    """Bound the difference of means among those who answer in either arm, by trimming.

    With follow-up shares q of both arms, the better-followed arm is trimmed by (q_1 - q_0) / q_1
    from above and from below, the last value by a fraction (Lee 2009, REStud 76:1071, prop. 1a).
    Assumes random or as-good-as-random arms and monotone response: nobody answers only because of
    being in the worse-followed arm. Errors from the bootstrap of pupils within arms, trim share
    drawn anew; interval by `imbens_manski`.

    Parameters
    ----------
    treated, control : numpy.ndarray of float, shape (n,)
        Outcomes; NaN where not followed up.
    replicates : int
        Number of bootstrap samples.
    conf_level : float
        Confidence level in (0, 1).
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Bounds
        Bounds of treated minus control.

    Raises
    ------
    ValueError
        If an arm has fewer than two follow-ups.

    Examples
    --------
    >>> treated, control = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 2.0, np.nan, np.nan])
    >>> found = lee_bounds(
    ...     treated, control, replicates=200, conf_level=0.95, rng=np.random.default_rng(1))
    >>> found.low, found.high, found.trimmed
    (0.5, 2.5, 0.5)
    """
    for name, values in (("treated", treated), ("control", control)):
        if (~np.isnan(values)).sum() < 2:
            raise ValueError(f"the {name} arm has fewer than 2 follow-ups.")
    weights = [
        np.concatenate([np.ones((1, len(v))), cluster_weights(len(v), replicates, rng)])
        for v in (treated, control)
    ]
    low, high, share = _lee(treated, control, *weights)
    fine = np.isfinite(low[1:]) & np.isfinite(high[1:])
    errors = float(low[1:][fine].std(ddof=1)), float(high[1:][fine].std(ddof=1))
    ends = float(low[0]), float(high[0])
    conf = imbens_manski(ends, errors, conf_level=conf_level)
    return Bounds(
        low=ends[0],
        high=ends[1],
        low_error=errors[0],
        high_error=errors[1],
        conf_low=conf[0],
        conf_high=conf[1],
        trimmed=float(share[0]),
    )


def _lee(
    treated: npt.NDArray[np.float64],
    control: npt.NDArray[np.float64],
    w1: npt.NDArray[np.float64],
    w0: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return lower bound, upper bound and trimmed share under each row of weights."""
    seen1, seen0 = ~np.isnan(treated), ~np.isnan(control)
    q1 = w1[:, seen1].sum(axis=1) / w1.sum(axis=1)
    q0 = w0[:, seen0].sum(axis=1) / w0.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        keep1, keep0 = np.minimum(q0 / q1, 1.0), np.minimum(q1 / q0, 1.0)
        low1, high1 = _trimmed(treated[seen1], w1[:, seen1], keep1)
        low0, high0 = _trimmed(control[seen0], w0[:, seen0], keep0)
    return low1 - high0, high1 - low0, 1 - np.minimum(keep1, keep0)


def _trimmed(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], keep: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean of the lowest and of the highest share ``keep`` of weighted values."""
    order = np.argsort(values, kind="stable")
    found = []
    for place in (order, order[::-1]):
        w = weights[:, place]
        kept_total = keep * w.sum(axis=1)
        used = np.clip(kept_total[:, None] - (np.cumsum(w, axis=1) - w), 0.0, w)
        found.append((used @ values[place]) / kept_total)
    return found[0], found[1]
