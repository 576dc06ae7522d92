"""What an alarm is worth, from counts per step and event: no row is touched twice.

Cells are counts of pupils by highest step reached (0 … K) and event (0, 1). Reverse cumulative sums
give the confusion table at every step, so a bootstrap is cluster weights times the cluster × cell
matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]

__all__ = ["OPERATING_SHARES", "Share", "count_cells", "exact_interval", "operating_shares"]

Share = Literal["sensitivity", "specificity", "ppv", "npv", "flagged", "prevalence"]
OPERATING_SHARES: tuple[Share, ...] = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "flagged",
    "prevalence",
)


def count_cells(
    step: npt.ArrayLike,
    event: npt.ArrayLike,
    cluster: npt.ArrayLike,
    *,
    n_steps: int,
    n_clusters: int,
) -> npt.NDArray[np.int64]:
    """Count pupils by cluster, highest step reached and event.

    Parameters
    ----------
    step : array-like of int, shape (n,)
        Highest step of each pupil, 0 … n_steps.
    event : array-like of bool, shape (n,)
        Whether the pupil has the event.
    cluster : array-like of int, shape (n,)
        Cluster of each pupil, 0 … n_clusters − 1.
    n_steps, n_clusters : int
        Number of steps and of clusters.

    Returns
    -------
    numpy.ndarray of int64, shape (n_clusters, n_steps + 1, 2)
        Counts.

    Examples
    --------
    >>> count_cells([0, 1], [False, True], [0, 0], n_steps=1, n_clusters=1).tolist()
    [[[1, 0], [0, 1]]]
    """
    shape = (n_clusters, n_steps + 1, 2)
    index = (np.asarray(cluster), np.asarray(step), np.asarray(event).astype(np.int64))
    flat = np.ravel_multi_index(tuple(part.astype(np.int64) for part in index), shape)
    counts = np.bincount(flat, minlength=int(np.prod(shape)))
    return counts.reshape(shape).astype(np.int64)


def operating_shares(cells: npt.ArrayLike) -> dict[Share, tuple[Numbers, Numbers]]:
    """Return numerator and denominator of each share at every step.

    With TP, FP, FN, TN of "reached this step or a higher one": sensitivity TP/(TP+FN), specificity
    TN/(TN+FP), positive predictive value (PPV) TP/(TP+FP), negative predictive value (NPV)
    TN/(TN+FN), flagged (TP+FP)/n, prevalence (TP+FN)/n (Altman & Bland 1994, BMJ 308:1552 and
    309:102).

    Parameters
    ----------
    cells : array-like, shape (..., K + 1, 2)
        Counts by highest step reached and event; leading axes may hold bootstrap samples.

    Returns
    -------
    dict
        From the names in ``OPERATING_SHARES`` to (numerator, denominator), shape (..., K) each.

    Examples
    --------
    >>> top, bottom = operating_shares([[90, 2], [6, 2]])["ppv"]
    >>> int(top[0]), int(bottom[0])
    (2, 8)
    """
    counts = np.asarray(cells)
    reached = np.flip(np.cumsum(np.flip(counts, axis=-2), axis=-2), axis=-2)
    fp, tp = reached[..., 1:, 0], reached[..., 1:, 1]
    tn, fn = reached[..., :1, 0] - fp, reached[..., :1, 1] - tp
    n = tp + fp + fn + tn
    return {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
        "flagged": (tp + fp, n),
        "prevalence": (tp + fn, n),
    }


def exact_interval(events: int, n: int, conf_level: float) -> tuple[float, float]:
    """Return the exact binomial interval of a share.

    Clopper & Pearson 1934, Biometrika 26:404.

    Parameters
    ----------
    events, n : int
        Number of events and of trials, 0 ≤ events ≤ n, n ≥ 1.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    low, high : float
        Limits.

    Examples
    --------
    >>> low, high = exact_interval(0, 30, 0.95)
    >>> low, round(high, 4)
    (0.0, 0.1157)
    """
    tail = (1 - conf_level) / 2
    low = special.betaincinv(events, n - events + 1, tail) if events > 0 else 0.0
    high = special.betaincinv(events + 1, n - events, 1 - tail) if events < n else 1.0
    return float(low), float(high)
