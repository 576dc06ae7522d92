"""Before against after, pupil by pupil, with the limits of reliable change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.evaluation.responders_norms import norms_of
from absence_risk.evaluation.responders_rule import reliable_classes
from absence_risk.plots.screen import own_screen_only
from absence_risk.plots.style import (
    BENCHMARK,
    COLOURS,
    INK,
    MUTED,
    axes_for,
    per_cent,
    per_cent_axis,
    styled,
    write_caption,
)
from absence_risk.plots.units import unit_of
from absence_risk.stats.reliable_change import clinical_cut_off

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.responders_rule import Classes, ReliableChange
    from absence_risk.result import Table

__all__ = ["plot_change_distribution", "plot_reliable_change"]

_LOOKS = (("v", COLOURS[1]), ("o", MUTED), ("^", COLOURS[0]), ("D", COLOURS[2]))
"""From the worst class to the best; markers differ too, so that grey print tells them apart."""


@styled
def plot_reliable_change(
    study: PrePost,
    outcome: str,
    rule: ReliableChange,
    *,
    table: Table | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw before against after with the band in which change may be error of measurement.

    The picture shows single pupils: it is for the researcher's own screen, and a report refuses
    it. `plot_responders`, which draws the same classes as shares, is its form for a report.

    Parameters
    ----------
    study : PrePost
        The study.
    outcome : str
        Name of the outcome.
    rule : ReliableChange
        Any rule but HLM, which has no limits on two measures.
    table : Table or None
        What ``study.responders(outcome, rule=rule)`` returned; asked for if None.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: identity line, band, clinical cut-offs; the legend counts the pupils, and its
        title the number expected to improve with no programme.

    Raises
    ------
    DesignError
        If the rule is HLM, or the population's values are not known.
    """
    if rule.rule == "HLM":
        raise DesignError("HLM sorts by a slope over waves; choose a rule for two measures.")
    table = study.responders(outcome, rule=rule) if table is None else table
    what, unit = study.outcomes[outcome], unit_of(study.outcomes[outcome].unit)
    sign = 1.0 if what.better == "higher" else -1.0
    norms, _ = norms_of(study, outcome, rule)
    pairs = study.pairs(outcome)
    both = pairs.only(pairs.complete)
    classes = reliable_classes(rule, norms, both.pre, sign=sign)
    ax = axes_for(ax, 5.4)
    _points(ax, both, classes)
    ends = np.array([np.min([both.pre, both.post]), np.max([both.pre, both.post])])
    ends = ends + np.array([-1, 1]) * 0.05 * max(float(np.ptp(ends)), 1e-6)
    band = sign * reliable_classes(rule, norms, ends, sign=sign).breaks[:, :2]
    ax.fill_between(
        ends, band.min(axis=1), band.max(axis=1), color="#e9e9e9", zorder=0, gid="band", lw=0
    )
    ax.plot(ends, ends, color=INK, lw=1.0, gid="identity", zorder=1)
    _cut_offs(ax, rule, higher=sign > 0)
    ax.set_xlim(*ends)
    ax.set_ylim(*ends)
    unit.axis(ax, "x")
    unit.axis(ax, "y")
    ax.grid(visible=True, axis="both")
    ax.set_xlabel(f"{outcome} before, {unit.levels}")
    ax.set_ylabel(f"{outcome} after, {unit.levels}")
    ax.set_title(f"Reliable change of {outcome} ({rule.rule})", pad=20)
    _legend(ax, table, len(both.pre), len(pairs.pre))
    own_screen_only(ax)
    what_is = "Line: no change. Grey band: change that may be error of measurement."
    cut = " Dotted: clinical cut-off." if rule.cut_off is not None else ""
    write_caption(ax, f"{what_is}{cut} {table.note}")
    return ax


