"""Where does a straight line bend? The exact least-squares kink and its confidence set.

Model y = Zγ + βx + δ(x − ψ)₊ + ε with unknown ψ. With M the residual maker of (Z, x), r = My and
h = (x − ψ)₊, the Frisch–Waugh–Lovell theorem gives SSR(ψ) = SSR₀ − N²/D with N = hᵀr = a₀ + a₁ψ and
D = hᵀMh = c + dψ + eψ², whose coefficients change only at the values of x. Within a gap between two
neighbouring values the best ψ is (a₀d − 2a₁c)/(a₁d − 2a₀e), so the search over all gaps is exact
and global (the idea of "fastgrid", Elder & Fong 2019, Comput. Stat. Data Anal. 140).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["KinkFit", "KinkSearch", "kink_search"]

_FLAT = 1e-9
_DEPENDENT = 1e-10
_NO_KINK = 1e100
_BLOCK = 500_000


@dataclass(frozen=True, eq=False)
class KinkFit:
    """The best kink for one or more outcomes.

    Parameters
    ----------
    location : numpy.ndarray of float64, shape (B,)
        Best ψ, in the units of x.
    gain : numpy.ndarray of float64, shape (B,)
        SSR without kink minus SSR with the best kink, at least 0.
    ssr_line : numpy.ndarray of float64, shape (B,)
        SSR without kink.
    """

    location: Floats
    gain: Floats
    ssr_line: Floats

    @property
    def ssr(self) -> Floats:
        """SSR with the best kink, shape (B,)."""
        return self.ssr_line - self.gain


@dataclass(frozen=True, eq=False)
class KinkSearch:
    """What the search needs of x and the covariates; reused for any number of outcomes.

    Made by :func:`kink_search`. Inside, x is centred and scaled to unit variance.

    Parameters
    ----------
    n_params : int
        Number of coefficients of the line: covariates, intercept and slope.
    order : numpy.ndarray of int64, shape (n,)
        Rows by ascending x.
    starts : numpy.ndarray of int64, shape (m,)
        First sorted row of each distinct value.
    values : numpy.ndarray of float64, shape (m,)
        Distinct values, centred and scaled.
    basis : numpy.ndarray of float64, shape (n, n_params)
        Orthonormal basis of intercept, x and covariates, rows sorted.
    first, last : int
        Candidates run from ``values[first]`` to ``values[last]``.
    quadratic : numpy.ndarray of float64, shape (3, last − first)
        c, d and e of D(ψ) in each gap.
    centre, scale : float
        Location and scale of x.
    """

    n_params: int
    order: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    values: Floats
    basis: Floats
    first: int
    last: int
    quadratic: Floats
    centre: float
    scale: float

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.order)

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom of the kink model; the location counts as one."""
        return self.n - self.n_params - 2

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest candidate location, in the units of x."""
        low, high = self.values[[self.first, self.last]] * self.scale + self.centre
        return float(low), float(high)

    def fit(self, y: npt.ArrayLike) -> KinkFit:
        """Return the best kink of each outcome.

        Parameters
        ----------
        y : array-like of float, shape (n,) or (n, B)
            Outcomes, one per column.

        Returns
        -------
        KinkFit
            Arrays of length B (1 for one outcome).

        Examples
        --------
        >>> x = np.arange(20.0)
        >>> fit = kink_search(x).fit(np.maximum(x - 8.5, 0))
        >>> round(float(fit.location[0]), 6), bool(fit.ssr[0] < 1e-9)
        (8.5, True)
        """
        columns = np.asarray(y, dtype=np.float64).reshape(self.n, -1)
        width = max(1, _BLOCK // self.n)
        blocks = [
            self._fit_block(columns[:, at : at + width]) for at in range(0, columns.shape[1], width)
        ]
        location, gain, ssr_line = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return KinkFit(location * self.scale + self.centre, gain, ssr_line)

    def _fit_block(self, y: Floats) -> tuple[Floats, Floats, Floats]:
        a0, a1, ssr = self._linear(y)
        quadratic = self.quadratic[:, :, None]
        c, d, e = quadratic
        low = self.values[self.first : self.last, None]
        high = self.values[self.first + 1 : self.last + 1, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = (a0 * d - 2 * a1 * c) / (a1 * d - 2 * a0 * e)
        inner = np.where((inner > low) & (inner < high), inner, low)
        end = self.values[self.last]
        location = np.full(y.shape[1], end)
        best = _gain(end, (a0[-1], a1[-1]), self.quadratic[:, -1])
        column = np.arange(y.shape[1])
        for place in (np.broadcast_to(low, inner.shape), inner):
            gain = _gain(place, (a0, a1), quadratic)
            gap = gain.argmax(axis=0)
            better = gain[gap, column] > best
            best = np.where(better, gain[gap, column], best)
            location = np.where(better, place[gap, column], location)
        return location, np.minimum(best, ssr), ssr

    def _linear(self, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Return a₀ and a₁ per gap, shape (gaps, B), and the SSR of the line."""
        sorted_y = y[self.order]
        resid = sorted_y - self.basis @ (self.basis.T @ sorted_y)
        resid -= self.basis @ (self.basis.T @ resid)
        sums = np.add.reduceat(resid, self.starts, axis=0)
        gaps = slice(self.first, self.last)
        a1 = -_outer_sums(sums, signed=True)[gaps]
        a0 = _outer_sums(self.values[:, None] * sums, signed=True)[gaps]
        return a0, a1, np.einsum("ij,ij->j", resid, resid)

    def gain_at(self, y: npt.ArrayLike, location: float) -> Floats:
        """Return SSR without kink minus SSR with a kink at a given place.

        Parameters
        ----------
        y : array-like of float, shape (n,) or (n, B)
            Outcomes.
        location : float
            Place of the kink, within ``limits``.

        Returns
        -------
        numpy.ndarray of float64, shape (B,)
            Gain; 0 where the kink cannot be told from the line.

        Raises
        ------
        ValueError
            If the location lies outside ``limits``.
        """
        low, high = self.limits
        if not low <= location <= high:
            raise ValueError(f"location must lie in [{low:g}, {high:g}], got {location:g}.")
        place = (location - self.centre) / self.scale
        gap = int(np.searchsorted(self.values, place, side="right")) - 1
        gap = min(max(gap, self.first), self.last - 1) - self.first
        a0, a1, _ = self._linear(np.asarray(y, dtype=np.float64).reshape(self.n, -1))
        return _gain(np.float64(place), (a0[gap], a1[gap]), self.quadratic[:, gap])

    def critical_value(self, conf_level: float) -> float:
        """Return the F quantile for the profile set, with 1 and ``df_resid`` degrees of freedom.

        Parameters
        ----------
        conf_level : float
            Confidence level in (0, 1).

        Returns
        -------
        float
            Critical value q of (SSR(ψ) − SSR_min) · df / SSR_min.
        """
        return float(special.fdtri(1, self.df_resid, conf_level))

    def confidence_set(self, y: npt.ArrayLike, critical: float) -> Floats:
        """Return every location that the likelihood ratio does not reject.

        {ψ : SSR(ψ) ≤ SSR_min (1 + q/df)}, solved exactly in each gap: with
        g = SSR₀ − SSR_min (1 + q/df), N² − gD ≥ 0 is a quadratic in ψ. The set may have several
        parts and may reach the limits of the search, in which case the data do not bound it there.

        Parameters
        ----------
        y : array-like of float, shape (n,)
            Outcome.
        critical : float
            Critical value q, from :meth:`critical_value` or a bootstrap.

        Returns
        -------
        numpy.ndarray of float64, shape (parts, 2)
            Lower and upper end of each part, ascending.

        Examples
        --------
        >>> x = np.arange(40.0)
        >>> search = kink_search(x)
        >>> y = np.maximum(x - 20, 0) + np.tile([0.5, -0.5], 20)
        >>> search.confidence_set(y, search.critical_value(0.95)).round(1).tolist()
        [[19.2, 20.7]]
        """
        outcome = np.asarray(y, dtype=np.float64).reshape(self.n, 1)
        found = self.fit(outcome)
        g = float(found.ssr_line[0] - found.ssr[0] * (1 + critical / self.df_resid))
        if g <= 0:
            return np.array([self.limits])
        a0, a1 = (part[:, 0] for part in self._linear(outcome)[:2])
        c, d, e = self.quadratic
        low = self.values[self.first : self.last]
        high = self.values[self.first + 1 : self.last + 1]
        pieces = _where_nonnegative(a1**2 - g * e, 2 * a0 * a1 - g * d, a0**2 - g * c, low, high)
        best = (found.location[0] - self.centre) / self.scale
        joined = _join(np.vstack([pieces, [[best, best]]]))
        return joined * self.scale + self.centre


