from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.closed_forms.given_schools import expected_share
from absence_risk.synthetic.harm import dose_response, grade_points, slope
from absence_risk.synthetic.truth.counterfactual import Reference
from absence_risk.synthetic.truth.escalation import later_invalid_difference, odds_ratio
from absence_risk.synthetic.wellbeing import answer

PUPILS = 8_000


@pytest.fixture(scope="module")
def quiet():
    """A world of illness only: nobody avoids school and nobody is on leave."""
    do = {
        "avoidance.first_stage": [0.0] * 5,
        "avoidance.up": [0.0] * 5,
        "leave.onset_rate": 0.0,
        "reporting.unreported": 0.0,
        "reporting.absent_extra": 0.0,
    }
    return simulate(pupils=PUPILS, seed=4, do=do)


def test_illness_follows_the_forward_recursion(quiet):
    expected = expected_share(quiet.scenario, quiet.schools, quiet.year)
    ill = quiet.days.reason == 10
    z = (ill.mean(axis=0) - expected) / np.sqrt(expected * (1 - expected) / PUPILS)
    # days are correlated through spells, so that max |z| of 178 is below that of independent ones
    assert np.abs(z).max() < 4.2
    assert np.sqrt((z**2).mean()) < 1.5
    yearly = ill.mean(axis=1)
    error = yearly.std(ddof=1) / np.sqrt(PUPILS)
    assert abs(yearly.mean() - expected.mean()) < 4 * error


def test_spells_last_the_stated_mean(quiet):
    ill = np.pad(quiet.days.reason == 10, ((0, 0), (1, 1)))
    begins = np.argwhere(ill[:, 1:] & ~ill[:, :-1])
    ends = np.argwhere(~ill[:, 1:] & ill[:, :-1])
    inside = begins[:, 1] < len(quiet.year) - 30  # cut-off spells at the end would be too short
    length = (ends - begins)[inside, 1]
    error = length.std() / np.sqrt(len(length))
    assert abs(length.mean() - quiet.scenario.illness.mean_days) < 4 * error


def test_nobody_avoids_school_where_avoidance_is_off(quiet):
    assert (quiet.days.level == 1).all()
    assert set(np.unique(quiet.days.reason)) == {0, 10}
    assert quiet.true_share("invalid").sum() == 0
    assert (quiet.days.unreported == 0).all()


def test_first_levels_follow_their_logits(world):
    avoidance, pupils = world.scenario.avoidance, world.pupils
    pressure = (
        pupils.effect
        + world.schools.effect[pupils.school]
        + np.asarray(avoidance.grade)[pupils.grade - 1]
    )
    for level, share in enumerate(avoidance.first_stage, start=2):
        chance = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + pressure)))
        error = np.sqrt((chance * (1 - chance)).sum())
        assert abs((world.days.level[:, 0] >= level).sum() - chance.sum()) < 4 * error


def test_levels_move_by_one_at_most(world):
    assert np.abs(np.diff(world.days.level.astype(int), axis=1)).max() == 1


def test_ill_pupils_miss_every_lesson(world):
    leave = world.days.reason == 20
    every = np.broadcast_to(((1 << world.pupils.lessons.astype(int)) - 1)[:, None], leave.shape)
    assert (world.days.missed[leave] == every[leave]).all()
    assert ((world.days.reason == 0) == (world.days.missed == 0)).all()


def test_labels_drift_from_valid_to_invalid(world):
    still = simulate(pupils=3_000, seed=11, do={"label.drift_per_month": 0.0})
    late = slice(120, None)
    away = world.days.level[:, world.year.week] >= 4
    shares = [
        (w.days.reason[:, late] == 70)[away[:, late] & (w.days.missed[:, late] > 0)].mean()
        for w in (world, still)
    ]
    assert shares[0] > shares[1] + 0.1


def test_cases_follow_recorded_absence_of_the_alarm_month(world):
    cases, staircase = world.cases, [0.10, 0.15, 0.20]
    rows = np.flatnonzero(cases.detected < NEVER)
    month = world.year.month == world.year.month[cases.detected[rows]][:, None]
    recorded = np.bitwise_count(world.days.missed & ~world.days.unreported)[rows]
    invalid = np.where(world.days.reason[rows] == 70, recorded, 0)
    offered = month.sum(axis=1) * world.pupils.lessons[rows]
    np.testing.assert_allclose((recorded * month).sum(axis=1) / offered, cases.total[rows])
    np.testing.assert_allclose((invalid * month).sum(axis=1) / offered, cases.invalid[rows])
    assert (cases.total[rows] >= np.asarray(staircase)[cases.step[rows] - 1]).all()
    assert (world.pupils.grade[rows] >= 4).all()


def test_referral_has_the_stated_probability():
    # log-odds of referral that do not depend on absence: 0.25 of all alarms at any step
    log_odds = float(np.log(0.25 / 0.75))
    do = {
        "referral.log_odds": [log_odds] * 3,
        "referral.per_10_total": 0.0,
        "referral.per_10_invalid": 0.0,
    }
    world = simulate(pupils=3_000, seed=5, do=do)
    august = world.year.month == 202508
    recorded = np.bitwise_count(world.days.missed & ~world.days.unreported)[:, august]
    rate = recorded.sum(axis=1) / (august.sum() * world.pupils.lessons)
    alarmed = (rate >= 0.10) & (world.pupils.grade >= 4)
    referred = world.cases.detected == np.flatnonzero(august)[-1]
    assert not referred[~alarmed].any()
    share, error = referred[alarmed].mean(), np.sqrt(0.25 * 0.75 / alarmed.sum())
    assert abs(share - 0.25) < 4 * error


