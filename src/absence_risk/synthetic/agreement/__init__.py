"""Closed forms beside simulated worlds: two implementations of one model must agree.

Each closed form of `absence_risk.synthetic.closed_forms` is compared with what a world shows, in
units of the Monte-Carlo error by school.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from absence_risk.synthetic.agreement import cases, chains, recording
from absence_risk.synthetic.truth.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.synthetic.agreement.comparison import Comparison
    from absence_risk.synthetic.world import World

__all__ = ["SETTINGS", "agreement"]

_PARTS = (
    cases.pupils_agree,
    chains.spells_agree,
    chains.ladder_agrees,
    chains.moves_agree,
    chains.absence_agrees,
    chains.lessons_agree,
    recording.labels_agree,
    recording.lateness_agrees,
    recording.reporting_agrees,
    cases.referral_agrees,
    cases.endings_agree,
    cases.wellbeing_agrees,
    cases.harm_agrees,
)
_NOBODY_AVOIDS: dict[str, Any] = {"avoidance.first_stage": [0.0] * 5, "avoidance.up": [0.0] * 5}
_ALL_REPORTED: dict[str, Any] = {"reporting.unreported": 0.0, "reporting.absent_extra": 0.0}
_NO_FEEDBACK: dict[str, Any] = {
    "avoidance.beta_valid": 0.0,
    "team.effect": 0.0,
    "team.relapse": 0.0,
}
_MANY_CASES: dict[str, Any] = {"referral.log_odds": [-3.0, -2.0, -1.0]}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "illness and leave": {**_NOBODY_AVOIDS, **_ALL_REPORTED},
    "leave alone": {**_NOBODY_AVOIDS, **_ALL_REPORTED, "illness.onset_rate": 0.0},
    "avoidance alone": {**_NO_FEEDBACK, "illness.onset_rate": 0.0, "leave.onset_rate": 0.0},
    "no feedback": {**_NO_FEEDBACK, **_MANY_CASES},
    "a team at work": {**_MANY_CASES, "avoidance.beta_valid": 0.0},
    "cases by chance": {
        **_MANY_CASES,
        "avoidance.beta_valid": 0.0,
        "team.no_longer_needed": 0.0,
        "team.declined": 0.02,
        "team.moved": 0.03,
        "team.other_service": 0.01,
        "team.other_service_per_level": 0.0,
        "wellbeing.per_level": 0.0,
        "wellbeing.propensity": 0.0,
        "wellbeing.per_10_absence": 0.0,
        "wellbeing.answer_level": 0.0,
        "wellbeing.answer_gone": 0.0,
        "harm.shape": "kink",
        "harm.bend": 30.0,
    },
}
"""Interventions on a preset under which closed forms hold; each world serves those it can."""


def agreement(world: World) -> list[Comparison]:
    """Compare every closed form that holds in a world with what the world shows.

    Parameters
    ----------
    world : World
        A simulated world. With few schools the standard errors are poor; a scenario with small
        schools has many.

    Returns
    -------
    list of Comparison
        Without those that too few units carry.

    Examples
    --------
    >>> from absence_risk.synthetic import simulate
    >>> do = {**SETTINGS["illness and leave"], "size.pupils_per_school": 20}
    >>> found = agreement(simulate(pupils=2_000, seed=1, do=do))
    >>> max(abs(one.z) for one in found) < 4
    True
    """
    tally = Tally(world)
    found = chain.from_iterable(part(tally) for part in _PARTS)
    return [one for one in found if one is not None]
