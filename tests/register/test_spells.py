from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.opening import read_register
from absence_risk.register.spells import absence_spells

COLUMNS = ["pupil_key", "start_day", "end_day", "n_days", "kind", "open_start", "open_end"]


def cube_of(*pupils):
    """One letter a day: . present, v valid, i invalid, p part absent, - nothing scheduled."""
    letters = np.array([list(pupil) for pupil in pupils])
    days = np.arange("2025-08-18", "2026-06-01", dtype="datetime64[D]")
    days = days[((days.astype(int) + 3) % 7) < 5][: letters.shape[1]]
    minutes = np.where(letters == "-", 0, 300).astype(np.int16)
    return Cube(
        np.arange(1, len(pupils) + 1, dtype=np.uint32),
        SchoolCalendar(days, ["HT"] * len(days)),
        minutes,
        np.where(letters == "v", 300, np.where(letters == "p", 100, 0)).astype(np.int16),
        np.where(letters == "i", 300, 0).astype(np.int16),
        AbsenceDefinition(),
    )


def rows(*pupils, **options):
    return absence_spells(cube_of(*pupils), **options)[COLUMNS].to_numpy().tolist()


def test_runs_and_their_kind():
    assert rows(".vv.i..vi.") == [
        [1, 1, 2, 2, "valid", False, False],
        [1, 4, 4, 1, "invalid", False, False],
        [1, 7, 8, 2, "mixed", False, False],
    ]


def test_edges_of_the_record_are_open():
    assert rows("vv...", "...ii", "iiiii") == [
        [1, 0, 1, 2, "valid", True, False],
        [2, 3, 4, 2, "invalid", False, True],
        [3, 0, 4, 5, "invalid", True, True],
    ]


def test_edges_are_those_of_the_pupils_own_days():
    assert rows("--vv.", ".ii--") == [
        [1, 2, 3, 2, "valid", True, False],
        [2, 1, 2, 2, "invalid", False, True],
    ]


def test_days_with_nothing_scheduled_do_not_break_a_spell():
    assert rows(".v--v.") == [[1, 1, 4, 2, "valid", False, False]]


def test_a_spell_never_runs_from_one_pupil_into_the_next():
    assert [row[3] for row in rows("..v", "v..")] == [1, 1]


def test_part_days_count_from_the_share_asked_for():
    assert rows(".pp.") == []
    assert rows(".pp.", at=1 / 3) == [[1, 1, 2, 2, "valid", False, False]]


def test_nobody_absent_and_nobody_there():
    for cube in (cube_of("...."), cube_of("----")):
        spells = absence_spells(cube)
        assert len(spells) == 0
        assert spells.columns.tolist() == COLUMNS


@pytest.mark.parametrize("at", [0, 1.5, -0.1])
def test_share_outside_its_range(at):
    with pytest.raises(ValueError, match="at must be"):
        absence_spells(cube_of("v"), at=at)


@given(st.lists(st.text(alphabet=".vi-", min_size=12, max_size=12), min_size=1, max_size=4))
def test_spells_hold_every_absent_day_once(pupils):
    spells = absence_spells(cube_of(*pupils))
    absent = sum(pupil.count("v") + pupil.count("i") for pupil in pupils)
    assert spells["n_days"].sum() == absent
    for (_, one), (_, two) in zip(spells.iterrows(), spells[1:].iterrows(), strict=False):
        if one["pupil_key"] != two["pupil_key"]:
            continue
        between = pupils[one["pupil_key"] - 1][one["end_day"] + 1 : two["start_day"]]
        assert "." in between


def test_weekends_do_not_break_a_spell_of_a_register(lessons):
    friday, monday, tuesday = "2025-11-07", "2025-11-10", "2025-11-11"
    tables = lessons(
        (1, "2025-11-06", 1, 60, 0, 0, 0, True),
        (1, friday, 1, 60, 60, 0, 0, True),
        (1, monday, 1, 60, 60, 0, 0, True),
        (1, tuesday, 1, 60, 0, 0, 0, True),
    )
    spells = read_register(tables).spells()
    assert spells["n_days"].tolist() == [2]
    expected = pd.DataFrame({"open_start": [False], "open_end": [False]})
    pd.testing.assert_frame_equal(spells[["open_start", "open_end"]], expected)
