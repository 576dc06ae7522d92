"""Before, what was to be expected, and after: the pictures of groups that a report may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk.plots.intervals import is_benchmark
from absence_risk.plots.screen import spread_apart
from absence_risk.plots.style import (
    BENCHMARK,
    INK,
    MAIN,
    MUTED,
    axes_for,
    caption,
    empty,
    shown,
    styled,
)
from absence_risk.plots.units import unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.plots.units import Unit
    from absence_risk.result import Estimate, Result

__all__ = ["plot_mean_slopes", "plot_waterfall"]

_NONE = "Nothing says what would have happened anyway"


def _levels(result: Result) -> tuple[Estimate, Estimate | None, Estimate] | None:
    """Return before, expected and after; None where they are not shown."""
    rows = shown(result.table("course"))
    expected = next((row for row in rows if is_benchmark(row)), None)
    others = [row for row in rows if row is not expected]
    return (others[0], expected, others[1]) if len(others) == 2 else None


def _beyond(result: Result, unit: Unit) -> str:
    """Return what is beyond the expected, as a title."""
    row = result.beyond
    if row.estimate is None:
        return _NONE
    said = f"{unit.change(row.estimate)} {unit.changes} beyond the expected"
    if row.conf_low is None or row.conf_high is None:
        return said
    limits = f"{unit.change(row.conf_low)} to {unit.change(row.conf_high)}"
    return f"{said}\n({result.conf_level * 100:g}\u00a0% interval {limits})"


@styled
def plot_waterfall(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw how the mean went from before over what was to be expected to after.

    Parameters
    ----------
    result : Result
        Result with the table ``course``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: before, the change expected with no programme, the change beyond it with its
        interval, after. The title says how much is beyond.
    """
    table, unit = result.table("course"), unit_of(result.estimand.unit)
    title, levels = _beyond(result, unit), _levels(result)
    ax = axes_for(ax, 4.2)
    if levels is None:
        return empty(ax, result, table, title)
    before, after = _value(levels[0]), _value(levels[2])
    known = levels[1] is not None
    expected = before if levels[1] is None else _value(levels[1])
    _level(ax, 0, before, INK, unit)
    if known:
        _step(ax, 1, before, expected, unit, expected=True)
    _step(ax, 2, expected, after, unit, expected=False, reach=1 if known else 2)
    _level(ax, 3, after, MAIN, unit)
    ends = [before, expected, after, *_interval(ax, result, expected, known=known)]
    room = 0.12 * (max(ends) - (0 if unit.per_cent else min(ends)))
    ax.set_ylim(0 if unit.per_cent else min(ends) - room, max(ends) + 1.2 * room)
    steps = ["expected with\nno programme", "beyond\nthe expected"]
    steps = steps if known else ["not known:\nno benchmark", "observed\nchange"]
    ax.set_xticks(range(4), ["before", *steps, "after"])
    ax.set_xlim(-0.5, 3.5)
    ax.tick_params(axis="x", length=0)
    unit.axis(ax, "y")
    ax.set_ylabel(unit.levels)
    ax.set_title(title)
    what = "Line beside the third bar: interval of what is beyond the expected." if known else ""
    cut = "" if unit.per_cent else " The axis does not start at the end of the scale."
    caption(ax, result, table, what=f"{what}{cut}".strip(), below=50.0)
    return ax


def _value(row: Estimate) -> float:
    return 0.0 if row.estimate is None else row.estimate


def _interval(ax: Axes, result: Result, expected: float, *, known: bool) -> list[float]:
    """Draw the interval of what is beyond the expected, and return its ends as levels."""
    low, high = result.beyond.conf_low, result.beyond.conf_high
    if not known or low is None or high is None:
        return []
    ends = [expected + low, expected + high]
    ax.plot([2.36, 2.36], ends, color=INK, lw=1.8, gid="interval", zorder=3)
    return ends


def _write(ax: Axes, x: float, y: float, text: str, *, bold: bool = True) -> None:
    ax.annotate(
        text,
        (x, y),
        (0, 6),
        textcoords="offset points",
        ha="center",
        weight="bold" if bold else "normal",
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
    )


def _level(ax: Axes, x: float, level: float, colour: str, unit: Unit) -> None:
    """Draw a level: a bar from 0 for shares, a line for a scale, which has no true zero."""
    if unit.per_cent:
        ax.bar([x], [level], width=0.55, color=colour, zorder=2)
    else:
        ax.plot([x - 0.275, x + 0.275], [level] * 2, color=colour, lw=5, solid_capstyle="butt")
    _write(ax, x, level, unit.level(level))


def _step(
    ax: Axes, x: int, start: float, end: float, unit: Unit, *, expected: bool, reach: int = 1
) -> None:
    """Draw a floating bar from one level to the next, and the lines to its neighbours."""
    for left, right, level in ((x - reach + 0.275, x, start), (x, x + 0.725, end)):
        ax.plot([left, right], [level] * 2, color=MUTED, lw=0.9, ls=(0, (2, 2)), zorder=1)
    face, edge = ("#e3e3e3", BENCHMARK) if expected else ("#8CC1E3", MAIN)
    low, high = min(start, end), max(start, end)
    ax.bar(
        [x],
        [high - low],
        bottom=low,
        width=0.55,
        facecolor=face,
        edgecolor=edge,
        hatch="////" if expected else None,
        linewidth=1.0,
        zorder=2,
    )
    _write(ax, x, high, unit.change(end - start), bold=not expected)


@styled
def plot_mean_slopes(result: Result, *, ax: Axes | None = None) -> Axes:
    """Draw the mean before and after, and the mean expected with no programme.

    The form of `plot_pupil_slopes` that a report may hold.

    Parameters
    ----------
    result : Result
        Result with the table ``course``.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: 0 before, 1 after.
    """
    table, unit = result.table("course"), unit_of(result.estimand.unit)
    levels = _levels(result)
    ax = axes_for(ax, 3.8)
    if levels is None:
        return empty(ax, result, table, _beyond(result, unit))
    before, expected, after = levels
    ends: list[tuple[Estimate, str, str, Any]] = [(after, "observed", MAIN, "-")]
    if expected is not None:
        ends.append((expected, "expected with\nno programme", BENCHMARK, (0, (4, 2))))
    places = [_value(row) for row, *_ in ends]
    reach = max(abs(_value(before) - place) for place in places) or 1.0
    labels = spread_apart(places, 0.32 * reach)
    for (row, name, colour, dash), place in zip(ends, labels, strict=True):
        start, end = _value(before), _value(row)
        ax.plot([0, 1], [start, end], color=colour, ls=dash, lw=2.6, label=name.replace("\n", " "))
        if row.conf_low is not None and row.conf_high is not None:
            ax.plot([1, 1], [row.conf_low, row.conf_high], color=colour, lw=5, alpha=0.35)
        words = f"{name}\n{unit.level(end)}"
        ax.annotate(words, (1, end), (1.06, place), va="center", color=INK, fontsize=9)
    ax.plot([0], [_value(before)], "o", color=INK, ms=7)
    ax.annotate(f"{unit.level(_value(before))}  ", (0, _value(before)), ha="right", va="center")
    ax.set_xlim(-0.25, 1.5)
    ax.margins(y=0.2)
    ax.set_xticks([0, 1], ["before", "after"])
    unit.axis(ax, "y")
    ax.set_ylabel(unit.levels)
    ax.set_title(_beyond(result, unit))
    caption(ax, result, table, what="Means of pupils with both waves.")
    return ax
