"""Where a quadratic is not negative, as a set of intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["join_parts", "where_nonnegative"]


def where_nonnegative(a: Floats, b: Floats, c: Floats, low: Floats, high: Floats) -> Floats:
    """Return the parts of [low, high] where aψ² + bψ + c ≥ 0.

    Parameters
    ----------
    a, b, c : numpy.ndarray, shape (m,)
        Coefficients.
    low, high : numpy.ndarray, shape (m,)
        Range of each quadratic.

    Returns
    -------
    numpy.ndarray, shape (parts, 2)
        Lower and upper ends.

    Examples
    --------
    >>> one = np.ones(1)
    >>> where_nonnegative(-one, 0 * one, one, -3 * one, 3 * one).tolist()
    [[-1.0, 1.0]]
    """
    disc = np.sqrt(np.maximum(b * b - 4 * a * c, 0.0))
    stable = -0.5 * (b + np.where(b >= 0, disc, -disc))
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.sort(np.stack([stable / a, c / stable]), axis=0)
    cuts = np.clip(np.where(np.isfinite(roots), roots, low), low, high)
    edges = np.vstack([low, cuts, high])
    starts, ends = edges[:-1], edges[1:]
    middle = (starts + ends) / 2
    keep = (a * middle**2 + b * middle + c >= 0) & (ends > starts)
    return np.column_stack([starts[keep], ends[keep]])


def join_parts(parts: Floats) -> Floats:
    """Merge parts that touch.

    Parameters
    ----------
    parts : numpy.ndarray, shape (m, 2)
        Lower and upper ends, in any order.

    Returns
    -------
    numpy.ndarray, shape (parts, 2)
        Parts that do not touch, ascending.

    Examples
    --------
    >>> join_parts(np.array([[2.0, 3.0], [0.0, 1.0], [1.0, 1.5]])).tolist()
    [[0.0, 1.5], [2.0, 3.0]]
    """
    ordered = parts[np.argsort(parts[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    fresh = np.r_[True, ordered[1:, 0] > reach[:-1] + 1e-12]
    begins = np.flatnonzero(fresh)
    return np.column_stack([ordered[begins, 0], np.maximum.reduceat(ordered[:, 1], begins)])
