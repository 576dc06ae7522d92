"""Least squares with few clusters: CR2 covariance, Satterthwaite t tests, HTZ joint tests."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.stats.cluster_fit import ClusterFit, Contrast, JointTest, OutcomesFit
from absence_risk.stats.cr2_adjustment import adjusted_from_grams, adjusted_from_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.cr2_adjustment import Adjusted

    Floats = npt.NDArray[np.float64]

__all__ = [
    "ClusterFit",
    "Contrast",
    "JointTest",
    "OutcomesFit",
    "WeightKind",
    "fit_cr2",
    "fit_cr2_outcomes",
]

WeightKind = Literal["sampling", "precision"]
_SINGULAR = 1e-11
_ONE_CLUSTER = (
    "All {n} rows lie in one cluster, so nothing tells how much clusters differ. Give the level "
    "below as cluster (schools instead of municipalities), or describe without an interval."
)
_NOT_FINITE = "{name} holds {count} values that are missing or infinite; leave those rows out."
_SINGULAR_COLUMN = (
    "Column {column} of X is a linear combination of the columns before it; leave it out."
)


def fit_cr2(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    codes: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    weights_are: WeightKind = "sampling",
    absorb: bool = False,
) -> ClusterFit:
    """Fit least squares with CR2 covariance.

    CR2 is unbiased where rows are independent with equal variance and stays close to it
    elsewhere; with Satterthwaite degrees of freedom its tests keep their level from 3 uneven
    clusters on (Bell & McCaffrey 2002, Survey Methodology 28:169; Imbens & Kolesár 2016, REStat
    98:701; Pustejovsky & Tipton 2018, JBES 36:672).

    Parameters
    ----------
    X : array-like of float, shape (n, p)
        Regressors, with the intercept; of full column rank.
    y : array-like of float, shape (n,)
        Outcome.
    codes : array-like of int, shape (n,)
        Cluster of each row; any whole numbers.
    weights : array-like of float, shape (n,), or None
        Weight of each row, 0 or more; a row of weight 0 is as if absent.
    weights_are : {"sampling", "precision"}
        What weights mean: how many rows one stands for, with the same variance for all; or the
        inverse of a row's variance.
    absorb : bool
        Take each cluster's own mean out of X and y (one intercept per cluster, not reported). Not
        with sampling weights: there put a column per cluster into X.

    Returns
    -------
    ClusterFit
        Coefficients, covariance, contrasts and joint tests.

    Raises
    ------
    DesignError
        If there is one cluster, or columns are linearly dependent.
    ValueError
        If shapes differ, values are missing, or weights are negative.

    Notes
    -----
    Precision weights scale each row by the root of its weight, then rows are equal. clubSandwich
    takes another root of the same equation for them (its ``inverse_var = TRUE``), which needs
    matrices as large as a cluster; its default for a weighted ``lm`` is "sampling" here.

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 3.0, 6.0, 5.0])
    >>> fit = fit_cr2(np.ones((5, 1)), y, [1, 1, 2, 3, 3])
    >>> found = fit.contrast([1])
    >>> round(found.estimate, 3), round(found.std_error, 3), round(found.df, 3)
    (3.4, 1.465, 1.8)
    """
    check.choice(weights_are, ["sampling", "precision"], "weights_are")
    design, outcome, w, cluster = _checked(X, y, codes, weights)
    if absorb and weights is not None and weights_are == "sampling":
        raise ValueError("absorb needs weights_are='precision'; or give X a column per cluster.")
    used = np.flatnonzero(w > 0)
    order = used[np.argsort(cluster[used], kind="stable")]
    bounds = np.append(np.flatnonzero(np.diff(cluster[order], prepend=-1)), len(order))
    if len(bounds) < 3:
        raise DesignError(_ONE_CLUSTER.format(n=len(order)))
    Xs, ys, ws = design[order], outcome[order], w[order]
    scale = np.sqrt(ws)
    size = np.sqrt(ws @ Xs**2)
    if absorb:
        Xs, ys = _within(Xs, ws, bounds), _within(ys[:, None], ws, bounds)[:, 0]
    root = _triangle(Xs * scale[:, None], size)
    U = linalg.solve_triangular(root, Xs.T, trans="T").T
    theta = U.T @ (ws * ys)
    residuals = ys - U @ theta
    if weights is not None and weights_are == "sampling":
        adjusted = adjusted_from_rows(U, ws, residuals, bounds)
    else:
        U *= scale[:, None]
        adjusted = _from_equal_rows(U, scale * residuals, bounds)
    half = linalg.solve_triangular(root, adjusted.scores.T)
    back = np.full(len(outcome), np.nan)
    back[order] = residuals
    return ClusterFit(
        coef=linalg.solve_triangular(root, theta),
        covariance=half @ half.T,
        residuals=back,
        n_clusters=len(bounds) - 1,
        root=root,
        adjusted=adjusted,
    )


def fit_cr2_outcomes(X: npt.ArrayLike, Y: npt.ArrayLike, codes: npt.ArrayLike) -> OutcomesFit:
    """Fit several outcomes on the same regressors, each as `fit_cr2` would.

    The adjustment of CR2 and its degrees of freedom know regressors and clusters only, so they are
    worked out once: 50 completed data sets cost little more than one.

    Parameters
    ----------
    X : array-like of float, shape (n, p)
        Regressors, with the intercept; of full column rank.
    Y : array-like of float, shape (n, m)
        One outcome per column.
    codes : array-like of int, shape (n,)
        Cluster of each row; any whole numbers.

    Returns
    -------
    OutcomesFit
        Coefficients and contrasts of every outcome.

    Raises
    ------
    DesignError
        If there is one cluster, or columns are linearly dependent.
    ValueError
        If shapes differ or values are missing.

    Examples
    --------
    >>> Y = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [6.0, 12.0], [5.0, 10.0]])
    >>> estimates, errors, df = fit_cr2_outcomes(np.ones((5, 1)), Y, [1, 1, 2, 3, 3]).contrast([1])
    >>> estimates.round(3).tolist(), errors.round(2).tolist(), round(df, 3)
    ([3.4, 6.8], [1.47, 2.93], 1.8)
    """
    outcomes = np.asarray(Y, dtype=np.float64)
    if outcomes.ndim != 2 or not outcomes.shape[1]:
        raise ValueError(f"Y must be a table of at least one column, got shape {outcomes.shape}.")
    count = int(outcomes.size - np.isfinite(outcomes).sum())
    if count:
        raise ValueError(_NOT_FINITE.format(name="Y", count=count))
    design, _, _, cluster = _checked(X, outcomes[:, 0], codes, None)
    order = np.argsort(cluster, kind="stable")
    bounds = np.append(np.flatnonzero(np.diff(cluster[order], prepend=-1)), len(order))
    if len(bounds) < 3:
        raise DesignError(_ONE_CLUSTER.format(n=len(order)))
    Xs, Ys = design[order], outcomes[order]
    root = _triangle(Xs, np.sqrt((Xs**2).sum(axis=0)))
    U = linalg.solve_triangular(root, Xs.T, trans="T").T
    theta = U.T @ Ys
    adjusted = _from_equal_rows(U, Ys - U @ theta, bounds)
    return OutcomesFit(coef=linalg.solve_triangular(root, theta).T, root=root, adjusted=adjusted)


def _checked(
    X: npt.ArrayLike, y: npt.ArrayLike, codes: npt.ArrayLike, weights: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.int64]]:
    design, outcome = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n = len(outcome)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    cluster = np.unique(np.asarray(codes), return_inverse=True)[1].astype(np.int64)
    if design.ndim != 2 or any(a.shape != (n,) for a in (outcome, w, cluster)) or len(design) != n:
        raise ValueError(
            f"X must be a table and y, codes and weights one value per row of it, got shapes "
            f"{design.shape}, {outcome.shape}, {cluster.shape}, {w.shape}."
        )
    for name, values in (("X", design), ("y", outcome), ("weights", w)):
        count = int(values.size - np.isfinite(values).sum())
        if count:
            raise ValueError(_NOT_FINITE.format(name=name, count=count))
    if (w < 0).any():
        raise ValueError(f"weights must be 0 or more, got {int((w < 0).sum())} below 0.")
    return design, outcome, w, cluster


def _within(values: Floats, weights: Floats, bounds: npt.NDArray[np.int64]) -> Floats:
    """Take the weighted mean of each cluster out of each column."""
    starts, sizes = bounds[:-1], np.diff(bounds)
    total = np.add.reduceat(values * weights[:, None], starts, axis=0)
    means = total / np.add.reduceat(weights, starts)[:, None]
    return np.asarray(values - np.repeat(means, sizes, axis=0))


def _triangle(rows: Floats, size: Floats) -> Floats:
    """Return R of rows = QR, or say which column is dependent; size is that of each column."""
    if len(rows) < rows.shape[1]:
        raise DesignError(f"{len(rows)} rows cannot carry {rows.shape[1]} coefficients.")
    R = np.asarray(np.linalg.qr(rows, mode="r"))
    dependent = np.flatnonzero(np.abs(np.diag(R)) <= _SINGULAR * np.where(size > 0, size, 1.0))
    if len(dependent):
        raise DesignError(_SINGULAR_COLUMN.format(column=int(dependent[0])))
    return R


def _from_equal_rows(U: Floats, residuals: Floats, bounds: npt.NDArray[np.int64]) -> Adjusted:
    if len(bounds) == len(U) + 1:  # rows as clusters: no need to go through them one by one
        return adjusted_from_grams(U[:, :, None] * U[:, None, :], residuals.T[..., None] * U)
    spans = list(pairwise(bounds))
    grams = np.stack([U[a:b].T @ U[a:b] for a, b in spans])
    sums = np.stack([residuals[a:b].T @ U[a:b] for a, b in spans], axis=-2)
    return adjusted_from_grams(grams, sums)
