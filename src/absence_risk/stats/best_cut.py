"""How surprising the best of many cuts is, when the cut was chosen by looking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["BestCut", "best_cut", "bounded_p", "selected_p"]


@dataclass(frozen=True, slots=True)
class BestCut:
    """The cut that separates most, with its naive and its adjusted p-value.

    Parameters
    ----------
    index : int
        Number of the cut among the thresholds; −1 where no cut is inside the trimmed range.
    z : float
        Its two-proportion z, the root of Pearson's chi-square without correction.
    naive_p : float
        Two-sided p of that z as if the cut had been fixed before.
    adjusted_p : float
        P that the best of all cuts looks at least so good if nothing is there: the smaller of
        :func:`selected_p` and :func:`bounded_p`.
    """

    index: int
    z: float
    naive_p: float
    adjusted_p: float


def selected_p(z: float, trim: float) -> float:
    """Return the p-value of the largest absolute z over all cuts.

    P ≈ φ(z)(z − 1/z) log((1 − ε)²/ε²) + 4 φ(z)/z (Miller & Siegmund 1982, Biometrics 38:1011, as
    given by Altman et al. 1994, J Natl Cancer Inst 86:829), for cuts that leave a share ε on
    either side.

    Parameters
    ----------
    z : float
        Largest absolute z.
    trim : float
        ε in (0, 0.5).

    Returns
    -------
    float
        P-value, at most 1; the approximation is meant for small ones.

    Examples
    --------
    >>> round(selected_p(3.0, 0.1), 4)
    0.0578
    """
    if not 0 < trim < 0.5:
        raise ValueError(f"trim must lie strictly between 0 and 0.5, got {trim:g}.")
    if z <= 1.0:
        return 1.0
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    looks = 2 * np.log((1 - trim) / trim)
    return float(min(1.0, density * (z - 1 / z) * looks + 4 * density / z))


def bounded_p(z: float, below: npt.ArrayLike) -> float:
    """Return an upper bound of the p-value of the largest absolute z over given cuts.

    P ≤ 2(1 − Φ(z)) + Σ D, D = exp(−z²/2)/π · (t − (z²/4 − 1) t³/6) over neighbouring cuts, with
    t² = 1 − f(1 − g)/((1 − f) g) and f < g the shares below them: Worsley's improved Bonferroni
    bound (Lausen, Sauerbrei & Schumacher 1994). It is sharper than :func:`selected_p` where cuts
    lie on a coarse grid, because only the cuts that were looked at count.

    Parameters
    ----------
    z : float
        Largest absolute z.
    below : array-like of float, shape (m,)
        Share of pupils below each cut that was looked at, in (0, 1).

    Returns
    -------
    float
        P-value, at most 1.

    Examples
    --------
    >>> round(bounded_p(1.959964, [0.5]), 4), round(bounded_p(3.0, [0.2, 0.5, 0.8]), 4)
    (0.05, 0.0079)
    """
    from scipy.special import erfc  # noqa: PLC0415 (importing a claim must stay quick)

    share = np.unique(np.asarray(below, dtype=np.float64))
    low, high = share[:-1], share[1:]
    t = np.sqrt(np.maximum(0.0, 1 - low * (1 - high) / ((1 - low) * high)))
    more = np.exp(-(z**2) / 2) / np.pi * (t - (z**2 / 4 - 1) * t**3 / 6)
    return float(min(1.0, erfc(z / np.sqrt(2)) + np.maximum(more, 0.0).sum()))


def best_cut(counts: npt.ArrayLike, *, trim: float = 0.10) -> BestCut:
    """Find the cut with the largest z and adjust its p-value for the search.

    Parameters
    ----------
    counts : array-like of int, shape (2, K + 1)
        Counts of independent pupils without and with the event by thresholds reached.
    trim : float
        Least share of pupils on each side of a cut, in (0, 0.5).

    Returns
    -------
    BestCut
        Cut and p-values; p is 1 where no cut lies inside the trimmed range.

    Examples
    --------
    >>> best_cut([[50, 30, 20], [5, 10, 25]]).index
    1
    """
    from scipy.special import erfc  # noqa: PLC0415 (importing a claim must stay quick)

    check.probability(trim, "trim")
    cells = np.asarray(counts, dtype=np.float64)
    reached = np.cumsum(cells[:, ::-1], axis=1)[:, ::-1]
    fp, tp = reached[0, 1:], reached[1, 1:]
    events, n = reached[1, 0], reached[:, 0].sum()
    above = fp + tp
    inside = (above >= trim * n) & (n - above >= trim * n)
    variance = events * (n - events) * above * (n - above)
    z = np.full(len(above), -1.0)
    usable = inside & (variance > 0)
    np.divide(np.abs(n * tp - events * above) * np.sqrt(n), np.sqrt(variance), out=z, where=usable)
    if not usable.any():
        return BestCut(-1, 0.0, 1.0, 1.0)
    index = int(z.argmax())
    best = float(z[index])
    adjusted = min(selected_p(best, trim), bounded_p(best, 1 - above[usable] / n))
    return BestCut(index, best, float(erfc(best / np.sqrt(2))), adjusted)
