"""The rows of a dose-response question as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk.stats.sandwich import cluster_sums

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.result import FlowStep

__all__ = ["FAMILIES", "Family", "Sample"]

Family = Literal["gaussian", "binomial", "poisson"]
FAMILIES: tuple[Family, ...] = ("gaussian", "binomial", "poisson")


@dataclass(frozen=True, eq=False)
class Sample:
    """Complete rows.

    Parameters
    ----------
    y, x : numpy.ndarray of float64, shape (n,)
        Outcome in its own unit; exposure as a share in [0, 1].
    adjust : numpy.ndarray of float64, shape (n, q)
        Orthonormal columns that span the centred covariates.
    codes : numpy.ndarray of int64, shape (n,)
        Cluster of each row.
    flow : tuple of FlowStep
        Rows at each step.
    binary : bool
        Whether the outcome has two values.
    family : {"gaussian", "binomial", "poisson"}
        Distribution of the outcome. For the last two ``y`` is the outcome made linear at a smooth
        fit, on the scale of the link, and ``weights`` its precision.
    weights : numpy.ndarray of float64, shape (n,), or None
        Weights of the rows; None where all are 1.
    groups : numpy.ndarray of int64, shape (n,), or None
        Pupil of each row where pupils have levels of their own.
    observed : numpy.ndarray of float64, shape (n,), or None
        The outcome as recorded where ``y`` was made linear.
    parts : numpy.ndarray of float64, shape (n, 2), or None
        Shares of valid and invalid absence.
    """

    y: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    adjust: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]
    flow: tuple[FlowStep, ...]
    binary: bool
    family: Family = "gaussian"
    weights: npt.NDArray[np.float64] | None = None
    groups: npt.NDArray[np.int64] | None = None
    observed: npt.NDArray[np.float64] | None = None
    parts: npt.NDArray[np.float64] | None = None

    @cached_property
    def root(self) -> npt.NDArray[np.float64] | None:
        """Root weights."""
        return None if self.weights is None else np.sqrt(self.weights)

    @property
    def n_absorbed(self) -> int:
        """Levels of pupils beside the intercept."""
        return 0 if self.groups is None else int(self.groups.max())

    def within(self, columns: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return columns without the levels of pupils, but with the mean over all rows.

        Parameters
        ----------
        columns : array-like, shape (n, k)
            Columns; they come back as they are where pupils have no levels of their own.

        Returns
        -------
        numpy.ndarray of float64, shape (n, k)
            Columns.
        """
        values = np.asarray(columns, dtype=np.float64)
        if self.groups is None or values.shape[1] == 0:
            return values
        sums = cluster_sums(values, self.groups, self.n_absorbed + 1)
        means = sums / np.bincount(self.groups)[:, None]
        return np.asarray(values - means[self.groups] + values.mean(axis=0))

    def take(self, rows: npt.NDArray[np.int64]) -> Sample:
        """Return some of the rows.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (m,)
            Which rows; with levels of pupils, all or none of a pupil.

        Returns
        -------
        Sample
            The rows, with clusters and pupils numbered anew.
        """
        groups = self.groups
        if groups is not None:
            groups = np.unique(groups[rows], return_inverse=True)[1]
        return replace(
            self,
            y=self.y[rows],
            x=self.x[rows],
            adjust=self.adjust[rows],
            codes=np.unique(self.codes[rows], return_inverse=True)[1],
            weights=None if self.weights is None else self.weights[rows],
            groups=groups,
            observed=None if self.observed is None else self.observed[rows],
            parts=None if self.parts is None else self.parts[rows],
        )

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.codes.max()) + 1
