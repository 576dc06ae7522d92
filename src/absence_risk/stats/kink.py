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

from absence_risk.stats.quadratic_sets import join_parts, where_nonnegative
from absence_risk.stats.sorted_design import SortedDesign, outer_sums, sorted_design

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["KinkFit", "KinkSearch", "candidate_range", "kink_search"]

_FLAT = 1e-9
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

    Made by :func:`kink_search`.

    Parameters
    ----------
    design : SortedDesign
        Rows by ascending x, centred and scaled.
    first, last : int
        Candidates run from ``design.values[first]`` to ``design.values[last]``.
    quadratic : numpy.ndarray of float64, shape (3, last − first)
        c, d and e of D(ψ) in each gap.
    """

    design: SortedDesign
    first: int
    last: int
    quadratic: Floats

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.design.n

    @property
    def n_params(self) -> int:
        """Number of coefficients of the line: covariates, intercept or groups, and slope."""
        return self.design.n_params

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom of the kink model; the location counts as one."""
        return self.n - self.n_params - 2

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest candidate location, in the units of x."""
        ends = self.design.values[[self.first, self.last]]
        low, high = ends * self.design.scale + self.design.centre
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
        return KinkFit(location * self.design.scale + self.design.centre, gain, ssr_line)

    def _ends(self) -> tuple[Floats, Floats]:
        """Return the lower and the upper end of each gap, scaled."""
        values = self.design.values
        return values[self.first : self.last], values[self.first + 1 : self.last + 1]

    def _fit_block(self, y: Floats) -> tuple[Floats, Floats, Floats]:
        a0, a1, ssr = self._linear(y)
        found = [self._best(a0[:, k], a1[:, k]) for k in range(y.shape[1])]
        location, gain = (np.array(part) for part in zip(*found, strict=True))
        return location, np.minimum(gain, ssr), ssr

    def _best(self, a0: Floats, a1: Floats) -> tuple[float, float]:
        """Return the best place of one outcome, scaled, and its gain."""
        low, high = self._ends()
        location = float(high[-1])
        best = float(_gain(high[-1], (a0[-1], a1[-1]), self.quadratic[:, -1]))
        for place in (low, self._inner(a0, a1)):
            gain = _gain(place, (a0, a1), self.quadratic)
            gap = int(gain.argmax())
            if gain[gap] > best:
                best, location = float(gain[gap]), float(place[gap])
        return location, best

    def _inner(self, a0: Floats, a1: Floats) -> Floats:
        """Return the stationary point of each gap that is not N = 0; its lower end if outside."""
        low, high = self._ends()
        c, d, e = self.quadratic
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inner = (a0 * d - 2 * a1 * c) / (a1 * d - 2 * a0 * e)
        return np.where((inner > low) & (inner < high), inner, low)

    def _linear(self, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Return a₀ and a₁ per gap, shape (gaps, B), and the SSR of the line."""
        resid = self.design.residuals(y)
        sums = self.design.per_value(resid)
        gaps = slice(self.first, self.last)
        a1 = -outer_sums(sums, signed=True)[gaps]
        a0 = outer_sums(self.design.values[:, None] * sums, signed=True)[gaps]
        return a0, a1, np.einsum("ij,ij->j", resid, resid)

    def gain_at(self, y: npt.ArrayLike, location: npt.ArrayLike) -> Floats:
        """Return SSR without kink minus SSR with a kink at given places.

        Parameters
        ----------
        y : array-like of float, shape (n,) or (n, B)
            Outcomes.
        location : float or array-like of float, shape (m,)
            Places of the kink, within ``limits``.

        Returns
        -------
        numpy.ndarray of float64, shape (B,), or (m, B) for several places
            Gain; 0 where the kink cannot be told from the line.

        Raises
        ------
        ValueError
            If a location lies outside ``limits``.
        """
        low, high = self.limits
        wanted = np.asarray(location, dtype=np.float64)
        outside = wanted[~((wanted >= low) & (wanted <= high))]
        if outside.size:
            raise ValueError(f"location must lie in [{low:g}, {high:g}], got {outside.flat[0]:g}.")
        place = np.atleast_1d((wanted - self.design.centre) / self.design.scale)
        gap = np.searchsorted(self.design.values, place, side="right") - 1
        gap = np.clip(gap, self.first, self.last - 1) - self.first
        a0, a1, _ = self._linear(np.asarray(y, dtype=np.float64).reshape(self.n, -1))
        gain = _gain(place[:, None], (a0[gap], a1[gap]), self.quadratic[:, gap][..., None])
        return gain if wanted.ndim else gain[0]

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
        return self.fit_set(y, critical)[1]

    def fit_set(self, y: npt.ArrayLike, critical: float) -> tuple[KinkFit, Floats]:
        """Return the best kink of one outcome together with its set, in one pass.

        Parameters
        ----------
        y : array-like of float, shape (n,)
            Outcome.
        critical : float
            Critical value q.

        Returns
        -------
        fit : KinkFit
            As :meth:`fit`.
        parts : numpy.ndarray of float64, shape (parts, 2)
            As :meth:`confidence_set`.
        """
        a0, a1, ssr = self._linear(np.asarray(y, dtype=np.float64).reshape(self.n, 1))
        best, gain = self._best(a0[:, 0], a1[:, 0])
        gain = min(gain, float(ssr[0]))
        centre, scale = self.design.centre, self.design.scale
        found = KinkFit(np.array([best * scale + centre]), np.array([gain]), ssr)
        g = gain - (float(ssr[0]) - gain) * critical / self.df_resid
        if g <= 0:
            return found, np.array([self.limits])
        pieces = self._pieces(a0[:, 0], a1[:, 0], g)
        joined = join_parts(np.vstack([pieces, [[best, best]]]))
        return found, joined * scale + centre

    def _pieces(self, a0: Floats, a1: Floats, g: float) -> Floats:
        """Return where the gain is at least g, per gap; only gaps that reach it are solved."""
        low, high = self._ends()
        reach = np.zeros(len(low), dtype=bool)
        for place in (low, high, self._inner(a0, a1)):
            reach |= _gain(place, (a0, a1), self.quadratic) >= g * (1 - 1e-9)
        c, d, e = self.quadratic[:, reach]
        a0, a1 = a0[reach], a1[reach]
        return where_nonnegative(
            a1**2 - g * e, 2 * a0 * a1 - g * d, a0**2 - g * c, low[reach], high[reach]
        )


