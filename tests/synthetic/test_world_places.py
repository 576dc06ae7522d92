"""Municipalities, special schools, status and special support, and outbreaks of illness."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.background import STATUS
from absence_risk.synthetic.closed_forms.given_schools import (
    expected_leave_share,
    expected_share,
    status_shares,
)
from absence_risk.synthetic.schools import NO_OUTBREAK
from absence_risk.synthetic.tables import pupil_tables, school_tables

PUPILS = 8_000
ILL_ONLY = {"avoidance.first_stage": [0.0] * 5, "avoidance.up": [0.0] * 5}
LOUD = {  # every mechanism of illness and leave, large enough to be seen by a few pupils
    **ILL_ONLY,
    "places.municipality_illness_sd": 0.4,
    "places.special_share": 0.2,
    "places.special_size": 1.0,
    "places.special_illness": 2.5,
    "outbreak.share": 0.8,
    "outbreak.multiplier": 8.0,
    "leave.onset_rate": 0.01,
    "leave.correlation": 0.7,
}


@functools.cache
def loud(scope="class", seed=3):
    return simulate("region", pupils=PUPILS, seed=seed, do={**LOUD, "outbreak.scope": scope})


@functools.cache
def loud_share():
    """The closed form of the loud world, computed once for all comparisons."""
    world = loud()
    return expected_share(world.scenario, world.schools, world.year)


def logit(share):
    return np.log(share / (1 - share))


@pytest.mark.parametrize("scope", ["class", "school"])
def test_illness_and_leave_follow_their_closed_forms(scope):
    world = loud(scope)
    assert (world.schools.outbreak < NO_OUTBREAK).mean() > 0.6
    for code, closed in ((10, expected_share), (20, expected_leave_share)):
        expected = closed(world.scenario, world.schools, world.year)
        found = world.days.reason == code
        # pupils are independent given the schools, so that the binomial error is the largest
        z = (found.mean(axis=0) - expected) / np.sqrt(expected * (1 - expected) / PUPILS)
        assert np.abs(z).max() < 4.2
        assert np.sqrt((z**2).mean()) < 1.5
        yearly = found.mean(axis=1)
        error = yearly.std(ddof=1) / np.sqrt(PUPILS)
        assert abs(yearly.mean() - expected.mean()) < 4 * error


@pytest.mark.parametrize(
    "without",
    [
        {"outbreak.share": 0.0},
        {"places.special_illness": 1.0},
        {"places.municipality_illness_sd": 0.0},
        {"background.low_illness": 1.0},
        {"background.sen_illness": 1.0},
        {"illness.grade": [1.3] * 9},
    ],
)
def test_the_closed_form_knows_each_mechanism(without):
    """Without any one of them it would be off by more than the error of the test above."""
    world = loud()
    other = simulate(world.scenario.with_values(without), pupils=PUPILS, seed=3)
    pair = [loud_share(), expected_share(other.scenario, other.schools, other.year)]
    z = (pair[0] - pair[1]) / np.sqrt(pair[0] * (1 - pair[0]) / PUPILS)
    assert np.sqrt((z**2).mean()) > 1.5


def test_closed_forms_by_quadrature_agree_with_those_over_pupils():
    """The forward recursion over the pupils' own multipliers needs neither groups nor nodes."""
    world = loud()
    year, illness, plan = world.year, world.scenario.illness, world.scenario.outbreak
    grade = world.pupils.grade - 1
    first = world.schools.outbreak[world.pupils.school, grade]
    peak = 2 * np.pi / 365.25
    share, yearly = np.zeros(PUPILS), np.zeros(PUPILS)
    for day, date in enumerate(year.dates.astype("datetime64[D]").tolist()):
        season = np.cos(peak * (date.timetuple().tm_yday - illness.season_peak_day))
        rate = illness.onset_rate * (1 + illness.season_amplitude * season)
        rate = rate * illness.weekday[date.weekday()] * world.pupils.frailty
        rate = rate * np.where((first <= day) & (day < first + plan.days), plan.multiplier, 1.0)
        share = share * (1 - 1 / illness.mean_days) + (1 - share) * (1 - np.exp(-rate))
        yearly += share / len(year)
    expected = loud_share().mean()
    assert abs(yearly.mean() - expected) < 4 * yearly.std(ddof=1) / np.sqrt(PUPILS)


def test_municipalities_differ_as_much_as_stated():
    do = {
        "size.municipalities": 50,
        "avoidance.school_sd": 0.0,
        "places.municipality_sd": 0.5,
        "places.municipality_illness_sd": 1.0,
        "places.special_share": 0.0,
    }
    found = []
    for seed in range(4):
        schools = simulate("region", pupils=40_000, seed=seed, do=do).schools
        own = [np.unique(schools.effect[schools.municipality == m]) for m in range(50)]
        assert all(len(values) == 1 for values in own)
        ill = [schools.illness[schools.municipality == m][0] for m in range(50)]
        found.append([np.concatenate(own), np.log(ill)])
    up, ill = np.concatenate(found, axis=1)
    error = np.sqrt(1 / 400)  # of an SD from 200 draws, relative
    assert up.std(ddof=1) == pytest.approx(0.5, rel=4 * error)
    assert abs(up.mean()) < 4 * 0.5 / np.sqrt(200)
    assert ill.std(ddof=1) == pytest.approx(1.0, rel=4 * error)
    assert ill.mean() == pytest.approx(-0.5, abs=4 / np.sqrt(200))  # so that E exp = 1
    assert abs(np.corrcoef(up, ill)[0, 1]) < 4 / np.sqrt(200)


