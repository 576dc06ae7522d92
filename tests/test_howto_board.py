"""The lines of the how-to run, and print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "a_page_for_the_board.md"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def test_every_block_prints_what_stands_under_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 3
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, PAGE.name, "exec"), names)
        assert [x.rstrip() for x in out.getvalue().splitlines()] == shown.splitlines()
    text = (tmp_path / "board.html").read_text(encoding="utf-8")
    assert "Trosa" in text
    assert "får inte stöd" in text or "går inte att avgöra" in text
