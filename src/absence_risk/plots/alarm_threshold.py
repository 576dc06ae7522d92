"""Claim 2, where to act: what every threshold says and costs, and how sure the choice is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.plots.style import (
    BENCHMARK,
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
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result, Table

__all__ = [
    "plot_decision_curve",
    "plot_frontier",
    "plot_threshold_metrics",
    "pupils_behind",
]

_NET_BENEFIT = (
    "Net benefit: pupils with the event who are alarmed, minus false alarms at the weight "
    "p/(1 − p), per pupil (Vickers & Elkin 2006)."
)
_PANEL = ("sensitivity", "PPV", "specificity")
_LABEL_AT = (0.05, 0.10, 0.20, 0.40)
_LABEL_GAP = 0.05


def _line(ax: Axes, rows: Sequence[Estimate], colour: str, name: str, style: str = "-") -> None:
    """Draw one term along the threshold, with its band."""
    rows = sorted(rows, key=lambda row: row.threshold or 0.0)
    x = [row.threshold or 0.0 for row in rows]
    mark = "o" if len(rows) < 3 else None
    ax.plot(
        x, [r.estimate or 0.0 for r in rows], style, color=colour, marker=mark, label=name, zorder=3
    )
    band = [row for row in rows if row.conf_low is not None and row.conf_high is not None]
    ax.fill_between(
        [row.threshold or 0.0 for row in band],
        [row.conf_low or 0.0 for row in band],
        [row.conf_high or 0.0 for row in band],
        color=colour,
        alpha=0.15,
        linewidth=0,
    )


def _single(rows: Sequence[Estimate], word: str) -> float | None:
    """Return the estimate of the one row whose term holds a word."""
    return next((row.estimate for row in rows if word in row.term), None)


def _chosen(ax: Axes, at: float | None) -> None:
    if at is not None:
        ax.axvline(at, color=INK, linewidth=1.0, linestyle=(0, (2, 2)), gid="chosen")
        ax.text(
            at,
            1.0,
            f" chosen: {per_cent(at, 1)}",
            transform=ax.get_xaxis_transform(),
            va="bottom",
            ha="left",
            fontsize=8.5,
            color=INK,
        )


@styled
def plot_threshold_metrics(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw sensitivity, specificity and PPV at every threshold, with bands.

    Parameters
    ----------
    result : Result
        Result with the table ``threshold_metrics``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one line with band per figure, a level line for the PPV without information.
    """
    table, title = result.table("threshold_metrics"), "What an alarm at each threshold says"
    rows = [row for row in shown(table) if row.term in _PANEL]
    ax = axes_for(ax, 4.2)
    if not rows:
        return empty(ax, result, table, title)
    for index, term in enumerate(_PANEL):
        mine = [row for row in rows if row.term == term]
        if mine:
            _line(ax, mine, COLOURS[index], term)
    chance = _single(shown(table), "without information")
    if chance is not None:
        ax.axhline(
            chance,
            color=BENCHMARK,
            lw=1.2,
            ls=(0, (4, 3)),
            label="PPV without information",
        )
    _chosen(ax, _single(shown(table), "chosen threshold"))
    ax.set_ylim(-0.02, 1.02)
    per_cent_axis(ax, "x")
    per_cent_axis(ax, "y")
    ax.set_title(title, pad=22)
    ax.set_xlabel("threshold, share of absence")
    ax.legend(frameon=False, fontsize=9, loc="center right")
    caption(
        ax, result, table, what=f"{table.title}.", n=pupils_behind(table), definition=table.note
    )
    return ax


