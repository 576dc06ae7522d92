"""One module per claim: a result in, matplotlib axes out; `world` draws simulated worlds.

The functions draw what stands in the tables of a result and compute nothing. matplotlib is
loaded when the first of them is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from absence_risk.plots.alarm_places import plot_groups, plot_local_thresholds
    from absence_risk.plots.alarm_threshold import (
        plot_decision_curve,
        plot_frontier,
        plot_threshold_metrics,
    )
    from absence_risk.plots.before_after import plot_mean_slopes, plot_waterfall
    from absence_risk.plots.definitions import plot_definitions
    from absence_risk.plots.escalation import plot_later_by_early, plot_odds_ratios
    from absence_risk.plots.evaluation import (
        plot_change,
        plot_responders,
        plot_wellbeing,
    )
    from absence_risk.plots.event import plot_event
    from absence_risk.plots.flow import plot_flow
    from absence_risk.plots.forest import plot_forest, plot_love
    from absence_risk.plots.gallery import figures
    from absence_risk.plots.levels import plot_levels
    from absence_risk.plots.missing import plot_tipping
    from absence_risk.plots.pupils import plot_gardner_altman, plot_pupil_slopes
    from absence_risk.plots.reliable import plot_change_distribution, plot_reliable_change
    from absence_risk.plots.survival import plot_endings, plot_relapse, plot_return
    from absence_risk.plots.thresholds import (
        plot_alarms,
        plot_break,
        plot_dose_response,
        plot_operating_points,
        plot_slopes,
    )
    from absence_risk.plots.waves import plot_waves
    from absence_risk.plots.world import (
        plot_ladder_levels,
        plot_spell_lengths,
        plot_weekly_absence,
        plot_yearly_absence,
    )
    from absence_risk.plots.years import plot_years

__all__ = [
    "figures",
    "plot_alarms",
    "plot_break",
    "plot_change",
    "plot_change_distribution",
    "plot_decision_curve",
    "plot_definitions",
    "plot_dose_response",
    "plot_endings",
    "plot_event",
    "plot_flow",
    "plot_forest",
    "plot_frontier",
    "plot_gardner_altman",
    "plot_groups",
    "plot_ladder_levels",
    "plot_later_by_early",
    "plot_levels",
    "plot_local_thresholds",
    "plot_love",
    "plot_mean_slopes",
    "plot_odds_ratios",
    "plot_operating_points",
    "plot_pupil_slopes",
    "plot_relapse",
    "plot_reliable_change",
    "plot_responders",
    "plot_return",
    "plot_slopes",
    "plot_spell_lengths",
    "plot_threshold_metrics",
    "plot_tipping",
    "plot_waterfall",
    "plot_waves",
    "plot_weekly_absence",
    "plot_wellbeing",
    "plot_yearly_absence",
    "plot_years",
]

_HOMES = {
    "figures": "gallery",
    "plot_alarms": "thresholds",
    "plot_break": "thresholds",
    "plot_change": "evaluation",
    "plot_change_distribution": "reliable",
    "plot_decision_curve": "alarm_threshold",
    "plot_definitions": "definitions",
    "plot_dose_response": "thresholds",
    "plot_endings": "survival",
    "plot_event": "event",
    "plot_flow": "flow",
    "plot_forest": "forest",
    "plot_frontier": "alarm_threshold",
    "plot_gardner_altman": "pupils",
    "plot_groups": "alarm_places",
    "plot_ladder_levels": "world",
    "plot_later_by_early": "escalation",
    "plot_levels": "levels",
    "plot_local_thresholds": "alarm_places",
    "plot_love": "forest",
    "plot_mean_slopes": "before_after",
    "plot_odds_ratios": "escalation",
    "plot_operating_points": "thresholds",
    "plot_pupil_slopes": "pupils",
    "plot_relapse": "survival",
    "plot_reliable_change": "reliable",
    "plot_responders": "evaluation",
    "plot_return": "survival",
    "plot_slopes": "thresholds",
    "plot_spell_lengths": "world",
    "plot_threshold_metrics": "alarm_threshold",
    "plot_tipping": "missing",
    "plot_waterfall": "before_after",
    "plot_waves": "waves",
    "plot_weekly_absence": "world",
    "plot_wellbeing": "evaluation",
    "plot_yearly_absence": "world",
    "plot_years": "years",
}


def __getattr__(name: str) -> Any:
    """Load a plot function when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
