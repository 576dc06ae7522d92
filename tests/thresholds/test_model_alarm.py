"""A model's threshold is calibrated as an absence threshold is, on rows it was not fitted on."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from absence_risk.errors import DesignError
from absence_risk.thresholds import CalibratedAlarm, calibrate_threshold

MODEL = LogisticRegression(C=1e6)


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Risk logistic in a share of absence and a covariate."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.beta(1.2, 8, n), rng.normal(size=n)])
    risk = 1 / (1 + np.exp(3.2 - 12 * X[:, 0] - 0.5 * X[:, 1]))
    return X, (rng.random(n) < risk).astype(int)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    return world(1500, 1)


@pytest.fixture(scope="module")
def out_of_fold(rows) -> np.ndarray:
    return cross_val_predict(MODEL, *rows, cv=5, method="predict_proba")[:, 1]


@pytest.mark.parametrize(
    ("objective", "constraint"),
    [
        ("net_benefit(0.25)", ()),
        ("youden", "min_sens(0.8)"),
        ("cost(5, 1)", "capacity(200)"),
        ("limited_net_benefit(0.25, 100)", ()),
    ],
)
def test_the_choice_is_that_of_calibrate_threshold(rows, out_of_fold, objective, constraint):
    grid = np.arange(1, 60) / 100
    alarm = CalibratedAlarm(
        MODEL, objective=objective, constraint=constraint, thresholds=grid, replicates=100
    ).fit(*rows)
    frame = pd.DataFrame(
        {
            "pupil_key": np.arange(len(out_of_fold)),
            "period": 1,
            "absence_rate": out_of_fold,
            "left": rows[1],
        }
    )
    same = calibrate_threshold(
        frame,
        event="left",
        objective=objective,
        constraint=constraint,
        thresholds=grid,
        replicates=100,
    )
    row = same.tidy("chosen").iloc[0]
    assert alarm.threshold_ == row["estimate"]
    assert alarm.threshold_interval_ == (row["conf_low"], row["conf_high"])
    assert alarm.adjusted_p_ == same.beyond.p_value
    ours = alarm.operating_table_.dropna(subset="threshold")
    theirs = same.tidy("threshold_metrics").dropna(subset="threshold")
    theirs = theirs[~theirs["term"].str.startswith("mean lead")]
    pd.testing.assert_frame_equal(ours, theirs.reset_index(drop=True), check_like=True)


def test_candidates_are_quantiles_and_the_best_of_them_is_taken(rows, out_of_fold):
    alarm = CalibratedAlarm(MODEL, objective="net_benefit(0.25)", replicates=50).fit(*rows)
    cuts = np.unique(np.quantile(out_of_fold, np.linspace(0, 1, 200), method="higher"))
    y = rows[1] == 1
    worth = [
        ((out_of_fold >= t) & y).mean() - 0.25 * ((out_of_fold >= t) & ~y).mean() for t in cuts
    ]
    assert alarm.threshold_ == pytest.approx(cuts[int(np.argmax(worth))])
    assert (
        alarm.predict(rows[0]).sum()
        == (alarm.estimator_.predict_proba(rows[0])[:, 1] >= alarm.threshold_).sum()
    )


def test_intervals_hold_the_best_cut_of_a_calibrated_model():
    """Help pays from a risk of w/(1 + w) = 20 %; 30 worlds, exact binomial 99.9 % limit of 95 %."""
    hits = 0
    for seed in range(30):
        alarm = CalibratedAlarm(MODEL, objective="net_benefit(0.25)", replicates=100)
        low, high = alarm.fit(*world(800, 100 + seed)).threshold_interval_
        hits += low <= 0.20 <= high
    assert hits >= 24


def test_groups_stay_together_in_folds_and_in_samples():
    rng = np.random.default_rng(3)
    school = rng.permutation(np.repeat(np.arange(40), 25))
    event = np.where(rng.random(40) < 0.5, 0.05, 0.9)[school] > rng.random(1000)
    X = school[:, None].astype(float)
    tree = DecisionTreeClassifier(random_state=0)
    alone = CalibratedAlarm(tree, replicates=50).fit(X, event)
    together = CalibratedAlarm(tree, replicates=50).fit(X, event, groups=school)
    best = [
        a.chosen_table_.set_index("term")["estimate"]["objective as it looks"]
        for a in (alone, together)
    ]
    # A tree knows a school it has seen, and nothing of one that it has not.
    assert best[0] > 0.7
    assert best[1] < 0.3
    with pytest.raises(DesignError, match="at least 2"):
        CalibratedAlarm(
            tree,
            cv=[(np.arange(500), np.arange(500, 1000)), (np.arange(500, 1000), np.arange(500))],
        ).fit(X, event, groups=np.zeros(1000))


def test_it_lives_among_scikit_learn_tools(rows):
    X, y = rows
    alarm = CalibratedAlarm(
        make_pipeline(StandardScaler(), LogisticRegression()), cv=2, replicates=20
    )
    copy = clone(alarm).set_params(estimator__logisticregression__C=0.1)
    assert copy.get_params()["estimator__logisticregression__C"] == 0.1
    search = GridSearchCV(copy, {"objective": ["youden", "net_benefit(0.5)"]}, cv=2).fit(X, y)
    assert search.best_params_["objective"] in {"youden", "net_benefit(0.5)"}
    assert cross_val_score(alarm, X, y, cv=2, scoring="balanced_accuracy").min() > 0.6
    fitted = alarm.fit(pd.DataFrame(X, columns=["absence", "z"]), y)
    assert fitted.feature_names_in_.tolist() == ["absence", "z"]
    again = pickle.loads(pickle.dumps(fitted))
    assert again.threshold_ == fitted.threshold_


def test_the_same_seed_gives_the_same_interval(rows):
    one, two, other = (
        CalibratedAlarm(MODEL, replicates=50, random_state=s).fit(*rows) for s in (1, 1, 2)
    )
    assert one.threshold_interval_ == two.threshold_interval_
    assert one.threshold_ == other.threshold_


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"objective": "lead_time", "constraint": "min_ppv(0.5)"}, ValueError, "times of alarms"),
        ({"constraint": "lead_time(4)"}, ValueError, "times of alarms"),
        ({"objective": "net_benefi(1)"}, ValueError, "Did you mean"),
        ({"estimator": LinearSVC()}, TypeError, "predict_proba"),
        ({"thresholds": (20,)}, ValueError, "thresholds"),
        ({"thresholds": ()}, ValueError, "at least one"),
        ({"conf_level": 95}, ValueError, "conf_level"),
        ({"months": 0}, ValueError, "months"),
        ({"constraint": ("min_sens(0.99)", "min_ppv(0.99)")}, DesignError, "nearest to min_ppv"),
    ],
)
def test_bad_input_is_refused(rows, changes, error, match):
    with pytest.raises(error, match=match):
        CalibratedAlarm(**({"estimator": MODEL, "replicates": 20} | changes)).fit(*rows)


def test_one_or_three_values_of_y_are_refused(rows):
    X, y = rows
    with pytest.raises(DesignError, match="1 class"):
        CalibratedAlarm(MODEL).fit(X, 0 * y)
    with pytest.raises(ValueError, match="binary"):
        CalibratedAlarm(MODEL).fit(X, np.arange(len(y)) % 3)


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    import sys

    from absence_risk import thresholds

    monkeypatch.delitem(sys.modules, "absence_risk.thresholds.model_alarm", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ModuleNotFoundError, match=r"absence_risk\[models\]"):
        thresholds.CalibratedAlarm  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute"):
        thresholds.CalibratedAlarms  # noqa: B018
