"""Every choice of the main job in one place, so that a figure can be traced to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.evaluation.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENDINGS", "StudyPlan"]

# How a closing reason ends the time at risk of returning. "No longer needed" before a return was
# measured is an ending of its own: it is neither counted as a return nor as a failure.
ENDINGS: Mapping[str, int | None] = MappingProxyType(
    {
        "declined": 2,
        "moved": 3,
        "other_service": 4,
        "no_longer_needed": 6,
        "admin_end": None,
        "other": None,
        "unknown": None,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """The choices behind the four analyses.

    Parameters
    ----------
    conf_level : float
        Confidence level of every interval, in (0, 1).
    threshold : float
        The share of absence that claim 2 is about, in (0, 1).
    staircase : str
        Preset of the staircase that is replayed.
    event_at : float
        Absence share over the later term that an alarm should foresee, in (0, 1).
    objective : str
        What the calibrated alarm should make best. The default counts a missed pupil as much as
        four false alarms, which is an assumption of this toolkit, not an estimate.
    return_below : float
        Absence share below which a pupil counts as back, in (0, 1).
    return_weeks : int
        School weeks in a row that must lie below it.
    at_week : int
        School week after the start at which returns are compared.
    endings : mapping of str to int or None
        Event code of each closing reason; None censors.
    outcome : str
        Kind of outcome that claim 2 relates absence to.
    windows : Windows
        Windows of the before/after comparison, and the cut at which pupils are referred.
    cluster : str or None
        Column whose groups may depend within in that comparison: school_key, municipality_key, or
        None for independent pupils.
    by : str or None
        Column of its forest plot; municipality_key where there are several, else school_key, if
        None.
    scale : (float, float) or None
        Lowest and highest possible answer of the questionnaire; as seen if None.
    replicates : int
        Number of bootstrap replicates.
    minimum : int
        Smallest count that may be shown.
    """

    conf_level: float = 0.95
    threshold: float = 0.20
    staircase: str = "trosa"
    event_at: float = 0.20
    objective: str = "net_benefit(0.25)"
    return_below: float = 0.10
    return_weeks: int = 4
    at_week: int = 20
    endings: Mapping[str, int | None] = field(default_factory=lambda: ENDINGS)
    outcome: str = "grade_points"
    windows: Windows = field(default_factory=Windows)
    cluster: str | None = "school_key"
    by: str | None = None
    scale: tuple[float, float] | None = None
    replicates: int = 1000
    minimum: int = 5

    def __post_init__(self) -> None:
        """Check every choice."""
        check.probability(self.conf_level, "conf_level")
        for name in ("threshold", "event_at", "return_below"):
            check.probability(getattr(self, name), name)
        for name in ("return_weeks", "at_week", "replicates", "minimum"):
            check.positive_int(getattr(self, name), name)
