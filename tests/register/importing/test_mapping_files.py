"""A mapping says all that is wrong with it at once, and how each thing is written is read right."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from absence_risk.errors import SchemaError
from absence_risk.register.key_file import new_key_file
from absence_risk.register.readers.foreign import find_mapping, import_export, layout_names
from absence_risk.register.readers.mapping_file import parse_mapping, read_mapping
from absence_risk.register.readers.written import sql_form

ALL_ROWS = """
[format]
{form}
[files.pupils]
path = "pupils.csv"
[files.rows]
path = "rows.csv"
[pupils]
file = "pupils"
pupil_key = "id"
school_key = "school"
grade = "grade"
[schools]
municipality_key = {{ value = "m" }}
[registers]
file = "rows"
pupil_key = "id"
date = "date"
slot = "slot"
scheduled_min = "planned"
valid_min = "valid"
invalid_min = "invalid"
{rows}
"""


def imported(tmp_path, lines, form='unit = "minutes"', rows="", pupils="a,S,7\nb,S,8\n"):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "pupils.csv").write_text("id,school,grade\n" + pupils, encoding="utf-8")
    (folder / "rows.csv").write_text(lines, encoding="utf-8")
    layout = tmp_path / "mapping.toml"
    layout.write_text(ALL_ROWS.format(form=form, rows=rows), encoding="utf-8")
    key = new_key_file(tmp_path / "project.key")
    report = import_export(folder, tmp_path / "register", layout=layout, key=key)
    return report, pd.read_parquet(tmp_path / "register" / "registers.parquet")


def problems(text):
    with pytest.raises(SchemaError) as error:
        parse_mapping(text)
    return [(p.code, p.column) for p in error.value.problems]


def test_every_mistake_is_listed_with_its_place():
    text = ALL_ROWS.format(form='encoding = "ebcdic"\ndate = "day first"', rows='rowz = "all"')
    text = text.replace('grade = "grade"', 'grade = { column = "g", value = 7 }')
    text = text.replace('path = "rows.csv"', 'path = "../rows.csv"')
    text += '[[terms]]\nname = "x"\nfirst = 2026-01-01\nlast = 2025-01-01\n'
    assert problems(text) == [
        ("E006", "format.encoding"),
        ("E006", "format.date"),
        ("E006", "files.rows.path"),
        ("E006", "registers.rowz"),
        ("E112", "registers.scheduled_min"),
        ("E112", "registers.valid_min"),
        ("E112", "registers.invalid_min"),
        ("E006", "pupils.grade"),
        ("E006", "terms[1]"),
    ]


def test_unknown_words_are_met_with_the_nearest_known():
    with pytest.raises(SchemaError, match=re.escape("Did you mean 'rows'?")):
        parse_mapping(ALL_ROWS.format(form='unit = "minutes"', rows='rowz = "all"'))


def test_a_broken_file_tells_its_line(tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text("[mapping]\nname = \n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"not TOML \(at line 2"):
        read_mapping(path)
    with pytest.raises(SchemaError, match="not there"):
        read_mapping(tmp_path / "nothing.toml")


@given(st.text(max_size=300))
def test_any_text_is_a_mapping_or_a_list_of_problems(text):
    problems, parts = (), ()
    try:
        parts = parse_mapping(text).parts
    except SchemaError as error:
        problems = error.problems
    assert bool(parts) != bool(problems)
    assert all(problem.message and problem.fix for problem in problems)


@pytest.mark.parametrize("name", layout_names())
def test_every_layout_of_the_package_can_be_read(name):
    assert find_mapping(name).parts


def test_an_unknown_layout_names_the_known_ones():
    with pytest.raises(ValueError, match="se_export"):
        find_mapping("skola25")


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        ("yyyy-mm-dd", "%Y-%m-%d"),
        ("dd/mm/yy HH:MM:SS", "%d/%m/%y %H:%M:%S"),
        ("yyyymmdd", "%Y%m%d"),
        ("mm-yyyy", None),
        ("dd.mm.yyyy at noon", None),
    ],
)
def test_forms_of_dates(form, pattern):
    assert sql_form(form) == pattern


def test_hours_are_minutes_and_thousands_are_numbers(tmp_path):
    lines = "id;date;slot;planned;valid;invalid\na;2025-09-01;1;1,5;0,25;0\na;2025-09-02;1;1;0;1\n"
    _, rows = imported(tmp_path, lines, 'unit = "hours"\ndecimal = ","')
    assert rows.sort_values("date")["scheduled_min"].tolist() == [90, 60]
    assert rows.sort_values("date")["valid_min"].tolist() == [15, 0]


def test_words_for_empty_cells_and_unreported_rows(tmp_path):
    lines = (
        "id,date,slot,planned,valid,invalid,told\na,2025-09-01,1,40,-,-,nej\n"
        "a,2025-09-01,2,40,0,0,ja\na,2025-09-01,3,40,10,0,nej\na,2025-09-01,4,40,-,-,ja\n"
    )
    form = 'unit = "minutes"\nmissing = ["-"]\ntrue = ["ja"]\nfalse = ["nej"]'
    report, rows = imported(tmp_path, lines, form, 'is_reported = "told"')
    assert [(p.code, p.line) for p in report.problems] == [("E210", 4), ("E211", 5)]
    rows = rows.sort_values("slot")
    assert rows["is_reported"].tolist() == [False, True]
    assert rows["valid_min"].isna().tolist() == [True, False]


def test_parts_that_do_not_add_up_and_reasons_by_default(tmp_path):
    lines = (
        "id,date,slot,planned,valid,invalid,there\na,2025-09-01,1,40,10,0,30\n"
        "a,2025-09-01,2,40,0,40,0\na,2025-09-01,3,40,10,0,40\n"
    )
    rule = 'present_min = "there"\ndefault_reason = { valid = 90, invalid = 70 }'
    report, rows = imported(tmp_path, lines, rows=rule)
    assert [(p.code, p.line) for p in report.problems] == [("E208", 4)]
    assert rows.sort_values("slot")["reason_code"].tolist() == [90, 70]
    assert rows.sort_values("slot")["validity"].tolist() == ["valid", "invalid"]


def test_a_number_with_the_other_sign_is_no_number(tmp_path):
    lines = (
        "id,date,slot,planned,valid,invalid\na,2025-09-01,1,40,1.5,0\n"
        'a,2025-09-01,2,40,"1,5",0\na,2025-09-01,3.5,40,0,0\na,2025-09-01,4,1e9,0,0\n'
    )
    report, rows = imported(tmp_path, lines)
    found = [(p.code, p.column, p.line) for p in report.problems]
    assert found == [("E103", "slot", 4), ("E103", "planned", 5), ("E112", "valid", 3)]
    assert rows["valid_min"].tolist() == [2]  # minutes are whole; a half is rounded


def test_spellings_of_one_identifier_are_one_pupil(tmp_path):
    lines = (
        "id,date,slot,planned,valid,invalid\n A ,2025-09-01,1,40,40,0\nB\t,2025-09-01,1,40,0,0\n"
    )
    report, rows = imported(tmp_path, lines)
    assert not report.problems
    known = set(pd.read_parquet(tmp_path / "register" / "pupils.parquet")["pupil_key"])
    assert set(rows["pupil_key"]) == known


def test_pupils_with_two_spells_are_enrolled_in_both(tmp_path):
    pupils = "a,S,7,2025-08-18,2025-09-10\na,T,7,2025-09-11,\nb,S,8,,\n"
    lines = (
        "id,date,slot,planned,valid,invalid\na,2025-09-10,1,40,0,0\na,2025-09-11,1,40,0,0\n"
        "a,2025-08-01,1,40,0,0\n"
    )
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "pupils.csv").write_text("id,school,grade,from,to\n" + pupils, encoding="utf-8")
    (folder / "rows.csv").write_text(lines, encoding="utf-8")
    text = ALL_ROWS.format(form='unit = "minutes"', rows="")
    text = text.replace('grade = "grade"', 'grade = "grade"\nentry = "from"\nexit = "to"')
    layout = tmp_path / "mapping.toml"
    layout.write_text(text, encoding="utf-8")
    key = new_key_file(tmp_path / "project.key")
    report = import_export(folder, tmp_path / "register", layout=layout, key=key)
    assert [(p.code, p.column, p.line) for p in report.problems] == [("E205", "date", 4)]
    calendar = pd.read_parquet(tmp_path / "register" / "calendar.parquet")
    assert calendar["school_key"].tolist() == ["S", "T"]
    assert calendar["term"].tolist() == ["2025-2", "2025-2"]
