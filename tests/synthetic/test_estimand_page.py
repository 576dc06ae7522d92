from __future__ import annotations

from pathlib import Path

import pytest

from absence_risk.synthetic.truth.reference_page import estimand_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "estimands.md"


@pytest.fixture(scope="module")
def page():
    return estimand_page()


def test_the_page_of_estimands_is_up_to_date(page):
    assert PAGE.read_text(encoding="utf-8") == page, "write reference_page.estimand_page() again"


def test_every_section_has_a_title_and_every_row_its_cells(page):
    titles = [line for line in page.splitlines() if line.startswith("## ")]
    assert all(title[3].isupper() for title in titles)
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)


@pytest.mark.parametrize(
    "name",
    [
        "threshold.slope_change_at_20",
        "return.cif_week_20",
        "wellbeing.absence_change_beyond",
        "escalation.total_or_valid_5pp",
    ],
)
def test_what_estimators_aim_at_is_there(page, name):
    assert f"| `{name}` |" in page
