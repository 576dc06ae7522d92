"""The files that the how-to shows are a register, and the commands it names are commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import absence_risk as ar

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "bring_your_own_register.md"
FILES = re.compile(r"`(\w+\.csv)`\n\n```csv\n(.*?)```", re.DOTALL)


@pytest.fixture
def shown(tmp_path):
    for name, text in FILES.findall(PAGE.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_four_files_are_a_register_without_a_blocking_problem(shown):
    names = {path.name for path in shown.iterdir()}
    assert names == {"registers.csv", "pupils.csv", "schools.csv", "calendar.csv"}
    report = ar.read_register(shown).validate()
    assert report.ok, str(report)
    assert report.n_rows == 4


def test_an_unreported_lesson_is_offered_and_not_absent(shown):
    register = ar.read_register(shown)
    offered = register.panel("term").set_index("pupil_key")["absence_rate"]
    assert offered.to_dict() == {301000001: 0.5, 301000002: 0.5}
    reported = register.panel("term", ar.AbsenceDefinition(denominator="reported"))
    assert reported.set_index("pupil_key")["absence_rate"].to_dict()[301000002] == 1.0


def test_the_command_of_the_page_makes_a_report_of_so_small_a_register(shown):
    out = shown / "answers"
    line = [sys.executable, "-c", "from absence_risk.cli import main; main()", "study"]
    done = subprocess.run([*line, shown, "--out", out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (out / "report.html").exists()
    # Warnings are sentences, without the line of code that gave them.
    assert "Note: No row of the table" in done.stderr
    assert ".py" not in done.stderr
