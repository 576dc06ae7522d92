"""Bootstrap of whole clusters from their sums: percentile and BCa intervals.

A statistic of sums (a mean, a ratio, a difference of means, a regression) is bootstrapped without
touching rows: multinomial weights of the clusters times a cluster × sum matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.stats.bootstrap import cluster_weights, percentile_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["BootstrapInterval", "IntervalKind", "bca_interval", "cluster_bootstrap"]

IntervalKind = Literal["percentile", "bca"]
_ONE_CLUSTER = (
    "A bootstrap of clusters needs at least 2 clusters, got {n}. Resample a lower level (schools "
    "instead of municipalities), or describe without an interval."
)
_SHAPE = (
    "The statistic must turn sums of shape (m, {k}) into m numbers, one per set of sums; it gave "
    "shape {shape} for m = {m}."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class BootstrapInterval:
    """An estimate with a bootstrap interval.

    Parameters
    ----------
    estimate : float
        The statistic of the data.
    std_error : float
        Standard deviation of the draws that exist.
    low, high : float
        Limits; NaN where more than 5 % of the draws do not exist.
    draws : numpy.ndarray of float, shape (replicates,)
        The draws; NaN where the statistic does not exist (nobody of a group was drawn).
    """

    estimate: float
    std_error: float
    low: float
    high: float
    draws: Floats


def cluster_bootstrap(
    sums: npt.ArrayLike,
    statistic: Callable[[Floats], Floats],
    *,
    kind: IntervalKind = "bca",
    replicates: int = 10_000,
    conf_level: float = 0.95,
    random_state: int = 0,
) -> BootstrapInterval:
    """Bootstrap a statistic of sums by drawing clusters with replacement.

    With few clusters the interval is too short: below about 20 use CR2 with Satterthwaite degrees
    of freedom (`fit_cr2`) and keep this for statistics without a standard error.

    Parameters
    ----------
    sums : array-like of float, shape (G, k)
        Sums of each cluster, for example of the changes and of the number of cases.
    statistic : callable
        Takes sums of shape (m, k) and returns m numbers, NaN where it does not exist.
    kind : {"percentile", "bca"}
        Kind of interval.
    replicates : int
        Number of draws.
    conf_level : float
        Confidence level in (0, 1).
    random_state : int
        Seed.

    Returns
    -------
    BootstrapInterval
        Estimate, standard error, limits, draws.

    Raises
    ------
    DesignError
        If there are fewer than two clusters.
    ValueError
        If an argument is out of range or the statistic returns another shape.

    Examples
    --------
    >>> sums = np.array([[3.0, 2], [9.0, 4], [4.0, 4], [8.0, 2], [6.0, 5]])
    >>> found = cluster_bootstrap(sums, lambda s: s[:, 0] / s[:, 1], kind="percentile")
    >>> round(found.estimate, 3), found.low < found.estimate < found.high
    (1.765, True)
    """
    check.choice(kind, ["percentile", "bca"], "kind")
    check.probability(conf_level, "conf_level")
    table = np.asarray(sums, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(
            f"sums must be a table of finite numbers, one row per cluster, got {table.shape}."
        )
    n_clusters, k = table.shape
    if n_clusters < 2:
        raise DesignError(_ONE_CLUSTER.format(n=n_clusters))
    count = check.positive_int(replicates, "replicates")
    rng = np.random.default_rng(check.seed(random_state))
    drawn = cluster_weights(n_clusters, count, rng).astype(np.float64) @ table
    total = table.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.asarray(statistic(drawn), dtype=np.float64)
        if draws.shape != (count,):
            raise ValueError(_SHAPE.format(k=k, m=count, shape=draws.shape))
        estimate = float(np.asarray(statistic(total[None]))[0])
        left_out = np.asarray(statistic(total - table), dtype=np.float64)
    if kind == "bca":
        low, high = bca_interval(draws, estimate, left_out, conf_level)
    else:
        low, high = (float(limit) for limit in percentile_interval(draws, conf_level))
    exist = draws[np.isfinite(draws)]
    return BootstrapInterval(
        estimate=estimate,
        std_error=float(exist.std(ddof=1)) if len(exist) > 1 else float("nan"),
        low=low,
        high=high,
        draws=draws,
    )


def bca_interval(
    draws: npt.ArrayLike, estimate: float, left_out: npt.ArrayLike, conf_level: float
) -> tuple[float, float]:
    """Return bias-corrected and accelerated limits.

    Bias correction from the share of draws below the estimate, ties by half; acceleration from
    the jackknife over clusters (Efron 1987, JASA 82:171; DiCiccio & Efron 1996, Stat Sci 11:189).

    Parameters
    ----------
    draws : array-like of float, shape (replicates,)
        Bootstrap draws; NaN where the statistic does not exist.
    estimate : float
        The statistic of the data.
    left_out : array-like of float, shape (G,)
        The statistic without each cluster in turn.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    low, high : float
        Limits; NaN where more than 5 % of the draws or any of the left-out values do not exist,
        or where all draws lie on one side of the estimate.

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=4001)
    >>> low, high = bca_interval(draws, 0.0, np.array([-1.0, 0.0, 1.0]), 0.95)
    >>> -2.2 < low < -1.8, 1.8 < high < 2.2
    (True, True)
    """
    values, jackknife = np.asarray(draws, dtype=np.float64), np.asarray(left_out, dtype=np.float64)
    exist = values[np.isfinite(values)]
    if len(exist) < 0.95 * len(values) or not np.isfinite(jackknife).all():
        return float("nan"), float("nan")
    below = ((exist < estimate).mean() + (exist <= estimate).mean()) / 2
    z0 = special.ndtri(below)
    gap = jackknife.mean() - jackknife
    spread = float((gap**2).sum())
    acceleration = float((gap**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0
    z = special.ndtri([(1 - conf_level) / 2, (1 + conf_level) / 2])
    if not np.isfinite(z0):
        return float("nan"), float("nan")
    tails = special.ndtr(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))
    low, high = np.quantile(exist, tails)
    return float(low), float(high)
