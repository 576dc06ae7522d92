"""Questions that the data cannot answer are refused with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.thresholds import harm_evidence


def frame(n=200):
    rng = np.random.default_rng(1)
    x = rng.beta(1.2, 8, n)
    return pd.DataFrame(
        {
            "absence": x,
            "points": 200 - 50 * x + rng.normal(size=n),
            "passed": rng.random(n) < 0.8,
            "school": rng.integers(0, 6, n),
            "name": [f"p{k}" for k in range(n)],
        }
    )


def weigh(data, **more):
    arguments = {"outcome": "points", "exposure": "absence", "replicates": 19}
    return harm_evidence(data, **(arguments | more))


def test_per_cent_instead_of_shares():
    data = frame()
    data["absence"] = (100 * data["absence"]).clip(upper=20)
    with pytest.raises(ValueError, match=r"got 20\. Did you mean 0\.2\?"):
        weigh(data)
    with pytest.raises(ValueError, match=r"at must be .* got 20\. Did you mean 0\.2\?"):
        weigh(frame(), at=20)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"points": 200.0}, "same value in all complete rows"),
        ({"absence": lambda d: d["absence"].clip(upper=0.2)}, "No pupil lies beyond 0.2"),
        ({"absence": lambda d: 0.2 + d["absence"] / 2}, "No pupil lies below 0.2"),
        ({"absence": lambda d: d["absence"].gt(0.2) * 0.3}, "2 distinct values"),
        ({"points": lambda d: 3 - 2 * d["absence"]}, "without any error"),
        ({"points": np.nan}, "same value in all complete rows"),
    ],
)
def test_data_that_cannot_answer(change, match):
    with pytest.raises(DesignError, match=match):
        weigh(frame().assign(**change))


def test_one_school_gives_no_interval():
    with pytest.raises(DesignError, match="at least 2 clusters"):
        weigh(frame().assign(school=1), cluster="school")


def test_two_values_only_as_a_linear_probability_model():
    with pytest.raises(DesignError, match="linear_probability=True"):
        weigh(frame(), outcome="passed")
    found = weigh(frame(), outcome="passed", linear_probability=True)
    assert found.method.startswith("linear probability model")
    assert "difference in probability" in found.estimand.unit


def test_a_covariate_with_a_level_per_pupil():
    with pytest.raises(DesignError, match="too many to adjust for"):
        weigh(frame(), covariates=("name",))


def test_a_covariate_that_is_the_exposure():
    data = frame().assign(same=lambda d: 2 * d["absence"] + 1)
    with pytest.raises(DesignError, match="leave nothing of the exposure"):
        weigh(data, covariates=("same",))


def test_constant_and_repeated_covariates_do_no_harm():
    data = frame().assign(one=1.0, again=lambda d: d["school"] * 3.0)
    plain = weigh(data, covariates=("school",))
    more = weigh(data, covariates=("school", "again", "one"))
    assert more.estimate.estimate == pytest.approx(plain.estimate.estimate, rel=1e-8)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"outcome": "point"}, "nearest: 'points'"),
        ({"outcome": "name"}, "must be numeric"),
        ({"replicates": 9}, "at least 19"),
        ({"margin": 0}, "margin must be above 0"),
        ({"trim": 0.5}, "trim must lie in"),
        ({"conf_level": 95}, "Did you mean 0.95"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_bad_arguments(more, match):
    with pytest.raises(ValueError, match=match):
        weigh(frame(), **more)


def test_no_message_tells_a_single_pupils_value():
    data = frame()
    data["absence"] = data["absence"].clip(upper=0.2)
    data.loc[0, "absence"] = 0.187654
    with pytest.raises(DesignError) as refused:
        weigh(data, at=0.5)
    assert "0.18" not in str(refused.value)
