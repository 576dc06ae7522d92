"""Observed mean of some cases beside the mean expected from a regression on a registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.sandwich import cluster_sums

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Expectation", "Sample", "expected_beside_observed"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Regressors, outcome and cluster of cases or of registry rows.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (n, k)
        Regressors, known before the programme, with the intercept or group intercepts.
    y : numpy.ndarray of float, shape (n,)
        Outcome, for example change of absence.
    codes : numpy.ndarray of int, shape (n,)
        Cluster, numbered jointly for cases and registry.
    """

    X: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Expectation:
    """Observed mean, expected mean and the difference, with what their intervals need.

    Parameters
    ----------
    means : numpy.ndarray of float, shape (3,)
        Observed mean of the cases, expected mean, observed minus expected; NaN where not known.
    std_errors : numpy.ndarray of float, shape (3,)
        Their standard errors.
    df : numpy.ndarray of float, shape (3,)
        Their degrees of freedom.
    """

    means: npt.NDArray[np.float64]
    std_errors: npt.NDArray[np.float64]
    df: npt.NDArray[np.float64]


def expected_beside_observed(cases: Sample, registry: Sample) -> Expectation:
    """Compare the mean of the cases with what the registry lets one expect of them.

    With b the least-squares fit of y on x in the registry and z the mean regressor row of the
    cases, the expected mean is z'b and the estimate beyond it is mean(y) - z'b. The covariance is
    the delete-one-cluster jackknife of the whole estimate, cases and registry of a cluster left
    out together, so that what they share cancels: exact for least squares, from sums by cluster.

    Parameters
    ----------
    cases : Sample
        Rows whose mean is explained.
    registry : Sample
        Rows on which the expectation is estimated; same columns, clusters numbered jointly.

    Returns
    -------
    Expectation
        Three values, standard errors, degrees of freedom.

    Raises
    ------
    ValueError
        If all cases lie in one cluster.

    Notes
    -----
    Registry regression on untreated pupils; jackknife in the form of Bell & McCaffrey (2002, Survey
    Methodology 28:169), scaled by (G-1)/G and centred on the full estimate.

    Examples
    --------
    >>> one = np.ones((4, 1))
    >>> cases = Sample(X=one, y=np.array([0.0, 1.0, 2.0, 3.0]), codes=np.arange(4))
    >>> registry = Sample(X=one, y=np.array([1.0, 1.0, 3.0, 3.0]), codes=np.arange(4))
    >>> expected_beside_observed(cases, registry).means.tolist()
    [1.5, 2.0, -0.5]
    """
    n_clusters = int(max(cases.codes.max(), registry.codes.max())) + 1
    with_cases = len(np.unique(cases.codes))
    if with_cases < 2:
        raise ValueError(f"the jackknife needs cases in at least 2 clusters, got {with_cases}")
    scale = np.sqrt((registry.X**2).sum(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    A, b = _normal_sums(registry, scale, n_clusters)
    count = np.bincount(cases.codes, minlength=n_clusters)
    z = cluster_sums(cases.X / scale, cases.codes, n_clusters)
    y = np.bincount(cases.codes, weights=cases.y, minlength=n_clusters)
    full = _estimate(A.sum(0)[None], b.sum(0)[None], z.sum(0)[None], y.sum(), count.sum())[0]
    without = _estimate(A.sum(0) - A, b.sum(0) - b, z.sum(0) - z, y.sum() - y, count.sum() - count)
    moved = full - without
    errors = np.sqrt((n_clusters - 1) / n_clusters * (moved**2).sum(axis=0))
    return Expectation(means=full, std_errors=errors, df=np.full(3, with_cases - 1.0))


def _normal_sums(
    sample: Sample, scale: npt.NDArray[np.float64], n_clusters: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    X = sample.X / scale
    k = X.shape[1]
    products = (X[:, :, None] * X[:, None, :]).reshape(len(X), k * k)
    A = cluster_sums(products, sample.codes, n_clusters).reshape(n_clusters, k, k)
    return A, cluster_sums(X * sample.y[:, None], sample.codes, n_clusters)


def _estimate(
    A: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    z: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    count: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return observed, expected, beyond, shape (m, 3), from m sets of sums."""
    beta = np.linalg.pinv(A, rcond=1e-11, hermitian=True) @ b[:, :, None]
    observed = y / count
    expected = (z[:, None, :] @ beta)[:, 0, 0] / count
    return np.stack([np.broadcast_to(observed, expected.shape), expected, observed - expected], 1)
