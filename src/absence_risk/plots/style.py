"""One quiet, colour-blind-safe look, applied without touching the user's settings."""

from __future__ import annotations

import functools
import textwrap
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from absence_risk.disclosure.cells import is_blank
from absence_risk.disclosure.notes import fewer_than

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result, Table

__all__ = [
    "BENCHMARK",
    "COLOURS",
    "INK",
    "MAIN",
    "MUTED",
    "STEPS",
    "STYLE",
    "axes_for",
    "caption",
    "count",
    "empty",
    "label_with_n",
    "most_pupils",
    "per_cent",
    "per_cent_axis",
    "said_hidden",
    "shown",
    "styled",
    "write_caption",
]

INK = "#222222"
MUTED = "#5f5f5f"
MAIN = "#0072B2"
BENCHMARK = "#7a7a7a"
COLOURS = (MAIN, "#D55E00", "#009E73", "#A0527E", "#8A6D00", "#3B3B98")
"""Okabe and Ito's palette, darkened where a thin line on white would be too faint."""

STEPS = ("#4A97C9", "#0072B2", "#00324F")
"""Light to dark: the higher the step, the darker."""

MARKERS = ("o", "s", "^", "D", "v", "P")

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9a9a9a",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "text.color": INK,
    "lines.linewidth": 2.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "absence_risk",
}
"""Settings of every figure. Text stays text in SVG: it can be read aloud, searched and scanned."""

WIDTH = 6.4
_CAPTION_SIZE = 8.0
_CAPTION_CHARS_PER_INCH = 17.5

P = ParamSpec("P")


def styled(plot: Callable[P, Axes]) -> Callable[P, Axes]:
    """Run a plot function under `STYLE` and leave the user's settings as they were.

    Parameters
    ----------
    plot : callable
        The function.

    Returns
    -------
    callable
        The same function, drawn in the style.
    """

    @functools.wraps(plot)
    def inner(*args: P.args, **kwargs: P.kwargs) -> Axes:
        with mpl.rc_context(STYLE):
            return plot(*args, **kwargs)

    return inner


def axes_for(ax: Axes | None, height: float) -> Axes:
    """Return the given axes, or the axes of a new figure that no global state knows.

    Parameters
    ----------
    ax : Axes or None
        Axes to draw on.
    height : float
        Height of a new figure in inches.

    Returns
    -------
    Axes
        The axes.
    """
    if ax is not None:
        return ax
    return Figure(figsize=(WIDTH, height), layout="constrained").add_subplot()


def shown(table: Table) -> list[Estimate]:
    """Return the rows that can be drawn: those with an estimate.

    Parameters
    ----------
    table : Table
        The table.

    Returns
    -------
    list of Estimate
        Rows in their order.
    """
    return [row for row in table.rows if row.estimate is not None]


def per_cent(value: float, digits: int = 0) -> str:
    """Return a share as per cent.

    Parameters
    ----------
    value : float
        The share as a fraction.
    digits : int
        Decimals.

    Returns
    -------
    str
        For example ``"20 %"``.

    Examples
    --------
    >>> per_cent(0.2).split()
    ['20', '%']
    """
    return f"{value * 100:.{digits}f}\u00a0%".replace("-", "−")


def count(number: int) -> str:
    """Return a count with its thousands apart.

    Parameters
    ----------
    number : int
        The count.

    Returns
    -------
    str
        For example ``"12 000"`` with a narrow no-break space.

    Examples
    --------
    >>> count(840)
    '840'
    """
    return f"{number:,}".replace(",", "\u202f")


def label_with_n(row: Estimate) -> str:
    """Return the words of a row with its group and its number of pupils.

    Parameters
    ----------
    row : Estimate
        The row.

    Returns
    -------
    str
        Term, group and n, as far as they are there.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> label_with_n(Estimate(term="after", n=86)).split()
    ['after', '(n', '=', '86)']
    """
    name = row.term if row.group is None else f"{row.term}, {row.group}"
    return name if row.n is None else f"{name}   (n\u00a0=\u00a0{count(row.n)})"


