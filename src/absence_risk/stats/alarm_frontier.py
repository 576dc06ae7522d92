"""How early an alarm comes, and for how much work, at every threshold at once.

The first month in which a running maximum reaches a threshold needs no loop over thresholds: it is
the number of months in which the maximum was still below. Everything an alarm is judged by is a
sum over pupils of steps in the threshold, so each pupil is a few counts in a sparse table, and a
bootstrap is one product of weights with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.threshold_metrics import threshold_bins

if TYPE_CHECKING:
    import numpy.typing as npt
    from scipy import sparse

    Floats = npt.NDArray[np.float64]

__all__ = ["Frontier", "Tallies", "alarm_frontier", "consecutive", "first_alarm", "unit_weights"]

_BLOCK = 20_000_000


def consecutive(share: npt.ArrayLike, periods: int) -> Floats:
    """Return the share that held through a number of periods in a row: the rolling minimum.

    Parameters
    ----------
    share : array-like of float, shape (n, T)
        Shares per pupil and period; NaN for a missing period, which breaks a run.
    periods : int
        Periods in a row, at least 1.

    Returns
    -------
    numpy.ndarray, shape (n, T)
        Smallest share of the last ``periods`` periods, NaN in the first ones and after gaps.

    Examples
    --------
    >>> consecutive([[0.1, 0.3, 0.2, 0.4]], 2).tolist()
    [[nan, 0.1, 0.2, 0.2]]
    """
    shares = np.asarray(share, dtype=np.float64)
    lowest = shares.copy()
    for back in range(1, periods):
        lowest[:, back:] = np.minimum(lowest[:, back:], shares[:, :-back])
    lowest[:, : periods - 1] = np.nan
    return lowest


def first_alarm(share: npt.ArrayLike, thresholds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the first period in which each threshold is reached.

    With M the running maximum, the number of periods with M below the threshold.

    Parameters
    ----------
    share : array-like of float, shape (n, T)
        Shares per pupil and period; NaN reaches no threshold.
    thresholds : array-like of float, shape (K,)
        Ascending thresholds.

    Returns
    -------
    numpy.ndarray of int64, shape (n, K)
        Period, T where the threshold is never reached.

    Examples
    --------
    >>> first_alarm([[0.1, 0.3, 0.2, 0.4]], [0.1, 0.2, 0.35, 0.5]).tolist()
    [[0, 1, 3, 4]]
    """
    bins = threshold_bins(share, thresholds).astype(np.int16)
    highest = np.maximum.accumulate(bins, axis=1)
    step = np.arange(np.size(thresholds), dtype=np.int16)
    first = np.zeros((len(highest), len(step)), dtype=np.int64)
    for period in range(highest.shape[1]):
        first += highest[:, period, None] <= step
    return first


