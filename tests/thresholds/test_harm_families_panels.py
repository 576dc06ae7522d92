"""Harm evidence for events, counts, panels with pupil levels, and steps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.thresholds import harm_evidence
from absence_risk.thresholds.wording import set_words


def weigh(frame, **more):
    arguments = {"outcome": "harm", "exposure": "absence", "replicates": 99}
    return harm_evidence(frame, **(arguments | more))


def shape(result):
    return result.verdict.reasons[0].removeprefix("Shape: ")


def events(change, family, n=20_000, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.beta(1.2, 8, n)
    eta = -1.5 + 2 * x + change * np.maximum(x - 0.2, 0)
    if family == "binomial":
        y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    else:
        y = rng.poisson(np.exp(eta)).astype(float)
    return pd.DataFrame({"absence": x, "harm": y, "prior": rng.normal(size=n)})


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_a_kink_on_the_scale_of_the_link_is_found_and_a_line_is_not_one(family):
    bent = weigh(events(14, family), family=family, covariates=("prior",))
    assert shape(bent).startswith("kink in")
    assert bent.verdict.answer == "supported"
    straight = weigh(events(0, family, seed=2), family=family)
    assert shape(straight) in {"linear.", "undecidable."}


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_slopes_agree_with_a_regression_bent_at_20(family):
    import statsmodels.api as sm

    frame = events(5, family, n=6000)
    found = weigh(frame, family=family)
    x = frame["absence"].to_numpy()
    matrix = np.column_stack([np.ones_like(x), x, np.maximum(x - 0.2, 0)])
    kind = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
    peer = sm.GLM(frame["harm"].to_numpy(), matrix, family=kind).fit()
    # One Newton step from the spline, not the full fit: equal to a tenth of a standard error.
    assert found.estimate.estimate == pytest.approx(peer.params[2] / 10, abs=0.1 * peer.bse[2] / 10)
    assert found.estimate.std_error == pytest.approx(peer.bse[2] / 10, rel=0.1)
    curve = [r for r in found.table("dose_response").rows if r.group == "spline"]
    assert all(0 <= r.conf_low <= r.estimate <= r.conf_high for r in curve)


def panel(change, n=900, periods=6, seed=3):
    rng = np.random.default_rng(seed)
    pupil = np.repeat(np.arange(n), periods)
    level = rng.normal(size=n)
    x = np.clip(rng.beta(1.2, 8, n * periods) + 0.03 * level[pupil], 0, 1)
    # Pupils with a high level are absent more: without their levels the slope is far off.
    y = 10 * level[pupil] - 20 * x + change * np.maximum(x - 0.2, 0)
    y = y + 4 * rng.normal(size=n * periods)
    return pd.DataFrame({"absence": x, "harm": y, "pupil": pupil, "school": pupil % 30})


def test_pupil_levels_are_taken_out_of_every_shape():
    frame = panel(-120)
    found = weigh(frame, pupil="pupil")
    assert shape(found).startswith("kink in")
    assert found.table("break_location").rows[0].estimate == pytest.approx(0.2, abs=0.02)
    assert found.estimate.estimate == pytest.approx(-12, abs=4 * found.estimate.std_error)
    assert "within pupils" in found.method
    straight = weigh(panel(0), pupil="pupil")
    assert not shape(straight).startswith(("kink", "step"))
    slope = {r.term: r for r in straight.table("slopes").rows}["slope of one straight line"]
    assert slope.covers(-2.0)


def test_within_slopes_equal_indicators():
    frame = panel(-60, n=40)
    within = weigh(frame, pupil="pupil", trim=0.03)
    dummies = weigh(
        frame.assign(label=lambda d: "p" + d["pupil"].astype(str)),
        covariates=("label",),
        cluster="pupil",
        trim=0.03,
    )
    assert within.estimate.estimate == pytest.approx(dummies.estimate.estimate, rel=1e-8)
    assert within.table("break_location").rows[0].estimate == pytest.approx(
        dummies.table("break_location").rows[0].estimate, abs=1e-7
    )
    ours, theirs = (
        {r.term: r.statistic for r in result.table("candidates").rows if r.statistic is not None}
        for result in (within, dummies)
    )
    for name, value in ours.items():
        assert value == pytest.approx(theirs[name], rel=1e-5, abs=1e-5)


def test_a_jump_is_called_a_step():
    rng = np.random.default_rng(4)
    x = rng.beta(1.2, 8, 6000)
    frame = pd.DataFrame(
        {"absence": x, "harm": -20 * x - 6 * (x > 0.2) + 8 * rng.normal(size=6000)}
    )
    found = weigh(frame)
    assert shape(found).startswith("step in")
    assert found.verdict.answer == "supported"
    assert "jumps by" in found.verdict.sentence
    elsewhere = weigh(frame, at=0.1)
    assert elsewhere.verdict.answer == "not supported"


def test_a_set_of_many_slivers_is_told_as_its_range():
    rng = np.random.default_rng(1)
    x = rng.beta(1.2, 8, 4000)
    frame = pd.DataFrame({"absence": x, "harm": 200 - 40 * x + 30 * rng.normal(size=4000)})
    table = weigh(frame, folds=0).table("break_location")
    parts = [row for row in table.rows if row.term.startswith("set of the step, part")]
    ends = np.array([(row.conf_low, row.conf_high) for row in parts])
    assert len(parts) > 3  # The table keeps them all, inside the range of the row before.
    step = next(row for row in table.rows if row.term == "step")
    assert ends[0, 0] <= step.conf_low < ends[0, 0] + 0.001
    assert ends[-1, 1] - 0.001 < step.conf_high <= ends[-1, 1]
    assert (ends[1:, 0] > ends[:-1, 1]).all()
    words = set_words(ends)
    assert words.endswith(f" %] in {len(parts)} pieces")
    assert words.count("[") == 1
    assert set_words(ends[:3]).count(" or ") == 2


def test_scores_prefer_the_true_shape():
    rng = np.random.default_rng(5)
    x = rng.beta(1.2, 8, 4000)
    y = -20 * x - 150 * np.maximum(x - 0.2, 0) + 8 * rng.normal(size=4000)
    rows = weigh(pd.DataFrame({"absence": x, "harm": y})).table("scores").rows
    scores = {r.term: r for r in rows if r.group == "log score beside the line"}
    weights = {r.term: r.estimate for r in rows if r.group == "BIC weight"}
    assert scores["linear"].estimate == 0
    assert scores["kink"].estimate > 3 * scores["kink"].std_error > 0
    assert scores["none"].estimate < 0
    assert sum(weights.values()) == pytest.approx(1)
    assert max(weights, key=weights.get) == "kink"


@pytest.mark.parametrize(
    ("change", "more", "match"),
    [
        ({"harm": 0.0}, {"family": "binomial"}, "no events"),
        ({"harm": 1.0}, {"family": "binomial"}, "everybody"),
        ({"harm": lambda d: d["harm"] + 0.5}, {"family": "binomial"}, "must be 0 or 1"),
        ({"harm": lambda d: d["harm"] + 0.5}, {"family": "poisson"}, "must be counts"),
        (
            {"harm": lambda d: d["prior"], "pupil": lambda d: range(len(d))},
            {"pupil": "pupil"},
            "nothing to compare",
        ),
    ],
)
def test_outcomes_that_cannot_be(change, more, match):
    frame = events(0, "binomial", n=300).assign(**change)
    with pytest.raises(DesignError, match=match):
        weigh(frame, **more)


def test_pupils_must_lie_within_clusters():
    frame = panel(0, n=50).assign(term=lambda d: np.arange(len(d)) % 6)
    with pytest.raises(DesignError, match="several values of 'term'"):
        weigh(frame, pupil="pupil", cluster="term")
    with pytest.raises(ValueError, match="continuous outcome"):
        weigh(frame, pupil="pupil", family="binomial")
    assert weigh(frame, pupil="pupil", cluster="school").n == 300
