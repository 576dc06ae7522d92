"""Claim 2: is there a harm threshold at 20 per cent, and what do the alarm steps catch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from absence_risk.plots.intervals import draw_intervals, is_benchmark, row_height
from absence_risk.plots.style import (
    COLOURS,
    INK,
    MARKERS,
    MUTED,
    STEPS,
    axes_for,
    caption,
    empty,
    most_pupils,
    per_cent,
    per_cent_axis,
    shown,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result

__all__ = [
    "plot_alarms",
    "plot_break",
    "plot_dose_response",
    "plot_operating_points",
    "plot_slopes",
]

_MOST_PARTS = 3
LINE = 0.20
"""The share of absence that the claim is about."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@styled
def plot_dose_response(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the outcome against absence: curves with bands, binned means, rug, the 20 % line.

    Below the curve a strip shows how badly a kink at each place would fit beside the best one.

    Parameters
    ----------
    result : Result
        Result with the table ``dose_response`` and, if it has them, ``binned_means``, ``exposure``
        (quantiles of absence, drawn as a rug) and ``break_profile`` (the strip).
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one line per fitted relation (group), points for the bins.
    """
    table, title = result.table("dose_response"), "Outcome by share of absence"
    rows = shown(table)
    ax = axes_for(ax, 4.2)
    if not rows:
        return empty(ax, result, table, title)
    groups = list(dict.fromkeys(row.group or row.term for row in rows))
    for index, group in enumerate(groups):
        curve = [row for row in rows if (row.group or row.term) == group]
        _curve(ax, curve, group, COLOURS[index % len(COLOURS)], ("-", (0, (5, 2)))[index % 2])
    _bins(ax, result)
    rug = _rug(ax, result)
    _claim_line(ax)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_ylabel("outcome")
    ax.legend(frameon=False, fontsize=9, loc="best")
    strip = _profile_strip(ax, result)
    if strip is None:
        ax.set_xlabel("absence, share of offered time")
    band = (
        "Band: made to hold for the whole curve at once."
        if "at once" in table.note
        else ("Bands: intervals at each point.")
    )
    what = [f"{table.title}.", band]
    if rug:
        what.append("Ticks: quantiles of absence, 5 % of the pupils between two.")
    if strip is not None:
        what.append("Strip: likelihood ratio of a kink at each place; shaded places fit.")
    caption(ax, result, table, what=" ".join(what), below=42.0 if strip is None else 92.0)
    return ax


def _table(result: Result, name: str) -> list[Estimate]:
    """Return what may be shown of a table, nothing where the result has none."""
    if name not in {table.name for table in result.tables}:
        return []
    return list(shown(result.table(name)))


def _rug(ax: Axes, result: Result) -> bool:
    places = [row.estimate for row in _table(result, "exposure") if row.estimate is not None]
    ax.plot(
        places,
        [0.0] * len(places),
        "|",
        color=MUTED,
        ms=9,
        transform=ax.get_xaxis_transform(),
        clip_on=False,
        gid="rug",
    )
    return bool(places)


def _profile_strip(ax: Axes, result: Result) -> Axes | None:
    """Draw the likelihood ratio of a kink along absence under the curve."""
    rows = [row for row in _table(result, "break_profile") if row.estimate is not None]
    if not rows:
        return None
    strip = ax.inset_axes((0.0, -0.34, 1.0, 0.24), sharex=ax)
    place = [row.threshold or 0.0 for row in rows]
    ratio = [row.estimate or 0.0 for row in rows]
    critical = rows[0].conf_high or 0.0
    strip.plot(place, ratio, color=INK, linewidth=1.2, gid="profile")
    fits = [value <= critical for value in ratio]
    strip.fill_between(place, ratio, critical, where=fits, color=COLOURS[0], alpha=0.25, lw=0)
    strip.axhline(critical, color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)))
    strip.axvline(LINE, color=INK, linewidth=1.0, linestyle=(0, (2, 2)))
    strip.set_ylim(0, 3 * critical if critical > 0 else None)
    strip.set_ylabel("kink: LR", fontsize=8)
    strip.tick_params(labelsize=8)
    strip.set_xlabel("absence, share of offered time")
    ax.tick_params(labelbottom=False)
    per_cent_axis(strip, "x")
    return strip


def _curve(
    ax: Axes, rows: Sequence[Estimate], name: str, colour: str, style: str | tuple[int, object]
) -> None:
    x = [row.threshold or 0.0 for row in rows]
    ax.plot(x, [row.estimate or 0.0 for row in rows], color=colour, ls=style, label=name, zorder=3)
    band = [row for row in rows if row.conf_low is not None and row.conf_high is not None]
    ax.fill_between(
        [row.threshold or 0.0 for row in band],
        [row.conf_low or 0.0 for row in band],
        [row.conf_high or 0.0 for row in band],
        color=colour,
        alpha=0.15,
        linewidth=0,
    )


def _bins(ax: Axes, result: Result) -> None:
    if "binned_means" not in {table.name for table in result.tables}:
        return
    rows = shown(result.table("binned_means"))
    for row in rows:
        if row.conf_low is not None and row.conf_high is not None:
            at = row.threshold or 0.0
            ax.plot([at, at], [row.conf_low, row.conf_high], color=MUTED, linewidth=1.2, zorder=2)
    x, y = [r.threshold or 0.0 for r in rows], [r.estimate or 0.0 for r in rows]
    ax.plot(x, y, "o", color=MUTED, mfc="white", ms=5, label="means by bin", zorder=4)


def _claim_line(ax: Axes) -> None:
    ax.axvline(LINE, color=INK, linewidth=1.0, linestyle=(0, (2, 2)), gid="claim")
    ax.text(
        LINE,
        1.0,
        " 20 %",
        transform=ax.get_xaxis_transform(),
        va="top",
        ha="left",
        fontsize=9,
        color=INK,
    )


@styled
def plot_break(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw where a break would lie, with its confidence set, beside the 20 % line.

    Parameters
    ----------
    result : Result
        Result with the table ``break_location``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: a strip from 0 % on.
    """
    table, title = result.table("break_location"), "Where a break would lie, if there is one"
    rows = [row for row in table.rows if row.estimate is not None or row.conf_low is not None]
    rows = _few_parts(rows)
    ax = axes_for(ax, row_height(len(rows)))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, lambda r: r.term, lambda value: per_cent(value, 1))
    highest = max([LINE, *(r.conf_high or r.estimate or 0.0 for r in rows)])
    ax.set_xlim(0, highest * 1.15)
    _claim_line(ax)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("absence, share of offered time")
    caption(ax, result, table, what="The bar is the set of places that the data do not rule out.")
    return ax


