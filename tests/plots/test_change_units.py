"""A change of absence is drawn in points, a change of a score in points of its scale."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from absence_risk.evaluation import difference_in_differences_of_means
from absence_risk.plots import plot_change

if TYPE_CHECKING:
    from absence_risk.result import Result


def test_a_score_is_not_drawn_as_absence(results: dict[str, Result]) -> None:
    absence = results["wellbeing"]
    estimand = dataclasses.replace(
        absence.estimand, id="wellbeing.hope_change_beyond", unit="scale points"
    )
    score = dataclasses.replace(absence, estimand=estimand)
    labels = [plot_change(result).get_xlabel() for result in (absence, score)]
    assert "percentage points" in labels[0]
    assert labels[1] == "change in hope, scale points; left of 0 = a fall"
    numbers = [
        next(t.get_text() for t in plot_change(result).texts if "." in t.get_text())
        for result in (absence, score)
    ]
    assert numbers[0] != numbers[1]


def test_rows_that_nobody_hid_are_not_called_small(wellbeing_change: Result) -> None:
    said = " ".join(t.get_text() for t in plot_change(wellbeing_change).texts)
    assert "2 rows have no number: not known" in " ".join(said.split())
    assert "fewer than" not in said


def test_the_comparison_group_is_drawn_open_and_the_difference_bold() -> None:
    result = difference_in_differences_of_means(
        programme=(8.5, 4.9), comparison=(9.9, 8.9), n=(493, 445), same_rule=True, unit="days"
    )
    ax = plot_change(result)
    dots = [item for item in ax.lines if item.get_marker() in {"o", "D"}]
    faces = {float(dot.get_xdata()[0]): dot.get_markerfacecolor() for dot in dots}
    assert faces[result.benchmark.estimate] == "white"
    diamond = next(dot for dot in dots if dot.get_marker() == "D")
    assert float(diamond.get_xdata()[0]) == result.beyond.estimate
    assert ax.get_xlabel() == "change in the outcome, days; left of 0 = a fall"
