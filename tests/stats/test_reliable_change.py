from __future__ import annotations

import math

import numpy as np
import pytest

from absence_risk.errors import DesignError
from absence_risk.stats.effect_size import EFFECT_SIZES, paired_effect_sizes
from absence_risk.stats.paired_tests import signed_rank_test
from absence_risk.stats.reliable_change import (
    Norms,
    clinical_cut_off,
    linear_rule,
    own_slopes,
    rule_cut,
)
from absence_risk.stats.share_interval import clustered_share

NORMS = Norms(sd=7.5, reliability=0.8, mean=50.0)


def test_the_worked_example_of_jacobson_and_truax_by_arithmetic() -> None:
    # S_E = 7.5 √.2 = 3.354, S_diff = √2 S_E = 4.743, change −15 → −3.16.
    found = linear_rule("JT", NORMS).index(np.array([47.5]), np.array([32.5]))
    assert found[0] == pytest.approx(-15 / (7.5 * math.sqrt(0.4)))


@pytest.mark.parametrize("rule", ["JT", "GLN", "HLL", "EN", "NK", "HA"])
def test_the_measure_at_the_cut_gives_the_cut(rule: str) -> None:
    norms = Norms(
        sd=2.0, reliability=0.8, mean=5.0, sd_post=2.1, reliability_post=0.75, mean_post=5.2,
        correlation=0.6,
    )  # fmt: skip
    line, before = linear_rule(rule, norms), np.linspace(0, 9, 7)
    at = line.after_at(rule_cut(rule), before)
    assert line.index(before, at) == pytest.approx(rule_cut(rule))
    assert line.after > 0


def test_a_rule_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="HLL needs the population's mean_post"):
        linear_rule("HLL", NORMS)
    with pytest.raises(DesignError, match="at least 3 measures"):
        linear_rule("HLM", NORMS)
    with pytest.raises(ValueError, match=r"reliability must be a proportion|strictly"):
        Norms(sd=1.0, reliability=1.0)
    with pytest.raises(ValueError, match="sd must be above 0"):
        Norms(sd=0.0, reliability=0.8)


def test_a_difference_without_reliability_is_refused() -> None:
    norms = Norms(
        sd=1.0, reliability=0.8, mean=0.0, sd_post=1.0, reliability_post=0.8, mean_post=0.0,
        correlation=0.8,
    )  # fmt: skip
    with pytest.raises(DesignError, match="difference is not positive"):
        linear_rule("HA", norms)


def test_cut_offs_mirror_with_the_direction() -> None:
    groups = {"clinical": (40.0, 6.0), "functional": (60.0, 9.0)}
    assert clinical_cut_off("a", **groups) == 52.0
    assert clinical_cut_off("b", **groups) == 42.0
    # c lies equally many own SD from both means.
    c = clinical_cut_off("c", **groups)
    assert (c - 40) / 6 == pytest.approx((60 - c) / 9)
    mirrored = clinical_cut_off(
        "b", clinical=(60.0, 6.0), functional=(40.0, 9.0), higher_is_better=False
    )
    assert mirrored == 58.0
    with pytest.raises(ValueError, match="functional population"):
        clinical_cut_off("b", clinical=(40.0, 6.0))


def test_slopes_need_three_waves() -> None:
    with pytest.raises(DesignError, match="at least 3 waves"):
        own_slopes(np.array([0.0, 1.0]), np.ones((3, 2)))
    with pytest.raises(DesignError, match="No pupil has 3"):
        own_slopes(np.arange(3.0), np.array([[1.0, 2.0, np.nan]]))


def test_the_slope_is_held_against_no_change_and_not_against_the_mean_slope() -> None:
    rng = np.random.default_rng(5)
    values = 3 + 0.5 * np.arange(4.0) + rng.normal(0, 0.2, (200, 4))
    index, _ = own_slopes(np.arange(4.0), values)
    assert (index > 1.96).mean() > 0.99  # everybody rises; against the mean slope it were 2.5 %


def test_effect_sizes_turn_with_the_sign_and_do_not_depend_on_units() -> None:
    rng = np.random.default_rng(2)
    before = rng.normal(size=30)
    after = 0.5 * before + rng.normal(0.3, 1, size=30)
    for interval in ("published", "bca"):
        one = paired_effect_sizes(before, after, interval=interval)
        other = paired_effect_sizes(-10 * before + 3, -10 * after + 3, interval=interval)
        assert [size.name for size in one] == list(EFFECT_SIZES)
        for a, b in zip(one, other, strict=True):
            assert a.estimate == pytest.approx(-b.estimate)
            assert a.low < a.estimate < a.high


def test_effect_sizes_need_variation_and_complete_pairs() -> None:
    assert paired_effect_sizes(np.arange(5.0), np.arange(5.0) + 1) == ()
    with pytest.raises(ValueError, match="complete pairs"):
        paired_effect_sizes(np.array([1.0, np.nan, 2]), np.arange(3.0))
    with pytest.raises(ValueError, match="at least 3"):
        paired_effect_sizes(np.arange(2.0), np.arange(2.0))


@pytest.mark.parametrize("name", ["d_z", "d_av", "d_rm", "d_b"])
def test_intervals_cover_the_true_effect_size(name: str) -> None:
    # Variances 1 and 1, correlation .6, mean change .4: d_av = d_b = .4 = d_z √(2 · .4) = d_rm.
    truth = 0.4 / math.sqrt(0.8) if name == "d_z" else 0.4
    rng = np.random.default_rng(7)
    hits, replicates = 0, 600
    for _ in range(replicates):
        shared = math.sqrt(0.6) * rng.normal(size=40)
        before, after = (shared + math.sqrt(0.4) * rng.normal(size=40) for _ in "ab")
        size = next(s for s in paired_effect_sizes(before, after + 0.4) if s.name == name)
        hits += size.low <= truth <= size.high
    # Monte-Carlo error of .95 at 600 replicates is .009; d_rm takes r as known and covers less.
    assert hits / replicates > (0.91 if name == "d_rm" else 0.923)


def test_small_samples_leave_the_centre_without_limits() -> None:
    found = signed_rank_test(np.array([0.1, 0.2, -0.3]))
    assert (found.low, found.high) == (None, None)


def test_shares_of_none_and_all_keep_an_interval() -> None:
    codes = np.repeat(np.arange(4), [3, 9, 5, 8])
    for value in (False, True):
        found = clustered_share(np.full(25, value), codes)
        assert 0 <= found.low < found.high <= 1
        assert found.high - found.low > 0.1
    with pytest.raises(ValueError, match="at least 2 clusters"):
        clustered_share(np.ones(4, dtype=bool), np.zeros(4, dtype=np.int64))


def test_clustered_interval_covers_with_five_municipalities() -> None:
    rng = np.random.default_rng(11)
    codes = np.repeat(np.arange(5), [34, 26, 20, 12, 8])
    hits, replicates = 0, 1_000
    for _ in range(replicates):
        p = rng.beta(0.4 * 19, 0.6 * 19, size=5)[codes]  # cluster share of variance .05
        found = clustered_share(rng.random(100) < p, codes)
        hits += found.low <= 0.4 <= found.high
    assert 0.93 < hits / replicates < 0.985  # Monte-Carlo error .007; pupils as independent: .80
