"""Reliable change, tipping curve, distribution of change and levels: what is drawn, from what."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from absence_risk import plots
from absence_risk.disclosure.notes import SINGLE_PUPILS
from absence_risk.errors import DesignError
from absence_risk.evaluation import MI, Likert, Population, flow_chart
from absence_risk.evaluation.responders_rule import ReliableChange
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.evaluation import PrePost


def words(ax: Axes) -> str:
    said = [text.get_text() for text in ax.texts] + [ax.get_title(loc="left")]
    return " ".join("\n".join(said).replace("\u00a0", " ").split())


def by_gid(ax: Axes, gid: str):
    return next(item for item in (*ax.lines, *ax.collections) if item.get_gid() == gid)


RULE = ReliableChange("JT", cut_off="c", clinical=(2.0, 0.8), functional=(4.0, 0.8))


@pytest.fixture(scope="module")
def scaled(pupils_study: PrePost) -> PrePost:
    scale = dataclasses.replace(
        pupils_study.outcomes["wellbeing"], population=Population(mean=3.6, sd=0.9)
    )
    return dataclasses.replace(pupils_study, outcomes={"wellbeing": scale}, selection=None)


@pytest.fixture(scope="module")
def scatter(scaled: PrePost) -> tuple[Axes, Table]:
    scaled = dataclasses.replace(
        scaled,
        outcomes={
            "wellbeing": dataclasses.replace(scaled.outcomes["wellbeing"], population=None),
        },
        registry=scaled.used.assign(pupil_key=lambda f: f["pupil_key"] + 10_000),
    )
    rule = dataclasses.replace(RULE, sd=0.9, mean=3.6)
    table = scaled.responders("wellbeing", rule=rule)
    return plots.plot_reliable_change(scaled, "wellbeing", rule, table=table), table


def test_scatter_draws_each_pupil_in_the_class_of_the_table(
    scatter: tuple[Axes, Table], scaled: PrePost
) -> None:
    ax, table = scatter
    counted = {row.term: row.n_events for row in table.rows if row.n_events is not None}
    drawn = {
        label.split(": ")[0]: len(item.get_xdata())
        for item, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    assert drawn == {name: n for name, n in counted.items() if name != "unknown"}
    pairs = scaled.pairs("wellbeing")
    points = [
        (float(x), float(y))
        for item in ax.get_legend_handles_labels()[0]
        for x, y in zip(item.get_xdata(), item.get_ydata(), strict=True)
    ]
    both = pairs.only(pairs.complete)
    assert sorted(points) == sorted(zip(both.pre.tolist(), both.post.tolist(), strict=True))


def test_scatter_has_the_band_of_jacobson_and_truax_and_the_cut_off(
    scatter: tuple[Axes, Table],
) -> None:
    ax, _ = scatter
    corners = by_gid(ax, "band").get_paths()[0].vertices
    half = 1.96 * np.sqrt(2) * 0.9 * np.sqrt(1 - 0.84)
    assert np.abs(corners[:, 1] - corners[:, 0]).max() == pytest.approx(half, abs=1e-6)
    cuts = [item for item in ax.lines if item.get_gid() == "cut-off"]
    assert len(cuts) == 2
    assert max(float(np.max(c.get_ydata())) for c in cuts) == pytest.approx(3.0)
    assert "identity" in {item.get_gid() for item in ax.lines}


def test_legend_title_tells_the_null_count(scatter: tuple[Axes, Table]) -> None:
    ax, table = scatter
    title = ax.get_legend().get_title().get_text()
    for row in table.rows:
        if row.term.endswith(", expected with no programme"):
            assert f"{row.term.split(',')[0]}: {row.estimate * row.n:.1f}" in title
    assert "unknown: 20" in title


def test_scatter_refuses_slopes_over_waves(scaled: PrePost) -> None:
    rule = ReliableChange("HLM", waves=("a", "b", "c"), times=(0.0, 1.0, 2.0))
    with pytest.raises(DesignError, match="two measures"):
        plots.plot_reliable_change(scaled, "wellbeing", rule)


def test_distribution_reaches_every_change_and_tells_who_is_missing(pupils_study: PrePost) -> None:
    ax = plots.plot_change_distribution(pupils_study, "wellbeing")
    pairs = pupils_study.pairs("wellbeing")
    change = np.sort((pairs.post - pairs.pre)[pairs.complete])
    share = by_gid(ax, "share")
    assert list(share.get_xdata())[1:] == change.tolist()
    assert share.get_ydata()[-1] == 1
    assert by_gid(ax, "median").get_xdata()[0] == np.median(change)
    assert "of 20 more the change is not known" in words(ax)


def test_single_pupils_are_marked(scatter: tuple[Axes, Table], pupils_study: PrePost) -> None:
    for ax in (scatter[0], plots.plot_change_distribution(pupils_study, "absence")):
        assert SINGLE_PUPILS in {text.get_gid() for text in ax.texts}


@pytest.fixture(scope="module")
def tipping(pupils_study: PrePost):
    return pupils_study.tipping_point("wellbeing", MI(m=5), benchmark="none")


def test_tipping_curve_and_its_lines(tipping) -> None:
    ax = plots.plot_tipping(tipping)
    line = by_gid(ax, "estimate")
    assert list(line.get_xdata()) == [row.time for row in tipping.curve.rows]
    assert list(line.get_ydata()) == [row.estimate for row in tipping.curve.rows]
    assert by_gid(ax, "mar").get_xdata()[0] == 0
    edges = [e for e in (tipping.covers_from, tipping.covers_to) if e is not None]
    assert [x.get_xdata()[0] for x in ax.lines if x.get_gid() == "tips"] == edges
    assert by_gid(ax, "zero").get_xdata()[0] == tipping.delta
    # On the curve itself the interval ends where the line stands.
    for edge in edges:
        low, high = (
            np.interp(edge, line.get_xdata(), [getattr(row, side) for row in tipping.curve.rows])
            for side in ("conf_low", "conf_high")
        )
        assert min(abs(low), abs(high)) < 0.01
    assert f"{100 * tipping.share_missing:.0f} % of the cases have no follow-up" in words(ax)


def test_tipping_without_an_edge_says_the_end_of_the_scale(tipping) -> None:
    ax = plots.plot_tipping(dataclasses.replace(tipping, covers_to=None))
    assert "to the end of the scale" in words(ax)
    assert len([x for x in ax.lines if x.get_gid() == "tips"]) <= 1


def levels(counts: dict[str, tuple[int, ...]]) -> Table:
    rows = [
        Estimate(
            term=f"level {level}, {wave}",
            group="a0 / a1",
            estimate=n / sum(numbers),
            n=sum(numbers),
            n_events=n,
        )
        for wave, numbers in counts.items()
        for level, n in enumerate(numbers, start=1)
    ]
    return Table(name="ordinal", title="Levels", rows=tuple(rows))


def test_levels_diverge_from_the_middle_and_add_up() -> None:
    ax = plots.plot_levels(levels({"before": (10, 10, 20, 5, 5), "after": (5, 5, 20, 10, 10)}))
    before = [bar for bar in ax.patches if bar.get_y() > -0.5]
    assert sum(bar.get_width() for bar in before) == pytest.approx(1)
    left = -min(bar.get_x() for bar in before)
    assert left == pytest.approx(0.4 + 0.2)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["before", "after"]


def test_levels_of_few_pupils_are_drawn_with_their_neighbour() -> None:
    ax = plots.plot_levels(levels({"before": (2, 18, 20, 7, 3), "after": (0, 10, 20, 10, 10)}))
    widths = [round(bar.get_width() * 50) for bar in ax.patches]
    assert all(width >= 5 for width in widths)
    assert widths == [20, 20, 10, 10, 20, 10, 10]
    assert {"1–2", "4–5"} <= {text.get_text() for text in ax.texts}


def test_a_bar_with_a_hidden_level_is_not_drawn() -> None:
    table = levels({"before": (10, 10, 20, 5, 5), "after": (5, 5, 20, 10, 10)})
    rows = list(table.rows)
    rows[1] = dataclasses.replace(rows[1], estimate=None, n_events=None)
    ax = plots.plot_levels(dataclasses.replace(table, rows=tuple(rows)))
    assert all(bar.get_y() < -0.5 for bar in ax.patches)
    assert "not shown: fewer than 5 pupils" in words(ax)


def test_levels_of_a_study(pupils_study: PrePost) -> None:
    rng = np.random.default_rng(5)
    items = {f"i{wave}": rng.integers(1, 6, len(pupils_study.cases)) for wave in (0, 1)}
    study = dataclasses.replace(
        pupils_study,
        cases=pupils_study.cases.assign(**items),
        outcomes={"hope": Likert(pre="i0", post="i1", low=1, high=5)},
        selection=None,
    )
    ax = plots.plot_levels(study.ordinal("hope"))
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(2)


def test_flow_tells_why_there_is_no_follow_up(pupils_study: PrePost) -> None:
    why = np.array([""] * 60, dtype=object)
    why[:8] = "moved"
    why[8:14] = "declined"
    study = dataclasses.replace(pupils_study, cases=pupils_study.cases.assign(no_follow_up=why))
    rows = {row.term: row.n for row in flow_chart(study, "wellbeing").rows}
    assert rows["moved"] == 8
    assert rows["declined"] == 6
    assert rows["no follow-up"] == 6
    none = {row.term: row.n for row in flow_chart(study, "absence").rows}
    assert none["no follow-up"] == 0