def test_bands_have_their_shares_in_each_school_and_overall():
    world = loud()
    pupils, plan = world.pupils, world.scenario.background
    assert STATUS == ("low", "middle", "high")
    shares = status_shares(plan, world.schools.status)
    assert shares.sum(axis=1) == pytest.approx(1)
    sizes = np.bincount(pupils.school, minlength=len(world.schools))
    counts = np.stack(
        [np.bincount(pupils.school, pupils.status == k, len(world.schools)) for k in range(3)]
    ).T
    expected = shares * sizes[:, None]
    chi = ((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum()
    free = 2 * (sizes > 0).sum()
    assert abs(chi - free) < 4 * np.sqrt(2 * free)
    assert np.ptp(shares[:, 0]) > 0.2  # schools are unequal
    many = status_shares(plan, np.random.default_rng(1).standard_normal(200_000))
    assert many.mean(axis=0) == pytest.approx([0.25, 0.5, 0.25], abs=4 * 0.15 / np.sqrt(200_000))


def test_special_support_is_drawn_and_certain_in_special_schools():
    world = loud()
    special = world.schools.special[world.pupils.school]
    assert 0.02 < special.mean() < 0.4
    assert world.pupils.supported[special].all()
    rest = world.pupils.supported[~special]
    share = world.scenario.background.sen
    assert rest.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(rest)))


def test_first_levels_follow_place_and_background():
    do = {"places.municipality_sd": 1.0, "places.special_up": 1.5, "places.special_share": 0.2}
    world = simulate("region", pupils=PUPILS, seed=9, do=do)
    plan, pupils, schools = world.scenario, world.pupils, world.schools
    back = plan.background
    pressure = pupils.effect + schools.effect[pupils.school]
    pressure += np.asarray(plan.avoidance.grade)[pupils.grade - 1]
    pressure += np.array([back.low_up, 0, back.high_up])[pupils.status]
    pressure += back.sen_up * pupils.supported
    chance = 1 / (1 + np.exp(-(logit(plan.avoidance.first_stage[0]) + pressure)))
    above = world.days.level[:, 0] >= 2
    special = schools.special[pupils.school]
    for rows in (pupils.status == 0, pupils.status == 2, pupils.supported, special, ~special):
        error = np.sqrt((chance * (1 - chance))[rows].sum())
        assert abs(above[rows].sum() - chance[rows].sum()) < 4 * error
    assert above[special].mean() > 1.5 * above[~special].mean()


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({"outbreak.share": 0.0}, "outbreak"),
        ({"background.sen_up": 3.0}, "supported"),
        ({"background.sen_illness": 3.0}, "supported"),
        ({"background.low_up": 3.0}, "low"),
        ({"places.special_up": 3.0}, "special"),
        ({"places.special_illness": 3.0}, "special"),
    ],
)
def test_nobody_else_is_changed(change, who):
    some = {"places.special_share": 0.3}  # so that a world of few schools has special ones
    world, other = (
        simulate("region", pupils=2_000, seed=3, do={**some, **do}) for do in ({}, change)
    )
    pupils, schools = world.pupils, world.schools
    touched = {
        "outbreak": schools.outbreak[pupils.school, pupils.grade - 1] < NO_OUTBREAK,
        "supported": pupils.supported,
        "low": pupils.status == 0,
        "special": schools.special[pupils.school],
    }[who]
    pairs = zip(dataclasses.astuple(world.days), dataclasses.astuple(other.days), strict=True)
    differs = np.any([(a != b).any(axis=1) for a, b in pairs], axis=0)
    assert differs[touched].any()
    assert not differs[~touched].any()


def test_an_outbreak_begins_and_ends_with_its_days():
    base = {**ILL_ONLY, "outbreak.share": 1.0, "outbreak.days": 5}
    loud_, still = (
        simulate("region", pupils=2_000, seed=3, do={**base, "outbreak.multiplier": m})
        for m in (30.0, 1.0)
    )
    first = loud_.schools.outbreak[loud_.pupils.school, loud_.pupils.grade - 1]
    assert set(loud_.year.week[np.unique(first)].tolist()) <= set(range(loud_.year.n_weeks))
    differs = loud_.days.reason != still.days.reason
    begins = np.where(differs.any(axis=1), differs.argmax(axis=1), first)
    assert (begins >= first).all()
    during = (begins - first)[differs.any(axis=1)]
    assert during.max() < 5
    assert differs.any(axis=1).mean() > 0.5


def test_a_class_shares_its_outbreak_and_a_school_does():
    for scope, width in (("class", 9), ("school", 1)):
        outbreak = loud(scope).schools.outbreak
        kinds = [len(np.unique(row)) for row in outbreak]
        assert max(kinds) <= width
        assert (max(kinds) > 1) == (width > 1)


def test_tables_hold_place_and_background():
    world = loud()
    pupils, schools = pupil_tables(world)["pupils"].to_pandas(), school_tables(world)["schools"]
    order = np.argsort(world.pupil_key)
    assert (pupils["ses_band"] == np.array(STATUS)[world.pupils.status[order]]).all()
    assert (pupils["sen"] == world.pupils.supported[order]).all()
    special = world.schools.special
    assert schools.column("school_type").to_pylist() == np.where(special, "SP", "GR").tolist()
    own = np.where(special[world.pupils.school[order]], "SP", "GR")
    assert (pupils["school_type"] == own).all()


def test_what_nobody_differs_in_is_not_recorded():
    table = pupil_tables(simulate(pupils=20, seed=1))["pupils"]
    assert not {"ses_band", "sen", "school_type"} & set(table.column_names)
    off = Scenario.preset("municipality")
    assert (off.places.municipality_sd, off.outbreak.share, off.enrolment.leaving) == (0, 0, 0)
