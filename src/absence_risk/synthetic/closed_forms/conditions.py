"""Where the closed forms hold: mechanisms that would have to be integrated besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.synthetic.actions import are_on
from absence_risk.synthetic.surroundings import interferes

if TYPE_CHECKING:
    from absence_risk.synthetic.scenario import Scenario

__all__ = ["alike", "runs_freely", "whole_year"]


def alike(scenario: Scenario) -> bool:
    """Return whether pupils differ by propensity, frailty, school and grade only.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Returns
    -------
    bool
        False where municipalities, special schools, status, special support or outbreaks matter.
    """
    places, background = scenario.places, scenario.background
    return not any(
        (
            places.municipality_sd,
            places.municipality_illness_sd,
            places.special_share,
            background.low,
            background.high,
            background.sen,
            scenario.outbreak.share,
        )
    )


def runs_freely(scenario: Scenario) -> bool:
    """Return whether nothing but a pupil's own pressure moves the pupil on the ladder.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Returns
    -------
    bool
        True where pupils are alike but for that, and valid absence, the team, relapse, boosters,
        actions of the staircase and classmates change no move.
    """
    quiet = scenario.team.effect == 0 and scenario.team.relapse == 0
    quiet &= scenario.aftercare.booster == 0 and not are_on(scenario.actions)
    quiet &= not interferes(scenario.interference)
    return alike(scenario) and scenario.avoidance.beta_valid == 0 and quiet


def whole_year(scenario: Scenario) -> bool:
    """Return whether all pupils are there from the first school day until a case ends.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Returns
    -------
    bool
        False where pupils come and go besides.
    """
    return scenario.enrolment.joining == 0 and scenario.enrolment.leaving == 0
