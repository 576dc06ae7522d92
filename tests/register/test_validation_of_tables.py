from __future__ import annotations

import json

import pandas as pd
import pytest

from absence_risk.register.opening import read_register


def found(tables, code, **validate):
    problems = read_register(tables).validate(**validate).problems
    return [(p.table, p.column, p.n_rows, p.line) for p in problems if p.code == code]


def test_orphans_in_every_table(tables):
    tables["pupils"].loc[3, "school_key"] = "S9"
    tables["calendar"].loc[5, "school_key"] = "S8"
    tables["cases"].loc[1, "pupil_key"] = 2**31
    tables["outcomes"].loc[[2, 4], "pupil_key"] = 2**31
    assert set(found(tables, "E301")) == {
        ("pupils", "school_key", 1, 4),
        ("calendar", "school_key", 1, 6),
        ("cases", "pupil_key", 1, 2),
        ("outcomes", "pupil_key", 2, 3),
    }


def test_repeated_keys(tables):
    for name in ("schools", "calendar", "cases", "surveys"):
        tables[name] = pd.concat([tables[name], tables[name].iloc[[0]]], ignore_index=True)
    assert [row[0] for row in found(tables, "E305")] == ["calendar", "cases", "schools", "surveys"]
    assert {row[2] for row in found(tables, "E305")} == {1}


def test_overlapping_spells(tables):
    pupils = tables["pupils"]
    tables["pupils"] = pd.concat([pupils, pupils.iloc[[4]]], ignore_index=True)
    assert found(tables, "E304") == [("pupils", "entry", 1, 13)]


def test_stages_out_of_order_skip_missing_dates(tables):
    cases = tables["cases"]
    cases.loc[0, "referred"] = pd.Timestamp("2025-11-01")
    cases.loc[2, "closed"] = pd.Timestamp("2025-11-12")
    assert set(found(tables, "E302")) == {
        ("cases", "referred", 1, 1),
        ("cases", "closed", 1, 3),
    }


def test_closing_date_and_reason_go_together(tables):
    tables["cases"].loc[0, "closure_reason"] = None
    tables["cases"].loc[1, "closure_reason"] = "moved"
    assert set(found(tables, "E303")) == {
        ("cases", "closure_reason", 1, 1),
        ("cases", "closed", 1, 2),
    }


def test_unknown_closing_reason(tables):
    tables["cases"].loc[0, "closure_reason"] = "gave up"
    assert found(tables, "E113") == [("cases", "closure_reason", 1, 1)]


def test_responses_follow_the_instrument(tables):
    tables["surveys"].loc[0, "response"] = 6.0
    assert found(tables, "E401") == [("surveys", "response", 1, 1)]
    assert found(tables, "E401", instruments={"wellbeing": (1, 7)}) == []
    assert found(tables, "E401", instruments={"wellbeing": (2, 5)}) == [
        ("surveys", "response", 2, 1)
    ]


def test_wave_and_missing_answers(tables):
    tables["surveys"].loc[1, "wave"] = 2
    tables["surveys"].loc[2, "missing"] = "refused"
    tables["surveys"].loc[3, "missing"] = None
    assert found(tables, "E402") == [("surveys", "wave", 1, 2)]
    assert found(tables, "E403") == [("surveys", "response", 2, 3)]


def test_wrong_types_say_what_was_found(tables):
    tables["pupils"]["grade"] = "seventh"
    tables["outcomes"]["date"] = "2026-01-30"
    report = read_register(tables).validate()
    shown = {(p.table, p.column): p for p in report.errors if p.code == "E103"}
    assert shown[("pupils", "grade")].n_rows == 12
    assert "text" in shown[("pupils", "grade")].message
    assert "date" in shown[("outcomes", "date")].message


def test_wrong_type_of_a_row_column_stops_the_panel(tables):
    tables["registers"]["is_reported"] = "yes"
    reg = read_register(tables)
    (problem,) = [p for p in reg.validate().errors if p.code == "E103"]
    assert (problem.column, "text" in problem.message) == ("is_reported", True)
    with pytest.raises(ValueError, match="E103"):
        reg.panel()


def test_wrong_values_of_csv_tables_are_counted_by_line(tables, write):
    tables["pupils"] = tables["pupils"].astype({"grade": object})
    tables["pupils"].loc[[2, 5], "grade"] = ["seven", "7.5"]
    tables["cases"] = tables["cases"].astype({"started": str})
    tables["cases"].loc[1, "started"] = "21/11/2025"
    report = read_register(write(tables, "csv")).validate()
    shown = {(p.code, p.table): (p.n_rows, p.line, p.file) for p in report.errors}
    assert shown[("E103", "pupils")] == (2, 4, "pupils.csv")
    assert shown[("E110", "cases")] == (1, 3, "cases.csv")


def test_warnings_count_school_months_and_name_none(tables):
    rows = tables["registers"]
    november = rows["date"].dt.month == 11
    at_s2 = rows["pupil_key"] % 2 == 1
    minutes = ["present_min", "valid_min", "invalid_min", "late_min", "reason_code"]
    rows.loc[november & at_s2 & (rows["slot"] == 1), minutes] = pd.NA
    rows.loc[november & at_s2 & (rows["slot"] == 1), "is_reported"] = False
    january = (rows["date"].dt.month == 1) & rows["is_reported"] & ~at_s2
    rows.loc[january, ["valid_min", "invalid_min"]] = 0
    rows.loc[january, "present_min"] = 50
    kept = tables["calendar"]["date"].dt.day < 12
    december = tables["calendar"]["date"].dt.month == 12
    tables["calendar"] = tables["calendar"][kept | ~december].reset_index(drop=True)
    tables["registers"] = rows[
        (rows["date"].dt.day < 12) | (rows["date"].dt.month != 12)
    ].reset_index(drop=True)
    report = read_register(tables).validate()
    assert report.ok
    counts = {p.code: p.n_rows for p in report.warnings if p.table == "registers"}
    assert counts == {"W501": 1, "W502": 1, "W504": 2}
    assert not {"S1", "S2", "202511"} & set(str(report).replace(",", " ").split())


def test_protected_pupils_are_counted_from_five_up(tables):
    for count, words in ((2, "fewer than 5"), (6, "6")):
        tables["pupils"]["protected"] = [i < count for i in range(12)]
        report = read_register(tables).validate()
        (problem,) = [p for p in report.warnings if p.code == "W903"]
        assert f"identity: {words}." in problem.message
        assert problem.n_rows == (count if count >= 5 else None)
        assert report.ok
        # Where each pupil has as many rows, those of protected pupils would tell their number.
        each = len(tables["registers"]) // 12
        assert report.n_rows == each * (12 - count)


def test_empty_tables_are_named(tables):
    tables["registers"] = tables["registers"].iloc[:0]
    tables["schools"] = tables["schools"].iloc[:0]
    report = read_register(tables).validate()
    empty = {p.table for p in report.errors if p.code == "E004"}
    assert empty == {"registers", "schools"}


def test_report_is_json_ready_and_shows_no_small_number(tables):
    for name, column in (("registers", "pupil_key"), ("pupils", "pupil_key")):
        keep = tables["pupils"]["pupil_key"][:3]
        tables[name] = tables[name][tables[name][column].isin(keep)].reset_index(drop=True)
    tables["outcomes"] = tables["outcomes"][:3]
    report = read_register(tables).validate()
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["ok"] is True
    assert plain["n_pupils"] is None
    assert "fewer than 5 pupils" in str(report)
