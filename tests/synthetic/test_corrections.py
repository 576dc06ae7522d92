from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.corrections import (
    expected_corrected_share,
    first_records,
    late_by_class,
)
from absence_risk.synthetic.counter import Purpose, lanes, uniform, uniform_at

DO = {
    "corrections.unexplained": 0.3,
    "corrections.invalid_first": 0.2,
    "corrections.mean_days": 4.0,
    "corrections.certificate": 0.25,
    "corrections.late_share": 0.05,
    "corrections.late_mean_days": 3.0,
}
PLAN = Scenario.preset("municipality").with_values(DO).corrections


@pytest.fixture(scope="module")
def absence():
    """Codes of 4,000 pupils × 178 days, a tenth of them absence, and what was recorded first."""
    draw = np.random.default_rng(1)
    code = draw.choice([0, 10, 20, 50, 70], size=(4_000, 178), p=[0.9, 0.05, 0.01, 0.02, 0.02])
    return code, first_records(PLAN, lanes(6, np.arange(4_000)), code.astype(np.uint8))


def z_of(found, expected, n):
    return (found - expected) / np.sqrt(expected * (1 - expected) / n)


def test_draws_of_pairs_are_the_draws_of_days():
    lane, day = lanes(5, [3, 8, 8, 1]), np.array([0, 17, 3, 17])
    pairs = [uniform(lane[[i]], Purpose.FIRST_RECORD, int(day[i]))[0] for i in range(4)]
    np.testing.assert_array_equal(uniform_at(lane, Purpose.FIRST_RECORD, day), pairs)
    assert uniform_at(lane[:0], Purpose.FIRST_RECORD, day[:0]).size == 0


def test_shares_corrected_are_the_closed_form(absence):
    code, first = absence
    valid, invalid = (code == 10) | (code == 50), code == 70
    for days, kind in ((valid, True), (invalid, False)):
        share = (first.code[days] > 0).mean()
        assert abs(z_of(share, expected_corrected_share(PLAN, valid=kind), days.sum())) < 4
    assert abs(z_of((first.code[valid] == 60).mean(), 0.3, valid.sum())) < 4
    assert abs(z_of((first.code[valid] == 70).mean(), 0.7 * 0.2, valid.sum())) < 4
    assert expected_corrected_share(PLAN, valid=True) == pytest.approx(0.44)
    assert not first.code[(code == 0) | (code == 20)].any()
    assert (first.code[invalid] != 70).all()


def test_delays_are_geometric_with_their_mean(absence):
    _, first = absence
    delay = first.delay[first.code > 0].astype(float)
    p = 1 / PLAN.mean_days
    n = len(delay)
    assert abs(delay.mean() - 4.0) < 4 * np.sqrt((1 - p) / p**2 / n)
    for days in (1, 2, 5, 12):  # P(D > d) = (1 − p)^d
        assert abs(z_of((delay > days).mean(), (1 - p) ** days, n)) < 4
    np.testing.assert_array_equal(first.delay > 0, first.code > 0)


def test_certificates_are_for_corrected_illness(absence):
    code, first = absence
    ill = (first.code > 0) & (code == 10)
    assert abs(z_of(first.certificate[ill].mean(), 0.25, ill.sum())) < 4
    assert not first.certificate[~ill].any()


def test_late_reports_have_their_share_and_delay():
    late = late_by_class(PLAN, 6, 12, 178)
    assert late.shape == (108, 178, 8)
    assert abs(z_of((late > 0).mean(), 0.05, late.size)) < 4
    days = late[late > 0].astype(float)
    assert abs(days.mean() - 3.0) < 4 * np.sqrt(6.0 / len(days))
    np.testing.assert_array_equal(late[:36], late_by_class(PLAN, 6, 4, 178))


def test_nothing_is_drawn_where_nothing_moves():
    still = Scenario.preset("municipality").corrections
    assert late_by_class(still, 6, 12, 178) is None
    assert not still.moves
    code = np.full((5, 178), 10, dtype=np.uint8)
    first = first_records(still, lanes(6, np.arange(5)), code)
    assert not first.code.any()
    assert not first.delay.any()


def test_certain_corrections_on_the_next_day():
    one = {"corrections.unexplained": 1.0, "corrections.mean_days": 1.0}
    plan = Scenario.preset("municipality").with_values(one).corrections
    first = first_records(plan, lanes(6, [1, 2]), np.array([[10, 0], [70, 20]], dtype=np.uint8))
    assert first.code.tolist() == [[60, 0], [60, 0]]
    assert first.delay.tolist() == [[1, 0], [1, 0]]


def test_more_corrections_keep_the_earlier_ones():
    # one uniform number per pupil and day: a larger share corrects the same days and more
    code = np.full((200, 178), 50, dtype=np.uint8)
    lane = lanes(6, np.arange(200))
    less = first_records(PLAN, lane, code)
    more = first_records(
        Scenario.preset("municipality").with_values({"corrections.unexplained": 0.4}).corrections,
        lane,
        code,
    )
    assert (more.code[less.code == 60] == 60).all()


def test_corrections_change_records_only():
    plain, other = simulate(pupils=400, seed=8), simulate(pupils=400, seed=8, do=DO)
    for name in ("reason", "missed", "unreported", "late", "level"):
        np.testing.assert_array_equal(getattr(plain.days, name), getattr(other.days, name))
    np.testing.assert_array_equal(plain.cases.closed, other.cases.closed)
