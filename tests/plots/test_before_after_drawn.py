"""Before, expected and after: drawn from the numbers of the study and of its result."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from absence_risk import plots
from absence_risk.disclosure import protect, scan
from absence_risk.disclosure.cells import blank
from absence_risk.disclosure.notes import SINGLE_PUPILS
from absence_risk.errors import DisclosureError
from absence_risk.plots.screen import spread_apart
from absence_risk.report.drawing import inline, standalone

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from absence_risk.evaluation import PrePost
    from absence_risk.result import Result


def line(ax: Axes, label: str) -> list[float]:
    found = next(item for item in ax.lines if str(item.get_label()).replace("\n", " ") == label)
    return [float(y) for y in found.get_ydata()]


def words(ax: Axes) -> str:
    said = [text.get_text() for text in ax.texts] + [ax.get_title(loc="left")]
    return " ".join("\n".join(said).replace("\u00a0", " ").split())


def test_slopes_draw_each_pair_the_mean_and_the_expected_mean(
    pupils_study: PrePost, absence_change: Result
) -> None:
    ax = plots.plot_pupil_slopes(pupils_study, "absence", result=absence_change)
    pairs = pupils_study.pairs("absence")
    drawn = next(c for c in ax.collections if isinstance(c, LineCollection)).get_segments()
    ends = np.array([segment[:, 1] for segment in drawn])
    assert np.array_equal(ends, np.column_stack([pairs.pre, pairs.post]))
    before = pairs.pre.mean()
    assert line(ax, "mean") == pytest.approx([before, pairs.post.mean()])
    expected = before + absence_change.benchmark.estimate
    assert line(ax, "expected with no programme") == pytest.approx([before, expected])


def test_slopes_without_a_benchmark_have_no_dashed_line_and_say_so(
    pupils_study: PrePost, wellbeing_change: Result
) -> None:
    ax = plots.plot_pupil_slopes(pupils_study, "wellbeing", result=wellbeing_change)
    assert [str(item.get_label()) for item in ax.lines] == ["mean"]
    assert "nothing says what would have happened" in words(ax)
    assert "n = 40 with both waves" in words(ax)


def test_gardner_altman_shows_change_bootstrap_and_those_not_followed(
    pupils_study: PrePost, wellbeing_change: Result
) -> None:
    ax = plots.plot_gardner_altman(pupils_study, "wellbeing", result=wellbeing_change)
    pairs = pupils_study.pairs("wellbeing")
    open_circles = next(item for item in ax.lines if item.get_gid() == "no-follow-up")
    assert sorted(open_circles.get_ydata()) == sorted(pairs.pre[~pairs.complete])
    assert "no follow-up, n = 20" in " ".join(t.get_text() for t in ax.get_xticklabels())
    right = next(other for other in ax.figure.axes if other.get_gid() == "change")
    both = pairs.only(pairs.complete)
    zero = ax.get_ylim()[0] - right.get_ylim()[0]
    assert zero == pytest.approx(both.pre.mean())
    dot = next(item for item in right.lines if item.get_marker() == "o")
    assert dot.get_ydata()[0] == pytest.approx((both.post - both.pre).mean())
    bar = next(item for item in right.lines if list(item.get_xdata()) == [2, 2])
    row = wellbeing_change.estimate
    assert list(bar.get_ydata()) == [row.conf_low, row.conf_high]
    cloud = next(c for c in right.collections if c.get_gid() == "bootstrap")
    heights = cloud.get_paths()[0].vertices[:, 1]
    assert heights.min() < row.estimate < heights.max()


def test_bootstrap_draws_whole_clusters(pupils_study: PrePost, absence_change: Result) -> None:
    by = {
        cluster: words(
            plots.plot_gardner_altman(
                dataclasses.replace(pupils_study, cluster=cluster), "absence", result=absence_change
            )
        )
        for cluster in (None, "municipality_key")
    }
    assert "samples of pupils" in by[None]
    assert "samples of clusters" in by["municipality_key"]


def test_waterfall_bars_add_up_and_the_title_carries_beyond(absence_change: Result) -> None:
    ax = plots.plot_waterfall(absence_change)
    before, expected, after = (row.estimate for row in absence_change.table("course").rows)
    bars = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches]
    spans = [
        (0.0, before),
        tuple(sorted((before, expected))),
        tuple(sorted((expected, after))),
        (0.0, after),
    ]
    # The levels first, then the steps, each from the level before it.
    assert np.array(sorted(bars)) == pytest.approx(np.array(sorted(spans)))
    beyond = absence_change.beyond
    assert after - expected == pytest.approx(beyond.estimate)
    said = words(ax).replace("−", "-")
    for value in (beyond.estimate, beyond.conf_low, beyond.conf_high):
        assert f"{100 * value:+.1f}" in said
    interval = next(item for item in ax.lines if item.get_gid() == "interval")
    ends = [expected + beyond.conf_low, expected + beyond.conf_high]
    assert list(interval.get_ydata()) == pytest.approx(ends)


def test_waterfall_of_a_scale_without_benchmark(wellbeing_change: Result) -> None:
    ax = plots.plot_waterfall(wellbeing_change)
    assert [tick.get_text() for tick in ax.get_xticklabels()][1] == "not known:\nno benchmark"
    assert len(ax.patches) == 1
    start, end = (row.estimate for row in wellbeing_change.table("course").rows)
    bar = ax.patches[0]
    assert sorted((bar.get_y(), bar.get_y() + bar.get_height())) == pytest.approx(
        sorted((start, end))
    )
    assert "does not start at the end of the scale" in words(ax)


def test_mean_slopes_are_the_course(absence_change: Result) -> None:
    ax = plots.plot_mean_slopes(protect(absence_change))
    before, expected, after = (row.estimate for row in absence_change.table("course").rows)
    assert line(ax, "observed") == [before, after]
    assert line(ax, "expected with no programme") == [before, expected]


@pytest.mark.parametrize("plot", [plots.plot_waterfall, plots.plot_mean_slopes])
def test_a_hidden_course_is_not_drawn(absence_change: Result, plot) -> None:
    course = absence_change.table("course")
    bare = dataclasses.replace(course, rows=tuple(map(blank, course.rows)))
    tables = tuple(bare if t is course else t for t in absence_change.tables)
    ax = plot(dataclasses.replace(absence_change, tables=tables))
    assert "not shown: fewer than 5 pupils" in words(ax)
    assert not ax.patches
    assert not ax.lines


@pytest.mark.parametrize("plot", [plots.plot_pupil_slopes, plots.plot_gardner_altman])
def test_pictures_of_single_pupils_cannot_enter_a_report(
    pupils_study: PrePost, absence_change: Result, plot, tmp_path: Path
) -> None:
    figure = plot(pupils_study, "absence", result=absence_change).get_figure(root=True)
    for draw in (lambda: standalone(figure, "t", "d"), lambda: inline(figure, "t", "d", "x-")):
        with pytest.raises(DisclosureError, match="draws single pupils"):
            draw()
    figure.savefig(tmp_path / "slopes.svg")
    assert scan([tmp_path], keys=[]) == ["slopes.svg: a figure that draws single pupils"]


def test_pictures_of_groups_may(absence_change: Result, tmp_path: Path) -> None:
    safe = protect(absence_change)
    for name, figure in plots.figures(safe).items():
        text = standalone(figure, name, "d")
        assert SINGLE_PUPILS.encode() not in text
        (tmp_path / f"{name}.svg").write_bytes(text)
    assert "course" in plots.figures(safe)
    assert scan([tmp_path], keys=[]) == []


def test_labels_keep_their_order_and_distance() -> None:
    places = spread_apart([0.3, 0.1, 0.12, 0.11], 0.1)
    assert np.argsort(places, kind="stable").tolist() == [1, 3, 2, 0]
    assert np.diff(sorted(places)).min() >= 0.1 - 1e-3
