"""Where a short series jumps to another level, and whether chance makes such jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["LevelShift", "level_shift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShift:
    """The likeliest single jump of a series.

    Parameters
    ----------
    position : int
        Index of the first value after the jump.
    size : float
        Mean after minus mean before, in the unit of the values.
    p_bound : float
        Upper bound of the probability of a statistic this large in a series of independent
        normal values of one mean, in [0, 1].
    """

    position: int
    size: float
    p_bound: float


def level_shift(values: npt.NDArray[np.float64], *, least: int = 3) -> LevelShift | None:
    """Find the split of a series whose two sides differ most by a two-sample t statistic.

    The statistic is the largest absolute t over all splits, the likelihood-ratio test for one
    shift of a normal mean (Worsley 1979, JASA 74:365, eq. 2.1); its tail is bounded by the sum of
    the tails of the single t statistics (Bonferroni, his section 4), which is close to exact far
    out, where it matters.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        The series in the order of time, without missing values.
    least : int
        Least number of values on either side.

    Returns
    -------
    LevelShift or None
        None where there are fewer than twice ``least`` values or 3.

    Examples
    --------
    >>> level_shift(np.array([0.1, 0.2, 0.1, 0.8, 0.9, 0.8])).position
    3
    """
    n = len(values)
    if n < max(2 * least, 3):
        return None
    split = np.arange(least, n - least + 1)
    total = np.cumsum(values)
    before = total[split - 1] / split
    after = (total[-1] - total[split - 1]) / (n - split)
    spread = np.square(values - values.mean()).sum()
    between = np.square(after - before) * split * (n - split) / n
    # Rounding can leave a tiny negative rest where the two sides are constant.
    within = np.maximum(spread - between, 0.0)
    best = int(np.argmax(between))
    size = float(after[best] - before[best])
    if spread <= 1e-12 * n:
        return LevelShift(position=int(split[best]), size=size, p_bound=1.0)
    with np.errstate(divide="ignore"):
        t = np.sqrt(between[best] * (n - 2) / within[best])
    p = min(1.0, 2 * len(split) * _upper_tail(float(t), n - 2))
    return LevelShift(position=int(split[best]), size=size, p_bound=p)


def _upper_tail(t: float, df: int) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 (importing must stay instant)

    return float(stdtr(df, -t))
