"""KinkRegression and StepRegression keep scikit-learn's contract."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from absence_risk.errors import DesignError
from absence_risk.thresholds import KinkRegression, StepRegression


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.beta(1.2, 8, 400), rng.normal(size=400)])
    mean = -20 * X[:, 0] - 150 * np.maximum(X[:, 0] - 0.15, 0) + 2 * X[:, 1]
    return X, mean + 4 * rng.normal(size=400), rng.integers(0, 30, 400)


def test_coefficients_are_least_squares_at_the_place(rows):
    X, y, _ = rows
    model = KinkRegression().fit(X, y)
    hinge = np.maximum(X[:, 0] - model.location_, 0)
    design = np.column_stack([np.ones(400), X[:, 0], hinge, X[:, 1]])
    coef = np.linalg.lstsq(design, y, rcond=None)[0]
    assert np.r_[model.intercept_, model.coef_] == pytest.approx(coef)
    assert model.predict(X) == pytest.approx(design @ coef)
    assert model.location_set_[0, 0] <= model.location_ <= model.location_set_[-1, 1]
    assert 0 < model.score(X, y) < 1


def test_bootstrap_sets_know_clusters_and_seeds(rows):
    X, y, schools = rows
    plain = KinkRegression(random_state=3).fit(X, y)
    again = KinkRegression(random_state=3).fit(X, y)
    assert plain.location_set_.tolist() == again.location_set_.tolist()
    clustered = KinkRegression().fit(X, y, clusters=schools)
    assert clustered.location_ == plain.location_
    with pytest.raises(DesignError, match="at least 2 clusters"):
        KinkRegression().fit(X, y, clusters=np.zeros(400))


def test_a_step_with_and_without_a_slope_change(rows):
    X, _, _ = rows
    y = 3.0 * X[:, 1] - 6 * (X[:, 0] > 0.2)
    for slope_change, size in ((False, 3), (True, 4)):
        model = StepRegression(slope_change=slope_change).fit(X, y)
        assert model.location_ == pytest.approx(0.2, abs=0.01)
        assert model.coef_.shape == (size,)
        assert model.coef_[1] == pytest.approx(-6)
        assert model.predict(X) == pytest.approx(y)


@pytest.mark.parametrize("model", [KinkRegression(), StepRegression()], ids=["kink", "step"])
def test_scikit_learn_can_clone_search_and_pickle(model, rows):
    from sklearn.base import clone, is_regressor
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    X, y, _ = rows
    copy = clone(model.set_params(trim=0.05))
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coef_")
    assert is_regressor(model)
    assert cross_val_score(copy, X, y, cv=3).mean() > 0.1
    search = GridSearchCV(copy, {"trim": [0.02, 0.1]}, cv=2).fit(X, y)
    assert search.best_params_["trim"] in {0.02, 0.1}
    piped = make_pipeline(FunctionTransformer(), copy).fit(X, y)
    assert pickle.loads(pickle.dumps(piped)).predict(X) == pytest.approx(piped.predict(X))


def test_integer_weights_are_repeated_rows(rows):
    X, y, _ = rows
    w = np.random.default_rng(2).integers(1, 4, 400)
    for make in (lambda: KinkRegression(critical="f", trim=0.0), lambda: StepRegression(trim=0.0)):
        first = make().fit(X, y, sample_weight=w)
        second = make().fit(np.repeat(X, w, axis=0), np.repeat(y, w))
        assert first.location_ == pytest.approx(second.location_, abs=1e-8)
        assert first.coef_ == pytest.approx(second.coef_)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"X": [0.1, 0.2]}, "two dimensions"),
        ({"X": np.full((5, 1), np.nan)}, "missing"),
        ({"y": np.ones(3)}, "must agree"),
        ({"X": np.tile([[0.1], [0.2]], (200, 1))}, "no place"),
    ],
)
def test_bad_input(change, match, rows):
    given = {"X": rows[0], "y": rows[1]} | change
    with pytest.raises(ValueError, match=match):
        KinkRegression().fit(given["X"], given["y"])


def test_unfitted_and_unknown():
    with pytest.raises(ValueError, match="not fitted"):
        StepRegression().predict([[0.1]])
    with pytest.raises(ValueError, match="parameter"):
        KinkRegression().set_params(trimm=0.1)


def test_with_as_many_coefficients_as_rows_no_place_is_ruled_out():
    rng = np.random.default_rng(4)
    X, y = rng.random((12, 11)), rng.normal(size=12)
    for model in (KinkRegression(trim=0.0), StepRegression(trim=0.0)):
        assert model.fit(X, y).location_set_.tolist() == [list(model.limits_)]


def test_rows_without_weight_are_left_out(rows):
    X, y, schools = rows
    weight = np.where(np.arange(400) % 4 == 0, 0.0, 1.0)
    kept = weight > 0
    model = KinkRegression().fit(X, y, sample_weight=weight, clusters=schools)
    alone = KinkRegression().fit(X[kept], y[kept], clusters=schools[kept])
    assert model.location_set_ == pytest.approx(alone.location_set_)
    with pytest.raises(ValueError, match="no row has weight"):
        KinkRegression().fit(X, y, sample_weight=np.zeros(400))
    with pytest.raises(ValueError, match="not negative"):
        StepRegression().fit(X, y, sample_weight=weight - 1)