def kink_search(
    x: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    min_distinct: int = 3,
    trim: float = 0.0,
) -> KinkSearch:
    """Prepare the search for a kink in x.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Exposure; ties are treated as one value with several rows.
    covariates : array-like of float, shape (n, p), or None
        Covariates without an intercept; the intercept and x are always added.
    min_distinct : int
        Least number of distinct values of x at or beyond the kink on each side.
    trim : float
        Least share of rows at or beyond the kink on each side, in [0, 0.5).

    Returns
    -------
    KinkSearch
        The prepared search.

    Raises
    ------
    ValueError
        If too few distinct values remain between the guards.

    Examples
    --------
    >>> kink_search([0.0, 0.1, 0.2, 0.3, 0.4, 0.5]).limits
    (0.2, 0.3)
    """
    exposure = np.asarray(x, dtype=np.float64)
    n = len(exposure)
    order = np.argsort(exposure, kind="stable")
    centre, scale = float(exposure.mean()), float(exposure.std()) or 1.0
    scaled = (exposure[order] - centre) / scale
    starts = np.flatnonzero(np.r_[True, np.diff(exposure[order]) > 0])
    values = scaled[starts]
    counts = np.diff(np.r_[starts, n])
    first, last = _candidates(counts, min_distinct, trim)
    columns = [np.ones((n, 1)), scaled[:, None]]
    if covariates is not None:
        extra = np.asarray(covariates, dtype=np.float64).reshape(n, -1)[order]
        columns.append(_standardised(extra))
    basis = _orthonormal(np.hstack(columns))
    quadratic = _quadratic(basis, starts, values, counts)[:, first:last]
    return KinkSearch(
        basis.shape[1], order, starts, values, basis, first, last, quadratic, centre, scale
    )


