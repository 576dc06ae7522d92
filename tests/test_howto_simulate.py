"""What the page on simulating a world shows can be run, from top to bottom."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from absence_risk import cli
from absence_risk.synthetic import truth

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "simulate_a_world.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.M)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(truth, "LEAST_PUPILS", 300)
    (tmp_path / "keys").mkdir()
    return tmp_path


@pytest.mark.filterwarnings("ignore::absence_risk.errors.SmallCountWarning")
def test_every_command_runs(here):
    (text,) = blocks("toml")
    Path("own.toml").write_text(text, encoding="utf-8")
    commands = [line for block in blocks("") for line in block.splitlines()]
    assert len(commands) == 6
    for line in commands:
        small = re.sub(r"--pupils \d+", "--pupils 300", line).replace("~", str(here))
        program, *words = shlex.split(small)
        assert program == "absence-risk"
        done = CliRunner().invoke(cli.app, words)
        assert done.exit_code == 0, f"{line}\n{done.output}"
    assert {path.name for path in Path("world").iterdir()} >= {"truth.json", "scenario.toml"}
    assert Path("answers/report.html").is_file()
    assert "effect = { value = 1.2," in Path("own_world/scenario.toml").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(here):
    names = {}
    for block in blocks("python"):
        exec(compile(block, str(PAGE), "exec"), names)
    # help never keeps anybody at home: of 2,000 pupils some have a case, and these gain
    assert names["gain"] > 0
    assert names["found"].met
    assert abs(names["found"].reached[0] - 0.065) <= 0.003
