"""Experiments are remade by hand; what they import and read must still be there."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

FOLDERS = sorted((Path(__file__).parents[1] / "experiments").glob("20*"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_experiment_can_be_run_again(folder):
    spec = importlib.util.spec_from_file_location(f"run_{folder.name}", folder / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert callable(module.main)
    assert module.CONFIG


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_experiment_keeps_its_results_and_the_rule(folder):
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert "revision" in results
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "**Decision rule" in text
    assert (folder / "figure.svg").exists()