def kink_search(
    x: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    weights: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
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
    weights : array-like of float, shape (n,), or None
        Weights of the rows, above 0.
    groups : array-like of int, shape (n,), or None
        Codes 0, 1, … of groups (pupils) whose own levels are taken out; the hinge is demeaned
        anew for every ψ.
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
    design = sorted_design(x, covariates, weights=weights, groups=groups)
    first, last = candidate_range(design, min_distinct, trim)
    return KinkSearch(design, first, last, _guarded(design)[:, first:last])


def candidate_range(design: SortedDesign, min_distinct: int, trim: float) -> tuple[int, int]:
    """Return the first and last distinct value that the guards leave.

    Parameters
    ----------
    design : SortedDesign
        The rows.
    min_distinct : int
        Least number of distinct values at or beyond the place on each side.
    trim : float
        Least share of rows at or beyond the place on each side.

    Returns
    -------
    first, last : int
        Places in ``design.values``.

    Raises
    ------
    ValueError
        If nothing is left.
    """
    m = len(design.values)
    counts = np.ones(m, dtype=np.int64)
    if design.starts is not None:
        counts = np.diff(np.r_[design.starts, design.n])
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])
    need = trim * design.n
    first = max(min_distinct - 1, int(np.searchsorted(below, need)))
    last = m - 1 - max(min_distinct - 1, int(np.searchsorted(above, need)))
    if last <= first:
        raise ValueError(
            f"{m} distinct values of x leave no place for a kink with {min_distinct} "
            f"values and a share of {trim:g} of the rows on each side."
        )
    return first, last


def _guarded(design: SortedDesign) -> Floats:
    """Return c, d and e of D(ψ) for every gap, shape (3, m − 1).

    Where nothing of the hinge is left beside the line and the covariates, D is set so large that
    the gap never gains anything: rounding errors in a D near 0 would look like a perfect kink.
    """
    values, lengths = design.values, design.lengths()
    out = design.products(lengths)
    usable = np.ones(len(values) - 1, dtype=bool)
    lengths *= _FLAT
    np.subtract(out, lengths, out=lengths)
    for place in (values[:-1], values[1:]):
        usable &= _square(place, *lengths) > 0
    if not usable.all():
        out[:, ~usable] = np.array([[_NO_KINK], [0.0], [0.0]])
    return out


def _square(place: Floats | np.float64, c: Floats, d: Floats, e: Floats) -> Floats:
    """Return D(ψ) = c + dψ + eψ²."""
    return c + place * (d + place * e)


def _gain(place: Floats | np.float64, linear: tuple[Floats, Floats], quadratic: Floats) -> Floats:
    """Return N²/D, and 0 at a gap's very edge where D may vanish."""
    square = _square(place, *quadratic)
    top = (linear[0] + linear[1] * place) ** 2
    positive = np.broadcast_to(square > 0, top.shape)
    return np.divide(top, square, out=np.zeros(top.shape), where=positive)
