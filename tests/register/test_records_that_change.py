"""Corrections, as-of views, enrolment, reporting: worked by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from absence_risk.errors import DesignError
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.opening import read_register

MON, TUE, WED = "2025-11-03", "2025-11-04", "2025-11-05"


@pytest.fixture
def corrected(lessons):
    """A skipped lesson that became illness on Wednesday morning, and a lesson of Wednesday."""
    tables = lessons(
        (1, MON, 1, 60, 0, 60, 0, True),
        (1, MON, 1, 60, 60, 0, 0, True),
        (1, TUE, 1, 60, 0, 0, 0, True),
        (1, WED, 1, 60, 60, 0, 0, True),
    )
    rows = tables["registers"]
    rows["recorded_at"] = pd.to_datetime(
        [f"{MON} 09:00", f"{WED} 08:00", f"{TUE} 09:00", f"{MON} 07:00"]
    ).astype("datetime64[s]")
    rows["superseded_at"] = pd.to_datetime([f"{WED} 08:00", None, None, None]).astype(
        "datetime64[s]"
    )
    return tables


def cells(register, **definition):
    cube = register.cube(AbsenceDefinition(**definition))
    return [part[0].tolist() for part in (cube.scheduled, cube.valid, cube.invalid)]


def test_the_latest_state_is_the_default(corrected):
    assert cells(read_register(corrected)) == [[60, 60, 60], [60, 0, 60], [0, 0, 0]]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (MON, [[60], [0], [60]]),
        (TUE, [[60, 60], [0, 0], [60, 0]]),
        (dt.datetime(2025, 11, 5, 7, 59), [[60, 60, 60], [0, 0, 60], [60, 0, 0]]),
        (dt.datetime(2025, 11, 5, 8, 0), [[60, 60, 60], [60, 0, 60], [0, 0, 0]]),
        (dt.date(2025, 11, 5), [[60, 60, 60], [60, 0, 60], [0, 0, 0]]),
    ],
)
def test_as_of_sees_what_was_known_and_nothing_of_later_days(corrected, date, expected):
    # Leave for Wednesday was granted on Monday: it is no absence before Wednesday.
    assert cells(read_register(corrected).as_of(date)) == expected


def test_as_of_from_files_and_other_frames(corrected, write):
    expected = cells(read_register(corrected).as_of(TUE))
    assert cells(read_register(write(corrected)).as_of(TUE)) == expected
    frames = {name: pl.from_pandas(frame) for name, frame in corrected.items()}
    assert cells(read_register(frames).as_of(TUE)) == expected


def test_the_register_itself_does_not_change(corrected):
    register = read_register(corrected)
    register.as_of(MON)
    assert register.moment is None
    assert len(register.calendar) == 3


def test_a_row_without_time_was_known_on_its_own_day(corrected):
    corrected["registers"].loc[2, "recorded_at"] = pd.NaT
    assert cells(read_register(corrected).as_of(TUE))[0] == [60, 60]


def test_panel_and_reporting_rate_follow_the_view(corrected):
    view = read_register(corrected).as_of(TUE)
    panel = view.panel("term")
    assert panel[["n_days", "invalid_min", "valid_min"]].to_numpy().tolist() == [[2, 60, 0]]
    assert view.reporting_rate()["offered_min"].tolist() == [120]


def test_rows_without_times_refuse_the_view(corrected):
    del corrected["registers"]["recorded_at"]
    with pytest.raises(DesignError, match="has no column recorded_at"):
        read_register(corrected).as_of(MON)


def test_an_empty_column_of_times_refuses_the_view(corrected):
    corrected["registers"]["recorded_at"] = pd.Series([None] * 4, dtype="datetime64[s]")
    with pytest.raises(DesignError, match="nothing in the column recorded_at"):
        read_register(corrected).as_of(MON)


@pytest.mark.parametrize(
    ("date", "message"), [("3 November", "YYYY-MM-DD"), ("2025-11-02", "No school day")]
)
def test_dates_that_are_none(corrected, date, message):
    with pytest.raises(ValueError, match=message):
        read_register(corrected).as_of(date)


@pytest.fixture
def movers(lessons):
    """Pupil 1 all days; 2 joins on Tuesday; 3 leaves after Monday and returns on Wednesday."""
    tables = lessons(
        *((p, day, 1, 60, 60 * (p == 3), 0, 0, True) for p in (1, 2, 3) for day in (MON, TUE, WED))
    )
    spells = tables["pupils"].iloc[[0, 1, 2, 2]].reset_index(drop=True)
    spells["entry"] = pd.to_datetime([None, TUE, None, WED])
    spells["exit"] = pd.to_datetime([None, None, MON, None])
    tables["pupils"] = spells
    return tables


@pytest.mark.parametrize("denominator", ["offered", "reported", "enrolled_days"])
def test_days_outside_the_enrolment_count_under_no_denominator(movers, denominator):
    rule = AbsenceDefinition(denominator=denominator, day_rule="any_lesson")
    cube = read_register(movers).cube(rule)
    assert cube.scheduled.tolist() == [[1, 1, 1], [0, 1, 1], [1, 0, 1]]
    assert cube.valid.tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 1]]


def test_the_month_panel_leaves_them_out_as_well(movers):
    register = read_register(movers)
    assert register.panel()["scheduled_min"].tolist() == [180, 120, 120]
    stay = movers | {"pupils": movers["pupils"].iloc[:2]}
    assert read_register(stay).panel()["scheduled_min"].tolist() == [180, 120]
    inside = movers | {"registers": movers["registers"].drop(index=[3, 7])}
    pd.testing.assert_frame_equal(read_register(inside).panel(), register.panel())


def test_a_register_of_events_needs_days_enrolled(lessons):
    tables = lessons((1, MON, 1, 300, 300, 0, 0, True), (2, WED, 1, 300, 0, 300, 0, True))
    days = pd.to_datetime([MON, TUE, WED, "2025-11-06"])
    tables["calendar"] = pd.DataFrame(
        {"school_key": "S1", "date": days, "offered": [True, True, True, False], "term": "HT"}
    )
    other = tables["calendar"].assign(school_key="S2", offered=[True] * 4)
    tables["calendar"] = pd.concat([tables["calendar"], other], ignore_index=True)
    register = read_register(tables)
    by_events = register.cube(AbsenceDefinition(day_rule="full_day_only"))
    assert by_events.totals("year").rate()[:, 0].tolist() == [1.0, 1.0]
    chronic = register.cube(AbsenceDefinition.preset("us_chronic"))
    assert chronic.scheduled.tolist() == [[1, 1, 1, 0], [1, 1, 1, 0]]
    assert chronic.totals("year").rate()[:, 0].tolist() == [1 / 3, 1 / 3]
    halves = AbsenceDefinition(denominator="enrolled_days", day_rule="half_days")
    assert register.cube(halves).totals("year").rate()[:, 0].tolist() == [1 / 6, 1 / 6]


def test_short_months_have_no_share_but_their_minutes_count(tables):
    panel = read_register(tables).panel()
    tables["calendar"] = tables["calendar"][
        (tables["calendar"]["date"] < "2025-12-01") | (tables["calendar"]["date"] >= "2025-12-11")
    ]
    short = read_register(tables).panel()
    december = short["period"] == 202512
    assert (short.loc[december, "n_days"] < 10).all()
    assert short.loc[december, "absence_rate"].isna().all()
    assert (short.loc[december, "scheduled_min"] > 0).all()
    assert short.loc[~december, "absence_rate"].notna().all()
    assert panel["absence_rate"].notna().all()
    few = read_register(tables).panel(definition=AbsenceDefinition(least_days=1))
    assert few["absence_rate"].notna().all()
    assert read_register(tables).panel("year")["absence_rate"].notna().all()


def test_a_missing_column_is_named(lessons):
    tables = lessons((1, MON, 1, 60, 0, 0, 0, True))
    with pytest.raises(DesignError, match="no column reason_code"):
        read_register(tables).cube(AbsenceDefinition(numerator=(10,)))
    del tables["registers"]["late_min"]
    with pytest.raises(DesignError, match="no column late_min"):
        read_register(tables).panel(definition=AbsenceDefinition(late_rule="invalid"))


def test_reporting_rate_by_school_and_month(lessons):
    tables = lessons(
        (1, MON, 1, 60, 0, 0, 0, True),
        (1, MON, 2, 40, None, None, None, False),
        (2, MON, 1, 60, 0, 0, 0, True),
        (2, "2025-12-01", 1, 60, None, None, None, False),
        (3, MON, 1, 50, 0, 0, 0, True),
        (3, "2025-12-01", 1, 50, 50, 0, 0, True),
    )
    spells = tables["pupils"].iloc[[0, 1, 2, 2]].reset_index(drop=True)
    spells["school_key"] = ["S1", "S2", "S1", "S2"]
    spells["entry"] = pd.to_datetime([None, None, None, "2025-11-20"])
    spells["exit"] = pd.to_datetime([None, None, "2025-11-19", None])
    tables["pupils"] = spells
    found = read_register(tables).reporting_rate()
    assert found.columns.tolist() == [
        "school_key",
        "period",
        "n_pupils",
        "offered_min",
        "reported_min",
        "unreported_min",
        "reporting_rate",
    ]
    assert found.to_numpy().tolist() == [
        ["S1", 202511, 2, 150, 110, 40, 110 / 150],
        ["S2", 202511, 1, 60, 60, 0, 1.0],
        ["S2", 202512, 2, 110, 50, 60, 50 / 110],
    ]
    whole = read_register(tables).reporting_rate("year")
    assert whole["offered_min"].tolist() == [150, 170]


def test_validity_by_source_keeps_a_guardians_report_apart(lessons):
    tables = lessons(
        (1, MON, 1, 60, 60, 0, 0, True),
        (1, MON, 2, 60, 30, 30, 0, True),
        (1, MON, 3, 60, 30, 0, 0, True),
        (1, TUE, 1, 60, 0, 30, 0, True),
        (1, WED, 1, 60, None, None, None, False),
    )
    tables["registers"]["source"] = ["auto", "teacher", "guardian", None, "teacher"]
    found = read_register(tables).validity_by_source().set_index("source")
    assert found["valid_min"].to_dict() == {"auto": 60, "guardian": 30, "teacher": 30, "unknown": 0}
    assert found["share_of_valid"].tolist() == [0.5, 0.25, 0.25, 0.0]
    assert found["share_of_invalid"].to_dict()["teacher"] == 0.5
    assert found.index[found["automatic"]].tolist() == ["auto", "guardian"]
    del tables["registers"]["source"]
    with pytest.raises(DesignError, match="no column source"):
        read_register(tables).validity_by_source()


def test_unreported_lessons_are_neither_present_nor_absent(lessons):
    tables = lessons((1, MON, 1, 60, None, None, None, False), (1, MON, 2, 60, 0, 0, 0, True))
    register = read_register(tables)
    offered, reported = register.cubes(
        [AbsenceDefinition(), AbsenceDefinition(denominator="reported")]
    )
    assert np.r_[offered.scheduled[0], reported.scheduled[0]].tolist() == [120, 60]
    assert (offered.valid + offered.invalid).sum() == 0
