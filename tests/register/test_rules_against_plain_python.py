"""Every rule on random lessons, against one lesson at a time in plain Python."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from absence_risk.register.definition import DAY_RULES, LATE_RULES, AbsenceDefinition
from absence_risk.register.opening import read_register

DAYS = ["2025-11-03", "2025-11-04", "2025-11-05"]
N_PUPILS = 150
LIMIT = 10
RULES = [
    AbsenceDefinition(
        numerator=numerator,
        denominator=denominator,
        day_rule=day_rule,
        late_rule=late_rule,
        late_limit_min=LIMIT if late_rule == "absent_after_x" else 0,
    )
    for numerator, denominator, day_rule, late_rule in itertools.product(
        ["total", (10,), (20, 80)], ["offered", "reported"], DAY_RULES, LATE_RULES
    )
]


def one_lesson(draw, slot):
    scheduled = draw.choice([0, 40, 60, 60])
    if draw.random() < 0.15:
        return (slot, scheduled, None, None, None, False, None)
    valid = draw.choice([0, 0, scheduled, scheduled // 2])
    invalid = draw.choice([0, 0, scheduled - valid, (scheduled - valid) // 2])
    late = 0 if valid + invalid else min(draw.choice([0, 0, 5, 10, 11, 20]), scheduled)
    reason = draw.choice([10, 20, 70]) if valid + invalid else None
    return (slot, scheduled, valid, invalid, late, True, 80 if late else reason)


def one_day(draw):
    if draw.random() < 0.15:
        slot, _, valid, invalid, late, known, reason = one_lesson(draw, 0)
        return [(slot, 60, valid, invalid, late, known, reason)]
    return [one_lesson(draw, slot) for slot in range(1, draw.randint(1, 6) + 1)]


class Lesson:
    """What one row counts, written as the documentation reads."""

    def __init__(self, row, rule):
        self.slot, self.offered, valid, invalid, late, self.known, reason = row
        valid, invalid, late = (value or 0 for value in (valid, invalid, late))
        left = self.offered - valid - invalid
        limit = {"invalid": 0, "absent_after_x": LIMIT}.get(rule.late_rule, math.inf)
        added = min(late, left) if rule.late_rule == "late_minutes" else 0
        if late > limit:
            added = left if self.slot else min(late, left)
        chosen, late_chosen = True, True
        if rule.reasons is not None:
            chosen, late_chosen = reason in rule.reasons, 80 in rule.reasons
        self.minutes = valid + invalid + added
        self.valid = valid if chosen else 0
        self.invalid = (invalid if chosen else 0) + (added if late_chosen else 0)
        self.reported = self.offered if self.known else 0
        self.time = self.offered if rule.denominator == "offered" else self.reported

    @property
    def missed(self):
        return self.minutes > 0 and self.minutes >= self.reported

    def kind(self):
        """0 for not counted, 1 for valid, 2 for invalid."""
        if 2 * (self.valid + self.invalid) < self.minutes or not self.minutes:
            return 0
        return 1 if self.valid > self.invalid else 2


def majority(lessons):
    if 2 * sum(x.valid + x.invalid for x in lessons) < sum(x.minutes for x in lessons):
        return 0
    return 1 if sum(x.valid for x in lessons) > sum(x.invalid for x in lessons) else 2


def as_counts(time, kind, amount=1):
    return (time, amount * (kind == 1), amount * (kind == 2))


def by_hand(day, rule):
    lessons = [Lesson(row, rule) for row in day]
    there = [x for x in lessons if x.offered]
    if rule.day_rule in {"minutes_share", "lessons_share"}:
        return summed(lessons, rule)
    if rule.day_rule == "start_of_day":
        return session(there[:1], rule)
    if rule.day_rule == "half_days" and [x.slot for x in there] != [0]:
        middle = math.ceil(len(there) / 2)
        halves = [session(half[:1], rule) for half in (there[:middle], there[middle:])]
        return tuple(sum(values) for values in zip(*halves, strict=True))
    time = int(sum(x.time for x in lessons) > 0)
    minutes, reported = sum(x.minutes for x in lessons), sum(x.reported for x in lessons)
    if rule.day_rule == "half_days":
        half = min(2, 2 * minutes // max(reported, 1))
        return as_counts(2 * time, majority(lessons) if half and time else 0, half)
    if rule.day_rule == "full_day_only":
        return as_counts(time, majority(lessons) if time and 0 < minutes >= reported else 0)
    missed = [x for x in lessons if x.missed or (x.slot == 0 and x.minutes)]
    return as_counts(time, majority(missed) if missed and time else 0)


def summed(lessons, rule):
    if rule.day_rule == "minutes_share":
        return tuple(sum(getattr(x, n) for x in lessons) for n in ("time", "valid", "invalid"))
    kinds = [x.kind() if x.missed else 0 for x in lessons]
    return (sum(x.time > 0 for x in lessons), kinds.count(1), kinds.count(2))


def session(first, rule):
    """A day or a half-day judged by its first lesson."""
    if not first or (rule.denominator == "reported" and not first[0].known):
        return (0, 0, 0)
    return as_counts(1, first[0].kind() if first[0].missed else 0)


def test_every_rule_counts_as_documented(lessons):
    draw = random.Random(1)
    days = {(p, date): one_day(draw) for p in range(N_PUPILS) for date in DAYS}
    rows = [(*place, *lesson) for place, day in days.items() for lesson in day]
    tables = lessons(*(row[:-1] for row in rows))
    tables["registers"]["reason_code"] = [row[-1] for row in rows]
    tables["registers"]["reason_code"] = tables["registers"]["reason_code"].astype("UInt8")
    counted = 0
    for rule, cube in zip(RULES, read_register(tables).cubes(RULES), strict=True):
        found = np.stack([cube.scheduled, cube.valid, cube.invalid], axis=-1)
        expected = np.array([by_hand(day, rule) for day in days.values()])
        np.testing.assert_array_equal(found.reshape(expected.shape), expected, rule.describe())
        assert (cube.valid + cube.invalid <= cube.scheduled).all()
        counted += int((expected[:, 1:] > 0).sum())
    assert len(RULES) == 144
    assert counted > 1_000


@pytest.mark.parametrize("day_rule", DAY_RULES)
def test_several_definitions_in_one_pass_are_those_of_single_passes(tables, day_rule):
    rules = [
        AbsenceDefinition(day_rule=day_rule, late_rule=late, denominator=over, numerator=what)
        for late, over, what in [
            ("present", "offered", "total"),
            ("late_minutes", "offered", (10,)),
            ("invalid", "reported", "total"),
            ("invalid", "reported", (70, 80)),
        ]
    ]
    reg = read_register(tables)
    for rule, cube in zip(rules, reg.cubes(rules), strict=True):
        alone = reg.cube(rule)
        assert cube.definition == rule
        for part in ("scheduled", "valid", "invalid"):
            np.testing.assert_array_equal(getattr(cube, part), getattr(alone, part))
