"""Weights that make a comparison group like the treated: neighbours, odds, entropy balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from absence_risk.errors import EstimationError
from absence_risk.stats.logit import fit_logit

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

__all__ = [
    "entropy_weights",
    "mahalanobis_points",
    "neighbour_weights",
    "odds_weights",
    "propensity_logit",
]

_TIE = 1e-9
_MAX_STEPS = 200
_OUT_OF_REACH = (
    "No weights give the comparison group the means of the treated: the treated lie outside what "
    "the comparison group covers. Leave out a covariate, or match with a caliper."
)


def propensity_logit(X: Floats, treated: Flags) -> Floats:
    """Return the log odds of being treated, from a logit on covariates.

    Parameters
    ----------
    X : numpy.ndarray of float64, shape (n, k)
        Covariates without an intercept.
    treated : numpy.ndarray of bool, shape (n,)
        Who is treated.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Log odds.

    Raises
    ------
    EstimationError
        If covariates are collinear or separate the groups.

    Examples
    --------
    >>> X = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> t = np.array([True, False, False, True, True, False])
    >>> np.exp(propensity_logit(X, t)).round(6)[[0, 3]].tolist()
    [0.5, 2.0]
    """
    spread = X.std(axis=0)
    if not (spread > 0).all():
        raise EstimationError("A covariate is the same for all pupils; leave it out.")
    Z = np.column_stack([np.ones(len(X)), (X - X.mean(axis=0)) / spread])
    fit = fit_logit(Z, treated.astype(np.float64), np.ones(len(X)))
    return np.asarray(Z @ fit.beta)


def mahalanobis_points(X: Floats, treated: Flags) -> Floats:
    """Return covariates turned so that plain distance is Mahalanobis distance.

    Parameters
    ----------
    X : numpy.ndarray of float64, shape (n, k)
        Covariates.
    treated : numpy.ndarray of bool, shape (n,)
        Who is treated; the covariance is pooled within the two groups.

    Returns
    -------
    numpy.ndarray of float64, shape (n, k)
        The points.

    Raises
    ------
    EstimationError
        If covariates are collinear.

    Examples
    --------
    >>> X = np.array([[0.0], [2.0], [1.0], [3.0]])
    >>> mahalanobis_points(X, np.array([True, True, False, False])).round(4).ravel().tolist()
    [0.0, 1.4142, 0.7071, 2.1213]
    """
    centred = np.where(treated[:, None], X - X[treated].mean(axis=0), X - X[~treated].mean(axis=0))
    covariance = centred.T @ centred / (len(X) - 2)
    scale = np.sqrt(np.diag(covariance))
    if not (scale > 0).all():
        raise EstimationError("A covariate does not vary within the groups; leave it out.")
    correlation = covariance / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1e12:
        raise EstimationError("Covariates are collinear; leave one out.")
    return np.asarray(np.linalg.solve(np.linalg.cholesky(correlation), (X / scale).T).T)


def neighbour_weights(
    points: Floats, treated: Flags, *, neighbours: int = 1, caliper: float | None = None
) -> Floats:
    """Return weights from nearest neighbours with replacement.

    Each treated pupil is given all comparison pupils no further than its k-th nearest, ties
    included, which share a weight of 1 (Abadie & Imbens 2006, Econometrica 74:235).
    The order of rows plays no part.

    Parameters
    ----------
    points : numpy.ndarray of float64, shape (n, k)
        Where pupils lie.
    treated : numpy.ndarray of bool, shape (n,)
        Who is treated.
    neighbours : int
        Number k of neighbours, from 1 to the size of the comparison group.
    caliper : float or None
        Largest distance allowed; treated pupils without a neighbour that near get weight 0.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        1 for matched treated pupils, the number of times used for the comparison.

    Examples
    --------
    >>> points = np.array([[0.0], [5.0], [1.0], [4.0], [9.0]])
    >>> neighbour_weights(points, np.array([True, True, False, False, False])).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    """
    own, others = points[treated], points[~treated]
    weights = np.zeros(len(points))
    for_treated, for_others = np.zeros(len(own)), np.zeros(len(others))
    for i, point in enumerate(own):
        distance = np.sqrt(((others - point) ** 2).sum(axis=1))
        reach = float(np.partition(distance, neighbours - 1)[neighbours - 1])
        near = distance <= reach * (1 + _TIE) + 1e-12
        if caliper is not None:
            near &= distance <= caliper
        if near.any():
            for_treated[i] = 1.0
            for_others[near] += 1 / near.sum()
    weights[treated], weights[~treated] = for_treated, for_others
    return weights


def odds_weights(logit: Floats, treated: Flags) -> Floats:
    """Return inverse-probability weights for the effect on the treated, p/(1 − p).

    Parameters
    ----------
    logit : numpy.ndarray of float64, shape (n,)
        Log odds of being treated.
    treated : numpy.ndarray of bool, shape (n,)
        Who is treated.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        1 for the treated; the comparison's weights sum to the number of treated.

    Examples
    --------
    >>> logit = np.log([1.0, 2.0, 1.0, 3.0])
    >>> odds_weights(logit, np.array([True, True, False, False])).tolist()
    [1.0, 1.0, 0.5, 1.5]
    """
    weights = np.ones(len(logit))
    weights[~treated] = softmax(logit[~treated]) * treated.sum()
    return weights


def entropy_weights(X: Floats, treated: Flags) -> Floats:
    """Return the most even weights that give the comparison group the treated's means.

    Minimises Σ w log w under equal means by Newton's method on the dual (Hainmueller 2012,
    Political Analysis 20:25).

    Parameters
    ----------
    X : numpy.ndarray of float64, shape (n, k)
        Covariates.
    treated : numpy.ndarray of bool, shape (n,)
        Who is treated.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        1 for the treated; the comparison's weights sum to the number of treated.

    Raises
    ------
    EstimationError
        If no such weights exist, or covariates are collinear.

    Examples
    --------
    >>> X = np.array([[1.0], [1.5], [0.0], [1.0], [2.0]])
    >>> w = entropy_weights(X, np.array([True, True, False, False, False]))
    >>> round(float(w[2:] @ X[2:, 0] / w[2:].sum()), 9), w[2:].round(4).tolist()
    (1.25, [0.4325, 0.635, 0.9325])
    """
    spread = X.std(axis=0)
    if not (spread > 0).all():
        raise EstimationError("A covariate is the same for all pupils; leave it out.")
    B = (X[~treated] - X[treated].mean(axis=0)) / spread
    dual = np.zeros(B.shape[1])
    for _ in range(_MAX_STEPS):
        p = softmax(B @ dual)
        slope = B.T @ p
        if np.abs(slope).max() < 1e-12:
            break
        curvature = (B.T * p) @ B - np.outer(slope, slope)
        if np.linalg.cond(curvature) > 1e14:
            raise EstimationError(_OUT_OF_REACH)
        step, loss = np.linalg.solve(curvature, slope), _log_sum(B @ dual)
        # Close to the end a step gains less than rounding takes; it must not be refused for that.
        halving, slack = 1.0, 1e-13 * (1 + abs(loss))
        while _log_sum(B @ (dual - halving * step)) > loss + slack and halving > 1e-10:
            halving /= 2
        dual = dual - halving * step
    if np.abs(B.T @ softmax(B @ dual)).max() > 1e-8:
        raise EstimationError(_OUT_OF_REACH)
    weights = np.ones(len(X))
    weights[~treated] = softmax(B @ dual) * treated.sum()
    return weights


def _log_sum(values: Floats) -> float:
    largest = float(values.max())
    return largest + float(np.log(np.exp(values - largest).sum()))
