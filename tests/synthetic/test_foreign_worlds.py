"""A world is written in a foreign layout with its truth, whole or not at all."""

from __future__ import annotations

import hashlib
import json

import pytest
from typer.testing import CliRunner

from absence_risk import cli
from absence_risk.cli.options import Layout
from absence_risk.register.writers.layouts import FOREIGN_LAYOUTS
from absence_risk.synthetic import simulate


def test_a_world_in_a_foreign_layout_has_its_truth_beside_it(tmp_path):
    world = simulate(pupils=40, seed=5)
    manifest = world.write(tmp_path / "out", layout="denmark")
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {
        "elever.csv",
        "fravaer.csv",
        "institutioner.csv",
        "skoledage.csv",
        "truth.json",
        "scenario.toml",
        "manifest.json",
    }
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    for name, about in manifest["files"].items():
        content = (tmp_path / "out" / name).read_bytes()
        assert about["bytes"] == len(content)
        assert about["sha256"] == hashlib.sha256(content).hexdigest()
    again = simulate(pupils=40, seed=5).write(tmp_path / "again", layout="denmark")
    assert again == manifest


def test_an_unknown_layout_leaves_nothing(tmp_path):
    world = simulate(pupils=10, seed=5)
    with pytest.raises(ValueError, match="layout"):
        world.write(tmp_path / "out", layout="aula")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("layout", ["denmark", "wilma"])
def test_the_command_line_takes_a_foreign_world_to_a_register(tmp_path, layout):
    def run(*words):
        done = CliRunner().invoke(cli.app, [*words])
        assert done.exit_code == 0, done.output
        return done.stdout

    export, register, key = (str(tmp_path / name) for name in ("export", "register", "p.key"))
    made = run("simulate", export, "--pupils", "30", "--layout", layout, "--json")
    assert json.loads(made)["layout"] == layout
    run("new-key", key)
    run("import", export, "--out", register, "--layout", layout, "--key", key)
    assert json.loads(run("validate", register, "--json"))["ok"]


def test_the_command_line_knows_every_layout():
    assert [layout.value for layout in Layout] == ["canonical", *FOREIGN_LAYOUTS]
