"""Means of arms and their contrast with CR2 errors, for many completed data sets at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ClusterMean", "arm_contrast", "cluster_mean"]

_ALONE = 1e-12
"""How near 1 the share of an arm in one cluster is to be the whole of it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusterMean:
    """A contrast of arm means, one per data set.

    Parameters
    ----------
    estimate : numpy.ndarray of float, shape (...)
        Contrast of the means.
    variance : numpy.ndarray of float, shape (...)
        CR2 variance; NaN where an arm that counts lies in a single cluster, so that nothing tells
        how clusters vary.
    df : float
        Satterthwaite degrees of freedom, the same for all data sets; NaN where the variance is.
    """

    estimate: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    df: float


def cluster_mean(
    values: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
    *,
    arm: npt.NDArray[np.int64] | None = None,
    contrast: tuple[float, ...] = (1.0,),
) -> ClusterMean:
    """Estimate a contrast of arm means with the bias-reduced cluster variance CR2.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (..., n)
        Outcome of each row in each data set.
    codes : numpy.ndarray of int, shape (n,)
        Cluster 0, …, G - 1 of each row.
    arm : numpy.ndarray of int, shape (n,), or None
        Arm 0, …, K - 1 of each row; one arm if None.
    contrast : tuple of float, length K
        Weight of each arm's mean.

    Returns
    -------
    ClusterMean
        Estimates, variances and degrees of freedom.

    Raises
    ------
    ValueError
        If all rows lie in one cluster.

    Examples
    --------
    >>> found = cluster_mean(np.array([1.0, 2.0, 3.0, 6.0]), np.arange(4))
    >>> float(found.estimate), round(float(found.variance), 6), round(found.df, 6)
    (3.0, 1.166667, 3.0)
    """
    group = np.zeros(len(codes), dtype=np.int64) if arm is None else arm
    G, K = int(codes.max()) + 1, len(contrast)
    if G < 2:
        raise ValueError("a cluster-robust error needs at least 2 clusters, got 1.")
    cell = np.eye(G * K)[codes * K + group]
    counts = cell.sum(axis=0).reshape(G, K)
    sums = (values @ cell).reshape(*values.shape[:-1], G, K)
    return arm_contrast(counts, sums, np.asarray(contrast, dtype=np.float64))


def arm_contrast(
    counts: npt.NDArray[np.float64],
    sums: npt.NDArray[np.float64],
    c: npt.NDArray[np.float64],
) -> ClusterMean:
    """Estimate a contrast of arm means from counts and sums by cluster.

    For a regression on arm indicators the adjustment matrices of Bell & McCaffrey (2002, Survey
    Methodology 28:169) become numbers: with h = n_ga / n_a the share of arm a in cluster g and s_ga
    the summed residuals there, V = sum_g (sum_a c_a s_ga / (n_a sqrt(1 - h)))^2. The degrees of
    freedom are those of Pustejovsky & Tipton (2018, JBES 36:672) under independent rows.

    Parameters
    ----------
    counts : numpy.ndarray of float, shape (clusters, arms)
        Rows of each arm in each cluster.
    sums : numpy.ndarray of float, shape (..., clusters, arms)
        Their summed outcomes, in each data set.
    c : numpy.ndarray of float, shape (arms,)
        Weight of each arm's mean; arms of weight 0 do not count.

    Returns
    -------
    ClusterMean
        Estimates, variances and degrees of freedom.

    Examples
    --------
    >>> found = arm_contrast(np.ones((4, 1)), np.array([[1.0], [2.0], [3.0], [6.0]]), np.ones(1))
    >>> float(found.estimate), round(float(found.variance), 6), round(found.df, 6)
    (3.0, 1.166667, 3.0)
    """
    used = c != 0
    counts, sums, c = counts[:, used], sums[..., used], c[used]
    total = counts.sum(axis=0)
    means = sums.sum(axis=-2) / total
    estimate, leverage = means @ c, counts / total
    if len(c) == 0 or (leverage > 1 - _ALONE).any():
        return ClusterMean(
            estimate=estimate, variance=np.full_like(estimate, np.nan), df=float("nan")
        )
    each = c / total / np.sqrt(1 - leverage)  # what a row's residual weighs, by cluster and arm
    scores = (each * (sums - counts * means[..., None, :])).sum(axis=-1)
    own = (counts * each**2).sum(axis=1)
    w = counts / np.sqrt(total) * each
    shared = (w**2).sum(axis=1)
    trace = (own - shared).sum()
    trace_square = (own**2 - 2 * own * shared).sum() + ((w.T @ w) ** 2).sum()
    return ClusterMean(
        estimate=estimate,
        variance=np.asarray((scores**2).sum(axis=-1)),
        df=float(trace**2 / trace_square),
    )
