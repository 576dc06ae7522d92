"""The shapes that harm may have along absence, fitted by least squares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.stats.kink import kink_search
from absence_risk.stats.splines import harrell_knots, restricted_cubic

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.kink import KinkSearch
    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["Candidates", "Curve", "fit_candidates"]

_KNOTS = 5


@dataclass(frozen=True, eq=False)
class Curve:
    """One fitted shape.

    Parameters
    ----------
    name : str
        Name of the shape.
    terms : numpy.ndarray, shape (n, k)
        Columns of the exposure, without intercept.
    adjust : numpy.ndarray, shape (n, q)
        Centred covariates, so that intercept and terms give the mean at average covariates.
    y : numpy.ndarray, shape (n,)
        Outcome.
    n_extra : int
        Parameters that are not coefficients (1 for the location of a kink).
    """

    name: str
    terms: Floats
    adjust: Floats
    y: Floats
    n_extra: int = 0

    @cached_property
    def design(self) -> Floats:
        """Intercept, terms, covariates; shape (n, 1 + k + q)."""
        return np.hstack([np.ones((len(self.y), 1)), self.terms, self.adjust])

    @cached_property
    def _factor(self) -> tuple[Floats, Floats]:
        q, r = np.linalg.qr(self.design)
        return q, r

    @cached_property
    def basis(self) -> Floats:
        """Orthonormal basis of the design."""
        return self._factor[0]

    @property
    def flat(self) -> bool:
        """Whether a column is a combination of the others."""
        diagonal = np.abs(np.diag(self._factor[1]))
        return bool((diagonal <= 1e-9 * np.linalg.norm(self.design, axis=0)).any())

    @cached_property
    def coef(self) -> Floats:
        """Coefficients, in the order of the design."""
        return np.asarray(np.linalg.solve(self._factor[1], self.basis.T @ self.y))

    @cached_property
    def fitted(self) -> Floats:
        """Fitted values, shape (n,)."""
        return np.asarray(self.basis @ (self.basis.T @ self.y))

    @cached_property
    def resid(self) -> Floats:
        """Residuals, shape (n,)."""
        return self.y - self.fitted

    @cached_property
    def ssr(self) -> float:
        """Sum of squared residuals."""
        return float(self.resid @ self.resid)

    @property
    def n_params(self) -> int:
        """Number of parameters of the mean."""
        return int(self.design.shape[1]) + self.n_extra

    @cached_property
    def weights(self) -> Floats:
        """Weight of each outcome in each coefficient, shape (1 + k + q, n)."""
        return np.asarray(np.linalg.solve(self._factor[1], self.basis.T))

    @property
    def influence(self) -> Floats:
        """Influence of each row on each coefficient, shape (n, 1 + k + q)."""
        return (self.weights * self.resid).T

    @property
    def bic(self) -> float:
        """Bayesian information criterion, n log(SSR/n) + k log n (Schwarz 1978)."""
        n = len(self.y)
        return float(n * np.log(self.ssr / n) + self.n_params * np.log(n))


@dataclass(frozen=True, eq=False)
class Candidates:
    """All fitted shapes.

    Parameters
    ----------
    none, linear, quadratic, spline, kink, hinge : Curve
        No relation; a straight line; a parabola; a restricted cubic spline with Harrell's knots;
        the best kink anywhere; a kink fixed at the candidate threshold.
    search : KinkSearch
        The prepared search.
    location : float
        The best kink, as a share.
    gain : float
        Fall of the SSR from the line to the best kink.
    knots : numpy.ndarray
        Knots of the spline.
    """

    none: Curve
    linear: Curve
    quadratic: Curve
    spline: Curve
    kink: Curve
    hinge: Curve
    search: KinkSearch
    location: float
    gain: float
    knots: Floats

    @property
    def smooth(self) -> tuple[Curve, Curve]:
        """The two smooth shapes that a kink has to beat."""
        return (self.quadratic, self.spline)


def fit_candidates(sample: Sample, *, at: float, trim: float) -> Candidates:
    """Fit every shape.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    at : float
        Candidate threshold, a share.
    trim : float
        Least share of rows on each side of a kink.

    Returns
    -------
    Candidates
        The fits.

    Raises
    ------
    DesignError
        If no place is left for a kink, the covariates fix the exposure, or the fit is perfect.
    """
    x, y, adjust = sample.x, sample.y, sample.adjust
    try:
        search = kink_search(x, adjust if adjust.shape[1] else None, trim=trim)
    except ValueError as error:
        raise DesignError(str(error)) from error
    if search.n_params != 2 + adjust.shape[1] or sample.n < 10 + 2 * search.n_params:
        raise DesignError(
            f"{sample.n} rows and {adjust.shape[1]} columns of covariates leave nothing of the "
            "exposure to learn from. Use fewer covariates."
        )
    best = search.fit(y)
    location = float(best.location[0])
    knots = harrell_knots(x, _KNOTS)

    def curve(name: str, *terms: Floats, n_extra: int = 0) -> Curve:
        """Fit one shape."""
        columns = np.column_stack(terms) if terms else np.empty((sample.n, 0))
        return Curve(name, columns, adjust, y, n_extra)

    found = Candidates(
        none=curve("none"),
        linear=curve("linear", x),
        quadratic=curve("quadratic", x, x**2),
        spline=curve("spline", restricted_cubic(x, knots)),
        kink=curve("kink", x, np.maximum(x - location, 0.0), n_extra=1),
        hinge=curve("hinge", x, np.maximum(x - at, 0.0)),
        search=search,
        location=location,
        gain=float(best.gain[0]),
        knots=knots,
    )
    if found.hinge.flat:
        raise DesignError("The covariates leave no variation of the exposure around the threshold.")
    if found.kink.ssr <= 1e-12 * found.none.ssr:
        raise DesignError("A bent line fits without any error: the outcome was computed from it.")
    return found
