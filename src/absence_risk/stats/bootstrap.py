"""Resampling by weights: multinomial cluster weights, multinomial cells, wild signs.

A bootstrap of counts never touches rows again: cluster weights times a cluster × cell matrix, or a
multinomial draw of the cells themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["cell_draws", "cluster_weights", "percentile_interval", "wild_signs"]

_RADEMACHER = np.array([-1.0, 1.0])
_WEBB = np.sqrt([0.5, 1.0, 1.5])
_FEW_CLUSTERS = 12
_MOST_UNDEFINED = 0.05


def cluster_weights(
    n_clusters: int, replicates: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draw how often each cluster enters each bootstrap sample.

    Clusters are drawn with replacement as wholes: each row is multinomial with ``n_clusters``
    trials and equal probabilities (Davison & Hinkley 1997, section 3.8).

    Parameters
    ----------
    n_clusters : int
        Number of clusters, at least 1.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray of int64, shape (replicates, n_clusters)
        Weights; every row sums to ``n_clusters``.

    Examples
    --------
    >>> cluster_weights(4, 2, np.random.default_rng(0)).sum(axis=1).tolist()
    [4, 4]
    """
    return rng.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=replicates)


def cell_draws(
    counts: npt.ArrayLike, replicates: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draw cell counts with the law of the bootstrap of independent rows.

    Resampling n rows with replacement and counting them in fixed cells gives counts that are
    multinomial with n trials and probabilities ``counts / n``: the exact law, not an approximation.

    Parameters
    ----------
    counts : array-like of int, any shape
        Observed counts.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray of int64, shape (replicates, *counts.shape)
        Counts; each sample sums to the observed total.

    Examples
    --------
    >>> cell_draws([[3, 0], [1, 6]], 5, np.random.default_rng(0)).sum(axis=(1, 2)).tolist()
    [10, 10, 10, 10, 10]
    """
    cells = np.asarray(counts, dtype=np.int64)
    total = int(cells.sum())
    draws = rng.multinomial(total, cells.ravel() / max(total, 1), size=replicates)
    return draws.reshape(replicates, *cells.shape)


def wild_signs(
    n_clusters: int, replicates: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Draw the factors by which a wild bootstrap multiplies the residuals of each cluster.

    Rademacher signs (±1, Davidson & Flachaire 2008); with at most 12 clusters Webb's six points
    (±√½, ±1, ±√1½), because 2^G sign patterns are then too few. Both have mean 0 and variance 1.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, or of rows where rows are independent.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray of float64, shape (n_clusters, replicates)
        Factors.

    Examples
    --------
    >>> sorted(set(wild_signs(40, 3, np.random.default_rng(0)).ravel().tolist()))
    [-1.0, 1.0]
    """
    points = np.concatenate([-_WEBB, _WEBB]) if n_clusters <= _FEW_CLUSTERS else _RADEMACHER
    return points[rng.integers(0, len(points), size=(n_clusters, replicates))]


def percentile_interval(
    draws: npt.ArrayLike, conf_level: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return percentile limits of bootstrap draws.

    Parameters
    ----------
    draws : array-like of float, shape (replicates, ...)
        Draws; NaN where the quantity does not exist in a sample (no alarm, no event).
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    low, high : numpy.ndarray of float64
        Limits; NaN where more than 5 % of the draws do not exist.

    Examples
    --------
    >>> low, high = percentile_interval(np.arange(101.0), 0.9)
    >>> round(float(low), 9), round(float(high), 9)
    (5.0, 95.0)
    """
    values = np.asarray(draws, dtype=np.float64)
    missing = np.isnan(values).mean(axis=0)
    usable = missing <= _MOST_UNDEFINED
    filled = np.where(usable, values, 0.0)
    tail = (1 - conf_level) / 2
    low, high = np.nanquantile(filled, [tail, 1 - tail], axis=0)
    return np.where(usable, low, np.nan), np.where(usable, high, np.nan)
