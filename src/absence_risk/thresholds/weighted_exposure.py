"""Absence as a weighted sum of its valid and its invalid part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["weighted_exposure"]

_APART = 1e-6
_FEWEST_TOLD = 5
_SUM = (
    "{valid!r} and {invalid!r} do not add up to {exposure!r} in {rows} of {n} rows. The parts must "
    "be shares of the same offered time as the whole."
)


def weighted_exposure(
    whole: Floats, parts: Floats, names: tuple[str, str, str], weight: float
) -> Floats:
    """Return valid absence plus the weighted invalid absence.

    Parameters
    ----------
    whole : numpy.ndarray, shape (n,)
        Share of absence.
    parts : numpy.ndarray, shape (n, 2)
        Shares of valid and invalid absence.
    names : tuple of str
        Columns of the whole, the valid and the invalid part.
    weight : float
        Weight of a share of invalid absence, at least 0; 1 leaves the whole as it is.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Weighted shares.

    Raises
    ------
    ValueError
        If a part or the weighted sum lies outside [0, 1], the parts do not add up, or the weight is
        negative.
    """
    exposure, valid, invalid = names
    if not (np.isfinite(weight) and weight >= 0):
        raise ValueError(f"invalid_weight must be at least 0, got {weight:g}.")
    for name, column in zip((valid, invalid), parts.T, strict=True):
        for extreme in (column.min(initial=0.0), column.max(initial=0.0)):
            check.proportion(float(extreme), name)
    wrong = int((np.abs(parts.sum(axis=1) - whole) > _APART).sum())
    if wrong:
        rows = str(wrong) if wrong >= _FEWEST_TOLD else f"fewer than {_FEWEST_TOLD}"
        raise ValueError(
            _SUM.format(valid=valid, invalid=invalid, exposure=exposure, rows=rows, n=len(whole))
        )
    found = whole + (weight - 1) * parts[:, 1]
    if found.max(initial=0.0) > 1:
        raise ValueError(
            f"With invalid_weight={weight:g} some shares of {exposure!r} exceed 1. Use a weight of "
            "at most 1 for the invalid part, or weigh the valid part down by passing the parts "
            "the other way round."
        )
    return np.asarray(found)
