"""Means of a repeated measure by wave, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.plots.sources import drawable, said_of, table_in
from absence_risk.plots.style import BENCHMARK, INK, MAIN, axes_for, styled, write_caption
from absence_risk.plots.units import unit_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result, Table

__all__ = ["plot_waves"]

_ASIDE = 0.05


@styled
def plot_waves(source: Result | Table, *, ax: Axes | None = None) -> Axes:
    """Draw the mean of each arm by wave, with its interval and how many were measured.

    Parameters
    ----------
    source : Result or Table
        What `absence_risk.evaluation.repeated_measures` returned, or its table ``waves``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: the programme as a solid line, a comparison arm dashed; under each wave the
        number of pupils measured.
    """
    table = table_in(source, "waves")
    rows = drawable(table)
    arms = list(dict.fromkeys(row.group or "" for row in rows))
    unit = unit_in(source, table)
    ax = axes_for(ax, 4.0)
    for place, arm in enumerate(arms):
        mine = [row for row in rows if (row.group or "") == arm]
        _line(ax, mine, arm, aside=_ASIDE * (2 * place - len(arms) + 1), first=not place)
    waves = {row.term: row.time or 0.0 for row in rows}
    ax.set_xticks(list(waves.values()), [_under(name, rows) for name in waves])
    ax.set_xlim(-0.35, max(waves.values(), default=0.0) + (0.75 if len(arms) > 1 else 0.35))
    ax.grid(visible=False, axis="x")
    unit.axis(ax, "y")
    ax.set_ylabel(unit.levels)
    ax.set_title("Mean by wave")
    order = f"n under a wave: {', '.join(arms)}." if len(arms) > 1 else ""
    write_caption(ax, said_of(source, table, order), below=54.0)
    return ax


def _line(ax: Axes, rows: Sequence[Estimate], arm: str, *, aside: float, first: bool) -> None:
    at = [(row.time or 0.0) + aside for row in rows]
    means = [row.estimate or 0.0 for row in rows]
    colour = MAIN if first else BENCHMARK
    ax.plot(at, means, "-o" if first else "--s", color=colour, ms=5, zorder=4, gid=f"arm-{arm}")
    for x, row in zip(at, rows, strict=True):
        if row.conf_low is not None and row.conf_high is not None:
            ends = [row.conf_low, row.conf_high]
            ax.plot([x, x], ends, color=colour, lw=1.6, zorder=3, gid="interval")
    if rows:
        ax.annotate(
            arm, (at[-1], means[-1]), xytext=(9, 0), textcoords="offset points", va="center",
            color=INK, fontsize=9,
        )  # fmt: skip


def _under(name: str, rows: Sequence[Estimate]) -> str:
    """Return the name of a wave with how many were measured in it."""
    counts = [str(row.n) for row in rows if row.term == name and row.n is not None]
    return f"{name}\nn = {', '.join(counts)}" if counts else name
