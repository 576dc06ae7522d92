"""Means of arms and their contrast with CR2 errors, for many completed data sets at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ClusterMean", "cluster_mean"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusterMean:
    """A contrast of arm means, one per data set.

    Parameters
    ----------
    estimate : numpy.ndarray of float, shape (...)
        Contrast of the means.
    variance : numpy.ndarray of float, shape (...)
        CR2 variance.
    df : float
        Satterthwaite degrees of freedom, the same for all data sets.
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

    For a regression on arm indicators the adjustment matrices of Bell & McCaffrey (2002, Survey
    Methodology 28:169) become numbers: with h = n_ag / n_a the share of arm a in cluster g and s_ag
    the summed residuals there, V = sum_g (sum_a c_a s_ag / (n_a sqrt(1 - h)))^2. The degrees of
    freedom are those of Pustejovsky & Tipton (2018, JBES 36:672) under independent rows. An arm
    that lies in one cluster only has no residual sum there and adds nothing (Moore-Penrose).

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
    count = cell.sum(axis=0).reshape(G, K)
    n_arm = count.sum(axis=0)
    h = count / n_arm
    sums = (values @ cell).reshape(*values.shape[:-1], G, K)
    means = sums.sum(axis=-2) / n_arm
    residual = sums - means[..., None, :] * count
    alone = h > 1 - 1e-9
    c = np.asarray(contrast)
    factor = np.where(alone, 0.0, c / (n_arm * np.sqrt(np.where(alone, 1.0, 1 - h))))
    score = (residual * factor).sum(axis=-1)
    p = (factor**2 * count).sum(axis=1)
    w = factor * count / np.sqrt(n_arm)
    square = (w**2).sum(axis=1)
    trace = (p - square).sum()
    trace_square = (p**2 - 2 * p * square).sum() + ((w.T @ w) ** 2).sum()
    return ClusterMean(
        estimate=means @ c,
        variance=np.asarray((score**2).sum(axis=-1)),
        df=float(trace**2 / trace_square),
    )
