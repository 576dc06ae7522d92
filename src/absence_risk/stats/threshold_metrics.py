"""Every figure on an alarm at every threshold, from counts per threshold bin and event.

Counts come as an array (…, 2, K + 1): without and with the event, by how many of the K ascending
thresholds a pupil's share reaches. Reverse cumulative sums give the confusion table at every
threshold, so leading axes may hold bootstrap samples and no row is touched again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk.stats.bootstrap import cell_draws

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = [
    "Places",
    "ThresholdMetrics",
    "bin_counts",
    "bootstrap_metrics",
    "threshold_bins",
    "threshold_metrics",
]

Places = Literal["rank", "first come"]


@dataclass(frozen=True, eq=False)
class ThresholdMetrics:
    """Figures on an alarm; NaN where a denominator is zero.

    Parameters
    ----------
    true_alarms, false_alarms : numpy.ndarray, shape (..., K)
        Pupils at or above each threshold with and without the event.
    sensitivity, specificity, ppv, npv : numpy.ndarray, shape (..., K)
        Shares (Altman & Bland 1994, BMJ 308:1552 and 309:102).
    youden : numpy.ndarray, shape (..., K)
        Sensitivity + specificity − 1 (Youden 1950, Cancer 3:32).
    alarms : numpy.ndarray, shape (..., K)
        Pupils at or above the threshold per 1,000 pupils and month.
    net_benefit : numpy.ndarray, shape (..., K)
        TP/n − w FP/n (Vickers & Elkin 2006, Med Decis Making 26:565), per pupil.
    standardised : numpy.ndarray, shape (..., K)
        Net benefit divided by the prevalence; 1 is a perfect alarm.
    limited : numpy.ndarray, shape (..., K)
        Net benefit where only so many pupils can be helped (Singh, Shah & Vickers 2023, JAMIA
        30:668); equal to ``net_benefit`` without a limit.
    cost : numpy.ndarray, shape (..., K)
        Expected cost per pupil: miss cost × FN/n + false-alarm cost × FP/n.
    auc : numpy.ndarray, shape (...)
        Area under the ROC curve of the binned share, ties counted half.
    """

    true_alarms: Floats
    false_alarms: Floats
    sensitivity: Floats
    specificity: Floats
    ppv: Floats
    npv: Floats
    youden: Floats
    alarms: Floats
    net_benefit: Floats
    standardised: Floats
    limited: Floats
    cost: Floats
    auc: Floats


def threshold_bins(share: npt.ArrayLike, thresholds: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Return how many thresholds each share reaches.

    Parameters
    ----------
    share : array-like of float, any shape
        Shares; a missing one (NaN) reaches none.
    thresholds : array-like of float, shape (K,)
        Ascending thresholds. A share that equals one reaches it; write a grid as ``k / 200`` so
        that 3 of 20 lessons equal 15 per cent to the last bit.

    Returns
    -------
    numpy.ndarray of int, same shape
        0 … K.

    Examples
    --------
    >>> threshold_bins([0.0, 3 / 20, np.nan, 0.9], [0.10, 0.15, 0.20]).tolist()
    [0, 2, 0, 3]
    """
    shares = np.asarray(share, dtype=np.float64)
    grid = np.asarray(thresholds, dtype=np.float64)
    steps = np.diff(grid)
    if len(grid) > 8 and np.ptp(steps) < 1e-9:
        return _even_bins(shares, grid, float(steps.mean()))
    known = np.where(np.isnan(shares), -np.inf, shares)
    return np.asarray(np.searchsorted(grid, known, side="right"), dtype=np.intp)


def _even_bins(shares: Floats, grid: Floats, step: float) -> npt.NDArray[np.intp]:
    """Guess the bin by division and correct it by comparison: exact, without a search."""
    last = len(grid) - 1
    # fmax and fmin let a missing share fall below the grid.
    place = np.fmin(np.fmax((shares - grid[0]) / step, -1.0), float(last))
    bins = np.floor(place).astype(np.intp) + 1
    bins += (bins <= last) & (shares >= grid[np.minimum(bins, last)])
    bins -= (bins > 0) & ~(shares >= grid[np.maximum(bins - 1, 0)])
    return np.asarray(bins, dtype=np.intp)


