"""Before and after pupil by pupil: for the researcher's own screen, never for a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection

from absence_risk.plots.screen import own_screen_only, spread_apart
from absence_risk.plots.style import BENCHMARK, INK, MAIN, MUTED, axes_for, styled, write_caption
from absence_risk.plots.units import unit_of
from absence_risk.stats.bootstrap import cluster_weights

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.plots.units import Unit
    from absence_risk.result import Result

__all__ = ["plot_gardner_altman", "plot_pupil_slopes"]

_PUPIL = "#b9b9b9"
_ALONE = "Here nothing says what would have happened anyway."


@styled
def plot_pupil_slopes(
    study: PrePost, outcome: str, *, result: Result | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a line for each pupil, the mean, and the mean expected with no programme.

    The picture shows single pupils: it is for the researcher's own screen, and a report refuses
    it. `plot_mean_slopes` is its form for a report.

    Parameters
    ----------
    study : PrePost
        The study.
    outcome : str
        Name of the outcome.
    result : Result or None
        What ``study.change(outcome)`` returned; asked for if None.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes: 0 before, 1 after.
    """
    result = study.change(outcome) if result is None else result
    pairs, unit = study.pairs(outcome), unit_of(study.outcomes[outcome].unit)
    both = pairs.only(pairs.complete)
    ax = axes_for(ax, 4.4)
    _pupil_lines(ax, both)
    before = float(both.pre.mean())
    ends: list[tuple[float, str, str, Any]] = [(float(both.post.mean()), "mean", MAIN, "-")]
    if result.benchmark.estimate is not None:
        level = before + result.benchmark.estimate
        ends.append((level, "expected with\nno programme", INK, (0, (4, 2))))
    for level, name, colour, dash in ends:
        ax.plot([0, 1], [before, level], color=colour, lw=2.6, ls=dash, label=name, zorder=4)
    low, high = _reach(both.pre, both.post)
    ax.set_ylim(low, high)
    labels = spread_apart([end[0] for end in ends], 0.13 * (high - low))
    for (level, name, colour, _), place in zip(ends, labels, strict=True):
        ax.annotate(
            f"{name}\n{unit.level(level)}",
            (1, level),
            (1.05, place),
            color=colour,
            va="center",
            fontsize=9,
            weight="bold",
            annotation_clip=False,
        )
    ax.annotate(unit.level(before), (-0.04, before), ha="right", va="center", weight="bold")
    ax.set_xlim(-0.22, 1.42)
    ax.set_xticks([0, 1], ["before", "after"])
    unit.axis(ax, "y")
    ax.set_ylabel(unit.levels)
    ax.set_title(f"{outcome.capitalize()} before and after, pupil by pupil", pad=20)
    own_screen_only(ax)
    beyond = f"Beyond the expected: {unit.interval(result.beyond)} {unit.changes}."
    _say(ax, result, "Grey: one line per pupil.", len(both.pre), beyond)
    return ax


def _pupil_lines(ax: Axes, both: Paired, *, width: float = 0.8) -> None:
    lines = np.stack(
        [
            np.column_stack([np.full(len(both.pre), x), y])
            for x, y in ((0, both.pre), (1, both.post))
        ],
        axis=1,
    )
    ax.add_collection(LineCollection(list(lines), colors=_PUPIL, linewidths=width, gid="pupils"))