def _few_parts(rows: list[Estimate]) -> list[Estimate]:
    """Leave out the parts of a set in many: its range has a row of its own."""
    sets = Counter(row.term.split(", part ")[0] for row in rows if ", part " in row.term)
    return [
        row
        for row in rows
        if ", part " not in row.term or sets[row.term.split(", part ")[0]] <= _MOST_PARTS
    ]


@styled
def plot_slopes(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the slopes below and above 20 % and their difference.

    Parameters
    ----------
    result : Result
        Result with the table ``slopes``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one dot with interval per slope.
    """
    table, title = result.table("slopes"), "Slopes below and above"
    rows = shown(table)
    ax = axes_for(ax, row_height(len(rows)))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, lambda r: r.term, _signed, null=0.0)
    ax.set_title(title)
    ax.set_xlabel(result.estimand.unit)
    caption(ax, result, table, what=f"{table.title}.")
    return ax


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


@styled
def plot_operating_points(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw what each alarm step catches: sensitivity, specificity, PPV and share flagged.

    Parameters
    ----------
    result : Result
        Result with the table ``operating_points``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one block per step, one dot with interval per measure.
    """
    table, title = result.table("operating_points"), "What an alarm at each step says"
    rows = shown(table)
    rows = _by_measure(rows)
    ax = axes_for(ax, 1.5 + 0.4 * max(len(rows), 3))
    if not rows:
        return empty(ax, result, table, title)
    draw_intervals(ax, rows, _measure, lambda value: per_cent(value, 1))
    ax.set_xlim(-0.02, 1.02)
    per_cent_axis(ax, "x")
    ax.set_title(title)
    ax.set_xlabel("share")
    what = "Open: an alarm that knows nothing."
    caption(ax, result, table, what=what, n=most_pupils(table), definition=table.note)
    return ax


def _by_measure(rows: Sequence[Estimate]) -> list[Estimate]:
    """Put the steps of one measure side by side, and a benchmark below what it is one for."""
    terms = list(dict.fromkeys(row.term for row in rows if not is_benchmark(row)))
    place = {term: float(index) for index, term in enumerate(terms)}

    def order(row: Estimate) -> tuple[float, float]:
        like = [place[term] + 0.5 for term in terms if row.term.startswith(term)]
        return place.get(row.term, max(like, default=float(len(terms)))), row.threshold or 0.0

    return sorted(rows, key=order)


def _measure(row: Estimate) -> str:
    return row.term if row.threshold is None else f"{row.term}, {per_cent(row.threshold)} step"


def _step_colours(rows: Sequence[Estimate]) -> dict[float, str]:
    steps = sorted({row.threshold for row in rows if row.threshold is not None})
    spread = STEPS if len(steps) <= len(STEPS) else STEPS * len(steps)
    return dict(zip(steps, spread, strict=False))


@styled
def plot_alarms(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw alarms per 1,000 pupils month by month, one line per step.

    Parameters
    ----------
    result : Result
        Result with the table ``alarms`` (time as yyyymm).
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes; months without a number are left open.
    """
    table, title = result.table("alarms"), "Alarms month by month"
    rows = shown(table)
    ax = axes_for(ax, 3.9)
    if not rows:
        return empty(ax, result, table, title)
    months = sorted({row.time for row in table.rows if row.time is not None})
    place = {month: index for index, month in enumerate(months)}
    colours = _step_colours(rows)
    for index, (step, colour) in enumerate(colours.items()):
        line = sorted((r for r in rows if r.threshold == step), key=lambda r: r.time or 0.0)
        _month_line(ax, line, place, colour, MARKERS[index % len(MARKERS)])
    ax.set_xticks(range(len(months)), [_month(month, months[0]) for month in months])
    ax.set_xlim(-0.4, len(months) - 0.2)
    ax.set_ylim(bottom=0)
    ax.set_title(title)
    ax.set_ylabel("alarms per 1,000 pupils")
    caption(ax, result, table, below=38.0, n=most_pupils(table), definition=table.note)
    return ax


def _month_line(
    ax: Axes, rows: Sequence[Estimate], place: dict[float, int], colour: str, marker: str
) -> None:
    name = per_cent(rows[0].threshold or 0.0)
    y = {place[row.time or 0.0]: row for row in rows}
    x = range(min(y), max(y) + 1)
    values = [y[i].estimate or 0.0 if i in y else float("nan") for i in x]
    ax.plot(x, values, color=colour, marker=marker, ms=5, label=name, zorder=3)
    ax.annotate(
        f"{name} step",
        (x[-1], values[-1]),
        xytext=(8, 0),
        textcoords="offset points",
        color=colour,
        weight="bold",
        fontsize=9,
        va="center",
        annotation_clip=False,
    )
    for at, row in y.items():
        if row.conf_low is not None and row.conf_high is not None:
            ax.plot([at, at], [row.conf_low, row.conf_high], color=colour, linewidth=1.2, alpha=0.7)


def _month(month: float, first: float) -> str:
    year, number = divmod(int(month), 100)
    if not 1 <= number <= len(_MONTHS):
        return f"{month:g}"
    name = _MONTHS[number - 1]
    return f"{name}\n{year}" if month == first or number == 1 else name
