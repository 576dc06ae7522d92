"""Every rule on rows, planted in parquet and in CSV, found with exact count, file and line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from absence_risk.errors import SchemaError
from absence_risk.register.catalogue import RULES
from absence_risk.register.opening import read_register

ENDINGS = ["parquet", "csv"]


def line_of(row, ending):
    """Line of a row counted from 0: the header of a CSV file is line 1."""
    return row + (2 if ending == "csv" else 1)


def found(folder_or_tables, code):
    problems = read_register(folder_or_tables).validate().problems
    return [problem for problem in problems if problem.code == code]


def reported_present(tables, count, start=100):
    """Positions of rows that are reported and without absence."""
    rows = tables["registers"]
    fine = rows["is_reported"] & (rows["valid_min"] == 0) & (rows["invalid_min"] == 0)
    fine &= rows["late_min"] == 0
    return np.flatnonzero(fine.fillna(False).to_numpy())[start:][:count]


def unreported(tables):
    return np.flatnonzero(~tables["registers"]["is_reported"].to_numpy())


def plant(tables, positions, **values):
    rows = tables["registers"]
    for column, value in values.items():
        rows.loc[positions, column] = value


PLANTS = {
    "valid over scheduled": ("E202", "valid_min", {"valid_min": 51, "present_min": -1}),
    "late over scheduled": ("E202", "late_min", {"late_min": 60}),
    "negative": ("E203", "invalid_min", {"invalid_min": -5, "present_min": 55}),
    "unknown reason": ("E204", "reason_code", {"reason_code": 12}),
    "unknown high reason": ("E204", "reason_code", {"reason_code": 200}),
    "parts": ("E208", "present_min", {"present_min": 49}),
    "not absence": ("E209", "reason_code", {"reason_code": 31, "valid_min": 50, "present_min": 0}),
    "no minutes": ("E211", "is_reported", {"valid_min": pd.NA}),
    "slot": ("E114", "slot", {"slot": 41}),
    "too long": ("E114", "scheduled_min", {"scheduled_min": 1441, "present_min": 1441}),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", PLANTS)
def test_broken_rows_are_counted_and_located(tables, write, ending, name):
    code, column, values = PLANTS[name]
    positions = reported_present(tables, 3)
    plant(tables, positions, **values)
    problems = [p for p in found(write(tables, ending), code) if p.column == column]
    assert [(p.n_rows, p.line, p.file) for p in problems] == [
        (3, line_of(positions[0], ending), f"registers.{ending}")
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_minutes_of_unreported_rows(tables, write, ending):
    positions = unreported(tables)[2:7]
    plant(tables, positions, valid_min=0, invalid_min=0)
    (problem,) = found(write(tables, ending), "E210")
    assert (problem.n_rows, problem.line) == (5, line_of(positions[0], ending))


@pytest.mark.parametrize("ending", ENDINGS)
def test_duplicates_count_the_surplus_and_name_the_repeating_line(tables, write, ending):
    rows = tables["registers"]
    extra = pd.concat([rows.iloc[[40, 41, 41]], rows.iloc[[7]]])
    tables["registers"] = pd.concat([rows, extra], ignore_index=True)
    (problem,) = found(write(tables, ending), "E201")
    assert (problem.n_rows, problem.line) == (4, line_of(len(rows), ending))


def test_superseded_versions_are_no_duplicates(tables):
    rows = tables["registers"]
    older = rows.iloc[[3]].assign(superseded_at=pd.Timestamp("2025-11-10 12:00"))
    tables["registers"] = pd.concat([rows, older], ignore_index=True)
    assert found(tables, "E201") == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_day_and_lesson_records_mixed(tables, write, ending):
    rows = tables["registers"]
    day = rows.iloc[[8]].assign(slot=0)
    tables["registers"] = pd.concat([rows, day.astype(rows.dtypes)], ignore_index=True)
    (problem,) = found(write(tables, ending), "E212")
    assert (problem.n_rows, problem.line) == (5, line_of(8, ending))


@pytest.mark.parametrize("ending", ENDINGS)
def test_dates_outside_the_calendar_of_the_pupils_own_school(tables, write, ending):
    calendar = tables["calendar"]
    # Pupils 0, 2, 4 … go to S1: 6 pupils of 4 lessons; the day stays a school day of S2.
    gone = (calendar["school_key"] == "S1") & (calendar["date"] == "2025-11-05")
    tables["calendar"] = calendar.assign(offered=~gone)
    rows = tables["registers"]
    first = np.flatnonzero((rows["date"] == "2025-11-05").to_numpy())[0]
    (problem,) = found(write(tables, ending), "E205")
    assert (problem.n_rows, problem.line) == (24, line_of(first, ending))


def test_dates_outside_the_enrolment(tables):
    tables["pupils"]["exit"] = pd.to_datetime(["2026-01-28"] + [None] * 11)
    (problem,) = found(tables, "E205")
    assert problem.n_rows == 8  # 29 and 30 January, 4 lessons each


def test_one_of_two_spells_is_enough(tables):
    pupils = tables["pupils"]
    second = pupils.iloc[[0]].assign(school_key="S2")
    tables["pupils"] = pd.concat([pupils, second], ignore_index=True).assign(
        entry=pd.to_datetime([None] * 12 + ["2025-12-10"]),
        exit=pd.to_datetime(["2025-12-09"] + [None] * 12),
    )
    report = read_register(tables).validate()
    assert report.errors == ()


@pytest.mark.parametrize("ending", ENDINGS)
def test_unknown_pupils(tables, write, ending):
    plant(tables, [5, 6, 7], pupil_key=2**31)
    (problem,) = found(write(tables, ending), "E301")
    assert (problem.table, problem.n_rows, problem.line) == ("registers", 3, line_of(5, ending))


def test_missing_values(tables):
    tables["registers"]["scheduled_min"] = tables["registers"]["scheduled_min"].astype("Int16")
    plant(tables, [9, 10], scheduled_min=pd.NA)
    (problem,) = found(tables, "E104")
    assert (problem.column, problem.n_rows, problem.line) == ("scheduled_min", 2, 10)


def test_words(tables):
    tables["registers"]["source"] = "teacher"
    plant(tables, [4], source="janitor")
    (problem,) = found(tables, "E113")
    assert (problem.n_rows, problem.line) == (1, 5)
    assert "janitor" not in str(problem)


def test_wrong_values_in_csv_are_counted_by_line(tables, write):
    rows = tables["registers"].astype({"date": str, "valid_min": object, "slot": object})
    rows.loc[[20, 30], "date"] = "18.11.2025"
    rows.loc[[21, 31, 41], "valid_min"] = "ten"
    rows.loc[[22], "slot"] = "2.5"
    tables["registers"] = rows
    report = read_register(write(tables, "csv")).validate()
    shown = {(p.code, p.column): (p.n_rows, p.line) for p in report.errors}
    assert shown[("E110", "date")] == (2, 22)
    assert shown[("E103", "valid_min")] == (3, 23)
    assert shown[("E103", "slot")] == (1, 24)
    assert not {"18.11.2025", "ten"} & set(str(report).split())


def test_lines_with_the_wrong_number_of_columns_do_not_shift_other_lines(tables, write):
    plant(tables, [300], late_min=60)
    folder = write(tables, "csv")
    path = folder / "registers.csv"
    lines = path.read_text().splitlines()
    lines[10] += ",1"
    lines[50] = "1,2"
    path.write_text("\n".join(lines) + "\n")
    report = read_register(folder).validate()
    shown = {(p.code, p.column): (p.n_rows, p.line) for p in report.errors}
    broken = [key for code, key in shown.items() if code[0] == "E105"]
    assert sum(n for n, _ in broken) == 2
    assert min(line for _, line in broken) == 11
    assert shown[("E202", "late_min")] == (1, 302)


def test_bytes_that_are_not_utf_8(tables, write):
    tables["registers"]["subject_code"] = "ma"
    folder = write(tables, "csv")
    path = folder / "registers.csv"
    lines = path.read_bytes().split(b"\n")
    lines[12] = lines[12].replace(b",ma", b",m\xe5")
    path.write_bytes(b"\n".join(lines))
    (problem,) = found(folder, "E111")
    assert (problem.n_rows, problem.line) == (1, 13)


def test_problems_of_the_second_file_are_placed_there(tables, write):
    rows = tables["registers"]
    folder = write({k: v for k, v in tables.items() if k != "registers"})
    (folder / "registers").mkdir()
    positions = reported_present(tables, 1, start=800)
    plant(tables, positions, late_min=60)
    half = len(rows) // 3
    rows[:half].to_parquet(folder / "registers" / "a.parquet")
    rows[half:].to_parquet(folder / "registers" / "b.parquet")
    (problem,) = found(folder, "E202")
    assert (problem.file, problem.line) == ("registers/b.parquet", positions[0] - half + 1)


def test_all_problems_at_once(tables, write):
    plant(tables, reported_present(tables, 2, 100), late_min=60)
    plant(tables, reported_present(tables, 2, 200), reason_code=13)
    plant(tables, [1], pupil_key=2**31)
    tables["pupils"] = tables["pupils"].rename(columns={"grade": "grad"})
    tables["cases"].loc[0, "closure_reason"] = None
    report = read_register(write(tables)).validate()
    assert {"E101", "E202", "E204", "E301", "E303"} <= {p.code for p in report.errors}
    assert not report.ok
    (column,) = [p for p in report.errors if p.code == "E101"]
    assert "'grad'" in column.fix


@pytest.mark.parametrize("ending", ENDINGS)
def test_clean_register_is_usable(tables, write, ending):
    report = read_register(write(tables, ending)).validate()
    assert report.ok
    assert report.errors == ()
    assert report.n_rows == len(tables["registers"])
    assert report.n_pupils == 12


def test_every_code_is_in_the_catalogue():
    import re
    from pathlib import Path

    import absence_risk.register as package

    folder = Path(package.__file__).parent
    used = set()
    for path in folder.rglob("*.py"):
        if path.name != "catalogue.py":
            used |= set(re.findall(r'"([EWP]\d{3})"', path.read_text(encoding="utf-8")))
    # E112 is raised by mapping files.
    assert used | {"E112"} == set(RULES)


@pytest.mark.parametrize("form", ["frames", "polars", "parquet", "csv"])
def test_optional_columns_without_any_value_are_no_problem(tables, write, form):
    expected = read_register(tables).panel()
    for column in ("superseded_at", "source", "reason_code", "recorded_at"):
        tables["registers"][column] = None
    tables["pupils"][["entry", "protected"]] = None
    if form == "polars":
        given = {name: pl.from_pandas(frame) for name, frame in tables.items()}
    else:
        given = tables if form == "frames" else write(tables, form)
    reg = read_register(given)
    assert reg.validate().errors == ()
    pd.testing.assert_frame_equal(reg.panel(), expected)


def test_date_objects_of_pandas_are_dates(tables):
    expected = read_register(tables).panel("week")
    tables["registers"]["date"] = tables["registers"]["date"].dt.date
    reg = read_register(tables)
    assert reg.validate().errors == ()
    pd.testing.assert_frame_equal(reg.panel("week"), expected)


@pytest.mark.parametrize("ending", ENDINGS)
def test_missing_row_columns_are_all_named_and_stop_the_panel(tables, write, ending):
    rows = tables["registers"].drop(columns="slot")
    tables["registers"] = rows.rename(columns={"valid_min": "valid_minutes"})
    reg = read_register(write(tables, ending))
    shown = {p.column: p.fix for p in reg.validate().errors}
    assert shown == {
        "slot": "Add the column 'slot'.",
        "valid_min": "Rename 'valid_minutes' to 'valid_min'?",
    }
    with pytest.raises(SchemaError, match="E101"):
        reg.panel()


@pytest.mark.parametrize("ending", ENDINGS)
def test_fractions_of_minutes_are_wrong_but_whole_floats_are_not(tables, write, ending):
    for column in ("valid_min", "invalid_min", "present_min"):
        tables["registers"][column] = tables["registers"][column].astype("float64")
    assert read_register(write(tables, ending)).validate().errors == ()
    position = reported_present(tables, 1)[0]
    plant(tables, [position], valid_min=0.5)
    (problem,) = found(write(tables, ending), "E103")
    assert (problem.n_rows, problem.line) == (1, line_of(position, ending))


def test_wrong_type_in_one_of_two_files_is_placed_there(tables, write):
    rows = tables["registers"]
    folder = write({k: v for k, v in tables.items() if k != "registers"})
    (folder / "registers").mkdir()
    rows[:500].to_parquet(folder / "registers" / "a.parquet")
    rows[500:].astype({"slot": str}).to_parquet(folder / "registers" / "b.parquet")
    (problem,) = found(folder, "E103")
    assert (problem.file, problem.column) == ("registers/b.parquet", "slot")
    assert "text" in problem.message
