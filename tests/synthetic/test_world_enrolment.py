"""Pupils come and go during the year: when, who, and what of it is recorded."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest

from absence_risk.register.opening import read_register
from absence_risk.synthetic import simulate, truth
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.records import frames

MANY = {
    "enrolment.joining": 0.3,
    "enrolment.leaving": 0.008,
    "enrolment.leaving_per_10": 0.6,
    "referral.log_odds": [1.0, 1.0, 1.0],
    "team.moved": 0.02,
}


@pytest.fixture(scope="module")
def restless():
    """A world in which many come, many go, and many have cases."""
    return simulate("region", pupils=3_000, seed=6, do=MANY)


@pytest.fixture(scope="module")
def left(restless):
    """Last school day of those who left other than through a case, else `NEVER`."""
    return restless._simulated[2]


def test_who_comes_late_comes_in_any_week():
    world = simulate("region", pupils=20_000, seed=6, do={"enrolment.joining": 0.3})
    first, year = world.first_day, world.year
    late = first > 0
    assert late.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 20_000))
    starts = np.searchsorted(year.week, np.arange(year.n_weeks))
    assert set(np.unique(first)) == set(starts.tolist())
    counts = np.bincount(year.week[first[late]], minlength=year.n_weeks)[1:]
    expected = late.sum() / (year.n_weeks - 1)
    chi, free = ((counts - expected) ** 2 / expected).sum(), year.n_weeks - 2
    assert abs(chi - free) < 4 * np.sqrt(2 * free)


def test_who_leaves_follows_the_hazard():
    do = {"enrolment.leaving": 0.01, "enrolment.leaving_per_10": 0.0, "enrolment.joining": 0.3}
    world = simulate("region", pupils=8_000, seed=6, do={**do, "referral.log_odds": [-50.0] * 3})
    year = world.year
    weeks = year.week[world.last_day] - year.week[world.first_day] + 1
    gone = world.last_day < len(year) - 1
    at_risk = weeks.sum() - (~gone).sum()  # nobody leaves in the last week of the year
    share, expected = gone.sum() / at_risk, -np.expm1(-0.01)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / at_risk)
    ends = np.searchsorted(year.week, np.arange(year.n_weeks), side="right") - 1
    assert set(world.last_day.tolist()) <= set(ends.tolist())


def test_the_absent_leave_as_stated_by_the_hazard():
    """The likelihood of a hazard that rises with recent absence peaks near the true slope."""
    do = {"enrolment.leaving": 0.01, "enrolment.leaving_per_10": 0.5, "enrolment.joining": 0.0}
    world = simulate("region", pupils=6_000, seed=6, do={**do, "referral.log_odds": [-50.0] * 3})
    year, share = world.year, world.true_share()
    recent, absence = np.zeros(len(share)), []
    last = np.r_[year.week[1:] != year.week[:-1], True]
    for day in range(len(year)):
        recent += 0.05 * (share[:, day] - recent)
        if last[day]:
            absence.append(recent.copy())
    week = np.arange(year.n_weeks)
    x = np.array(absence).T / 0.1
    goes = (year.week[world.last_day][:, None] == week) & (world.last_day < len(year) - 1)[:, None]
    at_risk = (week <= year.week[world.last_day][:, None]) & (week < year.n_weeks - 1)
    slope = np.linspace(0.2, 0.8, 61)
    rate = [0.01 * np.exp(b * x[at_risk]) for b in slope]
    fit = [np.log(-np.expm1(-r))[goes[at_risk]].sum() - r[~goes[at_risk]].sum() for r in rate]
    best = slope[int(np.argmax(fit))]
    error = 1 / np.sqrt((rate[30] * x[at_risk] ** 2).sum())  # Fisher information, base rate known
    assert abs(best - 0.5) < 4 * error + 0.005
    assert error < 0.05


def test_region_loses_about_as_many_of_the_absent_as_published():
    """EVIDENCE 2.3: 7 % of autumn's persistent absentees are not on roll in spring."""
    world = simulate("region", pupils=24_000, seed=1)
    autumn = np.asarray(world.year.terms) == world.year.terms[0]
    there = (world.first_day == 0) & (world.last_day >= autumn.sum() - 1)
    often = there & (world.true_share()[:, autumn].mean(axis=1) >= 0.10)
    gone = world.last_day < len(world.year) - 1
    # about 4,000 pupils: standard error 0.4 points
    assert gone[often].mean() == pytest.approx(0.07, abs=0.015)
    assert gone[there & ~often].mean() < 0.03


def test_cases_lie_inside_the_enrolment(restless, left):
    cases = restless.cases
    rows = np.flatnonzero(cases.detected < NEVER)
    assert len(rows) > 500
    assert (cases.detected[rows] >= restless.first_day[rows]).all()
    for name in ("detected", "referred", "decided", "started", "closed"):
        day = getattr(cases, name)[rows]
        inside = (day <= restless.last_day[rows]) | (day == NEVER)
        assert inside.all(), name
    went = np.flatnonzero((left < NEVER) & (cases.detected < NEVER))
    assert len(went) > 50
    assert (cases.closed[went] <= left[went]).all()
    cut = went[cases.closed[went] == left[went]]
    moved = cut[cases.ending[cut] == 3]
    assert set(went[cases.ending[went] == 3]) == set(moved)  # nobody leaves twice
    assert len(moved) > 30
    worked = cases.started[moved] < NEVER
    assert worked.any()
    assert (~worked).any()
    assert ((cases.level_end[moved] > 0) == worked).all()
    undecided = cases.decided[rows] == NEVER
    assert not (cases.guardian | cases.pupil)[rows][undecided].any()


