"""The rows of a dose-response question, checked and complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import FlowStep
from absence_risk.stats.sandwich import cluster_sums
from absence_risk.thresholds.order import refuse_reversed
from absence_risk.thresholds.sample import Sample
from absence_risk.thresholds.weighted_exposure import weighted_exposure
from absence_risk.thresholds.working import check_family, linearise

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.thresholds.sample import Family

__all__ = ["read_sample"]

_FEWEST_EXPOSURES = 5
_MOST_LEVELS = 0.2
_BINARY = (
    "{outcome!r} has only two values. Straight lines through shares are a rough model: pass "
    "family='binomial' for log odds, linear_probability=True to read slopes as differences in "
    "probability, or give a measured outcome."
)
_CONSTANT = (
    "{outcome!r} has the same value in all complete rows ({n}): it cannot depend on absence."
)
_NOBODY = (
    "No pupil lies {side} {at:g} in {exposure!r}: how outcomes change there cannot be learnt from "
    "these data."
)
_COARSE = (
    "{exposure!r} has {k} distinct values; a bend needs at least {need}. Use the share itself, not "
    "bands of it."
)
_STILL = (
    "Fewer than 2 values of {pupil!r} have rows with different exposure: within pupils there is "
    "nothing to compare. Leave out pupil=, or give several periods per pupil."
)
_NOT_NESTED = (
    "Rows of one pupil lie in several values of {cluster!r}. With pupil= a cluster must hold all "
    "rows of a pupil: pass a wider grouping, or leave cluster out (pupils are then the clusters)."
)
_ONE_CLUSTER = (
    "{cluster!r} has {n} distinct value: intervals need at least 2 clusters. Pass a finer grouping."
)


def read_sample(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposure: str,
    covariates: Sequence[str],
    cluster: str | None,
    at: float,
    linear_probability: bool,
    family: Family = "gaussian",
    pupil: str | None = None,
    dates: tuple[str | None, str | None] = (None, None),
    parts: tuple[str, str] | None = None,
    invalid_weight: float = 1.0,
) -> Sample:
    """Check the columns and keep complete rows.

    Parameters
    ----------
    data : pandas.DataFrame
        One row per pupil.
    outcome, exposure : str
        Numeric columns; the exposure is a share in [0, 1].
    covariates : sequence of str
        Numeric columns as they are, others as one indicator per level.
    cluster : str or None
        Column of clusters; rows are independent without one.
    at : float
        Candidate threshold, a share.
    linear_probability : bool
        Whether an outcome with two values is accepted as continuous.
    family : {"gaussian", "binomial", "poisson"}
        Distribution of the outcome.
    pupil : str or None
        Column of pupils with levels of their own, for several rows per pupil.
    dates : tuple of str or None
        Columns with the date of the outcome and the last date of the exposure; both or none.
    parts : tuple of str or None
        Columns with the shares of valid and invalid absence, which add up to the exposure.
    invalid_weight : float
        Weight of the invalid part in the exposure.

    Returns
    -------
    Sample
        Complete rows and how many were lost at each step.

    Raises
    ------
    ValueError
        If a column is missing or not numeric, or an exposure lies outside [0, 1].
    DesignError
        If the rows cannot answer the question.
    """
    optional = (cluster, pupil, *dates, *(parts or ()))
    named = [outcome, exposure, *covariates, *(name for name in optional if name)]
    check.columns(data.columns, named, "data")
    y, x = (_numbers(data, column) for column in (outcome, exposure))
    known = ~np.isnan(x)
    for extreme in (x[known].min(initial=0.0), x[known].max(initial=0.0)):
        check.proportion(float(extreme), exposure)
    keep, flow = _complete(
        data,
        {
            "outcome": [outcome],
            "exposure": [exposure],
            "covariates": list(covariates),
            "cluster": [cluster] if cluster else [],
            "pupil": [pupil] if pupil else [],
            "dates": [name for name in dates if name],
            "parts": list(parts or ()),
        },
    )
    refuse_reversed(data[keep], dates)
    y, x = y[keep], x[keep]
    shares = None
    if parts:
        shares = np.column_stack([_numbers(data, column)[keep] for column in parts])
        x = weighted_exposure(x, shares, (exposure, *parts), invalid_weight)
    check_family(y, outcome, family)
    _refuse_outcome(y, outcome, linear_probability=linear_probability or family != "gaussian")
    _refuse_exposure(x, exposure, at)
    adjust = _adjustment(data.loc[keep, list(covariates)])
    codes = _codes(data.loc[keep, cluster], cluster) if cluster else np.arange(len(y))
    groups = None
    if pupil:
        groups = _pupils(data.loc[keep, pupil], pupil, x)
        codes = _nested(codes, groups, cluster)
        adjust = _within_adjustment(adjust, groups)
    binary = len(np.unique(y)) == 2
    return linearise(Sample(y, x, adjust, codes, flow, binary, family, groups=groups, parts=shares))


def _pupils(column: pd.Series, pupil: str, x: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    from pandas import factorize  # noqa: PLC0415

    codes = np.asarray(factorize(column)[0], dtype=np.int64)
    counts = np.bincount(codes)
    means = np.bincount(codes, weights=x) / counts
    moving = np.unique(codes[np.abs(x - means[codes]) > 1e-12])
    if len(moving) < 2:
        raise DesignError(_STILL.format(pupil=pupil))
    return codes


def _nested(
    codes: npt.NDArray[np.int64], pupils: npt.NDArray[np.int64], cluster: str | None
) -> npt.NDArray[np.int64]:
    """Return clusters made of whole pupils; the pupils themselves without a cluster column."""
    if cluster is None:
        return pupils
    first = np.full(int(pupils.max()) + 1, -1)
    first[pupils[::-1]] = codes[::-1]
    if (first[pupils] != codes).any():
        raise DesignError(_NOT_NESTED.format(cluster=cluster))
    return codes


def _within_adjustment(
    adjust: npt.NDArray[np.float64], pupils: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return orthonormal columns that span what varies within pupils."""
    if adjust.shape[1] == 0:
        return adjust
    means = cluster_sums(adjust, pupils, int(pupils.max()) + 1) / np.bincount(pupils)[:, None]
    u, singular, _ = np.linalg.svd(adjust - means[pupils], full_matrices=False)
    return np.asarray(u[:, singular > 1e-8])


