"""Whether weighting has made the two groups alike before the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.survival.comparison import Design

    Floats = npt.NDArray[np.float64]

__all__ = ["UNLIKE_AT", "Balance", "balance", "standardised_difference"]

UNLIKE_AT = 0.25
_MEASURED = {
    "severity": "absence before the start",
    "invalid_share": "part of that absence that was invalid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One measure before the start, in cases and in weighted untreated pupils.

    Parameters
    ----------
    name : str
        What is measured.
    case, untreated : float
        Means, as shares.
    difference : float
        Their difference in standard deviations.
    """

    name: str
    case: float
    untreated: float
    difference: float

    @property
    def unlike(self) -> bool:
        """Whether the groups differ by more than a quarter of a standard deviation."""
        return abs(self.difference) > UNLIKE_AT


def balance(design: Design) -> tuple[Balance, ...]:
    """Compare the two groups before the start, after weighting.

    A quarter of a standard deviation is the limit beyond which groups are not equivalent enough
    for adjustment (What Works Clearinghouse, baseline equivalence, document 256).

    Parameters
    ----------
    design : Design
        The comparison.

    Returns
    -------
    tuple of Balance
        One entry per measure that is known in both groups.
    """
    case, other = design.bands.case, design.bands.untreated
    weight = np.zeros(len(other))
    for band in np.unique(case[case >= 0]):
        there = other == band
        weight[there] = np.mean(case[case >= 0] == band) / there.sum()
    out = []
    for column, name in _MEASURED.items():
        of_case, of_other = (
            frame[column].to_numpy(dtype=np.float64) for frame in (design.history, design.benchmark)
        )
        known = ~np.isnan(of_case) & (case >= 0)
        there = ~np.isnan(of_other) & (weight > 0)
        if known.any() and there.any():
            out.append(_one(name, of_case[known], of_other[there], weight[there]))
    return tuple(out)


def _one(name: str, case: Floats, untreated: Floats, weight: Floats) -> Balance:
    return Balance(
        name=name,
        case=float(case.mean()),
        untreated=float(np.average(untreated, weights=weight)),
        difference=standardised_difference(case, untreated, weight),
    )


def standardised_difference(case: Floats, untreated: Floats, weight: Floats) -> float:
    """Return the difference of means over the root of the mean variance.

    Parameters
    ----------
    case, untreated : numpy.ndarray of float64
        Values of the two groups.
    weight : numpy.ndarray of float64
        Weights of the second group.

    Returns
    -------
    float
        Standard deviations; 0 where neither group varies and the means are the same, infinite
        where they are not.

    Examples
    --------
    >>> one, other = np.array([0.0, 2.0]), np.array([1.0, 3.0])
    >>> standardised_difference(one, other, np.ones(2))
    -1.0
    """
    mean = np.average(untreated, weights=weight)
    gap = float(case.mean() - mean)
    spread = np.sqrt((case.var() + np.average((untreated - mean) ** 2, weights=weight)) / 2)
    if spread > 0:
        return float(gap / spread)
    return float(np.copysign(np.inf, gap)) if gap else 0.0
