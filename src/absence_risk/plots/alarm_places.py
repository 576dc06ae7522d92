"""Claim 2, where to act: schools and groups of pupils beside one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.plots.alarm_threshold import pupils_behind
from absence_risk.plots.style import (
    COLOURS,
    INK,
    MAIN,
    MARKERS,
    MUTED,
    axes_for,
    caption,
    empty,
    per_cent,
    per_cent_axis,
    shown,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result

__all__ = ["plot_groups", "plot_local_thresholds"]


@styled
def plot_local_thresholds(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the threshold of every school, raw and partially pooled, in order of the latter.

    Parameters
    ----------
    result : Result
        Result with the table ``local_thresholds``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: an open mark for the raw threshold, a full one with interval for the pooled.
    """
    table, title = result.table("local_thresholds"), "Thresholds of places, raw and pooled"
    rows = shown(table)
    pooled = sorted(
        (row for row in rows if row.term == "pooled"), key=lambda row: row.estimate or 0.0
    )
    ax = axes_for(ax, 1.9 + 0.24 * max(len(pooled), 4))
    if not pooled:
        return empty(ax, result, table, title)
    raw = {row.group: row.estimate for row in rows if row.term == "raw"}
    for place, row in enumerate(pooled):
        if row.conf_low is not None and row.conf_high is not None:
            ax.plot([row.conf_low, row.conf_high], [place, place], color=MAIN, lw=2.0, alpha=0.5)
        own = raw.get(row.group)
        if own is not None and row.estimate is not None:
            ax.plot([own, row.estimate], [place, place], color=MUTED, lw=0.8, ls=":")
            ax.plot(
                [own], [place], "o", color=MUTED, mfc="white", ms=6, label="_" * (place > 0) + "raw"
            )
        ax.plot(
            [row.estimate or 0.0],
            [place],
            "o",
            color=MAIN,
            ms=6,
            label="_" * (place > 0) + "pooled",
        )
    common = next((row.estimate for row in rows if row.term == "all places"), None)
    if common is not None:
        ax.axvline(common, color=INK, lw=1.0, ls=(0, (2, 2)), gid="chosen")
    ax.set_yticks(range(len(pooled)), [_place(row) for row in pooled])
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("threshold, share of absence")
    ax.legend(frameon=False, fontsize=9, loc="best")
    caption(
        ax,
        result,
        table,
        below=38.0,
        what="Dashed: the threshold for all. At the names: share of local evidence.",
        n=pupils_behind(table),
        definition=table.note.partition(". ")[0],
    )
    return ax


@styled
def plot_groups(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw sensitivity, PPV and share alarmed of groups of pupils at the one threshold.

    Parameters
    ----------
    result : Result
        Result with the table ``groups``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: per group a mark with interval for each figure; groups that are counted together
        have none.
    """
    table, title = result.table("groups"), "The same alarm in groups of pupils"
    rows = [row for row in shown(table) if row.estimate is not None]
    groups = list(dict.fromkeys(row.group for row in rows))
    ax = axes_for(ax, 1.9 + 0.34 * max(len(groups), 4))
    if not rows:
        return empty(ax, result, table, title)
    figures = list(dict.fromkeys(row.term.partition(" by ")[0] for row in rows))
    for index, figure in enumerate(figures):
        mine = [row for row in rows if row.term.startswith(f"{figure} by ")]
        colour, mark = COLOURS[index], MARKERS[index]
        up = [len(groups) - groups.index(row.group) + 0.22 * (1 - index) for row in mine]
        for row, height in zip(mine, up, strict=True):
            if row.conf_low is not None and row.conf_high is not None:
                ax.plot([row.conf_low, row.conf_high], [height, height], color=colour, lw=1.4)
        at = [row.estimate or 0.0 for row in mine]
        ax.plot(at, up, mark, color=colour, ms=5, ls="none", label=figure)
    ax.set_yticks([len(groups) - place for place in range(len(groups))], [str(g) for g in groups])
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.legend(frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.06), ncols=3)
    caption(
        ax,
        result,
        table,
        what="Drawn to the mean of the groups by how little each of them tells.",
        n=pupils_behind(table),
        definition=table.note.partition(". ")[0],
    )
    return ax


def _place(row: Estimate) -> str:
    share = "" if row.statistic is None else f" ({per_cent(row.statistic)})"
    return f"{row.group}{share}"
