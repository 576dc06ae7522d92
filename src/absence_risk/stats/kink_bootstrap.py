"""Wild bootstrap of a kink: the law of its likelihood ratio, and of its place.

Residuals are multiplied by random signs, the same within a cluster (Hansen 2017, JBES 35:228;
clusters: Cameron, Gelbach & Miller 2008). Candidates are the edges of quantile bins of x, and the
best is refined by a parabola through its neighbours; sums per bin replace the rows, so a thousand
draws cost about as much as one pass of a matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.shape_bins import shape_bins
from absence_risk.stats.sorted_design import sorted_design

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["KinkDraws", "kink_draws"]


@dataclass(frozen=True, eq=False)
class KinkDraws:
    """Simulated kinks where the fitted kink is the truth.

    Parameters
    ----------
    ratio : numpy.ndarray of float64, shape (replicates,)
        Likelihood ratio of the true place, (SSR(ψ₀) − SSR_min) · df / SSR_min.
    location : numpy.ndarray of float64, shape (replicates,)
        Best place, in the units of x.
    """

    ratio: Floats
    location: Floats

    def critical_value(self, conf_level: float) -> float:
        """Return the quantile of the likelihood ratio.

        Parameters
        ----------
        conf_level : float
            Confidence level in (0, 1).

        Returns
        -------
        float
            Critical value for the confidence set.
        """
        return float(np.quantile(self.ratio, conf_level, method="higher"))


def kink_draws(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    location: float,
    limits: tuple[float, float],
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    replicates: int = 999,
    rng: np.random.Generator,
) -> KinkDraws:
    """Draw outcomes that follow a fitted kink and find the kink of each.

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Exposure and outcome.
    covariates : array-like of float, shape (n, p), or None
        Covariates without an intercept.
    location : float
        The fitted kink, which is the truth of the draws.
    limits : tuple of float
        Where kinks are searched, in the units of x.
    weights : array-like of float, shape (n,), or None
        Weights above 0.
    clusters : array-like of int, shape (n,), or None
        Codes 0, 1, … of rows that share their sign; rows are independent without them.
    replicates : int
        Number of draws.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    KinkDraws
        Likelihood ratios and places.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.random(400)
    >>> y = 3 * np.maximum(x - 0.5, 0) + 0.2 * rng.normal(size=400)
    >>> draws = kink_draws(x, y, location=0.5, limits=(0.05, 0.95), replicates=199, rng=rng)
    >>> bool(2 < draws.critical_value(0.95) < 7), round(float(draws.location.mean()), 1)
    (True, 0.5)
    """
    design = sorted_design(x, covariates, weights=weights)
    basis = np.empty(design.basis.T.shape)
    basis[design.order] = design.basis.T
    w = None if weights is None else np.asarray(weights, dtype=np.float64)
    bins = shape_bins(x, basis, weights=w)
    inside = np.flatnonzero((bins.edges >= limits[0]) & (bins.edges <= limits[1]))
    places = np.r_[bins.edges[inside], location]
    hinge = np.maximum(np.r_[bins.edges, bins.top] - location, 0.0)
    truth = bins.curves(hinge[None])
    shapes = bins.shapes(np.concatenate([bins.kinks(inside), truth]))
    outcome = np.asarray(y, dtype=np.float64) * (1.0 if w is None else np.sqrt(w))
    resid = outcome - basis @ (basis.T @ outcome)
    length = float(shapes.along(bins.sums(outcome))[-1])
    resid = resid - length * shapes.rows(len(inside))
    df = design.n - design.n_params - 2
    resid *= np.sqrt(design.n / df)
    codes = None if clusters is None else np.asarray(clusters, dtype=np.int64)
    drawn = shapes.along(bins.wild_sums(resid, codes, replicates, rng))
    drawn += length * shapes.overlap[-1]
    return _ratios(drawn, places, float(resid @ resid) / design.n)


def _ratios(lengths: Floats, places: Floats, variance: float) -> KinkDraws:
    """Return likelihood ratios from lengths along each candidate; the last one is the truth.

    The residual variance is that of the residuals: signs leave their squares unchanged.
    """
    gains = lengths * lengths
    best = gains[:, :-1].argmax(axis=1)
    row = np.arange(len(gains))
    peak, place = _parabola(gains[:, :-1], best, places[:-1])
    peak = np.maximum.reduce([peak, gains[:, -1], gains[row, best]])
    return KinkDraws((peak - gains[:, -1]) / variance, place)


def _parabola(gains: Floats, best: npt.NDArray[np.int64], places: Floats) -> tuple[Floats, Floats]:
    """Return height and place of the peak of a parabola through the best and its neighbours."""
    row, mid = np.arange(len(gains)), np.clip(best, 1, len(places) - 2)
    x0, x1, x2 = places[mid - 1], places[mid], places[mid + 1]
    f0, f1, f2 = gains[row, mid - 1], gains[row, mid], gains[row, mid + 1]
    left, right = (f1 - f0) / (x1 - x0), (f2 - f1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)
    with np.errstate(divide="ignore", invalid="ignore"):
        peak = (x0 + x1) / 2 - left / (2 * bend)
    valid = (bend < 0) & (peak > x0) & (peak < x2) & (best == mid)
    peak = np.where(valid, peak, places[best])
    height = f0 + left * (peak - x0) + bend * (peak - x0) * (peak - x1)
    return np.where(valid, height, gains[row, best]), peak
