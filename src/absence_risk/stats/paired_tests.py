"""Tests of paired change that need no normal distribution: sign flips and signed ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["PairedTest", "sign_flip_test", "signed_rank_test"]

_EXACT_UP_TO = 50
_ALL_FLIPS_UP_TO = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A test of paired change with the location it tests.

    Parameters
    ----------
    estimate : float
        Mean change, or the Hodges-Lehmann centre of the changes.
    low, high : float or None
        Interval that inverts the test; None where none was made.
    statistic, p_value : float
        Test statistic and two-sided p.
    exact : bool
        Whether p rests on every flip of signs; else it is drawn or approximated by a normal.
    """

    estimate: float
    low: float | None
    high: float | None
    statistic: float
    p_value: float
    exact: bool


def sign_flip_test(
    change: npt.NDArray[np.float64], *, n_resamples: int = 9_999, random_state: int = 0
) -> PairedTest:
    """Test the mean change by flipping the signs of the changes (scipy).

    Parameters
    ----------
    change : numpy.ndarray of float, shape (n,)
        After minus before of complete pairs, n at least 2.
    n_resamples : int
        Draws where n exceeds 16; up to 16 pairs all 2^n flips are made.
    random_state : int
        Seed of the draws.

    Returns
    -------
    PairedTest
        Mean change and p; no interval.

    Examples
    --------
    >>> sign_flip_test(np.array([1.0, 2.0, 3.0])).p_value
    0.25
    """
    from scipy import stats  # noqa: PLC0415 (a slow import)

    exact = len(change) <= _ALL_FLIPS_UP_TO
    found = stats.permutation_test(
        (change,),
        lambda x, axis=-1: x.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2 ** len(change) if exact else n_resamples,
        random_state=np.random.default_rng(random_state),
    )
    return PairedTest(
        estimate=float(change.mean()),
        low=None,
        high=None,
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        exact=exact,
    )


def signed_rank_test(change: npt.NDArray[np.float64], *, conf_level: float = 0.95) -> PairedTest:
    """Test the centre of the changes by signed ranks, with the Hodges-Lehmann interval.

    The p comes from scipy: exact up to 50 pairs without ties and zeros, else a normal
    approximation with Pratt's handling of zeros. The estimate is the median of all means of two
    changes; the limits are order statistics of them, from the exact null distribution or its
    normal approximation (Hollander & Wolfe 1999, section 3.2 and 3.3).

    Parameters
    ----------
    change : numpy.ndarray of float, shape (n,)
        After minus before of complete pairs, n at least 1.
    conf_level : float
        Confidence level of the interval, in (0, 1).

    Returns
    -------
    PairedTest
        Centre, limits (None where n is too small for the level), the smaller rank sum, p.

    Examples
    --------
    >>> found = signed_rank_test(np.array([0.5, -0.1, 0.9, 0.2, 1.1, -0.7]))
    >>> found.p_value, round(found.estimate, 3), found.exact
    (0.3125, 0.35, True)
    """
    from scipy import stats  # noqa: PLC0415

    size, n = np.abs(change), len(change)
    exact = n <= _EXACT_UP_TO and bool((size > 0).all()) and len(np.unique(size)) == n
    found = stats.wilcoxon(change, zero_method="pratt", method="exact" if exact else "approx")
    first, second = np.triu_indices(n)
    walsh = np.sort((change[first] + change[second]) / 2)
    place = _limit_place(n, conf_level)
    return PairedTest(
        estimate=float(np.median(walsh)),
        low=None if place is None else float(walsh[place]),
        high=None if place is None else float(walsh[len(walsh) - 1 - place]),
        statistic=float(found.statistic),
        p_value=float(found.pvalue),
        exact=exact,
    )


def _limit_place(n: int, conf_level: float) -> int | None:
    """Return the rank, counted from 0, of the lower limit among the means of two changes."""
    tail = (1 - conf_level) / 2
    if n > _EXACT_UP_TO:
        from scipy.special import ndtri  # noqa: PLC0415

        mean, sd = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return max(int(np.ceil(mean + float(ndtri(tail)) * sd)) - 1, 0)
    share = np.ones(1)
    for rank in range(1, n + 1):  # sums of ranks with each sign equally likely
        share = (np.append(share, np.zeros(rank)) + np.append(np.zeros(rank), share)) / 2
    quantile = int(np.searchsorted(np.cumsum(share), tail - 1e-12))
    return None if share[0] > tail + 1e-12 else max(quantile, 1) - 1
