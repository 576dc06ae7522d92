"""Shares of pupils and means with intervals, schools as clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ratio_of_sums", "share_row"]


def ratio_of_sums(
    top: npt.NDArray[np.float64],
    bottom: npt.NDArray[np.float64],
    school: npt.NDArray[np.intp],
    conf_level: float,
) -> tuple[float, float | None]:
    """Return a ratio of sums over pupils and the half-width of its interval.

    Parameters
    ----------
    top, bottom : numpy.ndarray of float64, shape (n_pupils,)
        What is added up above and below the line.
    school : numpy.ndarray of int, shape (n_pupils,)
        School of each pupil, numbered from 0.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    tuple of float and float or None
        The ratio, and half of its interval; None for a single school.

    Notes
    -----
    The variance is the linearised one of a ratio with G − 1 degrees of freedom, G schools (Cochran
    1977, Sampling Techniques, eq. 11.30, without the finite-population correction).

    Examples
    --------
    >>> ratio_of_sums(np.array([1.0, 0.0]), np.ones(2), np.array([0, 0]), 0.95)
    (0.5, None)
    """
    from scipy.stats import t  # noqa: PLC0415 (importing the package must stay instant)

    share = float(top.sum() / bottom.sum())
    groups = int(school.max()) + 1
    if groups < 2:
        return share, None
    residual = np.bincount(school, weights=top - share * bottom)
    variance = groups / (groups - 1) * float((residual**2).sum()) / float(bottom.sum()) ** 2
    return share, float(t.ppf((1 + conf_level) / 2, groups - 1)) * variance**0.5


def share_row(
    term: str,
    share: tuple[float, float | None],
    *,
    n: int,
    n_events: int | None = None,
    threshold: float | None = None,
    group: str | None = None,
) -> Estimate:
    """Return a share as a row of a table.

    Parameters
    ----------
    term : str
        What the row is about.
    share : tuple of float and float or None
        From `ratio_of_sums`.
    n : int
        Number of pupils.
    n_events : int or None
        Number of them that are counted.
    threshold : float or None
        Share of absence in [0, 1].
    group : str or None
        Group.

    Returns
    -------
    Estimate
        With interval limits inside [0, 1], or without.
    """
    estimate, half = share
    return Estimate(
        term=term,
        group=group,
        threshold=threshold,
        estimate=estimate,
        conf_low=None if half is None else max(0.0, estimate - half),
        conf_high=None if half is None else min(1.0, estimate + half),
        n=n,
        n_events=n_events,
    )
