"""Intervals for a share, of independent pupils or of pupils in few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.change import mean_by_cluster

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ShareInterval", "clustered_share", "wilson_interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareInterval:
    """A share with its interval.

    Parameters
    ----------
    share : float
        Observed share.
    low, high : float
        Limits within [0, 1].
    df : float or None
        Degrees of freedom of the clustered variance; None for independent pupils.
    std_error : float or None
        CR2 standard error; None for independent pupils.
    """

    share: float
    low: float
    high: float
    df: float | None = None
    std_error: float | None = None


def wilson_interval(share: float, n: float, *, conf_level: float = 0.95) -> ShareInterval:
    """Return the score interval of a share (Wilson 1927, JASA 22:209).

    Parameters
    ----------
    share : float
        Observed share in [0, 1].
    n : float
        Number of pupils, or effective number, above 0.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    ShareInterval
        Share and limits.

    Examples
    --------
    >>> found = wilson_interval(0.3, 20)
    >>> round(found.low, 4), round(found.high, 4)
    (0.1455, 0.519)
    """
    from scipy.special import ndtri  # noqa: PLC0415 (a slow import)

    z2 = float(ndtri((1 + conf_level) / 2)) ** 2 / n
    centre = (share + z2 / 2) / (1 + z2)
    half = float(np.sqrt(share * (1 - share) * z2 + z2**2 / 4)) / (1 + z2)
    return ShareInterval(share=share, low=max(centre - half, 0.0), high=min(centre + half, 1.0))


def clustered_share(
    responds: npt.NDArray[np.bool_], codes: npt.NDArray[np.int64], *, conf_level: float = 0.95
) -> ShareInterval:
    """Return a Wilson interval at the effective number of pupils of a clustered sample.

    The variance of the share is CR2 with Satterthwaite degrees of freedom (Bell & McCaffrey 2002,
    Survey Methodology 28:169). The effective number is share (1 - share) / variance, times the
    squared ratio of normal to t quantile (after Korn & Graubard 1998, Survey Methodology 24:193),
    so limits stay in [0, 1]. Where nobody or everybody responds, n takes the place of the
    effective number, times that ratio.

    Parameters
    ----------
    responds : numpy.ndarray of bool, shape (n,)
        Whether each pupil responds.
    codes : numpy.ndarray of int, shape (n,)
        Cluster of each pupil, at least two different.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    ShareInterval
        Share, limits, degrees of freedom and CR2 standard error.

    Raises
    ------
    ValueError
        If all pupils lie in one cluster.

    Examples
    --------
    >>> responds = np.array([1, 1, 0, 1, 0, 0, 1, 0], dtype=bool)
    >>> found = clustered_share(responds, np.array([0, 0, 0, 1, 1, 1, 2, 2]))
    >>> found.share, round(found.df, 2)
    (0.5, 1.92)
    """
    from scipy.special import ndtri, stdtrit  # noqa: PLC0415

    code = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    if code.max(initial=0) < 1:
        raise ValueError("a clustered interval needs pupils in at least 2 clusters")
    _, error, df = mean_by_cluster(responds.astype(float), code)
    share = float(responds.mean())
    level = (1 + conf_level) / 2
    ratio = (float(ndtri(level)) / float(stdtrit(df, level))) ** 2
    effective = share * (1 - share) / error**2 if error > 1e-12 else float(len(responds))
    found = wilson_interval(share, effective * ratio, conf_level=conf_level)
    return ShareInterval(share=share, low=found.low, high=found.high, df=df, std_error=error)
