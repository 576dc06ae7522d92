"""All figures of a result, for a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from absence_risk.plots import (
    alarm_places,
    alarm_threshold,
    before_after,
    escalation,
    evaluation,
    event,
    flow,
    forest,
    levels,
    survival,
    thresholds,
    waves,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from absence_risk.result import Result

__all__ = ["PLOTS", "figures"]

PLOTS: dict[str, Callable[..., Axes]] = {
    "associations": escalation.plot_odds_ratios,
    "by_early_valid": escalation.plot_later_by_early,
    "dose_response": thresholds.plot_dose_response,
    "break_location": thresholds.plot_break,
    "slopes": thresholds.plot_slopes,
    "operating_points": thresholds.plot_operating_points,
    "alarms": thresholds.plot_alarms,
    "threshold_metrics": alarm_threshold.plot_threshold_metrics,
    "frontier": alarm_threshold.plot_frontier,
    "decision_curve": alarm_threshold.plot_decision_curve,
    "local_thresholds": alarm_places.plot_local_thresholds,
    "groups": alarm_places.plot_groups,
    "return": survival.plot_return,
    "endings": survival.plot_endings,
    "relapse": survival.plot_relapse,
    "change": evaluation.plot_change,
    "course": before_after.plot_waterfall,
    "by": forest.plot_forest,
    "event": event.plot_event,
    "waves": waves.plot_waves,
    "baseline": forest.plot_love,
    "ordinal": levels.plot_levels,
    "responders": evaluation.plot_responders,
    "wellbeing": evaluation.plot_wellbeing,
    "flow_chart": lambda result: flow.plot_flow(result.table("flow_chart")),
}
"""Which function draws which table."""


def figures(result: Result) -> dict[str, Figure]:
    """Return a figure for each table of a result that has a plot.

    Parameters
    ----------
    result : Result
        The result, protected if the figures are to leave the house.

    Returns
    -------
    dict of str to Figure
        Table name to figure, in the order of `PLOTS`.
    """
    names = {table.name for table in result.tables}
    drawn = {name: plot(result) for name, plot in PLOTS.items() if name in names}
    return {name: cast("Figure", axes.get_figure(root=True)) for name, axes in drawn.items()}
