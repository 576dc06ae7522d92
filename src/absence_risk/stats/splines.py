"""Restricted cubic splines: smooth between the knots, straight beyond the outer two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["harrell_knots", "restricted_cubic"]

_HARRELL = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}


def harrell_knots(x: npt.ArrayLike, knots: int = 5) -> npt.NDArray[np.float64]:
    """Return knots at the recommended quantiles of x.

    Harrell 2015, *Regression Modeling Strategies*, 2nd ed., Table 2.3. Where ties make two knots
    equal (many pupils without any absence), the quantiles of the distinct values are used.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Values, at least as many distinct ones as knots.
    knots : {3, 4, 5}
        Number of knots.

    Returns
    -------
    numpy.ndarray of float64, shape (knots,)
        Knots, strictly increasing.

    Raises
    ------
    ValueError
        If the number of knots is not 3, 4 or 5, or x has too few distinct values.

    Examples
    --------
    >>> harrell_knots(np.arange(101.0), 4).tolist()
    [5.0, 35.0, 65.0, 95.0]
    """
    if knots not in _HARRELL:
        raise ValueError(f"knots must be 3, 4 or 5, got {knots}.")
    values = np.asarray(x, dtype=np.float64)
    distinct = np.unique(values)
    if len(distinct) < knots:
        raise ValueError(f"{knots} knots need {knots} distinct values, got {len(distinct)}.")
    found = np.quantile(values, _HARRELL[knots])
    if not (np.diff(found) > 0).all():
        found = np.quantile(distinct, _HARRELL[knots])
    return np.asarray(found, dtype=np.float64)


def restricted_cubic(x: npt.ArrayLike, knots: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the restricted cubic spline basis without the intercept.

    Stone & Koo 1985 in the form of Harrell 2015, equations 2.25 to 2.27: with knots t_1 … t_k and
    (u)₊ = max(u, 0), the first column is x and column j + 1, for j = 1 … k − 2, is

    [(x − t_j)₊³ − (x − t_{k−1})₊³ (t_k − t_j)/(t_k − t_{k−1})
    + (x − t_k)₊³ (t_{k−1} − t_j)/(t_k − t_{k−1})] / (t_k − t_1)².

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Where to evaluate.
    knots : array-like of float, shape (k,), k ≥ 3
        Knots, strictly increasing.

    Returns
    -------
    numpy.ndarray of float64, shape (n, k − 1)
        Basis in the units of x.

    Raises
    ------
    ValueError
        If there are fewer than three knots or they do not increase.

    Examples
    --------
    >>> restricted_cubic([0.0, 2.0], [0.0, 1.0, 2.0]).round(3).tolist()
    [[0.0, 0.0], [2.0, 1.5]]
    """
    at = np.asarray(x, dtype=np.float64)
    t = np.asarray(knots, dtype=np.float64)
    if len(t) < 3 or not (np.diff(t) > 0).all():
        raise ValueError("knots must be at least three and strictly increasing.")
    cubes = np.maximum(at[:, None] - t, 0.0) ** 3
    span = t[-1] - t[-2]
    before, last = cubes[:, -2:-1], cubes[:, -1:]
    terms = cubes[:, :-2] - before * (t[-1] - t[:-2]) / span + last * (t[-2] - t[:-2]) / span
    return np.column_stack([at, terms / (t[-1] - t[0]) ** 2])
