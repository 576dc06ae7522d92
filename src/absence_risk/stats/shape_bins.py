"""Many shapes along one exposure, compared by least squares on sums per bin.

A function that is straight within each bin of x needs only Σy and Σxy of the bin. Kinks and steps
at bin edges are such functions exactly; smooth curves are, to about 1e-4 of their range with 200
quantile bins. A wild bootstrap therefore costs one pass over the rows for all shapes and nulls.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.bootstrap import wild_signs

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["ShapeBins", "Shapes", "shape_bins"]

_FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class ShapeBins:
    """Rows by bin of x; made by :func:`shape_bins`.

    Parameters
    ----------
    edges : numpy.ndarray of float64, shape (K,)
        Lowest x of each bin, ascending; a bin runs to the next edge.
    top : float
        Highest x.
    order : numpy.ndarray of int64, shape (n,)
        Rows by ascending bin.
    starts : numpy.ndarray of int64, shape (K,)
        First ordered row of each bin.
    columns : numpy.ndarray of float64, shape (n, 2 + p)
        Ordered rows: root weight, root weight × x, orthonormal basis of the line and covariates.
    moments : numpy.ndarray of float64, shape (3, K)
        Σw, Σwx and Σwx² per bin.
    projected : numpy.ndarray of float64, shape (2, K, p)
        Σ of basis × root weight, and × x, per bin.
    groups : numpy.ndarray of int64, shape (n,), or None
        Ordered codes of groups whose own levels are taken out of every shape.
    """

    edges: Floats
    top: float
    order: Ints
    starts: Ints
    columns: Floats
    moments: Floats
    projected: Floats
    groups: Ints | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.order)

    @property
    def basis(self) -> Floats:
        """Orthonormal basis of the line and covariates, rows ordered by bin."""
        return self.columns[:, 2:]

    def sums(self, y: npt.ArrayLike) -> Floats:
        """Return the sums that carry an outcome.

        Parameters
        ----------
        y : array-like of float, shape (n,)
            Outcome times root weight, rows in their first order.

        Returns
        -------
        numpy.ndarray of float64, shape (2K + p,)
            Σy per bin, Σxy per bin, basis'y.
        """
        rows = np.asarray(y, dtype=np.float64)[self.order]
        per_bin = [np.add.reduceat(rows * column, self.starts) for column in self.columns[:, :2].T]
        return np.concatenate([*per_bin, self.basis.T @ rows])

    def wild_sums(
        self, resid: Floats, codes: Ints | None, replicates: int, rng: np.random.Generator
    ) -> Floats:
        """Return the sums of residuals with random signs.

        Rows without clusters get Rademacher signs, taken as random bits; sums are formed in
        single precision, whose error (1e-6 of a sum's spread) is far below that of simulation.

        Parameters
        ----------
        resid : numpy.ndarray, shape (n,)
            Residuals times root weight, rows in their first order.
        codes : numpy.ndarray of int64, shape (n,), or None
            Cluster of each row, 0, 1, …; None where rows are independent.
        replicates : int
            Number of draws.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        numpy.ndarray of float64, shape (replicates, 2K + p)
            As :meth:`sums`, one row per draw.
        """
        rows = self.columns * resid[self.order][:, None]
        if codes is None:
            return self._row_signs(rows, replicates, rng)
        return self._cluster_signs(rows, codes[self.order], replicates, rng)

    def _row_signs(self, rows: Floats, replicates: int, rng: np.random.Generator) -> Floats:
        k = len(self.edges)
        out = np.zeros((replicates, 2 * k + rows.shape[1] - 2))
        single = rows.astype(np.float32)
        ends = np.append(self.starts[1:], self.n)
        for at, (start, end) in enumerate(zip(self.starts, ends, strict=True)):
            width = -(-(end - start) // 8)
            raw = np.frombuffer(rng.bytes(replicates * width), dtype=np.uint8)
            bits = np.unpackbits(raw.reshape(replicates, width), axis=1, count=int(end - start))
            drawn = 2 * (bits.astype(np.float32) @ single[start:end]) - single[start:end].sum(0)
            out[:, [at, k + at]] = drawn[:, :2]
            out[:, 2 * k :] += drawn[:, 2:]
        return out

    def _cluster_signs(
        self, rows: Floats, codes: Ints, replicates: int, rng: np.random.Generator
    ) -> Floats:
        from scipy.sparse import csr_array  # noqa: PLC0415 (importing must stay instant)

        k, clusters = len(self.edges), int(codes.max()) + 1
        bins = np.repeat(np.arange(k), np.diff(np.append(self.starts, self.n)))
        signs = wild_signs(clusters, replicates, rng)
        parts = []
        for column in rows[:, :2].T:
            per_cluster = csr_array((column, (bins, codes)), shape=(k, clusters))
            parts.append((per_cluster @ signs).T)
        on_basis = csr_array(
            (np.ones(self.n), (codes, np.arange(self.n))), shape=(clusters, self.n)
        )
        parts.append(signs.T @ (on_basis @ rows[:, 2:]))
        return np.hstack(parts)

    def curves(self, at_edges: npt.ArrayLike) -> Floats:
        """Return functions given at the edges and the top as straight pieces.

        Parameters
        ----------
        at_edges : array-like of float, shape (J, K + 1)
            Values at the edges and at the top.

        Returns
        -------
        numpy.ndarray of float64, shape (J, 2, K)
            Intercept and slope in each bin.
        """
        values = np.asarray(at_edges, dtype=np.float64)
        width = np.diff(np.append(self.edges, self.top))
        rise = np.diff(values, axis=1)
        slope = np.divide(rise, width, out=np.zeros_like(rise), where=width > 0)
        return np.stack([values[:, :-1] - slope * self.edges, slope], axis=1)

    def kinks(self, bins: Ints) -> Floats:
        """Return hinges (x − edge)₊.

        Parameters
        ----------
        bins : numpy.ndarray of int64, shape (J,)
            Edges.

        Returns
        -------
        numpy.ndarray of float64, shape (J, 2, K)
            Intercept and slope in each bin.
        """
        beyond = (np.arange(len(self.edges)) >= bins[:, None]).astype(np.float64)
        return np.stack([-beyond * self.edges[bins, None], beyond], axis=1)

    def steps(self, bins: Ints) -> Floats:
        """Return jumps 1(x ≥ edge).

        Parameters
        ----------
        bins : numpy.ndarray of int64, shape (J,)
            Edges.

        Returns
        -------
        numpy.ndarray of float64, shape (J, 2, K)
            Intercept and slope in each bin.
        """
        beyond = (np.arange(len(self.edges)) >= bins[:, None]).astype(np.float64)
        return np.stack([beyond, np.zeros_like(beyond)], axis=1)

    def shapes(self, pieces: Floats) -> Shapes:
        """Prepare shapes for comparison.

        Parameters
        ----------
        pieces : numpy.ndarray, shape (J, 2, K)
            Intercept and slope of each shape in each bin.

        Returns
        -------
        Shapes
            The shapes, each made orthogonal to the line and the covariates.
        """
        a, b = pieces[:, 0], pieces[:, 1]
        m0, m1, m2 = self.moments
        length = np.sqrt((a * a * m0 + 2 * a * b * m1 + b * b * m2).sum(1))
        length = np.where(length > 0, length, 1.0)[:, None]
        a, b = a / length, b / length
        on_basis = a @ self.projected[0] + b @ self.projected[1]
        levels = self._levels(a, b)
        square = 1.0 - (on_basis * on_basis).sum(1) - (levels * levels).sum(1)
        usable = square > _FLAT
        norm = np.where(usable, np.sqrt(np.maximum(square, _FLAT)), np.inf)[:, None]
        weights = np.hstack([a, b, -on_basis]) / norm
        taken = np.hstack([on_basis, levels]) / norm
        pieces = np.stack([a / norm, b / norm], axis=1)
        return Shapes(self, weights, pieces, taken, (length * norm)[:, 0])

    def _levels(self, a: Floats, b: Floats) -> Floats:
        """Return the length of shapes along the level of each group, shape (J, groups)."""
        if self.groups is None:
            return np.empty((len(a), 0))
        from scipy.sparse import csr_array  # noqa: PLC0415 (importing must stay instant)

        k, n_groups = len(self.edges), int(self.groups.max()) + 1
        bins = np.repeat(np.arange(k), np.diff(np.append(self.starts, self.n)))
        root, rootx = self.columns[:, 0], self.columns[:, 1]
        total = np.sqrt(np.bincount(self.groups, weights=root * root))
        sums = [
            csr_array((root * part, (self.groups, bins)), shape=(n_groups, k))
            for part in (root, rootx)
        ]
        return np.asarray((sums[0] @ a.T + sums[1] @ b.T).T / total)


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shapes with unit length beside the line and the covariates.

    Parameters
    ----------
    bins : ShapeBins
        The bins.
    weights : numpy.ndarray, shape (J, 2K + p)
        Weights of the sums in the length of an outcome along each shape.
    pieces : numpy.ndarray, shape (J, 2, K)
        Intercept and slope in each bin, before the line and covariates are taken out.
    taken : numpy.ndarray, shape (J, p + groups)
        What is taken out: lengths along the basis and along the levels of groups.
    norm : numpy.ndarray, shape (J,)
        Length of each shape before it was made a unit; infinite where nothing is left of it.
    """

    bins: ShapeBins
    weights: Floats
    pieces: Floats
    taken: Floats
    norm: Floats

    def along(self, sums: Floats) -> Floats:
        """Return the length of outcomes along each shape; its square is the gain in SSR.

        Parameters
        ----------
        sums : numpy.ndarray, shape (..., 2K + p)
            Sums of outcomes.

        Returns
        -------
        numpy.ndarray of float64, shape (..., J)
            Lengths.
        """
        return np.asarray(sums @ self.weights.T)

    @cached_property
    def overlap(self) -> Floats:
        """Inner products of the shapes, shape (J, J)."""
        m0, m1, m2 = self.bins.moments
        a, b = self.pieces[:, 0], self.pieces[:, 1]
        cross = (a * m0 + b * m1) @ a.T + (a * m1 + b * m2) @ b.T
        return np.asarray(cross - self.taken @ self.taken.T)

    def rows(self, shape: int) -> Floats:
        """Return one shape at every row.

        Parameters
        ----------
        shape : int
            Its place among the shapes.

        Returns
        -------
        numpy.ndarray of float64, shape (n,)
            Values times root weight, rows in their first order, of unit length.
        """
        bins = self.bins
        sizes = np.diff(np.append(bins.starts, bins.n))
        a, b = np.repeat(self.pieces[shape], sizes, axis=1)
        ordered = a * bins.columns[:, 0] + b * bins.columns[:, 1]
        p = bins.basis.shape[1]
        ordered = ordered - bins.basis @ self.taken[shape, :p]
        if bins.groups is not None:
            root = bins.columns[:, 0]
            total = np.sqrt(np.bincount(bins.groups, weights=root * root))
            ordered -= root * (self.taken[shape, p:] / total)[bins.groups]
        out = np.empty(bins.n)
        out[bins.order] = ordered
        return out


def shape_bins(
    x: npt.ArrayLike,
    basis: Floats,
    *,
    weights: Floats | None = None,
    groups: Ints | None = None,
    most: int = 200,
) -> ShapeBins:
    """Cut x into bins of about equal numbers, or one bin per value where there are few values.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Exposure.
    basis : numpy.ndarray, shape (n, p)
        Orthonormal basis of intercept, x and covariates, each times root weight.
    weights : numpy.ndarray, shape (n,), or None
        Weights of the rows, above 0; all 1 without them.
    groups : numpy.ndarray of int64, shape (n,), or None
        Codes 0, 1, … of groups whose own levels are taken out. Outcomes given to the bins and the
        basis must be free of these levels, and clusters made of whole groups.
    most : int
        Most bins.

    Returns
    -------
    ShapeBins
        The bins.

    Examples
    --------
    >>> x = np.arange(6.0)
    >>> line = np.linalg.qr(np.column_stack([np.ones(6), x]))[0]
    >>> bins = shape_bins(x, line)
    >>> hinges = bins.shapes(bins.kinks(np.array([2, 3])))
    >>> (hinges.along(bins.sums(np.maximum(x - 3, 0))) ** 2).round(3).tolist()
    [0.77, 1.086]
    """
    exposure = np.asarray(x, dtype=np.float64)
    edges = np.unique(exposure)
    if len(edges) > most:
        edges = np.unique(np.quantile(exposure, np.arange(most) / most, method="lower"))
    codes = np.searchsorted(edges, exposure, side="right") - 1
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(edges)))
    root = np.ones(len(exposure)) if weights is None else np.sqrt(weights)[order]
    line = np.column_stack([root, root * exposure[order]])
    columns = np.hstack([line, basis[order]])
    product = [root * line[:, 0], root * line[:, 1], line[:, 1] ** 2]
    moments = np.stack([np.add.reduceat(part, starts) for part in product])
    projected = np.stack(
        [np.add.reduceat(columns[:, 2:] * part[:, None], starts, axis=0) for part in line.T]
    )
    levels = None if groups is None else groups[order]
    return ShapeBins(
        edges, float(exposure.max()), order, starts, columns, moments, projected, levels
    )
