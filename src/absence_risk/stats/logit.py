"""Weighted fractional logit with the score of each row.

Own kernel because a contrast of two fits on the same schools needs scores and curvature of both,
which libraries do not hand out; checked against statsmodels and R.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from absence_risk.errors import EstimationError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["LogitFit", "fit_logit"]

_MAX_STEPS = 60
_SMALL_STEP = 1e-9
_LARGEST_LOGIT = 500.0


@dataclass(frozen=True, eq=False, kw_only=True)
class LogitFit:
    """A fitted fractional logit.

    Parameters
    ----------
    beta : numpy.ndarray of float, shape (k,)
        Coefficients: log odds ratios.
    mean : numpy.ndarray of float, shape (n,)
        Fitted shares.
    curvature : numpy.ndarray of float, shape (n,)
        Weight of each row in the information matrix, w p (1 - p), weights scaled to mean 1.
    scores : numpy.ndarray of float, shape (n, k)
        Score of each row, w (y - p) x; columns sum to zero.
    n_steps : int
        Newton steps taken.
    """

    beta: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    curvature: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    n_steps: int


def fit_logit(
    X: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> LogitFit:
    """Fit a logit to shares by weighted quasi-likelihood.

    Solves sum_i w_i (y_i - p_i) x_i = 0 with p_i = 1/(1 + exp(-x_i'b)) by Newton's method with
    step halving (Papke & Wooldridge 1996, J Appl Econometrics 11:619, eq. 5). The unit of
    the weights plays no part.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (n, k)
        Regressors with the intercept, of full column rank.
    y : numpy.ndarray of float, shape (n,)
        Shares in [0, 1].
    weights : numpy.ndarray of float, shape (n,)
        Weights of at least zero, here time at risk.

    Returns
    -------
    LogitFit
        Coefficients, fitted shares, curvature and scores.

    Raises
    ------
    EstimationError
        If regressors are collinear, or no finite coefficients exist (separation).

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [1.0, 1.0]])
    >>> fit = fit_logit(X, np.array([0.2, 0.5]), np.array([10.0, 30.0]))
    >>> float(np.exp(fit.beta[1]).round(6))
    4.0
    """
    w = weights / weights.mean()
    beta = np.zeros(X.shape[1])
    loss = _loss(X @ beta, y, w)
    for n_steps in range(1, _MAX_STEPS + 1):
        mean = special.expit(X @ beta)
        step = _solve(X, w * mean * (1 - mean), X.T @ (w * (y - mean)))
        for halving in range(30):
            candidate = beta + step / 2**halving
            new_loss = _loss(X @ candidate, y, w)
            if new_loss <= loss * (1 + 1e-12) + 1e-12:
                beta, loss = candidate, new_loss
                break
        if np.abs(X @ beta).max() > _LARGEST_LOGIT:
            break
        if np.abs(step).max() <= _SMALL_STEP * (1 + np.abs(beta).max()):
            mean = special.expit(X @ beta)
            return LogitFit(
                beta=beta,
                mean=mean,
                curvature=w * mean * (1 - mean),
                scores=(w * (y - mean))[:, None] * X,
                n_steps=n_steps,
            )
    raise EstimationError(
        "The logit has no finite solution: some combination of regressors separates pupils "
        "with from pupils without the outcome. Leave out a covariate or join small groups."
    )


def _loss(
    eta: npt.NDArray[np.float64], y: npt.NDArray[np.float64], w: npt.NDArray[np.float64]
) -> float:
    return float(w @ (np.logaddexp(0.0, eta) - y * eta))


def _solve(
    X: npt.NDArray[np.float64], curvature: npt.NDArray[np.float64], right: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    information = X.T @ (curvature[:, None] * X)
    scale = np.sqrt(np.diag(information))
    if not (scale > 0).all() or np.linalg.cond(information / np.outer(scale, scale)) > 1e13:
        raise EstimationError(
            "The regressors of the logit are collinear, or an outcome never varies within a "
            "group. Leave out a covariate or join small groups."
        )
    return np.asarray(np.linalg.solve(information / np.outer(scale, scale), right / scale) / scale)
