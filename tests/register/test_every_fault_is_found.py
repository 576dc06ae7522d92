"""The faults of the benchmark, on a smaller register: all found, exact counts, exact lines."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bench_validate.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_validate", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["bench_validate"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["bench_validate"]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("seed", [1, 2])
def test_files(bench, tmp_path, ending, seed):
    made = bench.planted(60, 7, text=ending == "csv", seed=seed)
    bench.write(made, tmp_path, ending, 7)
    wanted = bench.expected(made)
    assert bench.found_in(tmp_path) == wanted
    assert len(wanted) >= 20
    assert bench.n_rules() >= 20


def test_frames(bench):
    made = bench.planted(60, 7, text=False, seed=3)
    made.first = {key: at + 1 for key, at in made.first.items()}
    assert bench.found_in({"registers": made.rows, **made.tables}) == bench.expected(made)


def test_a_clean_register_has_none_of_them(bench, tmp_path):
    made = bench.planted(60, 0, text=False)
    bench.write(made, tmp_path, "parquet", 0)
    assert bench.found_in(tmp_path) == {}
