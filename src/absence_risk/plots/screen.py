"""Pictures of single pupils stay on the screen of whoever may see the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.disclosure.notes import SINGLE_PUPILS
from absence_risk.plots.style import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["own_screen_only", "spread_apart"]

_ROUNDS = 100
_SAID = "single pupils: for your own screen, not for a report"


def own_screen_only(ax: Axes) -> None:
    """Mark a picture that shows single pupils, in words and for the gate.

    The report refuses to embed a figure with the mark, and `absence_risk.disclosure.scan` finds it
    in SVG and HTML files.

    Parameters
    ----------
    ax : Axes
        The axes.
    """
    ax.text(
        1.0,
        1.012,
        _SAID,
        transform=ax.transAxes,
        ha="right",
        va="bottom",
        fontsize=7.5,
        style="italic",
        color=MUTED,
        gid=SINGLE_PUPILS,
    )


def spread_apart(places: list[float], gap: float) -> list[float]:
    """Move labels apart so that none covers another, as little as needed and in their order.

    Parameters
    ----------
    places : list of float
        Where the labels would stand.
    gap : float
        Least distance between two of them.

    Returns
    -------
    list of float
        Where they stand, in the order given.

    Examples
    --------
    >>> spread_apart([1.0, 1.1, 3.0], 0.5)
    [0.8, 1.3, 3.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = [places[i] for i in order]
    for _ in range(_ROUNDS):
        for i in range(len(moved) - 1):
            short = gap - (moved[i + 1] - moved[i])
            if short > 0:
                moved[i] -= short / 2
                moved[i + 1] += short / 2
    back = [0.0] * len(places)
    for place, i in zip(moved, order, strict=True):
        back[i] = round(place, 12)
    return back
