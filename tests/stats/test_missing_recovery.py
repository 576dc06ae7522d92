"""Imputation, pooling and repeated measures find known truths over many simulated data sets."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, stdtrit

from absence_risk.errors import EstimationError
from absence_risk.stats.bounds import lee_bounds
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.imputation import draw_posterior, impute_normal, impute_pmm
from absence_risk.stats.mmrm import fit_mmrm, wave_means_design
from absence_risk.stats.mmrm_monotone import monotone_fit
from absence_risk.stats.rubin import pool


def rows(rng, D, n, codes=None, spread=0.0):
    """Pre-score and absence complete, follow-up missing by both in about 40 %; true mean 0.5."""
    x = rng.normal(size=(D, n, 2))
    u = 0.0 if codes is None else spread * rng.normal(size=(D, codes.max() + 1))[:, codes]
    y = 0.5 + 0.5 * x[:, :, 0] - 0.4 * x[:, :, 1] + 0.7 * rng.normal(size=(D, n)) + u
    lost = rng.random((D, n)) < expit(-0.5 + 0.6 * x[:, :, 1] - 0.6 * x[:, :, 0])
    return x, np.where(lost, np.nan, y)


def test_imputation_under_mar_is_unbiased_and_covers():
    rng = np.random.default_rng(1)
    x, y = rows(rng, 2000, 60)
    full = impute_normal(y, x, None, imputations=20, rng=rng)
    variance = full.var(axis=2, ddof=1) / 60
    found = pool(full.mean(axis=2).T, variance.T, df_complete=59)
    error = found.estimate - 0.5
    # Monte-Carlo error of the bias 0.003, of coverage 0.5 points, of the ratio 1.6 %.
    assert abs(error.mean()) < 0.01
    assert np.mean(np.abs(error) <= stdtrit(found.df, 0.975) * found.std_error) == pytest.approx(
        0.95, abs=0.015
    )
    assert found.std_error.mean() / error.std() == pytest.approx(1.0, abs=0.06)
    assert abs(np.nanmean(y, axis=1).mean() - 0.5) > 0.1


@pytest.mark.parametrize(("sizes", "spread"), [((36, 26, 18, 12, 8), 0.2), ((50, 30, 20), 0.3)])
def test_few_municipalities_have_an_honest_error_only_inside_the_model(sizes, spread):
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(len(sizes)), sizes)
    x, y = rows(rng, 1500, 100, codes, spread)
    ratio = {}
    for name, used in (("with", codes), ("without", None)):
        full = impute_normal(y, x, used, imputations=15, rng=rng)
        mean = cluster_mean(full, codes)
        found = pool(mean.estimate.T, mean.variance.T, df_complete=mean.df, rule="satterthwaite")
        error = found.estimate - 0.5
        ratio[name] = np.sqrt((found.std_error**2).mean()) / error.std()
        covered = np.abs(error) <= stdtrit(found.df, 0.975) * found.std_error
        if name == "with":
            # Monte-Carlo error of coverage 0.6 points.
            assert 0.925 < covered.mean() < 0.985
    # Monte-Carlo error of a ratio 1.9 %.
    assert 0.92 < ratio["with"] < 1.12
    assert ratio["without"] < ratio["with"] - 0.08


def test_draws_have_the_moments_of_the_closed_form():
    rng = np.random.default_rng(3)
    y = rng.normal(2.0, 1.0, (1, 25))
    drawn = draw_posterior(y, np.zeros((1, 25, 0)), None, imputations=40_000, rng=rng)
    # mu | y is t with n - 1 degrees of freedom: variance s^2/n (n-1)/(n-3); error about 0.7 %.
    want = y.var(ddof=1) / 25 * 24 / 22
    assert drawn.beta[0, :, 0].var() == pytest.approx(want, rel=0.03)
    assert drawn.beta[0, :, 0].mean() == pytest.approx(y.mean(), abs=0.006)


def test_a_municipality_without_follow_up_is_imputed_with_the_spread_of_municipalities():
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(8), 30)
    y = 2.0 * rng.normal(size=8)[codes] + 0.3 * rng.normal(size=240)
    y[codes == 7] = np.nan
    drawn = draw_posterior(y[None], np.zeros((1, 240, 0)), codes, imputations=400, rng=rng)
    assert drawn.shift[0, :, 7].std() > 1.0
    assert (drawn.shift + drawn.beta)[0, :, 0].std() < 0.1


def test_matched_values_are_values_of_the_scale_and_unbiased():
    rng = np.random.default_rng(5)
    x, y = rows(rng, 300, 100)
    whole = np.clip(np.round(y + 2.5), 1, 5)
    full = impute_pmm(whole, x, None, imputations=5, rng=rng)
    assert set(np.unique(full)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    assert np.array_equal(np.isnan(whole)[:, None] | (full == whole[:, None]), full > 0)
    latent = 0.5 + np.sqrt(0.5**2 + 0.4**2 + 0.7**2) * rng.normal(size=200_000)
    truth = np.clip(np.round(latent + 2.5), 1, 5).mean()
    # Monte-Carlo error 0.008; matching has a small bias towards the middle.
    assert full.mean() == pytest.approx(truth, abs=0.04)
    assert abs(np.nanmean(whole) - truth) > 0.1


def test_pooling_without_between_variance_is_the_limit():
    tiny = pool([1.0, 1.0 + 1e-9, 1.0], [0.2, 0.2, 0.2], df_complete=10)
    none = pool([1.0, 1.0, 1.0], [0.2, 0.2, 0.2], df_complete=10)
    assert none.df == pytest.approx(11 / 13 * 10)
    assert tiny.df == pytest.approx(none.df, abs=1e-9)
    assert pool([1.0, 1.0], [0.2, 0.2]).df == np.inf
    assert pool([1.0, 1.0], [0.2, 0.2], df_complete=2.5, rule="satterthwaite").df == 2.5
    with pytest.raises(ValueError, match="at least 2 imputations"):
        pool([1.0], [0.2])


def test_repeated_measures_cover_under_mar():
    rng = np.random.default_rng(6)
    lower = np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0.5, 0.4, 0.7]])
    y = rng.normal(size=(1500, 80, 3)) @ lower.T + [0.0, 0.2, 0.3]
    lost = rng.random((1500, 80)) < expit(-0.8 - y[:, :, 0])
    y[lost, 2] = np.nan
    means, _ = monotone_fit(y)
    bias = (means[:, 0, 2] - means[:, 0, 0]).mean() - 0.3
    assert abs(bias) < 0.012  # three Monte-Carlo errors
    design = wave_means_design(np.zeros(80, dtype=np.int64), 3)
    covered = []
    for k in range(100):
        estimate, error, df = fit_mmrm(y[k], design).contrast([-1, 0, 1])
        covered.append(abs(estimate - 0.3) <= stdtrit(df, 0.975) * error)
    assert np.mean(covered) > 0.88  # Monte-Carlo error 2.2 points


def test_waves_never_seen_together_have_no_maximum():
    y = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 3.0], [np.nan, 5.0]])
    with pytest.raises(EstimationError, match="seen together"):
        fit_mmrm(y, wave_means_design(np.zeros(4, dtype=np.int64), 2))


def test_lee_bounds_hold_the_truth_for_those_who_always_answer():
    rng = np.random.default_rng(7)
    inside, covered = 0, 0
    for _ in range(200):
        kind, noise = rng.random((2, 200)), rng.normal(size=(2, 200))
        # A third of the answers of the treated come from pupils who would not answer as controls,
        # and they fare worse; the effect on those who always answer is 0.4.
        always = kind < 0.5
        only = (kind >= 0.5) & (kind < 0.75)
        treated = np.where(always[0], 0.4 + noise[0], np.where(only[0], -1 + noise[0], np.nan))
        control = np.where(always[1], noise[1], np.nan)
        found = lee_bounds(treated, control, replicates=100, conf_level=0.95, rng=rng)
        inside += found.low <= 0.4 <= found.high
        covered += found.conf_low <= 0.4 <= found.conf_high
    # The truth lies 0.20 inside the limit of the upper bound, whose own error is about as large.
    assert inside > 150
    assert covered > 185
