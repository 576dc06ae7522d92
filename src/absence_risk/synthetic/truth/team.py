"""How pupils come to the team, and how cases end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.policy import Staircase
from absence_risk.synthetic.cases import ENDINGS
from absence_risk.synthetic.closed_forms.team import closing_hazards, referral_chance
from absence_risk.synthetic.truth.returns import STARTED
from absence_risk.synthetic.truth.value import Entry, exact, mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.counterfactual import Reference

__all__ = ["team_known", "team_simulated"]


def team_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the parameters.

    Parameters
    ----------
    scenario : Scenario
        Sections referral and team are used.

    Yields
    ------
    Entry
        Estimands on the way to the team and out of it.
    """
    referral, team = scenario.referral, scenario.team
    steps = Staircase.preset(referral.staircase).steps
    at = np.array([step.at for step in steps])
    chance = referral_chance(referral, np.arange(1, len(steps) + 1), at, np.zeros(len(steps)))
    for step, share in enumerate(chance.tolist(), start=1):
        yield Entry(
            f"referral.chance_step_{step}",
            f"P(referred after a month at {100 * at[step - 1]:g} % recorded absence, none of it "
            f"invalid), step {step}",
            f"pupils of grades {referral.first_grade}–9 without a case",
            "share",
            "closed_form",
            exact(share),
        )
    pairs = (
        ("consent_share", "P(guardian and pupil consent)", "share", "decided cases"),
        ("wait_weeks", "E[school weeks from decision to start]", "school weeks", "accepted cases"),
        ("referral_days", "E[school days from alarm to referral]", "school days", "referred"),
        ("decision_days", "E[school days from referral to decision]", "school days", "referred"),
    )
    values = (
        team.consent_guardian * team.consent_pupil,
        team.waiting_weeks,
        (1 + referral.delay_days) / 2,
        (1 + team.decision_days) / 2,
    )
    for (name, formula, unit, whom), value in zip(pairs, values, strict=True):
        yield Entry(
            f"team.{name}",
            f"{formula}, were there no end of the year",
            whom,
            unit,
            "closed_form",
            exact(value),
        )
    yield from _closing(scenario)


def _closing(scenario: Scenario) -> Iterator[Entry]:
    """Yield the weekly chances of closing at a stated attendance and level."""
    team = scenario.team
    hazard = closing_hazards(team, np.array([team.least_weeks]), np.array([0.85]), np.array([2]))[
        :, 0
    ]
    whole = hazard.sum()
    for ending, part in zip(ENDINGS[1:], hazard.tolist(), strict=True):
        share = part / whole if whole > 0 else 0.0
        yield Entry(
            f"closing.weekly_chance_{ending}",
            f"P(closes as {ending.replace('_', ' ')} in a school week | least weeks over, 85 % "
            "recent attendance, level 2)",
            "open cases",
            "share",
            "closed_form",
            exact(-np.expm1(-whole) * share),
        )


def team_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield how started cases stand at the year's end.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Shares that add up to 1.
    """
    rows = reference.team
    ending = reference.world.cases.ending[rows]
    for code, name in enumerate(("open", *ENDINGS[1:])):
        yield Entry(
            f"closing.share_{name}",
            "share by state at the year's end",
            STARTED,
            "share",
            "simulation",
            mean(ending == code, reference.tally.school[rows]),
        )
