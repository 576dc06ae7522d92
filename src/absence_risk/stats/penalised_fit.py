"""The strength of one penalty by restricted maximum likelihood, and the fit under it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import linalg, optimize, special

from absence_risk.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Fitted", "Moments", "fit_glm", "fit_moments"]

_RANGE = (-12.0, 24.0)
_STEP = 2.0
_LARGEST = 40.0
_STEPS = 60
_NO_FIT = (
    "The smooth regression has no finite solution: some combination of covariates separates "
    "pupils with from pupils without the outcome, or columns repeat each other. Leave out a "
    "covariate or join small groups."
)


@dataclass(frozen=True, eq=False)
class Moments:
    """What least squares needs of the rows.

    Parameters
    ----------
    gram : numpy.ndarray, shape (p, p)
        XᵀX.
    cross : numpy.ndarray, shape (p,)
        Xᵀy.
    square : float
        yᵀy.
    n : int
        Rows less levels that were taken out of both.
    """

    gram: Floats
    cross: Floats
    square: float
    n: int

    def without(self, other: Moments) -> Moments:
        """Return the moments of the rows that are not in another set of rows.

        Parameters
        ----------
        other : Moments
            Moments of rows that are part of these.

        Returns
        -------
        Moments
            The rest.
        """
        return Moments(
            self.gram - other.gram,
            self.cross - other.cross,
            self.square - other.square,
            self.n - other.n,
        )


@dataclass(frozen=True, eq=False)
class Fitted:
    """Coefficients under the chosen penalty.

    Parameters
    ----------
    coef : numpy.ndarray, shape (p,)
        Coefficients.
    smoothing : float
        Strength λ of the penalty; 0 where there is none.
    score : float
        Restricted log-likelihood with its sign changed.
    scale : float
        Residual variance; 1 for events and counts.
    inverse : numpy.ndarray, shape (p, p)
        (XᵀWX + λS)⁻¹.
    edf : float
        Effective degrees of freedom.
    spread : numpy.ndarray, shape (p, p)
        What the unknown λ adds to the covariance.
    """

    coef: Floats
    smoothing: float
    score: float
    scale: float
    inverse: Floats
    edf: float
    spread: Floats


@dataclass(frozen=True, eq=False)
class _Penalty:
    matrix: Floats
    rank: int
    log_det: float
    unit: float

    def strength(self, position: float) -> float:
        return self.unit * float(np.exp(position)) if self.rank else 0.0

    def log_det_at(self, strength: float) -> float:
        """Return log |λS| over the directions that are penalised."""
        return self.log_det + self.rank * float(np.log(strength)) if self.rank else 0.0


def _penalty(matrix: Floats, gram: Floats) -> _Penalty:
    values = np.linalg.eigvalsh(matrix)
    positive = values[values > 1e-10 * max(values[-1], 1e-300)]
    if values[-1] <= 0:
        return _Penalty(matrix, 0, 0.0, 0.0)
    held = np.diag(matrix) > 0
    unit = float(np.trace(gram[np.ix_(held, held)]) / np.trace(matrix))
    return _Penalty(matrix, len(positive), float(np.log(positive).sum()), unit)


def _inverse(matrix: Floats) -> tuple[Floats, float]:
    """Return inverse and log determinant of a positive definite matrix, or raise."""
    scale = 1 / np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    try:
        factor = linalg.cho_factor(matrix * np.outer(scale, scale))
    except linalg.LinAlgError as error:
        raise EstimationError(_NO_FIT) from error
    diagonal = np.diag(factor[0])
    if diagonal.min() < 1e-7:
        raise EstimationError(_NO_FIT)
    inverse = linalg.cho_solve(factor, np.eye(len(matrix))) * np.outer(scale, scale)
    return inverse, float(2 * np.log(diagonal).sum() - 2 * np.log(scale).sum())


def _choose(solve: Callable[[float], Fitted], form: _Penalty) -> Fitted:
    """Return the fit with the least score: a coarse grid, then Brent's method around its best.

    Positions are logarithms of λ in units of tr(XᵀWX)/tr(S). Few data often leave the score flat
    towards a straight line; the grid then carries what other λ would say. With weights
    p ∝ exp(−score) over every λ that neither switches the penalty off nor the curve (a flat prior
    on log λ), the covariance grows by Σ p (V_λ + (β_λ − β̂)(β_λ − β̂)ᵀ) − V (total variance).
    """
    if form.rank == 0:
        return solve(0.0)
    grid = np.arange(_RANGE[1], _RANGE[0] - _STEP / 2, -_STEP)
    fits = [solve(float(at)) for at in grid]
    near = float(grid[int(np.argmin([fit.score for fit in fits]))])
    bounds = (max(near - _STEP, _RANGE[0]), min(near + _STEP, _RANGE[1]))
    found = optimize.minimize_scalar(
        lambda at: solve(at).score, bounds=bounds, method="bounded", options={"xatol": 1e-6}
    )
    best = solve(float(found.x))
    free = len(best.coef) - form.rank
    between = [fit for fit in fits if free + 0.1 < fit.edf < free + form.rank - 0.5]
    if not between:
        return best
    weight = np.exp([best.score - fit.score for fit in between])
    weight /= weight.sum()
    spread = -best.inverse * best.scale
    for share, fit in zip(weight, between, strict=True):
        apart = fit.coef - best.coef
        spread += share * (fit.inverse * fit.scale + np.outer(apart, apart))
    values, vectors = np.linalg.eigh(spread)
    return replace(best, spread=(vectors * np.maximum(values, 0.0)) @ vectors.T)


def fit_moments(moments: Moments, penalty: Floats) -> Fitted:
    """Fit by penalised least squares with REML's strength of the penalty.

    With M the unpenalised directions and φ = (yᵀy − β̂ᵀXᵀy)/(n − M), the score is
    (n − M)(1 + log 2πφ)/2 + log |XᵀX + λS|/2 − log |λS|₊/2 (Wood 2011, equation 4, φ profiled).

    Parameters
    ----------
    moments : Moments
        XᵀX, Xᵀy, yᵀy and n; y centred, or its rounding error grows with its mean.
    penalty : numpy.ndarray, shape (p, p)
        Penalty S of the coefficients, with zeros for unpenalised ones.

    Returns
    -------
    Fitted
        The fit.

    Raises
    ------
    EstimationError
        If columns repeat each other.
    """
    form = _penalty(penalty, moments.gram)
    free = moments.n - (len(moments.cross) - form.rank)

    def solve(position: float) -> Fitted:
        """Fit at one strength."""
        strength = form.strength(position)
        inverse, log_det = _inverse(moments.gram + strength * penalty)
        coef = inverse @ moments.cross
        scale = max(moments.square - float(coef @ moments.cross), 1e-300) / free
        score = free * (1 + np.log(2 * np.pi * scale)) + log_det - form.log_det_at(strength)
        edf = float(np.einsum("ij,ji->", inverse, moments.gram))
        none = np.zeros_like(inverse)
        return Fitted(coef, strength, float(score) / 2, scale, inverse, edf, none)

    return _choose(solve, form)


def fit_glm(
    design: Floats, y: Floats, penalty: Floats, family: Literal["binomial", "poisson"]
) -> Fitted:
    """Fit events or counts with REML's strength of the penalty, in Laplace's approximation.

    The score is −l(β̂) + λβ̂ᵀSβ̂/2 + log |XᵀWX + λS|/2 − log |λS|₊/2 − M log(2π)/2 (Wood 2011,
    equation 5), with β̂ the penalised fit at each λ, warm-started from the last.

    Parameters
    ----------
    design : numpy.ndarray, shape (n, p)
        Columns, the intercept first.
    y : numpy.ndarray, shape (n,)
        0 or 1, or counts.
    penalty : numpy.ndarray, shape (p, p)
        Penalty S of the coefficients, with zeros for unpenalised ones.
    family : {"binomial", "poisson"}
        Distribution.

    Returns
    -------
    Fitted
        The fit.

    Raises
    ------
    EstimationError
        If there is no finite solution.
    """
    binomial = family == "binomial"
    mean = float(y.mean())
    coef = np.zeros(design.shape[1])
    coef[0] = np.log(mean / (1 - mean)) if binomial else np.log(mean)
    constant = 0.0 if binomial else float(special.gammaln(y + 1).sum())
    curve = mean * (1 - mean) if binomial else mean
    form = _penalty(penalty, curve * (design.T @ design))
    free = design.shape[1] - form.rank

    def loss(at: Floats, eta: Floats, strength: float) -> float:
        """Return the penalised negative log-likelihood."""
        each = np.logaddexp(0.0, eta) if binomial else np.exp(np.minimum(eta, 700.0))
        return float(each.sum() - y @ eta + strength * (at @ penalty @ at) / 2) + constant

    def solve(position: float) -> Fitted:
        """Fit at one strength; later fits start from here."""
        nonlocal coef
        strength = form.strength(position)
        eta = design @ coef
        now = loss(coef, eta, strength)
        for _ in range(_STEPS):
            mu = special.expit(eta) if binomial else np.exp(eta)
            weight = mu * (1 - mu) if binomial else mu
            gram = design.T @ (weight[:, None] * design)
            inverse, log_det = _inverse(gram + strength * penalty)
            step = inverse @ (design.T @ (y - mu) - strength * (penalty @ coef))
            size = 1.0
            while (after := loss(coef + size * step, design @ (coef + size * step), strength)) > (
                now + 1e-10 * abs(now)
            ) and size > 1e-6:
                size /= 2
            coef = coef + size * step
            eta = design @ coef
            fell, now = now - after, after
            if np.abs(eta).max() > _LARGEST:
                raise EstimationError(_NO_FIT)
            if fell <= 1e-11 * abs(now):
                break
        score = now + (log_det - form.log_det_at(strength) - free * np.log(2 * np.pi)) / 2
        edf = float(np.einsum("ij,ji->", inverse, gram))
        none = np.zeros_like(inverse)
        return Fitted(coef, strength, float(score), 1.0, inverse, edf, none)

    return _choose(solve, form)