def unit_weights(
    n_units: int, replicates: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Draw how often each of many units enters each bootstrap sample.

    The law of :func:`absence_risk.stats.bootstrap.cluster_weights`, drawn by counting random
    picks, which is quicker for many units, and laid out for sparse products.

    Parameters
    ----------
    n_units : int
        Number of pupils or clusters.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray of float32, shape (n_units, replicates)
        Weights; each column sums to ``n_units``.

    Examples
    --------
    >>> unit_weights(5, 3, np.random.default_rng(0)).sum(axis=0).tolist()
    [5.0, 5.0, 5.0]
    """
    weights = np.empty((n_units, replicates), dtype=np.float32)
    for start in range(0, replicates, 64):
        size = min(64, replicates - start)
        picks = rng.integers(0, n_units, size=(size, n_units), dtype=np.int32)
        counted = np.empty((size, n_units), dtype=np.float32)
        for row in range(size):
            counted[row] = np.bincount(picks[row], minlength=n_units)
        weights[:, start : start + size] = counted.T
    return weights


@dataclass(frozen=True, eq=False)
class Tallies:
    """What an alarm is judged by, per unit of resampling, as steps in the threshold.

    Parameters
    ----------
    table : scipy.sparse.csc_array, shape (4 (K + 1), n_units)
        Four blocks of K + 1 bins: pupils without the event and with it by the highest threshold
        reached, pupil-months by thresholds reached, and steps of the lead time of pupils with the
        event.
    width : int
        K + 1.
    """

    table: sparse.csc_array
    width: int

    @classmethod
    def of(
        cls,
        share: npt.ArrayLike,
        event: npt.ArrayLike,
        thresholds: npt.ArrayLike,
        *,
        lead: npt.ArrayLike,
        unit: npt.ArrayLike | None = None,
        months: npt.ArrayLike | None = None,
    ) -> Tallies:
        """Count pupils.

        Parameters
        ----------
        share : array-like of float, shape (n, T)
            Shares per pupil and period in which an alarm could help: NaN from the event on.
        event : array-like of bool, shape (n,)
            Whether the event occurred.
        thresholds : array-like of float, shape (K,)
            Ascending thresholds.
        lead : array-like of float, shape (T,) or (n, T)
            Time from the end of each period to the event; used of pupils with the event.
        unit : array-like of int, shape (n,), or None
            Unit of resampling of each pupil, 0 …; every pupil its own if None.
        months : array-like of float, shape (n, M), or None
            Highest share in each calendar month, for counting alarms; ``share`` itself if None.

        Returns
        -------
        Tallies
            The table.
        """
        from scipy import sparse  # noqa: PLC0415 (importing a claim must stay quick)

        grid = np.asarray(thresholds, dtype=np.float64)
        shares, occurred = np.asarray(share, dtype=np.float64), np.asarray(event, dtype=bool)
        n, width = len(shares), len(grid) + 1
        units = np.arange(n) if unit is None else np.asarray(unit, dtype=np.int64)
        bins = threshold_bins(shares, grid)
        row = [occurred * width + bins.max(axis=1, initial=0)]
        column, value = [units], [np.ones(n)]
        by_month = shares if months is None else np.asarray(months, dtype=np.float64)
        month_bins = bins if months is None else threshold_bins(by_month, grid)
        pupil, month = np.nonzero(~np.isnan(by_month))
        row.append(2 * width + month_bins[pupil, month])
        column.append(units[pupil])
        value.append(np.ones(len(pupil)))
        cases = np.flatnonzero(occurred)
        times = np.broadcast_to(np.asarray(lead, dtype=np.float64), shares.shape)[cases]
        steps = _lead_steps(bins[cases], times, width)
        case, at = np.nonzero(steps)
        row.append(3 * width + at)
        column.append(units[cases[case]])
        value.append(steps[case, at])
        entries = (np.concatenate(value).astype(np.float32), (_join(row), _join(column)))
        table = sparse.coo_array(entries, shape=(4 * width, int(units.max(initial=-1)) + 1))
        return cls(table.tocsc(), width)

    def weighted(self, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Sum the counts of weighted units.

        Parameters
        ----------
        weights : numpy.ndarray of float32, shape (n_units, replicates)
            Weights.

        Returns
        -------
        numpy.ndarray of float32, shape (replicates, 4, K + 1)
            Counts per bin.
        """
        block = max(1, _BLOCK // max(len(weights), 1))
        parts = [
            (self.table @ np.ascontiguousarray(weights[:, start : start + block])).T
            for start in range(0, weights.shape[1], block)
        ]
        return np.concatenate(parts).reshape(-1, 4, self.width)

    def total(self) -> Floats:
        """Sum the counts of all units.

        Returns
        -------
        numpy.ndarray of float64, shape (4, K + 1)
            Counts per bin.
        """
        return np.asarray(self.table.sum(axis=1), dtype=np.float64).reshape(4, self.width)


def _join(parts: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(parts).astype(np.int64)


def _lead_steps(bins: npt.NDArray[np.intp], lead: Floats, width: int) -> Floats:
    """Return the lead at each threshold as differences, so that reverse sums give it back."""
    found = np.zeros((len(bins), width + 1))
    best = np.zeros(len(bins), dtype=np.intp)
    which = np.arange(len(bins))
    for period in range(bins.shape[1]):
        # The first alarm at thresholds (best, new] falls in this period.
        new = np.maximum(best, bins[:, period])
        time = np.where(new > best, lead[:, period], 0.0)
        found[which, new] += time
        found[which, best] -= time
        best = new
    found[:, 0] = 0.0
    return found[:, :width]


@dataclass(frozen=True, eq=False)
class Frontier:
    """Work against earliness at every threshold; NaN where nobody is alarmed.

    Parameters
    ----------
    sensitivity, ppv : numpy.ndarray, shape (..., K)
        Share of pupils with the event who are alarmed before it; share of alarmed pupils with it.
    lead : numpy.ndarray, shape (..., K)
        Mean time from the first alarm to the event, of pupils who are alarmed before it.
    alarms : numpy.ndarray, shape (..., K)
        Pupil-months at or above the threshold per 1,000 pupil-months.
    first_alarms : numpy.ndarray, shape (..., K)
        Pupils alarmed for the first time per 1,000 pupil-months.
    """

    sensitivity: Floats
    ppv: Floats
    lead: Floats
    alarms: Floats
    first_alarms: Floats


def alarm_frontier(counts: npt.ArrayLike) -> Frontier:
    """Return work and earliness at every threshold.

    Parameters
    ----------
    counts : array-like, shape (..., 4, K + 1)
        From :meth:`Tallies.weighted` or :meth:`Tallies.total`.

    Returns
    -------
    Frontier
        Figures per threshold.

    Examples
    --------
    >>> share = [[0.05, 0.3], [0.3, 0.1]]
    >>> tallies = Tallies.of(share, [False, True], [0.1, 0.2], lead=[2.0, 1.0])
    >>> found = alarm_frontier(tallies.total())
    >>> found.ppv.tolist(), found.lead.tolist(), found.alarms.tolist()
    ([0.5, 0.5], [2.0, 2.0], [750.0, 500.0])
    """
    cells = np.asarray(counts)
    reached = np.cumsum(cells[..., ::-1], axis=-1)[..., ::-1]
    fp, tp, months, lead = (reached[..., k, 1:] for k in range(4))
    events, offered = reached[..., 1, :1], reached[..., 2, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return Frontier(
            sensitivity=tp / events,
            ppv=tp / (tp + fp),
            lead=lead / tp,
            alarms=1000 * months / offered,
            first_alarms=1000 * (tp + fp) / offered,
        )
