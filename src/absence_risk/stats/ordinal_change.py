"""Change on a scale with ordered levels: symmetry, equal margins, and who moved which way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "ChiSquareTest",
    "Moves",
    "bowker_test",
    "direction_test",
    "ordered_margin_test",
    "square_table",
    "stuart_maxwell_test",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChiSquareTest:
    """A chi-square test of a square table.

    Parameters
    ----------
    statistic : float
        Chi-square.
    df : int
        Degrees of freedom; 0 where nobody moved.
    p_value : float
        Upper tail; 1 where nobody moved.
    """

    statistic: float
    df: int
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """How many pairs moved up or down, with the exact sign test.

    Parameters
    ----------
    up, down, same : int
        Pairs with a higher, a lower and the same level after.
    balance : float
        Share up minus share down, in [-1, 1].
    p_value : float
        Exact two-sided binomial p of up against down; 1 where nobody moved.
    """

    up: int
    down: int
    same: int
    balance: float
    p_value: float


def square_table(
    before: npt.NDArray[np.int64], after: npt.NDArray[np.int64], n_levels: int
) -> npt.NDArray[np.int64]:
    """Count pairs by level before (rows) and after (columns).

    Parameters
    ----------
    before, after : numpy.ndarray of int, shape (n,)
        Levels 0, 1, … of complete pairs.
    n_levels : int
        Number of levels.

    Returns
    -------
    numpy.ndarray of int, shape (n_levels, n_levels)
        Counts.

    Examples
    --------
    >>> square_table(np.array([0, 1]), np.array([1, 1]), 2).tolist()
    [[0, 1], [0, 1]]
    """
    flat = np.bincount(before * n_levels + after, minlength=n_levels * n_levels)
    return flat.reshape(n_levels, n_levels)


def bowker_test(table: npt.NDArray[np.int64]) -> ChiSquareTest:
    """Test whether moves from level i to j are as many as from j to i.

    Sum over i < j of (n_ij - n_ji)^2 / (n_ij + n_ji), one degree of freedom for each pair of
    levels between which anybody moved (Bowker 1948, JASA 43:572). For two levels it is McNemar's
    test without continuity correction.

    Parameters
    ----------
    table : numpy.ndarray of int, shape (k, k)
        Counts, before in rows.

    Returns
    -------
    ChiSquareTest
        Statistic, degrees of freedom, p.

    Examples
    --------
    >>> bowker_test(np.array([[4, 9], [1, 6]])).statistic
    6.4
    """
    upper = np.triu_indices(len(table), 1)
    there, back = table[upper].astype(float), table.T[upper].astype(float)
    moved = there + back > 0
    value = ((there - back)[moved] ** 2 / (there + back)[moved]).sum()
    return _chi_square(float(value), int(moved.sum()))


def stuart_maxwell_test(table: npt.NDArray[np.int64]) -> ChiSquareTest:
    """Test whether the levels are equally frequent before and after.

    d'V^-1 d with d the differences of the margins and V = diag(row + column sums) minus the table
    plus its transpose, off the diagonal, under equal margins (Stuart 1955, Biometrika 42:412;
    Maxwell 1970, Br J Psychiatry 116:651). Levels nobody left or reached drop out; the degrees of
    freedom are the rank of V.

    Parameters
    ----------
    table : numpy.ndarray of int, shape (k, k)
        Counts, before in rows.

    Returns
    -------
    ChiSquareTest
        Statistic, degrees of freedom, p.

    Examples
    --------
    >>> round(stuart_maxwell_test(np.array([[4, 9], [1, 6]])).statistic, 3)
    6.4
    """
    d, V = _margins(table)
    rank = int(np.linalg.matrix_rank(V)) if V.any() else 0
    value = float(d @ np.linalg.pinv(V, rcond=1e-12, hermitian=True) @ d) if rank else 0.0
    return _chi_square(value, rank)


def ordered_margin_test(
    table: npt.NDArray[np.int64], scores: npt.NDArray[np.float64] | None = None
) -> ChiSquareTest:
    """Test equal margins against a shift along the order of the levels.

    (s'd)^2 / s'Vs with scores s, d and V as in `stuart_maxwell_test` (Agresti 2013, Categorical
    Data Analysis, section 11.3); one degree of freedom, so more power where the order matters.

    Parameters
    ----------
    table : numpy.ndarray of int, shape (k, k)
        Counts, before in rows.
    scores : numpy.ndarray of float, shape (k,), or None
        Score of each level; 1, 2, … if None.

    Returns
    -------
    ChiSquareTest
        Statistic, degrees of freedom, p.

    Examples
    --------
    >>> round(ordered_margin_test(np.array([[3, 4, 2], [1, 5, 4], [0, 1, 6]])).statistic, 3)
    5.556
    """
    d, V = _margins(table)
    s = np.arange(1.0, len(table) + 1) if scores is None else scores
    spread = float(s @ V @ s)
    if spread <= 0:
        return _chi_square(0.0, 0)
    return _chi_square(float(s @ d) ** 2 / spread, 1)


def direction_test(table: npt.NDArray[np.int64]) -> Moves:
    """Count who moved up and down, and test the balance exactly.

    Parameters
    ----------
    table : numpy.ndarray of int, shape (k, k)
        Counts, before in rows, levels in ascending order.

    Returns
    -------
    Moves
        Counts, balance and the exact sign test.

    Raises
    ------
    ValueError
        If the table is empty.

    Examples
    --------
    >>> direction_test(np.array([[4, 9], [1, 6]])).balance
    0.4
    """
    from scipy.stats import binomtest  # noqa: PLC0415 (a slow import)

    n = int(table.sum())
    if n == 0:
        raise ValueError("the table holds no complete pair")
    up, down = int(np.triu(table, 1).sum()), int(np.tril(table, -1).sum())
    p_value = float(binomtest(up, up + down).pvalue) if up + down else 1.0
    return Moves(up=up, down=down, same=n - up - down, balance=(up - down) / n, p_value=p_value)


def _margins(
    table: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    counts = table.astype(float)
    V = -(counts + counts.T)
    np.fill_diagonal(V, 0.0)
    np.fill_diagonal(V, -V.sum(axis=1))
    return counts.sum(axis=0) - counts.sum(axis=1), V


def _chi_square(value: float, df: int) -> ChiSquareTest:
    from scipy.special import chdtrc  # noqa: PLC0415

    p_value = float(chdtrc(df, value)) if df else 1.0
    return ChiSquareTest(statistic=value, df=df, p_value=p_value)
