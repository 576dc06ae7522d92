"""What a world looks like: weeks, pupils, levels of avoidance, spells.

These functions draw frames and arrays of a simulated world (see `absence_risk.synthetic.portrait`).
They hide no small cells: figures of real pupils come from a protected result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from absence_risk import check
from absence_risk.plots.style import (
    COLOURS,
    INK,
    MUTED,
    axes_for,
    count,
    per_cent,
    per_cent_axis,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "plot_ladder_levels",
    "plot_spell_lengths",
    "plot_weekly_absence",
    "plot_yearly_absence",
]

_LEVEL_COLOURS = ("#D9E8F3", "#A5CBE3", "#5FA3CE", "#0072B2", "#00324F")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
_KINDS = ("illness", "leave", "guardian", "invalid")


@styled
def plot_weekly_absence(
    weekly: pd.DataFrame, *, expected: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw absence by school week, one line per reason and one for their sum.

    Parameters
    ----------
    weekly : pandas.DataFrame
        Index: school week; one column per reason, shares of offered time, as
        `synthetic.portrait.weekly_absence` gives them.
    expected : pandas.DataFrame or None
        What was to be expected, drawn as dots: some of the same columns, by school week.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: the line "all absence" first, then one line per column, then the dots.

    Raises
    ------
    ValueError
        If the frame has no rows or no columns, or something is expected that it does not hold.
    """
    _refuse_empty(weekly.size, "weekly")
    ax = axes_for(ax, 3.6)
    week = weekly.index.to_numpy()
    ax.plot(week, weekly.sum(axis=1), color=INK, linewidth=2.4, label="all absence")
    for index, name in enumerate(weekly.columns):
        colour, dashes = _look(str(name), index)
        ax.plot(week, weekly[name], color=colour, ls=dashes, lw=1.6, label=str(name))
    if expected is not None:
        _dots(ax, weekly, expected)
    ax.set_ylim(bottom=0)
    ax.set_xlim(week[0], week[-1])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    per_cent_axis(ax, "y")
    ax.set_title("Absence by school week and reason")
    ax.set_xlabel("school week")
    ax.set_ylabel("share of offered lessons")
    ax.legend(frameon=False, fontsize=9, ncols=len(weekly.columns) + 2, loc="upper left")
    ax.set_ylim(top=1.18 * float(weekly.sum(axis=1).max()) or 1.0)
    return ax


@styled
def plot_yearly_absence(
    share: npt.ArrayLike,
    *,
    marks: Sequence[float] = (0.10, 0.20),
    ax: Axes | None = None,
) -> Axes:
    """Draw how pupils spread over shares of absence in the year, with marks at the alarm steps.

    Parameters
    ----------
    share : array-like of float, shape (n_pupils,)
        Share of the year's lessons that each pupil missed.
    marks : sequence of float
        Shares to mark; at each stands how many pupils reach it.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: bars of two points from 0 to 40 % whose heights are shares of pupils; the last
        bar holds everybody at or above 40 %.

    Raises
    ------
    ValueError
        If there are no pupils, or a share or mark is outside 0 to 1.
    """
    each = np.asarray(share, dtype=np.float64)
    _refuse_empty(each.size, "share")
    for value in (each.min(), each.max(), *marks):
        check.proportion(float(value), "share")
    # Bars are closed on the right, so that "at most 2 %" is the first: 0.02 belongs to it.
    edges = np.round(np.linspace(0, 0.40, 21), 2)
    place = np.searchsorted(edges[1:-1], each, side="left")
    place = np.where(each >= edges[-1], len(edges) - 1, place)
    height = np.bincount(place, minlength=len(edges)) / each.size
    ax = axes_for(ax, 3.6)
    colours = [COLOURS[0]] * (len(edges) - 1) + [INK]
    ax.bar(edges + 0.01, height, width=0.0185, color=colours, zorder=2)
    for mark in marks:
        ax.axvline(mark, color=INK, linewidth=1.0, linestyle=(0, (2, 2)), gid="mark")
        text = f" {per_cent(mark)} or more:\n {per_cent(float((each >= mark).mean()), 1)} of pupils"
        top = ax.get_xaxis_transform()
        ax.text(mark, 0.97, text, transform=top, va="top", ha="left", fontsize=9, color=INK)
    ax.set_xlim(0, edges[-1] + 0.02)
    ax.set_xticks([0, 0.1, 0.2, 0.3, 0.4])
    per_cent_axis(ax, "x")
    per_cent_axis(ax, "y")
    ax.set_title("Pupils by share of the year missed")
    ax.set_xlabel("absence in the year (last bar: 40 % or more)")
    ax.set_ylabel("share of pupils")
    _note(ax, f"n = {count(each.size)} pupils, mean {per_cent(float(each.mean()), 1)}.")
    return ax


