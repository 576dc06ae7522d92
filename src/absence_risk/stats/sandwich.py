"""Cluster-robust (sandwich) covariance from influence values, with t intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["TInference", "cluster_sums", "cr1_covariance", "t_inference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TInference:
    """An interval and a two-sided test from a t distribution.

    Parameters
    ----------
    low, high : float
        Limits of the interval.
    statistic : float
        Estimate minus null, over its standard error; NaN where the error is zero.
    p_value : float
        Two-sided p-value; NaN where the error is zero.
    """

    low: float
    high: float
    statistic: float
    p_value: float


def cluster_sums(
    values: npt.NDArray[np.float64], codes: npt.NDArray[np.int64], n_clusters: int
) -> npt.NDArray[np.float64]:
    """Sum rows within clusters.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n, p)
        Rows to add up.
    codes : numpy.ndarray of int, shape (n,)
        Cluster of each row, in [0, n_clusters).
    n_clusters : int
        Number of clusters.

    Returns
    -------
    numpy.ndarray of float, shape (n_clusters, p)
        The sums; zero for a cluster without rows.

    Examples
    --------
    >>> cluster_sums(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0]), 2).tolist()
    [[5.0], [2.0]]
    """
    columns = [np.bincount(codes, weights=column, minlength=n_clusters) for column in values.T]
    return np.stack(columns, axis=1)


def cr1_covariance(
    influence: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64],
    *,
    n_parameters: int,
) -> npt.NDArray[np.float64]:
    """Return the CR1 covariance of estimates from the influence of each row on them.

    With u_g the sum of the influence of cluster g, the covariance is
    G/(G-1) * (n-1)/(n-k) * sum_g u_g u_g' (Liang & Zeger 1986, Biometrika 73:13, with the factor
    of Stata and of ``sandwich::vcovCL(type = "HC1")`` in R). Estimates of several models may be
    stacked column by column: their covariance comes along.

    Parameters
    ----------
    influence : numpy.ndarray of float, shape (n, p)
        Influence of each row on each estimate, so that estimate minus truth is about their sum:
        bread times score for an M-estimator.
    codes : numpy.ndarray of int, shape (n,)
        Cluster of each row: 0, 1, …, G-1, all in use.
    n_parameters : int
        Number k of parameters of one model.

    Returns
    -------
    numpy.ndarray of float, shape (p, p)
        Covariance of the estimates.

    Raises
    ------
    ValueError
        If there are fewer than two clusters or no more rows than parameters.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 3.0, 6.0])
    >>> influence = (x - x.mean())[:, None] / 4
    >>> cr1_covariance(influence, np.arange(4), n_parameters=1).round(6).tolist()
    [[1.166667]]
    """
    n_rows, n_clusters = len(influence), int(codes.max()) + 1
    if n_clusters < 2:
        raise ValueError(f"a cluster-robust covariance needs at least 2 clusters, got {n_clusters}")
    if n_rows <= n_parameters:
        raise ValueError(f"{n_rows} rows cannot carry {n_parameters} parameters")
    sums = cluster_sums(influence, codes, n_clusters)
    factor = n_clusters / (n_clusters - 1) * (n_rows - 1) / (n_rows - n_parameters)
    return np.asarray(factor * sums.T @ sums)


def t_inference(
    estimate: float, std_error: float, *, df: float, conf_level: float, null: float = 0.0
) -> TInference:
    """Return a t interval and a two-sided test.

    Parameters
    ----------
    estimate : float
        Point estimate.
    std_error : float
        Its standard error, zero or more.
    df : float
        Degrees of freedom; the number of clusters minus one for clustered data.
    conf_level : float
        Confidence level in (0, 1).
    null : float
        Value under the null hypothesis.

    Returns
    -------
    TInference
        Limits, statistic and p-value.

    Examples
    --------
    >>> found = t_inference(1.0, 0.5, df=9, conf_level=0.95)
    >>> round(found.low, 3), round(found.high, 3), round(found.p_value, 3)
    (-0.131, 2.131, 0.077)
    """
    half = float(special.stdtrit(df, 0.5 + conf_level / 2)) * std_error
    statistic = (estimate - null) / std_error if std_error > 0 else float("nan")
    p_value = 2 * float(special.stdtr(df, -abs(statistic)))
    return TInference(
        low=estimate - half, high=estimate + half, statistic=statistic, p_value=p_value
    )