def _numbers(data: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype  # noqa: PLC0415

    if not (is_numeric_dtype(data[column]) or is_bool_dtype(data[column])):
        raise ValueError(f"column {column!r} must be numeric, got the type {data[column].dtype}.")
    values = data[column].to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise ValueError(f"column {column!r} has infinite values; set them to missing.")
    return np.asarray(values)


def _complete(
    data: pd.DataFrame, parts: dict[str, list[str]]
) -> tuple[npt.NDArray[np.bool_], tuple[FlowStep, ...]]:
    keep = np.ones(len(data), dtype=bool)
    flow = [FlowStep(step="rows in the data", n=len(data))]
    for part, columns in parts.items():
        if columns:
            keep &= data[columns].notna().all(axis=1).to_numpy()
            flow.append(FlowStep(step=f"with known {part}", n=int(keep.sum())))
    return keep, tuple(flow)


def _refuse_outcome(y: npt.NDArray[np.float64], outcome: str, *, linear_probability: bool) -> None:
    distinct = len(np.unique(y))
    if distinct < 2:
        raise DesignError(_CONSTANT.format(outcome=outcome, n=len(y)))
    if distinct == 2 and not linear_probability:
        raise DesignError(_BINARY.format(outcome=outcome))


def _refuse_exposure(x: npt.NDArray[np.float64], exposure: str, at: float) -> None:
    distinct = len(np.unique(x))
    if distinct < _FEWEST_EXPOSURES:
        raise DesignError(_COARSE.format(exposure=exposure, k=distinct, need=_FEWEST_EXPOSURES))
    for side, some in (("beyond", (x > at).any()), ("below", (x < at).any())):
        if not some:
            raise DesignError(_NOBODY.format(side=side, at=at, exposure=exposure))


def _adjustment(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return orthonormal columns that span the centred covariates; constant ones vanish."""
    blocks = [_encode(frame[column]) for column in frame.columns]
    if not blocks:
        return np.empty((len(frame), 0))
    matrix = np.hstack(blocks)
    matrix = matrix - matrix.mean(axis=0)
    spread = matrix.std(axis=0)
    matrix = matrix[:, spread > 0] / spread[spread > 0]
    if matrix.shape[1] == 0:
        return np.empty((len(frame), 0))
    u, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(u[:, singular > 1e-8 * singular[0]])


def _encode(column: pd.Series) -> npt.NDArray[np.float64]:
    """Return a numeric column as it is and any other as indicators without the first level."""
    from pandas import factorize  # noqa: PLC0415
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415

    if is_numeric_dtype(column):
        return np.asarray(column.to_numpy(dtype=np.float64))[:, None]
    codes, levels = factorize(column, sort=True)
    if len(levels) > max(2, _MOST_LEVELS * len(column)):
        raise DesignError(
            f"covariate {column.name!r} has {len(levels)} levels in {len(column)} rows: too many "
            "to adjust for. Group them, or leave the column out."
        )
    return np.asarray(codes[:, None] == np.arange(1, len(levels)), dtype=np.float64)


def _codes(column: pd.Series, cluster: str) -> npt.NDArray[np.int64]:
    from pandas import factorize  # noqa: PLC0415

    codes, names = factorize(column)
    if len(names) < 2:
        raise DesignError(_ONE_CLUSTER.format(cluster=cluster, n=len(names)))
    return np.asarray(codes, dtype=np.int64)
