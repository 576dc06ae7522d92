"""The same question in each municipality, and all of them together."""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from matplotlib.patches import Polygon

from absence_risk.plots.intervals import row_height, write_row
from absence_risk.plots.sources import drawable, said_of, table_in
from absence_risk.plots.style import (
    COLOURS,
    INK,
    MAIN,
    MUTED,
    axes_for,
    count,
    styled,
    write_caption,
)
from absence_risk.plots.units import unit_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from absence_risk.plots.units import Unit
    from absence_risk.result import Estimate, Result, Table

__all__ = ["plot_forest", "plot_love"]

_POOLED = "pooled"
_TITLE_CHARS = 66
_LIMITS = (0.05, 0.25)


@styled
def plot_forest(source: Result | Table, *, ax: Axes | None = None) -> Axes:
    """Draw the change beyond the benchmark by municipality, and pooled.

    Groups with fewer than five pupils are not drawn; `PrePost.by` merges them.

    Parameters
    ----------
    source : Result or Table
        What `PrePost.by` returned, or a result with the table ``by``: one row per group, named by
        ``group``; that of the group "pooled" is drawn as a diamond.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one square per group, its area by n, with interval and numbers; 0 = nothing
        beyond the benchmark.
    """
    table = table_in(source, "by")
    rows, unit = drawable(table), unit_in(source, table)
    ax = axes_for(ax, row_height(max(len(rows), 2)) + 0.2)
    if not rows:
        ax.text(0.5, 0.5, "not shown: fewer than 5 pupils", ha="center", transform=ax.transAxes)
    most = max((row.n or 1 for row in rows if row.group != _POOLED), default=1)
    ax.axvline(0, color=MUTED, lw=1.0, ls=(0, (4, 3)), gid="null", zorder=1)
    for place, row in enumerate(rows):
        _row(ax, row, -place, most, unit)
    _frame(ax, len(rows))
    unit.axis(ax, "x", change=True)
    nothing = "no change" if table.title.startswith("Change of") else "nothing beyond the benchmark"
    ax.set_xlabel(f"{unit.changes}; 0 = {nothing}")
    title = re.sub(r", (share of school time|scale points)$", "", table.title)
    ax.set_title(textwrap.fill(title, _TITLE_CHARS))
    write_caption(ax, said_of(source, table, "Area of a square: number of pupils."))
    return ax


def _row(ax: Axes, row: Estimate, y: float, most: int, unit: Unit) -> None:
    """Draw a square with its interval, or a diamond as wide as it."""
    value = row.estimate or 0.0
    low = value if row.conf_low is None else row.conf_low
    high = value if row.conf_high is None else row.conf_high
    pooled = row.group == _POOLED
    if pooled:
        ax.axhline(y + 0.66, color="#c9c9c9", lw=0.8, zorder=0)
        corners = [(low, y), (value, y + 0.2), (high, y), (value, y - 0.2)]
        ax.add_patch(Polygon(corners, closed=True, color=INK, gid="pooled"))
    else:
        ax.plot([low, high], [y, y], color=MAIN, lw=1.8, solid_capstyle="butt")
        size = 4 + 7 * math.sqrt((row.n or 1) / most)
        ax.plot([value], [y], "s", color=MAIN, ms=size)
    name = row.group or row.term
    said = name if row.n is None else f"{name}   (n\u00a0=\u00a0{count(row.n)})"
    write_row(ax, y + 0.26, said, unit.interval(row), "bold" if pooled else "normal")


def _frame(ax: Axes, rows: int) -> None:
    """Leave room for the words above each row, and no axis at the left."""
    ax.set_ylim(0.5 - max(rows, 1), 0.75)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    ax.margins(x=0.08)


@styled
def plot_love(source: Result | Table, *, ax: Axes | None = None) -> Axes:
    """Draw how alike two groups were before the start, measure by measure.

    Parameters
    ----------
    source : Result or Table
        A table of standardised differences, one row per measure (``term``) and stage (``group``
        begins with "before" or "after" weighting), or a result with the table ``baseline``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: dots open before and filled after weighting; lines at 0.05 and 0.25, the limits
        of the What Works Clearinghouse.
    """
    table = table_in(source, "baseline")
    rows = drawable(table)
    names = list(dict.fromkeys(row.term for row in rows))
    ax = axes_for(ax, row_height(max(len(names), 2)))
    for limit in _LIMITS:
        for side in (-limit, limit):
            ax.axvline(side, color=MUTED, lw=0.9, ls=(0, (2, 2)), zorder=1)
    ax.axvline(0, color=INK, lw=1.0, zorder=1)
    stages = [s for s in ("before", "after") if any(_stage(row) == s for row in rows)]
    for stage in stages:
        mine = [row for row in rows if _stage(row) == stage]
        first = stage == "before" and len(stages) > 1
        ax.plot(
            [row.estimate or 0.0 for row in mine],
            [-names.index(row.term) for row in mine],
            "o",
            color=COLOURS[1] if first else MAIN,
            mfc="white" if first else MAIN,
            ms=7,
            mew=1.6,
            label=f"{stage} weighting" if len(stages) > 1 else "before the start",
        )
    for place, name in enumerate(names):
        write_row(ax, 0.22 - place, name, _pair(rows, name))
    _frame(ax, len(names))
    reach = max([0.3, *(1.15 * abs(row.estimate or 0.0) for row in rows)])
    ax.set_xlim(-reach, reach)
    ax.set_xlabel("standardised difference, programme minus comparison")
    ax.set_title("How alike the groups were before", pad=16)
    if len(stages) > 1:
        ax.legend(
            frameon=False, fontsize=8.5, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 0.985)
        )
    write_caption(ax, said_of(source, table, "Dotted: 0.05 and 0.25 to either side."))
    return ax


def _pair(rows: Sequence[Estimate], name: str) -> str:
    """Return the differences of a measure in the order of the stages."""
    values = [row.estimate or 0.0 for row in rows if row.term == name]
    return " → ".join(f"{value:+.2f}".replace("-", "−") for value in values)


def _stage(row: Estimate) -> str:
    return "after" if (row.group or "").startswith("after") else "before"
