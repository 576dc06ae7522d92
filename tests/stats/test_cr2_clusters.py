"""CR2 with Satterthwaite and HTZ: clubSandwich, closed forms, level of tests, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from absence_risk.errors import DesignError
from absence_risk.stats.cr2 import fit_cr2, fit_cr2_outcomes
from absence_risk.stats.cr2_adjustment import adjusted_from_grams, trace_df

REFERENCE = Path(__file__).parents[1] / "reference"
R = json.loads((REFERENCE / "cr2.json").read_text())
WAYS = ("plain", "sampling", "precision", "effects", "effects_sampling", "effects_precision")


@pytest.fixture(scope="module")
def rows():
    return pd.read_csv(REFERENCE / "cr2.csv")


def fitted(rows, way, *, absorb=False):
    one = np.ones(len(rows))
    fixed = way.startswith("effects")
    names = ["x1", "x2"] if fixed else ["x1", "x2", "level"]
    X = rows[names].to_numpy(dtype=float)
    if fixed and not absorb:
        X = np.hstack([X, pd.get_dummies(rows["cluster"]).to_numpy(dtype=float)])
    elif not fixed:
        X = np.column_stack([X, one])
    kind = "precision" if way.endswith("precision") else "sampling"
    weights = None if way in ("plain", "effects") else rows["w"]
    fit = fit_cr2(X, rows["y"], rows["cluster"], weights, weights_are=kind, absorb=absorb)
    return fit, len(names)


ABSORBED = [("effects", True), ("effects_precision", True)]


@pytest.mark.parametrize(("way", "absorb"), [*((way, False) for way in WAYS), *ABSORBED])
def test_it_agrees_with_clubsandwich(rows, way, absorb):
    fit, k = fitted(rows, way, absorb=absorb)
    found, p = R[way], len(fit.coef)
    each = [fit.contrast(np.eye(p)[j]) for j in range(k)]
    assert_allclose(fit.coef[:k], found["coef"], rtol=1e-8)
    assert_allclose([c.std_error for c in each], found["se"], rtol=1e-8)
    assert_allclose([c.df for c in each], found["df"], rtol=1e-8)
    assert_allclose(fit.covariance[:k, :k], found["V"], rtol=1e-8, atol=1e-12)
    joint = fit.joint(np.eye(p)[:k])
    got = (joint.statistic, joint.df1, joint.df2, joint.p_value)
    assert_allclose(got, [found[n] for n in ("F", "df1", "df2", "p")], rtol=1e-8)
    equal = fit.contrast(np.eye(p)[0] - np.eye(p)[1])
    assert_allclose((equal.estimate / equal.std_error) ** 2, found["equal_F"], rtol=1e-8)
    assert_allclose(equal.df, found["equal_df"], rtol=1e-8)


def test_the_mean_alone_agrees_with_clubsandwich(rows):
    found = fit_cr2(np.ones((len(rows), 1)), rows["y"], rows["cluster"]).contrast([1.0])
    wanted = R["mean_only"]
    assert_allclose(
        [found.estimate, found.std_error, found.df],
        [wanted["coef"], wanted["se"], wanted["df"]],
        rtol=1e-8,
    )


def test_equal_clusters_give_the_t_test_on_cluster_means():
    """With G clusters of one size CR2 of a mean is s²/G of the means, on G − 1 df."""
    y = np.random.default_rng(1).normal(size=(6, 9))
    found = fit_cr2(np.ones((54, 1)), y.ravel(), np.repeat(np.arange(6), 9)).contrast([1.0])
    means = y.mean(axis=1)
    assert_allclose(found.std_error, means.std(ddof=1) / np.sqrt(6), rtol=1e-12)
    assert_allclose(found.df, 5, rtol=1e-12)


def test_rows_as_clusters_give_hc2():
    rng = np.random.default_rng(2)
    X = np.column_stack([np.ones(40), rng.normal(size=40)])
    y = rng.normal(size=40)
    fit = fit_cr2(X, y, np.arange(40))
    H = X @ np.linalg.solve(X.T @ X, X.T)
    M = np.linalg.inv(X.T @ X)
    meat = (X * (fit.residuals**2 / (1 - np.diag(H)))[:, None]).T @ X
    assert_allclose(fit.covariance, M @ meat @ M, rtol=1e-10)


def test_large_blocks_of_the_hat_matrix_give_the_same():
    """The textbook form with n × n matrices."""
    rng = np.random.default_rng(3)
    codes = np.repeat(np.arange(5), [2, 5, 9, 14, 20])
    n = len(codes)
    X = np.column_stack([np.ones(n), rng.normal(size=n), rng.normal(size=5)[codes]])
    y = rng.normal(size=n)
    c = np.array([0.0, 0.0, 1.0])
    M = np.linalg.inv(X.T @ X)
    residual_maker = np.eye(n) - X @ M @ X.T
    columns = []
    for g in range(5):
        mine = codes == g
        values, vectors = np.linalg.eigh(residual_maker[np.ix_(mine, mine)])
        root = np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-10)), 0)
        columns.append(residual_maker[:, mine] @ (vectors * root) @ vectors.T @ X[mine] @ M @ c)
    G = np.column_stack(columns)
    gamma = G.T @ G
    found = fit_cr2(X, y, codes).contrast(c)
    assert_allclose(found.std_error**2, ((y @ G) ** 2).sum(), rtol=1e-10)
    assert_allclose(found.df, np.trace(gamma) ** 2 / (gamma**2).sum(), rtol=1e-10)


def test_one_contrast_tested_jointly_is_the_t_test(rows):
    fit, _ = fitted(rows, "plain")
    one, joint = fit.contrast([0, 0, 1, 0]), fit.joint([0, 0, 1, 0])
    assert_allclose(joint.statistic, (one.estimate / one.std_error) ** 2, rtol=1e-10)
    assert_allclose(joint.df2, one.df, rtol=1e-10)


def test_constant_weights_and_shuffled_rows_change_nothing(rows):
    plain, _ = fitted(rows, "plain")
    X = np.column_stack([rows[["x1", "x2", "level"]], np.ones(len(rows))])
    order = np.random.default_rng(4).permutation(len(rows))
    for kind in ("sampling", "precision"):
        again = fit_cr2(
            X[order],
            rows["y"].to_numpy()[order],
            1000 - rows["cluster"].to_numpy()[order],
            np.full(len(rows), 1e-6),
            weights_are=kind,
        )
        assert_allclose(again.covariance, plain.covariance, rtol=1e-9)
        assert_allclose(again.contrast([1, 0, 0, 0]).df, plain.contrast([1, 0, 0, 0]).df, rtol=1e-9)
        assert_allclose(again.residuals, plain.residuals[order], rtol=1e-8, atol=1e-10)


def test_rows_of_weight_zero_are_as_if_absent(rows):
    X = np.column_stack([rows["x1"], np.ones(len(rows))])
    w = rows["w"].where(rows["cluster"] > 2, 0.0)
    kept = rows["cluster"] > 2
    whole = fit_cr2(X, rows["y"], rows["cluster"], w)
    part = fit_cr2(X[kept], rows["y"][kept], rows["cluster"][kept], w[kept])
    assert_allclose(whole.covariance, part.covariance, rtol=1e-10)
    assert whole.n_clusters == 5
    assert np.isnan(whole.residuals[~kept]).all()


def test_several_data_sets_at_once_are_each_by_itself():
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(4), [3, 5, 8, 10])
    fits = []
    for _ in range(3):
        X = np.column_stack([np.ones(26), rng.normal(size=26)])
        fits.append(fit_cr2(X, rng.normal(size=26), codes))
    c = np.array([[0.0, 1.0] @ np.linalg.inv(f.root) for f in fits])
    one = fits[0].adjusted
    batch = type(one)(
        scores=np.stack([f.adjusted.scores for f in fits]),
        through=np.stack([f.adjusted.through for f in fits]),
        squares=np.stack([f.adjusted.squares for f in fits]),
        kernel=one.kernel,
    )
    df = trace_df(batch, c)[1]
    assert_allclose(df, [f.contrast([0, 1]).df for f in fits], rtol=1e-12)


def test_grams_take_leading_axes():
    gram = np.array([[[0.5]], [[0.3]], [[0.2]]])
    sums = np.array([[1.0], [0.5], [-1.5]])
    alone = adjusted_from_grams(gram, sums)
    batch = adjusted_from_grams(np.stack([gram, gram[::-1]]), np.stack([sums, sums[::-1]]))
    assert_allclose(batch.scores[0], alone.scores)
    assert_allclose(batch.scores[1], alone.scores[::-1])


def test_the_level_holds_where_cr1_with_a_normal_p_does_not():
    """4 uneven clusters, cluster share .15, 2,000 data sets: MC error of 5 % is 0.5 points."""
    rng = np.random.default_rng(6)
    codes = np.repeat(np.arange(4), [10, 20, 30, 40])
    one, rejected = np.ones((100, 1)), 0
    from scipy import special

    for _ in range(2000):
        y = np.sqrt(0.15) * rng.normal(size=4)[codes] + np.sqrt(0.85) * rng.normal(size=100)
        found = fit_cr2(one, y, codes).contrast([1.0])
        rejected += 2 * special.stdtr(found.df, -abs(found.estimate) / found.std_error) < 0.05
    assert 0.035 < rejected / 2000 < 0.065


def test_one_cluster_is_refused():
    with pytest.raises(DesignError, match="one cluster"):
        fit_cr2(np.ones((4, 1)), np.arange(4.0), [7, 7, 7, 7])


def test_a_dependent_column_is_named(rows):
    X = np.column_stack([np.ones(len(rows)), rows["x1"], 2 * rows["x1"] - 3])
    with pytest.raises(DesignError, match="Column 2 of X"):
        fit_cr2(X, rows["y"], rows["cluster"])
    with pytest.raises(DesignError, match="Column 0 of X"):
        fit_cr2(X[:, :2], rows["y"], rows["cluster"], absorb=True)


def test_what_one_cluster_alone_carries_has_no_variance(rows):
    X = np.column_stack([np.ones(len(rows)), rows["cluster"] == 3])
    fit = fit_cr2(X, rows["y"], rows["cluster"])
    with pytest.raises(DesignError, match="variance between clusters"):
        fit.contrast([1, 1])


def test_too_many_contrasts_for_the_clusters_are_refused(rows):
    few = rows[rows["cluster"] > 4]
    X = np.column_stack([np.ones(len(few)), few["x1"], few["x2"]])
    fit = fit_cr2(X, few["y"], few["cluster"])
    with pytest.raises(DesignError, match="denominator degrees of freedom"):
        fit.joint(np.eye(3))


def test_wrong_arguments_are_named(rows):
    X, y, codes = np.ones((len(rows), 1)), rows["y"].to_numpy(), rows["cluster"]
    with pytest.raises(ValueError, match="one value per row"):
        fit_cr2(X, y[:-1], codes)
    with pytest.raises(ValueError, match="y holds 1 values that are missing"):
        fit_cr2(X, np.where(np.arange(len(y)) == 3, np.nan, y), codes)
    with pytest.raises(ValueError, match="140 below 0"):
        fit_cr2(X, y, codes, -np.ones(len(y)))
    with pytest.raises(ValueError, match="weights_are must be one of"):
        fit_cr2(X, y, codes, weights_are="samples")
    with pytest.raises(ValueError, match="absorb needs"):
        fit_cr2(X, y, codes, rows["w"], absorb=True)
    with pytest.raises(ValueError, match="1 numbers"):
        fit_cr2(X, y, codes).contrast([1, 2])
    with pytest.raises(ValueError, match="linearly independent"):
        fit_cr2(X, y, codes).joint([[1.0], [2.0]])
    with pytest.raises(DesignError, match="2 rows cannot carry 3"):
        fit_cr2(np.ones((2, 3)), [1.0, 2.0], [1, 2])


def test_outcomes_fitted_together_are_each_by_itself():
    rng = np.random.default_rng(31)
    X = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    Y, codes = rng.normal(size=(60, 4)), rng.integers(6, size=60)
    estimates, errors, df = fit_cr2_outcomes(X, Y, codes).contrast([0.5, 1.0, -1.0])
    for j in range(4):
        alone = fit_cr2(X, Y[:, j], codes).contrast([0.5, 1.0, -1.0])
        assert_allclose((estimates[j], errors[j], df), (alone.estimate, alone.std_error, alone.df))


def test_outcomes_that_are_missing_or_no_table_are_refused():
    with pytest.raises(ValueError, match="Y holds 1 values"):
        fit_cr2_outcomes(np.ones((3, 1)), np.array([[1.0], [np.nan], [2.0]]), [0, 1, 2])
    with pytest.raises(ValueError, match="Y must be a table"):
        fit_cr2_outcomes(np.ones((3, 1)), np.ones(3), [0, 1, 2])
    with pytest.raises(DesignError, match="one cluster"):
        fit_cr2_outcomes(np.ones((3, 1)), np.ones((3, 1)), [0, 0, 0])
