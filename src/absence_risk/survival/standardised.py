"""Return among untreated pupils, weighted to the earlier absence of the cases, with bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.bootstrap import cell_draws
from absence_risk.stats.weighted_incidence import (
    batched_incidence,
    bootstrap_weights,
    unit_counts,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.weighted_incidence import UnitCounts

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = ["Arm", "Draws", "bootstrap_by_cluster", "bootstrap_by_pupil", "curves"]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """Histories of one group as arrays.

    Parameters
    ----------
    duration, event : numpy.ndarray of int64, shape (n,)
        School weeks and ending (1 is a return).
    band : numpy.ndarray of int64, shape (n,)
        Band of earlier absence, -1 where unknown.
    unit : numpy.ndarray of int64, shape (n,)
        Pupil or cluster that is resampled.
    """

    duration: Ints
    event: Ints
    band: Ints
    unit: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Bootstrap draws of the two curves.

    Parameters
    ----------
    team, benchmark : numpy.ndarray of float64, shape (replicates, n_weeks)
        Incidence of return of the cases, and of untreated pupils standardised to them.
    """

    team: Floats
    benchmark: Floats


def curves(case: Arm, untreated: Arm, n_weeks: int) -> Draws:
    """Return the two curves themselves, as draws with one row.

    The benchmark is Σ_b p_b F_b(t): F_b the incidence of return of untreated pupils in band b,
    p_b the share of cases in it (direct standardisation).

    Parameters
    ----------
    case, untreated : Arm
        The two groups.
    n_weeks : int
        Weeks 1 … n_weeks.

    Returns
    -------
    Draws
        One row.
    """
    single = (_together(case), _together(untreated))
    return _curves((np.ones((1, 1)), np.ones((1, 1))), single, n_weeks, _n_bands(case, untreated))


def bootstrap_by_cluster(
    case: Arm, untreated: Arm, n_weeks: int, *, replicates: int, rng: np.random.Generator
) -> Draws:
    """Resample clusters that hold both cases and untreated pupils.

    Parameters
    ----------
    case, untreated : Arm
        The two groups; ``unit`` numbers the same clusters in both.
    n_weeks : int
        Weeks 1 … n_weeks.
    replicates : int
        Number of resamples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Draws
        The curves under each resample.
    """
    n_units = int(max(case.unit.max(), untreated.unit.max())) + 1
    weight = bootstrap_weights(n_units, replicates, rng)
    return _curves((weight, weight), (case, untreated), n_weeks, _n_bands(case, untreated))


def bootstrap_by_pupil(
    case: Arm, untreated: Arm, n_weeks: int, *, replicates: int, rng: np.random.Generator
) -> Draws:
    """Resample pupils, in each group apart.

    Parameters
    ----------
    case, untreated : Arm
        The two groups; ``unit`` numbers the pupils of each. Untreated pupils have one row each.
    n_weeks : int
        Weeks 1 … n_weeks.
    replicates : int
        Number of resamples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Draws
        The curves under each resample.
    """
    of_case = bootstrap_weights(int(case.unit.max()) + 1, replicates, rng)
    # Resampling rows and counting them in cells is a multinomial draw of the cells.
    table = np.column_stack([untreated.band, untreated.duration, untreated.event])
    cells, size = np.unique(table, axis=0, return_counts=True)
    drawn = cell_draws(size, replicates, rng).astype(np.float64)
    as_cells = Arm(cells[:, 1], cells[:, 2], cells[:, 0], np.arange(len(cells)))
    return _curves((of_case, drawn), (case, as_cells), n_weeks, _n_bands(case, untreated))


def _curves(
    weights: tuple[Floats, Floats], arms: tuple[Arm, Arm], n_weeks: int, n_bands: int
) -> Draws:
    """Estimate both curves under each row of the weights of the units of the two groups."""
    case, untreated = arms
    every = np.ones(len(case.unit), dtype=bool)
    team = batched_incidence(weights[0], _counts(case, every, n_weeks, weights[0].shape[1]))
    benchmark, total = np.zeros_like(team), np.zeros((len(team), 1))
    for band in range(n_bands):
        mine = case.band == band
        if not mine.any():
            continue
        there = untreated.band == band
        counts = _counts(untreated, there, n_weeks, weights[1].shape[1])
        share = weights[0] @ np.bincount(case.unit[mine], minlength=weights[0].shape[1])
        # A resample without untreated pupils in a band gives the band no weight.
        share = np.where(weights[1] @ counts.at_risk[:, 0] > 0, share, 0.0)[:, None]
        benchmark += share * batched_incidence(weights[1], counts)
        total += share
    empty = total[:, 0] == 0
    benchmark[empty] = np.nan
    team[empty | (weights[0] @ np.bincount(case.unit, minlength=weights[0].shape[1]) == 0)] = np.nan
    return Draws(team, np.divide(benchmark, np.where(total > 0, total, 1.0)))


def _counts(arm: Arm, rows: npt.NDArray[np.bool_], n_weeks: int, n_units: int) -> UnitCounts:
    return unit_counts(
        arm.unit[rows], arm.duration[rows], arm.event[rows], n_units=n_units, n_weeks=n_weeks
    )


def _together(arm: Arm) -> Arm:
    return Arm(arm.duration, arm.event, arm.band, np.zeros_like(arm.unit))


def _n_bands(case: Arm, untreated: Arm) -> int:
    return int(max(case.band.max(), untreated.band.max())) + 1
