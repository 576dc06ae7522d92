"""The commands of the page on tables of cases run, and print what stands under them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "howto"
PAGE = (FOLDER / "evaluate_a_team.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(absence-risk [^\n]*)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
RUN = [sys.executable, "-c", "from absence_risk.cli import main; main()"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    path = tmp_path_factory.mktemp("howto") / "tables"
    shutil.copytree(FOLDER / "evaluate_a_team", path)
    return path


def test_the_page_has_its_four_commands_with_answers():
    assert len(BLOCKS) == 4


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=range(len(BLOCKS)))
def test_a_command_prints_what_stands_under_it(place, command, shown):
    done = subprocess.run(
        [*RUN, *shlex.split(command)[1:]], cwd=place, capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    assert lines[: len(shown.splitlines())] == shown.splitlines()
    assert done.returncode == (1 if shown.startswith("cases.csv, line") else 0)
    if "--out answers" in command:
        names = {path.name for path in (place / "answers").iterdir()}
        assert names == {"report.html", "board.html", "results.json", "tables", "figures"}


def test_the_rows_that_are_shown_are_those_of_the_file():
    shown = re.search(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    rows = (FOLDER / "evaluate_a_team" / "cases.csv").read_text(encoding="utf-8").splitlines()
    assert rows[:3] == shown[1].splitlines()
