from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from absence_risk.register.opening import read_register
from absence_risk.synthetic import sample

FOLDER = Path(__file__).parents[2] / "data" / "synthetic"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "synthetic"
    assert sample.main([str(folder)]) == 0
    return folder


def test_sample_is_small_and_has_cases():
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) <= 1_000_000
    assert len(pd.read_parquet(FOLDER / "cases.parquet")) >= 30


def test_rebuilding_gives_the_committed_bytes(rebuilt):
    here = {"numpy": np.__version__, "pyarrow": pa.__version__}
    if here != MANIFEST["versions"]:
        pytest.skip(f"the sample was written with {MANIFEST['versions']}, this is {here}")
    again = json.loads((rebuilt / "manifest.json").read_text(encoding="utf-8"))
    assert again["files"] == MANIFEST["files"]
    for name in MANIFEST["files"]:
        assert (rebuilt / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_rebuilding_gives_the_committed_records(rebuilt):
    one, other = read_register(FOLDER), read_register(rebuilt)
    here, there = one.cube(), other.cube()
    for part in ("pupil_key", "scheduled", "valid", "invalid"):
        np.testing.assert_array_equal(getattr(here, part), getattr(there, part))
    for name in ("cases", "surveys", "outcomes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_sample_is_valid():
    assert read_register(FOLDER).validate().ok


def test_without_a_folder_nothing_is_written(capsys):
    assert sample.main([]) == 2
    assert "Name one folder" in capsys.readouterr().err
