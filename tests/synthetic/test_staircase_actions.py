"""The steps at work: who is acted on, when, and what it changes."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from absence_risk.policy import replay
from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.actions import InForce, Taken, act, agree, delay
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.counter import lanes
from absence_risk.synthetic.days import GUARDIAN, ILLNESS, INVALID, LEAVE

YEAR = Scenario.preset("municipality").calendar.school_days()
CHANCE = (0.7, 0.4, 0.9)
DO = {"actions.chance": list(CHANCE)}


def plan(**changes):
    given = {f"actions.{name}": value for name, value in {**changes, "chance": CHANCE}.items()}
    return Scenario.preset("municipality").with_values(given).actions


@functools.cache
def world(**changes):
    do = DO | {name.replace("__", "."): value for name, value in changes.items()}
    return simulate(pupils=6_000, seed=4, do=do)


def test_the_probability_of_an_action_jumps_by_pi_at_its_step():
    taken = world().taken
    for j, chance in enumerate(CHANCE):
        reached = taken.step > j
        assert not taken.complied[:, :, j][~reached].any()
        n = reached.sum()
        # the school's coin, 4 binomial standard errors
        assert n > 1_000
        found = taken.complied[:, :, j][reached].mean()
        assert abs(found - chance) < 4 * np.sqrt(chance * (1 - chance) / n)


def test_coins_of_steps_and_months_are_independent():
    n = 40_000
    lane, step = lanes(1, np.arange(n)), np.full(n, 3, dtype=np.int8)
    one, other = (agree(plan(), lane, step, month) for month in (0, 1))
    pairs = [(one[:, 0], one[:, 1]), (one[:, 1], one[:, 2]), (one[:, 0], other[:, 0])]
    for a, b in pairs:
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(n)


def test_steps_are_those_of_the_recorded_month():
    found = world()
    year, taken = found.year, found.taken
    recorded = np.bitwise_count(found.days.missed & ~found.days.unreported).astype(np.int64)
    moved = (found.cases.ending == 3)[:, None] & (found.cases.closed[:, None] < year.months.stop)
    assert moved.any()
    counted = np.add.reduceat(recorded, year.months.start, axis=1) * ~moved
    np.testing.assert_array_equal(taken.counted, counted)
    lessons = found.pupils.lessons.astype(np.int64)[:, None]
    offered = lessons * (year.months.stop - year.months.start) * ~moved
    np.testing.assert_array_equal(taken.offered, offered)
    step = found.setting.staircase.step_of(counted / np.maximum(offered, 1))
    np.testing.assert_array_equal(taken.step, step)


@pytest.mark.parametrize("shape", [0.5, 1.0, 4.0])
def test_delays_are_gamma_quantiles_rounded_up(shape):
    found = delay(plan(delay_days=9.0, delay_shape=shape), (np.arange(200_000) + 0.5) / 200_000)
    assert found.min() == 1
    # E⌈X⌉ = Σ P(X > k); midpoints of 200,000 quantiles leave an error far below 0.001
    from scipy.stats import gamma

    survival = gamma.sf(np.arange(400), shape, scale=9.0 / shape)
    assert found.mean() == pytest.approx(survival.sum(), abs=1e-3)
    assert (found > 9).mean() == pytest.approx(survival[9], abs=1e-4)


def test_no_delay_means_the_next_school_day():
    assert delay(plan(delay_days=0.0), np.array([0.01, 0.99])).tolist() == [1, 1]


def test_actions_begin_after_the_month_and_within_the_year():
    taken = world().taken
    last = YEAR.months.stop - 1
    done = taken.begins < NEVER
    assert (done <= taken.complied).all()
    assert (taken.begins > last[None, :, None])[done].all()
    assert taken.begins[done].max() < len(YEAR)
    late = taken.complied & ~done
    # nobody acts after the last school day, which is the end of the last month
    assert late[:, -1].sum() == taken.complied[:, -1].sum()
    assert late[:, :-3].mean() < 0.001


def months_state(begins, weeks):
    """One pupil, whose school acts on step 2 after two months, always on a given day."""
    own = plan(weeks=weeks, effect=(0.2, 0.5, 0.9))
    force, taken = InForce(own, 1, YEAR), Taken.none(1, 11, 3)
    taken.complied[0, 2:4, 1] = True
    for month in (2, 3):
        day = int(YEAR.months.stop[month]) - 1
        act(
            own,
            taken,
            force,
            rows=np.array([0]),
            lane=lanes(1, [begins]),
            month=month,
            day=day,
            year=YEAR,
        )
    return taken, np.array([float(np.sum(force.help_in(week))) for week in range(YEAR.n_weeks)])


@pytest.mark.parametrize("weeks", [1, 3, 60])
def test_an_action_lasts_its_weeks_and_does_not_double(weeks):
    taken, found = months_state(5, weeks)
    first = [np.flatnonzero(YEAR.week == w)[0] for w in range(YEAR.n_weeks)]
    expected = np.zeros(YEAR.n_weeks)
    for begins in taken.begins[0, 2:4, 1]:
        week = int(np.searchsorted(first, begins))
        assert first[week] >= begins
        assert first[week - 1] < begins
        expected[week : week + weeks] = 0.5
    np.testing.assert_allclose(found, expected)
    assert (found > 0).sum() <= 2 * weeks or weeks == 60


def test_actions_of_several_steps_add_up():
    own = plan(effect=(0.2, 0.5, 0.9))
    force = InForce(own, 2, YEAR)
    force.actions[:, 7, 0] = (True, False, True)
    np.testing.assert_allclose(force.help_in(7), [1.1, 0.0])


def days_equal(one, other, names=("reason", "missed", "level")):
    pairs = ((getattr(one.days, n), getattr(other.days, n)) for n in names)
    return np.all([(a == b).all(axis=1) for a, b in pairs], axis=0)


def test_actions_change_only_those_who_get_them_and_only_afterwards():
    with_them = world(team__effect=0.0, team__relapse=0.0)
    none = {"actions.chance": [0.0] * 3, "team.effect": 0.0, "team.relapse": 0.0}
    without = simulate(pupils=6_000, seed=4, do=none)
    same = days_equal(with_them, without)
    got = (with_them.taken.begins < NEVER).any(axis=(1, 2))
    assert same[~got].all()
    assert (~same).sum() > 100
    assert (~got).sum() > 500
    first = with_them.taken.begins.min(axis=(1, 2))
    for pupil in np.flatnonzero(~same):
        here, there = (one.days.missed[pupil, : first[pupil]] for one in (with_them, without))
        np.testing.assert_array_equal(here, there)


def test_actions_without_effect_change_no_day():
    none = world(actions__effect=(0.0, 0.0, 0.0))
    off = simulate(pupils=6_000, seed=4)
    assert days_equal(none, off).all()
    assert none.taken.complied.any()
    assert not off.taken.complied.any()
    np.testing.assert_array_equal(none.taken.step, off.taken.step)
    np.testing.assert_array_equal(none.cases.closed, off.cases.closed)


def test_actions_lower_absence():
    change = world(actions__effect=(1.0, 1.0, 1.0)).true_share().mean(axis=1)
    change = change - simulate(pupils=6_000, seed=4).true_share().mean(axis=1)
    assert change.mean() < -4 * change.std() / np.sqrt(len(change))


def test_a_certificate_turns_valid_into_invalid_and_nothing_else():
    # staircase and team without effect, so that labels are all that can differ
    quiet = {
        "actions__effect": (0.0, 0.0, 0.0),
        "team__effect": 0.0,
        "team__relapse": 0.0,
        "avoidance__beta_valid": 0.0,
    }
    plain = world(**quiet)
    asked = world(**quiet, actions__certificate=1.0, actions__certificate_missing=(0.25, 0.75))
    assert days_equal(plain, asked, ("missed", "level", "late", "unreported")).all()
    before, after = plain.days.reason, asked.days.reason
    turned = before != after
    assert set(before[turned].tolist()) == {ILLNESS, GUARDIAN}
    assert set(after[turned].tolist()) == {INVALID}
    assert not turned[~asked.taken.certificate.any(axis=1)].any()
    np.testing.assert_array_equal(asked.taken.certificate, asked.taken.begins[:, :, 1] < NEVER)
    # guardian's excuses are avoidance: 75 % of the weeks with one, by pupil and week
    lasting = lasts(asked)
    excused = lasting & (before == GUARDIAN)
    assert excused.sum() > 300
    assert turned[excused].mean() == pytest.approx(0.75, abs=0.12)
    ill = lasting & (before == ILLNESS)
    assert 0.25 < turned[ill].mean() < 0.5
    assert not turned[lasting & (before == LEAVE)].any()
    assert not turned[~lasting].any()


def lasts(found):
    """On which days a certificate is asked for, written anew: week by week and pupil by pupil."""
    out = np.zeros(found.days.reason.shape, dtype=bool)
    weeks = found.scenario.actions.certificate_weeks
    for pupil, month in np.argwhere(found.taken.certificate):
        day = found.taken.begins[pupil, month, 1]
        week = min((w for w in range(YEAR.n_weeks) if (YEAR.week < w).sum() >= day), default=NEVER)
        out[pupil, (YEAR.week >= week) & (YEAR.week < week + weeks)] = True
    return out


def test_long_unbroken_invalid_absence_leads_to_referral():
    do = {
        "actions.run_referral": 1.0,
        "referral.log_odds": [-50.0] * 3,
        "reporting.unreported": 0.0,
        "reporting.absent_extra": 0.0,
        "label.log_odds": [-50.0] * 5,
    }
    found = simulate("s04_all", pupils=6_000, seed=4, do=do)
    run = found.taken.run.astype(np.int64)
    again = replay(found.as_register("day"), found.setting.staircase).run[:, 0]
    own = np.argsort(found.pupil_key)
    np.testing.assert_array_equal(np.where(run == NEVER, -1, run)[own], again)
    fires = (run < NEVER) & (found.pupils.grade >= found.scenario.referral.first_grade)
    assert fires.sum() > 10
    months = np.append(YEAR.months.stop - 1, NEVER)
    ends = months[np.searchsorted(YEAR.months.stop - 1, np.where(fires, run, NEVER))]
    early = ends < YEAR.months.stop[-2]
    np.testing.assert_array_equal(found.cases.detected[early], ends[early])
    assert (found.cases.detected[~fires] == NEVER).all()


def test_off_presets_act_on_nothing(world):
    taken = world.taken
    assert not taken.complied.any()
    assert (taken.begins == NEVER).all()
    assert (taken.run == NEVER).all()
    assert (taken.step > 0).any()


@pytest.mark.parametrize(
    ("do", "message"),
    [
        ({"actions.chance": [0.5, 1.5, 0.5]}, "actions.chance must be a number between 0 and 1"),
        ({"actions.chance": [0.5]}, "actions.chance must be a list of 3 numbers"),
        ({"actions.weeks": 0}, "actions.weeks must be a whole number between 1 and 60"),
        ({"actions.certificate_step": 4}, "certificate_step must be a whole number between 1 and"),
        ({"actions.delay_shape": 0}, "actions.delay_shape must be a number between 0.1 and 100"),
        ({"aftercare.booster_days": [60, 20]}, "booster_days must increase along the list"),
        ({"interference.order": "merit"}, "interference.order must be one of absence, lottery"),
        ({"interference.actions_per_100": 101}, "must be a number between 0 and 100, got 101"),
    ],
)
def test_impossible_policies_are_named(do, message):
    with pytest.raises(ValueError, match=message):
        simulate(pupils=10, seed=1, do=do)
