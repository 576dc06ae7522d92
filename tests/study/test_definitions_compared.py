"""Definitions side by side: exact by hand, protected, and with their known spread."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest

import absence_risk as ar
from absence_risk.errors import SmallCountWarning
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.study.definitions import COMPARED, Levels, compare_levels, to_compare
from absence_risk.study.reporting import reporting_table

DAYS = np.arange("2025-09-01", "2025-09-11", dtype="datetime64[D]")
CALENDAR = SchoolCalendar(DAYS, ["HT"] * 10)


def cube(absent, scheduled=None, **definition):
    valid = np.asarray(absent, dtype=np.int16)
    whole = np.ones_like(valid) if scheduled is None else np.asarray(scheduled, dtype=np.int16)
    keys = np.arange(1, len(valid) + 1, dtype=np.uint32)
    rule = AbsenceDefinition(day_rule="full_day_only", **definition)
    return Cube(keys, CALENDAR, whole, valid, 0 * valid, rule)


def days(*counts):
    return np.arange(10) < np.array(counts)[:, None]


def estimates(table, term):
    return {row.group: row.estimate for row in table.rows if row.term == term}


def test_shares_and_moves_by_hand():
    strict = Levels.of("strict", cube(days(0, 1, 0, 2)))
    loose = Levels.of("loose", cube(days(1, 1, 0, 2)))
    other = Levels.of("other", cube(days(1, 0, 0, 1)))
    table = compare_levels([strict, loose, other], ["A", "A", "B", "B"], minimum=1)
    assert estimates(table, "mean absence") == pytest.approx(
        {"strict": 3 / 40, "loose": 4 / 40, "other": 2 / 40}
    )
    assert estimates(table, "pupils absent 10 % or more") == {
        "strict": 2 / 4,
        "loose": 3 / 4,
        "other": 2 / 4,
    }
    assert estimates(table, "pupils absent 20 % or more") == {
        "strict": 1 / 4,
        "loose": 1 / 4,
        "other": 0.0,
    }
    # The other rule loses one pupil and gains one: the share is the same, two pupils moved.
    assert estimates(table, "pupils on the other side of 10 %") == {"loose": 1 / 4, "other": 2 / 4}
    assert {row.n for row in table.rows} == {4}


@pytest.mark.parametrize(("down", "is_shown"), [(0, True), (2, False), (5, True)])
def test_a_move_that_few_made_cannot_be_worked_out(down, is_shown):
    before = days(*[1] * 30, *[0] * 30)
    after = days(*[0] * down, *[1] * 30, *[1] * 10, *[0] * (20 - down))
    levels = [Levels.of("before", cube(before)), Levels.of("after", cube(after))]
    table = compare_levels(levels, ["A"] * 30 + ["B"] * 30)
    up = 10 + down
    counts = [row.n_events for row in table.rows if "10 %" in row.term]
    # Half of (moved - difference of the shares) is the number who moved down.
    assert counts == [30, 40, up + down if is_shown else None]


def test_a_pupil_a_rule_does_not_see_counts_as_below():
    seen = Levels.of("all", cube(days(1, 1)))
    none = np.ones((2, 10))
    none[1] = 0
    part = Levels.of("part", cube(days(1, 0), scheduled=none))
    table = compare_levels([seen, part], ["A", "B"], minimum=1)
    assert estimates(table, "pupils absent 10 % or more") == {"all": 1.0, "part": 0.5}
    assert {row.n for row in table.rows} == {2}


def test_the_mean_of_a_month_weighted_rule_is_month_weighted():
    two = SchoolCalendar(np.array(["2025-09-01", "2025-10-01"], dtype="datetime64[D]"), ["HT"] * 2)
    scheduled = np.array([[1, 1], [1, 0]], dtype=np.int16)
    ill = np.array([[1, 0], [1, 0]], dtype=np.int16)
    rule = AbsenceDefinition.preset("denmark_uvm")
    made = Cube(np.array([1, 2], dtype=np.uint32), two, scheduled, ill, 0 * ill, rule)
    table = compare_levels([Levels.of("DK", made)], ["A", "A"], minimum=1)
    assert estimates(table, "mean absence")["DK"] == pytest.approx((2 * 0.5 + 1 * 1.0) / 3)


def rows_shown(table, group):
    return [row.term for row in table.rows if row.group == group and row.n_events is not None]


def test_rules_that_move_a_few_pupils_hide_them():
    base = np.r_[np.full(60, 3), np.zeros(140, dtype=int)]
    few, many = base.copy(), base.copy()
    few[60:63] = 3
    many[60:80] = 3
    schools = np.repeat(["A", "B"], 100)
    named = {"base": base, "few": few, "many": many}
    levels = [Levels.of(name, cube(days(*counts))) for name, counts in named.items()]
    table = compare_levels(levels, schools, minimum=5)
    assert rows_shown(table, "few") == []
    assert len(rows_shown(table, "base")) == 2
    assert len(rows_shown(table, "many")) == 3
    assert "not shown" in table.note
    everything = compare_levels(levels, schools, minimum=1)
    assert len(rows_shown(everything, "few")) == 3


def test_rules_that_move_a_few_pupils_from_each_other_hide_them():
    base = np.r_[np.full(60, 3), np.zeros(140, dtype=int)]
    many, nearly = base.copy(), base.copy()
    many[60:80] = 3
    nearly[60:82] = 3  # far from the base, two pupils from the other rule
    levels = [
        Levels.of(name, cube(days(*counts)))
        for name, counts in {"base": base, "many": many, "nearly": nearly}.items()
    ]
    table = compare_levels(levels, np.repeat(["A", "B"], 100), minimum=5)
    assert len(rows_shown(table, "many")) == 3
    assert rows_shown(table, "nearly") == []


def test_a_study_puts_its_own_rule_first_and_once():
    own = AbsenceDefinition.preset("denmark_uvm")
    names = list(to_compare(own))
    assert names[0] == "absent at the start of the day"
    assert sorted(names) == sorted(COMPARED)
    odd = AbsenceDefinition(late_rule="late_minutes")
    assert list(to_compare(odd)) == ["the definition of this study", *COMPARED]
    assert to_compare(odd)["the definition of this study"] is odd
    weekly = AbsenceDefinition(window="week", least_days=3)
    assert next(iter(to_compare(weekly).values())) is weekly
    assert len(to_compare(weekly)) == len(COMPARED)


def test_a_study_under_another_definition(register):
    with pytest.raises(ValueError, match="must count all absence, not invalid"):
        ar.study.run(register, definition=AbsenceDefinition.preset("denmark_law"))
    with warnings.catch_warnings():
        # So few cases have whole absent days that a table of theirs may be empty.
        warnings.simplefilter("ignore", SmallCountWarning)
        answers = ar.study.run(
            register,
            definition=AbsenceDefinition.preset("schoolsoft"),
            plan=ar.study.StudyPlan(replicates=50),
        )
    assert answers.definition == AbsenceDefinition.preset("schoolsoft").describe()
    assert answers.definitions.rows[0].group == "no lesson of the day attended"
    mean = answers.levels.rows[0].estimate
    assert mean == pytest.approx(answers.definitions.rows[0].estimate)
    pooled = register.cube(AbsenceDefinition.preset("schoolsoft")).totals("year")
    assert mean == pytest.approx(pooled.absent().sum() / pooled.scheduled.sum())


def test_the_study_agrees_with_single_passes(study, register):
    alone = ar.study.compare_definitions(register)
    assert alone == study.definitions
    assert dataclasses.replace(study.definitions, note="") != study.levels
    cube = register.cube(COMPARED["any lesson of the day missed"])
    rate = cube.totals("year").rate()[:, 0]
    share = estimates(alone, "pupils absent 10 % or more")["any lesson of the day missed"]
    assert share == pytest.approx((rate >= 0.1).mean())


def test_reporting_rates_are_those_of_the_register(study, register):
    rates = register.reporting_rate()
    whole, *rows = study.reporting.rows
    assert whole.estimate == pytest.approx(
        rates["reported_min"].sum() / rates["offered_min"].sum(), abs=5e-5
    )
    kept = rates[rates["n_pupils"] >= 10]
    assert [(row.group, row.time) for row in rows] == list(
        zip(kept["school_key"], kept["period"], strict=True)
    )
    expected = [round(rate, 4) for rate in kept["reporting_rate"].tolist()]
    assert [row.estimate for row in rows] == expected
    assert whole.n == register.n_pupils
    assert all(row.n is None for row in rows)
    assert "at least 10 pupils" in study.reporting.note


def test_small_schools_have_no_reporting_rate(register):
    offered, reported = register.cubes(
        [AbsenceDefinition(), AbsenceDefinition(denominator="reported")]
    )
    table = reporting_table(offered, reported, register.pupils, minimum=10_000)
    assert len(table.rows) == 1
    assert "fewer than 20000 pupils are left out" in table.note


# Mean and share of pupils at 10 % or more, in per cent, and pupils on the other side of 10 % than
# by minutes, of a register that another generator made (FORMATS.md section 1).
KNOWN = {
    "minutes over offered time": (5.25, 9.5, None),
    "no lesson of the day attended": (4.75, 7.6, 1.9),
    "any lesson of the day missed": (6.85, 15.7, 6.2),
    "absent at the start of the day": (5.26, 9.8, 0.6),
}


def test_four_rules_have_their_known_spread_on_a_danish_register():
    """Levels differ between the generators, so what the rules add to the minutes is compared.

    With 6,000 pupils the standard error of a difference of 6 points is 0.3 points, so a point is
    three of them; ratios of means are known to 0.01 and differ by generator.
    """
    world = ar.synthetic.simulate("denmark_2018", pupils=6_000, seed=1)
    table = ar.study.compare_definitions(world.register)
    mean = estimates(table, "mean absence")
    share = estimates(table, "pupils absent 10 % or more")
    moved = estimates(table, "pupils on the other side of 10 %")
    base = "minutes over offered time"
    for name, (known_mean, known_share, known_moved) in KNOWN.items():
        assert mean[name] / mean[base] == pytest.approx(known_mean / 5.25, abs=0.03)
        assert 100 * (share[name] - share[base]) == pytest.approx(known_share - 9.5, abs=1.0)
        if known_moved is not None:
            assert 100 * moved[name] == pytest.approx(known_moved, abs=1.0)
    strict, loose = share["no lesson of the day attended"], share["any lesson of the day missed"]
    assert strict < share["absent at the start of the day"] < loose
    assert loose / strict > 1.5
    # Everything is reported in this world, so both denominators are one.
    assert mean["minutes over reported time"] == mean[base]
