"""Wild cluster bootstrap-t of one contrast, from sums by cluster."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["WildPoints", "WildTest", "wild_cluster_test"]

WildPoints = Literal["rademacher", "webb"]
_POINTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.concatenate([-np.sqrt([1.5, 1.0, 0.5]), np.sqrt([0.5, 1.0, 1.5])]),
}
_TIE = 1e-9
_TOO_FEW = (
    "A wild cluster bootstrap of {n} clusters has {patterns} sign patterns; the smallest p-value "
    "it can reach is {smallest:.3g}. Use CR2 with Satterthwaite degrees of freedom (fit_cr2), or "
    "lower fewest_clusters to see it all the same."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WildTest:
    """A wild cluster bootstrap-t test.

    Parameters
    ----------
    estimate : float
        The contrast.
    statistic : float
        Its gap to the null over the CR1 standard error.
    p_value : float
        Two-sided (symmetric) p-value.
    smallest_p : float
        The smallest p-value that could have been reached.
    n_clusters : int
        Number of clusters.
    replicates : int
        Number of weight vectors behind the p-value.
    enumerated : bool
        Whether these are all there are, so that the p-value has no simulation error.
    """

    estimate: float
    statistic: float
    p_value: float
    smallest_p: float
    n_clusters: int
    replicates: int
    enumerated: bool


def wild_cluster_test(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    codes: npt.ArrayLike,
    contrast: npt.ArrayLike,
    *,
    null: float = 0.0,
    points: WildPoints = "rademacher",
    replicates: int = 9_999,
    fewest_clusters: int = 8,
    random_state: int = 0,
) -> WildTest:
    """Test a contrast by the restricted wild cluster bootstrap-t.

    Residuals of the fit under the null are multiplied by one random factor per cluster; each new
    data set gives a t statistic with CR1 standard error (Cameron, Gelbach & Miller 2008, REStat
    90:414; Roodman et al. 2019, Stata J 19:4; Webb 2023, Can J Econ 56:839). The new statistics
    need only X_gᵀX_g and the restricted scores. All sign patterns are gone through where they
    are no more than ``replicates``.

    Parameters
    ----------
    X : array-like of float, shape (n, p)
        Regressors, with the intercept; of full column rank.
    y : array-like of float, shape (n,)
        Outcome.
    codes : array-like of int, shape (n,)
        Cluster of each row; any whole numbers.
    contrast : array-like of float, shape (p,)
        Weight of each coefficient.
    null : float
        Value of the contrast under the null hypothesis.
    points : {"rademacher", "webb"}
        ±1, or the six points ±√½, ±1, ±√1½.
    replicates : int
        Number of draws where not all patterns are gone through.
    fewest_clusters : int
        Refuse below this number of clusters.
    random_state : int
        Seed.

    Returns
    -------
    WildTest
        P-value beside the smallest reachable one.

    Raises
    ------
    DesignError
        If there are too few clusters, or X has dependent columns.
    ValueError
        If shapes differ, values are missing, or an argument is out of range.

    Examples
    --------
    >>> y = np.array([2.0, 1.5, 2.5, 0.5, 3.0, 1.0, 2.0, 1.2])
    >>> found = wild_cluster_test(np.ones((8, 1)), y, np.arange(8), [1.0])
    >>> found.p_value, found.smallest_p, found.enumerated
    (0.0078125, 0.0078125, True)
    """
    check.choice(points, list(_POINTS), "points")
    count = check.positive_int(replicates, "replicates")
    seed = check.seed(random_state)
    sums = _Sums.of(X, y, codes, contrast)
    clusters, values = len(sums.grams), _POINTS[points]
    patterns = len(values) ** clusters
    enumerated = patterns <= count
    # A pattern times a constant gives the same |t|: as many patterns as points equal the data's.
    smallest = (
        len(values) / patterns if enumerated else max(len(values) / patterns, 1 / (count + 1))
    )
    if clusters < max(2, check.positive_int(fewest_clusters, "fewest_clusters")):
        raise DesignError(_TOO_FEW.format(n=clusters, smallest=smallest, patterns=patterns))
    if enumerated:
        grid = np.meshgrid(*[values] * clusters, indexing="ij")
        factors = np.stack([axis.ravel() for axis in grid], axis=1)
    else:
        factors = np.random.default_rng(seed).choice(values, size=(count, clusters))
    numerator, transfer = sums.restricted(null)
    observed, estimate = sums.observed(null)
    new = sums.t_values(factors @ numerator, factors @ transfer.T)
    beyond = int((np.abs(new) >= abs(observed) * (1 - _TIE)).sum())
    p_value = beyond / patterns if enumerated else (1 + beyond) / (1 + count)
    return WildTest(
        estimate=estimate,
        statistic=observed,
        p_value=p_value,
        smallest_p=smallest,
        n_clusters=clusters,
        replicates=len(factors),
        enumerated=enumerated,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sums:
    """Sums by cluster, and the contrast c with k = (XᵀX)⁻¹c."""

    grams: Floats
    moments: Floats
    c: Floats
    inverse: Floats
    factor: float

    @classmethod
    def of(
        cls, X: npt.ArrayLike, y: npt.ArrayLike, codes: npt.ArrayLike, contrast: npt.ArrayLike
    ) -> _Sums:
        design, outcome = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        cluster, c = np.unique(np.asarray(codes), return_inverse=True)[1], np.asarray(contrast)
        n = len(outcome)
        if design.ndim != 2 or design.shape[0] != n or cluster.shape != (n,):
            raise ValueError(
                f"X must be a table and y and codes one value per row of it, got shapes "
                f"{design.shape}, {outcome.shape}, {cluster.shape}."
            )
        if not (np.isfinite(design).all() and np.isfinite(outcome).all()):
            raise ValueError(
                "X or y holds values that are missing or infinite; leave the rows out."
            )
        k = design.shape[1]
        if c.shape != (k,) or not c.any():
            raise ValueError(f"contrast must hold {k} numbers that are not all 0.")
        order = np.argsort(cluster, kind="stable")
        bounds = np.append(np.flatnonzero(np.diff(cluster[order], prepend=-1)), n)
        if n <= k or np.linalg.matrix_rank(design) < k:
            raise DesignError("X has linearly dependent columns or too few rows; leave some out.")
        Xs, ys, spans = design[order], outcome[order], list(pairwise(bounds))
        grams = np.stack([Xs[a:b].T @ Xs[a:b] for a, b in spans])
        clusters = len(grams)
        return cls(
            grams=grams,
            moments=np.stack([Xs[a:b].T @ ys[a:b] for a, b in spans]),
            c=c.astype(np.float64),
            inverse=np.linalg.inv(grams.sum(axis=0)),
            factor=clusters / max(clusters - 1, 1) * (n - 1) / (n - k),
        )

    def observed(self, null: float) -> tuple[float, float]:
        """Return the t statistic and the estimate."""
        coef = self.inverse @ self.moments.sum(axis=0)
        scores = (self.moments - self.grams @ coef) @ self.inverse @ self.c
        estimate = float(coef @ self.c)
        statistic = self.t_values(np.array([estimate - null]), scores[None])
        return float(statistic[0]), estimate

    def restricted(self, null: float) -> tuple[Floats, Floats]:
        """Return what turns factors into the new estimate minus null, and into new scores."""
        k = self.inverse @ self.c
        coef = self.inverse @ self.moments.sum(axis=0)
        under_null = coef - k * (coef @ self.c - null) / (self.c @ k)
        scores = self.moments - self.grams @ under_null
        own = scores @ k
        transfer = np.diag(own) - (self.grams @ k) @ self.inverse @ scores.T
        return own, transfer

    def t_values(self, gap: Floats, scores: Floats) -> Floats:
        """Return gap over the CR1 standard error, 0 where both are 0."""
        error = np.sqrt(self.factor * (scores**2).sum(axis=1))
        certain = np.where(gap == 0, 0.0, np.inf)
        return np.asarray(np.divide(gap, error, out=certain, where=error > 0))
