"""The CR1 cluster-robust covariance: rows within a cluster may depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.sandwich import cluster_sums

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["cr1_covariance"]


def cr1_covariance(
    influence: npt.NDArray[np.float64], codes: npt.NDArray[np.int64], *, n_parameters: int
) -> npt.NDArray[np.float64]:
    """Return the CR1 covariance of least-squares estimates.

    With u_g the summed influence of cluster g, it is G/(G − 1) · (n − 1)/(n − k) · Σ_g u_g u_gᵀ
    (Liang & Zeger 1986, Biometrika 73:13; the factor of Stata and of R's
    ``sandwich::vcovCL(type = "HC1")``). Use with t(G − 1).

    Parameters
    ----------
    influence : numpy.ndarray of float, shape (n, p)
        Weight of each outcome in each estimate, times the residual.
    codes : numpy.ndarray of int, shape (n,)
        Cluster of each row: 0, 1, …, G − 1, all in use, G ≥ 2.
    n_parameters : int
        Number k of coefficients, less than n.

    Returns
    -------
    numpy.ndarray of float, shape (p, p)
        Covariance.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 6.0])
    >>> influence = (x - x.mean())[:, None] / 4
    >>> cr1_covariance(influence, np.arange(4), n_parameters=1).round(6).tolist()
    [[1.166667]]
    """
    n, clusters = len(influence), int(codes.max()) + 1
    sums = cluster_sums(influence, codes, clusters)
    factor = clusters / (clusters - 1) * (n - 1) / (n - n_parameters)
    return np.asarray(factor * sums.T @ sums)
