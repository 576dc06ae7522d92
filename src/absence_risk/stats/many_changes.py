"""Mean changes of many simulated studies at once, each as `stats.change` computes one.

All studies share their numbers of pupils and clusters; pupils stand sorted by cluster.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from absence_risk.stats.cr2_adjustment import adjusted_from_grams, trace_df

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["Changes", "Studies", "beyond", "mean_of_clusters"]


class Changes(NamedTuple):
    """An estimate of each study.

    Parameters
    ----------
    estimate, std_error, df : numpy.ndarray of float, shape (R,)
        Estimate, standard error and degrees of freedom.
    """

    estimate: Floats
    std_error: Floats
    df: Floats


class Studies(NamedTuple):
    """Level before and outcome of the pupils of each study.

    Parameters
    ----------
    before : numpy.ndarray of float, shape (R, n)
        Level before.
    outcome : numpy.ndarray of float, shape (R, n)
        Outcome, for example the change.
    starts : numpy.ndarray of int, shape (G,)
        Place of the first pupil of each cluster; no cluster is empty.
    """

    before: Floats
    outcome: Floats
    starts: Ints


def mean_of_clusters(values: Floats, starts: Ints) -> Changes:
    """Return the t test on cluster means, each cluster counted once.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (R, n)
        One value per pupil.
    starts : numpy.ndarray of int, shape (G,)
        Place of the first pupil of each cluster, at least two clusters.

    Returns
    -------
    Changes
        Mean of the cluster means, its standard error, G − 1.

    Examples
    --------
    >>> found = mean_of_clusters(np.array([[1.0, 3.0, 6.0]]), np.array([0, 2]))
    >>> [round(float(part[0]), 3) for part in found]
    [4.0, 2.0, 1.0]
    """
    sizes = np.diff(np.append(starts, values.shape[1]))
    means = np.add.reduceat(values, starts, axis=1) / sizes
    groups = len(starts)
    error = means.std(axis=1, ddof=1) / np.sqrt(groups)
    return Changes(means.mean(axis=1), error, np.full(len(values), groups - 1.0))


def beyond(
    cases: Studies, others: Studies, *, degree: int, by_pupil: bool = False
) -> tuple[Changes, Floats]:
    """Compare each study's mean with what those outside the programme let one expect.

    Parameters
    ----------
    cases : Studies
        Pupils of the programme.
    others : Studies
        Untreated pupils in the same clusters, or in clusters of their own where ``by_pupil``.
    degree : int
        Highest power of the level before among the regressors.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    changes : Changes
        The third row of `stats.change.expected_beside_observed` for each study.
    gaps : numpy.ndarray of float, shape (R, n)
        Outcome of each case minus the expected one.
    """
    centre, scale = others.before.mean(), others.before.std()
    X_cases = _powers((cases.before - centre) / scale, degree)
    X = _powers((others.before - centre) / scale, degree)
    total = np.swapaxes(X, 1, 2) @ X
    root = np.linalg.cholesky(total)  # lower, so U = X root^(-T)
    inverse = np.swapaxes(np.linalg.inv(root), 1, 2)
    U = X @ inverse
    theta = (np.swapaxes(U, 1, 2) @ others.outcome[:, :, None])[..., 0]
    residuals = others.outcome - (U @ theta[..., None])[..., 0]
    gaps = cases.outcome - (X_cases @ inverse @ theta[..., None])[..., 0]
    estimate = gaps.mean(axis=1)
    toward = (X_cases.mean(axis=1)[:, None, :] @ inverse)[:, 0, :]
    inner = gaps - estimate[:, None]
    if by_pupil:
        variance, df = _independent(inner, U, residuals, toward)
    else:
        variance, df = _clustered(inner, U, residuals, toward, starts=(cases.starts, others.starts))
    return Changes(estimate, np.sqrt(variance), df), gaps


def _powers(x: Floats, degree: int) -> Floats:
    return np.stack([x**power for power in range(degree + 1)], axis=-1)


def _clustered(
    inner: Floats,
    U: Floats,
    residuals: Floats,
    toward: Floats,
    *,
    starts: tuple[Ints, Ints],
) -> tuple[Floats, Floats]:
    """Return CR2 variance and df of the contrast (−z, 1); cases and others of a cluster joined."""
    replicates, n = inner.shape
    starts_cases, starts_others = starts
    k, groups = U.shape[2], len(starts_others)
    sizes = np.diff(np.append(starts_cases, n))
    grams = np.zeros((replicates, groups, k + 1, k + 1))
    sums = np.zeros((replicates, groups, k + 1))
    for place, (a, b) in enumerate(pairwise([*starts_others.tolist(), residuals.shape[1]])):
        block = np.swapaxes(U[:, a:b], 1, 2)
        grams[:, place, :k, :k] = block @ U[:, a:b]
        sums[:, place, :k] = (block @ residuals[:, a:b, None])[..., 0]
    grams[:, :, k, k] = sizes / n
    sums[:, :, k] = np.add.reduceat(inner, starts_cases, axis=1) / np.sqrt(n)
    direction = np.column_stack([-toward, np.full(replicates, 1 / np.sqrt(n))])
    adjusted = adjusted_from_grams(grams, sums)
    variance = ((adjusted.scores @ direction[:, :, None])[..., 0] ** 2).sum(axis=1)
    return variance, trace_df(adjusted, direction)[1]


def _independent(
    inner: Floats, U: Floats, residuals: Floats, toward: Floats
) -> tuple[Floats, Floats]:
    """Return the same where each pupil is a cluster: HC2, adjusted by 1/√(1 − leverage)."""
    n = inner.shape[1]
    leverage = (U**2).sum(axis=2)
    along = (U @ toward[..., None])[..., 0]
    own = along**2 / (1 - leverage)
    variance = (own * residuals**2).sum(axis=1) + (inner**2).sum(axis=1) / (n * (n - 1))
    pairs = np.swapaxes(U, 1, 2) @ (U * own[..., None])
    square = (own**2 * (1 - 2 * leverage)).sum(axis=1) + (pairs**2).sum(axis=(1, 2))
    square += 1 / (n * n * (n - 1))  # the mean of the cases alone
    return variance, ((toward**2).sum(axis=1) + 1 / n) ** 2 / square
