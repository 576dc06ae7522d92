"""Claim 3: how soon are pupils back, which other endings are there, and who relapses."""

from __future__ import annotations

import textwrap
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import MaxNLocator

from absence_risk.plots.intervals import draw_intervals, is_benchmark, row_height
from absence_risk.plots.style import (
    BENCHMARK,
    COLOURS,
    MAIN,
    MUTED,
    axes_for,
    caption,
    empty,
    label_with_n,
    per_cent,
    per_cent_axis,
    shown,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from absence_risk.result import Estimate, Result

__all__ = ["plot_endings", "plot_relapse", "plot_return"]

_ROW = 13.0
"""Distance between lines of numbers at risk, in points."""

_AT_RISK_COLUMNS = 6

_END_CHARS = 24
"""Longest line of the words beside the end of a curve."""


@styled
def plot_return(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the share of pupils back in school, week by week, with team and without.

    Parameters
    ----------
    result : Result
        Result with the table ``return``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one step curve with band per group, numbers at risk under the axis.
    """
    table, title = result.table("return"), "Back in school"
    rows = [row for row in shown(table) if row.time is not None]
    ax = axes_for(ax, 4.6)
    if not rows:
        return empty(ax, result, table, title)
    curves = _curves(rows, lambda row: row.group or row.term)
    colours = {
        name: BENCHMARK if is_benchmark(curve[0]) else MAIN for name, curve in curves.items()
    }
    for name, curve in curves.items():
        _step(ax, curve, colours[name], "--" if is_benchmark(curve[0]) else "-", band=True)
    _end_labels(ax, curves, colours)
    _week_axes(ax)
    ax.set_title(title)
    ax.set_ylabel("share of pupils back (cumulative)")
    depth = _at_risk(ax, curves, colours)
    caption(ax, result, table, below=depth, what="Bands: intervals at each week.")
    return ax


@styled
def plot_endings(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw how cases end, week by week, one curve per ending.

    Parameters
    ----------
    result : Result
        Result with the table ``endings``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one step curve per ending, labelled at its end.
    """
    table, title = result.table("endings"), "How it ends"
    rows = [row for row in shown(table) if row.time is not None]
    ax = axes_for(ax, 4.2)
    if not rows:
        return empty(ax, result, table, title)
    curves = _curves(
        rows, lambda row: row.term if row.group is None else f"{row.term}, {row.group}"
    )
    if len({row.group for row in rows}) == 1:
        curves = _curves(rows, lambda row: row.term)
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(curves)}
    for index, (name, curve) in enumerate(curves.items()):
        _step(ax, curve, colours[name], ("-", "--", "-.", ":")[index % 4], band=False)
    _end_labels(ax, curves, colours)
    _week_axes(ax)
    ax.set_title(title)
    ax.set_ylabel("share of pupils (cumulative)")
    caption(ax, result, table, what="One curve per ending; the endings compete.")
    return ax


@styled
def plot_relapse(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the shares of pupils who relapse.

    Parameters
    ----------
    result : Result
        Result with the table ``relapse``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per row.
    """
    table, title = result.table("relapse"), "Relapse"
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows), map(label_with_n, rows)))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, label_with_n, lambda value: per_cent(value, 1))
    ax.set_xlim(left=0)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("share of pupils who had returned")
    caption(ax, result, table)
    return ax


def _curves(rows: Sequence[Estimate], key: Callable[[Estimate], str]) -> dict[str, list[Estimate]]:
    curves: dict[str, list[Estimate]] = {}
    for row in sorted(rows, key=lambda r: r.time or 0.0):
        curves.setdefault(key(row), []).append(row)
    order = dict.fromkeys(key(row) for row in rows)
    return {name: curves[name] for name in order}


def _step(ax: Axes, curve: Sequence[Estimate], colour: str, style: str, *, band: bool) -> None:
    origin = [0.0] if (curve[0].time or 0.0) > 0 else []
    x = origin + [row.time or 0.0 for row in curve]
    y = origin + [row.estimate or 0.0 for row in curve]
    lone = "o" if len(curve) == 1 else ""
    ax.step(x, y, where="post", color=colour, linestyle=style, marker=lone, ms=5, zorder=3)
    limits = [(0.0, 0.0)] * len(origin) + [(row.conf_low, row.conf_high) for row in curve]
    if band:
        low = [y_ if lo is None else lo for (lo, _), y_ in zip(limits, y, strict=True)]
        high = [y_ if hi is None else hi for (_, hi), y_ in zip(limits, y, strict=True)]
        ax.fill_between(x, low, high, step="post", color=colour, alpha=0.15, linewidth=0)


def _week_axes(ax: Axes) -> None:
    ax.set_ylim(bottom=0)
    ax.set_xlim(left=0)
    per_cent_axis(ax, "y")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("school weeks since the start")


def _end_labels(ax: Axes, curves: dict[str, list[Estimate]], colours: dict[str, str]) -> None:
    """Write each curve's name and last value beside its end, without overlaps."""
    top = max((row.conf_high or row.estimate or 0.0) for c in curves.values() for row in c)
    ax.set_ylim(0, max(top * 1.12, 0.02))
    right = max(row.time or 0.0 for c in curves.values() for row in c)
    line = 0.07 * ax.get_ylim()[1]
    ends = sorted((curve[-1].estimate or 0.0, name) for name, curve in curves.items())
    texts = [textwrap.fill(f"{name}  {per_cent(value)}", _END_CHARS) for value, name in ends]
    heights = [value for value, _ in ends]
    for index, (below, above) in enumerate(pairwise(texts)):
        apart = line * (below.count("\n") + above.count("\n") + 2) / 2
        heights[index + 1] = max(heights[index + 1], heights[index] + apart)
    for (_, name), text, height in zip(ends, texts, heights, strict=True):
        ax.annotate(
            text,
            xy=(right, height),
            xytext=(6, 0),
            textcoords="offset points",
            color=colours[name],
            va="center",
            fontsize=9,
            weight="bold",
            annotation_clip=False,
        )


def _at_risk(ax: Axes, curves: dict[str, list[Estimate]], colours: dict[str, str]) -> float:
    """Write numbers at risk under the axis; return the depth in points where they end."""
    start = 46.0
    named = [name for name, c in curves.items() if any(r.n_at_risk is not None for r in c)]
    if not named:
        return start
    _under(ax, (0.0, start), "at risk", MUTED, "left")
    for index, name in enumerate(named):
        depth = start + _ROW * (index + 1)
        for row in _spread([r for r in curves[name] if r.n_at_risk is not None], ax):
            text = _under(ax, (row.time or 0.0, depth), f"{row.n_at_risk}", colours[name], "center")
            text.set_gid(f"count-n_at_risk-{index}-{row.time:g}")
    return start + _ROW * (len(named) + 1) + 6


def _under(
    ax: Axes, at: tuple[float, float], text: str, colour: str, side: Literal["left", "center"]
) -> Annotation:
    """Write a text at a week, so many points below the axis: ``at`` is (week, points)."""
    return ax.annotate(
        text,
        (at[0], 0),
        (0, -at[1]),
        xycoords=ax.get_xaxis_transform(),
        textcoords="offset points",
        va="top",
        ha=side,
        fontsize=8,
        color=colour,
        annotation_clip=False,
    )


def _spread(rows: list[Estimate], ax: Axes) -> list[Estimate]:
    """Return rows far enough apart in time for their numbers to stand side by side."""
    width = (ax.get_xlim()[1] - ax.get_xlim()[0]) / (_AT_RISK_COLUMNS * 2)
    kept: list[Estimate] = []
    for row in rows:
        if not kept or (row.time or 0.0) - (kept[-1].time or 0.0) >= width:
            kept.append(row)
    return kept
