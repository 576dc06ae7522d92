"""Frames that show a world agree with its days."""

from __future__ import annotations

import numpy as np
import pytest

from absence_risk.synthetic import portrait, simulate


@pytest.fixture(scope="module")
def small():
    return simulate(pupils=300, seed=4)


def test_weeks_add_up_to_the_year(small):
    weekly = portrait.weekly_absence(small)
    days = np.bincount(small.year.week)
    lessons = small.pupils.lessons.astype(float)
    for columns, kind in ((["illness", "leave", "guardian"], "valid"), (["invalid"], "invalid")):
        year = small.true_share(kind).mean(axis=1)
        expected = (year * lessons).sum() / lessons.sum()
        assert np.average(weekly[columns].sum(axis=1), weights=days) == pytest.approx(expected)
    assert weekly.index.tolist() == list(range(1, small.year.n_weeks + 1))


def test_levels_are_counted_once(small):
    levels = portrait.level_shares(small)
    assert levels.columns.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(levels.sum(axis=1), 1)
    assert levels.loc[3, 2] == (small.days.level[:, 2] == 2).mean()


def test_spells_are_runs_that_cannot_be_extended(small):
    found = portrait.spells(small)
    every = (1 << small.pupils.lessons.astype(int)) - 1
    out = small.days.missed == every[:, None]
    assert found["length"].sum() == out.sum()
    for row in found.sample(100, random_state=1).itertuples():
        days = out[row.pupil]
        end = row.first + row.length
        assert days[row.first : end].all()
        assert row.first == 0 or not days[row.first - 1]
        assert row.complete == (end < len(days))
        assert end == len(days) or not days[end]


def test_spells_of_illness_have_the_stated_mean():
    no_one = {"avoidance.first_stage": [0.0] * 5, "avoidance.up": [0.0] * 5}
    quiet = simulate(pupils=2_000, seed=4, do={**no_one, "leave.onset_rate": 0.0})
    found = portrait.spells(quiet)
    # A new illness can follow at once on the last day of another: P(onset) is below 3 % a day.
    length = found.loc[found["first"] < 140, "length"]
    error = length.std() / np.sqrt(len(length))
    assert set(found["reason"]) == {"illness"}
    assert abs(length.mean() - quiet.scenario.illness.mean_days) < 4 * error
