"""One closed form beside what a world shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Comparison", "compare"]

_SCHOOLS = 20  # with fewer there is no standard error by school
_RARE = 25  # expected events, or non-events: with fewer the sum is far from normal


@dataclass(frozen=True, slots=True)
class Comparison:
    """One closed form beside what a world shows.

    Parameters
    ----------
    id : str
        Estimand; ids of truth.json where it stands there.
    expected, observed : float
        From the parameters, and in the world.
    mc_se : float
        Standard error of the difference, from sums by school.
    z : float
        Difference over its standard error.
    n : int
        Units behind it: pupils, or pupil-days and the like.
    """

    id: str
    expected: float
    observed: float
    mc_se: float
    z: float
    n: int


def compare(
    name: str,
    observed: npt.ArrayLike,
    expected: npt.ArrayLike | float,
    school: npt.NDArray[np.int64],
    *,
    weight: npt.ArrayLike | float = 1.0,
) -> Comparison | None:
    """Compare sums over pupils with their expectation.

    Parameters
    ----------
    name : str
        Estimand.
    observed : array-like of float, shape (n,)
        Each pupil's sum.
    expected : array-like of float, shape (n,), or float
        Its expectation; a single number is multiplied by the weight.
    school : numpy.ndarray of int64, shape (n,)
        School of each pupil. Pupils of a school share its effect and its classes, so the error
        comes from sums by school, whose expectation is 0.
    weight : array-like of float, shape (n,), or float
        Units behind each pupil's sum.

    Returns
    -------
    Comparison or None
        None where fewer than 20 schools have a residual, or a share expects fewer than 25 units
        with or without the event. What is observed does not decide this.
    """
    seen = np.asarray(observed, dtype=np.float64)
    units = np.broadcast_to(np.asarray(weight, dtype=np.float64), seen.shape)
    told = np.asarray(expected, dtype=np.float64)
    told = told * units if told.ndim == 0 else told
    rest = np.bincount(school, weights=seen - told)
    whole, sum_told = float(units.sum()), float(told.sum())
    is_share = bool(((seen >= 0) & (seen <= units)).all())
    rare = is_share and min(sum_told, whole - sum_told) < _RARE
    if (rest != 0).sum() < _SCHOOLS or rare:
        return None
    error = float(np.sqrt((rest**2).sum()))
    return Comparison(
        id=name,
        expected=sum_told / whole,
        observed=float(seen.sum() / whole),
        mc_se=error / whole,
        z=float(rest.sum() / error),
        n=int(whole),
    )
