"""A change of absence is drawn in points, a change of a score in points of its scale."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

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
