from __future__ import annotations

import math

import pytest

from absence_risk import check


@pytest.mark.parametrize("value", [0, 0.2, 1, 1.0])
def test_proportion_keeps_a_share(value):
    assert check.proportion(value, "threshold") == value
    assert isinstance(check.proportion(value, "threshold"), float)


@pytest.mark.parametrize("value", [-0.01, 1.01, 20, math.nan, math.inf, -math.inf, True])
def test_proportion_refuses_the_rest(value):
    with pytest.raises(ValueError, match="threshold must be a proportion between 0 and 1"):
        check.proportion(value, "threshold")


def test_proportion_suspects_per_cent():
    with pytest.raises(ValueError, match=r"got 20\. Did you mean 0\.2\?"):
        check.proportion(20, "threshold")
    for value in (101, -5, math.inf):
        with pytest.raises(ValueError, match=r"got") as error:
            check.proportion(value, "threshold")
        assert "Did you mean" not in str(error.value)


@pytest.mark.parametrize("value", [0, 1])
def test_probability_refuses_the_ends(value):
    with pytest.raises(ValueError, match="strictly between"):
        check.probability(value, "conf_level")


def test_probability_suspects_per_cent():
    with pytest.raises(ValueError, match=r"Did you mean 0\.95"):
        check.probability(95, "conf_level")


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_positive_int_refuses(value):
    with pytest.raises(ValueError, match="weeks must be a whole number of at least 1"):
        check.positive_int(value, "weeks")


def test_positive_int_takes_whole_floats():
    assert check.positive_int(4.0, "weeks") == 4
    assert isinstance(check.positive_int(4.0, "weeks"), int)


def test_seed_starts_at_zero():
    assert check.seed(0) == 0
    for value in (-1, 0.5, False):
        with pytest.raises(ValueError, match="random_state must be"):
            check.seed(value)


def test_choice_offers_the_nearest_word():
    with pytest.raises(ValueError, match="Did you mean 'month'"):
        check.choice("moth", ["week", "month"], "period")
    with pytest.raises(ValueError, match="period must be one of week, month, got 'xyzzy'") as error:
        check.choice("xyzzy", ["week", "month"], "period")
    assert "Did you mean" not in str(error.value)


def test_columns_names_all_missing_ones_at_once():
    check.columns(["a", "b"], ["b"], "panel")
    with pytest.raises(ValueError, match="panel lacks the columns") as error:
        check.columns(["pupil_id", "date"], ["pupil_key", "grade", "date"], "panel")
    assert "'pupil_key' (nearest: 'pupil_id')" in str(error.value)
    assert "'grade'" in str(error.value)


def test_nearest_finds_none_where_nothing_is_near():
    assert check.nearest("grade", ["pupil_key", "date"]) is None
