"""The how-to on planning runs as printed."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "plan_an_evaluation.md"
PAIRS = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_every_block_prints_what_stands_under_it():
    found = PAIRS.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) == 3
    names: dict[str, object] = {}
    for code, text in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, PAGE.name, "exec"), names)
        assert printed.getvalue() == text
