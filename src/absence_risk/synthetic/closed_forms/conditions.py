"""Where the closed forms hold: mechanisms that would have to be integrated besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.synthetic.actions import are_on
from absence_risk.synthetic.surroundings import interferes

if TYPE_CHECKING:
    from absence_risk.synthetic.scenario import Scenario

__all__ = ["alike", "referred_by_step", "runs_freely", "team_alone_helps"]


def alike(scenario: Scenario) -> bool:
    """Return whether pupils differ by propensity, frailty, school and grade only.

    Illness with memory is left out as well: the chains carry well or ill, not for how long.

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
            scenario.illness.duration != "geometric",
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


def team_alone_helps(scenario: Scenario) -> bool:
    """Return whether a pupil's level, pressure and case fix the probabilities of the next move.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Returns
    -------
    bool
        False where valid absence, actions, classmates, boosters or carry-over change moves.
    """
    after = scenario.aftercare
    more = are_on(scenario.actions) or interferes(scenario.interference)
    more |= after.booster > 0 or after.carry_over_weeks > 0
    return scenario.avoidance.beta_valid == 0 and not more


def referred_by_step(scenario: Scenario) -> bool:
    """Return whether referral follows the month's step only, and cases end for their causes only.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Returns
    -------
    bool
        False where pupils come and go, places are few, or unbroken absence leads to referral.
    """
    stay = scenario.enrolment.joining == 0 and scenario.enrolment.leaving == 0
    places = not interferes(scenario.interference)
    return stay and places and scenario.actions.run_referral == 0
