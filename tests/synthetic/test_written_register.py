from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from absence_risk.register.opening import read_register
from absence_risk.register.schema import TABLES
from absence_risk.synthetic import Scenario, simulate, truth, writer

ORDER = ["detected", "referred", "accepted", "started", "closed"]


@pytest.fixture(scope="module")
def lessons(written):
    folder, _ = written
    return pq.read_table(folder / "registers" / "school_year=2025" / "municipality=m1")


@pytest.fixture(scope="module")
def table(written):
    folder, _ = written
    return lambda name: pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture
def quick_truth(monkeypatch):
    """Small worlds take their truth from themselves, which is quick."""
    monkeypatch.setattr(truth, "LEAST_PUPILS", 1)


def column(table, name):
    return table.column(name).to_numpy()


def test_validation_finds_no_fault(written):
    folder, _ = written
    report = read_register(folder).validate()
    assert report.ok, str(report)
    # pupils who join or leave, and cases of the first months, are part of the world
    assert {problem.code for problem in report.problems} <= {"W511", "W512"}, str(report)


def test_columns_are_canonical(written, lessons):
    folder, _ = written
    for name, schema in TABLES.items():
        names = lessons.column_names if name == "registers" else None
        names = names or pq.read_schema(folder / f"{name}.parquet").names
        names = [n for n in names if n not in ("school_year", "municipality")]
        assert set(schema.required_names) <= set(names) <= set(schema.names), name


def test_minutes_are_null_exactly_where_nobody_reported(lessons):
    silent = ~column(lessons, "is_reported").astype(bool)
    assert 0.01 < silent.mean() < 0.10
    for name in ("present_min", "valid_min", "invalid_min", "late_min"):
        np.testing.assert_array_equal(lessons.column(name).is_null().to_numpy(), silent)


def test_parts_add_up(lessons):
    known = lessons.filter(lessons.column("is_reported"))
    scheduled, present, valid, invalid, late = (
        column(known, f"{name}_min").astype(int)
        for name in ("scheduled", "present", "valid", "invalid", "late")
    )
    np.testing.assert_array_equal(present + valid + invalid, scheduled)
    assert min(part.min() for part in (present, valid, invalid, late)) == 0
    assert (late <= present).all()
    assert late.max() > 0
    absent = valid + invalid > 0
    np.testing.assert_array_equal(known.column("reason_code").is_valid().to_numpy(), absent)
    words = known.column("validity").to_pandas()
    assert (words[invalid > 0] == "invalid").all()
    assert (words[valid > 0] == "valid").all()
    codes = set(known.column("reason_code").drop_null().unique().to_pylist())
    assert codes == {10, 20, 50, 70}


def test_one_row_per_pupil_date_and_lesson_sorted(lessons):
    day = lessons.column("date").cast("int32").to_numpy().astype(np.int64)
    key = column(lessons, "pupil_key").astype(np.int64) * 2**20 + day * 16 + column(lessons, "slot")
    assert (np.diff(key) > 0).all()
    assert column(lessons, "slot").min() == 1


def test_dates_are_offered_and_inside_the_enrolment(lessons, table):
    calendar, pupils = table("calendar"), table("pupils")
    offered = set(calendar.loc[calendar["offered"], "date"])
    assert set(lessons.column("date").unique().to_pylist()) <= offered
    assert len(offered) == 178
    last = lessons.group_by("pupil_key").aggregate([("date", "max")]).to_pandas()
    left = pupils.dropna(subset=["exit"]).merge(last, on="pupil_key")
    assert len(left) > 0
    assert (left["date_max"] == left["exit"]).all()
    cases = table("cases")
    moved = cases.loc[cases["closure_reason"] == "moved"]
    assert set(left["pupil_key"]) | {0} >= set(moved["pupil_key"][moved["closed"] < max(offered)])


def test_case_dates_stand_in_order(table):
    cases = table("cases")
    assert len(cases) >= 30
    for before, after in itertools.pairwise(ORDER):
        both = cases.dropna(subset=[before, after])
        assert (both[before] <= both[after]).all(), (before, after)
    assert (cases["closed"].isna() == cases["closure_reason"].isna()).all()
    assert cases["started"].isna().equals(cases["stage_start"].isna())
    declined = cases["accepted"].isna() & cases["closed"].notna()
    assert (cases.loc[declined, "closure_reason"] == "declined").all()
    assert set(cases["pupil_key"]) <= set(table("pupils")["pupil_key"])


