"""A row for each year: before, expected with no programme, after."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from absence_risk.plots.sources import drawable
from absence_risk.plots.style import BENCHMARK, INK, MAIN, MUTED, axes_for, styled
from absence_risk.plots.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from absence_risk.plots.units import Unit
    from absence_risk.result import Estimate, Table

__all__ = ["plot_years"]

_WORDS = {
    "before": "before",
    "expected": "expected with no programme",
    "after": "after",
    "title": "This year and last year",
    "none": "not shown: fewer than 5 pupils",
}
_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "before": ("o", INK, "white"),
    "expected": ("D", BENCHMARK, "white"),
    "after": ("o", MAIN, MAIN),
}


@styled
def plot_years(
    table: Table,
    *,
    words: Mapping[str, str] | None = None,
    level: Callable[[float], str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean before, that expected afterwards with no programme, and that after.

    Parameters
    ----------
    table : Table
        What `absence_risk.evaluation.board.Board.table` returned: terms "before", "expected" and
        "after", ``group`` the year.
    words : mapping of str to str, or None
        Words in another language for before, expected, after, title, levels and none.
    level : callable or None
        How a level is written; as in the other figures if None.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one row per year, an arrow from before to after.
    """
    said, unit = {**_WORDS, **(words or {})}, unit_of(table.title)
    write = level or unit.level
    rows = [row for row in drawable(table) if row.term in _LOOKS]
    years = list(dict.fromkeys(row.group or "" for row in rows))
    ax = axes_for(ax, 1.15 + 0.62 * max(len(years), 1))
    for place, year in enumerate(years):
        mine = {row.term: row.estimate or 0.0 for row in rows if row.group == year}
        _year(ax, mine, -place, write)
    _frame(ax, years, rows, unit, write)
    _legend(ax, said)
    ax.set_title(said["title"], pad=22)
    if not rows:
        ax.text(0.5, 0.5, said["none"], ha="center", color=MUTED, transform=ax.transAxes)
    return ax


def _year(ax: Axes, mine: Mapping[str, float], y: float, write: Callable[[float], str]) -> None:
    if {"before", "after"} <= mine.keys():
        ax.annotate(
            "",
            (mine["after"], y),
            (mine["before"], y),
            arrowprops={"arrowstyle": "-|>", "color": MAIN, "lw": 2.0, "shrinkA": 4, "shrinkB": 6},
            zorder=2,
        )
    # Numbers of before and after reach away from each other, so that close ones stay readable.
    ahead = mine.get("after", 0.0) > mine.get("before", 0.0)
    sides = {"before": ("right", 8) if ahead else ("left", -8)}
    sides["after"] = ("left", -8) if ahead else ("right", 8)
    for term, value in mine.items():
        marker, edge, face = _LOOKS[term]
        ax.plot(
            [value], [y], marker, color=edge, mfc=face, mew=1.6, ms=8, gid=f"{term}{-y:g}", zorder=4
        )
        below = term == "expected"
        side, shift = sides.get(term, ("center", 0))
        ax.annotate(
            write(value),
            (value, y),
            (shift, -9 if below else 8),
            textcoords="offset points",
            ha=side,
            va="top" if below else "bottom",
            fontsize=9,
            color=MUTED if below else INK,
            weight="bold" if term == "after" else "normal",
            zorder=5,
        )


def _frame(
    ax: Axes,
    years: Sequence[str],
    rows: Sequence[Estimate],
    unit: Unit,
    write: Callable[[float], str],
) -> None:
    ax.set_yticks([-place for place in range(len(years))], years)
    ax.set_ylim(0.45 - max(len(years), 1), 0.62)
    values = [row.estimate or 0.0 for row in rows]
    if values:
        room = 0.12 * ((max(values) - min(values)) or max(abs(values[0]), 1.0))
        start = 0.0 if unit.per_cent else min(values) - room
        ax.set_xlim(start, max(values) + room)
    ax.tick_params(axis="y", length=0, labelcolor=INK, labelsize=10)
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    # Whole per cent need no decimals on the axis.
    ax.xaxis.set_major_formatter(lambda value, _: re.sub(r"[.,]0(?=\s*%)", "", write(value)))


def _legend(ax: Axes, said: Mapping[str, str]) -> None:
    for term, (marker, edge, face) in _LOOKS.items():
        ax.plot([], [], marker, color=edge, mfc=face, mew=1.6, ms=7, label=said[term])
    ax.legend(
        frameon=False,
        fontsize=8.5,
        ncols=3,
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.97),
        handletextpad=0.2,
        columnspacing=1.2,
        borderpad=0.1,
    )
