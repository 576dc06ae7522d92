from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import simulate
from absence_risk.synthetic.records import frames

DO = {"lateness.share": [0.2] * 6, "lateness.later": 0.5, "lateness.minutes": 20}


@pytest.fixture(scope="module")
def lessons():
    return frames(simulate(pupils=400, seed=3, do=DO))["registers"].to_pandas()


@pytest.mark.parametrize(("slots", "chance"), [((1,), 0.2), ((2, 3, 4, 5, 6, 7), 0.1)])
def test_shares_late_are_the_closed_form(lessons, slots, chance):
    here = lessons[lessons["slot"].isin(slots) & (lessons["present_min"] > 0)]
    late = here["late_min"] > 0
    # the first lesson is attended by pupils whose days hang together, but lateness is drawn anew
    assert abs(late.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / len(here))
    minutes = here.loc[late, "late_min"]
    assert abs(minutes.mean() - 10.5) < 4 * np.sqrt((20**2 - 1) / 12 / len(minutes))
    assert (minutes.min(), minutes.max()) == (1, 20)


def test_who_is_not_there_is_not_late(lessons):
    known = lessons[lessons["is_reported"]]
    assert (known.loc[known["present_min"] == 0, "late_min"] == 0).all()
    assert (known["late_min"] <= known["present_min"]).all()


def test_days_hold_the_minutes_of_their_lessons(lessons):
    days = frames(simulate(pupils=400, seed=3, do=DO), "day")["registers"].to_pandas()
    known = days[days["is_reported"]].set_index(["pupil_key", "date"])["late_min"]
    sums = lessons.groupby(["pupil_key", "date"])["late_min"].sum()
    assert (known == sums.reindex(known.index)).all()


def test_first_lessons_are_the_same_without_later_ones(lessons):
    plain = frames(simulate(pupils=400, seed=3, do={**DO, "lateness.later": 0.0}))["registers"]
    plain = plain.to_pandas()
    first = plain["slot"] == 1
    np.testing.assert_array_equal(plain["late_min"][first], lessons["late_min"][first])
    assert not (plain["late_min"][~first] > 0).any()


def test_nobody_is_later_than_the_lesson_is_long():
    short = {**DO, "size.lesson_minutes": 10, "lateness.minutes": 60}
    for later in (0.0, 1.0):
        world = simulate(pupils=40, seed=3, do={**short, "lateness.later": later})
        late = frames(world)["registers"].to_pandas()["late_min"]
        assert late.max() == 10
