"""Kink and step regression in the manner of scikit-learn, without importing it.

The classes follow its contract (``fit`` returns self, learned attributes end in an underscore,
``get_params`` and ``set_params`` see the constructor's arguments), so that they work inside its
pipelines, searches and cross-validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.stats.kink import kink_search
from absence_risk.stats.kink_bootstrap import kink_draws
from absence_risk.stats.step import hansen_quantile, step_search
from absence_risk.thresholds.break_estimator import BreakEstimator, cluster_rows, rows
from absence_risk.thresholds.family_kink import fit_family_kink
from absence_risk.thresholds.sample import FAMILIES
from absence_risk.thresholds.working import check_family, from_link

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.kink import KinkSearch
    from absence_risk.thresholds.sample import Family

    Floats = npt.NDArray[np.float64]

__all__ = ["KinkRegression", "StepRegression"]


class KinkRegression(BreakEstimator):
    """A line in the first column of X that bends once, at an unknown place.

    Exact and global least squares in O(n p²); see :mod:`absence_risk.stats.kink`. The set of
    places comes from the likelihood ratio, with an F quantile or a wild bootstrap (Hansen 2017,
    JBES 35:228). For events and counts the line is that of the log odds or log means, and place
    and set come from the exact profile of the deviance (:mod:`absence_risk.stats.kink_glm`).

    Parameters
    ----------
    conf_level : float
        Confidence level of the set, in (0, 1).
    trim : float
        Least share of rows on each side of the kink, in [0, 0.5).
    critical : {"bootstrap", "f"}
        Where the critical value of the set comes from. The F quantile is quicker and covers too
        rarely in small samples.
    family : {"gaussian", "binomial", "poisson"}
        Distribution of the outcome, with identity, logit or log link.
    replicates : int
        Draws of the bootstrap, at least 19.
    random_state : int
        Seed.

    Attributes
    ----------
    location_ : float
        Place of the kink.
    location_set_ : numpy.ndarray, shape (parts, 2)
        Confidence set; it may have gaps or reach the ends of the search.
    limits_ : tuple of float
        Where the kink was searched.
    intercept_ : float
        Mean at 0, on the scale of the link.
    coef_ : numpy.ndarray, shape (2 + p,)
        Slope below the kink, slope change, covariates; on the scale of the link.
    resid_variance_ : float
        Residual variance; for events and counts Pearson's χ² over its degrees of freedom.
    n_features_in_ : int
        Columns of X.

    Notes
    -----
    Share of 120 simulated sets that held the true kink (slope change 8 per unit at 15 %; nominal
    95 %, Monte-Carlo error 2 to 4 points), bootstrap and F quantile: events, 1,500 rows, 95 and
    87 %; counts, 1,500 rows, 90 and 89 %; counts of variance mean + mean², 5,000 rows, 89 and 79 %.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((500, 1))
    >>> y = 5 * np.maximum(X[:, 0] - 0.6, 0) + 0.1 * rng.normal(size=500)
    >>> model = KinkRegression().fit(X, y)
    >>> round(model.location_, 1), float(model.predict([[1.0]])[0].round())
    (0.6, 2.0)
    """

    def __init__(
        self,
        *,
        conf_level: float = 0.95,
        trim: float = 0.01,
        critical: str = "bootstrap",
        replicates: int = 399,
        random_state: int = 0,
        family: Family = "gaussian",
    ) -> None:
        self.conf_level = conf_level
        self.trim = trim
        self.critical = critical
        self.replicates = replicates
        self.random_state = random_state
        self.family = family

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        clusters: npt.ArrayLike | None = None,
    ) -> Self:
        """Find the kink and its set.

        Parameters
        ----------
        X : array-like of float, shape (n, 1 + p)
            Exposure first, then covariates.
        y : array-like of float, shape (n,)
            Outcome.
        sample_weight : array-like of float, shape (n,), or None
            Weights, not negative; rows without weight are left out.
        clusters : array-like, shape (n,), or None
            Labels of rows that share their sign in the bootstrap.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument is out of range or X or y have missing values.
        DesignError
            If the exposure leaves no place for a kink, there is one cluster only, or the outcome
            has values that its distribution does not have.
        EstimationError
            If a logistic or Poisson regression has no finite solution.
        """
        check.probability(self.conf_level, "conf_level")
        check.choice(self.family, FAMILIES, "family")
        check.choice(self.critical, ("bootstrap", "f"), "critical")
        if check.positive_int(self.replicates, "replicates") < 19:
            raise ValueError(f"replicates must be at least 19, got {self.replicates}.")
        matrix, outcome, weight, kept = rows(X, y, sample_weight)
        codes = cluster_rows(clusters, kept)
        extra = matrix[:, 1:] if matrix.shape[1] > 1 else None
        try:
            search = kink_search(matrix[:, 0], extra, weights=weight, trim=self.trim)
        except ValueError as error:
            raise DesignError(str(error)) from error
        self.limits_ = search.limits
        if self.family != "gaussian":
            return self._fit_family(matrix, outcome, weight, search, codes)
        self.location_ = float(search.fit(outcome).location[0])
        self._solve(matrix, outcome, weight)
        if search.df_resid < 1:  # As many coefficients as rows: the data rule out no place.
            self.location_set_ = np.array([search.limits])
            return self
        critical = search.critical_value(self.conf_level)
        if self.critical == "bootstrap":
            critical = kink_draws(
                matrix[:, 0],
                outcome,
                extra,
                location=self.location_,
                limits=search.limits,
                weights=weight,
                clusters=codes,
                replicates=self.replicates,
                rng=np.random.default_rng(check.seed(self.random_state)),
            ).critical_value(self.conf_level)
        self.location_set_ = search.confidence_set(outcome, critical)
        return self

    def _fit_family(
        self,
        matrix: Floats,
        y: Floats,
        weight: Floats | None,
        search: KinkSearch,
        clusters: npt.NDArray[np.int64] | None,
    ) -> Self:
        """Fit events or counts."""
        check_family(y, "y", self.family)
        if search.df_resid < 1:
            raise DesignError(
                f"{len(y)} rows are too few for a kink and {matrix.shape[1] - 1} covariates. Use "
                "fewer covariates."
            )
        found = fit_family_kink(
            matrix,
            y,
            weight,
            search,
            family="binomial" if self.family == "binomial" else "poisson",
            conf_level=self.conf_level,
            replicates=self.replicates if self.critical == "bootstrap" else None,
            clusters=clusters,
            random_state=check.seed(self.random_state),
        )
        self.location_, self.location_set_ = found.location, found.parts
        self.intercept_, self.coef_ = float(found.coef[0]), found.coef[1:]
        self.n_features_in_, self.resid_variance_ = matrix.shape[1], found.dispersion
        return self

    def _terms(self, x: Floats) -> Floats:
        return np.maximum(x - self.location_, 0.0)

    def _mean(self, on_link: Floats) -> Floats:
        return from_link(on_link, self.family)


class StepRegression(BreakEstimator):
    """A line in the first column of X that jumps once, at an unknown place.

    Exact and global least squares; see :mod:`absence_risk.stats.step`. The set of places is that
    of Hansen (2000, Econometrica 68:575), for errors of one variance.

    Parameters
    ----------
    conf_level : float
        Confidence level of the set, in (0, 1).
    trim : float
        Least share of rows on each side of the step, in [0, 0.5).
    slope_change : bool
        Whether the slope may change at the step as well.

    Attributes
    ----------
    location_ : float
        Place of the step: the middle of the gap between two values of the exposure.
    location_set_ : numpy.ndarray, shape (parts, 2)
        Confidence set; it may have gaps or reach the ends of the search.
    limits_ : tuple of float
        Where the step was searched.
    intercept_ : float
        Mean at 0.
    coef_ : numpy.ndarray, shape (2 + p,) or (3 + p,)
        Slope, jump, slope change if there is one, covariates.
    resid_variance_ : float
        Residual variance.
    n_features_in_ : int
        Columns of X.

    Examples
    --------
    >>> X = np.arange(20.0)[:, None]
    >>> model = StepRegression().fit(X, np.where(X[:, 0] > 8, 3.0, 0.0))
    >>> model.location_, round(float(model.coef_[1]), 6)
    (8.5, 3.0)
    """

    def __init__(
        self, *, conf_level: float = 0.95, trim: float = 0.01, slope_change: bool = False
    ) -> None:
        self.conf_level = conf_level
        self.trim = trim
        self.slope_change = slope_change

    def fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Find the step and its set.

        Parameters
        ----------
        X : array-like of float, shape (n, 1 + p)
            Exposure first, then covariates.
        y : array-like of float, shape (n,)
            Outcome.
        sample_weight : array-like of float, shape (n,), or None
            Weights, not negative; rows without weight are left out.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If an argument is out of range or X or y have missing values.
        DesignError
            If the exposure leaves no place for a step.
        """
        check.probability(self.conf_level, "conf_level")
        matrix, outcome, weight, _ = rows(X, y, sample_weight)
        extra = matrix[:, 1:] if matrix.shape[1] > 1 else None
        try:
            search = step_search(
                matrix[:, 0], extra, weights=weight, trim=self.trim, kink=self.slope_change
            )
        except ValueError as error:
            raise DesignError(str(error)) from error
        self.location_ = search.fit(outcome).location
        self.limits_ = search.limits
        self.location_set_ = search.confidence_set(outcome, hansen_quantile(self.conf_level))
        self._solve(matrix, outcome, weight)
        return self

    def _terms(self, x: Floats) -> Floats:
        jump = (x > self.location_).astype(np.float64)
        if not self.slope_change:
            return jump
        return np.column_stack([jump, np.maximum(x - self.location_, 0.0)])