def test_who_has_no_case_has_none_of_its_marks(restless):
    none = restless.cases.detected == NEVER
    for name in ("referred", "decided", "started", "closed"):
        assert (getattr(restless.cases, name)[none] == NEVER).all(), name
    assert (restless.cases.ending[none] == 0).all()


def test_alarms_count_only_days_at_school(restless):
    cases = restless.cases
    rows = np.flatnonzero(cases.detected < NEVER)
    year = restless.year
    month = year.month == year.month[cases.detected[rows]][:, None]
    month &= np.arange(len(year)) >= restless.first_day[rows][:, None]
    recorded = np.bitwise_count(restless.days.missed & ~restless.days.unreported)[rows]
    offered = month.sum(axis=1) * restless.pupils.lessons[rows]
    np.testing.assert_allclose((recorded * month).sum(axis=1) / offered, cases.total[rows])
    partly = month.sum(axis=1) < (year.month == year.month[cases.detected[rows]][:, None]).sum(1)
    assert partly.sum() > 5


def test_days_are_those_of_a_world_in_which_nobody_goes():
    """Coming and going takes rows away; the days change only with what staircase and team do."""
    quiet = {"actions.chance": [0.0] * 3, "actions.run_referral": 0.0}
    do = {**MANY, **quiet, "referral.log_odds": [-50.0] * 3}
    worlds = [
        simulate("region", pupils=1_000, seed=6, do={**do, **more})
        for more in ({}, {"enrolment.leaving": 0.0, "enrolment.joining": 0.0})
    ]
    for field in dataclasses.fields(worlds[0].days):
        one, other = (getattr(w.days, field.name) for w in worlds)
        np.testing.assert_array_equal(one, other)
    assert (worlds[1].last_day == len(worlds[1].year) - 1).all()


@pytest.mark.parametrize("rows", ["lesson", "day"])
def test_no_row_lies_outside_the_enrolment(restless, rows):
    part = restless.part(np.arange(700))
    tables = frames(part, rows)
    dates = tables["registers"].group_by("pupil_key").aggregate([("date", "min"), ("date", "max")])
    found = dates.to_pandas().set_index("pupil_key")
    pupils = tables["pupils"].to_pandas().set_index("pupil_key").loc[found.index]
    assert len(pupils) == 700
    assert (found["date_min"] == pupils["entry"]).all()
    went = pupils["exit"].notna()
    assert (found["date_max"] == pupils["exit"])[went].all()
    assert set(found["date_max"][~went]) == {part.year.dates[-1].astype(object)}
    assert went.mean() > 0.1
    assert (pupils["entry"] > pupils["entry"].min()).mean() == pytest.approx(0.3, abs=0.08)
    per_day = part.pupils.lessons if rows == "lesson" else 1
    days = part.last_day - part.first_day + 1
    current = tables["registers"].column("superseded_at").null_count
    assert current == (days * per_day).sum()


def test_rows_are_those_of_the_days(restless):
    cube = restless.as_register("lesson").cube()
    order = np.argsort(restless.pupil_key)
    day = np.arange(len(restless.year))
    inside = (day >= restless.first_day[:, None]) & (day <= restless.last_day[:, None])
    seen = np.bitwise_count(restless.days.missed & ~restless.days.unreported).astype(int) * 50
    np.testing.assert_array_equal(cube.valid + cube.invalid, np.where(inside, seen, 0)[order])


def test_written_region_is_valid_and_the_same_for_all_blocks_and_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(truth, "truth_of", lambda world: {"pupils": len(world.index)})
    written = {}
    for block, threads in ((300, 1), (1_000, 2), (7_000, 1)):
        world = simulate("region", pupils=1_300, seed=6, do=MANY, block=block)
        folder = tmp_path / f"{block}-{threads}"
        written[block] = world.write(folder, rows="day", threads=threads)
    assert written[300] == written[1_000] == written[7_000]
    report = read_register(tmp_path / "300-1").validate()
    assert report.ok, str(report)
    names = pq.read_schema(tmp_path / "300-1" / "pupils.parquet").names
    assert {"ses_band", "sen", "school_type", "entry", "exit"} <= set(names)


def test_the_team_changes_only_pupils_it_works_with():
    do = {"referral.log_odds": [1.0, 1.0, 1.0]}
    pair = [
        simulate("region", pupils=2_000, seed=6, do={**do, **more})
        for more in ({}, {"team.effect": 0.0})
    ]
    started = pair[0].cases.started < NEVER
    fields = dataclasses.fields(pair[0].days)
    differs = [
        (getattr(pair[0].days, f.name) != getattr(pair[1].days, f.name)).any(axis=1) for f in fields
    ]
    differs.append(pair[0].last_day != pair[1].last_day)
    assert np.any(differs, axis=0)[started].sum() > 20
    assert not np.any(differs, axis=0)[~started].any()
