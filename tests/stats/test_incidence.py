"""Aalen–Johansen: reference values from R, exact identities, late entry, coverage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from absence_risk.errors import DesignError
from absence_risk.stats.incidence import aalen_johansen, incidence_interval

REFERENCE = Path(__file__).parents[1] / "reference"
SETS = ("n60", "n180", "n3000", "late180")


@pytest.fixture(scope="module")
def reference():
    return json.loads((REFERENCE / "incidence.json").read_text())


@pytest.fixture(scope="module")
def rows():
    out = {name: [] for name in SETS}
    for line in (REFERENCE / "incidence.csv").read_text().splitlines()[1:]:
        name, *numbers = line.split(",")
        out[name].append([int(x) for x in numbers])
    return {name: np.array(values) for name, values in out.items()}


def fit(data, **more):
    entry = data[:, 0] if data[:, 0].any() else None
    return aalen_johansen(data[:, 1], data[:, 2], entry=entry, **more)


@pytest.mark.parametrize("name", SETS)
def test_points_and_risk_sets_equal_survfit(name, rows, reference):
    want, got = reference[name], fit(rows[name])
    at = np.searchsorted(got.time, want["time"])
    np.testing.assert_allclose(got.cif[:, at].T, want["pstate"], rtol=1e-8, atol=1e-15)
    np.testing.assert_array_equal(got.n_at_risk[at], want["n_risk"])


@pytest.mark.parametrize("name", SETS)
def test_standard_errors_are_aalens(name, rows, reference):
    want, got = reference[name], fit(rows[name])
    se = np.sqrt(got.variance[:, np.searchsorted(got.time, want["time"])]).T
    np.testing.assert_allclose(se, want["aalen"], rtol=1e-6, atol=1e-12)
    if want["survfit_variance"] == "aalen":
        np.testing.assert_allclose(se, want["std_error"], rtol=1e-6, atol=1e-12)
    else:  # late entry: survfit takes the infinitesimal jackknife, which lies near, not on it
        np.testing.assert_allclose(se, want["std_error"], rtol=0.02)


@pytest.mark.parametrize("name", ["n60", "n180", "n3000"])
def test_points_equal_cuminc(name, rows, reference):
    want, got = reference[name]["cuminc"], fit(rows[name])
    est = got.cif[:, np.searchsorted(got.time, want["time"])]
    np.testing.assert_allclose(est, want["est"], rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize("name", ["n60", "n180", "n3000"])
def test_log_log_limits_equal_survfit(name, rows, reference):
    want, got = reference[name], fit(rows[name])
    at = np.searchsorted(got.time, want["time"])
    cif = got.cif[:, at].T
    low, high = incidence_interval(
        cif, np.sqrt(got.variance[:, at]).T, n_at_risk=got.n_at_risk[at][:, None]
    )
    inside = cif > 0
    np.testing.assert_allclose(low[inside], np.array(want["low"], float)[inside], rtol=1e-6)
    np.testing.assert_allclose(high[inside], np.array(want["high"], float)[inside], rtol=1e-6)


def test_conditional_start_equals_survfit(rows, reference):
    want, got = reference["late180_start5"], fit(rows["late180"], start=5)
    at = np.searchsorted(got.time, want["time"])
    np.testing.assert_allclose(got.cif[:, at].T, want["pstate"], rtol=1e-8, atol=1e-15)
    assert got.time[0] == 6


histories = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 12), st.integers(0, 3)), min_size=1, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_sums_to_one_and_ignores_row_order(history, shuffler):
    data = np.array(history)
    duration, event = data[:, 0] + data[:, 1], data[:, 2]
    got = aalen_johansen(duration, event, n_causes=3)
    np.testing.assert_allclose(got.cif.sum(axis=0) + got.survival, 1.0, atol=1e-12)
    assert (np.diff(got.cif, axis=1) >= 0).all()
    order = list(range(len(data)))
    shuffler.shuffle(order)
    again = aalen_johansen(duration[order], event[order], n_causes=3)
    np.testing.assert_array_equal(got.cif, again.cif)
    np.testing.assert_array_equal(got.variance, again.variance)


@settings(max_examples=60, deadline=None)
@given(histories, st.data())
def test_whole_number_weights_are_repeated_rows(history, data):
    rows = np.array(history)
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    weights = np.array(times)
    duration, event = rows[:, 0] + rows[:, 1], rows[:, 2]
    if weights.sum() == 0:
        with pytest.raises(DesignError, match="at risk"):
            aalen_johansen(duration, event, weights=weights)
        return
    got = aalen_johansen(duration, event, weights=weights, n_causes=3)
    want = aalen_johansen(np.repeat(duration, weights), np.repeat(event, weights), n_causes=3)
    np.testing.assert_allclose(got.cif, want.cif, atol=1e-12)
    assert np.isnan(got.variance).all()


def test_without_censoring_it_is_the_observed_share():
    rng = np.random.default_rng(3)
    duration, event = rng.integers(1, 20, 200), rng.integers(1, 4, 200)
    got = aalen_johansen(duration, event)
    for kind in (1, 2, 3):
        share = [(duration[event == kind] <= t).sum() / 200 for t in got.time]
        np.testing.assert_allclose(got.cif[kind - 1], share, atol=1e-12)
    # and the variance of one share is binomial
    p = got.cif[0]
    np.testing.assert_allclose(got.variance[0], p * (1 - p) / 200, atol=1e-12)


def test_time_unit_and_continuous_grid_change_nothing():
    rng = np.random.default_rng(4)
    duration, event = rng.integers(1, 15, 90), rng.integers(0, 3, 90)
    entry = np.minimum(rng.integers(0, 3, 90), duration - 1)
    weeks = aalen_johansen(duration, event, entry=entry)
    years = aalen_johansen(duration / 40, event, entry=entry / 40)
    at = np.searchsorted(weeks.time, np.round(years.time * 40).astype(int))
    np.testing.assert_allclose(weeks.cif[:, at], years.cif, atol=1e-14)
    np.testing.assert_allclose(weeks.variance[:, at], years.variance, atol=1e-14)


def test_a_row_is_at_risk_after_its_entry_only():
    # The second row enters in week 2, in which the first ends: it is at risk from week 3 on.
    got = aalen_johansen([2, 4, 4], [1, 1, 0], entry=[0, 2, 0])
    np.testing.assert_array_equal(got.n_at_risk, [2, 2, 2, 2])
    np.testing.assert_allclose(got.cif[0], [0, 0.5, 0.5, 0.75])


def test_an_ending_in_the_entry_week_is_refused():
    with pytest.raises(ValueError, match="at or before their entry"):
        aalen_johansen([3, 4], [1, 1], entry=[3, 0])


def test_an_empty_early_risk_set_is_refused_and_names_a_start():
    with pytest.raises(DesignError, match="start=4"):
        aalen_johansen([2, 9, 9], [0, 1, 0], entry=[0, 4, 4])
    got = aalen_johansen([2, 9, 9], [0, 1, 0], entry=[0, 4, 4], start=4)
    assert got.cif[0, -1] == 0.5
    with pytest.raises(DesignError, match="start=0\\.4"):
        aalen_johansen([0.2, 0.9, 0.9], [0, 1, 0], entry=[0, 0.4, 0.4])


def test_an_early_ending_of_all_at_risk_is_never_a_silent_zero():
    with pytest.raises(DesignError, match="start=3"):
        aalen_johansen([3, 9, 9], [1, 1, 0], entry=[0, 3, 3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": [1, 2], "event": [1]}, "shape"),
        ({"duration": [1.0, np.nan], "event": [1, 0]}, "finite"),
        ({"duration": [0, 2], "event": [1, 0]}, "at or before"),
        ({"duration": [1, 2], "event": [-1, 0]}, "event must lie"),
        ({"duration": [1, 2], "event": [0.5, 0]}, "whole numbers"),
        ({"duration": [1, 2], "event": [1, 0], "weights": [1, -1]}, "negative"),
        ({"duration": [], "event": []}, "nothing to estimate"),
    ],
)
def test_bad_rows_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        aalen_johansen(**arguments)


@pytest.mark.parametrize("kind", ["log-log", "logit", "plain"])
def test_intervals_hold_their_estimate_and_stay_in_range(kind):
    p = np.array([0.0, 0.01, 0.5, 0.99, 1.0])
    low, high = incidence_interval(p, np.sqrt(p * (1 - p) / 30), n_at_risk=30, kind=kind)
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low <= p).all()
    assert (high >= p).all()
    # none of 30: the exact binomial limit is 1 − 0.025^(1/30)
    assert high[0] == pytest.approx(1 - 0.025 ** (1 / 30))
    wide = incidence_interval(p, np.sqrt(p * (1 - p) / 30), n_at_risk=30, kind=kind, df=5)
    assert wide[1][2] > high[2]


def test_log_log_covers_at_week_13_with_60_cases():
    # 2,000 data sets: Monte-Carlo error of a share of .95 is .0049; bar .94–.96 ± 2 errors.
    rng = np.random.default_rng(20)
    rates, total = np.array([0.05, 0.02]), 0.07
    truth = rates[0] / total * (1 - (1 - total) ** 13)
    covered = 0
    for _ in range(2000):
        ended = rng.geometric(total, 60)
        kind = 1 + (rng.random(60) < rates[1] / total)
        stop = rng.integers(8, 30, 60)
        got = aalen_johansen(np.minimum(ended, stop), np.where(ended <= stop, kind, 0), n_causes=2)
        at = min(12, len(got.time) - 1)
        low, high = incidence_interval(
            got.cif[0, at], np.sqrt(got.variance[0, at]), n_at_risk=got.n_at_risk[at]
        )
        covered += bool(low <= truth <= high)
    assert 0.93 <= covered / 2000 <= 0.97
