"""How many pupils stand in which cluster of a design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["case_sizes", "in_proportion"]

_ONE = (
    "With one cluster nothing tells how much clusters differ, so no interval holds beyond it. Ask "
    "with clusters=2 or more, or take the level below (schools) as cluster."
)


def case_sizes(n: int, clusters: int | Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the number of cases in each cluster.

    Parameters
    ----------
    n : int
        Number of cases.
    clusters : int or sequence of int
        Number of clusters, whose sizes are then in proportion to 1, 2, 3, …; or the sizes.

    Returns
    -------
    numpy.ndarray of int, shape (G,)
        Sizes, at least 1 each.

    Raises
    ------
    DesignError
        If there are fewer than two clusters or more clusters than cases.
    ValueError
        If the sizes do not sum to n, or are not whole numbers of at least 1.

    Examples
    --------
    >>> case_sizes(60, 3).tolist(), case_sizes(60, [50, 8, 2]).tolist()
    ([10, 20, 30], [50, 8, 2])
    """
    if isinstance(clusters, int | np.integer) and not isinstance(clusters, bool):
        if clusters < 2:
            raise DesignError(_ONE)
        return in_proportion(n, np.arange(1, clusters + 1))
    sizes = np.asarray(clusters)
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or (sizes < 1).any():
        raise ValueError(
            f"clusters must be a number of clusters or whole numbers of cases of at least 1, got "
            f"{clusters!r}."
        )
    if len(sizes) < 2:
        raise DesignError(_ONE)
    if sizes.sum() != n:
        raise ValueError(f"clusters holds {sizes.sum()} cases, but n is {n}.")
    return sizes.astype(np.int64)


def in_proportion(n: int, shares: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Split pupils over clusters in proportion to shares, at least one in each.

    Parameters
    ----------
    n : int
        Number of pupils.
    shares : numpy.ndarray of int, shape (G,)
        Shares, each above 0.

    Returns
    -------
    numpy.ndarray of int, shape (G,)
        Sizes that sum to n.

    Raises
    ------
    DesignError
        If there are more clusters than pupils.

    Examples
    --------
    >>> in_proportion(7, np.array([1, 1, 8])).tolist()
    [1, 1, 5]
    """
    groups = len(shares)
    if n < groups:
        raise DesignError(f"{n} pupils cannot fill {groups} clusters.")
    exact = n * shares / shares.sum()
    sizes = np.maximum(np.floor(exact), 1).astype(np.int64)
    while sizes.sum() > n:
        sizes[np.argmax(sizes - exact - (sizes == 1) * n)] -= 1
    most = np.argsort(sizes - exact, kind="stable")[: n - int(sizes.sum())]
    sizes[most] += 1
    return np.asarray(sizes)
