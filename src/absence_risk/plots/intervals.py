"""Rows of dots with intervals, each with its words above it and its numbers at the right."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from absence_risk.plots.style import BENCHMARK, INK, MAIN, MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate

__all__ = ["draw_intervals", "is_benchmark", "row_height", "write_row"]


_LABEL_CHARS = 52
"""Longest line of words above a row; the numbers stand to the right of it."""

_BENCHMARKS = (
    "(benchmark)",
    "expected with no programme",
    "expected from the",
    "without inform",
)
_LINE = 0.36
"""Height of one more line of words, in rows."""


def row_height(count: int, labels: Iterable[str] = ()) -> float:
    """Return the height in inches of a figure with so many rows.

    Parameters
    ----------
    count : int
        Number of rows.
    labels : iterable of str
        The words above the rows, where some may need more than one line.

    Returns
    -------
    float
        Height in inches, with room for title, axis and caption.

    Examples
    --------
    >>> row_height(4)
    3.6
    """
    more = sum(textwrap.fill(words, _LABEL_CHARS).count("\n") for words in labels)
    return round(1.6 + 0.5 * (max(count, 1) + _LINE * more), 2)


def is_benchmark(row: Estimate) -> bool:
    """Return whether a row is a benchmark: what would be seen if nothing had happened.

    Parameters
    ----------
    row : Estimate
        The row.

    Returns
    -------
    bool
        True where its term or group says so.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> is_benchmark(Estimate(term="time-reversed (benchmark)"))
    True
    """
    words = f"{row.term} {row.group or ''}".lower()
    return any(word in words for word in _BENCHMARKS)


def draw_intervals(
    ax: Axes,
    rows: Sequence[Estimate],
    label: Callable[[Estimate], str],
    number: Callable[[float], str],
    *,
    null: float | None = None,
    accent: Callable[[Estimate], bool] = lambda _: False,
) -> None:
    """Draw one row per estimate, from top to bottom.

    Parameters
    ----------
    ax : Axes
        The axes; its y axis is taken over.
    rows : sequence of Estimate
        Rows with an estimate, or with limits only.
    label : callable
        The words above a row.
    number : callable
        How a number is written at the right.
    null : float or None
        Where nothing would be: a thin vertical line.
    accent : callable
        Which rows are drawn darker and bolder, because the verdict rests on them.
    """
    if null is not None:
        ax.axvline(null, color=MUTED, lw=1.0, ls=(0, (4, 3)), gid="null", zorder=1)
    y = 0.0
    for row in rows:
        words = textwrap.fill(label(row), _LABEL_CHARS)
        y -= 1.0 + _LINE * words.count("\n")
        colour = BENCHMARK if is_benchmark(row) else MAIN
        weight = "bold" if accent(row) else "normal"
        low, high = _limits(row)
        if low is not None and high is not None:
            ax.plot([low, high], [y, y], color=colour, linewidth=2.2, solid_capstyle="butt")
        face = "white" if is_benchmark(row) else colour
        marker = "D" if accent(row) else "o"
        if row.estimate is not None:
            ax.plot([row.estimate], [y], marker, color=colour, mfc=face, mew=1.6, ms=7)
        write_row(ax, y + 0.2, words, _numbers(row, number), weight)
    ax.set_ylim(y - 0.45, -0.25)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x")
    ax.margins(x=0.08)


def write_row(ax: Axes, y: float, left: str, right: str, weight: str = "normal") -> None:
    """Write the words of a row above its left end, its numbers above the right, lines behind.

    Parameters
    ----------
    ax : Axes
        The axes.
    y : float
        Where the words stand.
    left, right : str
        Words and numbers.
    weight : {"normal", "bold"}
        How heavy they are.
    """
    for x, text, side in ((0.0, left, "left"), (1.0, right, "right")):
        ax.text(
            x,
            y,
            text,
            transform=ax.get_yaxis_transform(),
            ha=side,
            va="bottom",
            linespacing=1.1,
            fontsize=9.5 if side == "left" else 9.0,
            weight=weight,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            zorder=1.5,
        )


def _limits(row: Estimate) -> tuple[float | None, float | None]:
    finite = [
        v if v is not None and math.isfinite(v) else None for v in (row.conf_low, row.conf_high)
    ]
    return finite[0], finite[1]


def _numbers(row: Estimate, number: Callable[[float], str]) -> str:
    low, high = _limits(row)
    text = "" if row.estimate is None else number(row.estimate)
    if low is None or high is None:
        return text
    return f"{text}  [{number(low)} to {number(high)}]".lstrip()
