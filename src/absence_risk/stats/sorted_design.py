"""Rows sorted by one exposure, with the sums that every kink or step in it needs.

With M the residual maker of the line and the covariates, and h either 1(x > ψ) or (x − ψ)₊, the
gain of h in the residual sum of squares is (hᵀMy)²/(hᵀMh) (Frisch–Waugh–Lovell). Both products
follow from sums over the rows on one side of ψ: all places together cost O(n p²).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["SortedDesign", "outer_sums", "sorted_design"]

_DEPENDENT = 1e-10
_WELL = 1e2


@dataclass(frozen=True, eq=False)
class SortedDesign:
    """Rows by ascending x; made by :func:`sorted_design`. Inside, x is centred and scaled.

    Parameters
    ----------
    order : numpy.ndarray of int64, shape (n,)
        Rows by ascending x.
    starts : numpy.ndarray of int64, shape (m,), or None
        First sorted row of each distinct value; None where all differ.
    values : numpy.ndarray of float64, shape (m,)
        Distinct values, centred and scaled.
    mass : numpy.ndarray of float64, shape (m,)
        Weight of each distinct value.
    basis : numpy.ndarray of float64, shape (p, n)
        Orthonormal basis of the line and covariates, times root weight.
    root : numpy.ndarray of float64, shape (n,), or None
        Root weights, sorted; None where all are 1.
    groups : numpy.ndarray of int64, shape (n,), or None
        Sorted codes of groups whose own levels are taken out.
    n_params : int
        Number of coefficients, levels of groups included.
    centre, scale : float
        Location and scale of x.
    """

    order: Ints
    starts: Ints | None
    values: Floats
    mass: Floats
    basis: Floats
    root: Floats | None
    groups: Ints | None
    n_params: int
    centre: float
    scale: float

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.order)

    def residuals(self, y: Floats) -> Floats:
        """Return what the line and the covariates leave of outcomes.

        Parameters
        ----------
        y : numpy.ndarray, shape (n, B)
            Outcomes, rows in their first order.

        Returns
        -------
        numpy.ndarray of float64, shape (n, B)
            Residuals times root weight, sorted.
        """
        rows = y[self.order]
        if self.groups is not None:
            rows = _demeaned(rows, self.groups, self.root)
        if self.root is not None:
            rows = rows * self.root[:, None]
        rows = rows - self.basis.T @ (self.basis @ rows)
        return np.asarray(rows - self.basis.T @ (self.basis @ rows))

    def per_value(self, rows: Floats) -> Floats:
        """Sum sorted rows over each distinct value, times root weight.

        Parameters
        ----------
        rows : numpy.ndarray, shape (n, ...)
            Sorted rows.

        Returns
        -------
        numpy.ndarray of float64, shape (m, ...)
            Sums.
        """
        if self.root is not None:
            rows = (rows.T * self.root).T
        if self.starts is None:
            return rows
        return np.asarray(np.add.reduceat(rows, self.starts, axis=0))

    def lengths(self) -> Floats:
        """Return c, d and e of hᵀh = c + dψ + eψ² for the hinge in every gap.

        Returns
        -------
        numpy.ndarray of float64, shape (3, m − 1)
            Coefficients in each gap between neighbouring values.
        """
        x, mass = self.values, self.mass
        out = np.empty((3, len(x) - 1))
        first = mass * x
        out[2] = outer_sums(mass)
        np.multiply(outer_sums(first), -2.0, out=out[1])
        first *= x
        out[0] = outer_sums(first)
        return out

    def products(self, lengths: Floats) -> Floats:
        """Return c, d and e of hᵀMh = c + dψ + eψ² for the hinge in every gap.

        The entry e alone is the product for a step; with c and d it gives those for both at once.

        Parameters
        ----------
        lengths : numpy.ndarray, shape (3, m − 1)
            From :meth:`lengths`.

        Returns
        -------
        numpy.ndarray of float64, shape (3, m − 1)
            Coefficients in each gap between neighbouring values.
        """
        out = lengths.copy()
        for row in self.basis:
            sums = self.per_value(row)
            w = outer_sums(sums)
            u = outer_sums(self.values * sums)
            product = w * u
            product *= 2
            out[1] += product
            w *= w
            out[2] -= w
            u *= u
            out[0] -= u
        if self.groups is not None:
            out -= self._group_products(self.groups)
        return out

    def _group_products(self, groups: Ints) -> Floats:
        """Return what the levels of the groups take from the products.

        Within a group of weight W, rows beyond ψ have weight C and Σwx = S; the level takes
        (S − Cψ)²/W (Zhang, Zhou & Jiang 2017: the hinge is demeaned anew for every ψ). Each row
        changes C and S of its own group only, so running sums of the changes give all places.
        """
        weight = np.ones(self.n) if self.root is None else self.root**2
        sizes = np.diff(np.append(self.starts, self.n)) if self.starts is not None else None
        x = self.values if sizes is None else np.repeat(self.values, sizes)
        total = np.bincount(groups, weights=weight)[groups]
        by_group = np.argsort(groups, kind="stable")
        middle = len(self.values) // 2
        halves = []
        for order in (by_group, by_group[::-1]):
            first = np.r_[True, np.diff(groups[order]) != 0]
            w, wx = weight[order], (weight * x)[order]
            c, s = _running(w, first), _running(wx, first)
            change = np.empty((3, self.n))
            change[:, order] = [wx * (2 * s - wx), -2 * (c * wx + s * w - w * wx), w * (2 * c - w)]
            change /= total
            if self.starts is not None:
                change = np.add.reduceat(change, self.starts, axis=1)
            halves.append(change)
        below = np.cumsum(halves[0][:, :middle], axis=1)
        above = np.cumsum(halves[1][:, :middle:-1], axis=1)[:, ::-1]
        return np.concatenate([below, above], axis=1)


def sorted_design(
    x: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    weights: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    line: bool = True,
) -> SortedDesign:
    """Sort rows by x and make a basis of intercept, x and covariates.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Exposure; ties are one value with several rows.
    covariates : array-like of float, shape (n, p), or None
        Covariates without an intercept.
    weights : array-like of float, shape (n,), or None
        Weights above 0.
    groups : array-like of int, shape (n,), or None
        Codes 0, 1, … of groups (pupils) whose own levels are taken out.
    line : bool
        Whether x itself belongs to the line.

    Returns
    -------
    SortedDesign
        The design.

    Raises
    ------
    ValueError
        If x has missing or infinite values, or weights are not above 0.

    Examples
    --------
    >>> sorted_design([0.3, 0.1, 0.1]).starts.tolist()
    [0, 2]
    """
    exposure = np.asarray(x, dtype=np.float64)
    n = len(exposure)
    if not np.isfinite(exposure).all():
        raise ValueError("x has missing or infinite values: leave these rows out.")
    order = np.argsort(exposure)
    ascending = exposure[order]
    centre, scale = float(exposure.mean()), float(exposure.std()) or 1.0
    root = None if weights is None else np.sqrt(_weights(weights)[order])
    codes = None if groups is None else np.asarray(groups, dtype=np.int64)[order]
    fresh = np.flatnonzero(np.diff(ascending) > 0) + 1
    starts = None if len(fresh) == n - 1 else np.r_[0, fresh]
    ascending -= centre
    ascending /= scale
    weight = np.ones(n) if root is None else root * root
    mass = weight if starts is None else np.add.reduceat(weight, starts)
    values = ascending if starts is None else ascending[starts]
    p = 0 if covariates is None else np.asarray(covariates).reshape(n, -1).shape[1]
    matrix = np.empty((1 + line + p, n))
    matrix[0] = 1.0
    if line:
        matrix[1] = ascending
    if covariates is not None:
        matrix[1 + line :] = np.asarray(covariates, dtype=np.float64).reshape(n, -1)[order].T
        _standardise(matrix[1 + line :])
    if codes is not None:
        matrix = _demeaned(matrix[1:].T, codes, root).T.copy()
    if root is not None:
        matrix *= root
    basis = _orthonormal(matrix)
    levels = 0 if codes is None else len(np.unique(codes))
    return SortedDesign(
        order, starts, values, mass, basis, root, codes, len(basis) + levels, centre, scale
    )


def _weights(weights: npt.ArrayLike) -> Floats:
    found = np.asarray(weights, dtype=np.float64)
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise ValueError("weights must be finite and above 0; leave out rows without weight.")
    return found


def _standardise(rows: Floats) -> None:
    rows -= rows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", rows, rows) / rows.shape[1])
    rows /= np.where(spread > 0, spread, 1.0)[:, None]


def _demeaned(rows: Floats, codes: Ints, root: Floats | None) -> Floats:
    """Return rows minus the (weighted) mean of their group, shape (n, B)."""
    weight = np.ones(len(codes)) if root is None else root * root
    total = np.bincount(codes, weights=weight)
    out = np.empty_like(rows, dtype=np.float64)
    for at, column in enumerate(rows.T):
        out[:, at] = column - (np.bincount(codes, weights=weight * column) / total)[codes]
    return out


def _running(values: Floats, first: npt.NDArray[np.bool_]) -> Floats:
    """Return running sums that begin anew where ``first`` is true."""
    total = np.cumsum(values)
    begins = np.flatnonzero(first)
    before = np.r_[0.0, total[begins[1:] - 1]]
    return np.asarray(total - np.repeat(before, np.diff(np.r_[begins, len(values)])))


def _orthonormal(matrix: Floats) -> Floats:
    """Return an orthonormal basis of the rows; dependent rows are dropped.

    Cholesky QR, done twice where rows are far from orthogonal (Yamamoto et al. 2015, ETNA 44:306),
    because it is several times quicker than Householder's; singular vectors where rows depend on
    each other.
    """
    gram = matrix @ matrix.T
    length = np.sqrt(np.diag(gram))
    if len(matrix) and (length > 0).all():
        eigenvalues = np.linalg.eigvalsh(gram / np.outer(length, length))
        if eigenvalues[0] > _DEPENDENT * eigenvalues[-1]:
            basis = np.linalg.inv(np.linalg.cholesky(gram)) @ matrix
            if eigenvalues[-1] > _WELL * eigenvalues[0]:
                basis = np.linalg.inv(np.linalg.cholesky(basis @ basis.T)) @ basis
            return np.asarray(basis)
    scaled = matrix / np.where(length > 0, length, 1.0)[:, None]
    u, singular, _ = np.linalg.svd(scaled.T, full_matrices=False)
    keep = singular > _DEPENDENT * max(float(singular.max(initial=0.0)), 1e-300)
    return np.ascontiguousarray(u[:, keep].T)


def outer_sums(per_value: Floats, *, signed: bool = False) -> Floats:
    """Return, for each gap, the sum over the values on its shorter side.

    Because the intercept is in the model (and x, for a hinge), the hinge or step below ψ has, but
    for its sign, the same residual as the one above. Both sides serve; the shorter one loses fewer
    digits.

    Parameters
    ----------
    per_value : numpy.ndarray, shape (m, ...)
        What to add up.
    signed : bool
        Negate the sums below, which turns products with the one into those with the other.

    Returns
    -------
    numpy.ndarray of float64, shape (m − 1, ...)
        Sums.

    Examples
    --------
    >>> outer_sums(np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    [1.0, 3.0, 4.0]
    """
    middle = len(per_value) // 2
    out = np.empty((len(per_value) - 1, *per_value.shape[1:]))
    np.cumsum(per_value[:middle], axis=0, out=out[:middle])
    if signed:
        np.negative(out[:middle], out=out[:middle])
    np.cumsum(per_value[:middle:-1], axis=0, out=out[middle:][::-1])
    return out
