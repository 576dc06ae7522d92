"""Municipalities, flow and months from referral: drawn from their tables, small cells never."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from absence_risk import plots
from absence_risk.disclosure.notes import SINGLE_PUPILS
from absence_risk.errors import DesignError
from absence_risk.evaluation import event_curve, flow_chart
from absence_risk.evaluation.flow_chart import _told
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.evaluation import PrePost


def words(ax: Axes) -> str:
    said = [text.get_text() for text in ax.texts] + [ax.get_title(loc="left")]
    return " ".join("\n".join(said).replace("\u00a0", " ").split())


def group(name: str, value: float, n: int) -> Estimate:
    return Estimate(
        term="beyond the benchmark",
        group=name,
        estimate=value,
        conf_low=value - 0.05,
        conf_high=value + 0.04,
        n=n,
    )


@pytest.fixture
def by() -> Table:
    rows = (group("A", -0.02, 40), group("B", 0.01, 10), group("tiny", -0.3, 3))
    return Table(
        name="by",
        title="Change beyond the benchmark of absence by municipality, share of school time",
        rows=(*rows, group("pooled", -0.01, 53)),
        note="Pooled: CR2, clustered by municipality, t with 1.9 degrees of freedom.",
    )


def test_forest_has_squares_by_size_a_diamond_and_the_df(by: Table) -> None:
    ax = plots.plot_forest(by)
    squares = [item for item in ax.lines if item.get_marker() == "s"]
    assert [float(s.get_xdata()[0]) for s in squares] == [-0.02, 0.01]
    larger, smaller = (s.get_markersize() - 4 for s in squares)
    assert (larger / smaller) ** 2 == pytest.approx(40 / 10)
    diamond = next(p for p in ax.patches if p.get_gid() == "pooled").get_xy()
    assert (diamond[:, 0].min(), diamond[:, 0].max()) == pytest.approx((-0.06, 0.03))
    assert "CR2" in words(ax)
    assert "1.9 degrees of freedom" in words(ax)
    assert "+1.0 (−4.0 to +5.0)" in words(ax)


def test_forest_never_draws_a_municipality_with_fewer_than_five(by: Table) -> None:
    ax = plots.plot_forest(by)
    assert "tiny" not in words(ax)
    assert "1 row is not shown: fewer than 5 pupils" in words(ax)


def test_forest_of_scale_points(by: Table) -> None:
    title = "Change of wellbeing by municipality, scale points"
    ax = plots.plot_forest(dataclasses.replace(by, title=title))
    assert "+0.01 (−0.04 to +0.05)" in words(ax)
    assert ax.get_xlabel().startswith("scale points")


def test_love_plot_pairs_the_stages() -> None:
    rows = [
        Estimate(term=name, group=f"{stage}: class", estimate=value, n=80)
        for name, stage, value in (
            ("age", "before", 0.3),
            ("age", "after", 0.02),
            ("girl", "before", -0.1),
            ("girl", "after", 0.04),
        )
    ]
    ax = plots.plot_love(Table(name="baseline", title="", rows=tuple(rows)))
    drawn = {
        str(item.get_label()): [float(x) for x in item.get_xdata()]
        for item in ax.lines
        if item.get_marker() == "o"
    }
    assert drawn == {"before weighting": [0.3, -0.1], "after weighting": [0.02, 0.04]}
    limits = {float(item.get_xdata()[0]) for item in ax.lines if item.get_marker() == "None"}
    assert {-0.25, -0.05, 0.0, 0.05, 0.25} == limits


@pytest.fixture
def lossy(pupils_study: PrePost) -> PrePost:
    cases = pupils_study.cases.assign(dropped="")
    cases.loc[:9, "dropped"] = "declined"
    cases.loc[10:11, "dropped"] = "moved"
    steps = {"declined": "with consent", "moved": "still here", "no windows": "with both windows"}
    return dataclasses.replace(pupils_study, cases=cases, steps=steps)


def test_flow_chart_keeps_zero_rows_and_adds_up(lossy: PrePost) -> None:
    rows = flow_chart(lossy, minimum=1).rows
    found = {(row.group, row.term): row.n for row in rows}
    assert found["cases", "cases"] == 60
    assert found["cases: left out", "declined"] == 10
    assert found["cases: left out", "moved"] == 2
    assert found["cases: left out", "no windows"] == 0
    assert found["cases", "with both windows"] == 48
    assert found["wellbeing: left out", "no baseline"] == 0
    assert found["wellbeing: left out", "no follow-up"] == 8
    assert found["wellbeing", "with a baseline and a follow-up"] == 40
    steps = {step.step: step.n for step in lossy.flow()}
    assert steps["wellbeing: with a baseline and a follow-up"] == 40
    assert steps["still here"] == found["cases", "still here"]


def test_flow_chart_hides_small_numbers_and_what_reveals_them(lossy: PrePost) -> None:
    rows = flow_chart(lossy).rows
    found = {(row.group, row.term): row.n for row in rows}
    assert found["cases: left out", "moved"] is None
    assert found["cases", "with consent"] == 50
    assert found["cases", "still here"] is None
    assert found["cases: left out", "no windows"] == 0
    # 48 pupils are left before; telling 8 lost and 40 kept would tell of them.
    assert found["wellbeing: left out", "no follow-up"] is None
    assert all(row.n is None or row.n == 0 or row.n >= 5 for row in rows)


def test_reasons_that_together_are_few_take_a_further_one_along() -> None:
    lost = [("a", 1), ("b", 2), ("c", 9), ("d", 20), ("e", 0)]
    assert _told(lost, 5, known=True) == [None, None, None, 20, 0]
    assert _told([("a", 6), ("b", 7)], 5, known=True) == [6, 7]
    assert _told([("a", 6), ("b", 0)], 5, known=False) == [None, 0]


def test_flow_is_drawn_with_its_counts_and_a_dash_for_hidden_ones(lossy: PrePost) -> None:
    table = flow_chart(lossy)
    ax = plots.plot_flow(table)
    counts = [t.get_text() for t in ax.texts if (t.get_gid() or "").startswith("count-n-")]
    expected = ["–" if row.n is None else str(row.n) for row in table.rows[:-1]]
    assert sorted(counts) == sorted(expected)
    assert all(gid != SINGLE_PUPILS for gid in (t.get_gid() for t in ax.texts))
    assert "A dash stands for a number below 5" in words(ax)


def test_every_line_of_a_flow_chart_stands_inside_a_box(lossy: PrePost) -> None:
    long = "a step whose name is too long for one line of its box"
    table = flow_chart(lossy)
    table = dataclasses.replace(
        table, rows=tuple(dataclasses.replace(row, term=long) for row in table.rows)
    )
    ax = plots.plot_flow(table)
    boxes = [patch.get_bbox() for patch in ax.patches if isinstance(patch, Rectangle)]
    lines = [text for text in ax.texts if text.get_text() in long]
    assert len(lines) > len(table.rows)
    for line in lines:
        x, y = line.get_position()
        assert any(box.contains(x, y - 0.06) for box in boxes)  # half the height of a letter


def test_flow_with_small_numbers_is_marked_for_the_own_screen(lossy: PrePost) -> None:
    ax = plots.plot_flow(flow_chart(lossy, minimum=1))
    assert SINGLE_PUPILS in {t.get_gid() for t in ax.texts}


@pytest.fixture
def months() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        (pupil, pupil % 4, month, rng.uniform(0, 0.4))
        for pupil in range(20)
        for month in range(-7, 7)
        if month < 6 or pupil < 4
    ]
    return pd.DataFrame(rows, columns=["pupil", "school", "month", "absence_rate"])


WINDOWS = {"selection window": (-1, -1), "gap baseline": (-6, -4), "follow-up": (1, 5)}


def test_event_curve_means_windows_and_small_months(months: pd.DataFrame) -> None:
    table = event_curve(months, cluster="school", windows=WINDOWS)
    means = months.groupby("month")["absence_rate"].mean()
    assert [row.time for row in table.rows] == list(range(-7, 6))
    assert [row.estimate for row in table.rows] == pytest.approx(means.loc[:5].tolist())
    places = {row.time: row.group for row in table.rows}
    assert places[-1.0] == "selection window"
    assert places[-4.0] == "gap baseline"
    assert places[0.0] is None


def test_event_interval_is_that_of_the_cluster_means(months: pd.DataFrame) -> None:
    # With equal clusters the jackknife is the t interval of the cluster means.
    row = event_curve(months, cluster="school").rows[0]
    part = months[months["month"] == -7].groupby("school")["absence_rate"].mean()
    half = 3.182446305 * part.std(ddof=1) / 2
    assert row.conf_high - row.estimate == pytest.approx(half, rel=1e-8)


def test_overlapping_windows_and_too_few_pupils_are_refused(months: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="must not overlap; month -4"):
        event_curve(months, windows={"gap": (-6, -4), "baseline": (-4, -2)})
    with pytest.raises(DesignError, match="No month"):
        event_curve(months[months["pupil"] < 3])


def test_event_plot_shades_the_windows(months: pd.DataFrame) -> None:
    table = event_curve(months, windows=WINDOWS)
    ax = plots.plot_event(table)
    spans = {p.get_gid(): (p.get_x(), p.get_x() + p.get_width()) for p in ax.patches}
    assert spans == {
        "window-gap": (-6.5, -3.5),
        "window-selection": (-1.5, -0.5),
        "window-follow": (0.5, 5.5),
    }
    assert list(ax.lines[0].get_ydata()) == [row.estimate for row in table.rows]
    assert any(item.get_gid() == "referral" for item in ax.lines)


def test_event_plot_draws_differences_of_an_event_study() -> None:
    rows = tuple(
        Estimate(term="difference", group=place, time=float(time), estimate=value, n=30)
        for time, place, value in (
            (-3, "before", 0.01),
            (-2, "base", 0.0),
            (-1, "selection window", 0.12),
            (0, "after", -0.01),
            (1, "after", -0.02),
        )
    )
    title = "Difference to the never treated by period since the start"
    ax = plots.plot_event(Table(name="event", title=title, rows=rows))
    assert {p.get_gid() for p in ax.patches} == {"window-selection", "window-after"}
    assert any(item.get_gid() == "null" for item in ax.lines)
