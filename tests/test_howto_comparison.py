"""The lines of the how-to run, and print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from absence_risk.evaluation import difference_in_differences_of_means, mass_table

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "before_after_and_a_comparison.md"
BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", re.DOTALL)


def trimmed(text):
    return [line.rstrip() for line in text.splitlines()]


def test_every_block_prints_what_stands_under_it():
    names: dict[str, object] = {}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 6
    for code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, PAGE.name, "exec"), names)
        assert trimmed(out.getvalue()) == trimmed(shown)


@pytest.mark.parametrize(
    ("months", "naive", "usual", "beyond"), [(3, -2.8, -1.5, -1.3), (12, -3.6, -1.0, -2.6)]
)
def test_the_published_table_gives_its_recomputed_differences(months, naive, usual, beyond):
    days = mass_table().pivot(index="months", columns="arm", values="days")
    found = difference_in_differences_of_means(
        programme=(days.at[0, "programme"], days.at[months, "programme"]),
        comparison=(days.at[0, "comparison"], days.at[months, "comparison"]),
        n=(493, 445),
        same_rule=True,
    )
    assert found.estimate.estimate == pytest.approx(naive)
    assert found.benchmark.estimate == pytest.approx(usual)
    assert found.beyond.estimate == pytest.approx(beyond)
    assert found.verdict.answer == "undecidable"


def test_spells_got_fewer_not_shorter():
    ours = mass_table().query("arm == 'programme'").set_index("months")
    length = ours["days"] / ours["spells"]
    assert length[0] == pytest.approx(length[12], abs=0.05)
    assert ours["spells"][12] < 0.6 * ours["spells"][0]
