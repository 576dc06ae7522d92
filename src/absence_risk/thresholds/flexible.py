"""Shapes that the data draw themselves: a penalised spline, and a curve that never turns back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.penalised_fit import Moments, fit_moments
from absence_risk.stats.penalised_spline import cubic_basis

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["Flexible", "fit_monotone", "fit_penalised_shape"]

_KNOTS = 15
_FEWEST_KNOTS = 4
_ROUNDS = 50


@dataclass(frozen=True, eq=False)
class Flexible:
    """A shape without a formula.

    Parameters
    ----------
    name : str
        Name of the shape.
    at : callable
        Its height, up to a constant, at shares of absence.
    n_params : float
        Effective number of parameters of the mean, covariates included.
    ssr : float
        Sum of squared residuals, weighted.
    n : int
        Rows.
    """

    name: str
    at: Callable[[Floats], Floats]
    n_params: float
    ssr: float
    n: int

    @property
    def bic(self) -> float:
        """Bayesian information criterion with the effective number of parameters."""
        return float(self.n * np.log(self.ssr / self.n) + self.n_params * np.log(self.n))


def fit_penalised_shape(sample: Sample) -> Flexible:
    """Fit a cubic regression spline with REML's penalty.

    Parameters
    ----------
    sample : Sample
        Complete rows.

    Returns
    -------
    Flexible
        The shape; its number of parameters is the effective degrees of freedom.
    """
    distinct = len(np.unique(sample.x))
    basis = cubic_basis(sample.x, max(_FEWEST_KNOTS, min(_KNOTS, distinct - 1)))
    root = np.ones(sample.n) if sample.root is None else sample.root
    columns = sample.within(np.hstack([_independent(sample), basis.columns(sample.x)]))
    design = np.hstack([np.ones((sample.n, 1)), columns]) * root[:, None]
    target = sample.within(sample.y[:, None])[:, 0]
    target = (target - target.mean()) * root
    penalty = np.zeros((design.shape[1], design.shape[1]))
    m = len(basis.penalty)
    penalty[-m:, -m:] = basis.penalty
    moments = Moments(
        design.T @ design, design.T @ target, float(target @ target), sample.n - sample.n_absorbed
    )
    fit = fit_moments(moments, penalty)
    left = target - design @ fit.coef
    return Flexible(
        name="penalised spline",
        at=lambda x: np.asarray(basis.columns(x) @ fit.coef[-m:]),
        n_params=fit.edf,
        ssr=float(left @ left),
        n=sample.n,
    )


def _independent(sample: Sample) -> Floats:
    """Return columns that span the covariates: in a part of the rows some may be constant."""
    if sample.adjust.shape[1] == 0:
        return sample.adjust
    centred = sample.adjust - sample.adjust.mean(axis=0)
    u, singular, _ = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(u[:, singular > 1e-8])


def fit_monotone(sample: Sample, *, rising: bool) -> Flexible:
    """Fit a curve that never turns back, beside linear covariates and levels of pupils.

    Least squares by turns: pool adjacent violators for the curve (Barlow et al. 1972, *Statistical
    Inference under Order Restrictions*), a regression for the rest. The problem is convex, so turns
    lead to its solution. The number of parameters is that of the distinct heights (Meyer &
    Woodroofe 2000, Ann Stat 28:1083). Between observed places the curve is drawn straight.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    rising : bool
        Whether the curve may rise; it may fall otherwise.

    Returns
    -------
    Flexible
        The shape.
    """
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 (importing must stay instant)

    places, codes = np.unique(sample.x, return_inverse=True)
    weights = np.ones(sample.n) if sample.weights is None else sample.weights
    per_place = np.bincount(codes, weights=weights)
    rest, height = np.zeros(sample.n), np.zeros(len(places))
    tolerance = 1e-9 * float(np.ptp(sample.y))
    for _ in range(_ROUNDS):
        means = np.bincount(codes, weights=weights * (sample.y - rest)) / per_place
        new = isotonic_regression(means, weights=per_place, increasing=rising).x
        moved = float(np.abs(new - height).max())
        height, left = new, sample.y - new[codes]
        rest = _linear_part(sample, left)
        if moved <= tolerance or (sample.adjust.shape[1] == 0 and sample.groups is None):
            break
    resid = left - rest
    heights = 1 + int((np.abs(np.diff(height)) > tolerance).sum())
    return Flexible(
        name="monotone",
        at=lambda x: np.asarray(np.interp(x, places, height)),
        n_params=heights + sample.adjust.shape[1],
        ssr=float((weights * resid) @ resid),
        n=sample.n,
    )


def _linear_part(sample: Sample, left: Floats) -> Floats:
    """Return what intercept, covariates and levels of pupils explain, less the overall mean."""
    weights = np.ones(sample.n) if sample.weights is None else sample.weights
    free = sample.within(left[:, None])[:, 0] if sample.groups is not None else left
    root = np.sqrt(weights)
    design = np.hstack([np.ones((sample.n, 1)), sample.adjust]) * root[:, None]
    coef = np.linalg.lstsq(design, free * root, rcond=None)[0]
    return np.asarray(left - free + sample.adjust @ coef[1:])
