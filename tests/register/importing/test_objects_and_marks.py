"""Exports of objects, rows that add up to a lesson, files that are looked up: by mapping alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from absence_risk.errors import SchemaError
from absence_risk.register.readers.foreign import find_mapping, import_export, layout_names

if TYPE_CHECKING:
    from pathlib import Path

OBJECTS = """
[files]
people = { path = "people.jsonl", each = "spells" }
events = { path = "events.json*" }
changes = { path = "events.json*", each = "changes" }
reports = { path = "reports.json" }
[files.marks]
path = "marks.jsonl"
[[files.marks.join]]
file = "events"
on = { "event.id" = "id" }
[[files.marks.join]]
file = "changes"
on = { "event.id" = "id", "who.id" = "changes.who" }
optional = true
[[files.marks.join]]
file = "reports"
on = { "who.id" = "who" }
within = { "events.at" = ["from", "to"] }
optional = true
[pupils]
file = "people"
pupil_key = "id"
school_key = "spells.school"
grade = "spells.grade"
[schools]
municipality_key = { value = "ours" }
[registers]
file = "marks"
pupil_key = "who.id"
date = { column = "events.at", part = "date" }
slot = { column = "events.at", order = true }
scheduled_min = { columns = ["changes.changes.length", "events.length"], unit = "minutes" }
valid_min = { column = "valid", unit = "minutes" }
invalid_min = { column = "invalid", unit = "minutes" }
default_reason = { valid = 90, invalid = 70 }
[[registers.codes]]
column = "reports.kind"
table = "ss12000"
vocabulary = "absence_type"
axes = ["reason"]
"""


def lines(*objects: object) -> str:
    return "\n".join(json.dumps(one) for one in objects) + "\n"


@pytest.fixture
def objects(tmp_path: Path) -> Path:
    folder = tmp_path / "objects"
    folder.mkdir()
    people = [{"id": who, "spells": [{"school": "S", "grade": 7}]} for who in ("P-a", "P-b", "P-c")]
    events = [
        {"id": "e2", "at": "2025-09-01T10:00:00", "length": 40, "changes": []},
        {
            "id": "e1",
            "at": "2025-09-01T08:00:00",
            "length": 60,
            "changes": [{"who": "P-b", "length": 30}],
        },
    ]
    report = {
        "who": "P-a",
        "from": "2025-09-01T09:00:00",
        "to": "2025-09-01T15:00:00",
        "kind": "Beviljad ledighet",
    }

    def mark(event: str, who: str, valid: int, invalid: int) -> dict[str, object]:
        return {"event": {"id": event}, "who": {"id": who}, "valid": valid, "invalid": invalid}

    marks = [
        mark("e1", "P-a", 60, 0),
        mark("e2", "P-a", 40, 0),
        mark("e1", "P-b", 0, 30),
        mark("e2", "P-b", 0, 0),
        mark("e1", "P-c", 0, 0),
    ]
    (folder / "people.jsonl").write_text(lines(*people), encoding="utf-8")
    (folder / "events.json").write_text(json.dumps({"data": events}), encoding="utf-8")
    (folder / "reports.json").write_text(json.dumps([report]), encoding="utf-8")
    (folder / "marks.jsonl").write_text(lines(*marks), encoding="utf-8")
    (tmp_path / "objects.toml").write_text(OBJECTS, encoding="utf-8")
    return folder


def rows_of(folder: Path) -> list[tuple[object, ...]]:
    rows = pd.read_parquet(folder / "registers.parquet").sort_values(["pupil_key", "date", "slot"])
    columns = ["slot", "scheduled_min", "valid_min", "invalid_min", "reason_code"]
    found = rows[columns].astype("Int64").fillna(-1).astype(int)
    return sorted(found.itertuples(index=False, name=None))


def test_objects_are_joined_by_key_by_person_and_by_time(objects, tmp_path, key):
    report = import_export(objects, tmp_path / "out", layout=tmp_path / "objects.toml", key=key)
    assert report.problems == ()
    # Lessons in the order of time; the exception's length; the report's reason where it covers.
    assert rows_of(tmp_path / "out") == [
        (1, 30, 0, 30, 70),
        (1, 60, 0, 0, -1),
        (1, 60, 60, 0, 90),
        (2, 40, 0, 0, -1),
        (2, 40, 40, 0, 20),
    ]


def test_an_optional_file_may_be_missing_another_may_not(objects, tmp_path, key):
    (objects / "reports.json").unlink()
    import_export(objects, tmp_path / "out", layout=tmp_path / "objects.toml", key=key)
    assert (2, 40, 40, 0, 90) in rows_of(tmp_path / "out")
    (objects / "events.json").unlink()
    with pytest.raises(SchemaError, match=r"E002 events\.json"):
        import_export(objects, tmp_path / "no", layout=tmp_path / "objects.toml", key=key)
    assert not (tmp_path / "no").exists()


def test_faults_in_objects_have_their_line(objects, tmp_path, key):
    path = objects / "marks.jsonl"
    good = path.read_text(encoding="utf-8").splitlines()
    bad = {"event": {"id": "gone"}, "who": {"id": "P-c"}, "valid": 0, "invalid": 0}
    much = {"event": {"id": "e2"}, "who": {"id": "P-c"}, "valid": 41, "invalid": 0}
    new = [good[0], '{"event": {"id"', *good[1:], json.dumps(bad), json.dumps(much)]
    path.write_text("\n".join(new), encoding="utf-8")
    out = tmp_path / "out"
    report = import_export(
        objects, out, layout=tmp_path / "objects.toml", key=key, quarantine=tmp_path / "bad.csv"
    )
    found = {p.code: (p.line, p.n_rows) for p in report.problems if p.table == "registers"}
    assert found["E106"] == (2, 1)
    assert found["E301"] == (7, 1)
    assert found["E202"] == (8, 1)
    assert len(rows_of(out)) == 5
    account = next(one for one in report.accounts if one.table == "registers")
    assert account.adds_up
    assert (account.rows, account.kept, account.quarantined) == (8, 5, 3)
    listed = (tmp_path / "bad.csv").read_text(encoding="utf-8")
    assert [line.split(",")[1] for line in listed.splitlines()[1:]] == ["2", "7", "8"]
    assert "P-c" not in listed


@pytest.mark.parametrize("content", ["", "no json", '[{"event": 1}, {"ev', "\x00\x01"])
def test_a_file_that_is_no_json_stops_the_import_with_its_name(objects, tmp_path, key, content):
    (objects / "marks.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        import_export(objects, tmp_path / "out", layout=tmp_path / "objects.toml", key=key)
    assert "marks.jsonl" in str(caught.value)
    assert not (tmp_path / "out").exists()


def with_rules(export, tmp_path, *rules):
    """The mapping of the export with further lines under [registers]."""
    path = export.mapping(tmp_path)
    text = path.read_text(encoding="utf-8")
    for old, new in rules:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_lesson_add_up_where_the_mapping_says_so(tmp_path, make_export, key):
    export = make_export()
    day = "2025-09-10"
    parts = [
        export.absence(25, day, 1, time="10,0"),
        export.absence(25, day, 1, time="25,0", kind="Ogiltig", why=""),
        export.absence(25, day, 1, time="5,0", kind="Sen", why=""),
        export.absence(26, day, 1, time="30,0"),
        export.absence(26, day, 1, time="20,0", kind="Ogiltig", why=""),  # 50 of 40 minutes
        export.absence(27, day, 1, time="10,0"),
        export.absence(27, day, 1, time="10,0"),  # again
    ]
    first = len(export.files["franvaro"]) + 1
    for part in parts:
        export.add("franvaro", *part)
    folder = export.write(tmp_path / "export")
    layout = with_rules(
        export, tmp_path, ('rows = "absences"\n', 'rows = "absences"\nseveral = "add"\n')
    )
    report = import_export(folder, tmp_path / "register", layout=layout, key=key)
    found = [(p.code, p.line, p.n_rows) for p in report.problems]
    assert sorted(found) == [("E201", first + 4, 1), ("E201", first + 6, 1)]
    rows = pd.read_parquet(tmp_path / "register" / "registers.parquet")
    on_day = rows[(rows["date"].astype(str) == day) & (rows["slot"] == 1)]
    parts_of = on_day[["valid_min", "invalid_min", "late_min", "present_min", "reason_code"]]
    absent = parts_of[parts_of["present_min"] < 40].astype(int)
    assert sorted(absent.itertuples(index=False, name=None)) == [
        (10, 0, 0, 30, 10),
        (10, 25, 5, 5, 70),
        (30, 0, 0, 10, 10),
    ]


def test_without_it_the_second_row_contradicts_the_first(tmp_path, make_export, do_import):
    export = make_export()
    export.add("franvaro", *export.absence(25, "2025-09-10", 1, time="10,0"))
    export.add(
        "franvaro", *export.absence(25, "2025-09-10", 1, time="25,0", kind="Ogiltig", why="")
    )
    report = do_import(export)
    assert [(p.code, p.n_rows) for p in report.problems] == [("E201", 1)]


def test_a_planned_lesson_without_a_mark_was_not_reported(tmp_path, make_export, key):
    export = make_export()
    folder = export.write(tmp_path / "export")
    layout = with_rules(export, tmp_path, ('rows = "absences"', 'rows = "marks"'))
    import_export(folder, tmp_path / "register", layout=layout, key=key)
    rows = pd.read_parquet(tmp_path / "register" / "registers.parquet")
    n_marks = len(export.files["franvaro"]) - 1
    assert int(rows["is_reported"].sum()) == n_marks == 36
    assert rows.loc[~rows["is_reported"], "valid_min"].isna().all()
    assert rows["scheduled_min"].gt(0).all()


def test_a_reason_without_minutes_is_none(tmp_path, make_export, do_import):
    export = make_export()
    export.add("franvaro", *export.absence(25, "2025-09-10", 1, time="0,0"))
    do_import(export)
    rows = pd.read_parquet(tmp_path / "register" / "registers.parquet")
    assert rows.loc[rows["valid_min"] == 0, "reason_code"].isna().all()


def test_mistakes_in_the_new_entries_are_all_named(tmp_path, key):
    text = OBJECTS.replace('vocabulary = "absence_type"', 'vocabulary = "aula"')
    text = text.replace('within = { "events.at" = ["from", "to"] }', 'within = { at = ["from"] }')
    text = text.replace("default_reason", 'several = "sum"\ndefault_reason')
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError) as caught:
        import_export(tmp_path, tmp_path / "out", layout=tmp_path / "wrong.toml", key=key)
    said = str(caught.value)
    assert "vocabulary" in said
    assert "within" in said
    assert "several" in said


@pytest.mark.parametrize("layout", layout_names())
def test_every_layout_that_comes_along_is_a_sound_mapping(layout):
    assert find_mapping(layout).of("registers")
