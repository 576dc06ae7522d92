"""Bootstrap of cumulative incidence in one matrix product.

A resample of pupils or schools is a vector of weights. Counts per unit and week are formed once;
weights times counts then give all resamples at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["UnitCounts", "batched_incidence", "bootstrap_weights", "unit_counts"]


@dataclass(frozen=True, slots=True, eq=False)
class UnitCounts:
    """At risk and endings per unit and week.

    Parameters
    ----------
    at_risk, ended, caused : numpy.ndarray of float64, shape (n_units, n_weeks)
        Rows at risk, endings of any kind, endings of the kind of interest, in weeks 1 … n_weeks.
    """

    at_risk: Floats
    ended: Floats
    caused: Floats


def unit_counts(
    unit: npt.ArrayLike,
    duration: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    n_units: int,
    n_weeks: int,
    cause: int = 1,
    entry: npt.ArrayLike | None = None,
) -> UnitCounts:
    """Count rows at risk and endings per unit and week.

    Parameters
    ----------
    unit : array-like of int, shape (n,)
        Unit of each row, 0 … n_units − 1: the pupil or the cluster that is resampled.
    duration : array-like of int, shape (n,)
        Week of the ending or of the last observation, at least 1.
    event : array-like of int, shape (n,)
        0 censored, 1 … K the kind of ending.
    n_units : int
        Number of units, including those without a row.
    n_weeks : int
        Last week that is counted; later weeks are cut off.
    cause : int
        The ending of interest.
    entry : array-like of int, shape (n,), or None
        Week after which the row is at risk; 0 by default.

    Returns
    -------
    UnitCounts
        Three arrays of shape (n_units, n_weeks).

    Examples
    --------
    >>> unit_counts([0, 0, 1], [1, 2, 2], [1, 0, 2], n_units=2, n_weeks=2).at_risk.tolist()
    [[2.0, 1.0], [1.0, 1.0]]
    """
    where = np.asarray(unit, dtype=np.int64)
    stop = np.asarray(duration, dtype=np.int64)
    kind = np.asarray(event, dtype=np.int64)
    into = np.zeros_like(stop) if entry is None else np.asarray(entry, dtype=np.int64)
    width = n_weeks + 2

    def table(rows: npt.NDArray[np.bool_], week: npt.NDArray[np.int64]) -> Floats:
        cell = where[rows] * width + np.minimum(week[rows], n_weeks + 1)
        flat = np.bincount(cell, minlength=n_units * width)
        return flat.reshape(n_units, width).astype(np.float64)

    every = np.ones(stop.shape, dtype=bool)
    # In week t a row is at risk when it entered before t and has not stopped before t.
    entered = np.cumsum(table(every, into + 1), axis=1)
    stopped = np.cumsum(table(every, stop), axis=1)
    at_risk = entered[:, 1:-1] - stopped[:, :-2]
    ended = table(kind > 0, stop)[:, 1:-1]
    caused = table(kind == cause, stop)[:, 1:-1]
    return UnitCounts(at_risk, ended, caused)


def bootstrap_weights(n_units: int, replicates: int, rng: np.random.Generator) -> Floats:
    """Draw how often each unit occurs in each resample of size ``n_units``.

    Parameters
    ----------
    n_units : int
        Number of units, at least 1.
    replicates : int
        Number of resamples, at least 1.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray of float64, shape (replicates, n_units)
        Multinomial counts; each row sums to ``n_units``.

    Examples
    --------
    >>> bootstrap_weights(3, 2, np.random.default_rng(1)).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    units = check.positive_int(n_units, "n_units")
    rows = check.positive_int(replicates, "replicates")
    drawn = rng.integers(0, units, size=(rows, units))
    drawn += np.arange(rows)[:, None] * units
    counts = np.bincount(drawn.ravel(), minlength=rows * units)
    return counts.reshape(rows, units).astype(np.float64)


def batched_incidence(weights: npt.ArrayLike, counts: UnitCounts) -> Floats:
    """Estimate the cumulative incidence of one ending under each row of weights.

    The Aalen–Johansen estimator on weighted counts. A week in which nobody with weight is at risk
    adds nothing, so the curve is flat from there on.

    Parameters
    ----------
    weights : array-like of float, shape (replicates, n_units)
        Weight of each unit in each resample.
    counts : UnitCounts
        Counts of ``n_units`` units.

    Returns
    -------
    numpy.ndarray of float64, shape (replicates, n_weeks)
        Cumulative incidence in weeks 1 … n_weeks.

    Examples
    --------
    >>> counts = unit_counts([0, 1], [1, 2], [1, 1], n_units=2, n_weeks=2)
    >>> batched_incidence([[1.0, 1.0], [3.0, 1.0]], counts).tolist()
    [[0.5, 1.0], [0.75, 1.0]]
    """
    weight = np.asarray(weights, dtype=np.float64)
    at_risk, ended, caused = (
        weight @ table for table in (counts.at_risk, counts.ended, counts.caused)
    )
    safe = np.where(at_risk > 0, at_risk, 1.0)
    survival = np.cumprod(np.clip(1 - ended / safe, 0.0, 1.0), axis=1)
    before = np.concatenate([np.ones((len(weight), 1)), survival[:, :-1]], axis=1)
    return np.asarray(np.cumsum(before * caused / safe, axis=1), dtype=np.float64)
