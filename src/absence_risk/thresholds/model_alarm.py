"""A probability model with a calibrated threshold, as a scikit-learn classifier.

Needs scikit-learn (the extra ``models``); importing this module loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import GroupKFold, check_cv, cross_val_predict
from sklearn.utils import get_tags
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, indexable

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.thresholds.alarm_curves import decision_curve
from absence_risk.thresholds.alarm_sample import AlarmSample, Rule, cluster_codes
from absence_risk.thresholds.calibrated import calibrate_sample
from absence_risk.thresholds.calibration_tables import chosen, threshold_metrics_table
from absence_risk.thresholds.goal import parse_goal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from absence_risk.thresholds.goal import Goal

    Floats = npt.NDArray[np.float64]

__all__ = ["CalibratedAlarm"]

_CUTS = 200
_TIMELESS = (
    "lead_time needs the times of alarms, and a model's predictions have none. Use another "
    "objective or constraint, or calibrate_threshold on a panel or a cube."
)
_NO_MODEL = "estimator must have fit and predict_proba, got {name}. Wrap it in a calibrator first."
_ONE_CLASS = "y has 1 class only ({value}), so no threshold can be judged by it."
_TWO_CLASSES = (
    "Only binary classification is supported: y must have two values. Unknown label type: {kind}"
)


class CalibratedAlarm(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Alarm where a model's risk reaches the threshold that serves best, and say how sure that is.

    The threshold is chosen as :func:`calibrate_threshold` chooses one, by the same objectives and
    constraints, but on the risks that the model predicts for rows it was not fitted on. The choice
    is made again in bootstrap samples of rows or groups; the model is not fitted again in them.

    Parameters
    ----------
    estimator : object
        Classifier of scikit-learn with ``predict_proba``.
    objective : str
        "net_benefit(w)", "limited_net_benefit(w, k)", "cost(miss, false_alarm)" or "youden"; w is
        the harm of a false alarm in units of the benefit of a true one.
    constraint : str or sequence of str
        "capacity(k)" rows alarmed a month, "min_sens(share)", "min_ppv(share)".
    cv : int or cross-validation splitter
        Folds for the out-of-fold risks; a number means stratified folds, or folds of whole groups.
    thresholds : sequence of float or None
        Candidate risks in (0, 1); 200 quantiles of the out-of-fold risks by default.
    months : int
        Months over which the rows are spread, for alarms a month.
    replicates : int
        Number of bootstrap samples.
    conf_level : float
        Confidence level in (0, 1).
    random_state : int
        Seed of the bootstrap.

    Attributes
    ----------
    estimator_ : object
        The model, fitted to all rows.
    threshold_ : float
        Risk from which a row is alarmed.
    threshold_interval_ : tuple of float
        Bootstrap percentile interval of the threshold; a guide, see :func:`calibrate_threshold`.
    operating_table_ : pandas.DataFrame
        Every figure at every threshold with its interval, on out-of-fold risks.
    chosen_table_ : pandas.DataFrame
        The figures at the threshold, and what is lost when it is judged honestly.
    decision_table_ : pandas.DataFrame
        Net benefit under other weights of a false alarm.
    adjusted_p_ : float
        p of the best cut, adjusted for the search; rows are taken as independent.
    classes_ : numpy.ndarray, shape (2,)
        Values of y; the second is the event.
    n_features_in_ : int
        Columns of X.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.beta(1.2, 8, (600, 1))
    >>> y = rng.random(600) < 1 / (1 + np.exp(3 - 15 * X[:, 0]))
    >>> alarm = CalibratedAlarm(LogisticRegression(C=100), objective="net_benefit(0.25)")
    >>> alarm = alarm.fit(X, y)
    >>> low, high = alarm.threshold_interval_
    >>> low <= alarm.threshold_ <= high
    True
    >>> alarm.predict([[0.05], [0.40]]).tolist()
    [False, True]
    """

    def __init__(
        self,
        estimator: Any,
        *,
        objective: str = "youden",
        constraint: str | Sequence[str] = (),
        cv: Any = 5,
        thresholds: Sequence[float] | None = None,
        months: int = 1,
        replicates: int = 1000,
        conf_level: float = 0.95,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.objective = objective
        self.constraint = constraint
        self.cv = cv
        self.thresholds = thresholds
        self.months = months
        self.replicates = replicates
        self.conf_level = conf_level
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's description: binary, and what the model inside can take."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        inner = get_tags(self.estimator).input_tags
        tags.input_tags.sparse, tags.input_tags.allow_nan = inner.sparse, inner.allow_nan
        return tags

    def fit(self, X: Any, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Fit the model and calibrate its threshold.

        Parameters
        ----------
        X : array-like, shape (n, p)
            What the model takes.
        y : array-like, shape (n,)
            Two values; the second in order is the event.
        groups : array-like, shape (n,), or None
            Pupil or school of each row: kept together in folds and drawn as a whole in bootstrap
            samples.

        Returns
        -------
        self
            The fitted classifier.

        Raises
        ------
        TypeError
            If the model has no ``predict_proba``.
        ValueError
            If an argument is malformed or y has not two values.
        DesignError
            If no threshold meets the constraints (the nearest is named), or there is one group.
        """
        check.probability(self.conf_level, "conf_level")
        replicates = check.positive_int(self.replicates, "replicates")
        goal = parse_goal(self.objective, self.constraint)
        if "lead_time" in {goal.objective, *(limit.kind for limit in goal.limits)}:
            raise ValueError(_TIMELESS)
        if not (hasattr(self.estimator, "fit") and hasattr(self.estimator, "predict_proba")):
            raise TypeError(_NO_MODEL.format(name=type(self.estimator).__name__))
        X, y, groups = indexable(X, y, groups)
        y = column_or_1d(y, warn=True)
        event = _events(y)
        risk = self._out_of_fold(X, y, groups)
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = np.asarray(self.estimator_.classes_)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        sample = _sample(risk, event, groups, check.positive_int(self.months, "months"))
        self._calibrate(sample, goal, replicates)
        return self

    def _out_of_fold(self, X: Any, y: Any, groups: Any) -> Floats:
        folds = self.cv
        if groups is not None and isinstance(folds, int):
            folds = GroupKFold(folds)
        risks = cross_val_predict(
            clone(self.estimator),
            X,
            y,
            cv=check_cv(folds, y, classifier=True),
            groups=groups,
            method="predict_proba",
        )
        return np.asarray(risks, dtype=np.float64)[:, 1]

    def _calibrate(self, sample: AlarmSample, goal: Goal, replicates: int) -> None:
        grouped = "group" in sample.about.columns
        unit = cluster_codes(sample, "group" if grouped else None)
        grid = _grid(self.thresholds, sample.rules[0].share)
        found = calibrate_sample(
            sample,
            goal,
            grid,
            unit=unit,
            unit_words="groups as wholes" if grouped else "rows",
            compare=(float(grid[0]), float(grid[-1])),
            replicates=replicates,
            rng=np.random.default_rng(check.seed(self.random_state)),
            conf_level=self.conf_level,
        )
        made = found.resampled.made
        low, high = found.interval(grid[found.resampled.at[made]])  # noqa: PD008 (an array)
        self.threshold_ = found.threshold
        self.threshold_interval_ = (
            np.nan if low is None else low,
            np.nan if high is None else high,
        )
        self.operating_table_ = threshold_metrics_table(found).tidy()
        self.chosen_table_ = chosen(found).tidy()
        self.decision_table_ = decision_curve(found).tidy()
        self.adjusted_p_ = found.cut.adjusted_p

    def predict_proba(self, X: Any) -> Floats:
        """Return the model's probabilities.

        Parameters
        ----------
        X : array-like, shape (n, p)
            Rows.

        Returns
        -------
        numpy.ndarray of float64, shape (n, 2)
            Probability of no event and of the event.
        """
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return which rows are alarmed.

        Parameters
        ----------
        X : array-like, shape (n, p)
            Rows.

        Returns
        -------
        numpy.ndarray, shape (n,)
            The second of ``classes_`` where the risk reaches the threshold, else the first.
        """
        reached = self.predict_proba(X)[:, 1] >= self.threshold_
        return np.asarray(self.classes_[reached.astype(np.intp)])


def _events(y: Any) -> npt.NDArray[np.bool_]:
    """Return which rows hold the second of two values."""
    if len(y) == 0:
        raise ValueError("y has 0 sample(s), and a threshold needs many.")
    kind = type_of_target(y, input_name="y")
    if kind != "binary":
        raise ValueError(_TWO_CLASSES.format(kind=kind))
    values = np.unique(y)
    if len(values) < 2:
        raise DesignError(_ONE_CLASS.format(value=values[0]))
    return np.asarray(y == values[1])


def _sample(risk: Floats, event: npt.NDArray[np.bool_], groups: Any, months: int) -> AlarmSample:
    """Put predicted risks where shares of absence stand: one window, which all rows have."""
    share = risk[:, None]
    rule = Rule(
        window="prediction",
        numerator="risk",
        consecutive=1,
        share=share,
        months=share,
        lead=np.zeros(1),
        label="predicted risk",
    )
    return AlarmSample(
        event=event,
        rules=(rule,),
        about=pd.DataFrame({} if groups is None else {"group": np.asarray(groups)}),
        n_months=months,
        time_unit="",
        event_words="the event",
        definition="risks predicted for rows that the model was not fitted on",
        flow=(),
        measure="predicted risk",
    )


def _grid(thresholds: Sequence[float] | None, share: Floats) -> Floats:
    if thresholds is None:
        cuts = np.quantile(share, np.linspace(0, 1, _CUTS), method="higher")
        return np.unique(cuts[cuts > 0])
    for at in thresholds:
        check.probability(at, "thresholds")
    grid = np.unique(np.asarray(thresholds, dtype=np.float64))
    if len(grid) == 0:
        raise ValueError("thresholds must name at least one risk.")
    return grid
