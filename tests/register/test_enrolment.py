"""Which enrolment holds on a date."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from absence_risk.register.enrolment import enrolled_rows, schools_on


@pytest.fixture
def pupils():
    return pd.DataFrame(
        {
            "pupil_key": [9, 7, 7, 8],
            "school_key": ["C", "B", "A", "C"],
            "entry": pd.to_datetime(["2025-08-18", "2026-01-08", "2025-08-18", None]),
        }
    )


def test_the_last_spell_that_began_by_the_date_holds(pupils):
    dates = np.array(["2025-12-01", "2026-01-08", "2026-06-01"], dtype="datetime64[D]")
    assert schools_on(pupils, [7, 7, 7], dates).tolist() == ["A", "B", "B"]


def test_before_the_first_spell_the_first_one_is_taken(pupils):
    assert schools_on(pupils, [7], np.datetime64("2025-01-01")).tolist() == ["A"]


def test_a_spell_without_entry_holds_from_the_start(pupils):
    assert schools_on(pupils, [8], np.datetime64("2025-08-18")).tolist() == ["C"]


def test_unknown_pupils_are_marked_and_not_given_a_neighbours_school(pupils):
    assert enrolled_rows(pupils, [6, 10, 9], np.datetime64("2026-01-01")).tolist() == [-1, -1, 0]
    assert schools_on(pupils, [6], np.datetime64("2026-01-01")).tolist() == [None]


def test_row_order_plays_no_part(pupils):
    shuffled = pupils.sample(frac=1, random_state=1)
    when = np.datetime64("2026-02-01")
    assert schools_on(shuffled, [7, 8, 9], when).tolist() == ["B", "C", "C"]


def test_keys_of_32_bits_and_no_pupils_at_all(pupils):
    big = pupils.assign(pupil_key=np.uint32(2**32 - 1))
    assert enrolled_rows(big, [2**32 - 1], np.datetime64("2026-02-01")).tolist() == [1]
    assert enrolled_rows(pupils.head(0), [7], np.datetime64("2026-02-01")).tolist() == [-1]


def test_a_missing_column_is_named(pupils):
    with pytest.raises(ValueError, match="school_key"):
        schools_on(pupils.drop(columns="school_key"), [7], np.datetime64("2026-02-01"))