def test_consent_and_waiting_have_their_means():
    do = {"referral.log_odds": [9.0, 9.0, 9.0], "team.waiting_weeks": 3.0}
    world = simulate(pupils=3_000, seed=5, do=do)
    cases = world.cases
    early = cases.decided < 90  # waits of up to 15 weeks and more are seen
    agreed = (cases.guardian & cases.pupil)[early]
    chance = world.scenario.team.consent_guardian * world.scenario.team.consent_pupil
    assert abs(agreed.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / early.sum())
    assert (cases.ending[early & ~(cases.guardian & cases.pupil)] == 2).all()
    begun = early & (cases.started < NEVER)
    wait = world.year.week[cases.started[begun]] - world.year.week[cases.decided[begun]]
    assert abs(wait.mean() - 3.0) < 4 * np.sqrt(6.0 / begun.sum())


def test_endings_have_the_stated_hazards():
    do = {
        "referral.log_odds": [9.0, 9.0, 9.0],
        "team.no_longer_needed": 0.0,
        "team.other_service": 0.0,
        "team.declined": 0.03,
        "team.moved": 0.06,
    }
    world = simulate(pupils=3_000, seed=5, do=do)
    cases = world.cases
    begun = np.flatnonzero(cases.started < NEVER)
    last = np.where(cases.closed[begun] < NEVER, cases.closed[begun], len(world.year) - 1)
    weeks = world.year.week[last] - world.year.week[cases.started[begun]] + 1
    hazard = (cases.closed[begun] < NEVER).sum() / weeks.sum()
    expected = -np.expm1(-0.09)
    assert abs(hazard - expected) < 4 * np.sqrt(expected * (1 - expected) / weeks.sum())
    ended = cases.ending[begun][cases.closed[begun] < NEVER]
    assert set(ended.tolist()) == {2, 3}
    assert abs((ended == 3).mean() - 2 / 3) < 4 * np.sqrt(2 / 9 / len(ended))
    assert ENDINGS[3] == "moved"


def test_grade_points_are_the_dose_response_plus_noise(world):
    harm = world.scenario.harm
    rows, points = grade_points(world)
    absence = world.true_share()[rows].mean(axis=1)
    rest = points - harm.mean + harm.slope * absence / 0.1
    rest += harm.propensity * world.pupils.effect[rows]
    assert abs(rest.mean()) < 4 * harm.noise_sd / np.sqrt(len(rows))
    assert stats.kstest(rest / harm.noise_sd, "norm").pvalue > 0.001
    assert (world.pupils.grade[rows] >= 6).all()


@pytest.mark.parametrize(
    ("do", "below", "above"),
    [
        ({"harm.shape": "none"}, 0, 0),
        ({"harm.shape": "linear"}, -20, -20),
        ({"harm.shape": "kink", "harm.bend": 30.0}, -20, -50),
        ({"harm.shape": "step", "harm.jump": 30.0}, 0, 0),
        ({"harm.shape": "smooth", "harm.jump": 40.0}, -20, -20),
    ],
)
def test_slopes_are_derivatives_of_the_dose_response(do, below, above):
    harm = Scenario.preset("municipality").with_values(do).harm
    assert slope(harm, 0.20, -1) == pytest.approx(below)
    assert slope(harm, 0.20, 1) == pytest.approx(above)
    for at in (0.1, 0.3):
        low, high = dose_response(harm, np.array([at - 1e-6, at + 1e-6]))
        assert slope(harm, at, 1) == pytest.approx((high - low) / 2e-6 * 0.1, abs=1e-4)


def test_step_jumps_at_its_place():
    harm = (
        Scenario.preset("municipality").with_values({"harm.shape": "step", "harm.jump": 30.0}).harm
    )
    assert dose_response(harm, np.array([0.1999, 0.2])).tolist() == [0, -30]


def test_follow_up_goes_missing_with_wellbeing():
    do = {"referral.log_odds": [1.0, 1.0, 1.0], "wellbeing.answer_theta": 1.0}
    world = simulate(pupils=3_000, seed=5, do=do)
    found = answer(world)
    due = found.day[:, 1] < NEVER
    silent = found.missing[due, 1] >= 0
    theta = found.theta[due, 1]
    assert theta[silent].mean() < theta[~silent].mean() - 0.2
    assert (found.response[due] >= 1).all()
    assert (found.response[:, 0] <= 5).all()
    # graded response: the mean answer rises with latent wellbeing
    assert stats.spearmanr(theta, found.response[due, 1].mean(axis=1)).statistic > 0.6


def test_a_null_world_has_no_paired_effects():
    pair = Reference(simulate("null", pupils=1_500, seed=3)).pair({"avoidance.valid_shift": 0.05})
    assert later_invalid_difference(pair).value == 0
    assert odds_ratio(pair).value == 1
