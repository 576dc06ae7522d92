"""A smooth curve along absence, averaged over the pupils' own covariates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.stats.penalised_spline import cubic_basis, fit_penalised
from absence_risk.stats.splines import harrell_knots, restricted_cubic
from absence_risk.thresholds.working import from_link

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.thresholds.sample import Family, Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["FittedCurve", "fit_curve"]


@dataclass(frozen=True, eq=False)
class FittedCurve:
    """A fitted curve with the covariance of its coefficients.

    Parameters
    ----------
    name : str
        Name of the smoother.
    columns : callable
        Basis of the curve at given shares of absence.
    coef : numpy.ndarray, shape (1 + q + m,)
        Intercept, covariates, basis.
    covariance : numpy.ndarray, shape (1 + q + m, 1 + q + m)
        Cluster-robust, with the squared bias and unknown strength of the penalty.
    adjust : numpy.ndarray, shape (n, q)
        Centred covariates of the pupils.
    family : {"gaussian", "binomial", "poisson"}
        Distribution.
    edf : float
        Effective degrees of freedom of the whole regression.
    """

    name: str
    columns: Callable[[Floats], Floats]
    coef: Floats
    covariance: Floats
    adjust: Floats
    family: Family
    edf: float

    @property
    def adjustment(self) -> Floats:
        """Coefficients of the covariates."""
        return self.coef[1 : 1 + self.adjust.shape[1]]

    def standardised(self, levels: Floats) -> tuple[Floats, Floats]:
        """Return average predictions at each level, and their gradients.

        Parameters
        ----------
        levels : numpy.ndarray, shape (m,)
            Shares of absence.

        Returns
        -------
        mean : numpy.ndarray, shape (m,)
            Average over the pupils of the mean outcome, in its own unit.
        gradient : numpy.ndarray, shape (m, p)
            Derivatives by the coefficients.
        """
        q = self.adjust.shape[1]
        basis = self.columns(levels)
        curve = self.coef[0] + basis @ self.coef[1 + q :]
        if self.family == "gaussian":  # Covariates are centred: their part is 0 on average.
            ones, none = np.ones((len(levels), 1)), np.zeros((len(levels), q))
            return np.asarray(curve), np.hstack([ones, none, basis])
        own = self.adjust @ self.adjustment
        mean, gradient = np.empty(len(levels)), np.empty((len(levels), len(self.coef)))
        for k, height in enumerate(curve):
            each = from_link(height + own, self.family)
            slope = each * (1 - each) if self.family == "binomial" else each
            mean[k], total = each.mean(), slope.mean()
            by_covariate = slope @ self.adjust / len(slope)
            gradient[k] = np.concatenate([[total], by_covariate, total * basis[k]])
        return mean, gradient

    def errors(self, gradient: Floats) -> Floats:
        """Return standard errors by the delta method.

        Parameters
        ----------
        gradient : numpy.ndarray, shape (m, p)
            Derivatives by the coefficients.

        Returns
        -------
        numpy.ndarray, shape (m,)
            Standard errors.
        """
        variance = np.einsum("ij,jk,ik->i", gradient, self.covariance, gradient)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))

    def link(self, mean: Floats) -> tuple[Floats, Floats]:
        """Return means on the scale of the link, and its derivative.

        Parameters
        ----------
        mean : numpy.ndarray
            Means in the outcome's own unit.

        Returns
        -------
        value, slope : numpy.ndarray
            Log odds, logarithms, or the means themselves; and their derivatives by the mean.
        """
        if self.family == "binomial":
            return np.log(mean / (1 - mean)), 1 / (mean * (1 - mean))
        if self.family == "poisson":
            return np.log(mean), 1 / mean
        return mean, np.ones_like(mean)

    def mean(self, on_link: Floats) -> Floats:
        """Return means from the scale of the link.

        Parameters
        ----------
        on_link : numpy.ndarray
            Values on the scale of the link.

        Returns
        -------
        numpy.ndarray
            Means in the outcome's own unit.
        """
        return np.asarray(from_link(on_link, self.family))


def fit_curve(sample: Sample, *, penalised: bool, knots: int) -> FittedCurve:
    """Fit a smooth curve along absence with covariates.

    Parameters
    ----------
    sample : Sample
        Complete rows, without levels of pupils.
    penalised : bool
        Penalised cubic regression spline with REML; a restricted cubic spline otherwise.
    knots : int
        Number of knots.

    Returns
    -------
    FittedCurve
        The fit.

    Raises
    ------
    DesignError
        If there are fewer rows than coefficients allow.
    """
    y = sample.y if sample.observed is None else sample.observed
    columns: Callable[[Floats], Floats]
    if penalised:
        basis = cubic_basis(sample.x, knots)
        columns, penalty = basis.columns, basis.penalty
    else:
        columns = partial(restricted_cubic, knots=harrell_knots(sample.x, knots))
        penalty = np.empty((0, 0))
    design = np.hstack([np.ones((sample.n, 1)), sample.adjust, columns(sample.x)])
    if sample.n < 10 + design.shape[1]:
        raise DesignError(
            f"{sample.n} rows are too few for a curve with {knots} knots and "
            f"{sample.adjust.shape[1]} columns of covariates. Use fewer."
        )
    fit = fit_penalised(design, y, penalty, family=sample.family)
    return FittedCurve(
        name="penalised spline" if penalised else "restricted cubic spline",
        columns=columns,
        coef=fit.coef,
        covariance=fit.robust(sample.codes),
        adjust=sample.adjust,
        family=sample.family,
        edf=fit.edf,
    )