def bin_counts(
    share: npt.ArrayLike, event: npt.ArrayLike, thresholds: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """Count rows by event and by how many thresholds the share reaches.

    Parameters
    ----------
    share : array-like of float, shape (n,)
        Shares.
    event : array-like of bool, shape (n,)
        Whether the event occurred.
    thresholds : array-like of float, shape (K,)
        Ascending thresholds.

    Returns
    -------
    numpy.ndarray of int64, shape (2, K + 1)
        Counts without and with the event.

    Examples
    --------
    >>> bin_counts([0.05, 0.3, 0.3], [False, False, True], [0.1, 0.2]).tolist()
    [[1, 0, 1], [0, 0, 1]]
    """
    width = np.size(thresholds) + 1
    code = threshold_bins(share, thresholds) + width * np.asarray(event).astype(np.intp)
    return np.bincount(code, minlength=2 * width).reshape(2, width).astype(np.int64)


def bootstrap_metrics(
    counts: npt.ArrayLike,
    replicates: int,
    rng: np.random.Generator,
    *,
    exchange: float,
    miss_cost: float = 1.0,
    false_cost: float = 1.0,
    places: float | None = None,
    order: Places = "rank",
    months: float = 1.0,
) -> ThresholdMetrics:
    """Bootstrap every figure at every threshold, as if rows were drawn with replacement.

    The counts of a row bootstrap on fixed bins are multinomial, so cells are drawn instead of
    rows: the exact law, at a cost that does not grow with rows. Rows must be independent; use
    cluster weights for panels.

    Parameters
    ----------
    counts : array-like of int, shape (2, K + 1)
        Counts from :func:`bin_counts`.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.
    exchange, miss_cost, false_cost, months : float
        See :func:`threshold_metrics`.
    places : float or None
        Pupils who can be helped, of those counted; None for no limit.
    order : {"rank", "first come"}
        Who gets a place.

    Returns
    -------
    ThresholdMetrics
        Arrays with a first axis of ``replicates``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> bootstrap_metrics([[5, 3], [1, 4]], 100, rng, exchange=0.25).ppv.shape
    (100, 1)
    """
    cells = np.asarray(counts, dtype=np.int64)
    held = np.flatnonzero(cells)
    drawn = np.zeros((replicates, cells.size))
    drawn[:, held] = cell_draws(cells.ravel()[held], replicates, rng)
    return threshold_metrics(
        drawn.reshape(replicates, *cells.shape),
        exchange=exchange,
        miss_cost=miss_cost,
        false_cost=false_cost,
        places=places,
        order=order,
        months=months,
    )


def threshold_metrics(
    counts: npt.ArrayLike,
    *,
    exchange: float,
    miss_cost: float = 1.0,
    false_cost: float = 1.0,
    places: float | Floats | None = None,
    order: Places = "rank",
    months: float | Floats = 1.0,
) -> ThresholdMetrics:
    """Compute every figure at every threshold.

    Parameters
    ----------
    counts : array-like, shape (..., 2, K + 1)
        Counts without and with the event by thresholds reached.
    exchange : float
        Harm of a false alarm in units of the benefit of a true one: w = p/(1 − p).
    miss_cost, false_cost : float
        Cost of a pupil with the event who is not alarmed, and of a false alarm.
    places : float, numpy.ndarray of shape (..., 1), or None
        Pupils who can be helped, of those counted; None for no limit.
    order : {"rank", "first come"}
        Who gets a place where more pupils are alarmed than there are places: those with the
        highest share, or any of the alarmed with equal chance.
    months : float or numpy.ndarray of shape (..., 1)
        Months behind the counts, for alarms per month.

    Returns
    -------
    ThresholdMetrics
        Arrays of shape (..., K), the area of shape (...).

    Examples
    --------
    >>> found = threshold_metrics([[90, 6], [2, 2]], exchange=0.25)
    >>> found.ppv.tolist(), found.sensitivity.tolist(), found.net_benefit.tolist()
    ([0.25], [0.5], [0.005])
    """
    cells = np.asarray(counts, dtype=np.float64)
    reached = np.cumsum(cells[..., ::-1], axis=-1)[..., ::-1]
    fp, tp = reached[..., 0, 1:], reached[..., 1, 1:]
    without, events = reached[..., 0, :1], reached[..., 1, :1]
    n = without + events
    flagged = tp + fp
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity, false_rate = tp / events, fp / without
        ppv = tp / flagged
        npv = (without - fp) / (n - flagged)
        net = (tp - exchange * fp) / n
        # Pairs in which the pupil with the event has the higher share, and half of the ties.
        above = reached[..., 1, :] - 0.5 * cells[..., 1, :]
        auc = (cells[..., 0, :] * above).sum(axis=-1) / (without * events)[..., 0]
        standardised = net * (n / events)
        alarms = flagged * (1000 / (n * months))
        cost = (miss_cost * (events - tp) + false_cost * fp) / n
        limited = net
        if places is not None:
            limited = _limited(reached, n, exchange, places, order)
    return ThresholdMetrics(
        true_alarms=tp,
        false_alarms=fp,
        sensitivity=sensitivity,
        specificity=1 - false_rate,
        ppv=ppv,
        npv=npv,
        youden=sensitivity - false_rate,
        alarms=alarms,
        net_benefit=net,
        standardised=standardised,
        limited=limited,
        cost=cost,
        auc=auc,
    )


def _limited(
    reached: Floats, n: Floats, exchange: float, places: float | Floats, order: Places
) -> Floats:
    """Return the net benefit where at most ``places`` pupils are helped."""
    fp, tp = reached[..., 0, 1:], reached[..., 1, 1:]
    flagged = fp + tp
    value = tp - exchange * fp
    if order == "first come":
        return np.asarray(value * np.minimum(1.0, places / np.maximum(flagged, 1e-300)) / n)
    # By rank the last place lies inside one bin, whose pupils share what is left of the places.
    padded = np.concatenate([reached.sum(axis=-2), np.zeros_like(n)], axis=-1)
    values = np.concatenate(
        [reached[..., 1, :] - exchange * reached[..., 0, :], np.zeros_like(n)], axis=-1
    )
    at = np.maximum((padded > places).sum(axis=-1, keepdims=True) - 1, 0)
    high, low = (np.take_along_axis(padded, at + step, axis=-1) for step in (0, 1))
    top, bottom = (np.take_along_axis(values, at + step, axis=-1) for step in (0, 1))
    part = (places - low) / np.maximum(high - low, 1e-300)
    full = bottom + part * (top - bottom)
    return np.asarray(np.where(flagged > places, full, value) / n)
