"""Answers level by level before and after, on both sides of the middle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import is_small
from absence_risk.plots.sources import SMALLEST, table_in
from absence_risk.plots.style import INK, MUTED, axes_for, per_cent, styled, write_caption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result, Table

__all__ = ["plot_levels"]

_TERM = re.compile(r"level (\S+), (before|after)$")
_LOW, _MIDDLE, _HIGH = ("#8C3A00", "#D98A56"), "#d9d9d9", ("#7FB3D9", "#00507F")
_WIDE_ENOUGH = 0.06

_Part = tuple[str, float, float, float]
"""What a segment is called, its place on the scale from 0 to 1, its share and its weight left."""


@styled
def plot_levels(source: Result | Table, *, ax: Axes | None = None) -> Axes:
    """Draw the share at each level of each item before and after, diverging from the middle.

    Levels with fewer than five pupils are drawn together with their neighbour.

    Parameters
    ----------
    source : Result or Table
        What `PrePost.ordinal` returned, or a result with the table ``ordinal``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: two bars per item; low levels to the left of the line, high ones to the right.
    """
    table = table_in(source, "ordinal")
    found = _bars(table)
    ax = axes_for(ax, 1.7 + 0.42 * max(len(found), 2))
    hidden = 0
    for place, (_, rows) in enumerate(found):
        parts = _parts(rows)
        if parts is None:
            hidden += 1
            ax.text(0, -place, "not shown: fewer than 5 pupils", color=MUTED, ha="center")
            continue
        _bar(ax, parts, -place)
    ax.axvline(0, color=INK, lw=1.0, zorder=2)
    ax.set_yticks([-i for i in range(len(found))], [name for name, _ in found])
    ax.set_ylim(0.6 - max(len(found), 1), 0.6)
    ax.set_xlim(-1.02, 1.02)
    ax.xaxis.set_major_formatter(lambda value, _: per_cent(abs(value)))
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("share of pupils; lower levels left, higher levels right")
    ax.set_title("Answers before and after")
    ns = sorted({row.n for _, rows in found for row in rows if row.n is not None})
    said = f"n = {ns[0]}" if len(ns) == 1 else f"n = {ns[0]} to {ns[-1]}" if ns else ""
    more = f" {hidden} bars are not shown: fewer than {SMALLEST} pupils." if hidden else ""
    write_caption(
        ax,
        f"{said} who answered both times. The middle level is split at the line; levels with fewer "
        f"than {SMALLEST} pupils are drawn with their neighbour.{more}",
    )
    return ax


def _bars(table: Table) -> list[tuple[str, list[Estimate]]]:
    """Return the rows of each bar: item by item, before and after."""
    found: dict[str, list[Estimate]] = {}
    items = list(dict.fromkeys(row.group or "" for row in table.rows))
    for row in table.rows:
        match = _TERM.fullmatch(row.term)
        if match:
            first = (row.group or "").split(" / ")[0]
            name = match[2] if len(items) == 1 else f"{first}, {match[2]}"
            found.setdefault(name, []).append(row)
    return list(found.items())


def _parts(rows: Sequence[Estimate]) -> list[_Part] | None:
    """Return the segments of a bar, small levels merged into a neighbour; None if unsafe."""
    if any(row.estimate is None or row.n_events is None for row in rows):
        return None
    levels = [row.term.split(",")[0].removeprefix("level ") for row in rows]
    groups = [[i] for i in range(len(rows))]

    def size(group: Sequence[int]) -> int:
        return sum(rows[i].n_events or 0 for i in group)

    while len(groups) > 1:
        small = next((g for g, group in enumerate(groups) if is_small(size(group), SMALLEST)), None)
        if small is None:
            break
        into = small + 1 if small < len(groups) / 2 and small + 1 < len(groups) else small - 1
        low, high = sorted((small, into))
        groups[low : high + 1] = [groups[low] + groups[high]]
    if is_small(size(groups[0]), SMALLEST):
        return None
    middle, last = (len(rows) - 1) / 2, max(len(rows) - 1, 1)
    parts = []
    for group in groups:
        name = levels[group[0]] + (f"–{levels[group[-1]]}" if len(group) > 1 else "")
        share = sum(rows[i].estimate or 0.0 for i in group)
        left = sum(1.0 if i < middle else 0.5 if i == middle else 0.0 for i in group) / len(group)
        parts.append((name, sum(group) / len(group) / last, share, left))
    return parts


def _bar(ax: Axes, parts: Sequence[_Part], y: float) -> None:
    start = -sum(share * left for _, _, share, left in parts)
    for name, place, share, _ in parts:
        if share == 0:
            continue
        colour = _colour(place)
        ax.barh([y], [share], left=start, height=0.66, color=colour, edgecolor="white", zorder=3)
        if share >= _WIDE_ENOUGH:
            dark = colour in (_LOW[0], _HIGH[1])
            ax.text(
                start + share / 2,
                y,
                name,
                ha="center",
                va="center",
                fontsize=8.5,
                color="white" if dark else INK,
                zorder=5,
            )
        start += share


def _colour(place: float) -> str:
    if abs(place - 0.5) < 0.13:
        return _MIDDLE
    if place < 0.5:
        return _LOW[0] if place < 0.2 else _LOW[1]
    return _HIGH[1] if place > 0.8 else _HIGH[0]
