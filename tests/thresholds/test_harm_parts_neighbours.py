"""Valid and invalid absence apart, slopes beside the threshold, flexible shapes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.errors import DesignError
from absence_risk.thresholds import harm_evidence
from absence_risk.thresholds.flexible import fit_monotone, fit_penalised_shape
from absence_risk.thresholds.neighbours import neighbour_slopes, neighbour_words
from absence_risk.thresholds.parts import parts_table, parts_words
from absence_risk.thresholds.reading import read_sample


def two_parts(n=1000, seed=1, valid=-30.0, invalid=-75.0, schools=25):
    rng = np.random.default_rng(seed)
    v, u = rng.beta(1.2, 12, n), rng.beta(0.6, 14, n)
    school = rng.integers(0, schools, n)
    y = 200 + valid * v + invalid * u + 2 * rng.normal(size=schools)[school]
    y = y + 8 * rng.normal(size=n)
    frame = {"absence": v + u, "valid": v, "invalid": u, "points": y, "school": school}
    return pd.DataFrame(frame)[lambda d: d["absence"] < 1]


def rows(frame, **more):
    arguments = {"outcome": "points", "exposure": "absence", "covariates": (), "cluster": None}
    return read_sample(frame, **(arguments | {"at": 0.2, "linear_probability": False} | more))


def weigh(frame, **more):
    arguments = {"outcome": "points", "exposure": "absence", "replicates": 19, "folds": 0}
    return harm_evidence(frame, **(arguments | more))


def test_slopes_of_the_parts_cover_the_truth():
    # 300 data sets, nominal .95: Monte-Carlo error .013.
    hits = np.zeros(4)
    for seed in range(300):
        sample = rows(two_parts(seed=[7, seed]), parts=("valid", "invalid"), cluster="school")
        table = parts_table(sample, sample.parts, 0.95)
        truth = (-3.0, -7.5, -4.5, 2.5)
        hits += [row.covers(value) for row, value in zip(table.rows, truth, strict=True)]
    assert hits / 300 == pytest.approx(np.full(4, 0.95), abs=0.04)


def test_slopes_of_the_parts_agree_with_statsmodels():
    import statsmodels.api as sm

    frame = two_parts()
    sample = rows(frame, parts=("valid", "invalid"), cluster="school")
    table = parts_table(sample, sample.parts, 0.95)
    peer = sm.OLS(frame["points"], sm.add_constant(frame[["valid", "invalid"]])).fit(
        cov_type="cluster", cov_kwds={"groups": frame["school"]}, use_t=True
    )
    for row, name in zip(table.rows, ("valid", "invalid"), strict=False):
        assert row.estimate == pytest.approx(peer.params[name] / 10, rel=1e-9)
        assert row.std_error == pytest.approx(peer.bse[name] / 10, rel=1e-9)


def test_the_parts_stand_in_table_and_sentence():
    found = weigh(two_parts(n=3000), parts=("valid", "invalid"))
    assert [row.term for row in found.table("parts").rows][2] == "invalid minus valid"
    assert "the two differ" in found.verdict.sentence
    same = weigh(two_parts(valid=-50, invalid=-50), parts=("valid", "invalid"))
    assert "cannot be told apart" in same.verdict.sentence
    assert parts_words(same.table("parts")) in same.verdict.sentence


def test_a_given_weight_makes_the_weighted_sum_straight():
    # Slopes −30 and −75 are one line in valid + 2.5 × invalid: slope −3 per 10 points.
    frame = two_parts(n=3000).assign(
        valid=lambda d: d["valid"] / 3, invalid=lambda d: d["invalid"] / 3
    )
    frame["absence"] = frame["valid"] + frame["invalid"]
    found = weigh(frame, parts=("valid", "invalid"), invalid_weight=2.5)
    slope = {row.term: row for row in found.table("slopes").rows}["slope of one straight line"]
    assert slope.covers(-9.0)
    plain = weigh(frame, parts=("valid", "invalid"))
    assert plain.estimate == weigh(frame).estimate
    assert plain.table("parts") == found.table("parts")


def test_fieller_has_no_ends_where_valid_absence_does_nothing():
    sample = rows(two_parts(valid=0.0), parts=("valid", "invalid"))
    ratio = parts_table(sample, sample.parts, 0.95).rows[3]
    assert (ratio.conf_low, ratio.conf_high) == (None, None)


@pytest.mark.parametrize(
    ("change", "more", "error", "match"),
    [
        ({"valid": lambda d: d["valid"] * 0.5}, {}, ValueError, "do not add up to 'absence'"),
        ({"invalid": lambda d: -d["invalid"]}, {}, ValueError, "invalid must be a proportion"),
        ({}, {"invalid_weight": -1}, ValueError, "at least 0"),
        ({}, {"invalid_weight": 9}, ValueError, "exceed 1"),
        (
            {"invalid": 0.01, "absence": lambda d: d["valid"] + 0.01},
            {},
            DesignError,
            "cannot be told apart",
        ),
    ],
)
def test_parts_that_cannot_be(change, more, error, match):
    with pytest.raises(error, match=match):
        weigh(two_parts().assign(**change), parts=("valid", "invalid"), **more)


def bent(change, n, seed=2):
    rng = np.random.default_rng(seed)
    x = rng.beta(1.2, 8, n)
    y = -40 * x + change * np.maximum(x - 0.2, 0) + 8 * rng.normal(size=n)
    return pd.DataFrame({"absence": x, "points": y})


def test_slopes_beside_the_threshold_differ_are_equal_or_stay_open():
    told = {"differ": (-200, 20_000), "are equal within": (0, 40_000), "stays open": (0, 2_000)}
    for words, (change, n) in told.items():
        near = neighbour_slopes(rows(bent(change, n)), at=0.2, bound=3.0, conf_level=0.95)
        assert words in neighbour_words(near, bound=3.0, level=0.05)
        assert near[2].estimate == pytest.approx(near[1].estimate - near[0].estimate)
        assert near[2].covers(change / 10)
    assert near[0].term == "slope 15–20 %"


def test_the_interval_and_the_equivalence_test_keep_their_level():
    # Truth: difference −4, right at the bound, so equivalence may be claimed in 5 %.
    # 400 data sets: Monte-Carlo error .011 for both figures.
    covered = claimed = 0
    for seed in range(400):
        near = neighbour_slopes(
            rows(bent(-40, 8000, [3, seed])), at=0.2, bound=4.0, conf_level=0.95
        )
        covered += near[2].covers(-4.0)
        claimed += near[3].p_value <= 0.05
        inner = near[3].conf_low >= -4 and near[3].conf_high <= 4
        assert inner == (near[3].p_value <= 0.05)
    assert covered / 400 == pytest.approx(0.95, abs=0.033)
    assert claimed / 400 <= 0.05 + 0.033


def test_few_pupils_near_the_threshold_are_not_compared():
    found = weigh(bent(0, 60))
    assert any("Too few pupils lie within 5 points" in why for why in found.verdict.reasons)


def test_monotone_is_isotonic_regression_and_covariates_join_it_at_the_optimum():
    from scipy.optimize import minimize
    from sklearn.isotonic import IsotonicRegression

    frame = bent(-60, 300).assign(prior=lambda d: np.sin(40 * d["absence"]))
    plain = fit_monotone(rows(frame), rising=False)
    peer = IsotonicRegression(increasing=False).fit(frame["absence"], frame["points"])
    assert plain.at(frame["absence"].to_numpy()) == pytest.approx(peer.predict(frame["absence"]))
    frame["points"] += 5 * frame["prior"]

    def ssr(slope):
        left = frame["points"] - slope[0] * frame["prior"]
        curve = IsotonicRegression(increasing=False).fit(frame["absence"], left)
        return float(((left - curve.predict(frame["absence"])) ** 2).sum())

    best = minimize(ssr, [5.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8})
    both = fit_monotone(rows(frame, covariates=("prior",)), rising=False)
    assert both.ssr == pytest.approx(best.fun, rel=1e-5)


def test_levels_of_pupils_are_taken_out_of_flexible_shapes():
    rng = np.random.default_rng(4)
    frame = bent(-60, 600).assign(pupil=np.repeat(np.arange(100), 6))
    shifted = frame.assign(points=frame["points"] + 50 * rng.normal(size=100)[frame["pupil"]])
    for fit in (fit_penalised_shape, lambda sample: fit_monotone(sample, rising=False)):
        one, two = (fit(rows(data, pupil="pupil")) for data in (frame, shifted))
        assert two.ssr == pytest.approx(one.ssr, rel=1e-5)
        assert two.n_params == pytest.approx(one.n_params, abs=0.5)


def test_flexible_shapes_enter_the_scores_and_the_weights():
    found = weigh(bent(-150, 2000), folds=5)
    scores = {r.term: r for r in found.table("scores").rows if r.group != "BIC weight"}
    assert {"penalised spline", "monotone", "rounded", "kink and step"} <= set(scores)
    assert scores["penalised spline"].estimate > 3 * scores["penalised spline"].std_error
    assert scores["monotone"].std_error > 0
    weights = {r.term: r.estimate for r in found.table("scores").rows if r.group == "BIC weight"}
    assert set(weights) == set(scores)
    assert sum(weights.values()) == pytest.approx(1)
