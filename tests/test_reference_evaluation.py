"""The page on designs: its lines run, and the names and arguments it gives exist."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path

import absence_risk.evaluation as ev

PAGE = (Path(__file__).parent.parent / "docs" / "reference" / "evaluation.md").read_text("utf-8")
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("|")][2:]
FROM_REGISTER = {"absence_study", "register_study", "case_windows", "registry_windows"}
"""What reads a register's cube; shown where a register is at hand."""


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([A-Za-z_.]+)", cell)


def named(name: str) -> object:
    head, _, method = name.partition(".")
    assert head in ev.__all__, name
    return getattr(getattr(ev, head), method) if method else getattr(ev, head)


def test_every_block_prints_what_stands_under_it():
    names: dict[str, object] = {}
    blocks = BLOCK.findall(PAGE)
    assert len(blocks) == PAGE.count("```python") == 3
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "evaluation.md", "exec"), names)
        assert out.getvalue() == shown


def test_designs_and_what_they_need_exist():
    assert len(ROWS) > 10
    for _, design, needs, cannot in ROWS:
        asked = [named(name) for name in names_in(design) if name != "benchmark"]
        assert asked, design
        known = {*inspect.signature(ev.PrePost).parameters, *inspect.signature(ev.Rate).parameters}
        for one in asked:
            known |= set(inspect.signature(one).parameters)
        assert set(names_in(needs) + names_in(cannot)) <= known, design


def test_every_design_that_gives_a_verdict_is_on_the_page():
    for name in ev.__all__:
        one = getattr(ev, name)
        if inspect.isfunction(one) and "Result" in str(inspect.signature(one).return_annotation):
            assert f"`{name}`" in PAGE or name == "estimate_change", name


def test_every_public_function_has_an_example_that_runs():
    code = "\n".join(block for block, _ in BLOCK.findall(PAGE))
    for name in ev.__all__:
        one = getattr(ev, name)
        if inspect.isfunction(one) and name not in FROM_REGISTER:
            shown = ">>>" in (inspect.getdoc(one) or "") or f"{name}(" in code
            assert shown or name in ("estimate_change", "assess", "remarks_of"), name
