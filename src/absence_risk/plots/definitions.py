"""What the definition of absence does to one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import is_blank
from absence_risk.disclosure.notes import fewer_than
from absence_risk.plots.intervals import draw_intervals, row_height
from absence_risk.plots.style import (
    MUTED,
    axes_for,
    count,
    most_pupils,
    per_cent,
    per_cent_axis,
    styled,
    write_caption,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Table

__all__ = ["plot_definitions"]

_AT = 0.10


@styled
def plot_definitions(table: Table, *, ax: Axes | None = None) -> Axes:
    """Draw the share of pupils absent 10 % or more under each definition.

    Parameters
    ----------
    table : Table
        The table ``definitions`` of a study, or of `absence_risk.study.compare_definitions`.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per definition, the first one bold.
    """
    wanted = [row for row in table.rows if row.threshold == _AT]
    rows = [row for row in wanted if row.estimate is not None]
    ax = axes_for(ax, row_height(len(rows), map(_name, rows)))
    ax.set_title("Pupils absent 10 % or more, by definition")
    if not rows:
        ax.set_xticks([])
        ax.set_yticks([])
        text = f"not shown: fewer than {fewer_than(table.note)} pupils"
        ax.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=ax.transAxes)
        return ax
    first = wanted[0]
    draw_intervals(ax, rows, _name, lambda v: per_cent(v, 1), accent=lambda r: r is first)
    ax.set_xlim(left=0.0)
    per_cent_axis(ax, "x")
    ax.set_xlabel("share of pupils")
    write_caption(ax, _text(table, [row for row in wanted if is_blank(row)]))
    return ax


def _name(row: Estimate) -> str:
    return row.group or row.term


def _text(table: Table, hidden: list[Estimate]) -> str:
    parts = ["The same records under each rule; bold: the rule of this study."]
    n = most_pupils(table)
    if n is not None:
        parts.append(f"n = {count(n)}.")
    parts.append("Intervals: schools as clusters.")
    if hidden:
        parts.append(f"{len(hidden)} not shown: fewer than {fewer_than(table.note)} pupils.")
    return " ".join(parts)