def test_answers_are_missing_or_given(table):
    surveys = table("surveys")
    assert (surveys["response"].isna() == surveys["missing"].notna()).all()
    assert surveys["response"].dropna().isin([1, 2, 3, 4, 5]).all()
    assert not surveys.duplicated(["survey_key", "wave", "item_id"]).any()
    assert set(surveys["missing"].dropna()) == {"not_asked", "refused", "no_answer"}
    keys = set(surveys["survey_key"])
    assert not keys & set(table("pupils")["pupil_key"])
    assert not keys & set(table("cases")["case_key"])


def test_keys_can_be_found_by_a_scan(table):
    for name, key in (("pupils", "pupil_key"), ("cases", "case_key"), ("surveys", "survey_key")):
        assert table(name)[key].min() >= 2**28


def test_grade_points_come_on_the_last_day(table):
    outcomes = table("outcomes").merge(table("pupils"), on="pupil_key")
    assert set(outcomes["date"]) == {dt.date(2026, 6, 12)}
    assert outcomes["grade"].min() == 6
    assert outcomes["exit"].isna().all()


def test_manifest_holds_rows_and_hashes(written, lessons):
    folder, manifest = written
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8")) == manifest
    assert manifest["rows"] == lessons.num_rows
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert files == {*manifest["files"], "manifest.json"}
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["bytes"]
    assert Scenario.from_toml(folder / "scenario.toml") == Scenario.preset("municipality")


def test_three_ways_to_the_same_cube(world, written, tmp_path):
    folder, _ = written
    world.write(tmp_path / "days", rows="day", file_format="csv")
    one = read_register(folder).cube()
    for other in (read_register(tmp_path / "days").cube(), world.as_register("day").cube()):
        for part in ("pupil_key", "scheduled", "valid", "invalid"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_recorded_absence_is_true_absence_where_reported(world):
    order = np.argsort(world.pupil_key)
    cube = world.register.cube()
    seen = np.bitwise_count(world.days.missed & ~world.days.unreported).astype(int) * 50
    seen[np.arange(len(world.year)) > world.last_day[:, None]] = 0
    np.testing.assert_array_equal(cube.valid + cube.invalid, seen[order])


def test_municipalities_have_files_of_their_own(tmp_path, quick_truth):
    plan = Scenario.preset("municipality").with_values({"size.municipalities": 2})
    world = simulate(plan, pupils=40, seed=1)
    world.write(tmp_path / "two", rows="day")
    parts = sorted(p.parent.name for p in (tmp_path / "two").rglob("part-0.parquet"))
    assert parts == ["municipality=m1", "municipality=m2"]
    schools = pd.read_parquet(tmp_path / "two" / "schools.parquet")
    assert sorted(schools["municipality_key"].unique()) == ["m1", "m2"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch, quick_truth):
    world = simulate(pupils=30, seed=1)

    def full_disk(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(writer, "_manifest", full_disk)
    with pytest.raises(OSError, match="no space left"):
        world.write(tmp_path / "register", rows="day")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_replacement_keeps_the_old_register(tmp_path, quick_truth):
    world = simulate(pupils=30, seed=1)
    first = world.write(tmp_path / "register", rows="day")

    def stop(text, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.write(tmp_path / "register", force=True, progress=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["register"]
    kept = json.loads((tmp_path / "register" / "manifest.json").read_text(encoding="utf-8"))
    assert kept == first


def test_existing_folders_are_not_overwritten(tmp_path):
    world = simulate(pupils=30, seed=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(FileExistsError, match="exists"):
        world.write(tmp_path / "mine", rows="day")
    with pytest.raises(FileExistsError, match="not replaced"):
        world.write(tmp_path / "mine", rows="day", force=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("arguments", [{"rows": "lessons"}, {"file_format": "xlsx"}])
def test_unknown_words_are_refused(tmp_path, arguments):
    with pytest.raises(ValueError, match="must be one of"):
        simulate(pupils=10, seed=1).write(tmp_path / "x", **arguments)
    assert list(tmp_path.iterdir()) == []
