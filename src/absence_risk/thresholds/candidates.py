"""The shapes that harm may have along absence, fitted by least squares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.stats.kink import kink_search
from absence_risk.stats.shape_bins import shape_bins
from absence_risk.stats.splines import harrell_knots, restricted_cubic
from absence_risk.stats.step import step_search
from absence_risk.thresholds.flexible import fit_monotone, fit_penalised_shape
from absence_risk.thresholds.smooth_class import ROUNDING, smooth_curves

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.stats.kink import KinkSearch
    from absence_risk.stats.step import StepSearch
    from absence_risk.thresholds.flexible import Flexible
    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["Candidates", "Curve", "best_smooth", "fit_candidates"]

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
    root : numpy.ndarray, shape (n,), or None
        Root weights; None where all are 1.
    """

    name: str
    terms: Floats
    adjust: Floats
    y: Floats
    n_extra: int = 0
    root: Floats | None = None

    @cached_property
    def design(self) -> Floats:
        """Intercept, terms, covariates, times root weight; shape (n, 1 + k + q)."""
        plain = np.hstack([np.ones((len(self.y), 1)), self.terms, self.adjust])
        return plain if self.root is None else plain * self.root[:, None]

    @cached_property
    def target(self) -> Floats:
        """Outcome times root weight."""
        return self.y if self.root is None else self.y * self.root

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
        return np.asarray(np.linalg.solve(self._factor[1], self.basis.T @ self.target))

    @cached_property
    def fitted(self) -> Floats:
        """Fitted values times root weight, shape (n,)."""
        return np.asarray(self.basis @ (self.basis.T @ self.target))

    @cached_property
    def resid(self) -> Floats:
        """Residuals times root weight, shape (n,)."""
        return self.target - self.fitted

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
    none, linear, quadratic, cubic, rounded, spline : Curve
        No relation; a straight line; a parabola; a cubic; the best of the smooth curves of
        :mod:`absence_risk.thresholds.smooth_class`; a restricted cubic spline with Harrell's knots.
    kink, step, kink_step, hinge : Curve
        The best kink anywhere; the best jump; both at one place; a kink fixed at the candidate
        threshold.
    search : KinkSearch
        The prepared search for a kink.
    step_search : StepSearch
        The prepared search for a step.
    location, step_at : float
        The best kink and the best step, as shares.
    knots : numpy.ndarray
        Knots of the spline.
    flexible : tuple of Flexible
        Penalised spline and monotone curve. They enter the comparison, not the verdict.
    """

    none: Curve
    linear: Curve
    quadratic: Curve
    cubic: Curve
    rounded: Curve
    spline: Curve
    kink: Curve
    step: Curve
    kink_step: Curve
    hinge: Curve
    search: KinkSearch
    step_search: StepSearch
    location: float
    step_at: float
    knots: Floats
    flexible: tuple[Flexible, ...]

    @property
    def smooth(self) -> tuple[Curve, ...]:
        """The smooth shapes that are not straight."""
        return (self.quadratic, self.cubic, self.rounded, self.spline)

    @property
    def all(self) -> tuple[Curve | Flexible, ...]:
        """Every shape without a fixed threshold."""
        breaks = (self.kink, self.step, self.kink_step)
        return (self.none, self.linear, *self.smooth, *self.flexible, *breaks)


def fit_candidates(
    sample: Sample, *, at: float, trim: float, rounding: float = ROUNDING
) -> Candidates:
    """Fit every shape.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    at : float
        Candidate threshold, a share.
    trim : float
        Least share of rows on each side of a kink.
    rounding : float
        Least width of a smooth bend, a share.

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
    extra = adjust if adjust.shape[1] else None
    weights, groups = sample.weights, sample.groups
    try:
        search = kink_search(x, extra, weights=weights, groups=groups, trim=trim)
        step, both = (
            step_search(x, extra, weights=weights, groups=groups, trim=trim, kink=kink)
            for kink in (False, True)
        )
    except ValueError as error:
        raise DesignError(str(error)) from error
    whole = 2 + adjust.shape[1] + sample.n_absorbed
    if search.n_params != whole or sample.n < 10 + 2 * search.n_params - sample.n_absorbed:
        raise DesignError(
            f"{sample.n} rows and {adjust.shape[1]} columns of covariates leave nothing of the "
            "exposure to learn from. Use fewer covariates."
        )
    location = float(search.fit(y).location[0])
    jump, bend = step.fit(y).location, both.fit(y).location
    knots = harrell_knots(x, _KNOTS)

    def curve(name: str, *terms: Floats, n_extra: int = 0) -> Curve:
        """Fit one shape."""
        columns = np.column_stack(terms) if terms else np.empty((sample.n, 0))
        return Curve(
            name,
            sample.within(columns),
            sample.within(adjust),
            sample.within(y[:, None])[:, 0],
            n_extra,
            sample.root,
        )

    linear = curve("linear", x)
    smoothest = best_smooth(sample, linear, rounding)(x)
    found = Candidates(
        none=curve("none"),
        linear=linear,
        quadratic=curve("quadratic", x, x**2),
        cubic=curve("cubic", x, x**2, x**3),
        rounded=curve("rounded", x, smoothest, n_extra=2),
        spline=curve("spline", restricted_cubic(x, knots)),
        kink=curve("kink", x, np.maximum(x - location, 0.0), n_extra=1),
        step=curve("step", x, (x > jump).astype(np.float64), n_extra=1),
        kink_step=curve(
            "kink and step", x, (x > bend).astype(np.float64), np.maximum(x - bend, 0.0), n_extra=1
        ),
        hinge=curve("hinge", x, np.maximum(x - at, 0.0)),
        search=search,
        step_search=step,
        location=location,
        step_at=jump,
        knots=knots,
        flexible=(fit_penalised_shape(sample), fit_monotone(sample, rising=linear.coef[1] > 0)),
    )
    if found.hinge.flat:
        raise DesignError("The covariates leave no variation of the exposure around the threshold.")
    if found.kink.ssr <= 1e-12 * found.none.ssr:
        raise DesignError("A bent line fits without any error: the outcome was computed from it.")
    return found


def best_smooth(sample: Sample, linear: Curve, rounding: float) -> Callable[[Floats], Floats]:
    """Return the smooth curve that lowers the SSR of the line most.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    linear : Curve
        The line.
    rounding : float
        Least width of a smooth bend, a share.

    Returns
    -------
    callable
        Its height at shares of absence. It is chosen on sums per bin.
    """
    basis = linear.basis if sample.groups is None else linear.basis[:, 1:]
    bins = shape_bins(sample.x, basis, weights=sample.weights, groups=sample.groups)
    edges = np.append(bins.edges, bins.top)
    span = (float(edges[0]), float(edges[-1]))
    shapes = bins.shapes(bins.curves(smooth_curves(edges, span, rounding)))
    best = int((shapes.along(bins.sums(linear.resid)) ** 2).argmax())
    return lambda x: np.asarray(smooth_curves(x, span, rounding, only=best)[0])
