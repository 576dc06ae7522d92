"""Bands that hold for all differences between groups, or along a whole curve, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["PairBands", "band_quantile", "pairwise_bands"]

_BLOCK = 2_000


@dataclass(frozen=True, eq=False)
class PairBands:
    """All pairwise differences with a band that holds for all of them together.

    Parameters
    ----------
    first, second : numpy.ndarray of int, shape (p,)
        Groups of each pair; differences are first minus second.
    difference, std_error, low, high, p_value : numpy.ndarray, shape (p,)
        Difference, its standard error, limits of the simultaneous band, adjusted p-value.
    critical : float
        The quantile of the largest absolute standardised difference.
    """

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    difference: Floats
    std_error: Floats
    low: Floats
    high: Floats
    p_value: Floats
    critical: float


def pairwise_bands(
    observed: npt.ArrayLike, draws: npt.ArrayLike, *, conf_level: float = 0.95
) -> PairBands:
    """Compare all pairs of groups with max-T bands.

    The critical value is the quantile of max |D* − D|/SE over pairs, D* bootstrap differences
    (Westfall & Young 1993; Hothorn, Bretz & Westfall 2008, Biom J 50:346). A percentile interval
    of the largest difference would not cover zero where all groups are equal, so none is given.

    Parameters
    ----------
    observed : array-like, shape (g,)
        Figure of each group.
    draws : array-like, shape (B, g)
        Bootstrap draws of the figures; NaN where a figure does not exist in a sample.
    conf_level : float
        Familywise confidence level in (0, 1).

    Returns
    -------
    PairBands
        One row per pair; NaN limits where a difference has no spread.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = pairwise_bands([0.5, 0.5, 0.9], rng.normal([0.5, 0.5, 0.9], 0.05, (999, 3)))
    >>> found.p_value.round(1).tolist()
    [1.0, 0.0, 0.0]
    """
    figures, simulated = np.asarray(observed, dtype=float), np.asarray(draws, dtype=float)
    first, second = np.triu_indices(len(figures), k=1)
    difference = figures[first] - figures[second]
    apart = simulated[:, first] - simulated[:, second]
    apart = apart[np.isfinite(apart).all(axis=1)]
    error = apart.std(axis=0, ddof=1) if len(apart) > 1 else np.full(len(first), np.nan)
    usable = error > 0
    t = np.zeros_like(apart)
    np.divide(np.abs(apart - apart.mean(axis=0)), error, out=t, where=usable)
    largest = t.max(axis=1, initial=0.0)
    critical = float(np.quantile(largest, conf_level)) if len(largest) else np.nan
    own = np.full(len(first), np.nan)
    np.divide(np.abs(difference), error, out=own, where=usable)
    beyond = (largest[:, None] >= own).sum(axis=0)
    p_value = np.where(usable, (1 + beyond) / (1 + len(largest)), np.nan)
    half = np.where(usable, critical * error, np.nan)
    return PairBands(
        first, second, difference, error, difference - half, difference + half, p_value, critical
    )


def band_quantile(
    gradients: npt.ArrayLike,
    covariance: npt.ArrayLike,
    *,
    df: float,
    conf_level: float,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """Return how many standard errors a band needs to hold a whole curve.

    The quantile of max over the curve of |t|, simulated from the coefficients' covariance (Ruppert,
    Wand & Carroll 2003, *Semiparametric Regression*, section 6.5), with t in place of normal draws
    where the covariance rests on few clusters.

    Parameters
    ----------
    gradients : array-like, shape (m, p)
        Weights of the coefficients in each point of the curve.
    covariance : array-like, shape (p, p)
        Covariance of the coefficients.
    df : float
        Degrees of freedom, above 0.
    conf_level : float
        Level at which the whole band holds, in (0, 1).
    draws : int
        Simulated curves.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    float
        Critical value, at least the one of a single point up to simulation error.

    Examples
    --------
    >>> points = np.eye(3)
    >>> rng = np.random.default_rng(1)
    >>> round(band_quantile(points, np.eye(3), df=1e6, conf_level=0.95, draws=50_000, rng=rng), 1)
    2.4
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    points = np.asarray(gradients, dtype=np.float64) @ root
    length = np.linalg.norm(points, axis=1)
    points = points[length > 0] / length[length > 0, None]
    if len(points) == 0:
        return 0.0
    largest = []
    for start in range(0, draws, _BLOCK):
        count = min(_BLOCK, draws - start)
        normal = rng.standard_normal((count, points.shape[1]))
        spread = np.sqrt(rng.chisquare(df, count) / df)
        largest.append(np.abs(normal @ points.T).max(axis=1) / spread)
    return float(np.quantile(np.concatenate(largest), conf_level))