def _reach(*values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return limits with a little room around everything that is drawn."""
    drawn = np.concatenate(values)
    low, high = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    room = 0.06 * max(high - low, 1e-6)
    return low - room, high + room


def _say(ax: Axes, result: Result, what: str, n: int, beyond: str) -> None:
    known = result.beyond.estimate is not None
    parts = [
        what,
        f"n = {n} with both waves.",
        beyond if known else _ALONE,
        f"Intervals: {result.conf_level * 100:g}\u00a0%.",
        f"{result.definition[0].upper()}{result.definition[1:]}.",
    ]
    write_caption(ax, " ".join(parts))


@styled
def plot_gardner_altman(
    study: PrePost,
    outcome: str,
    *,
    result: Result | None = None,
    replicates: int = 5_000,
    seed: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the pairs, and beside them the bootstrap distribution of the mean change.

    Pupils without a follow-up stand as open circles at the left, with their number. The picture
    shows single pupils: it is for the researcher's own screen, and a report refuses it.
    `plot_change` is its form for a report.

    Parameters
    ----------
    study : PrePost
        The study. Whole clusters are drawn where it has some, else pupils.
    outcome : str
        Name of the outcome.
    result : Result or None
        What ``study.change(outcome)`` returned; asked for if None.
    replicates : int
        Number of bootstrap samples.
    seed : int
        Seed of the bootstrap and of the places of the open circles.
    ax : Axes or None
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The axes of the pairs; the axes of the change share its place, with gid "change".
    """
    result = study.change(outcome) if result is None else result
    pairs, unit = study.pairs(outcome), unit_of(study.outcomes[outcome].unit)
    both, rng = pairs.only(pairs.complete), np.random.default_rng(seed)
    ax = axes_for(ax, 4.6)
    _pupil_lines(ax, both)
    for x, y in ((0, both.pre), (1, both.post)):
        ax.plot(np.full(len(y), x), y, "o", color=MAIN, ms=3.2, alpha=0.65, mew=0)
    alone = pairs.pre[~pairs.complete & ~np.isnan(pairs.pre)]
    if len(alone):
        at = rng.uniform(-0.30, -0.14, len(alone))
        ax.plot(at, alone, "o", mfc="none", mec=MUTED, ms=4.2, mew=0.9, gid="no-follow-up")
    before = float(both.pre.mean())
    low, high = _reach(both.pre, both.post, alone)
    ax.set_ylim(low, high)
    draws, by = _mean_changes(study, both, replicates, rng)
    _distribution(ax, draws, result, before, unit)
    ax.set_xlim(-0.42, 2.75)
    open_n = f"\nno follow-up, n = {len(alone)}" if len(alone) else ""
    ax.set_xticks([-0.1, 0.05, 1, 2.15], [open_n, "before", "after", "mean change"])
    ax.tick_params(axis="x", length=0)
    unit.axis(ax, "y")
    ax.set_ylabel(unit.levels)
    ax.set_title(f"{outcome.capitalize()}: pairs and mean change", pad=20)
    own_screen_only(ax)
    what = (
        "Right: bootstrap distribution of the mean change "
        f"({replicates} samples of {by}); dot and bar: estimate and interval of the analysis."
    )
    expected = f"Beyond the expected: {unit.interval(result.beyond)} {unit.changes}."
    _say(ax, result, what, len(both.pre), expected)
    return ax


def _mean_changes(
    study: PrePost, both: Paired, replicates: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], str]:
    """Return the mean change in each bootstrap sample, and what was drawn."""
    change = both.post - both.pre
    names = None if study.cluster is None else both.frame[study.cluster].to_numpy()
    if names is None or len(np.unique(names)) < 2:
        code, by = np.arange(len(change)), "pupils"
    else:
        code, by = np.unique(names, return_inverse=True)[1], "clusters"
    groups = int(code.max()) + 1
    weights = cluster_weights(groups, replicates, rng)
    total = weights @ np.bincount(code, weights=change, minlength=groups)
    return np.asarray(total / (weights @ np.bincount(code, minlength=groups))), by


def _distribution(
    ax: Axes, draws: npt.NDArray[np.float64], result: Result, before: float, unit: Unit
) -> None:
    """Draw the distribution on an axis of changes whose zero stands at the mean before."""
    right = ax.twinx()
    right.set_gid("change")
    low, high = ax.get_ylim()
    right.set_ylim(low - before, high - before)
    at, height = _smooth(draws)
    right.fill_betweenx(
        at,
        2.0,
        2.0 + 0.55 * height,
        color=MAIN,
        alpha=0.28,
        linewidth=0,
        gid="bootstrap",
    )
    row = result.estimate
    if row.conf_low is not None and row.conf_high is not None:
        right.plot([2, 2], [row.conf_low, row.conf_high], color=MAIN, lw=2.4)
    mean = float(draws.mean()) if row.estimate is None else row.estimate
    right.plot([2], [mean], "o", color=MAIN, ms=8)
    right.plot([0, 2.7], [0, 0], color=INK, lw=1, ls=(0, (4, 3)), gid="null")
    right.plot([1, 2.7], [mean, mean], color=MAIN, lw=1)
    expected = result.benchmark.estimate
    if expected is not None:
        right.plot([1.75, 2.7], [expected, expected], color=BENCHMARK, lw=1.6, ls=(0, (2, 1.5)))
    _change_labels(right, mean, expected, unit)
    right.grid(visible=False)
    right.spines["right"].set_visible(True)
    unit.axis(right, "y", change=True)
    right.set_ylabel(f"change, {unit.changes}")


def _smooth(draws: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Return the places and heights of a kernel density, the highest 1 (Silverman's rule)."""
    width = max(1.06 * float(draws.std()) * len(draws) ** -0.2, 1e-9)
    at = np.linspace(draws.min() - 3 * width, draws.max() + 3 * width, 160)
    count, edges = np.histogram(draws, bins=np.linspace(at[0], at[-1], 401))
    middle = (edges[1:] + edges[:-1]) / 2
    height = np.exp(-0.5 * ((at[:, None] - middle) / width) ** 2) @ count
    return at, height / height.max()


def _change_labels(right: Axes, mean: float, expected: float | None, unit: Unit) -> None:
    said = [(0.0, "no change", INK), (mean, f"mean {unit.change(mean)}", MAIN)]
    if expected is not None:
        said.append((expected, f"expected {unit.change(expected)}", MUTED))
    low, high = right.get_ylim()
    places = spread_apart([value for value, *_ in said], 0.055 * (high - low))
    for (_, text, colour), place in zip(said, places, strict=True):
        right.text(
            1.72,
            place,
            text,
            ha="right",
            va="center",
            fontsize=8.5,
            color=colour,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
        )
