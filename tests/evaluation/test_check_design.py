"""What a design can show: the library's own estimators, published facts, named errors."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from absence_risk.errors import DesignError
from absence_risk.evaluation import MI, Likert, PrePost, check_design
from absence_risk.evaluation import design_studies as names
from absence_risk.evaluation.design_check import rows_for
from absence_risk.evaluation.design_sizes import case_sizes, in_proportion
from absence_risk.evaluation.design_studies import Design, analyse, draw_studies
from absence_risk.evaluation.design_wellbeing import imputed
from absence_risk.evaluation.design_world import DesignWorld
from absence_risk.stats.many_changes import Changes
from absence_risk.stats.sandwich import t_inference

SIZES = np.array([7, 13, 20])
OTHERS = np.array([60, 90, 150])
CUT = 0.15


def world(kappa=25.0, season=0.1, window=60, cut=CUT):
    return DesignWorld(window=window, cut=cut, a=0.8, b=10.6, kappa=kappa, season=season)


@pytest.fixture(scope="module")
def drawn():
    design = Design(
        world=world(),
        cases=SIZES,
        others=OTHERS,
        waiting=SIZES,
        cluster_share=0.1,
        missing=0.4,
        delta=-0.3,
    )
    return design, draw_studies(design, 3, np.random.default_rng(1))


def frame(first, sizes, before, after, **columns):
    n = int(sizes.sum())
    keys = {
        "gap": np.ones(n),
        "pupil_key": np.arange(first, first + n),
        "town": np.repeat(np.arange(len(sizes)), sizes),
    }
    # PrePost takes shares; a shift of a municipality can move one below 0.
    return pd.DataFrame({**keys, "before": before + 1, "after": after + 1} | columns)


def study(drawn, r, **columns):
    cases, answers = drawn.cases, drawn.answers
    wellbeing = answers.known[r, :, 0]
    return PrePost(
        frame(
            0,
            SIZES,
            cases.before[r],
            cases.after[r],
            gap=cases.gap[r] + 1,
            wb0=wellbeing,
            wb1=np.where(answers.seen[r], wellbeing + answers.change[r], np.nan),
            level=answers.known[r, :, 1],
            **columns,
        ),
        outcomes={
            "absence": Likert(pre="before", post="after", gap="gap", low=0, high=3, better="lower"),
            "wellbeing": Likert(pre="wb0", post="wb1", low=-9, high=9),
        },
        cluster="town",
        registry=frame(1000, OTHERS, drawn.others.before[r], drawn.others.after[r]),
        waiting_list=frame(9000, SIZES, drawn.waiting.before[r], drawn.waiting.after[r]),
    )


def same(found, r, row, conf_level=0.95):
    """Compare an estimate of the design with a row of a result: value, error, limits (so df)."""
    estimate, error, df = (float(part[r]) for part in found)
    limits = t_inference(estimate, error, df=df, conf_level=conf_level)
    got = [estimate, error, limits.low, limits.high]
    assert_allclose(
        got, [row.estimate, row.std_error, row.conf_low, row.conf_high], rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("r", range(3))
def test_each_analysis_is_the_library_s_own(drawn, r):
    design, studies = drawn
    found = analyse(design, studies, np.random.default_rng(2))
    own = study(studies, r)
    same(found[names.REGISTRY_CR2], r, own.change("absence").beyond)
    same(found[names.REGISTRY], r, own.change("absence", se="independent").beyond)
    same(found[names.WAITING], r, own.change("absence", benchmark="waiting_list").beyond)
    same(found[names.GAP], r, own.change("absence", benchmark="gap").beyond)
    same(found[names.COMPLETE], r, own.change("wellbeing", benchmark="none").estimate)
    change = studies.cases.after[r] - studies.cases.before[r]
    naive = stats.ttest_1samp(change, 0.0)
    t = found[names.NAIVE].estimate[r] / found[names.NAIVE].std_error[r]
    assert_allclose([t, found[names.NAIVE].df[r]], [naive.statistic, naive.df], rtol=1e-9)


def test_the_t_test_on_cluster_means_is_scipy_s(drawn):
    design, studies = drawn
    found = analyse(design, studies, np.random.default_rng(2))[names.MEANS]
    before, after = studies.others.before[1], studies.others.after[1]
    curve = np.polynomial.Polynomial.fit(before, after - before, 2)
    gaps = studies.cases.after[1] - studies.cases.before[1] - curve(studies.cases.before[1])
    means = [part.mean() for part in np.split(gaps, np.cumsum(SIZES)[:-1])]
    wanted = stats.ttest_1samp(means, 0.0)
    assert_allclose(found.estimate[1] / found.std_error[1], wanted.statistic, rtol=1e-8)
    assert found.df[1] == 2


@pytest.mark.parametrize("delta", [0.0, -0.3])
def test_imputation_is_the_library_s_own(drawn, delta):
    _, studies = drawn
    one = studies.answers
    alone = type(one)(known=one.known[:1], change=one.change[:1], seen=one.seen[:1])
    starts = np.cumsum(SIZES) - SIZES
    found = imputed(alone, starts, delta=delta, rng=np.random.default_rng(4))
    how = MI(m=20, aux=("level",), delta=delta, random_state=4)
    result = study(studies, 0).change("wellbeing", benchmark="none", missing=how)
    same(found, 0, result.estimate)


@pytest.mark.parametrize(
    ("kappa", "window", "cut", "less", "fall"),
    [
        (None, 20, 0.20, 68.3, 26.7),
        (None, 60, 0.15, 60.9, 10.9),
        (None, 200, 0.15, 56.8, 3.7),
        (25.0, 20, 0.20, 74.5, 38.4),
        (25.0, 60, 0.15, 71.8, 28.0),
        (25.0, 60, 0.20, 75.4, 30.6),
    ],
)
def test_regression_to_the_mean_is_that_of_the_methods_notes(kappa, window, cut, less, fall):
    """METHODS-evaluation 2.1, simulated there with an error of about 0.1 points."""
    place = world(kappa, 0.0, window, cut)
    first = int(np.ceil(cut * window - 1e-9))
    law = place.joint[first:] / place.joint[first:].sum()
    days = np.arange(window + 1)
    lower = (law * (days[None, :] < days[first:, None])).sum()
    before = (law.sum(axis=1) * days[first:]).sum() / window
    assert abs(100 * lower - less) < 0.3
    assert abs(-100 * place.change_of_chosen()[0] / before - fall) < 0.3


def test_the_expected_follow_up_is_the_closed_form():
    """E[y2 | x] = (a + x)/(a + b + N): the quadrature is exact for independent days."""
    joint = world(None, 0.0).joint
    days = np.arange(61)
    expected = (joint * days).sum(axis=1) / joint.sum(axis=1) / 60
    assert_allclose(expected, (0.8 + days) / (0.8 + 10.6 + 60), rtol=1e-8)


def test_draws_have_the_law_of_the_table():
    """40,000 draws: five standard errors."""
    place = world()
    found = place.cases(400, 100, np.random.default_rng(5))
    mean, variance = place.change_of_chosen()
    change = found.after - found.before
    assert abs(change.mean() - mean) < 5 * np.sqrt(variance / 40_000)
    assert abs(change.var() / variance - 1) < 0.05
    assert found.before.min() >= CUT
    others = place.others(400, 100, CUT, np.random.default_rng(6))
    change = others.after - others.before
    assert abs(change.mean() - mean) < 5 * np.sqrt(variance / 40_000)


def test_the_naive_test_errs_as_the_methods_notes_say():
    """METHODS-evaluation 2.2: bias -2.4 points, 91.6 % significant; 2,000 studies, 3 MC errors."""
    found = check_design(
        n=100, clusters=10, cut=CUT, spells=None, cluster_share=0.0, replicates=2_000
    )
    bias = found.figure(names.NAIVE, "bias")
    assert abs(bias.estimate + 0.024) < 0.001
    assert abs(found.figure(names.NAIVE, "type I error").estimate - 0.916) < 0.03
    for name in (names.REGISTRY, names.REGISTRY_CR2, names.WAITING):
        level = found.figure(name, "type I error")
        assert 0.035 < level.estimate < 0.065
        assert abs(found.figure(name, "bias").estimate) < 0.001


@pytest.mark.parametrize("clusters", [3, 5, 12])
def test_cr2_holds_its_level_with_few_clusters_and_ignoring_them_does_not(clusters):
    """2,000 studies: MC error of 5 % is 0.5 points."""
    found = check_design(n=100, clusters=clusters, cut=CUT, replicates=2_000, random_state=3)
    assert 0.03 < found.figure(names.REGISTRY_CR2, "type I error").estimate < 0.07
    assert 0.03 < found.figure(names.GAP, "type I error").estimate < 0.07
    assert found.figure(names.REGISTRY, "type I error").estimate > 0.09


def test_imputation_with_the_true_delta_is_unbiased_and_complete_cases_are_not():
    found = check_design(n=100, clusters=8, cut=CUT, missing=0.4, delta=-0.5, registry=0, waiting=0)
    assert abs(found.figure(names.IMPUTED_DELTA, "bias").estimate) < 0.02
    assert found.figure(names.COMPLETE, "bias").estimate > 0.08
    assert found.figure(names.IMPUTED, "bias").estimate > 0.15
    assert 0.92 < found.figure(names.IMPUTED_DELTA, "coverage").estimate < 0.98


def test_a_season_biases_the_gap_baseline_and_not_the_registry():
    found = check_design(n=100, clusters=8, cut=CUT, season=0.4)
    assert found.figure(names.GAP, "bias").estimate > 0.02
    assert abs(found.figure(names.REGISTRY_CR2, "bias").estimate) < 0.005


def test_power_and_smallest_change_are_those_of_shifted_studies():
    rng = np.random.default_rng(7)
    found = Changes(rng.normal(size=1000), rng.uniform(0.5, 2, 1000), np.full(1000, 4.0))
    rows = {row.term: row for row in rows_for("x", found, effect=-2.0, conf_level=0.9)}
    half = stats.t.ppf(0.95, 4) * found.std_error
    assert rows["power"].estimate == np.mean(found.estimate - 2.0 < -half)
    assert rows["type I error"].estimate == np.mean(np.abs(found.estimate) > half)
    needed = rows["smallest change found"].estimate
    assert abs(np.mean(found.estimate - needed < -half) - 0.8) < 0.002
    assert rows["smallest change found"].conf_low < needed < rows["smallest change found"].conf_high


def test_studies_without_an_error_find_nothing():
    found = Changes(np.ones(400), np.zeros(400), np.full(400, np.nan))
    rows = {row.term: row for row in rows_for("x", found, effect=1.0, conf_level=0.95)}
    assert rows["power"].estimate == 0
    assert rows["coverage"].estimate == 1
    assert rows["smallest change found"].estimate is None


def test_the_seed_decides_and_results_are_plain():
    call = {"n": 40, "clusters": [5, 15, 20], "cut": 0.2, "missing": 0.3, "replicates": 150}
    one, two = check_design(**call, random_state=1), check_design(**call, random_state=1)
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert one.to_dict() != check_design(**call, random_state=2).to_dict()
    assert one.clusters == (5, 15, 20)
    assert set(one.tidy()["term"]) == {
        "bias",
        "coverage",
        "type I error",
        "power",
        "smallest change found",
    }


def test_the_sentence_names_the_design_and_what_it_finds():
    found = check_design(n=60, clusters=3, cut=CUT, missing=0.4)
    smallest = found.figure(names.REGISTRY_CR2, "smallest change found").estimate
    assert found.sentence.startswith(
        f"With 60 cases in 3 municipalities you can find a change of absence of "
        f"{100 * smallest:.1f} points or more in 8 of 10 studies"
    )
    assert str(found).startswith(found.sentence)
    assert "A paired t test finds a change in" in str(found)
    assert "effect" not in found.sentence


def test_without_registry_and_waiting_list_the_gap_baseline_speaks():
    found = check_design(n=40, clusters=4, cut=CUT, registry=0, waiting=0, replicates=200)
    assert names.GAP in found.sentence
    with pytest.raises(KeyError, match="no figure"):
        found.figure(names.REGISTRY_CR2, "bias")


@pytest.mark.parametrize("n", [3, 7, 10, 55])
def test_sizes_sum_and_none_is_empty(n):
    for shares in ([1, 1, 1], [1, 2, 100], [50, 1, 1]):
        sizes = in_proportion(n, np.array(shares))
        assert sizes.sum() == n
        assert sizes.min() >= 1
    assert case_sizes(30, 4).tolist() == [3, 6, 9, 12]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"clusters": 1}, DesignError, "With one cluster"),
        ({"clusters": [60]}, DesignError, "With one cluster"),
        ({"clusters": [10, 20]}, ValueError, "holds 30 cases, but n is 60"),
        ({"clusters": [60, 0]}, ValueError, "at least 1"),
        ({"clusters": 70}, DesignError, "60 pupils cannot fill 70 clusters"),
        ({"n": 9}, DesignError, "At least 10 cases"),
        ({"n": -1}, ValueError, "n must be a whole number"),
        ({"cut": 15}, ValueError, "Did you mean 0.15"),
        ({"cut": 0.99, "spells": None}, DesignError, "too few to"),
        ({"missing": 1.0}, ValueError, "missing must lie below 1"),
        ({"missing": 40}, ValueError, "Did you mean 0.4"),
        ({"registry": 20}, DesignError, "Give a larger registry, or 0"),
        ({"registry": -5}, ValueError, "registry must be a whole number"),
        ({"waiting": 2}, DesignError, "waiting list of 2 is too short"),
        ({"effect": -3}, ValueError, "Did you mean -0.03"),
        ({"effect": 0.0}, ValueError, "not 0"),
        ({"cluster_share": 1.0}, ValueError, "cluster_share must lie below 1"),
        ({"population": (0.8, -1)}, ValueError, "population must be two numbers above 0"),
        ({"spells": 0.0}, ValueError, "spells must be above 0"),
        ({"season": np.nan}, ValueError, "season must be a number"),
        ({"replicates": 10}, ValueError, "at least 100"),
        ({"conf_level": 95}, ValueError, "Did you mean 0.95"),
    ],
)
def test_wrong_designs_are_named(change, error, message):
    with pytest.raises(error, match=message):
        check_design(**{"n": 60, "clusters": 3, "cut": CUT, **change})