@styled
def plot_frontier(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw lead time against alarms, one line per window, thresholds written at the marks.

    Parameters
    ----------
    result : Result
        Result with the table ``frontier``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: further up is earlier, further left is less work.
    """
    table, title = result.table("frontier"), "Work against earliness"
    rows = shown(table)
    ax = axes_for(ax, 4.4)
    if not rows:
        return empty(ax, result, table, title)
    widest = max(r.estimate or 0.0 for r in rows if r.term.startswith("alarms"))
    unit = next((r.term for r in rows if r.term.startswith("mean lead")), "mean lead time")
    for index, group in enumerate(dict.fromkeys(row.group for row in rows)):
        work = {r.threshold: r for r in rows if r.group == group and r.term.startswith("alarms")}
        lead = {r.threshold: r for r in rows if r.group == group and r.term == unit}
        both = sorted(at for at in work if at is not None and at in lead)
        colour = COLOURS[index % len(COLOURS)]
        x = [work[at].estimate or 0.0 for at in both]
        y = [lead[at].estimate or 0.0 for at in both]
        mark = MARKERS[index % len(MARKERS)]
        ax.plot(x, y, color=colour, marker=mark, ms=5, lw=1.4, label=group, zorder=3)
        for at, left in zip(both, x, strict=True):
            low, high = lead[at].conf_low, lead[at].conf_high
            if low is not None and high is not None:
                ax.plot([left, left], [low, high], color=colour, lw=1.0, alpha=0.5)
        _mark_thresholds(ax, both, x, y, colour, widest)
    ax.set_title(title)
    ax.set_xlim(left=0)
    ax.set_xlabel("alarms per 1,000 pupils and month")
    ax.set_ylabel(unit)
    ax.legend(frameon=False, fontsize=8.5, loc="best")
    caption(
        ax,
        result,
        table,
        what="At the marks: threshold.",
        n=pupils_behind(table),
        definition=table.note,
    )
    return ax


def _mark_thresholds(  # noqa: PLR0917 (private, called in one line above)
    ax: Axes, at: list[float], x: list[float], y: list[float], colour: str, widest: float
) -> None:
    """Write thresholds at the marks, as far as they do not stand on each other."""
    last = float("inf")
    for share, left, up in zip(at, x, y, strict=True):
        wanted = any(abs(share - label) < 1e-9 for label in _LABEL_AT)
        if wanted and last - left > _LABEL_GAP * widest:
            ax.annotate(
                per_cent(share),
                (left, up),
                xytext=(3, 5),
                textcoords="offset points",
                fontsize=7.5,
                color=colour,
            )
            last = left


@styled
def plot_decision_curve(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the net benefit of the chosen alarm against alarming everybody and nobody.

    Parameters
    ----------
    result : Result
        Result with the table ``decision_curve``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes; the line of alarming everybody is cut where it leaves the picture.
    """
    table, title = result.table("decision_curve"), "Decision curve"
    rows = shown(table)
    ax = axes_for(ax, 4.0)
    if not rows:
        return empty(ax, result, table, title)
    looks = {
        "chosen alarm": (MAIN, "-"),
        "best threshold at this weight": (COLOURS[1], "--"),
        "everybody": (BENCHMARK, "-."),
        "nobody": (MUTED, ":"),
    }
    for term, (colour, style) in looks.items():
        mine = [row for row in rows if row.term == term]
        if mine:
            _line(ax, mine, colour, term, style)
    top = max(row.conf_high or row.estimate or 0.0 for row in rows)
    ax.set_ylim(-0.5 * top, 1.05 * top)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("risk from which help is worth its trouble")
    ax.set_ylabel("net benefit per pupil")
    # Below zero there is nothing but the line of alarming everybody, on its way out.
    ax.legend(frameon=False, fontsize=9, loc="lower right", ncols=2)
    caption(
        ax,
        result,
        table,
        what="Higher is better; 0 is no alarm at all.",
        n=pupils_behind(table),
        definition=_NET_BENEFIT,
    )
    return ax


def pupils_behind(table: Table) -> int | None:
    """Return the number of pupils behind a table, where a row says it.

    Parameters
    ----------
    table : Table
        The table.

    Returns
    -------
    int or None
        Pupils.
    """
    says = ("without information", "pupils judged")
    return next((row.n for row in table.rows if any(word in row.term for word in says)), None)
