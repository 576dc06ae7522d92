"""A smooth curve whose wiggliness the data choose: penalised cubic regression spline with REML.

The curve is a natural cubic spline given by its values at the knots, with the penalty λ∫f″² (Wood
2017, *Generalized Additive Models*, 2nd ed., section 5.3.1). λ minimises the restricted likelihood,
in Laplace's form where the outcome is not normal (Wood 2011, JRSS B 73:3, equations 4 and 5).
Libraries in Python lack REML for it (statsmodels) or warn against their own tests (pyGAM).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg, special

from absence_risk.stats.cr1 import cr1_covariance
from absence_risk.stats.penalised_fit import Fitted, Moments, fit_glm, fit_moments

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Family = Literal["gaussian", "binomial", "poisson"]

__all__ = ["CubicBasis", "PenalisedFit", "cubic_basis", "fit_penalised"]


@dataclass(frozen=True, eq=False)
class CubicBasis:
    """Natural cubic spline that sums to zero over the data it was made for.

    Parameters
    ----------
    knots : numpy.ndarray of float64, shape (k,)
        Knots, strictly increasing.
    second : numpy.ndarray of float64, shape (k, k)
        Second derivatives at the knots per value at each knot.
    free : numpy.ndarray of float64, shape (k, k − 1)
        Orthonormal directions in which values may move without changing the sum over the data.
    penalty : numpy.ndarray of float64, shape (k − 1, k − 1)
        Matrix of ∫f″² along these directions.
    """

    knots: Floats
    second: Floats
    free: Floats
    penalty: Floats

    def columns(self, x: npt.ArrayLike) -> Floats:
        """Return the basis at given places.

        Parameters
        ----------
        x : array-like of float, shape (n,)
            Where to evaluate; beyond the outer knots the curve is straight.

        Returns
        -------
        numpy.ndarray of float64, shape (n, k − 1)
            Basis.
        """
        return np.asarray(_natural(np.asarray(x, dtype=np.float64), self.knots, self.second)) @ (
            self.free
        )


@dataclass(frozen=True, eq=False)
class PenalisedFit:
    """A fitted penalised regression.

    Parameters
    ----------
    coef : numpy.ndarray of float64, shape (p,)
        Coefficients.
    smoothing : float
        λ, in the units of the penalty.
    edf : float
        Effective degrees of freedom, tr((XᵀWX + λS)⁻¹XᵀWX).
    score : float
        Restricted log-likelihood with its sign changed, at its least.
    scale : float
        Residual variance; 1 for events and counts.
    posterior : numpy.ndarray of float64, shape (p, p)
        Covariance of the coefficients where rows are independent, with the squared bias of the
        penalty (Nychka 1988, JASA 83:1134).
    influence : numpy.ndarray of float64, shape (n, p)
        Influence of each row on each coefficient.
    bias : numpy.ndarray of float64, shape (p, p)
        The part of ``posterior`` that stands for the bias of the penalty.
    spread : numpy.ndarray of float64, shape (p, p)
        What the unknown strength of the penalty adds, averaged over strengths by their restricted
        likelihood.
    """

    coef: Floats
    smoothing: float
    edf: float
    score: float
    scale: float
    posterior: Floats
    influence: Floats
    bias: Floats
    spread: Floats

    def robust(self, codes: npt.NDArray[np.int64]) -> Floats:
        """Return the covariance with rows of a cluster free to depend on each other.

        CR1 sandwich plus the squared bias of the penalty, plus what its unknown strength adds: of
        the posterior covariance only the part that rests on independent rows is replaced.

        Parameters
        ----------
        codes : numpy.ndarray of int64, shape (n,)
            Cluster of each row: 0, 1, …, at least 2.

        Returns
        -------
        numpy.ndarray of float64, shape (p, p)
            Covariance.
        """
        count = round(self.edf)
        sandwich = cr1_covariance(self.influence, codes, n_parameters=count)
        return np.asarray(sandwich + self.bias + self.spread)


def cubic_basis(x: npt.ArrayLike, size: int = 15) -> CubicBasis:
    """Lay out a natural cubic spline with knots at quantiles of the distinct values.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Exposure.
    size : int
        Number of knots, at least 4; fewer are laid where x has fewer distinct values.

    Returns
    -------
    CubicBasis
        The basis.

    Raises
    ------
    ValueError
        If there are fewer than 4 knots or distinct values.

    Examples
    --------
    >>> basis = cubic_basis(np.arange(10.0), 5)
    >>> columns = basis.columns(np.arange(10.0))
    >>> columns.shape, bool(abs(columns.sum(axis=0)).max() < 1e-12)
    ((10, 4), True)
    """
    at = np.asarray(x, dtype=np.float64)
    distinct = np.unique(at)
    if min(size, len(distinct)) < 4:
        raise ValueError(
            f"a smooth curve needs at least 4 knots and distinct values, got {size} and "
            f"{len(distinct)}."
        )
    knots = np.quantile(distinct, np.linspace(0, 1, min(size, len(distinct))))
    gaps = np.diff(knots)
    middle = len(knots) - 2
    differences = np.zeros((middle, len(knots)))
    row = np.arange(middle)
    differences[row, row] = 1 / gaps[:-1]
    differences[row, row + 1] = -1 / gaps[:-1] - 1 / gaps[1:]
    differences[row, row + 2] = 1 / gaps[1:]
    overlap = np.diag((gaps[:-1] + gaps[1:]) / 3)
    overlap += np.diag(gaps[1:-1] / 6, 1) + np.diag(gaps[1:-1] / 6, -1)
    bent = np.linalg.solve(overlap, differences)
    second = np.vstack([np.zeros(len(knots)), bent, np.zeros(len(knots))])
    sums = _natural(at, knots, second).sum(axis=0)
    free = linalg.qr(sums[:, None])[0][:, 1:]
    penalty = free.T @ differences.T @ bent @ free
    return CubicBasis(knots, second, free, (penalty + penalty.T) / 2)


def _natural(x: Floats, knots: Floats, second: Floats) -> Floats:
    """Return the spline at x per value at each knot (Wood 2017, table 5.1)."""
    inside = np.clip(x, knots[0], knots[-1])
    gap = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
    width = np.diff(knots)[gap]
    left, right = knots[gap + 1] - inside, inside - knots[gap]
    out = (left**3 / width - left * width)[:, None] * second[gap] / 6
    out += (right**3 / width - right * width)[:, None] * second[gap + 1] / 6
    row = np.arange(len(x))
    out[row, gap] += left / width
    out[row, gap + 1] += right / width
    beyond = (x - inside)[:, None]
    if beyond.any():
        slope = -(3 * left**2 / width - width)[:, None] * second[gap] / 6
        slope += (3 * right**2 / width - width)[:, None] * second[gap + 1] / 6
        slope[row, gap] -= 1 / width
        slope[row, gap + 1] += 1 / width
        out += beyond * slope
    return np.asarray(out)


def fit_penalised(
    design: Floats, y: Floats, penalty: Floats, *, family: Family = "gaussian"
) -> PenalisedFit:
    """Fit a regression with one penalty whose strength REML chooses.

    Parameters
    ----------
    design : numpy.ndarray, shape (n, p)
        Unpenalised columns with the intercept first, penalised columns last.
    y : numpy.ndarray, shape (n,)
        Outcome.
    penalty : numpy.ndarray, shape (m, m)
        Penalty of the last m columns; zeros (or m = 0) for none.
    family : {"gaussian", "binomial", "poisson"}
        Distribution, with identity, logit or log link.

    Returns
    -------
    PenalisedFit
        The fit.

    Raises
    ------
    EstimationError
        If there is no finite solution.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.random(300)
    >>> basis = cubic_basis(x, 10)
    >>> design = np.column_stack([np.ones(300), basis.columns(x)])
    >>> straight = fit_penalised(design, 2 * x + rng.normal(size=300), basis.penalty)
    >>> 2 <= round(straight.edf, 2) < 3
    True
    """
    whole = np.zeros((design.shape[1], design.shape[1]))
    m = len(penalty)
    if m:
        whole[-m:, -m:] = penalty
    if family == "gaussian":
        level = y.mean()
        left = y - level
        found = fit_moments(Moments(design.T @ design, design.T @ left, left @ left, len(y)), whole)
        resid = left - design @ found.coef
        weight = np.ones(len(y))
        found.coef[0] += level
    else:
        found = fit_glm(design, y, whole, family)
        eta = design @ found.coef
        mean = special.expit(eta) if family == "binomial" else np.exp(eta)
        resid, weight = y - mean, mean * (1 - mean) if family == "binomial" else mean
    return _finish(found, design, resid, weight)


def _finish(found: Fitted, design: Floats, resid: Floats, weight: Floats) -> PenalisedFit:
    """Add covariances; ``resid`` is outcome minus mean, ``weight`` the curvature of each row."""
    bread = found.inverse
    gram = design.T @ (weight[:, None] * design)
    posterior = bread * found.scale
    return PenalisedFit(
        coef=found.coef,
        smoothing=found.smoothing,
        edf=found.edf,
        score=found.score,
        scale=found.scale,
        posterior=posterior,
        influence=(design * resid[:, None]) @ bread,
        bias=posterior - found.scale * bread @ gram @ bread,
        spread=found.spread,
    )
