"""A least-squares fit with clusters: contrasts with degrees of freedom, joint tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, special

from absence_risk.errors import DesignError
from absence_risk.stats.cr2_adjustment import Adjusted, total_variance, trace_df

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["ClusterFit", "Contrast", "JointTest", "OutcomesFit"]

_NO_VARIANCE = (
    "The contrast rests on what single clusters alone carry, so its variance between clusters "
    "cannot be estimated. Give the level below as cluster (schools instead of municipalities), or "
    "describe without an interval."
)
_JOINT_DF = (
    "A joint test of {q} contrasts leaves {df2:.2f} denominator degrees of freedom; it needs more "
    "than 0. Test fewer contrasts, or one by one."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """An estimated contrast.

    Parameters
    ----------
    estimate : float
        Value of c'b.
    std_error : float
        CR2 standard error.
    df : float
        Satterthwaite degrees of freedom, at least 1. Below about 4 the t distribution is an
        approximation to be read with care.
    """

    estimate: float
    std_error: float
    df: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTest:
    """An approximate Hotelling T² test (HTZ) of several contrasts at once.

    Parameters
    ----------
    statistic : float
        Value that is referred to the F distribution.
    df1, df2 : float
        Degrees of freedom.
    p_value : float
        P-value.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusterFit:
    """A least-squares fit with cluster-robust covariance.

    Parameters
    ----------
    coef : numpy.ndarray of float, shape (p,)
        Coefficients.
    covariance : numpy.ndarray of float, shape (p, p)
        CR2 covariance.
    residuals : numpy.ndarray of float, shape (n,)
        Residuals in the order of the rows given; within clusters if effects were absorbed.
    n_clusters : int
        Number of clusters.
    root : numpy.ndarray of float, shape (p, p)
        Upper triangular R with RᵀR = XᵀWX.
    adjusted : Adjusted
        Sums by cluster in the basis X R^(−1).
    """

    coef: Floats
    covariance: Floats
    residuals: Floats
    n_clusters: int
    root: Floats
    adjusted: Adjusted

    def contrast(self, weights: npt.ArrayLike) -> Contrast:
        """Return a contrast with its standard error and degrees of freedom.

        Parameters
        ----------
        weights : array-like of float, shape (p,)
            Weight of each coefficient.

        Returns
        -------
        Contrast
            Estimate, standard error, degrees of freedom.

        Raises
        ------
        DesignError
            If no two clusters carry the contrast.
        ValueError
            If the number of weights is wrong or all are zero.
        """
        c = np.asarray(weights, dtype=np.float64)
        if c.shape != self.coef.shape or not c.any():
            raise ValueError(
                f"weights must hold {len(self.coef)} numbers that are not all 0, got {c.tolist()}."
            )
        direction = linalg.solve_triangular(self.root, c, trans="T")
        df = float(trace_df(self.adjusted, direction)[1])
        if np.isnan(df):
            raise DesignError(_NO_VARIANCE)
        variance = float(((self.adjusted.scores @ direction) ** 2).sum())
        return Contrast(estimate=float(c @ self.coef), std_error=variance**0.5, df=df)

    def joint(self, weights: npt.ArrayLike, null: npt.ArrayLike = 0.0) -> JointTest:
        """Test several contrasts at once.

        With Q the Wald statistic and η = m(m + 1) / Σ Var, the statistic is (η − m + 1)/(η m) · Q
        on m and η − m + 1 degrees of freedom (Pustejovsky & Tipton 2018, JBES 36:672, "AHT" there,
        "HTZ" in their software).

        Parameters
        ----------
        weights : array-like of float, shape (m, p)
            One contrast per row, linearly independent.
        null : array-like of float, shape (m,) or a number
            Values under the null hypothesis.

        Returns
        -------
        JointTest
            Statistic, degrees of freedom, p-value.

        Raises
        ------
        DesignError
            If the clusters are too few for so many contrasts.
        ValueError
            If the shape is wrong or contrasts are linearly dependent.
        """
        C = np.atleast_2d(np.asarray(weights, dtype=np.float64))
        m = len(C)
        if C.shape[1:] != self.coef.shape or np.linalg.matrix_rank(C) < m:
            raise ValueError(
                f"weights must be linearly independent rows of {len(self.coef)} numbers, got shape "
                f"{C.shape}."
            )
        directions = linalg.solve_triangular(self.root, C.T, trans="T")
        total = total_variance(self.adjusted, directions)
        if np.isnan(total):
            raise DesignError(_NO_VARIANCE)
        eta = m * (m + 1) / total
        df2 = eta - m + 1
        if df2 <= 0 or m > self.n_clusters - 1:
            raise DesignError(_JOINT_DF.format(q=m, df2=df2))
        gap = C @ self.coef - np.asarray(null, dtype=np.float64)
        sums = self.adjusted.scores @ directions
        wald = float(gap @ np.linalg.solve(sums.T @ sums, gap))
        statistic = df2 / (eta * m) * wald
        p_value = float(special.fdtrc(m, df2, statistic))
        return JointTest(statistic=statistic, df1=float(m), df2=df2, p_value=p_value)


@dataclass(frozen=True, eq=False, kw_only=True)
class OutcomesFit:
    """Least-squares fits of several outcomes on the same regressors and clusters.

    Parameters
    ----------
    coef : numpy.ndarray of float, shape (m, p)
        Coefficients of each outcome.
    root : numpy.ndarray of float, shape (p, p)
        Upper triangular R with RᵀR = XᵀX.
    adjusted : Adjusted
        Sums by cluster in the basis X R^(−1); only the scores, shape (m, G, p), know the outcomes.
    """

    coef: Floats
    root: Floats
    adjusted: Adjusted

    def contrast(self, weights: npt.ArrayLike) -> tuple[Floats, Floats, float]:
        """Return one contrast for every outcome.

        Parameters
        ----------
        weights : array-like of float, shape (p,)
            Weight of each coefficient, not all 0.

        Returns
        -------
        estimates, std_errors : numpy.ndarray of float, shape (m,)
            Values of c'b and their CR2 standard errors.
        df : float
            Satterthwaite degrees of freedom, which rest on regressors and clusters alone.

        Raises
        ------
        DesignError
            If no two clusters carry the contrast.
        """
        c = np.asarray(weights, dtype=np.float64)
        direction = linalg.solve_triangular(self.root, c, trans="T")
        df = float(trace_df(self.adjusted, direction)[1])
        if np.isnan(df):
            raise DesignError(_NO_VARIANCE)
        sums = self.adjusted.scores @ direction
        return self.coef @ c, np.sqrt((sums**2).sum(axis=-1)), df