def _candidates(counts: npt.NDArray[np.int64], min_distinct: int, trim: float) -> tuple[int, int]:
    """Return the first and last distinct value that the guards leave."""
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])
    need = trim * counts.sum()
    first = max(min_distinct - 1, int(np.searchsorted(below, need)))
    last = len(counts) - 1 - max(min_distinct - 1, int(np.searchsorted(above, need)))
    if last <= first:
        raise ValueError(
            f"{len(counts)} distinct values of x leave no place for a kink with {min_distinct} "
            f"values and a share of {trim:g} of the rows on each side."
        )
    return first, last


def _standardised(columns: Floats) -> Floats:
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    return np.asarray(centred / np.where(spread > 0, spread, 1.0), dtype=np.float64)


def _orthonormal(matrix: Floats) -> Floats:
    """Return an orthonormal basis of the columns; dependent columns are dropped.

    Cholesky QR done twice (Yamamoto et al. 2015, ETNA 44:306) where the columns are far from
    dependent, because it is several times quicker than Householder's; else singular vectors.
    """
    eigenvalues = np.linalg.eigvalsh(matrix.T @ matrix)
    if eigenvalues[0] <= _DEPENDENT * eigenvalues[-1]:
        u, singular, _ = np.linalg.svd(matrix, full_matrices=False)
        return np.asarray(u[:, singular > _DEPENDENT * singular[0]], dtype=np.float64)
    basis = matrix
    for _ in range(2):
        upper = np.linalg.cholesky(basis.T @ basis).T
        basis = basis @ np.linalg.inv(upper)
    return basis


def _outer_sums(per_value: Floats, *, signed: bool = False) -> Floats:
    """Return, for each gap, the sum over the values on its shorter side.

    Because intercept and x are in the model, (x − ψ)₊ and (ψ − x)₊ have the same residual, so D may
    be formed from either side; the shorter one loses fewer digits. With ``signed`` the sums below
    are negated, which turns N of the one hinge into that of the other.
    """
    middle = len(per_value) // 2
    below = np.cumsum(per_value[:middle], axis=0)
    above = np.cumsum(per_value[:middle:-1], axis=0)[::-1]
    return np.concatenate([-below if signed else below, above])


def _quadratic(
    basis: Floats, starts: npt.NDArray[np.int64], values: Floats, counts: npt.NDArray[np.int64]
) -> Floats:
    """Return c, d and e of D(ψ) for every gap, shape (3, m − 1).

    Where nothing of the hinge is left beside the line and the covariates, D is set so large that
    the gap never gains anything: rounding errors in a D near 0 would look like a perfect kink.
    """
    rows = np.add.reduceat(basis, starts, axis=0)
    w = _outer_sums(rows)
    u = _outer_sums(values[:, None] * rows)
    n, s, ss = (_outer_sums(counts * values**power) for power in (0, 1, 2))
    out = np.stack([ss - (u * u).sum(1), 2 * ((u * w).sum(1) - s), n - (w * w).sum(1)])
    usable = np.ones(len(n), dtype=bool)
    for place in (values[:-1], values[1:]):
        length = ss - 2 * place * s + place**2 * n
        usable &= _square(place, *out) > _FLAT * length
    return np.where(usable, out, np.array([[_NO_KINK], [0.0], [0.0]]))


def _square(place: Floats | np.float64, c: Floats, d: Floats, e: Floats) -> Floats:
    """Return D(ψ) = c + dψ + eψ²."""
    return c + place * (d + place * e)


def _gain(place: Floats | np.float64, linear: tuple[Floats, Floats], quadratic: Floats) -> Floats:
    """Return N²/D, and 0 at a gap's very edge where D may vanish."""
    square = _square(place, *quadratic)
    top = (linear[0] + linear[1] * place) ** 2
    positive = np.broadcast_to(square > 0, top.shape)
    return np.divide(top, square, out=np.zeros(top.shape), where=positive)


def _where_nonnegative(a: Floats, b: Floats, c: Floats, low: Floats, high: Floats) -> Floats:
    """Return the parts of [low, high] where aψ² + bψ + c ≥ 0, shape (parts, 2)."""
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


def _join(parts: Floats) -> Floats:
    """Merge parts that touch."""
    ordered = parts[np.argsort(parts[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    fresh = np.r_[True, ordered[1:, 0] > reach[:-1] + 1e-12]
    begins = np.flatnonzero(fresh)
    return np.column_stack([ordered[begins, 0], np.maximum.reduceat(ordered[:, 1], begins)])
