"""After a case is closed: what carries over of the team's effect, and the booster meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.counter import Purpose, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.cases import Cases
    from absence_risk.synthetic.parameters import Team
    from absence_risk.synthetic.policy_parameters import Aftercare

__all__ = ["book_boosters", "boosted", "carried_over"]


def book_boosters(
    cases: Cases, plan: Aftercare, lane: npt.NDArray[np.uint64], day: int, year: SchoolCalendar
) -> None:
    """Fix the booster meetings of the cases closed today as no longer needed, in place.

    Parameters
    ----------
    cases : Cases
        State.
    plan : Aftercare
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    day : int
        School day of closing.
    year : SchoolCalendar
        The school days; a meeting that would come after the last one is left out.
    """
    if plan.booster <= 0:
        return
    rows = np.flatnonzero(
        (cases.closed == day) & (cases.ending == ENDINGS.index("no_longer_needed"))
    )
    rows = rows[uniform(lane[rows], Purpose.BOOSTER) < plan.booster]
    least, most = plan.booster_days
    spread = (most - least + 1) * uniform(lane[rows], Purpose.BOOSTER_DAY)
    meets = day + least + np.floor(spread).astype(np.int64)
    cases.booster[rows] = np.where(meets < len(year), meets, NEVER)


def boosted(
    cases: Cases, plan: Aftercare, day: int, year: SchoolCalendar
) -> npt.NDArray[np.float64]:
    """Return the fall of the log-odds of moving up after a booster meeting.

    Parameters
    ----------
    cases : Cases
        State.
    plan : Aftercare
        Parameters.
    day : int
        First school day of the week.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64
        β_b in the school weeks after the week of the meeting, else 0.
    """
    out = np.zeros(len(cases.booster))
    rows = np.flatnonzero(cases.booster < day)
    since = year.week[day] - year.week[cases.booster[rows]]
    out[rows] = plan.booster_effect * ((since > 0) & (since <= plan.booster_weeks))
    return out


def carried_over(
    cases: Cases, plan: Aftercare, team: Team, day: int, year: SchoolCalendar
) -> npt.NDArray[np.float64]:
    """Return what is left of the team's effect after closing.

    Parameters
    ----------
    cases : Cases
        State.
    plan : Aftercare
        Parameters; ``carry_over_weeks`` is above 0.
    team : Team
        Parameters.
    day : int
        First school day of the week.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64
        effect · (1 − exp(−weeks worked/ramp)) · exp(−weeks since closing/τ_c), 0 before closing
        and where the work never started.
    """
    out = np.zeros(len(cases.closed))
    rows = np.flatnonzero((cases.closed < day) & (cases.started < NEVER))
    closed = year.week[cases.closed[rows]]
    since = year.week[day] - closed
    worked = closed - year.week[cases.started[rows]]
    effect = -team.effect * np.expm1(-worked / team.ramp_weeks)
    out[rows] = effect * np.exp(-since / plan.carry_over_weeks) * (since > 0)
    return out
