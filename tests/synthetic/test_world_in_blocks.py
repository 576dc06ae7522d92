from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from absence_risk.synthetic import Scenario, simulate, truth
from absence_risk.synthetic.records import frames, register_rows
from absence_risk.synthetic.tables import join_tables, pupil_tables

TWO = Scenario.preset("municipality").with_values({"size.municipalities": 2})
MOVED = {
    "subjects.avoided": "subjects",
    "corrections.unexplained": 0.3,
    "corrections.invalid_first": 0.2,
    "corrections.late_share": 0.05,
    "lateness.later": 0.3,
}


@pytest.fixture
def no_truth(monkeypatch):
    """Writing is tested without the pairs of worlds behind truth.json."""
    monkeypatch.setattr(truth, "truth_of", lambda world: {"pupils": len(world.index)})


@pytest.fixture(scope="module")
def two():
    return simulate(TWO, pupils=2_600, seed=5)


def assert_same(one, other, rows=slice(None)):
    for field in dataclasses.fields(one):
        np.testing.assert_array_equal(
            getattr(one, field.name), getattr(other, field.name)[rows], err_msg=field.name
        )


@pytest.mark.parametrize(
    ("rows", "detail", "do"),
    [("lesson", "figures", {}), ("day", "figures", {}), ("day", "everything", MOVED)],
)
def test_bytes_depend_on_neither_block_size_nor_threads(tmp_path, no_truth, rows, detail, do):
    written = {}
    for block, threads in itertools.product((500, 1_000, 7_000), (1, 2)):
        world = simulate(TWO, pupils=2_600, seed=5, block=block, do=do)
        folder = tmp_path / f"{block}-{threads}"
        written[block, threads] = world.write(folder, rows=rows, detail=detail, threads=threads)
    first = written[500, 1]
    assert {name.split("/")[2] for name in first["files"] if "registers" in name} == {
        "municipality=m1",
        "municipality=m2",
    }
    assert len({entry["sha256"] for entry in first["files"].values()}) == len(first["files"])
    for way, manifest in written.items():
        assert manifest == first, way


def test_csv_does_not_depend_on_blocks_either(tmp_path, no_truth):
    manifests = [
        simulate(TWO, pupils=1_200, seed=5, block=block).write(
            tmp_path / str(block), rows="day", file_format="csv", threads=2
        )
        for block in (300, 5_000)
    ]
    assert manifests[0] == manifests[1]


def test_rows_of_lessons_do_not_depend_on_what_is_made_with_them(two):
    world = two.part(np.arange(60))
    moved = simulate(TWO, pupils=2_600, seed=5, do=MOVED).part(np.arange(60))
    for some in (world, moved):
        whole = register_rows(some, np.arange(60), "lesson", "everything")
        parts = [
            register_rows(some.part(np.arange(at, at + 12)), np.arange(12), "lesson", "everything")
            for at in range(0, 60, 12)
        ]
        joined = pa.concat_tables(_plain(part) for part in parts)
        assert joined.equals(_plain(whole))


def _plain(table):
    """The same table with words instead of dictionaries, which differ between parts."""
    words = [n for n in table.column_names if pa.types.is_dictionary(table.column(n).type)]
    for name in words:
        at = table.column_names.index(name)
        table = table.set_column(at, name, table.column(name).cast(pa.string()))
    return table.combine_chunks()


def test_reading_back_gives_the_rows(two, tmp_path, no_truth):
    two.write(tmp_path / "register")
    expected = frames(two)["registers"]
    parts = sorted((tmp_path / "register").rglob("part-0.parquet"))
    found = [pq.ParquetFile(part).read() for part in parts]
    home = two.municipality[np.argsort(two.pupil_key)]
    each = np.bincount(
        np.searchsorted(np.sort(two.pupil_key), expected.column("pupil_key").to_numpy())
    )
    at = np.repeat(home, each)
    for number, table in enumerate(found):
        own = expected.filter(at == number)
        assert table.num_rows == own.num_rows > 0
        for name in own.column_names:
            kind = "string" if name == "validity" else own.column(name).type
            assert table.column(name).cast(kind).equals(own.column(name).cast(kind)), name


def test_row_groups_have_a_thousand_pupils(tmp_path, no_truth):
    simulate(pupils=2_100, seed=5, block=700).write(tmp_path / "register", rows="day")
    (part,) = (tmp_path / "register").rglob("part-0.parquet")
    file = pq.ParquetFile(part)
    sizes = [
        len(file.read_row_group(k, ["pupil_key"])["pupil_key"].unique())
        for k in range(file.num_row_groups)
    ]
    assert sizes == [1_000, 1_000, 100]


def test_a_part_of_a_world_is_the_same_in_it(two):
    rows = np.random.default_rng(1).permutation(2_600)[:321]
    part = two.part(rows)
    assert_same(part.pupils, two.pupils, rows)
    assert_same(part.days, two.days, rows)
    assert_same(part.cases, two.cases, rows)
    np.testing.assert_array_equal(part.pupil_key, two.pupil_key[rows])
    np.testing.assert_array_equal(part.municipality, two.municipality[rows])


def test_tables_of_parts_join_to_those_of_the_world(two):
    rows = np.random.default_rng(2).permutation(2_600)
    joined = join_tables(
        [pupil_tables(two.part(rows[at : at + 400])) for at in range(0, 2600, 400)]
    )
    whole = pupil_tables(two)
    assert list(joined) == list(whole)
    for name, table in whole.items():
        assert table.num_rows > 0
        assert joined[name].equals(table), name


def test_parts_without_cases_join(two):
    quiet = two.part(np.flatnonzero(two.cases.started > len(two.year))[:5])
    joined = join_tables([pupil_tables(quiet), pupil_tables(quiet.part(np.arange(0)))])
    assert joined["surveys"].num_rows == 0
    assert joined["pupils"].num_rows == 5


def test_writing_holds_no_days(tmp_path, no_truth):
    world = simulate(pupils=300, seed=5)
    assert world.write(tmp_path / "register", rows="day")["pupils"] == 300
    assert "_simulated" not in vars(world)
    assert world.days.reason.shape == (300, len(world.year))


def test_municipalities_without_pupils_have_no_file(tmp_path, no_truth):
    plan = Scenario.preset("municipality").with_values({"size.municipalities": 3})
    manifest = simulate(plan, pupils=1, seed=5).write(tmp_path / "one", rows="day")
    assert sum(name.startswith("registers/") for name in manifest["files"]) == 1


@pytest.mark.parametrize("threads", [0, 3, True, 1.5])
def test_threads_are_one_or_two(tmp_path, threads):
    with pytest.raises(ValueError, match="threads must be one of"):
        simulate(pupils=10, seed=1).write(tmp_path / "x", threads=threads)
    assert list(tmp_path.iterdir()) == []


def test_the_truth_of_large_worlds_comes_from_a_smaller_one(monkeypatch):
    monkeypatch.setattr(truth, "LEAST_PUPILS", 1)
    monkeypatch.setattr(truth, "MOST_PUPILS", 400)
    found = simulate(pupils=500, seed=5).truth
    assert (found["pupils"], found["reference_pupils"]) == (500, 400)
    assert {entry["n"] for entry in found["estimands"] if entry["id"] == "absence.mean"} == {400}
