"""Every published figure that a parameter cites stands on the page of published figures."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "published_figures.md"
FOLDER = importlib.resources.files("absence_risk.synthetic")
KEY = re.compile(r"\b(?:(?:DK|ENG|SE|FI|NYC)-[A-Za-z0-9-]+|SPELLS)")


def cited():
    for folder in ("presets", "calibrations"):
        for file in (FOLDER / folder).iterdir():
            text = file.read_text(encoding="utf-8")
            for source in re.findall(r"EVIDENCE[^\"]*", text):
                yield from KEY.findall(source)


def test_every_key_that_is_cited_is_explained():
    page = PAGE.read_text(encoding="utf-8")
    keys = set(cited())
    assert len(keys) >= 10
    assert not {key for key in keys if f"| `{key}` |" not in page}
