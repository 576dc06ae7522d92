from __future__ import annotations

import numpy as np
import pytest

from absence_risk.stats.null_responders import (
    absent_days,
    after_given_before,
    class_shares,
    days_law,
    selected_share,
    within_group,
)
from absence_risk.stats.reliable_change import Norms, linear_rule

# What the simulation of 0.32-0.52 million selected pupils found, in per cent: window, least days,
# spells, less, back under the cut, halved, reliable by population SD, reliable by SD of selected.
SIMULATED = [
    (20, 4, None, 68.3, 49.1, 38.1, 17.2, 33.5),
    (60, 9, None, 60.9, 30.5, 11.8, 15.6, 23.1),
    (200, 30, None, 56.8, 18.2, 0.6, 15.8, 19.2),
    (20, 4, 25.0, 74.5, 57.6, 52.0, 34.6, 34.6),
    (60, 9, 25.0, 71.8, 47.8, 38.8, 20.1, 26.3),
    (60, 12, 25.0, 75.4, 54.5, 38.7, 29.8, 35.5),
]


@pytest.mark.parametrize("row", SIMULATED, ids=lambda row: f"{row[0]}d-{row[1]}-{row[2]}")
def test_exact_shares_agree_with_simulation(row: tuple[float, ...]) -> None:
    window, least, within = int(row[0]), int(row[1]), row[2]
    joint = absent_days((window, window), mean=0.8 / 11.4, overdispersion=11.4, within=within)
    assert joint.sum() == pytest.approx(1.0, abs=1e-10)
    days = np.arange(window + 1)
    before, after = np.meshgrid(days, days, indexing="ij")
    chosen = days >= least
    first = joint.sum(axis=1)
    mean = first @ days
    sd = np.sqrt(first @ (days - mean) ** 2)
    r = (joint * (before - mean) * (after - mean)).sum() / sd**2
    taken = first * chosen / first[chosen].sum()
    sd_taken = np.sqrt(taken @ (days - taken @ days) ** 2)
    found = [after < before, after < least, 2 * after <= before]
    for spread in (sd, sd_taken):
        rule = linear_rule("JT", Norms(sd=spread, reliability=r))
        found.append(rule.index(before.astype(float), after.astype(float)) <= -1.96)
    for responds, simulated in zip(found, row[3:], strict=True):
        share = 100 * selected_share(joint, chosen, responds)
        # Two standard errors of 0.32 million pupils and the rounding of the table.
        assert share == pytest.approx(simulated, abs=0.25)


def test_binomial_days_have_the_closed_law() -> None:
    from scipy.stats import betabinom

    joint = absent_days((10, 15), mean=0.2, overdispersion=5.0)
    assert joint.sum(axis=1) == pytest.approx(betabinom.pmf(np.arange(11), 10, 1, 4), abs=1e-12)
    k, m = 7, 4
    posterior = betabinom.pmf(m, 15, 1 + k, 4 + 10 - k)
    assert joint[k, m] / joint[k].sum() == pytest.approx(posterior, rel=1e-9)


@pytest.mark.parametrize("rule", ["JT", "GLN", "EN", "NK"])
def test_normal_null_rates_agree_with_simulation(rule: str) -> None:
    norms = Norms(sd=0.7, reliability=0.8, mean=3.5, reliability_post=0.75, sd_post=0.72)
    rng = np.random.default_rng(3)
    size = 400_000
    true = rng.normal(size=size)
    before = 3.5 + 0.7 * (np.sqrt(0.8) * true + np.sqrt(0.2) * rng.normal(size=size))
    after = 3.5 + 0.72 * (np.sqrt(0.75) * true + np.sqrt(0.25) * rng.normal(size=size))
    chosen = before < 3.0
    line = linear_rule(rule, norms)
    simulated = (line.index(before[chosen], after[chosen]) >= 1.96).mean()
    law = after_given_before(norms)
    sample = before[chosen][:4_000]
    exact = class_shares(line.after_at(1.96, sample)[:, None], sample, law)[1]
    # Error of 96,000 simulated responses and of the 4,000 values before: below .002 each.
    assert exact == pytest.approx(simulated, abs=0.006)


@pytest.mark.parametrize("rule", ["JT", "GLN"])
def test_a_group_not_selected_on_the_scale_moves_to_its_own_mean(rule: str) -> None:
    norms = Norms(sd=0.7, reliability=0.8, mean=3.5)
    rng = np.random.default_rng(4)
    true = rng.normal(2.0, np.sqrt(0.36 - norms.error_sd**2), size=400_000)
    x, y = (true + rng.normal(0, norms.error_sd, size=400_000) for _ in "ab")
    line, sample = linear_rule(rule, norms), x[:20_000]
    limits = np.column_stack([line.after_at(cut, sample) for cut in (-1.96, 1.96)])
    law = after_given_before(within_group(norms, 2.0, 0.6))
    low, _, high = class_shares(limits, sample, law)
    index = line.index(x, y)
    # Error of 20,000 values before and 400,000 pairs: below .001.
    assert high == pytest.approx((index >= 1.96).mean(), abs=0.003)
    assert low == pytest.approx((index <= -1.96).mean(), abs=0.003)
    if rule == "JT":
        assert high == pytest.approx(0.025, abs=0.002)
    else:  # GLN expects a rise to the population's mean that does not come
        assert low > 4 * high


@pytest.mark.parametrize("within", [None, 25.0])
def test_the_law_of_days_is_found_from_mean_spread_and_reliability(within: float | None) -> None:
    joint = absent_days((60, 60), mean=0.07, overdispersion=11.4, within=within)
    share = np.arange(61) / 60
    first = joint.sum(axis=1)
    mean = first @ share
    variance = first @ (share - mean) ** 2
    r = (share - mean) @ joint @ (share - mean) / variance
    spread, spells = days_law(mean, np.sqrt(variance), r, 60)
    assert spread == pytest.approx(11.4, rel=1e-6)
    if within is None:
        assert spells is None
    else:
        assert spells == pytest.approx(25.0, rel=1e-6)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="days must be a whole number"):
        absent_days((0, 20), mean=0.07, overdispersion=11.0)
    with pytest.raises(ValueError, match="must be above 0"):
        absent_days((20, 20), mean=0.07, overdispersion=0.0)
    with pytest.raises(ValueError, match="needs the population's mean"):
        after_given_before(Norms(sd=1.0, reliability=0.8))
    with pytest.raises(ValueError, match="nobody is selected"):
        selected_share(np.ones((2, 2)) / 4, np.zeros(2, dtype=bool), np.ones((2, 2), dtype=bool))
