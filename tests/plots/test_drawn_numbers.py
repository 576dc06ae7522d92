"""What is drawn is what stands in the table: no number is computed, none is invented."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from absence_risk import plots
from absence_risk.disclosure import protect
from absence_risk.disclosure.cells import blank
from absence_risk.plots.gallery import PLOTS
from absence_risk.result import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.result import Result, Table

CLAIM = {
    "associations": "escalation",
    "by_early_valid": "escalation",
    "dose_response": "threshold",
    "break_location": "threshold",
    "slopes": "threshold",
    "operating_points": "threshold",
    "alarms": "threshold",
    "return": "return",
    "endings": "return",
    "relapse": "return",
    "change": "wellbeing",
    "responders": "wellbeing",
    "wellbeing": "wellbeing",
}
FOREST = (
    "associations", "by_early_valid", "break_location", "slopes", "relapse", "change",
    "responders", "wellbeing",
)  # fmt: skip


def draw(result: Result, name: str) -> Axes:
    return PLOTS[name](result)


def with_table(result: Result, table: Table) -> Result:
    tables = tuple(table if t.name == table.name else t for t in result.tables)
    return dataclasses.replace(result, tables=tables)


def dots(ax: Axes) -> list[float]:
    marked = [line for line in ax.lines if line.get_marker() in {"o", "D"}]
    return [float(line.get_xdata()[0]) for line in marked]


def words(ax: Axes) -> str:
    return "\n".join(text.get_text() for text in ax.texts).replace("\u00a0", " ")


@pytest.mark.parametrize("name", FOREST)
def test_dots_and_intervals_equal_the_table(results: dict[str, Result], name: str) -> None:
    result = results[CLAIM[name]]
    ax = draw(result, name)
    rows = result.table(name).rows
    assert dots(ax) == [row.estimate for row in rows]
    bars = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    drawn = [tuple(map(float, bar)) for bar in bars]
    assert all((row.conf_low, row.conf_high) in drawn for row in rows)


def test_operating_points_show_every_row(results: dict[str, Result]) -> None:
    ax = draw(results["threshold"], "operating_points")
    rows = results["threshold"].table("operating_points").rows
    assert sorted(dots(ax)) == sorted(row.estimate for row in rows if row.estimate is not None)
    assert "PPV of an alarm without information" in words(ax)


def test_dose_response_lines_bins_and_claim(results: dict[str, Result]) -> None:
    result = results["threshold"]
    ax = draw(result, "dose_response")
    lines = {line.get_label(): line for line in ax.lines}
    for group in ("spline", "kink"):
        rows = [row for row in result.table("dose_response").rows if row.group == group]
        assert list(lines[group].get_xdata()) == [row.threshold for row in rows]
        assert list(lines[group].get_ydata()) == [row.estimate for row in rows]
    bins = result.table("binned_means").rows
    assert list(lines["means by bin"].get_ydata()) == [row.estimate for row in bins]
    claim = next(line for line in ax.lines if line.get_gid() == "claim")
    assert list(claim.get_xdata()) == [0.2, 0.2]


def test_alarms_leave_hidden_months_open(results: dict[str, Result]) -> None:
    result = protect(results["threshold"])
    rows = result.table("alarms").rows
    ax = draw(result, "alarms")
    lines = [line for line in ax.lines if line.get_label() and len(line.get_xdata()) > 2]
    assert len(lines) == 3
    for step, line in zip((0.1, 0.15, 0.2), lines, strict=True):
        shown = [r.estimate for r in rows if r.threshold == step and r.estimate is not None]
        assert [y for y in line.get_ydata() if np.isfinite(y)] == shown
    assert list(lines[2].get_xdata()) == [1, 2, 3, 4, 5]
    assert "1 row is not shown because it rests on fewer than 5" in words(ax).replace("\n", " ")


@pytest.mark.parametrize("name", ["return", "endings"])
def test_curves_are_steps_through_the_table(results: dict[str, Result], name: str) -> None:
    result = protect(results["return"])
    rows = result.table(name).rows
    ax = draw(result, name)
    curves: dict[tuple[str, str | None], list[tuple[float, float]]] = {}
    for row in rows:
        curves.setdefault((row.term, row.group), []).append((row.time, row.estimate))  # type: ignore[arg-type]
    assert len(ax.lines) == len(curves)
    for line, points in zip(ax.lines, curves.values(), strict=True):
        assert line.get_drawstyle() == "steps-post"
        origin = [(0.0, 0.0)] if points[0][0] > 0 else []
        assert list(zip(line.get_xdata(), line.get_ydata(), strict=True)) == origin + points


def test_numbers_at_risk_stand_under_the_axis_and_are_marked(results: dict[str, Result]) -> None:
    result = protect(results["return"])
    ax = draw(result, "return")
    marked = [text for text in ax.texts if (text.get_gid() or "").startswith("count-n_at_risk")]
    known = {str(row.n_at_risk) for row in result.table("return").rows}
    assert len(marked) >= 8
    assert {text.get_text() for text in marked} <= known


@pytest.mark.parametrize("name", sorted(CLAIM))
def test_every_figure_says_n_interval_and_definition(results: dict[str, Result], name: str) -> None:
    result = results[CLAIM[name]]
    ax = draw(result, name)
    caption = next(text for text in ax.texts if text.get_gid() == "caption")
    said = " ".join(caption.get_text().split())
    assert "n = " in said
    assert "Intervals: 95 %." in said
    own = result.table(name).note if name in {"operating_points", "alarms"} else ""
    assert (own or result.definition)[1:] in said
    assert ax.get_title(loc="left")
    svg = io.StringIO()
    ax.figure.savefig(svg, format="svg")
    assert "<svg" in svg.getvalue()


@pytest.mark.parametrize("name", sorted(CLAIM))
def test_a_blanked_table_says_so(results: dict[str, Result], name: str) -> None:
    result = results[CLAIM[name]]
    table = result.table(name)
    bare = dataclasses.replace(table, rows=tuple(map(blank, table.rows)))
    ax = draw(with_table(result, bare), name)
    assert "not shown: fewer than 5 pupils" in words(ax)
    assert dots(ax) == []


def test_the_limit_named_is_the_one_that_was_used(results: dict[str, Result]) -> None:
    ax = draw(protect(results["wellbeing"], 10), "responders")
    assert "fewer than 10 pupils" in words(ax).replace("\n", " ")


@pytest.mark.parametrize("name", sorted(CLAIM))
def test_given_axes_are_used(results: dict[str, Result], name: str) -> None:
    ax = Figure().add_subplot()
    assert PLOTS[name](results[CLAIM[name]], ax=ax) is ax


def test_missing_limits_are_no_trouble(results: dict[str, Result]) -> None:
    result = results["wellbeing"]
    table = result.table("change")
    rows = [dataclasses.replace(row, conf_low=None, conf_high=None) for row in table.rows]
    rows[0] = dataclasses.replace(rows[0], conf_low=float("-inf"), conf_high=float("inf"))
    ax = draw(with_table(result, dataclasses.replace(table, rows=tuple(rows))), "change")
    assert dots(ax) == [row.estimate for row in rows]


def test_figures_cover_every_table_that_has_a_plot(results: dict[str, Result]) -> None:
    for claim, result in results.items():
        names = {name for name, owner in CLAIM.items() if owner == claim}
        assert set(plots.figures(result)) == names
        assert all(isinstance(figure, Figure) for figure in plots.figures(result).values())


def test_settings_of_the_user_stay(results: dict[str, Result]) -> None:
    before = dict(mpl.rcParams)
    for result in results.values():
        plots.figures(result)
    assert dict(mpl.rcParams) == before


def test_matplotlib_is_loaded_when_first_used() -> None:
    code = "import sys, absence_risk.plots as p; print('matplotlib' in sys.modules); "
    code += "p.plot_return; print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    call = [sys.executable, "-c", code]
    said = subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()
    assert said == ["False", "True", "False"]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plot_nothing'"):
        _ = plots.plot_nothing
    assert set(dir(plots)) == set(plots.__all__)


def test_parts_of_a_confidence_set_are_drawn_without_a_dot(results: dict[str, Result]) -> None:
    result = results["threshold"]
    table = result.table("break_location")
    part = Estimate(term="set, part 1", conf_low=0.1, conf_high=0.3)
    ax = draw(
        with_table(result, dataclasses.replace(table, rows=(*table.rows, part))), "break_location"
    )
    assert dots(ax) == [table.rows[0].estimate]
    assert [0.1, 0.3] in [list(line.get_xdata()) for line in ax.lines]
    assert "[10.0 % to 30.0 %]" in words(ax)


def test_a_set_of_many_parts_is_drawn_as_its_range(results: dict[str, Result]) -> None:
    result = results["threshold"]
    table = result.table("break_location")
    for count, drawn in ((3, 3), (4, 0)):
        parts = [
            Estimate(term=f"set of the step, part {k}", conf_low=k / 20, conf_high=k / 20 + 0.01)
            for k in range(1, count + 1)
        ]
        more = dataclasses.replace(table, rows=(*table.rows, *parts))
        ax = draw(with_table(result, more), "break_location")
        assert words(ax).count("set of the step, part") == drawn


def test_shares_beyond_the_benchmark_may_be_negative(results: dict[str, Result]) -> None:
    result = results["wellbeing"]
    table = result.table("responders")
    row = Estimate(term="less absence, beyond", estimate=-0.1, conf_low=-0.2, conf_high=0.0)
    ax = draw(with_table(result, dataclasses.replace(table, rows=(*table.rows, row))), "responders")
    assert ax.get_xlim()[0] < -0.2
