"""Where does a relation jump? The exact least-squares step, alone or together with a kink.

Model y = Zγ + βx + δ1(x > ψ) + ε, or with δ₂(x − ψ)₊ beside it. Only the gap between two
neighbouring values of x matters, so the search over all gaps is exact; its sums are those of the
kink (:mod:`absence_risk.stats.sorted_design`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.kink import candidate_range
from absence_risk.stats.sorted_design import SortedDesign, outer_sums, sorted_design

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["StepFit", "StepSearch", "hansen_quantile", "step_search"]

_FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class StepFit:
    """The best step of one outcome.

    Parameters
    ----------
    last_below : float
        Highest x below the step.
    first_above : float
        Lowest x above the step.
    rows_below : int
        Rows at or below ``last_below``.
    gain : float
        SSR without the step minus SSR with it, at least 0.
    ssr_line : float
        SSR without the step.
    """

    last_below: float
    first_above: float
    rows_below: int
    gain: float
    ssr_line: float

    @property
    def location(self) -> float:
        """The middle of the gap in which the step lies."""
        return (self.last_below + self.first_above) / 2

    @property
    def ssr(self) -> float:
        """SSR with the step."""
        return self.ssr_line - self.gain


@dataclass(frozen=True, eq=False)
class StepSearch:
    """What the search needs of x and the covariates; made by :func:`step_search`.

    Parameters
    ----------
    design : SortedDesign
        Rows by ascending x, centred and scaled.
    first, last : int
        The step lies between ``design.values[k]`` and ``[k + 1]``, first ≤ k < last.
    products : numpy.ndarray of float64, shape (3, last − first)
        Σx² , −2Σx and Σ1 of the residual step and x-step in each gap.
    kink : bool
        Whether the slope may change at the step as well.
    """

    design: SortedDesign
    first: int
    last: int
    products: Floats
    kink: bool

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom; the location counts as one."""
        return self.design.n - self.design.n_params - 2 - self.kink

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value between which steps are searched, in the units of x."""
        low, high = self._unscaled(self.design.values[[self.first, self.last]])
        return float(low), float(high)

    def _unscaled(self, values: Floats) -> Floats:
        return np.asarray(values * self.design.scale + self.design.centre)

    def gains(self, y: npt.ArrayLike) -> tuple[Floats, float]:
        """Return the fall of the SSR for a step in each gap.

        Parameters
        ----------
        y : array-like of float, shape (n,)
            Outcome.

        Returns
        -------
        gains : numpy.ndarray of float64, shape (gaps,)
            Falls, at least 0.
        ssr_line : float
            SSR without a step.
        """
        resid = self.design.residuals(np.asarray(y, dtype=np.float64).reshape(-1, 1))
        sums = self.design.per_value(resid)[:, 0]
        gaps = slice(self.first, self.last)
        jump = outer_sums(sums, signed=True)[gaps]
        c, d, e = self.products
        usable = e > 0
        gains = np.divide(jump * jump, e, out=np.zeros(len(e)), where=usable)
        if self.kink:
            # x·1(x > ψ) beside 1(x > ψ): the part of it that the step leaves (Gram–Schmidt).
            bend = outer_sums(self.design.values * sums, signed=True)[gaps]
            ratio = np.divide(-d / 2, e, out=np.zeros(len(e)), where=usable)
            left = c - ratio * (-d / 2)
            more = (bend - ratio * jump) ** 2
            gains += np.divide(
                more, left, out=np.zeros(len(e)), where=usable & (left > _FLAT * np.abs(c))
            )
        ssr = float(resid[:, 0] @ resid[:, 0])
        return np.minimum(gains, ssr), ssr

    def fit(self, y: npt.ArrayLike) -> StepFit:
        """Return the best step.

        Parameters
        ----------
        y : array-like of float, shape (n,)
            Outcome.

        Returns
        -------
        StepFit
            Place and gain.

        Examples
        --------
        >>> x = np.arange(20.0)
        >>> fit = step_search(x).fit(np.where(x > 8, 1.0, 0.0))
        >>> fit.location, fit.rows_below
        (8.5, 9)
        """
        gains, ssr = self.gains(y)
        return self._fit(int(gains.argmax()), gains, ssr)

    def _fit(self, gap: int, gains: Floats, ssr: float) -> StepFit:
        at = self.first + gap
        low, high = self._unscaled(self.design.values[[at, at + 1]])
        starts = self.design.starts
        rows = at + 1 if starts is None else int(starts[at + 1])
        return StepFit(float(low), float(high), rows, float(gains[gap]), ssr)

    def confidence_set(self, y: npt.ArrayLike, critical: float) -> Floats:
        """Return the gaps that the likelihood ratio does not reject, joined where they touch.

        Hansen 2000, Econometrica 68:575, section 3.3: {ψ : (SSR(ψ) − SSR_min) df / SSR_min ≤ q},
        with q from :func:`hansen_quantile` where errors have one variance. Without residual degrees
        of freedom the data rule out no place.

        Parameters
        ----------
        y : array-like of float, shape (n,)
            Outcome.
        critical : float
            Critical value q.

        Returns
        -------
        numpy.ndarray of float64, shape (parts, 2)
            Lower and upper end of each part, ascending.

        Examples
        --------
        >>> x = np.arange(40.0)
        >>> y = np.where(x > 20, 9.0, 0.0) + np.tile([0.5, -0.5], 20)
        >>> step_search(x).confidence_set(y, hansen_quantile(0.95)).tolist()
        [[20.0, 21.0]]
        """
        if self.df_resid < 1:
            return np.array([self.limits])
        gains, ssr = self.gains(y)
        least = ssr - float(gains.max())
        inside = np.flatnonzero(ssr - gains <= least * (1 + critical / self.df_resid) + 1e-12 * ssr)
        breaks = np.flatnonzero(np.diff(inside) > 1)
        begins = inside[np.r_[0, breaks + 1]] + self.first
        ends = inside[np.r_[breaks, len(inside) - 1]] + self.first + 1
        values = self.design.values
        return self._unscaled(np.column_stack([values[begins], values[ends]]))


def step_search(
    x: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    weights: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
    line: bool = True,
    kink: bool = False,
    min_distinct: int = 3,
    trim: float = 0.0,
) -> StepSearch:
    """Prepare the search for a step in x.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Exposure; ties are treated as one value with several rows.
    covariates : array-like of float, shape (n, p), or None
        Covariates without an intercept.
    weights : array-like of float, shape (n,), or None
        Weights of the rows, above 0.
    groups : array-like of int, shape (n,), or None
        Codes 0, 1, … of groups (pupils) whose own levels are taken out.
    line : bool
        Whether x itself belongs to the model; without it two levels are fitted.
    kink : bool
        Whether the slope may change at the step as well; needs ``line``.
    min_distinct : int
        Least number of distinct values of x on each side.
    trim : float
        Least share of rows on each side, in [0, 0.5).

    Returns
    -------
    StepSearch
        The prepared search.

    Raises
    ------
    ValueError
        If too few distinct values remain between the guards, or ``kink`` without ``line``.

    Examples
    --------
    >>> step_search(np.arange(10.0)).limits
    (2.0, 7.0)
    """
    if kink and not line:
        raise ValueError("kink=True needs line=True: a slope can change only where there is one.")
    design = sorted_design(x, covariates, weights=weights, groups=groups, line=line)
    first, last = candidate_range(design, min_distinct, trim)
    lengths = design.lengths()
    products = design.products(lengths)
    products[2, products[2] <= _FLAT * lengths[2]] = 0.0
    return StepSearch(design, first, last, products[:, first:last], kink)


def hansen_quantile(conf_level: float) -> float:
    """Return the quantile of the likelihood ratio of a step's place.

    Its limit has P(ξ ≤ q) = (1 − exp(−q/2))², so q = −2 log(1 − √level) (Hansen 2000,
    Econometrica 68:575, theorem 2).

    Parameters
    ----------
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    float
        The quantile: 7.35 at 95 %.

    Examples
    --------
    >>> round(hansen_quantile(0.95), 2)
    7.35
    """
    return float(-2 * np.log(1 - np.sqrt(conf_level)))
