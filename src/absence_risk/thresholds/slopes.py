"""Slopes per 10 points of absence, and the slope change at the threshold beside its benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.bootstrap import percentile_interval
from absence_risk.stats.cr1 import cr1_covariance
from absence_risk.stats.sandwich import t_inference
from absence_risk.thresholds.nulls import hinge_weights
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.candidates import Candidates, Curve
    from absence_risk.thresholds.nulls import Evidence
    from absence_risk.thresholds.sample import Sample

__all__ = ["PER", "Slopes", "contrasts", "estimate_slopes"]

PER = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """Slopes in outcome units per 10 points of absence.

    Parameters
    ----------
    overall : Estimate
        Of one straight line.
    below, above, change : Estimate
        Below and above the threshold, and their difference, from a line bent there.
    benchmark : Estimate
        The change that the smooth curve implies.
    beyond : Estimate
        Change minus benchmark.
    """

    overall: Estimate
    below: Estimate
    above: Estimate
    change: Estimate
    benchmark: Estimate
    beyond: Estimate


def contrasts(
    curve: Curve, sample: Sample, rows: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return linear combinations of coefficients with cluster-robust (CR1) standard errors.

    Parameters
    ----------
    curve : Curve
        The fit.
    sample : Sample
        Its rows.
    rows : array-like, shape (m, k)
        Weights of intercept and terms; covariates have weight 0.

    Returns
    -------
    estimate, std_error : numpy.ndarray, shape (m,)
        Combinations and their standard errors.
    """
    wanted = np.asarray(rows, dtype=np.float64)
    weights = np.zeros((len(wanted), len(curve.coef)))
    weights[:, : wanted.shape[1]] = wanted
    covariance = cr1_covariance(curve.influence, sample.codes, n_parameters=len(curve.coef))
    variance = np.einsum("ij,jk,ik->i", weights, covariance, weights)
    return weights @ curve.coef, np.sqrt(np.maximum(variance, 0.0))


def estimate_slopes(
    sample: Sample, fits: Candidates, evidence: Evidence, *, at: float, conf_level: float
) -> Slopes:
    """Estimate slopes and the slope change beside what a smooth relation shows.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    evidence : Evidence
        Simulations under the smooth shape.
    at : float
        Candidate threshold, a share.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Slopes
        All with intervals.
    """

    def row(term: str, estimate: float, std_error: float, n: int) -> Estimate:
        """Return one slope per 10 points."""
        found = t_inference(
            PER * estimate, PER * std_error, df=sample.n_clusters - 1, conf_level=conf_level
        )
        return Estimate(
            term=term,
            estimate=PER * estimate,
            std_error=PER * std_error,
            conf_low=found.low,
            conf_high=found.high,
            statistic=found.statistic,
            p_value=found.p_value,
            n=n,
        )

    above = int((sample.x > at).sum())
    counts = (sample.n - above, above, sample.n)
    terms = (
        f"slope below {per_cent(at)}",
        f"slope above {per_cent(at)}",
        f"slope change at {per_cent(at)}",
    )
    line = contrasts(fits.linear, sample, [[0, 1]])
    bent = contrasts(fits.hinge, sample, [[0, 1, 0], [0, 1, 1], [0, 0, 1]])
    parts = [row(*values) for values in zip(terms, *bent, counts, strict=True)]
    benchmark, beyond = _beside_smooth(sample, fits, evidence, conf_level)
    return Slopes(
        overall=row("slope of one straight line", line[0][0], line[1][0], sample.n),
        below=parts[0],
        above=parts[1],
        change=parts[2],
        benchmark=benchmark,
        beyond=beyond,
    )


def _beside_smooth(
    sample: Sample, fits: Candidates, evidence: Evidence, conf_level: float
) -> tuple[Estimate, Estimate]:
    """Return the change a smooth relation shows, and the observed change beyond it."""
    direct, beyond = hinge_weights(fits)
    low, high = percentile_interval(evidence.smooth_change, conf_level)
    noise_low, noise_high = percentile_interval(evidence.beyond_noise, conf_level)
    excess = float(beyond @ fits.hinge.target)
    return (
        Estimate(
            term="slope change that a smooth relation shows (benchmark)",
            estimate=PER * float(direct @ fits.spline.fitted),
            conf_low=PER * float(low),
            conf_high=PER * float(high),
            n=sample.n,
        ),
        Estimate(
            term="beyond the benchmark",
            estimate=PER * excess,
            std_error=PER * float(evidence.beyond_noise.std()),
            conf_low=PER * (excess - float(noise_high)),
            conf_high=PER * (excess - float(noise_low)),
            n=sample.n,
        ),
    )
