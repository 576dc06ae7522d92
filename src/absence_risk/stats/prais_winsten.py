"""Regression of a time series whose errors follow a first-order autoregression.

Own kernel: statsmodels' GLSAR drops the first point (Cochrane-Orcutt); in a series of 20 months
that loses a twentieth of the data and the only point that anchors the trend at its start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import EstimationError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["PraisWinsten", "fit_prais_winsten", "satterthwaite_df"]

_MAX_STEPS = 500
_LARGEST_RHO = 0.9999


@dataclass(frozen=True, eq=False, kw_only=True)
class PraisWinsten:
    """A fitted regression with autoregressive errors.

    Parameters
    ----------
    beta : numpy.ndarray of float64, shape (k,)
        Coefficients.
    covariance : numpy.ndarray of float64, shape (k, k)
        Covariance given the autocorrelation.
    rho : float
        Autocorrelation of neighbouring errors.
    df : int
        Rows less coefficients.
    """

    beta: Floats
    covariance: Floats
    rho: float
    df: int


def fit_prais_winsten(
    X: Floats,
    y: Floats,
    *,
    rho: float | None = None,
    method: Literal["iterated", "reml"] = "reml",
) -> PraisWinsten:
    """Fit a regression with AR(1) errors and keep the first point.

    The first row is multiplied by √(1 − ρ²), every other is y_t − ρ y_{t−1}; least squares on
    these is generalised least squares (Prais & Winsten 1954, Cowles Discussion Paper 383).
    "iterated" alternates it with ρ = Σ e_t e_{t−1} / Σ e²_{t−1} of the residuals; "reml" maximises
    the restricted likelihood, which is the least biased for ρ in short series (Turner et al. 2021,
    BMC Med Res Methodol 21:181).

    Parameters
    ----------
    X : numpy.ndarray of float64, shape (n, k)
        Regressors in order of time, equally spaced, with the intercept.
    y : numpy.ndarray of float64, shape (n,)
        Outcome.
    rho : float or None
        Autocorrelation if it is known, in (−1, 1); else it is estimated.
    method : {"iterated", "reml"}
        How to estimate it.

    Returns
    -------
    PraisWinsten
        Coefficients, covariance, autocorrelation, degrees of freedom.

    Raises
    ------
    EstimationError
        If regressors are collinear or the iteration does not settle.
    ValueError
        If there are too few rows, or ``rho`` is out of range.

    Examples
    --------
    >>> X = np.column_stack([np.ones(6), np.arange(6.0)])
    >>> fit = fit_prais_winsten(X, np.array([1.0, 2.5, 2.0, 3.5, 5.0, 5.5]), rho=0.5)
    >>> fit.beta.round(3).tolist(), fit.df
    ([1.0, 0.9], 4)
    """
    check.choice(method, ("iterated", "reml"), "method")
    n, k = X.shape
    if n <= k:
        raise ValueError(f"{n} points cannot carry {k} coefficients.")
    if np.linalg.matrix_rank(X) < k:
        raise EstimationError("The regressors of the series are collinear.")
    if rho is None:
        rho = _iterated(X, y) if method == "iterated" else _reml(X, y)
    elif not -1 < rho < 1:
        raise ValueError(f"rho must lie between -1 and 1, got {rho:g}.")
    Z, z = _quasi_differences(X, y, rho)
    inverse = np.linalg.inv(Z.T @ Z)
    beta = inverse @ (Z.T @ z)
    variance = float(((z - Z @ beta) ** 2).sum()) / (n - k)
    return PraisWinsten(beta=beta, covariance=variance * inverse, rho=rho, df=n - k)


def satterthwaite_df(X: Floats, y: Floats, rho: float, c: Floats) -> float:
    """Return the degrees of freedom of a contrast when the autocorrelation was estimated.

    df = 2/Var(log v) with v the variance of the contrast, its logarithm linearised in the log
    variance and ρ, whose covariance is the inverse of the observed restricted information
    (Satterthwaite; "REML-Satt" in Turner et al. 2021, BMC Med Res Methodol 21:181).

    Parameters
    ----------
    X : numpy.ndarray of float64, shape (n, k)
        Regressors.
    y : numpy.ndarray of float64, shape (n,)
        Outcome.
    rho : float
        Autocorrelation at the maximum of the restricted likelihood.
    c : numpy.ndarray of float64, shape (k,)
        Contrast.

    Returns
    -------
    float
        From 1, where the data say next to nothing about ρ, to n − k, where ρ does not matter.

    Examples
    --------
    >>> X, y = np.ones((8, 1)), np.array([1.0, 2.0, 0.0, 3.0, 1.0, 4.0, 2.0, 3.0])
    >>> fit = fit_prais_winsten(X, y)
    >>> round(satterthwaite_df(X, y, fit.rho, np.ones(1)), 2)
    3.2
    """
    n, k = X.shape
    h = 1e-3 * (1 - abs(rho))

    def parts(at: float) -> tuple[float, float, float]:
        Z, z = _quasi_differences(X, y, at)
        R: Floats = np.asarray(np.linalg.qr(Z, mode="r"))
        rss = float(((z - Z @ np.linalg.lstsq(Z, z, rcond=None)[0]) ** 2).sum())
        spread = 2 * float(np.log(np.abs(np.diag(R))).sum()) - float(np.log1p(-(at**2)))
        # Z'Z = R'R, so the variance of the contrast per unit of innovation variance is |R'^-1 c|².
        return rss, spread, float(np.log((np.linalg.solve(R.T, c) ** 2).sum()))

    low, here, high = parts(rho - h), parts(rho), parts(rho + h)
    if not here[0] > 0:
        return float(n - k)
    unit = here[0] / (n - k)
    first = [(b - a) / (2 * h) for a, b in zip(low, high, strict=True)]
    curvature = [(a - 2 * m + b) / h**2 for a, m, b in zip(low, here, high, strict=True)]
    corner = (curvature[1] + curvature[0] / unit) / 2
    cross = -first[0] / (2 * unit)
    information = np.array([[(n - k) / 2, cross], [cross, corner]])
    if not (corner > 0 and np.linalg.det(information) > 0):
        return 1.0
    slope = np.array([1.0, first[2]])
    df = 2 / float(slope @ np.linalg.solve(information, slope))
    return min(max(df, 1.0), float(n - k))


def _quasi_differences(X: Floats, y: Floats, rho: float) -> tuple[Floats, Floats]:
    first = np.sqrt(1 - rho**2)
    Z = np.concatenate([first * X[:1], X[1:] - rho * X[:-1]])
    return Z, np.concatenate([first * y[:1], y[1:] - rho * y[:-1]])


def _iterated(X: Floats, y: Floats) -> float:
    rho = 0.0
    for _ in range(_MAX_STEPS):
        Z, z = _quasi_differences(X, y, rho)
        e = y - X @ np.linalg.lstsq(Z, z, rcond=None)[0]
        below = float(e[:-1] @ e[:-1])
        new = float(e[1:] @ e[:-1]) / below if below > 0 else 0.0
        new = min(max(new, -_LARGEST_RHO), _LARGEST_RHO)
        if abs(new - rho) < 1e-12:
            return new
        rho = new
    raise EstimationError("The autocorrelation does not settle; use method='reml'.")


def _reml(X: Floats, y: Floats) -> float:
    from scipy import optimize  # noqa: PLC0415 (importing the package must stay instant)

    n, k = X.shape
    if float(((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]) ** 2).sum()) <= 1e-20 * float(y @ y):
        return 0.0  # a perfect fit has no autocorrelation to find

    def loss(rho: float) -> float:
        Z, z = _quasi_differences(X, y, rho)
        R = np.linalg.qr(Z, mode="r")
        rss = float(((z - Z @ np.linalg.lstsq(Z, z, rcond=None)[0]) ** 2).sum())
        determinant = 2 * float(np.log(np.abs(np.diag(R))).sum())
        return float((n - k) * np.log(rss) - np.log1p(-(rho**2)) + determinant)

    grid = np.linspace(-0.98, 0.98, 50)
    best = int(np.argmin([loss(rho) for rho in grid]))
    low = -_LARGEST_RHO if best == 0 else float(grid[best - 1])
    high = _LARGEST_RHO if best == len(grid) - 1 else float(grid[best + 1])
    found = optimize.minimize_scalar(
        loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)
