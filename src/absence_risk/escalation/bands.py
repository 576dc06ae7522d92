"""Later invalid absence by band of early valid absence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.sandwich import jackknife_covariance, jackknife_influence, t_inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.escalation.halves import Halves

__all__ = ["BANDS", "shares_by_band"]

BANDS: tuple[tuple[float, float, str], ...] = (
    (0.0, 0.02, "0 to <2 %"),
    (0.02, 0.05, "2 to <5 %"),
    (0.05, 0.10, "5 to <10 %"),
    (0.10, 0.15, "10 to <15 %"),
    (0.15, 1.01, "15 % or more"),
)


def shares_by_band(halves: Halves, *, conf_level: float) -> tuple[Estimate, ...]:
    """Return the later invalid share of time at risk for each band of early valid absence.

    Parameters
    ----------
    halves : Halves
        Pupils with time at risk in both halves.
    conf_level : float
        Confidence level of the intervals.

    Returns
    -------
    tuple of Estimate
        One row per band that holds pupils: pooled share as a fraction, interval clustered and
        formed on the logit scale; no interval where one cluster or no invalid absence is behind.
    """
    share = halves.early.valid_share
    rows = []
    for low, high, name in BANDS:
        inside = (share >= low) & (share < high)
        if inside.any():
            rows.append(_band(halves, inside, name, conf_level))
    return tuple(rows)


def _band(halves: Halves, inside: npt.NDArray[np.bool_], name: str, conf_level: float) -> Estimate:
    at_risk, invalid = halves.later.at_risk[inside], halves.later.invalid[inside]
    share = float(invalid.sum() / at_risk.sum())
    clusters, codes = np.unique(halves.cluster[inside], return_inverse=True)
    error: float | None = None
    limits: tuple[float | None, float | None] = (None, None)
    if len(clusters) > 1 and 0 < share < 1:
        one, scores = np.ones((len(codes), 1)), (invalid - share * at_risk)[:, None]
        influence = jackknife_influence(one, at_risk, scores, codes)
        error = float(np.sqrt(jackknife_covariance(influence)[0, 0]))
        limits = _logit_limits(share, error, len(clusters) - 1, conf_level)
    return Estimate(
        term="later invalid share",
        group=name,
        estimate=share,
        std_error=error,
        conf_low=limits[0],
        conf_high=limits[1],
        n=int(inside.sum()),
        n_events=int((invalid > 0).sum()),
    )


def _logit_limits(share: float, error: float, df: int, conf_level: float) -> tuple[float, float]:
    logit = float(np.log(share / (1 - share)))
    found = t_inference(logit, error / (share * (1 - share)), df=df, conf_level=conf_level)
    low, high = 1 / (1 + np.exp(-np.array([found.low, found.high])))
    return float(low), float(high)