@styled
def plot_ladder_levels(levels: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the share of pupils on each level of avoidance above the first, week by week.

    Parameters
    ----------
    levels : pandas.DataFrame
        Index: school week; columns 1 to 6, shares of pupils, as
        `synthetic.portrait.level_shares` gives them.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one line per level from 2 up, at the share of pupils on it or higher, and the
        bands between them.

    Raises
    ------
    ValueError
        If the frame has no rows, or no level above the first.
    """
    _refuse_empty(levels.iloc[:, 1:].size, "levels")
    ax = axes_for(ax, 3.6)
    week = levels.index.to_numpy()
    upper = levels.iloc[:, 1:]
    at_least = upper.iloc[:, ::-1].cumsum(axis=1).iloc[:, ::-1]
    for index, name in enumerate(upper.columns):
        colour = _LEVEL_COLOURS[index % len(_LEVEL_COLOURS)]
        top = at_least[name].to_numpy()
        low = top - upper[name].to_numpy()
        ax.fill_between(week, low, top, color=colour, linewidth=0, label=f"level {name}")
        ax.plot(week, top, color="white", linewidth=0.8, gid=f"level-{name}")
    ax.set_ylim(bottom=0)
    ax.set_xlim(week[0], week[-1])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    per_cent_axis(ax, "y")
    ax.set_title("Pupils on the ladder of avoidance (level 1, who attend, not drawn)")
    ax.set_xlabel("school week")
    ax.set_ylabel("share of pupils")
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


@styled
def plot_spell_lengths(
    lengths: Mapping[str, npt.ArrayLike],
    *,
    longest: int = 10,
    memoryless: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw how long spells of absence last, one line per kind.

    Spells without memory, that end each day with the same chance, have a geometric length. Where a
    line stands above the thin one of that kind, spells of that length are more frequent than that.

    Parameters
    ----------
    lengths : mapping of str to array-like of int
        Kind → length of each spell in school days, at least 1.
    longest : int
        Longest length drawn by itself; longer spells share one point.
    memoryless : bool
        Whether to add a thin line per kind: geometric lengths with the same mean.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: for each kind a line, the share of its spells by length, and a point apart for
        the longer ones; then the thin lines.

    Raises
    ------
    ValueError
        If a kind has no spells, or a spell lasts less than a day.
    """
    check.positive_int(longest, "longest")
    _refuse_empty(len(lengths), "lengths")
    ax = axes_for(ax, 3.6)
    days = np.arange(1, longest + 2)
    thin: list[tuple[npt.NDArray[np.float64], str]] = []
    for index, (name, values) in enumerate(lengths.items()):
        each = np.asarray(values, dtype=np.int64)
        _refuse_empty(each.size, f"lengths[{name!r}]")
        if each.min() < 1:
            raise ValueError(f"lengths[{name!r}] must be at least 1 day, got {each.min()}.")
        share = np.bincount(np.minimum(each, longest + 1), minlength=longest + 2)[1:] / each.size
        label = f"{name} (n\u00a0=\u00a0{count(each.size)}, mean {each.mean():.1f} days)"
        colour, dashes = _look(name, index)
        ax.plot(days[:-1], share[:-1], color=colour, ls=dashes, marker="o", label=label)
        ax.plot(days[-1:], share[-1:], color=colour, ls="none", marker="o")
        thin.append((_geometric(float(each.mean()), longest), colour))
    for share, colour in thin if memoryless else ():
        ax.plot(days[:-1], share, color=colour, lw=0.8, gid="memoryless")
    if memoryless:
        ax.plot([], [], color=MUTED, lw=0.8, label="thin: same mean, without memory")
    ax.set_ylim(bottom=0)
    ax.set_xticks(days, [*map(str, days[:-1]), f"more\nthan {longest}"])
    per_cent_axis(ax, "y")
    ax.set_title("Length of spells of whole days missed")
    ax.set_xlabel("school days")
    ax.set_ylabel("share of spells")
    ax.legend(frameon=False, fontsize=9)
    return ax


def _dots(ax: Axes, weekly: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Draw what was to be expected of some columns."""
    lost = [str(name) for name in expected.columns if name not in weekly.columns]
    if lost:
        raise ValueError(f"expected has columns that weekly has not: {', '.join(lost)}.")
    for name in expected.columns:
        colour, _ = _look(str(name), list(weekly.columns).index(name))
        ax.plot(expected.index, expected[name], ".", color=colour, ms=7, gid=f"expected-{name}")
    ax.plot([], [], ".", color=MUTED, ms=7, label="expected")


def _look(name: str, index: int) -> tuple[str, Any]:
    """Return colour and dashes of a kind: the same in every figure for reasons of absence."""
    place = _KINDS.index(name) if name in _KINDS else index
    return COLOURS[place % len(COLOURS)], _DASHES[place % len(_DASHES)]


def _geometric(mean: float, longest: int) -> npt.NDArray[np.float64]:
    """Return the share of geometric lengths of 1 to ``longest`` days with this mean."""
    return np.asarray((1 - 1 / mean) ** np.arange(longest) / mean)


def _refuse_empty(size: int, name: str) -> None:
    if size == 0:
        raise ValueError(f"{name} must not be empty.")


def _note(ax: Axes, text: str) -> None:
    """Write a line under the axes."""
    ax.annotate(
        text,
        xy=(0, 0),
        xycoords="axes fraction",
        xytext=(0, -36),
        textcoords="offset points",
        va="top",
        fontsize=8,
        color=MUTED,
        gid="caption",
        annotation_clip=False,
    )
