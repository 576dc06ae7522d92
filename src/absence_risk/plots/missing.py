"""How different those who never answered would have to be for the answer to change."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.plots.screen import spread_apart
from absence_risk.plots.sources import drawable
from absence_risk.plots.style import INK, MAIN, MUTED, axes_for, per_cent, styled, write_caption
from absence_risk.plots.units import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.evaluation.tipping import Tipping
    from absence_risk.plots.units import Unit

__all__ = ["plot_tipping"]

_APART = 0.24


@styled
def plot_tipping(found: Tipping, *, ax: Axes | None = None) -> Axes:
    """Draw estimate and interval over delta, the assumed difference of those not followed up.

    Parameters
    ----------
    found : Tipping
        What `PrePost.tipping_point` returned.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: lines at 0, at delta = 0 (missing at random) and where the interval meets 0, a
        dot where the estimate is 0.
    """
    rows = drawable(found.curve)
    unit = unit_of(found.curve.title)
    ax = axes_for(ax, 4.2)
    deltas = [row.time or 0.0 for row in rows]
    value = np.array([row.estimate for row in rows], dtype=float)
    low, high = (
        np.array([getattr(row, side) for row in rows], dtype=float)
        for side in ("conf_low", "conf_high")
    )
    ax.plot(deltas, value, color=MAIN, lw=2.2, gid="estimate", zorder=4)
    ax.fill_between(deltas, low, high, color=MAIN, alpha=0.2, linewidth=0, gid="interval")
    ax.axhline(0, color=INK, lw=1.0, gid="null")
    ax.axvline(0, color=MUTED, lw=1.2, ls=(0, (4, 3)), gid="mar")
    edges = [edge for edge in (found.covers_from, found.covers_to) if edge is not None]
    for edge in edges:
        ax.axvline(edge, color=MUTED, lw=1.2, ls=(0, (1, 1.5)), gid="tips")
    said = {edge: f"interval meets 0\nδ = {unit.change(edge)}" for edge in edges}
    _marks(ax, {0.0: "like the others\nδ = 0", **said}, (deltas[0], deltas[-1]))
    if deltas[0] <= found.delta <= deltas[-1]:
        ax.plot(
            [found.delta], [0], "o", color=MAIN, mfc="white", mew=1.8, ms=8, gid="zero", zorder=5
        )
    ax.set_xlim(deltas[0], deltas[-1])
    unit.axis(ax, "x", change=True)
    unit.axis(ax, "y", change=True)
    name = rows[0].term if rows else "change"
    ax.set_ylabel(f"{name},\n{unit.changes}")
    ax.set_xlabel(f"δ: how much those without follow-up differ, {unit.changes}")
    ax.set_title("What those never followed up would have to be like", pad=40)
    write_caption(ax, _said(found, unit))
    return ax


def _marks(ax: Axes, said: dict[float, str], reach: tuple[float, float]) -> None:
    """Write above the axes what the upright lines are, apart from each other."""
    low, high = reach
    at = spread_apart([(x - low) / (high - low) for x in said], _APART)
    for (x, text), place in zip(said.items(), at, strict=True):
        ax.annotate(
            text,
            (x, 1.0),
            (min(max(place, 0.06), 0.95), 1.05),
            xycoords=ax.get_xaxis_transform(),
            textcoords="axes fraction",
            ha="center",
            va="bottom",
            fontsize=8.2,
            linespacing=1.05,
            color=INK,
            gid="mark",
            arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.7, "shrinkA": 0, "shrinkB": 0},
        )


def _said(found: Tipping, unit: Unit) -> str:
    ends = [
        "the end of the scale" if edge is None else f"{unit.change(edge)}"
        for edge in (found.covers_from, found.covers_to)
    ]
    days = "" if found.in_days is None else f", {found.in_days:+.3g} school days a year"
    sd = "" if math.isnan(found.in_sd) else f", {found.in_sd:+.2g} SD of the baseline"
    parts = [
        f"The interval covers 0 for δ from {ends[0]} to {ends[1]} {unit.changes}.",
        f"Circle: the estimate is 0 at δ = {unit.change(found.delta)}{sd}{days}.",
        f"{per_cent(found.share_missing)} of the cases have no follow-up.",
        found.curve.note.replace("delta:", "δ:"),
    ]
    return " ".join(parts)