def _points(ax: Axes, both: Paired, classes: Classes) -> None:
    place = classes.sort(both.post)
    for at in range(len(classes.labels) - 1, -1, -1):
        mine = place == at
        marker, colour = _LOOKS[at]
        ax.plot(
            both.pre[mine],
            both.post[mine],
            marker,
            color=colour,
            mfc="none" if at == 1 else colour,
            ms=5.5,
            mew=1.0,
            alpha=0.85,
            ls="none",
            label=f"{classes.labels[at]}: {int(mine.sum())}",
            zorder=3,
        )


def _cut_offs(ax: Axes, rule: ReliableChange, *, higher: bool) -> None:
    if rule.cut_off is None:
        return
    at = clinical_cut_off(
        rule.cut_off, clinical=rule.clinical, functional=rule.functional, higher_is_better=higher
    )
    for line in (ax.axhline, ax.axvline):
        line(at, color=BENCHMARK, lw=1.3, ls=(0, (1, 1.5)), gid="cut-off")


def _legend(ax: Axes, table: Table, followed: int, cases: int) -> None:
    """Count the pupils by class, and in the title those expected with no programme."""
    expected = [
        f"{row.term.split(',')[0]}: {row.estimate * (row.n or 0):.1f}"
        for row in table.rows
        if row.estimate is not None and row.term.endswith(", expected with no programme")
    ]
    null = "expected with no programme:\n" + "\n".join(expected)
    title = f"{null}\n\nobserved, n = {followed} (unknown: {cases - followed})"
    legend = ax.legend(
        title=title,
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        frameon=False,
        fontsize=8.5,
        title_fontsize=8.5,
        alignment="left",
        borderaxespad=0,
        handletextpad=0.3,
    )
    legend.set_gid("classes")


@styled
def plot_change_distribution(study: PrePost, outcome: str, *, ax: Axes | None = None) -> Axes:
    """Draw which share of the pupils changed by at most so much.

    The picture shows single pupils: it is for the researcher's own screen, and a report refuses
    it. `plot_responders` is its form for a report.

    Parameters
    ----------
    study : PrePost
        The study.
    outcome : str
        Name of the outcome.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: one step per pupil; lines at no change and at the median.

    Raises
    ------
    DesignError
        If nobody has both waves.
    """
    pairs, unit = study.pairs(outcome), unit_of(study.outcomes[outcome].unit)
    both = pairs.only(pairs.complete)
    change: npt.NDArray[np.float64] = np.sort(both.post - both.pre)
    if len(change) == 0:
        raise DesignError(f"Nobody has both a baseline and a follow-up of {outcome!r}.")
    ax = axes_for(ax, 4.0)
    share = np.arange(1, len(change) + 1) / len(change)
    ax.step(
        [change[0], *change], [0.0, *share], where="post", color=COLOURS[0], lw=2.0, gid="share"
    )
    middle = float(np.median(change))
    ax.axvline(0, color=INK, lw=1.0, gid="null")
    ax.axvline(middle, color=MUTED, lw=1.2, ls=(0, (4, 3)), gid="median")
    below, above = float((change < 0).mean()), float((change > 0).mean())
    for x, y, text in (
        (0.01, 0.96, f"{per_cent(below)} lower than before"),
        (0.99, 0.10, f"{per_cent(above)} higher than before"),
    ):
        ax.text(
            x,
            y,
            text,
            transform=ax.transAxes,
            ha="left" if x < 0.5 else "right",
            va="top",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
        )
    ax.set_ylim(0, 1.02)
    per_cent_axis(ax, "y")
    unit.axis(ax, "x", change=True)
    ax.set_xlabel(f"change of {outcome}, {unit.changes}")
    ax.set_ylabel("share of pupils who changed\nby at most so much")
    ax.set_title(f"Change of {outcome}, all pupils", pad=20)
    own_screen_only(ax)
    lost = len(pairs.pre) - len(change)
    write_caption(
        ax,
        f"Dashed: median {unit.change(middle)}. n = {len(change)} with both waves; of {lost} more "
        "the change is not known. A share alone does not say what would have happened anyway.",
    )
    return ax
