"""Claim 1: does invalid absence often begin as valid absence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from absence_risk.plots.intervals import draw_intervals, row_height
from absence_risk.plots.style import (
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
    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result

__all__ = ["plot_later_by_early", "plot_odds_ratios"]

_TICKS = (0.25, 0.33, 0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
_MOST_TICKS = 7


@styled
def plot_odds_ratios(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the odds ratios of later on early absence, the time-reversed benchmark among them.

    Parameters
    ----------
    result : Result
        Result with the table ``associations``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes, on a logarithmic scale.
    """
    table, title = result.table("associations"), "Odds ratios beside the benchmark"
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows)))
    if not rows:
        return empty(ax, result, table, title)
    ax.set_xscale("log")
    last = rows[-1]
    draw_intervals(ax, rows, lambda r: r.term, _ratio, null=result.null, accent=lambda r: r is last)
    _ratio_ticks(ax)
    ax.set_title(title)
    ax.set_xlabel("odds ratio (logarithmic scale); 1 = no association")
    caption(ax, result, table, what=_sentence(table.title))
    return ax


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."


def _ratio_ticks(ax: Axes) -> None:
    """Put plain numbers on a logarithmic axis, few enough to be read."""
    low, high = ax.get_xlim()
    ticks = [t for t in _TICKS if low <= t <= high]
    while len(ticks) > _MOST_TICKS:
        ticks = (
            [t for i, t in enumerate(ticks) if (i - ticks.index(1.0)) % 2 == 0]
            if (1.0 in ticks)
            else ticks[::2]
        )
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


@styled
def plot_later_by_early(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw later invalid absence by band of early valid absence.

    Parameters
    ----------
    result : Result
        Result with the table ``by_early_valid``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per band.
    """
    table, title = result.table("by_early_valid"), "Later invalid absence by early valid absence"
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows)))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, _band, lambda value: per_cent(value, 1))
    ax.set_xlim(left=0)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("later invalid absence, share of time at risk")
    caption(ax, result, table, what="Rows: early valid absence, with the number of pupils.")
    return ax


def _band(row: Estimate) -> str:
    return label_with_n(dataclasses.replace(row, term=row.group or row.term, group=None))
