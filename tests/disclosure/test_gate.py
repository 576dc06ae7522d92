"""The gate finds what was planted, in every kind of file, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from absence_risk.disclosure import gate, scan
from absence_risk.errors import DisclosureError

if TYPE_CHECKING:
    from pathlib import Path

KEY = 301_234_567
KEYS = [KEY, 4_000_000_001]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", f"pupil,n\n{KEY},12\n"),
        ("a.csv", f"pupil,n\n{KEY}.0,12\n"),
        ("a.json", f'{{"x": {KEY}}}'),
        ("a.json", f'{{"x": "pupil-{KEY}."}}'),
        ("a.html", f"<p>Pupil {KEY}.</p>"),
        ("a.html", "<p>301&nbsp;234&nbsp;567</p>"),
        ("a.html", "<p>301 234 567</p>"),
        ("a.svg", f"<svg><g><text x='1.25'>{KEY}</text></g></svg>"),
        ("a.svg", f"<svg><!-- {KEY} --></svg>"),
        ("a.txt", hex(KEY)),
        ("a.txt", "4000000001"),
    ],
)
def test_a_key_is_found_and_not_repeated(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = scan([tmp_path / name], KEYS)
    assert len(found) == 1
    assert name in found[0]
    assert "a pupil key" in found[0]
    assert "301" not in found[0]


@pytest.mark.parametrize(
    "text", ["0.301234567", f"1{KEY}", f"{KEY}9", f"{KEY}.25", "301,234", f"2.{KEY}1"]
)
def test_parts_of_other_numbers_are_no_keys(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"x": text}))
    assert scan([tmp_path], KEYS) == []


def test_small_numbers_are_never_taken_for_keys(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("12000 pupils, 123456789 minutes")
    assert scan([tmp_path], [12000, 123_456_789]) == []


@pytest.mark.parametrize("field", ["n", "n_events", "n_at_risk"])
@pytest.mark.parametrize(("count", "hits"), [(0, 0), (1, 1), (4, 1), (5, 0)])
def test_small_counts_are_found(tmp_path: Path, field: str, count: int, hits: int) -> None:
    (tmp_path / "a.csv").write_text(f'term,{field}\n"a, b",{count}\nc,\n')
    (tmp_path / "b.json").write_text(json.dumps({"flow": [{"step": "s", field: count}]}))
    cell = f'<table><tr><td class="x" data-count="{field}"> {count} </td></tr></table>'
    (tmp_path / "c.html").write_text(cell)
    drawn = f'<g id="f1-count-{field}-3">\n<!-- {count} -->\n<text x="1" y="2">{count}</text></g>'
    (tmp_path / "d.svg").write_text(f"<svg>{drawn}</svg>")
    found = scan([tmp_path], [])
    assert len(found) == 4 * hits
    assert all(field in line for line in found)


def test_the_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text("term,n\na,9\nb,2\n")
    (tmp_path / "b.json").write_text('{"flow": [{"n": 9}, {"n": 3}]}')
    assert scan([tmp_path], []) == [
        "b.json, flow[1].n between 1 and 4",
        "tables/a.csv, line 3: n between 1 and 4",
    ]


def test_other_numbers_may_be_small(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"null": 1, "schools": 3, "flag": true, "n": 1200}')
    (tmp_path / "a.csv").write_text("term,statistic,n\na,2,\n")
    assert scan([tmp_path], []) == []


def test_minimum_moves_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("term,n\na,7\n")
    assert scan([tmp_path], []) == []
    assert len(scan([tmp_path], [], minimum=10)) == 1


def test_the_gate_refuses(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"term,n\na,2\n{KEY},9\n")
    with pytest.raises(DisclosureError, match=r"2 place\(s\)") as caught:
        gate(tmp_path, KEYS)
    assert str(KEY) not in str(caught.value)
    assert "line 3: a pupil key" in str(caught.value)


def test_the_gate_opens(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("term,n\na,20\n")
    assert gate([tmp_path / "a.csv"], KEYS) is None
    assert scan([tmp_path / "a.csv"], KEYS) == []


def test_a_file_that_is_not_there_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot be checked"):
        scan([tmp_path / "none.csv"], KEYS)
