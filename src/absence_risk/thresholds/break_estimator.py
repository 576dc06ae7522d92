"""What kink and step regression share: scikit-learn's contract, without importing it."""

from __future__ import annotations

import inspect
import sys
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["BreakEstimator", "cluster_rows", "rows"]

_NOT_FITTED = "This {name} is not fitted yet: call fit(X, y) first."
_COLUMN = "A column-vector y was passed when a 1d array was expected: pass y.ravel()."
_FEATURES = (
    "X has {got} features, but {name} is expecting {fitted} features as input: pass the columns of "
    "fit."
)


class BreakEstimator(ABC):
    """A line in the first column of X with a break: parameters, prediction, score."""

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
            raise _known_to_scikit_learn("NotFittedError", ValueError)(
                _NOT_FITTED.format(name=type(self).__name__)
            )
        matrix = _matrix(X)
        fitted: int = self.n_features_in_
        if matrix.shape[1] != fitted:
            name = type(self).__name__
            raise ValueError(_FEATURES.format(got=matrix.shape[1], name=name, fitted=fitted))
        design = np.column_stack([matrix[:, 0], self._terms(matrix[:, 0]), matrix[:, 1:]])
        return self._mean(np.asarray(self.intercept_ + design @ self.coef_))

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

    def _mean(self, on_link: Floats) -> Floats:
        """Return means from the scale of the link; the identity unless there is a family."""
        return on_link

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


def _known_to_scikit_learn(name: str, otherwise: type[Any]) -> type[Any]:
    """Return scikit-learn's class of this name where it is loaded: its tools look for it."""
    return getattr(sys.modules.get("sklearn.exceptions"), name, otherwise)


def _matrix(X: npt.ArrayLike) -> Floats:
    if hasattr(X, "toarray"):
        raise TypeError("Sparse data are not supported: pass X.toarray().")
    values = np.asarray(X)
    if values.dtype.kind == "c":
        raise ValueError("Complex data not supported: X must hold real numbers.")
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2:
        raise ValueError(
            f"X must have two dimensions, got {matrix.ndim}. Reshape your data: for one exposure "
            "pass X[:, None]."
        )
    for size, what in zip(matrix.shape, ("sample(s)", "feature(s)"), strict=True):
        if size == 0:
            raise ValueError(
                f"Found array with 0 {what} (shape={matrix.shape}) while a minimum of 1 is "
                "required."
            )
    if not np.isfinite(matrix).all():
        raise ValueError("X has missing (NaN) or infinite (inf) values: leave these rows out.")
    return matrix


def rows(
    X: npt.ArrayLike, y: npt.ArrayLike, weight: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats | None, npt.NDArray[np.bool_]]:
    """Check what a regression is fitted on and drop rows without weight.

    Parameters
    ----------
    X : array-like of float, shape (n, 1 + p)
        Exposure first, then covariates.
    y : array-like of float, shape (n,)
        Outcome.
    weight : array-like of float, shape (n,), or None
        Weights, not negative.

    Returns
    -------
    matrix : numpy.ndarray of float64, shape (m, 1 + p)
        Rows with weight.
    outcome : numpy.ndarray of float64, shape (m,)
        Outcome.
    weight : numpy.ndarray of float64, shape (m,), or None
        Weights above 0.
    kept : numpy.ndarray of bool, shape (n,)
        Which rows these are.

    Raises
    ------
    ValueError
        If shapes do not agree, values are missing, or weights are negative or all zero.
    """
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None.")
    matrix, outcome = _matrix(X), np.asarray(y, dtype=np.float64)
    if outcome.ndim == 2 and outcome.shape[1] == 1:
        category = _known_to_scikit_learn("DataConversionWarning", UserWarning)
        warnings.warn(_COLUMN, category, stacklevel=3)
    outcome = outcome.reshape(-1)
    if len(outcome) != len(matrix):
        raise ValueError(f"X has {len(matrix)} rows and y {len(outcome)}: they must agree.")
    if len(matrix) == 1:
        raise ValueError("X has 1 sample, and a break needs many.")
    if not np.isfinite(outcome).all():
        raise ValueError("y has missing (NaN) or infinite (inf) values: leave these rows out.")
    if weight is None:
        return matrix, outcome, None, np.ones(len(matrix), dtype=bool)
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape != outcome.shape:
        raise ValueError(f"sample_weight must have shape {outcome.shape}, got {weights.shape}.")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("sample_weight must be finite and not negative.")
    kept = weights > 0
    if not kept.any():
        raise ValueError("sample_weight is zero in every row, so no row has weight.")
    return matrix[kept], outcome[kept], weights[kept], kept


def cluster_rows(
    clusters: npt.ArrayLike | None, kept: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64] | None:
    """Return the clusters of the rows with weight as codes.

    Parameters
    ----------
    clusters : array-like, shape (n,), or None
        Labels.
    kept : numpy.ndarray of bool, shape (n,)
        Rows with weight.

    Returns
    -------
    numpy.ndarray of int64, shape (m,), or None
        Codes 0 ….

    Raises
    ------
    ValueError
        If the number of labels does not agree.
    DesignError
        If there is one cluster only.
    """
    if clusters is None:
        return None
    labels = np.asarray(clusters)
    if len(labels) != len(kept):
        raise ValueError(f"clusters has {len(labels)} rows, X has {len(kept)}: they must agree.")
    names, codes = np.unique(labels[kept], return_inverse=True)
    if len(names) < 2:
        raise DesignError("clusters has one distinct value: a set needs at least 2 clusters.")
    return np.asarray(codes, dtype=np.int64)
