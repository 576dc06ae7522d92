from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from absence_risk.register.identity import looks_like_identity
from absence_risk.synthetic.counter import (
    Purpose,
    lanes,
    normal,
    permuted_keys,
    uniform,
    uniform_by_lesson,
)

LANE = lanes(7, np.arange(20_000))


@pytest.mark.parametrize(
    ("purpose", "day", "lesson"),
    [
        (Purpose.ILLNESS, 0, 0),
        (Purpose.ILLNESS, 1, 0),
        (Purpose.SKIP, 100, 6),
        (Purpose.HARM, 0, 0),
    ],
)
def test_draws_are_uniform(purpose, day, lesson):
    draw = uniform(LANE, purpose, day, lesson)
    assert draw.dtype == np.float64
    assert draw.min() > 0
    assert draw.max() < 1
    # fixed seeds; a p below 0.001 would come once in a thousand right generators
    assert stats.kstest(draw, "uniform").pvalue > 0.001
    assert stats.kstest(draw[1:] - draw[:-1], stats.triang(0.5, -1, 2).cdf).pvalue > 0.001


def test_neighbouring_addresses_are_unrelated():
    draws = [
        uniform(LANE, purpose, day, lesson)
        for purpose, day, lesson in itertools.product(
            (Purpose.ILLNESS, Purpose.LEAVE), (0, 1), (0, 1)
        )
    ]
    found = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    # 28 correlations with SD 1/sqrt(20,000) = 0.0071 each: 4 SD
    assert np.abs(found).max() < 4 / np.sqrt(len(LANE))


def test_purpose_day_lesson_and_pupil_never_share_a_draw():
    some = lanes(3, np.arange(300))
    cells = itertools.product((Purpose.SKIP, Purpose.LABEL, Purpose.ITEM), range(40), range(8))
    draws = np.concatenate([uniform(some, *cell) for cell in cells])
    assert len(np.unique(draws)) == len(draws)


def test_a_draw_depends_on_the_pupil_not_on_its_place():
    order = np.random.default_rng(0).permutation(20_000)
    shuffled = uniform(lanes(7, order), Purpose.GRADE, 3)
    np.testing.assert_array_equal(shuffled, uniform(LANE, Purpose.GRADE, 3)[order])


def test_seeds_differ_and_repeat():
    first, again, other = (uniform(lanes(s, np.arange(50)), Purpose.GRADE) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()


def test_normals_have_normal_moments():
    draw = normal(LANE, Purpose.PROPENSITY)
    n = len(draw)
    # standard errors: 1/√n, √(2/n), √(6/n), √(24/n)
    assert abs(draw.mean()) < 4 / np.sqrt(n)
    assert abs(draw.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(stats.skew(draw)) < 4 * np.sqrt(6 / n)
    assert abs(stats.kurtosis(draw)) < 4 * np.sqrt(24 / n)


def test_keys_are_a_permutation_unrelated_to_order():
    keys = permuted_keys(5, "pupil", np.arange(100_000))
    assert keys.dtype == np.uint32
    assert len(np.unique(keys)) == 100_000
    assert keys.min() >= 2**28
    rank = stats.spearmanr(np.arange(100_000), keys).statistic
    assert abs(rank) < 4 / np.sqrt(100_000)


def test_keys_differ_between_domains_and_seeds():
    index = np.arange(20_000)
    base = permuted_keys(5, "pupil", index)
    for other in (permuted_keys(5, "case", index), permuted_keys(6, "pupil", index)):
        assert (base != other).mean() > 0.999


def test_no_key_can_be_read_as_an_identity_number():
    keys = permuted_keys(5, "pupil", np.arange(2_000))
    assert not any(looks_like_identity([key] * 30) for key in keys.tolist())


@pytest.mark.parametrize("index", [[-1], [87_000_000]])
def test_indices_without_a_key_are_refused(index):
    with pytest.raises(ValueError, match="between 0 and 86999999"):
        permuted_keys(1, "pupil", index)


def test_draws_by_lesson_are_the_single_draws():
    lane = lanes(4, np.arange(200))
    together = uniform_by_lesson(lane, Purpose.SKIP, 17, 6)
    for lesson in range(6):
        np.testing.assert_array_equal(together[lesson], uniform(lane, Purpose.SKIP, 17, lesson))
    assert uniform_by_lesson(lane[:0], Purpose.SKIP, 17, 6).shape == (6, 0)


def test_uniform_numbers_are_the_middles_of_small_cells():
    cells = uniform(lanes(4, np.arange(10_000)), Purpose.SKIP) * 2.0**52 - 0.5
    np.testing.assert_array_equal(cells, np.floor(cells))
    assert cells.min() >= 0
    assert cells.max() < 2**52
