"""JSON in the shapes that interfaces give: lines, arrays, pages; broken lines cost themselves."""

from __future__ import annotations

import csv
import json

import duckdb
import pytest

from absence_risk.register.readers.json_files import is_json, json_as_csv

OBJECTS = [
    {"id": "a", "student": {"id": "P-1"}, "minutes": 50, "on": True, "list": [{"k": 1}, {"k": 2}]},
    {"id": "b", "student": None, "minutes": None, "list": []},
    {"id": "c", "student": {"id": 'P-"3",x'}, "minutes": 1.5, "on": False, "list": [{"k": 3}]},
]
COLUMNS = ["id", "student.id", "minutes", "on"]
ROWS = [["a", "P-1", "50", "true"], ["b", "", "", ""], ["c", 'P-"3",x', "1.5", "false"]]
SHAPES = {
    "lines": "\n".join(json.dumps(one) for one in OBJECTS) + "\n",
    "array": json.dumps(OBJECTS),
    "pretty": json.dumps(OBJECTS, indent=2),
    "page": json.dumps({"data": OBJECTS, "pageToken": None}),
    "pretty page": json.dumps({"data": OBJECTS, "pageToken": None}, indent=2),
    "pages": "\n".join(json.dumps({"data": [one]}) for one in OBJECTS),
}


def read(tmp_path, content, columns=COLUMNS, each=None):
    path, target = tmp_path / "in.json", tmp_path / "out.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with duckdb.connect() as connection:
        found = json_as_csv(connection, path, target, columns, each)
    if found is None:
        return None, None
    with target.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == list(columns)
    assert len(rows) == len(found.numbers)
    return rows, found


@pytest.mark.parametrize("shape", SHAPES)
def test_all_shapes_give_the_same_rows(tmp_path, shape):
    rows, found = read(tmp_path, SHAPES[shape])
    assert rows == ROWS
    assert found.numbers.tolist() == [1, 2, 3]
    assert found.broken == ()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_list_gives_a_row_per_element(tmp_path, shape):
    rows, found = read(tmp_path, SHAPES[shape], ["id", "list.k"], "list")
    assert rows == [["a", "1"], ["a", "2"], ["c", "3"]]
    assert found.numbers.tolist() == [1, 1, 3]


def test_broken_lines_are_named_and_cost_only_themselves(tmp_path):
    lines = [json.dumps(OBJECTS[0]), '{"id": ', "", "[1, 2]", "null", json.dumps(OBJECTS[2])]
    rows, found = read(tmp_path, "\n".join(lines))
    assert rows == [ROWS[0], ROWS[2]]
    assert found.numbers.tolist() == [1, 6]
    assert found.broken == (2, 4, 5)


def test_what_is_not_asked_for_is_not_copied(tmp_path):
    secret = {"id": "a", "note": "free text", "student": {"id": "P-1", "name": "somebody"}}
    read(tmp_path, json.dumps(secret) + "\n")
    assert "somebody" not in (tmp_path / "out.csv").read_text()
    assert "free text" not in (tmp_path / "out.csv").read_text()


def test_descriptors_are_known_by_their_word_and_values_stay_on_their_line(tmp_path):
    one = {"id": "uri://ed-fi.org/AttendanceEventCategoryDescriptor#Excused Absence", "on": "a\nb"}
    rows, _ = read(tmp_path, json.dumps(one), ["id", "on"])
    assert rows == [["Excused Absence", "a b"]]


def test_what_is_not_utf8_is_marked_not_lost(tmp_path):
    rows, found = read(tmp_path, b'{"id": "L\xe4rare"}\n{"id": "b"}\n', ["id"])
    assert rows == [["L\ufffdrare"], ["b"]]
    assert found.damaged


@pytest.mark.parametrize(
    "content", ["", "  \n", "hello", '{"id": 1', '[{"id": 1}, {"id"', b"\x00\x01\x02"]
)
def test_no_json_is_no_json(tmp_path, content):
    rows, _ = read(tmp_path, content)
    assert rows is None or rows == []


def test_endings():
    from pathlib import Path

    assert is_json(Path("a.JSONL"))
    assert not is_json(Path("a.csv"))
