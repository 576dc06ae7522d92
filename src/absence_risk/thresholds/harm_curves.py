"""Curves and band means of the outcome along absence, as tables."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.cr1 import cr1_covariance
from absence_risk.stats.sandwich import t_inference
from absence_risk.stats.splines import restricted_cubic
from absence_risk.thresholds.slopes import contrasts
from absence_risk.thresholds.working import from_link

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.candidates import Candidates
    from absence_risk.thresholds.sample import Family, Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["binned_means_table", "dose_response_table"]

_GRID = 41
_EDGES = (0.0, 0.025, 0.05, 0.075, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
_FEWEST_IN_BIN = 10


def dose_response_table(sample: Sample, fits: Candidates, conf_level: float) -> Table:
    """Return the mean outcome along absence at average covariates, by spline and by kink.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Table
        ``threshold`` is the exposure, ``group`` is spline or kink.
    """
    grid = np.linspace(sample.x.min(), sample.x.max(), _GRID)
    ones = np.ones((_GRID, 1))
    spline = contrasts(fits.spline, sample, np.hstack([ones, restricted_cubic(grid, fits.knots)]))
    kink = _kink_curve(sample, fits, grid)
    rows = []
    for group, (mean, error) in (("spline", spline), ("kink", kink)):
        for at, value, spread in zip(grid, mean, error, strict=True):
            rows.append(
                _mean_row(
                    "adjusted mean",
                    (float(value), float(spread)),
                    (sample.n, sample.n_clusters),
                    conf_level,
                    group=group,
                    threshold=float(at),
                    family=sample.family,
                )
            )
    return Table(
        name="dose_response",
        title="Mean outcome along absence (threshold: share of absence), at average covariates",
        rows=tuple(rows),
        note=(
            "Pointwise cluster-robust intervals; those of the kink allow for its uncertain place."
        ),
    )


def _kink_curve(sample: Sample, fits: Candidates, grid: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard error of the kink curve; the place enters by the delta method."""
    curve, place = fits.kink, fits.location
    bend = float(curve.coef[2])

    def gradient(x: Floats) -> Floats:
        hinge = np.maximum(x - place, 0.0)
        return np.column_stack([np.ones_like(x), x, hinge, -bend * (x > place)])

    design = np.hstack([sample.within(gradient(sample.x)), sample.adjust])
    if sample.root is not None:
        design *= sample.root[:, None]
    influence = (np.linalg.pinv(design) * curve.resid).T
    covariance = cr1_covariance(influence, sample.codes, n_parameters=design.shape[1])[:4, :4]
    slopes = gradient(grid)
    variance = np.einsum("ij,jk,ik->i", slopes, covariance, slopes)
    return slopes[:, :3] @ curve.coef[:3], np.sqrt(np.maximum(variance, 0.0))


def _mean_row(
    term: str,
    mean_and_error: tuple[float, float],
    n_and_clusters: tuple[int, int],
    conf_level: float,
    *,
    group: str,
    threshold: float,
    family: Family = "gaussian",
) -> Estimate:
    mean, error = mean_and_error
    n, clusters = n_and_clusters
    low = high = None
    if clusters > 1:
        found = t_inference(mean, error, df=clusters - 1, conf_level=conf_level)
        low, high = (float(from_link(end, family)) for end in (found.low, found.high))
    if family != "gaussian":
        mean, clusters = float(from_link(mean, family)), 0
    return Estimate(
        term=term,
        group=group,
        threshold=threshold,
        estimate=mean,
        std_error=error if clusters > 1 else None,
        conf_low=low,
        conf_high=high,
        n=n,
    )


def binned_means_table(sample: Sample, covariates: Floats, conf_level: float) -> Table:
    """Return mean outcomes in bands of absence, at average covariates.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    covariates : numpy.ndarray, shape (q,)
        Coefficients of the covariates, from a smooth fit; not used for events and counts.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Table
        ``threshold`` is the mean absence in the band, ``group`` its limits.
    """
    adjusted = sample.within(sample.y[:, None])[:, 0] - sample.adjust @ covariates
    if sample.observed is not None:
        adjusted = sample.observed
    edges = _edges(sample.x)
    band = np.searchsorted(edges[1:-1], sample.x, side="right")
    rows = []
    for k, (low, high) in enumerate(itertools.pairwise(edges)):
        values = adjusted[band == k]
        codes = np.unique(sample.codes[band == k], return_inverse=True)[1]
        clusters = int(codes.max()) + 1
        centred = (values - values.mean())[:, None] / len(values)
        error = 0.0
        if clusters > 1:
            error = float(np.sqrt(cr1_covariance(centred, codes, n_parameters=1)[0, 0]))
        rows.append(
            _mean_row(
                "mean in band",
                (float(values.mean()), error),
                (len(values), clusters),
                conf_level,
                group=f"{low:.3g}–{high:.3g}",
                threshold=float(sample.x[band == k].mean()),
            )
        )
    return Table(
        name="binned_means",
        title="Mean outcome in bands of absence (threshold: mean absence in the band)",
        rows=tuple(rows),
        note=f"At average covariates. Bands with fewer than {_FEWEST_IN_BIN} pupils are merged.",
    )


def _edges(x: Floats) -> Floats:
    """Return band edges; bands that are too small join the band below, or above for the first."""
    top = float(x.max())
    inner = [edge for edge in _EDGES if x.min() < edge < top]
    kept: list[float] = []
    for edge in inner:
        since = kept[-1] if kept else -np.inf
        if ((x >= since) & (x < edge)).sum() >= _FEWEST_IN_BIN and (
            x >= edge
        ).sum() >= _FEWEST_IN_BIN:
            kept.append(edge)
    low = max((edge for edge in _EDGES if edge <= x.min()), default=0.0)
    return np.array([low, *kept, top])
