"""One function, four engines and three file forms: the same values and types."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from absence_risk.register.definition import DAY_RULES, AbsenceDefinition
from absence_risk.register.engine import Engine
from absence_risk.register.opening import read_register


@pytest.fixture(params=["polars", "polars lazy", "pyarrow", "duckdb"])
def others(request, tables):
    def converted(frame):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if request.param == "pyarrow":
            return table
        if request.param == "duckdb":
            return connection.from_arrow(table)
        frame = pl.from_arrow(table)
        return frame.lazy() if request.param == "polars lazy" else frame

    with duckdb.connect() as connection:
        yield {name: converted(frame) for name, frame in tables.items()}


@pytest.mark.parametrize("day_rule", DAY_RULES)
def test_panels_are_identical(tables, others, day_rule):
    rule = AbsenceDefinition(day_rule=day_rule, late_rule="late_minutes", denominator="reported")
    expected, got = read_register(tables), read_register(others)
    pd.testing.assert_frame_equal(got.panel("month", rule), expected.panel("month", rule))
    pd.testing.assert_frame_equal(got.panel("week", rule), expected.panel("week", rule))


def test_small_tables_are_identical(tables, others):
    expected, got = read_register(tables), read_register(others)
    for name in ("pupils", "schools", "cases", "surveys", "outcomes", "school_dates"):
        pd.testing.assert_frame_equal(getattr(got, name), getattr(expected, name))


def test_validation_is_identical(others):
    assert read_register(others).validate().errors == ()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_files_and_frames_are_identical(tables, write, ending):
    expected, got = read_register(tables), read_register(write(tables, ending))
    for name in ("pupils", "schools", "cases", "surveys", "outcomes", "school_dates"):
        pd.testing.assert_frame_equal(getattr(got, name), getattr(expected, name))
    pd.testing.assert_frame_equal(got.panel(), expected.panel())
    rule = AbsenceDefinition(day_rule="any_lesson")
    pd.testing.assert_frame_equal(got.panel("week", rule), expected.panel("week", rule))


def test_partitioned_files_of_different_forms_are_one_register(tables, write):
    rows = tables["registers"]
    expected = read_register(tables).panel()
    folder = write({k: v for k, v in tables.items() if k != "registers"})
    half = len(rows) // 2
    first = folder / "registers" / "school_year=2025-26" / "municipality=A"
    second = folder / "registers" / "school_year=2025-26" / "municipality=B"
    first.mkdir(parents=True)
    second.mkdir(parents=True)
    rows[:half].to_parquet(first / "part.parquet")
    # The second school writes wider numbers, other columns and another order.
    wider = (
        rows[half:].drop(columns=["reason_code"]).astype({"slot": "int64", "valid_min": "Int64"})
    )
    wider[sorted(wider.columns)].to_parquet(second / "part.parquet")
    reg = read_register(folder)
    pd.testing.assert_frame_equal(reg.panel(), expected)
    assert reg.validate().errors == ()


def test_settings_of_the_engine_change_nothing(tables, write):
    folder = write(tables)
    one = read_register(folder, engine=Engine(threads=1, memory_limit="200MB"))
    pd.testing.assert_frame_equal(one.panel(), read_register(folder).panel())


def test_semicolons_and_byte_order_mark(tables, tmp_path):
    for name, frame in tables.items():
        text = frame.to_csv(index=False, sep=";", decimal=",")
        (tmp_path / f"{name}.csv").write_text("\ufeff" + text, encoding="utf-8")
    reg = read_register(tmp_path)
    assert reg.validate().errors == ()
    pd.testing.assert_frame_equal(reg.panel(), read_register(tables).panel())
    pd.testing.assert_frame_equal(reg.outcomes, read_register(tables).outcomes)


def test_nothing_is_printed_when_the_program_ends(tables, write):
    folder = write(tables)
    program = (
        "import sys; from absence_risk.register.opening import read_register as read; "
        "reg = read(sys.argv[1]); reg.panel(); reg.cube(); assert reg.validate().ok"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.parquet" for n in tables)
