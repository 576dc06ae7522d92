"""Months from referral, with the windows that a before/after study rests on."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from absence_risk.plots.sources import drawable, said_of, table_in
from absence_risk.plots.style import INK, MAIN, MUTED, axes_for, styled, write_caption
from absence_risk.plots.units import unit_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result, Table

__all__ = ["plot_event"]

_SHADES = {
    "selection": ("#f2c9b5", "///"),
    "gap": ("#d6e6f2", ""),
    "follow": ("#d9ecd9", "..."),
    "after": ("#d9ecd9", "..."),
}
"""Colour and hatching by the first word of a window, so that grey print tells them apart."""


@styled
def plot_event(source: Result | Table, *, ax: Axes | None = None) -> Axes:
    """Draw the outcome by month from referral, the windows shaded.

    Parameters
    ----------
    source : Result or Table
        What `absence_risk.evaluation.event_curve` returned, or a result with the table ``event``:
        ``time`` in months (or periods) from referral, ``group`` the window a row lies in.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: a line with its band; selection window, gap baseline and follow-up shaded and
        named above.
    """
    table = table_in(source, "event")
    rows = [row for row in drawable(table) if row.time is not None]
    rows.sort(key=lambda row: row.time or 0.0)
    unit, differs = unit_in(source, table), "ifference" in table.title
    ax = axes_for(ax, 4.0)
    times = [row.time or 0.0 for row in rows]
    ax.plot(times, [row.estimate or 0.0 for row in rows], "-o", color=MAIN, ms=5, zorder=4)
    band = [row for row in rows if row.conf_low is not None and row.conf_high is not None]
    ax.fill_between(
        [row.time or 0.0 for row in band],
        [row.conf_low or 0.0 for row in band],
        [row.conf_high or 0.0 for row in band],
        color=MAIN,
        alpha=0.18,
        linewidth=0,
        zorder=3,
    )
    for name, first, last in _windows(rows):
        _shade(ax, name, first, last)
    if differs:
        ax.axhline(0, color=MUTED, lw=1.0, ls=(0, (4, 3)), gid="null")
    else:
        ax.set_ylim(bottom=0 if unit.per_cent else None)
    ax.axvline(0, color=INK, lw=1.0, gid="referral")
    ax.set_xticks(times)
    unit.axis(ax, "y", change=differs)
    ax.set_ylabel(unit.changes if differs else unit.levels)
    ax.set_xlabel(
        "months from referral (0)" if "month" in table.title else "periods from start (0)"
    )
    ax.set_title(table.title.split(",")[0], pad=24)
    write_caption(ax, said_of(source, table), below=46.0)
    return ax


def _windows(rows: Sequence[Estimate]) -> Iterator[tuple[str, float, float]]:
    """Give each run of months in the same window that is to be shaded."""
    for name, part in itertools.groupby(rows, key=lambda row: row.group or ""):
        times = [row.time or 0.0 for row in part]
        if _first_word(name) in _SHADES:
            yield name, times[0], times[-1]


def _first_word(name: str) -> str:
    return re.split(r"\W", name, maxsplit=1)[0]


def _shade(ax: Axes, name: str, first: float, last: float) -> None:
    colour, hatch = _SHADES[_first_word(name)]
    ax.axvspan(
        first - 0.5, last + 0.5, facecolor=colour, edgecolor="white", hatch=hatch, lw=0, zorder=0,
        gid=f"window-{_first_word(name)}",
    )  # fmt: skip
    ax.text(
        (first + last) / 2,
        1.015,
        name.replace(" ", "\n", 1),
        transform=ax.get_xaxis_transform(),
        ha="center",
        va="bottom",
        fontsize=8.2,
        linespacing=1.0,
        color=INK,
    )
