"""What all blocks of a world share: its parameters, days, schools, classes and staircase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.policy import Staircase
from absence_risk.synthetic.corrections import late_by_class
from absence_risk.synthetic.counter import lanes
from absence_risk.synthetic.reporting import unreported_by_class
from absence_risk.synthetic.schools import GRADES, draw_schools
from absence_risk.synthetic.surroundings import Surroundings, interferes
from absence_risk.synthetic.timetable import draw_timetable

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.schools import Schools
    from absence_risk.synthetic.timetable import Timetable

__all__ = ["Setting", "draw_setting"]


@dataclass(frozen=True, eq=False)
class Setting:
    """What all blocks of a world share.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    year : SchoolCalendar
        The school days.
    schools : Schools
        The schools.
    staircase : Staircase
        The steps that lead to referral.
    unreported : numpy.ndarray of uint8, shape (n_days, n_classes)
        Lessons not reported, as bits.
    population : int
        Number of pupils of the whole world.
    surroundings : Surroundings or None
        What pupils of a school share; None where they are independent of each other.
    timetable : Timetable
        The lessons of a week in each class.
    late_records : numpy.ndarray of uint8, shape (n_classes, n_days, 8), or None
        Days by which the report of a lesson is late; None where none is.
    """

    scenario: Scenario
    year: SchoolCalendar
    schools: Schools
    staircase: Staircase
    unreported: npt.NDArray[np.uint8]
    population: int
    surroundings: Surroundings | None
    timetable: Timetable
    late_records: npt.NDArray[np.uint8] | None


def draw_setting(scenario: Scenario, seed: int, pupils: int) -> Setting:
    """Draw what all blocks of a world share.

    Parameters
    ----------
    scenario : Scenario
        Parameters.
    seed : int
        Seed of the world.
    pupils : int
        Number of pupils of the whole world.

    Returns
    -------
    Setting
        The school days, schools and classes; surroundings still to be made.
    """
    year = scenario.calendar.school_days()
    schools = draw_schools(scenario, seed, pupils)
    return Setting(
        scenario=scenario,
        year=year,
        schools=schools,
        staircase=Staircase.preset(scenario.referral.staircase),
        unreported=unreported_by_class(scenario.reporting, schools, seed, len(year)),
        population=pupils,
        surroundings=_surroundings(scenario, seed, len(schools), year),
        timetable=draw_timetable(scenario, seed, len(schools)),
        late_records=late_by_class(scenario.corrections, seed, len(schools), len(year)),
    )


def _surroundings(
    scenario: Scenario, seed: int, schools: int, year: SchoolCalendar
) -> Surroundings | None:
    """Return surroundings to be made, or None where pupils are independent of each other."""
    if not interferes(scenario.interference):
        return None
    return Surroundings(
        scenario.interference,
        lanes(seed, np.arange(schools)),
        classes=schools * GRADES,
        weeks=year.n_weeks,
        months=len(year.months.label),
    )