def per_cent_axis(ax: Axes, which: Literal["x", "y"], sign: str = " %") -> None:
    """Label an axis of fractions in per cent.

    Parameters
    ----------
    ax : Axes
        The axes.
    which : {"x", "y"}
        Which axis.
    sign : str
        What follows the number; empty for percentage points.
    """

    def label(value: float, _: object) -> str:
        return f"{round(value * 100, 6):g}{sign}".replace("-", "−")

    (ax.xaxis if which == "x" else ax.yaxis).set_major_formatter(FuncFormatter(label))


def caption(
    ax: Axes,
    result: Result,
    table: Table,
    *,
    below: float = 42.0,
    what: str = "",
    n: int | None = None,
    definition: str = "",
) -> None:
    """Write what every figure must say under the axes: n, interval, definition, what is hidden.

    Parameters
    ----------
    ax : Axes
        The axes.
    result : Result
        The result that is drawn.
    table : Table
        The table that is drawn.
    below : float
        Distance from the axes to the text in points.
    what : str
        How to read the marks, one sentence.
    n : int or None
        Number of pupils behind the table, where it is not that of the result.
    definition : str
        Definition behind the table, where it is not that of the result.
    """
    hidden = sum(is_blank(row) for row in table.rows)
    parts = [
        what,
        f"n = {count(result.n if n is None else n)}." if result.n or n else "",
        f"Intervals: {result.conf_level * 100:g}\u00a0%.",
        _sentence(definition or result.definition),
    ]
    if hidden and "not shown" not in definition:
        parts.append(said_hidden(hidden, table.note))
    write_caption(ax, " ".join(part for part in parts if part), below=below)


def said_hidden(hidden: int, note: str) -> str:
    """Return why rows are not drawn: hidden where the note says so, else not known.

    Parameters
    ----------
    hidden : int
        Number of rows without any number, at least 1.
    note : str
        Note of their table.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> said_hidden(2, "")
    '2 rows have no number: not known.'
    """
    rows = "row" if hidden == 1 else "rows"
    if "fewer than" in note:
        verb = "is" if hidden == 1 else "are"
        return f"{hidden} {rows} {verb} not shown: fewer than {fewer_than(note)} pupils."
    return f"{hidden} {rows} {'has' if hidden == 1 else 'have'} no number: not known."


def write_caption(ax: Axes, text: str, *, below: float = 42.0) -> None:
    """Write a text under the axes.

    Parameters
    ----------
    ax : Axes
        The axes.
    text : str
        What every figure must say: n, interval, definition, what is hidden.
    below : float
        Distance from the axes to the text in points.
    """
    # Constrained layout will widen new axes by about a ninth when the figure is drawn.
    figure = ax.get_figure(root=True)
    inches = ax.get_position().width * 1.11 * (figure.get_figwidth() if figure else WIDTH)
    width = max(40, int(inches * _CAPTION_CHARS_PER_INCH))
    ax.annotate(
        textwrap.fill(text, width),
        xy=(0, 0),
        xycoords="axes fraction",
        xytext=(0, -below),
        textcoords="offset points",
        va="top",
        ha="left",
        fontsize=_CAPTION_SIZE,
        color=MUTED,
        linespacing=1.35,
        gid="caption",
        annotation_clip=False,
    )


def most_pupils(table: Table) -> int | None:
    """Return the largest n of a table: everybody it could have been about.

    Parameters
    ----------
    table : Table
        Table whose rows count different pupils.

    Returns
    -------
    int or None
        The largest n, None where no row shows one.
    """
    return max((row.n for row in table.rows if row.n is not None), default=None)


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def empty(ax: Axes, result: Result, table: Table, title: str) -> Axes:
    """Say on bare axes that nothing of a table may be shown.

    Parameters
    ----------
    ax : Axes
        The axes.
    result : Result
        The result that is drawn.
    table : Table
        The table without numbers.
    title : str
        Title of the figure.

    Returns
    -------
    Axes
        The axes.
    """
    ax.set_title(title)
    ax.set_xticks([])
    ax.set_yticks([])
    text = f"not shown: fewer than {fewer_than(table.note)} pupils"
    ax.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=ax.transAxes)
    caption(ax, result, table, below=12.0)
    return ax
