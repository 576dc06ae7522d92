from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from absence_risk.register.definition import (
    DAY_RULES,
    DENOMINATORS,
    LATE_RULES,
    WINDOWS,
    AbsenceDefinition,
)
from absence_risk.register.opening import read_register
from absence_risk.register.panel import PANEL_COLUMNS, panel_from_cube
from absence_risk.register.windows import windows_of

MONTHS = [202511, 202512, 202601]


def rules():
    """Every day rule with every denominator and late rule that fits, and one by reason."""
    return [
        AbsenceDefinition(
            day_rule=day,
            denominator=over,
            late_rule=late,
            late_limit_min=5 if late == "absent_after_x" else 0,
            numerator=(10, 80) if late == "invalid" else "total",
        )
        for day, over, late in itertools.product(DAY_RULES, DENOMINATORS, LATE_RULES)
        if over != "enrolled_days" or day not in {"minutes_share", "lessons_share"}
    ]


def by_hand(tables):
    """Month sums with plain pandas, straight from the rows."""
    rows = tables["registers"].assign(period=lambda r: r["date"].dt.year * 100 + r["date"].dt.month)
    sums = rows.groupby(["pupil_key", "period"])[["scheduled_min", "valid_min", "invalid_min"]]
    return sums.sum().reset_index()


def test_month_panel_equals_plain_pandas(tables):
    panel = read_register(tables).panel()
    expected = by_hand(tables)
    assert panel["period"].unique().tolist() == MONTHS
    for column in ("pupil_key", "period", "scheduled_min", "valid_min", "invalid_min"):
        assert panel[column].tolist() == expected[column].tolist()
    rate = (expected["valid_min"] + expected["invalid_min"]) / expected["scheduled_min"]
    np.testing.assert_allclose(panel["absence_rate"], rate.astype(float), rtol=1e-15)


def test_panel_columns_and_types(tables):
    panel = read_register(tables).panel()
    assert tuple(panel.columns) == PANEL_COLUMNS
    assert panel["pupil_key"].dtype == np.uint32
    counts = ["period", "n_days", "scheduled_min", "valid_min", "invalid_min", "absent_min"]
    assert {panel[c].dtype for c in counts} == {np.dtype("int64")}
    assert panel["municipality_key"].tolist() == ["M1"] * len(panel)
    days = dict(zip(panel["period"], panel["n_days"], strict=True))
    dates = pd.DatetimeIndex(tables["calendar"]["date"].unique())
    assert days == {m: int(((dates.year * 100 + dates.month) == m).sum()) for m in MONTHS}


@pytest.mark.parametrize("definition", rules(), ids=lambda d: d.describe())
def test_panel_is_the_cube_summed(tables, definition):
    reg = read_register(tables)
    cube = reg.cube(definition)
    from_cube = panel_from_cube(cube, reg.pupils, reg.schools, "month")
    pd.testing.assert_frame_equal(reg.panel("month", definition), from_cube)


@pytest.mark.parametrize("period", [*WINDOWS, "rolling 3 weeks", "2025-11-10 to 2025-12-03"])
def test_every_window_is_a_sum_of_days(tables, period):
    reg = read_register(tables)
    definition = AbsenceDefinition(day_rule="any_lesson", denominator="enrolled_days")
    panel = reg.panel(period, definition)
    cube = reg.cube(definition)
    windows = windows_of(cube.calendar, period)
    for part in ("scheduled", "valid", "invalid"):
        sums = [
            getattr(cube, part)[:, start:stop].sum(axis=1)
            for start, stop in zip(windows.start, windows.stop, strict=True)
        ]
        assert panel[f"{part}_min"].tolist() == np.stack(sums, axis=1).ravel().tolist()
    assert panel["n_days"].tolist() == np.tile(windows.n_days, cube.n_pupils).tolist()
    assert panel["period"].tolist() == np.tile(windows.label, cube.n_pupils).tolist()


