"""Difference-in-differences by cell means, with CR2 errors in closed form.

Every estimate is a weighted sum of mean changes of arms, each arm being the treated group or the
comparison over one pair of periods. Its regressors, one column per arm, do not overlap, so the CR2
matrix and its Satterthwaite degrees of freedom need no matrices at all, however many cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.cluster_mean import arm_contrast

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["ArmContrast", "Cells", "contrast_arms", "group_time_cells"]

NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, eq=False, kw_only=True)
class Cells:
    """Group-time cells: the arms of each, as sums by cluster.

    Arms 2k and 2k + 1 are the treated group and the comparison of cell k.

    Parameters
    ----------
    group, time : numpy.ndarray of int64, shape (cells,)
        First treated period and period of each cell.
    counts, sums : numpy.ndarray of float64, shape (clusters, 2 · cells)
        Units and sum of their changes, by cluster and arm.
    """

    group: Ints
    time: Ints
    counts: Floats
    sums: Floats

    @property
    def estimates(self) -> Floats:
        """ATT(g, t) of each cell, shape (cells,)."""
        means = self.sums.sum(axis=0) / self.counts.sum(axis=0)
        return np.asarray(means[0::2] - means[1::2])

    @property
    def n_treated(self) -> Floats:
        """Treated units behind each cell, shape (cells,)."""
        return np.asarray(self.counts.sum(axis=0)[0::2])


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmContrast:
    """A weighted sum of arm means.

    Parameters
    ----------
    estimate : float
        Its value.
    std_error, df : float or None
        CR2 standard error and Satterthwaite degrees of freedom; None where an arm that counts
        lies in a single cluster, so that nothing tells how clusters vary.
    """

    estimate: float
    std_error: float | None
    df: float | None


def group_time_cells(y: Floats, first: Ints, codes: Ints, *, gap: int = 1) -> Cells:
    """Cut a panel into group-time cells against the never treated.

    ATT(g, t) = E[Y_t − Y_b | G = g] − E[Y_t − Y_b | never treated] with base period b = g − gap
    (Callaway & Sant'Anna 2021, J Econometrics 225:200, without covariates; gap is 1
    plus the periods of anticipation). A unit counts in a cell if both periods are observed.

    Parameters
    ----------
    y : numpy.ndarray of float64, shape (units, periods)
        Outcome; NaN where not observed.
    first : numpy.ndarray of int64, shape (units,)
        First treated period, from 0; ``NEVER`` for the never treated.
    codes : numpy.ndarray of int64, shape (units,)
        Cluster of each unit: 0, 1, ….
    gap : int
        Periods between the base and the start, at least 1.

    Returns
    -------
    Cells
        All cells but the base itself that have units in both arms; groups without a base are
        left out.

    Examples
    --------
    >>> y = np.array([[5.0, 3.0], [6.0, 5.0], [5.0, 5.0], [4.0, 3.0]])
    >>> cells = group_time_cells(y, np.array([1, 1, NEVER, NEVER]), np.arange(4))
    >>> cells.estimates.tolist()
    [-1.0]
    """
    n_clusters, periods = int(codes.max()) + 1, y.shape[1]
    never = first == NEVER
    found: list[tuple[int, int]] = []
    counts: list[Floats] = []
    sums: list[Floats] = []
    for g in np.unique(first[~never]):
        base = int(g) - gap
        if base < 0 or g >= periods:
            continue
        change = y - y[:, base : base + 1]
        seen = np.isfinite(change)
        for t in range(periods):
            arms = [(first == g) & seen[:, t], never & seen[:, t]]
            if t == base or not all(arm.any() for arm in arms):
                continue
            found.append((int(g), t))
            for arm in arms:
                counts.append(np.bincount(codes[arm], minlength=n_clusters).astype(np.float64))
                total = np.bincount(codes[arm], weights=change[arm, t], minlength=n_clusters)
                sums.append(np.asarray(total, dtype=np.float64))
    where = np.array(found, dtype=np.int64).reshape(-1, 2)
    shape = (n_clusters, 0)
    return Cells(
        group=where[:, 0],
        time=where[:, 1],
        counts=np.column_stack(counts) if counts else np.zeros(shape),
        sums=np.column_stack(sums) if sums else np.zeros(shape),
    )


def contrast_arms(counts: Floats, sums: Floats, c: Floats) -> ArmContrast:
    """Return a weighted sum of arm means with its CR2 error and Satterthwaite degrees of freedom.

    The formulas are those of `absence_risk.stats.cluster_mean.arm_contrast`.

    Parameters
    ----------
    counts, sums : numpy.ndarray of float64, shape (clusters, arms)
        Units and sums of changes by cluster and arm.
    c : numpy.ndarray of float64, shape (arms,)
        Weight of each arm's mean.

    Returns
    -------
    ArmContrast
        Estimate, standard error, degrees of freedom.

    Examples
    --------
    >>> counts, sums = np.ones((4, 1)), np.array([[1.0], [2.0], [3.0], [6.0]])
    >>> found = contrast_arms(counts, sums, np.ones(1))
    >>> found.estimate, round(found.std_error, 6), round(found.df, 6)
    (3.0, 1.080123, 3.0)
    """
    found = arm_contrast(counts, sums, c)
    estimate = float(found.estimate)
    if np.isnan(found.df):
        return ArmContrast(estimate=estimate, std_error=None, df=None)
    return ArmContrast(
        estimate=estimate, std_error=float(np.sqrt(found.variance)), df=float(found.df)
    )
