"""Claim 4: did pupils change, and more than they would have anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.plots.intervals import draw_intervals, row_height
from absence_risk.plots.sources import outcome_name
from absence_risk.plots.style import (
    axes_for,
    caption,
    empty,
    label_with_n,
    most_pupils,
    per_cent,
    per_cent_axis,
    shown,
    styled,
)
from absence_risk.plots.units import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result

__all__ = ["plot_change", "plot_responders", "plot_wellbeing"]


@styled
def plot_change(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the observed change, the change expected with no programme, and what is beyond it.

    Parameters
    ----------
    result : Result
        Result with the table ``change``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per row, 0 = no change.
    """
    table, unit = result.table("change"), unit_of(result.estimand.unit)
    name, last = outcome_name(result), result.beyond.term
    title = f"Change in {name}: observed, expected, beyond"
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows), map(label_with_n, rows)))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(
        ax, rows, lambda r: r.term, unit.change, null=0.0, accent=lambda r: r.term == last
    )
    unit.axis(ax, "x", change=True)
    ax.set_title(title)
    ax.set_xlabel(f"change in {name}, {unit.changes}; left of 0 = a fall")
    caption(ax, result, table, what="Open: what would be expected with no programme.")
    return ax


@styled
def plot_responders(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the shares of pupils with less absence beside the shares expected anyway.

    Parameters
    ----------
    result : Result
        Result with the table ``responders``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per row.
    """
    table, title = result.table("responders"), "How many fare better, beside what is expected"
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows), map(label_with_n, rows)))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, _name, lambda value: per_cent(value, 1))
    lows = [low for row in rows for low in (row.estimate, row.conf_low) if low is not None]
    ax.set_xlim(min(0.0, *(low * 1.05 for low in lows)), 1.0)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("share of pupils")
    caption(ax, result, table, what="Open: the share expected with no programme.")
    return ax


def _name(row: Estimate) -> str:
    return row.term if row.group is None else f"{row.term}, {row.group}"


@styled
def plot_wellbeing(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw wellbeing before and after, its change, and the bounds for those who never answered.

    Parameters
    ----------
    result : Result
        Result with the table ``wellbeing``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per row, on the scale of the questionnaire.
    """
    table = result.table("wellbeing")
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows), map(label_with_n, rows)))
    title = "Wellbeing before and after"
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, label_with_n, lambda value: f"{value:.2f}".replace("-", "−"))
    ax.set_title(title)
    ax.set_xlabel("points of the scale")
    caption(ax, result, table, n=most_pupils(table), definition=table.note)
    return ax
