"""Kink and step regression in the manner of scikit-learn, without importing it.

The classes follow its contract (``fit`` returns self, learned attributes end in an underscore,
``get_params`` and ``set_params`` see the constructor's arguments), so that they work inside its
pipelines, searches and cross-validation.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.stats.kink import kink_search
from absence_risk.stats.kink_bootstrap import kink_draws
from absence_risk.stats.step import hansen_quantile, step_search

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["KinkRegression", "StepRegression"]

_NOT_FITTED = "This {name} is not fitted yet: call fit(X, y) first."


class _Break(ABC):
    """What both regressions share: parameters, checks, prediction, score."""

    _estimator_type = "regressor"

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the constructor's arguments.

        Parameters
        ----------
        deep : bool
            Ignored: nothing is nested.

        Returns
        -------
        dict
            Argument names and values.
        """
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: object) -> Self:
        """Set constructor arguments.

        Parameters
        ----------
        **params : object
            Arguments by name.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        known = self.get_params()
        for name, value in params.items():
            check.choice(name, known, "parameter")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's description of the estimator; only scikit-learn asks for it."""
        from sklearn.utils import (  # noqa: PLC0415
            InputTags,
            RegressorTags,
            Tags,
            TargetTags,
        )

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether fit has been called."""
        return hasattr(self, "coef_")

    def predict(self, X: npt.ArrayLike) -> Floats:
        """Return the mean for rows of X.

        Parameters
        ----------
        X : array-like of float, shape (n, 1 + p)
            Exposure first, then covariates.

        Returns
        -------
        numpy.ndarray of float64, shape (n,)
            Predictions.

        Raises
        ------
        ValueError
            If the estimator is not fitted or X has other columns than in fit.
        """
        if not self.__sklearn_is_fitted__():
            raise ValueError(_NOT_FITTED.format(name=type(self).__name__))
        matrix = _matrix(X)
        fitted: int = self.n_features_in_
        if matrix.shape[1] != fitted:
            raise ValueError(f"X has {matrix.shape[1]} columns, but fit saw {fitted}.")
        design = np.column_stack([matrix[:, 0], self._terms(matrix[:, 0]), matrix[:, 1:]])
        return np.asarray(self.intercept_ + design @ self.coef_)

    def score(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> float:
        """Return the share of variance explained, R².

        Parameters
        ----------
        X : array-like of float, shape (n, 1 + p)
            Exposure first, then covariates.
        y : array-like of float, shape (n,)
            Outcome.
        sample_weight : array-like of float, shape (n,), or None
            Weights.

        Returns
        -------
        float
            At most 1.
        """
        outcome = np.asarray(y, dtype=np.float64)
        weight = np.ones(len(outcome))
        if sample_weight is not None:
            weight = np.asarray(sample_weight, dtype=np.float64)
        left = weight @ (outcome - self.predict(X)) ** 2
        spread = weight @ (outcome - weight @ outcome / weight.sum()) ** 2
        return float(1 - left / spread)

    @abstractmethod
    def _terms(self, x: Floats) -> Floats:
        """Return the columns of the break at the place found, shape (n, number of terms)."""

    def _solve(self, matrix: Floats, y: Floats, weight: Floats | None) -> None:
        """Fit the coefficients at the place found, and keep what scikit-learn expects."""
        x = matrix[:, 0]
        design = np.column_stack([np.ones(len(x)), x, self._terms(x), matrix[:, 1:]])
        root = np.ones(len(x)) if weight is None else np.sqrt(weight)
        coef = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
        self.intercept_, self.coef_ = float(coef[0]), coef[1:]
        self.n_features_in_ = matrix.shape[1]
        self.resid_variance_ = float((root * (y - design @ coef)) @ (root * (y - design @ coef)))
        self.resid_variance_ /= max(len(x) - design.shape[1] - 1, 1)


class KinkRegression(_Break):
    """A line in the first column of X that bends once, at an unknown place.

    Exact and global least squares in O(n p²); see :mod:`absence_risk.stats.kink`. The set of
    places comes from the likelihood ratio, with an F quantile or a wild bootstrap (Hansen 2017,
    JBES 35:228).

    Parameters
    ----------
    conf_level : float
        Confidence level of the set, in (0, 1).
    trim : float
        Least share of rows on each side of the kink, in [0, 0.5).
    critical : {"bootstrap", "f"}
        Where the critical value of the set comes from. The F quantile is quicker and covers too
        rarely in small samples.
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
        Mean at 0.
    coef_ : numpy.ndarray, shape (2 + p,)
        Slope below the kink, slope change, covariates.
    resid_variance_ : float
        Residual variance.
    n_features_in_ : int
        Columns of X.

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
    ) -> None:
        self.conf_level = conf_level
        self.trim = trim
        self.critical = critical
        self.replicates = replicates
        self.random_state = random_state

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
            Weights above 0.
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
            If the exposure leaves no place for a kink, or there is one cluster only.
        """
        check.probability(self.conf_level, "conf_level")
        check.choice(self.critical, ("bootstrap", "f"), "critical")
        if check.positive_int(self.replicates, "replicates") < 19:
            raise ValueError(f"replicates must be at least 19, got {self.replicates}.")
        matrix, outcome, weight = _rows(X, y, sample_weight)
        codes = _codes(clusters, len(outcome))
        extra = matrix[:, 1:] if matrix.shape[1] > 1 else None
        try:
            search = kink_search(matrix[:, 0], extra, weights=weight, trim=self.trim)
        except ValueError as error:
            raise DesignError(str(error)) from error
        self.location_ = float(search.fit(outcome).location[0])
        self.limits_ = search.limits
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
        self._solve(matrix, outcome, weight)
        return self

    def _terms(self, x: Floats) -> Floats:
        return np.maximum(x - self.location_, 0.0)


class StepRegression(_Break):
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
            Weights above 0.

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
        matrix, outcome, weight = _rows(X, y, sample_weight)
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


def _matrix(X: npt.ArrayLike) -> Floats:
    matrix = np.asarray(X, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(
            f"X must have two dimensions, got {matrix.ndim}. Reshape your data: for one exposure "
            "pass X[:, None]."
        )
    if matrix.shape[0] == 0 or matrix.shape[1] == 0:
        raise ValueError(f"X has 0 rows or columns: found array with shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError("X has missing (NaN) or infinite (inf) values: leave these rows out.")
    return matrix


def _rows(
    X: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats | None]:
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None.")
    matrix, outcome = _matrix(X), np.asarray(y, dtype=np.float64).reshape(-1)
    if len(outcome) != len(matrix):
        raise ValueError(f"X has {len(matrix)} rows and y {len(outcome)}: they must agree.")
    if not np.isfinite(outcome).all():
        raise ValueError("y has missing (NaN) or infinite (inf) values: leave these rows out.")
    return matrix, outcome, None if weight is None else np.asarray(weight, dtype=np.float64)


def _codes(clusters: npt.ArrayLike | None, n: int) -> npt.NDArray[np.int64] | None:
    if clusters is None:
        return None
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if len(codes) != n:
        raise ValueError(f"clusters has {len(codes)} rows, X has {n}: they must agree.")
    if len(names) < 2:
        raise DesignError("clusters has one distinct value: a set needs at least 2 clusters.")
    return np.asarray(codes, dtype=np.int64)
