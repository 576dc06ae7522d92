"""The flow of pupils, in the form of CONSORT and TREND."""

from __future__ import annotations

import itertools
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.patches import FancyArrowPatch, Rectangle

from absence_risk.disclosure.cells import is_small
from absence_risk.plots.screen import own_screen_only
from absence_risk.plots.sources import SMALLEST
from absence_risk.plots.style import INK, MAIN, MUTED, WIDTH, axes_for, count, styled, write_caption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Table

__all__ = ["plot_flow"]

_LINE, _PAD, _GAP = 0.17, 0.09, 0.20
_SIDE = ": left out"
_REGISTRY = "registry"
_CHARS = 13.5
"""Characters in an inch of the boxes' font."""
_WIDEST = 4.4
"""Widest box of a step, in inches."""


@dataclass(frozen=True, slots=True)
class _Box:
    """One box: what it says line by line, and where it stands."""

    rows: tuple[Estimate, ...]
    side: bool
    head: str = ""


@styled
def plot_flow(table: Table, *, ax: Axes | None = None) -> Axes:
    """Draw how many pupils remain at each step and why others do not.

    Parameters
    ----------
    table : Table
        What `absence_risk.evaluation.flow_chart` returned. Where it was asked for with small
        numbers, the picture is for the researcher's own screen, and a report refuses it.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: the common steps from top to bottom, then a column for each outcome; reasons in
        boxes at the side, also those that nobody has; a dash for a number that is not told.
    """
    columns = _columns(table.rows)
    stem, branches = columns[0], columns[1:]
    across = WIDTH / max(len(branches), 1)
    deep = [_height(column, across) for column in branches]
    tall = _height(stem, WIDTH)
    ax = axes_for(ax, tall + max(deep, default=0.0) + 1.5)
    marks = itertools.count(1)
    end = _column(ax, stem, (0.0, WIDTH), 0.0, marks)
    for place, column in enumerate(branches):
        _column(ax, column, (place * across, across), end - _GAP, marks, above=end)
    ax.set_xlim(-0.02, WIDTH + 0.02)
    ax.set_ylim(-(tall + max(deep, default=0.0) + 0.1), 0.05)
    ax.set_axis_off()
    ax.set_title("Who was followed, and who was lost")
    if any(is_small(row.n, SMALLEST) for row in table.rows):
        own_screen_only(ax)
    beside = [row for row in table.rows if row.group == _REGISTRY and row.n is not None]
    words = " ".join(f"{row.term[0].upper()}{row.term[1:]}: {count(row.n or 0)}." for row in beside)
    write_caption(ax, f"{words} {table.note}".strip(), below=4.0)
    return ax


def _columns(rows: Sequence[Estimate]) -> list[list[_Box]]:
    """Return the boxes of each column: the stem first, then the outcomes."""
    found: list[list[_Box]] = []
    names: list[str] = []
    for (group, side), part in itertools.groupby(rows, key=_place):
        if group == _REGISTRY:
            continue
        if group not in names:
            names.append(group)
            found.append([])
        own = tuple(part)
        if side:
            found[-1].append(_Box(own, side=True))
        else:
            head = group if len(names) > 1 else ""
            found[-1] += [_Box((row,), side=False, head=head) for row in own]
    return found


def _place(row: Estimate) -> tuple[str, bool]:
    group = row.group or ""
    return group.removesuffix(_SIDE), group.endswith(_SIDE)


def _lines(box: _Box, width: float) -> list[tuple[str, Estimate | None]]:
    """Return the lines of a box; the count stands at the end of a row's first line."""
    inches = 0.70 * width if box.side else 0.86 * min(width, _WIDEST / 0.96)
    room = max(12, int((inches - 0.55) * _CHARS))
    lines: list[tuple[str, Estimate | None]] = []
    for row in box.rows:
        text = f"{box.head}: {row.term}" if box.head and not box.side else row.term
        parts = textwrap.wrap(text, room) or [""]
        lines += [(parts[0], row), *((more, None) for more in parts[1:])]
    return lines


def _size(box: _Box, width: float) -> float:
    return 2 * _PAD + _LINE * len(_lines(box, width))


def _height(column: Sequence[_Box], width: float) -> float:
    return sum(_size(box, width) + _GAP for box in column)


def _column(
    ax: Axes,
    column: Sequence[_Box],
    room: tuple[float, float],
    top: float,
    marks: itertools.count[int],
    *,
    above: float | None = None,
) -> float:
    """Draw boxes from top to bottom, in a place and width, and return where the column ends."""
    left, width = room
    y, trunk = top, left + 0.12 * width
    from_box = above
    for box in column:
        tall = _size(box, width)
        if box.side:
            _rectangle(ax, box, (left + 0.26 * width, y), (0.70 * width, tall), marks)
            _arrow(ax, trunk, y - tall / 2, y - tall / 2, to=left + 0.26 * width)
        else:
            if from_box is not None:
                _arrow(ax, trunk, from_box, y)
            _rectangle(ax, box, (left, y), (min(0.96 * width, _WIDEST), tall), marks)
            from_box = y - tall
        y -= tall + _GAP
    return y + _GAP


def _rectangle(
    ax: Axes,
    box: _Box,
    corner: tuple[float, float],
    size: tuple[float, float],
    marks: itertools.count[int],
) -> None:
    (x, y), (wide, tall) = corner, size
    ax.add_patch(
        Rectangle(
            (x, y - tall),
            wide,
            tall,
            lw=1.1,
            zorder=3,
            facecolor="#f3f3f3" if box.side else "white",
            edgecolor="#b5b5b5" if box.side else MAIN,
            linestyle="--" if box.side else "-",
        )
    )
    lines = _lines(box, wide / (0.70 if box.side else 0.96))
    for place, (text, row) in enumerate(lines):
        at = y - _PAD - _LINE * (place + 0.5)
        size_of = 8.4 if box.side else 9.0
        ax.text(x + 0.08, at, text, va="center", fontsize=size_of, color=INK, zorder=4)
        if row is None:
            continue
        told = "–" if row.n is None else count(row.n)
        ax.text(
            x + wide - 0.08,
            at,
            told,
            va="center",
            ha="right",
            fontsize=size_of,
            weight="normal" if box.side else "bold",
            color=INK,
            zorder=4,
            gid=f"count-n-flow{next(marks)}",
        )


def _arrow(ax: Axes, x: float, start: float, end: float, *, to: float | None = None) -> None:
    ax.add_patch(
        FancyArrowPatch(
            (x, start),
            (x if to is None else to, end),
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=0,
            lw=1.1,
            color=MUTED,
            zorder=2,
        )
    )
