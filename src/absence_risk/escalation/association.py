"""The association of valid absence with invalid absence in the other half, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.stats.logit import fit_logit
from absence_risk.stats.sandwich import jackknife_covariance, jackknife_influence

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.escalation.halves import Half, Halves

__all__ = ["Associations", "associate", "covariate_columns", "with_events_in_both"]

_FEW_LEVELS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Associations:
    """Log odds ratios with standard errors.

    Parameters
    ----------
    naive, adjusted, reversed_, ratio : tuple of float
        Log odds ratio and its standard error: later invalid on early valid absence alone; with
        covariates and early invalid absence; the same with the halves swapped; and adjusted
        minus reversed, with the standard error of the difference.
    """

    naive: tuple[float, float]
    adjusted: tuple[float, float]
    reversed_: tuple[float, float]
    ratio: tuple[float, float]


def associate(halves: Halves, *, per: float) -> Associations:
    """Fit the naive, the adjusted and the time-reversed model and compare the last two.

    The adjusted model regresses the later invalid share of time at risk (weights: later time at
    risk) on the early valid share in units of ``per``, the early invalid share and its square
    root, and covariates. The square root is there because the log odds of invalid absence rise
    steeply from none to little and flatten for the few pupils with much. Swapping the halves gives
    the time-reversed model. The difference of the two log odds ratios takes its variance from the
    difference of their influence values, summed by cluster.

    Parameters
    ----------
    halves : Halves
        Pupils with time at risk in both halves.
    per : float
        Unit of the valid share, for example 0.05.

    Returns
    -------
    Associations
        The four log odds ratios.

    Raises
    ------
    DesignError
        If a half has no invalid or no varying valid absence.
    EstimationError
        If a model has no finite solution.
    """
    _refuse_no_variation(halves)
    covariates = covariate_columns(halves.covariates)
    nothing = np.empty((halves.n, 0))
    naive = _fit(halves, halves.early, halves.later, nothing, per, adjust=False)
    forward = _fit(halves, halves.early, halves.later, covariates, per)
    backward = _fit(halves, halves.later, halves.early, covariates, per)
    return Associations(
        naive=_with_error(naive),
        adjusted=_with_error(forward),
        reversed_=_with_error(backward),
        ratio=_with_error((forward[0] - backward[0], forward[1] - backward[1])),
    )


def _with_error(pair: tuple[float, npt.NDArray[np.float64]]) -> tuple[float, float]:
    value, influence = pair
    return value, float(np.sqrt(jackknife_covariance(influence[:, None])[0, 0]))


def covariate_columns(covariates: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Turn covariates into regressors.

    Parameters
    ----------
    covariates : pandas.DataFrame, n_pupils rows
        Fractions stay as they are, standardised; text and whole numbers of at most 20 values
        (grade) become categories, with a missing value as a category of its own.

    Returns
    -------
    numpy.ndarray of float, shape (n_pupils, k)
        Regressors without intercept.
    """
    columns: list[npt.NDArray[np.float64]] = []
    for name in covariates.columns:
        values = covariates[name]
        if _is_category(values):
            codes, levels = values.astype("string").fillna("unknown").factorize(sort=True)
            columns += [(codes == level).astype(float) for level in range(1, len(levels))]
        else:
            number = values.to_numpy(dtype=float)
            spread = number.std()
            columns.append((number - number.mean()) / (spread if spread > 0 else 1.0))
    return np.stack(columns, axis=1) if columns else np.empty((len(covariates), 0))


def with_events_in_both(halves: Halves) -> Halves:
    """Keep the pupils whose covariate category has invalid absence in both halves.

    A category without any has no finite coefficient; it carries nothing about the association.

    Parameters
    ----------
    halves : Halves
        Pupils with time at risk in both halves.

    Returns
    -------
    Halves
        The same, less such categories.
    """
    kept = np.ones(halves.n, dtype=bool)
    for name in halves.covariates.columns:
        values = halves.covariates[name]
        if _is_category(values):
            codes = values.astype("string").fillna("unknown").factorize()[0]
            for half in (halves.early, halves.later):
                kept &= (np.bincount(codes, weights=half.invalid) > 0)[codes]
    if kept.all() or not kept.any():
        return halves
    what = " and ".join(halves.covariates.columns)
    return halves.take(kept, f"in a {what} with invalid absence in both halves")


def _is_category(values: pd.Series) -> bool:
    if values.dtype.kind == "f" and not (values.dropna() % 1 == 0).all():
        return False
    return values.dtype.kind not in "iuf" or values.nunique() <= _FEW_LEVELS


def _fit(
    halves: Halves,
    before: Half,
    after: Half,
    covariates: npt.NDArray[np.float64],
    per: float,
    *,
    adjust: bool = True,
) -> tuple[float, npt.NDArray[np.float64]]:
    """Return the log odds ratio of valid absence and the influence of each cluster on it."""
    columns = [np.ones(halves.n), before.valid_share / per]
    if adjust:
        columns += [before.invalid_share, np.sqrt(before.invalid_share), *covariates.T]
    X = np.stack(columns, axis=1)
    fit = fit_logit(X, after.invalid_share, after.at_risk)
    influence = jackknife_influence(X, fit.curvature, fit.scores, halves.cluster)
    return float(fit.beta[1]), influence[:, 1]


def _refuse_no_variation(halves: Halves) -> None:
    for name, half in (("early", halves.early), ("later", halves.later)):
        if not half.invalid.any():
            raise DesignError(
                f"There is no invalid absence in the {name} half, so the register cannot show "
                "whether valid absence comes first. Check that invalid absence is recorded."
            )
        if np.ptp(half.valid_share) == 0:
            raise DesignError(
                f"Valid absence in the {name} half does not differ between pupils, so nothing "
                "can be compared. Check that valid absence is recorded."
            )
