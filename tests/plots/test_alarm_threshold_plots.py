"""Pictures of a calibrated threshold draw the numbers of its tables."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from absence_risk import plots
from absence_risk.disclosure.cells import blank
from absence_risk.plots.gallery import PLOTS
from absence_risk.thresholds import calibrate_threshold

if TYPE_CHECKING:
    from absence_risk.result import Result

NAMES = ("threshold_metrics", "frontier", "decision_curve", "local_thresholds", "groups")


@pytest.fixture(scope="module")
def result() -> Result:
    rng = np.random.default_rng(1)
    base = rng.beta(1.5, 12, 900)
    rate = np.clip(base[:, None] + rng.normal(0, 0.03, (900, 3)), 0, 1)
    frame = pd.DataFrame(
        {
            "pupil_key": np.repeat(np.arange(900), 3),
            "period": np.tile([1, 2, 3], 900),
            "sex": np.repeat(np.where(np.arange(900) % 2 == 0, "girl", "boy"), 3),
            "school_key": np.repeat(np.arange(900) % 5, 3),
            "absence_rate": rate.ravel(),
            "left": np.repeat((rng.random(900) < 0.05 + 0.8 * base).astype(int), 3),
        }
    )
    return calibrate_threshold(
        frame,
        event="left",
        objective="net_benefit(0.25)",
        by="school_key",
        groups=("sex",),
        replicates=60,
    )


def test_gallery_draws_every_table_that_has_a_picture(result: Result) -> None:
    assert set(plots.figures(result)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_picture_says_n_and_interval_and_may_be_drawn_on_given_axes(
    result: Result, name: str
) -> None:
    ax = Figure().add_subplot()
    assert PLOTS[name](result, ax=ax) is ax
    caption = next(text.get_text() for text in ax.texts if text.get_gid() == "caption")
    assert "n = 900" in " ".join(caption.split()).replace("\u00a0", " ")


@pytest.mark.parametrize("name", NAMES)
def test_picture_names_the_pupils_of_its_table_also_in_another_result(
    result: Result, name: str
) -> None:
    ax = PLOTS[name](dataclasses.replace(result, n=77))
    caption = next(text.get_text() for text in ax.texts if text.get_gid() == "caption")
    assert "n = 900" in " ".join(caption.split()).replace("\u00a0", " ")


@pytest.mark.parametrize("name", NAMES)
def test_a_blanked_table_says_so(result: Result, name: str) -> None:
    bare = [
        dataclasses.replace(t, rows=tuple(map(blank, t.rows))) if t.name == name else t
        for t in result.tables
    ]
    ax = PLOTS[name](dataclasses.replace(result, tables=tuple(bare)))
    assert any("not shown" in text.get_text() for text in ax.texts)


def test_lines_are_the_rows_of_the_table(result: Result) -> None:
    ax = plots.plot_threshold_metrics(result)
    rows = [row for row in result.table("threshold_metrics").rows if row.term == "PPV"]
    line = next(line for line in ax.lines if line.get_label() == "PPV")
    assert line.get_ydata().tolist() == [row.estimate for row in rows]
    assert line.get_xdata().tolist() == [row.threshold for row in rows]
    curve = plots.plot_decision_curve(result)
    chosen = [r.estimate for r in result.table("decision_curve").rows if r.term == "chosen alarm"]
    assert curve.lines[0].get_ydata().tolist() == chosen


def test_places_stand_in_order_of_the_pooled_threshold(result: Result) -> None:
    ax = plots.plot_local_thresholds(result)
    full = [line for line in ax.lines if line.get_marker() == "o" and line.get_color() == "#0072B2"]
    drawn = [float(line.get_xdata()[0]) for line in full]
    rows = [r.estimate for r in result.table("local_thresholds").rows if r.term == "pooled"]
    assert drawn == sorted(rows)
