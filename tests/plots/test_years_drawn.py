"""A row for each year, drawn from the board's table."""

from __future__ import annotations

from absence_risk import plots
from absence_risk.result import Estimate, Table


def table(n: int) -> Table:
    rows = [
        Estimate(term=term, group=year, estimate=value, n=n)
        for year, values in (("2025/26", (0.24, 0.19, 0.17)), ("2024/25", (0.25, 0.2, 0.21)))
        for term, value in zip(("before", "expected", "after"), values, strict=True)
    ]
    return Table(name="years", title="Years, share of school time", rows=tuple(rows))


def test_marks_are_the_levels_of_each_year() -> None:
    ax = plots.plot_years(table(40))
    drawn = {item.get_gid(): float(item.get_xdata()[0]) for item in ax.lines if item.get_gid()}
    assert drawn == {
        "before0": 0.24,
        "expected0": 0.19,
        "after0": 0.17,
        "before1": 0.25,
        "expected1": 0.2,
        "after1": 0.21,
    }
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["2025/26", "2024/25"]
    assert ax.get_xlim()[0] == 0


def test_small_years_are_not_drawn_and_words_can_be_translated() -> None:
    ax = plots.plot_years(table(4), words={"none": "visas inte"})
    assert [item.get_gid() for item in ax.lines if item.get_gid()] == []
    assert "visas inte" in [text.get_text() for text in ax.texts]
