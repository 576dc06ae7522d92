"""Other names, units, orders and kinds of column give the same answer, bit for bit where drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.evaluation import (
    MI,
    Likert,
    Population,
    PrePost,
    Rate,
    ReliableChange,
    Selected,
    ancova,
    baseline_equivalence,
    difference_in_differences,
    event_curve,
    matched_comparison,
    staggered_difference_in_differences,
)

DRAWN = MI(m=8, random_state=3)
ARMS = {"pre": "before", "post": "after", "treated": "treated", "same_rule": True, "cluster": "m"}


def pupils(seed: int, first: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    before = rng.uniform(0.2, 0.4, n).round(3)
    return pd.DataFrame(
        {
            "pupil_key": np.arange(first, first + n),
            "m": np.arange(n) % 6,
            "treated": np.arange(n) % 4 < 2,
            "before": before,
            "after": np.clip(0.05 + 0.6 * before + rng.normal(0, 0.05, n), 0, 1),
            "wb0": np.clip(rng.normal(2.5, 0.7, n).round(), 1, 5),
            "wb1": np.where(
                rng.random(n) < 0.35, np.nan, np.clip(rng.normal(3, 0.7, n).round(), 1, 5)
            ),
        }
    )


CASES, REGISTRY = pupils(1, 0, 60), pupils(2, 1_000, 400)


def study(cases: pd.DataFrame = CASES, registry: pd.DataFrame | None = REGISTRY) -> PrePost:
    return PrePost(
        cases,
        outcomes={
            "absence": Rate(pre="before", post="after"),
            "wellbeing": Likert(
                pre="wb0", post="wb1", low=1, high=5, reliability=0.8,
                population=Population(mean=0.5, sd=0.8),
            ),
        },
        cluster="m",
        selection=Selected("absence", at_least=0.2),
        registry=registry,
    )  # fmt: skip


def answers(asked: PrePost) -> tuple[float | None, ...]:
    """Numbers with and without draws."""
    change = asked.change("absence").beyond
    drawn = asked.change("wellbeing", missing=DRAWN).beyond
    return (change.estimate, change.std_error, change.conf_low, drawn.estimate, drawn.std_error)


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(m=frame["m"].map(dict(enumerate("xbzaqk"))))


SAME = {
    "rows in another order": lambda f: f.sample(frac=1, random_state=1),
    "one index for all rows": lambda f: f.set_index(pd.Index([7] * len(f))),
    "pandas' own kinds of column": lambda f: f.convert_dtypes(),
    "clusters by other names": renamed,
    "clusters as categories": lambda f: f.assign(m=renamed(f)["m"].astype("category")),
    "clusters in reverse": lambda f: f.assign(m=-f["m"]),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME.keys())
def test_the_answer_is_the_same_to_the_last_digit(change):
    assert answers(study(change(CASES), change(REGISTRY))) == answers(study())


@pytest.mark.parametrize("run", [difference_in_differences, ancova, matched_comparison])
def test_units_and_direction_only_change_units_and_direction(run):
    one = run(REGISTRY, **ARMS).beyond
    level = {"before": REGISTRY["before"] * 50 + 9, "after": REGISTRY["after"] * 50 + 9}
    other = run(REGISTRY.assign(**level), **ARMS).beyond
    assert other.estimate == pytest.approx(50 * one.estimate, rel=1e-9)
    assert other.std_error == pytest.approx(50 * one.std_error, rel=1e-9)
    mirrored = REGISTRY.assign(before=-REGISTRY["before"], after=-REGISTRY["after"])
    turned = run(mirrored, **ARMS, better="higher")
    assert turned.beyond.estimate == pytest.approx(-one.estimate, rel=1e-9)
    assert turned.verdict.answer == run(REGISTRY, **ARMS).verdict.answer


def test_keys_that_are_categories_find_their_own_rows():
    rng = np.random.default_rng(1)
    panel = pd.DataFrame([(i, t) for i in range(60) for t in range(8)], columns=["pupil_key", "t"])
    panel["start"] = panel["pupil_key"].map(lambda i: (np.nan, 4.0, 6.0)[i % 3])
    panel["y"] = rng.normal(size=len(panel)) + panel["pupil_key"] % 7
    words = {"outcome": "y", "time": "t", "start": "start", "same_rule": True}
    names = [f"p{i:02d}" for i in range(60)]
    key = pd.Categorical([names[i] for i in panel["pupil_key"]], categories=names[::-1])
    one = staggered_difference_in_differences(panel, **words).beyond
    other = staggered_difference_in_differences(panel.assign(pupil_key=key), **words).beyond
    assert (one.estimate, one.std_error) == (other.estimate, other.std_error)


def test_who_is_treated_may_be_said_by_numbers():
    x, who = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([0, 1, 0, 1])
    assert baseline_equivalence(x, ["age"], who) == baseline_equivalence(x, ["age"], who == 1)
    for wrong in ([0, 2, 0, 1], [[0, 1, 0, 1]], ["no", "yes", "no", "yes"]):
        with pytest.raises(ValueError, match="true or false"):
            baseline_equivalence(x, ["age"], np.array(wrong))
    with pytest.raises(ValueError, match="at least 2 rows"):
        baseline_equivalence(x, ["age"], np.array([0, 0, 0, 1]))
    with pytest.raises(ValueError, match="table of 4 rows and 2 columns"):
        baseline_equivalence(x, ["age", "grade"], who)


def test_months_may_be_numbers_of_any_kind():
    months = pd.DataFrame({"month": np.repeat([-2, 1], 8), "absence_rate": np.arange(16) / 20})
    one = event_curve(months)
    assert event_curve(months.assign(month=months["month"].astype(float))) == one
    assert event_curve(months.convert_dtypes()) == one
    with pytest.raises(ValueError, match="whole months"):
        event_curve(months.assign(month=months["month"] + 0.5))


def test_a_population_mean_of_zero_is_a_mean():
    told = ReliableChange("GLN", mean=0.0, sd=0.8, reliability=0.8)
    none = [row.estimate for row in study().responders("wellbeing", rule=told).rows]
    near = ReliableChange("GLN", mean=1e-9, sd=0.8, reliability=0.8)
    assert none == [row.estimate for row in study().responders("wellbeing", rule=near).rows]
