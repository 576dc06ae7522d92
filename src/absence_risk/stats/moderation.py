"""Slope of an outcome on a moderator among cases, beside the slope a registry lets expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.change import Expectation, Sample
from absence_risk.stats.sandwich import cluster_sums

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["slope_beside_expected"]


def slope_beside_expected(
    cases: Sample, registry: Sample, moderator: npt.NDArray[np.float64]
) -> Expectation:
    """Regress the outcome, its expectation and their difference on a moderator of the cases.

    With b the least-squares fit in the registry and x_i the regressors of case i, the expected
    slope is that of x_i'b on the moderator: the interaction that comes about with no programme.
    Errors are the delete-one-cluster jackknife of the whole (CR3 form; Bell & McCaffrey 2002,
    Survey Methodology 28:169), cases and registry of a cluster left out together.

    Parameters
    ----------
    cases : Sample
        Rows whose slope is explained.
    registry : Sample
        Rows on which the expectation is estimated; same columns, clusters numbered jointly.
    moderator : numpy.ndarray of float, shape (n_cases,)
        Moderator of the cases.

    Returns
    -------
    Expectation
        Observed, expected and beyond, per unit of the moderator.

    Raises
    ------
    ValueError
        If the moderator does not vary, or the cases lie in fewer than three clusters.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> cases = Sample(X=x, y=np.array([0.0, 2.0, 4.0, 6.0]), codes=np.arange(4))
    >>> registry = Sample(X=x, y=np.array([1.0, 2.0, 3.0, 4.0]), codes=np.arange(4))
    >>> slope_beside_expected(cases, registry, x[:, 1]).means.round(6).tolist()
    [2.0, 1.0, 1.0]
    """
    with_cases = len(np.unique(cases.codes))
    if with_cases < 3:
        raise ValueError(f"a slope needs cases in at least 3 clusters, got {with_cases}")
    if np.ptp(moderator) == 0:
        raise ValueError("the moderator does not vary among the cases")
    n_clusters = int(max(cases.codes.max(), registry.codes.max())) + 1
    scale = np.sqrt((registry.X**2).sum(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    X, Z, m = registry.X / scale, cases.X / scale, moderator - moderator.mean()
    k = X.shape[1]
    products = (X[:, :, None] * X[:, None, :]).reshape(len(X), k * k)
    A = cluster_sums(products, registry.codes, n_clusters).reshape(n_clusters, k, k)
    b = cluster_sums(X * registry.y[:, None], registry.codes, n_clusters)
    own = np.column_stack([np.ones(len(m)), m, m**2, cases.y, m * cases.y, Z, m[:, None] * Z])
    s = cluster_sums(own, cases.codes, n_clusters)
    full = _slopes(A.sum(0)[None], b.sum(0)[None], s.sum(0)[None], k)[0]
    moved = full - _slopes(A.sum(0) - A, b.sum(0) - b, s.sum(0) - s, k)
    errors = np.sqrt((n_clusters - 1) / n_clusters * (moved**2).sum(axis=0))
    return Expectation(means=full, std_errors=errors, df=np.full(3, with_cases - 2.0))


def _slopes(
    A: npt.NDArray[np.float64], b: npt.NDArray[np.float64], s: npt.NDArray[np.float64], k: int
) -> npt.NDArray[np.float64]:
    """Return observed, expected, beyond, shape (g, 3), from g sets of sums."""
    beta = (np.linalg.pinv(A, rcond=1e-11, hermitian=True) @ b[:, :, None])[:, :, 0]
    n, m, m2, y, my = s[:, :5].T
    spread = m2 - m**2 / n
    fitted, m_fitted = (s[:, 5 : 5 + k] * beta).sum(1), (s[:, 5 + k :] * beta).sum(1)
    observed = (my - m * y / n) / spread
    expected = (m_fitted - m * fitted / n) / spread
    return np.stack([observed, expected, observed - expected], axis=1)