@pytest.mark.parametrize("numerator", ["total", "valid", "invalid"])
def test_rate_follows_the_numerator(tables, numerator):
    panel = read_register(tables).panel("month", AbsenceDefinition(numerator=numerator))
    column = {"total": "absent_min", "valid": "valid_min", "invalid": "invalid_min"}[numerator]
    expected = panel[column] / panel["scheduled_min"]
    np.testing.assert_array_equal(panel["absence_rate"], expected)
    assert (panel["absent_min"] == panel["valid_min"] + panel["invalid_min"]).all()


def test_periods_stand_in_the_order_of_the_calendar(tables):
    tables["calendar"]["term"] = np.where(tables["calendar"]["date"] < "2026-01-01", "Z", "A")
    panel = read_register(tables).panel("term")
    assert panel["period"].tolist()[:2] == ["Z", "A"]
    assert read_register(tables).panel("year")["period"].unique().tolist() == [0]


def test_pupil_has_the_school_of_the_last_spell_begun_by_the_end_of_the_period(tables):
    key = tables["pupils"]["pupil_key"].iloc[0]
    moved = tables["pupils"].iloc[[0]].assign(school_key="S2", grade=9)
    pupils = pd.concat([moved, tables["pupils"]], ignore_index=True)
    pupils["entry"] = pd.to_datetime(["2025-12-10", "2025-08-01"] + [None] * (len(pupils) - 2))
    pupils["exit"] = pd.to_datetime([None, "2025-12-09"] + [None] * (len(pupils) - 2))
    tables["pupils"] = pupils
    panel = read_register(tables).panel()
    mine = panel[panel["pupil_key"] == key]
    assert mine["school_key"].tolist() == ["S1", "S2", "S2"]
    assert mine["grade"].tolist() == [7, 9, 9]


def test_rows_outside_the_calendar_and_of_unknown_pupils_count_nowhere(tables):
    reg = read_register(tables)
    expected = reg.panel()
    stray = tables["registers"].iloc[:8].copy()
    stray.loc[stray.index[:4], "date"] = pd.Timestamp("2025-12-24")
    stray.loc[stray.index[4:], "pupil_key"] = np.uint32(2**31)
    tables["registers"] = pd.concat([tables["registers"], stray], ignore_index=True)
    reg = read_register(tables)
    pd.testing.assert_frame_equal(reg.panel(), expected)
    pd.testing.assert_frame_equal(
        panel_from_cube(reg.cube(), reg.pupils, reg.schools, "month"), expected
    )


def test_protected_pupils_are_in_no_frame(tables):
    hidden = int(tables["pupils"]["pupil_key"].iloc[1])
    tables["pupils"]["protected"] = [i == 1 for i in range(len(tables["pupils"]))]
    reg = read_register(tables)
    for frame in (reg.pupils, reg.cases, reg.outcomes, reg.panel(), reg.panel("week")):
        assert len(frame)
        assert hidden not in frame["pupil_key"].tolist()
    assert hidden not in reg.cube().pupil_key.tolist()
    assert str(hidden) not in repr(reg)
    assert reg.n_pupils == len(tables["pupils"]) - 1
    to_search_for = reg.keys()
    assert hidden in to_search_for


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6), rule=st.sampled_from(rules()))
def test_row_order_changes_nothing_and_rates_are_shares(tables, seed, rule):
    shuffled = dict(tables)
    for name in ("registers", "pupils", "calendar", "schools"):
        shuffled[name] = tables[name].sample(frac=1, random_state=seed)
    panel = read_register(tables).panel("month", rule)
    pd.testing.assert_frame_equal(read_register(shuffled).panel("month", rule), panel)
    assert (panel["absence_rate"].isna() | panel["absence_rate"].between(0, 1)).all()
    assert (panel["absent_min"] <= panel["scheduled_min"]).all()
    cube = read_register(tables).cube(rule)
    assert (cube.valid + cube.invalid <= cube.scheduled).all()
    assert (cube.valid >= 0).all()


def test_unknown_period_and_layout_name_what_exists(tables):
    reg = read_register(tables)
    with pytest.raises(ValueError, match="month"):
        reg.panel("months")
    with pytest.raises(ValueError, match="canonical"):
        read_register(tables, "ss12000")
