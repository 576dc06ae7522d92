"""The association of valid absence with invalid absence in the other half, in both directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.stats.logit import LogitFit, fit_logit
from absence_risk.stats.sandwich import cr1_covariance

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
    n_parameters : int
        Number of parameters of the adjusted model.
    """

    naive: tuple[float, float]
    adjusted: tuple[float, float]
    reversed_: tuple[float, float]
    ratio: tuple[float, float]
    n_parameters: int


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
    naive = _fit(halves.early, halves.later, None, per)
    forward = _fit(halves.early, halves.later, covariates, per)
    backward = _fit(halves.later, halves.early, covariates, per)
    stacked = np.stack([forward.influence[:, 1], backward.influence[:, 1]], axis=1)
    k = len(forward.beta)
    covariance = cr1_covariance(stacked, halves.cluster, n_parameters=k)
    naive_variance = cr1_covariance(naive.influence[:, 1:2], halves.cluster, n_parameters=2)
    contrast = np.array([1.0, -1.0])
    return Associations(
        naive=(float(naive.beta[1]), float(np.sqrt(naive_variance[0, 0]))),
        adjusted=(float(forward.beta[1]), float(np.sqrt(covariance[0, 0]))),
        reversed_=(float(backward.beta[1]), float(np.sqrt(covariance[1, 1]))),
        ratio=(
            float(forward.beta[1] - backward.beta[1]),
            float(np.sqrt(contrast @ covariance @ contrast)),
        ),
        n_parameters=k,
    )


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
    before: Half, after: Half, covariates: npt.NDArray[np.float64] | None, per: float
) -> LogitFit:
    columns = [np.ones(len(before.valid)), before.valid_share / per]
    if covariates is not None:
        columns += [before.invalid_share, np.sqrt(before.invalid_share), *covariates.T]
    return fit_logit(np.stack(columns, axis=1), after.invalid_share, after.at_risk)


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
