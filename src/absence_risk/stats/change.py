"""Observed mean of some cases beside the mean expected from a regression on a registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.cr2 import fit_cr2_outcomes

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Expectation",
    "Sample",
    "expected_beside_observed",
    "expected_outcomes",
    "mean_by_cluster",
]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """Regressors, outcome and cluster of cases or of registry rows.

    Parameters
    ----------
    X : numpy.ndarray of float, shape (n, k)
        Regressors, known before the programme, with the intercept or group intercepts.
    y : numpy.ndarray of float, shape (n,) or (n, m)
        Outcome, for example change of absence; or m of them.
    codes : numpy.ndarray of int, shape (n,)
        Cluster, numbered jointly for cases and registry.
    """

    X: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Expectation:
    """Observed mean, expected mean and the difference, with what their intervals need.

    Parameters
    ----------
    means : numpy.ndarray of float, shape (3,)
        Observed mean of the cases, expected mean, observed minus expected; NaN where not known.
    std_errors : numpy.ndarray of float, shape (3,)
        Their standard errors; NaN where a value is taken as known.
    df : numpy.ndarray of float, shape (3,)
        Their degrees of freedom.
    """

    means: npt.NDArray[np.float64]
    std_errors: npt.NDArray[np.float64]
    df: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls,
        observed: tuple[float, float, float],
        expected: tuple[float, float, float],
        beyond: tuple[float, float, float],
    ) -> Expectation:
        """Put three estimates together.

        Parameters
        ----------
        observed, expected, beyond : (float, float, float)
            Estimate, standard error and degrees of freedom of each.

        Returns
        -------
        Expectation
            The three.
        """
        rows = np.array([observed, expected, beyond])
        return cls(means=rows[:, 0], std_errors=rows[:, 1], df=rows[:, 2])


def mean_by_cluster(
    values: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]
) -> tuple[float, float, float]:
    """Return a mean with its CR2 standard error and Satterthwaite degrees of freedom.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        One value per pupil.
    codes : numpy.ndarray of int, shape (n,)
        Clusters, at least two; one per pupil gives the usual standard error of a mean.

    Returns
    -------
    tuple of three float
        Mean, standard error, degrees of freedom.

    Raises
    ------
    DesignError
        If there is one cluster.

    Examples
    --------
    >>> mean, error, df = mean_by_cluster(np.array([1.0, 2.0, 6.0]), np.arange(3))
    >>> round(mean, 3), round(error, 3), round(df, 3)
    (3.0, 1.528, 2.0)
    """
    found = fit_cr2_outcomes(np.ones((len(values), 1)), values[:, None], codes).contrast([1.0])
    return float(found[0][0]), float(found[1][0]), found[2]


def expected_beside_observed(cases: Sample, registry: Sample) -> Expectation:
    """Compare the mean of the cases with what the registry lets one expect of them.

    With b the least-squares fit of y on x in the registry and z the mean regressor row of the
    cases, the expected mean is z'b and the estimate beyond it is mean(y) - z'b. Its variance holds
    the scatter of y - x'b among the cases, the error of b, and what cases and registry of a
    cluster share: it is the CR2 variance, with Satterthwaite degrees of freedom, of the contrast
    (-z, 1) in the regression of the registry's y on x together with the cases' y - (x - z)'b on
    a single intercept of their own.

    Parameters
    ----------
    cases : Sample
        Rows whose mean is explained.
    registry : Sample
        Rows on which the expectation is estimated; same columns, linearly independent there,
        clusters numbered jointly.

    Returns
    -------
    Expectation
        Three values, standard errors, degrees of freedom.

    Raises
    ------
    DesignError
        If all cases lie in one cluster, or the registry cannot carry the regressors.

    Notes
    -----
    Registry regression on untreated pupils; CR2 by Bell & McCaffrey (2002, Survey Methodology
    28:169) and Pustejovsky & Tipton (2018, JBES 36:672). The delete-one-cluster jackknife (CR3) of
    the same estimate with G - 1 degrees of freedom finds a change that is not there in up to 7 %
    of studies where clusters differ in how their cases fare, CR2 in at most 6 %.

    Examples
    --------
    >>> one = np.ones((4, 1))
    >>> cases = Sample(X=one, y=np.array([0.0, 1.0, 2.0, 3.0]), codes=np.arange(4))
    >>> registry = Sample(X=one, y=np.array([1.0, 1.0, 3.0, 3.0]), codes=np.arange(4))
    >>> expected_beside_observed(cases, registry).means.round(12).tolist()
    [1.5, 2.0, -0.5]
    """
    return expected_outcomes(cases, registry)[0]


def expected_outcomes(cases: Sample, registry: Sample) -> tuple[Expectation, ...]:
    """Do for several outcomes what `expected_beside_observed` does for one.

    Regressors and clusters are the same for all outcomes, and so are the adjustment of CR2 and
    its degrees of freedom: they are worked out once.

    Parameters
    ----------
    cases, registry : Sample
        Rows with m outcomes each.

    Returns
    -------
    tuple of Expectation
        One for each outcome.

    Raises
    ------
    DesignError
        If all cases lie in one cluster, or the registry cannot carry the regressors.

    Examples
    --------
    >>> one, y = np.ones((4, 1)), np.array([0.0, 1.0, 2.0, 3.0])
    >>> cases = Sample(X=one, y=np.column_stack([y, -y]), codes=np.arange(4))
    >>> registry = Sample(X=one, y=np.array([1.0, 1.0, 3.0, 3.0]), codes=np.arange(4))
    >>> [found.means.round(12).tolist() for found in expected_outcomes(cases, registry)]
    [[1.5, 2.0, -0.5], [-1.5, 2.0, -3.5]]
    """
    n, k = cases.X.shape
    own = cases.y.reshape(n, -1)
    others = registry.y.reshape(len(registry.X), -1)
    z = cases.X.mean(axis=0)
    b = np.linalg.lstsq(registry.X, others, rcond=None)[0]
    X = np.zeros((n + len(others), k + 1))
    X[:n, k] = 1.0
    X[n:, :k] = registry.X
    Y = np.concatenate(
        [own - (cases.X - z) @ b, np.broadcast_to(others, (len(others), own.shape[1]))]
    )
    fit = fit_cr2_outcomes(X, Y, np.concatenate([cases.codes, registry.codes]))
    observed = fit_cr2_outcomes(np.ones((n, 1)), own, cases.codes).contrast([1.0])
    three = (observed, fit.contrast([*z, 0.0]), fit.contrast([*-z, 1.0]))
    return tuple(
        Expectation(
            means=np.array([estimates[j] for estimates, _, _ in three]),
            std_errors=np.array([errors[j] for _, errors, _ in three]),
            df=np.array([df for _, _, df in three]),
        )
        for j in range(own.shape[1])
    )
