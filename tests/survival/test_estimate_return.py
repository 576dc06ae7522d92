"""Claim 3 as a whole: recovery, verdicts, refusals, tables."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from absence_risk.errors import DesignError
from absence_risk.result import TIDY_COLUMNS, Estimate
from absence_risk.survival import cumulative_incidence, estimate_return
from absence_risk.survival.balance import standardised_difference
from absence_risk.survival.severity import BAND_EDGES, make_bands
from absence_risk.survival.verdict import decide

HAZARD = np.array([0.12, 0.09, 0.06, 0.04, 0.03])


def by_band(severity, factor=1.0):
    """Weekly hazard of return that depends on the band of earlier absence only."""
    return factor * HAZARD[np.searchsorted(BAND_EDGES, severity, side="right")]


@pytest.fixture
def groups(simulate_history):
    def make(seed, n=80, m=800, factor=1.0, others=0.02, **more):
        rng = np.random.default_rng(seed)
        of_case, of_other = rng.beta(4, 4, n), rng.beta(2, 6, m)
        case = simulate_history(
            rng, n, hazard=by_band(of_case, factor), severity=of_case, others=others, **more
        )
        untreated = simulate_history(
            rng, m, hazard=by_band(of_other), severity=of_other, first=10**6, **more
        )
        return case, untreated

    return make


@pytest.fixture
def result(groups):
    return estimate_return(*groups(1, n=150), replicates=200)


@pytest.mark.parametrize("cluster", ["school_key", "pupil_key"])
def test_groups_that_differ_only_by_earlier_absence_do_not_differ_beyond_it(groups, cluster):
    gaps, errors, alarms = [], [], 0
    for seed in range(150):
        got = estimate_return(
            *groups(seed, others=0.0), replicates=150, random_state=seed, cluster=cluster
        ).beyond
        gaps.append(got.estimate)
        errors.append(got.std_error)
        alarms += not got.covers(0.0)
    # 150 data sets with a standard deviation of about .065: Monte-Carlo error of the mean .0053.
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / np.sqrt(150)
    # A rate of .05 has a Monte-Carlo error of .018 here: three of these above it.
    assert alarms / 150 < 0.105
    # The bootstrap error is that of the estimate; the spread of 150 is known to 6 %.
    assert np.mean(errors) == pytest.approx(np.std(gaps), rel=0.2)


def test_without_standardisation_the_same_groups_differ(groups):
    gaps = []
    for seed in range(40):
        case, untreated = groups(seed, others=0.0)
        case["severity"] = untreated["severity"] = np.nan
        got = estimate_return(case, untreated, replicates=2)
        assert any("not standardised" in reason for reason in got.verdict.reasons)
        gaps.append(got.beyond.estimate)
    assert np.mean(gaps) < -0.08


def test_a_team_that_doubles_the_chance_of_return_is_supported(groups):
    got = estimate_return(*groups(3, n=300, factor=2.5), replicates=300)
    assert got.verdict.answer == "supported"
    assert got.beyond.conf_low > 0
    assert "points more" in got.verdict.sentence


def test_a_team_that_slows_return_is_not_supported(groups):
    got = estimate_return(*groups(4, n=300, factor=0.3, others=0.01), replicates=300)
    assert got.verdict.answer == "not supported"
    assert "fewer" in got.verdict.sentence


def test_closings_alone_never_reject_the_claim(groups):
    # The same chance of return in both groups, but many cases close otherwise.
    got = estimate_return(*groups(5, n=400, m=4000, others=0.08), replicates=300)
    assert got.beyond.conf_high < 0
    assert got.verdict.answer == "undecidable"
    assert "close before they return" in got.verdict.sentence


@pytest.mark.parametrize("factor", [0.3, 2.5])
def test_groups_with_another_kind_of_absence_decide_nothing(groups, factor):
    case, untreated = groups(3, n=300, factor=factor, others=0.01)
    case["invalid_share"] += 0.4
    got = estimate_return(case, untreated, replicates=100)
    assert not got.beyond.covers(0.0)
    assert got.verdict.answer == "undecidable"
    assert "differ too much in the part of that absence that was invalid" in got.verdict.sentence


def test_tables_hold_what_plots_need(result):
    assert [table.name for table in result.tables] == ["return", "endings", "relapse"]
    frame = result.tidy("return")
    assert set(frame["group"]) == {"team", "no team (benchmark)"}
    assert set(frame["term"]) == {"returned"}
    assert set(frame.columns) <= set(TIDY_COLUMNS)
    for _, curve in frame.groupby("group"):
        assert (curve["time"].diff().dropna() == 1).all()
        assert (curve["estimate"].diff().dropna() >= -1e-12).all()
        assert (curve["n_events"].diff().dropna() >= 0).all()
        assert (curve["conf_low"] <= curve["estimate"] + 1e-12).all()
        assert (curve["conf_high"] >= curve["estimate"] - 1e-12).all()
        assert curve["n_at_risk"].min() >= 1
    endings = result.tidy("endings")
    assert set(endings["term"]) == {"returned", "declined"}
    relapse = result.tidy("relapse")
    assert len(relapse) == 4
    assert (relapse["estimate"] == relapse["n_events"] / relapse["n"]).all()


def test_estimate_is_the_row_of_its_table(result):
    frame = result.tidy("return").set_index(["group", "time"])
    assert frame.loc[("team", 20.0), "estimate"] == result.estimate.estimate
    gap = result.estimate.estimate - result.benchmark.estimate
    assert result.beyond.estimate == pytest.approx(gap, abs=1e-12)
    assert result.estimand.id == "return.cif_week_20"


def test_verdict_says_what_limits_it(result):
    text = " ".join(result.verdict.reasons)
    for words in ("consent", "Kaplan–Meier", "followed past the closing", "20 schools", "relapse"):
        assert words in text
    assert "effect" not in result.verdict.sentence


def test_the_same_seed_gives_the_same_bytes_and_any_row_order(groups):
    case, untreated = groups(6)
    first = estimate_return(case, untreated, replicates=50, random_state=3).to_dict()
    shuffled = [frame.sample(frac=1, random_state=1) for frame in (case, untreated)]
    again = estimate_return(*shuffled, replicates=50, random_state=3).to_dict()
    assert json.dumps(first) == json.dumps(again)
    other = estimate_return(case, untreated, replicates=50, random_state=4).to_dict()
    assert json.dumps(first) != json.dumps(other)


def test_few_schools_resample_pupils_and_say_so(groups):
    got = estimate_return(*groups(7, schools=6), replicates=50)
    assert "fewer than 10 schools" in " ".join(got.verdict.reasons)
    assert "pupils" in got.method
    case, untreated = groups(7)
    case["school_key"] = case["school_key"].mask(case.index == 0)
    got = estimate_return(case, untreated, replicates=50)
    assert "is not known" in " ".join(got.verdict.reasons)


def test_a_week_beyond_follow_up_gives_way_to_the_last_carried(groups):
    got = estimate_return(*groups(8), at_week=60, replicates=50)
    week = got.estimate.time
    assert week < 38
    assert got.estimate.n_at_risk >= 5
    assert got.benchmark.time == week
    assert any(reason.startswith("Week 60 lies beyond") for reason in got.verdict.reasons)
    assert got.estimand.id == f"return.cif_week_{week:.0f}"


def test_bands_without_untreated_pupils_are_merged_with_a_neighbour(groups):
    case, untreated = groups(9)
    got = estimate_return(case, untreated[untreated["severity"] < 0.6], replicates=50)
    assert any("merged to 35 % or more" in reason for reason in got.verdict.reasons)


def test_merging_keeps_every_case_in_a_band_that_is_carried():
    rng = np.random.default_rng(10)
    for _ in range(50):
        case, other = rng.random(30), rng.random(rng.integers(1, 40))
        bands = make_bands(case, other, lambda rows: rows.sum() >= 5)
        for band in np.unique(bands.case):
            assert (bands.untreated == band).sum() >= min(5, len(other))
    assert make_bands([0.1], [np.nan], lambda rows: rows.any()).labels == ("all",)
    unknown = make_bands([0.1, np.nan], [0.1], lambda rows: rows.any())
    assert unknown.case.tolist() == [1, -1]
    assert "do not weigh" in unknown.notes[0]


def test_data_that_cannot_answer_are_refused(groups):
    case, untreated = groups(11)
    with pytest.raises(DesignError, match="No team case was started"):
        estimate_return(case.iloc[:0], untreated)
    with pytest.raises(DesignError, match="No untreated pupil"):
        estimate_return(case, untreated.iloc[:0])
    with pytest.raises(DesignError, match="No team case returned"):
        estimate_return(case.assign(event=0), untreated)
    untreated.attrs["rule"], case.attrs["rule"] = {"weeks": 4}, {"weeks": 3}
    with pytest.raises(ValueError, match="two return rules"):
        estimate_return(case, untreated)
    with pytest.raises(ValueError, match="'severity'"):
        estimate_return(case.drop(columns="severity"), untreated)


def test_two_small_groups_still_get_an_honest_answer(groups):
    case, untreated = groups(12, n=12, m=15)
    got = estimate_return(case, untreated, replicates=100)
    assert got.verdict.answer == "undecidable"
    text = " ".join(got.verdict.reasons)
    assert "Too few pupils came back" in text


@pytest.mark.parametrize(
    ("beyond", "past", "want"),
    [
        ((0.01, 0.2), (0.01, 0.2), "supported"),
        ((-0.2, -0.01), (-0.2, -0.01), "not supported"),
        ((-0.2, -0.01), (-0.1, 0.1), "undecidable"),
        ((-0.04, 0.04), (-0.04, 0.04), "not supported"),
        ((-0.04, 0.04), (0.01, 0.09), "undecidable"),
        ((-0.06, 0.04), (-0.06, 0.04), "undecidable"),
        ((None, None), (-0.04, 0.04), "undecidable"),
    ],
)
def test_the_rule_of_the_verdict(beyond, past, want):
    rows = [Estimate(term="x", conf_low=low, conf_high=high) for low, high in (beyond, past)]
    assert decide(*rows, 0.05) == want
    assert decide(*rows, 0.05, alike=False) == "undecidable"


def test_incidence_table_by_group_is_each_group_alone(groups):
    case, _ = groups(13)
    case["half"] = np.where(np.arange(len(case)) % 2 == 0, "even", "odd")
    table = cumulative_incidence(case, by="half")
    alone = cumulative_incidence(case[case["half"] == "odd"])
    odd = [dataclasses.replace(row, group=None) for row in table.rows if row.group == "odd"]
    assert odd == list(alone.rows)


def test_incidences_add_up_to_those_who_ended(groups):
    case, _ = groups(14)
    frame = cumulative_incidence(case).tidy()
    last = frame.groupby("term")["n_events"].max().sum()
    assert last == (case["event"] > 0).sum()
    by_week = frame.groupby("time")["estimate"].sum()
    assert (by_week <= 1 + 1e-12).all()
    assert (by_week.diff().dropna() >= -1e-12).all()


def test_a_history_without_rows_is_refused(groups):
    case, _ = groups(15)
    with pytest.raises(DesignError, match="no row"):
        cumulative_incidence(case.iloc[:0])
    with pytest.raises(ValueError, match="Did you mean 'log-log'"):
        cumulative_incidence(case, interval="loglog")


def test_balance_is_in_standard_deviations():
    case, other = np.array([0.4, 0.6]), np.array([0.1, 0.3, 0.3])
    # The weights make the second group's mean .2 and its variance .01, as the first's.
    got = standardised_difference(case, other, np.array([2.0, 1.0, 1.0]))
    assert got == pytest.approx((0.5 - 0.2) / 0.1)
    assert standardised_difference(case[:1], case[:1], np.ones(1)) == 0.0
