"""The kink of a logistic or Poisson regression, with a set that allows for overdispersion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk.stats.kink_bootstrap import kink_draws
from absence_risk.stats.kink_glm import fit_glm_kink
from absence_risk.thresholds.working import from_link

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.kink import KinkSearch

    Floats = npt.NDArray[np.float64]

__all__ = ["FamilyKink", "fit_family_kink"]


@dataclass(frozen=True, eq=False)
class FamilyKink:
    """The best kink and its set.

    Parameters
    ----------
    location : float
        Place of the kink.
    coef : numpy.ndarray of float64, shape (3 + p,)
        Intercept, slope below, slope change, covariates; on the scale of the link.
    parts : numpy.ndarray of float64, shape (parts, 2)
        Confidence set, from the exact profile of the deviance.
    dispersion : float
        Pearson's χ² over its degrees of freedom; about 1 where the family's variance is right.
    """

    location: float
    coef: Floats
    parts: Floats
    dispersion: float


def fit_family_kink(
    matrix: Floats,
    y: Floats,
    weight: Floats | None,
    search: KinkSearch,
    *,
    family: Literal["binomial", "poisson"],
    conf_level: float,
    replicates: int | None = None,
    clusters: npt.NDArray[np.int64] | None = None,
    random_state: int = 0,
) -> FamilyKink:
    """Fit the kink, then find how far the deviance may rise within the set.

    The rise is φ times the F quantile (quasi-likelihood: McCullagh & Nelder 1989, section 9.2; φ is
    1 for events), or the quantile of a wild bootstrap of the Pearson residuals: the regression made
    linear at its fitted kink takes the place of Hansen's (2017, JBES 35:228) linear one.

    Parameters
    ----------
    matrix : numpy.ndarray, shape (n, 1 + p)
        Exposure first, then covariates.
    y : numpy.ndarray, shape (n,)
        0 or 1, or counts.
    weight : numpy.ndarray, shape (n,), or None
        Weights above 0.
    search : KinkSearch
        Where the kink is searched.
    family : {"binomial", "poisson"}
        Distribution.
    conf_level : float
        Confidence level in (0, 1).
    replicates : int or None
        Draws of the bootstrap; the F quantile without them.
    clusters : numpy.ndarray of int64, shape (n,), or None
        Rows that share their sign in the bootstrap.
    random_state : int
        Seed.

    Returns
    -------
    FamilyKink
        The fit.

    Raises
    ------
    EstimationError
        If there is no finite solution.
    """
    x, extra = matrix[:, 0], matrix[:, 1:] if matrix.shape[1] > 1 else None

    def fit(critical: float) -> tuple[float, Floats, Floats]:
        found = fit_glm_kink(
            x, y, extra, family=family, weights=weight, limits=search.limits, critical=critical
        )
        return found.location, found.coef, found.parts

    critical = search.critical_value(conf_level)
    place, coef, parts = fit(critical)
    eta = coef[0] + np.column_stack([x, np.maximum(x - place, 0.0), matrix[:, 1:]]) @ coef[1:]
    mean = from_link(eta, family)
    curve = np.maximum(mean * (1 - mean) if family == "binomial" else mean, 1e-12)
    precision = curve if weight is None else curve * weight
    left = (y - mean) / curve
    dispersion = float(precision @ left**2) / search.df_resid
    if replicates is not None:
        critical = dispersion * kink_draws(
            x,
            eta + left,
            extra,
            location=place,
            limits=search.limits,
            weights=precision,
            clusters=clusters,
            replicates=replicates,
            rng=np.random.default_rng(random_state),
        ).critical_value(conf_level)
        parts = fit(critical)[2]
    elif family == "poisson":
        parts = fit(critical * dispersion)[2]
    return FamilyKink(place, coef, parts, dispersion)
