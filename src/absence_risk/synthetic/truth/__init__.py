"""What is true of a world: the numbers that estimators aim at, each with its formula.

Values come from parameters in closed form, from quadrature, or from pairs of worlds that share
all randomness and differ by one intervention (common random numbers).
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from absence_risk.synthetic.truth.actions import actions_known, actions_simulated
from absence_risk.synthetic.truth.association import association_simulated
from absence_risk.synthetic.truth.clusters import clusters_known, clusters_simulated
from absence_risk.synthetic.truth.counterfactual import Reference
from absence_risk.synthetic.truth.escalation import escalation_known, escalation_simulated
from absence_risk.synthetic.truth.levels import levels_known, levels_simulated
from absence_risk.synthetic.truth.returns import returns_simulated
from absence_risk.synthetic.truth.spillover import spillover_simulated
from absence_risk.synthetic.truth.staircase import staircase_simulated
from absence_risk.synthetic.truth.team import team_known, team_simulated
from absence_risk.synthetic.truth.threshold import threshold_known
from absence_risk.synthetic.truth.wellbeing import wellbeing_known, wellbeing_simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.value import Entry
    from absence_risk.synthetic.world import World

__all__ = ["LEAST_PUPILS", "MOST_PUPILS", "estimands", "known", "truth_of"]

LEAST_PUPILS = 12_000
MOST_PUPILS = 24_000  # keeps time and memory of the truth bounded
_KNOWN = (
    escalation_known,
    threshold_known,
    team_known,
    actions_known,
    wellbeing_known,
    levels_known,
    clusters_known,
)
_SIMULATED = (
    escalation_simulated,
    association_simulated,
    returns_simulated,
    wellbeing_simulated,
    team_simulated,
    staircase_simulated,
    actions_simulated,
    spillover_simulated,
    levels_simulated,
    clusters_simulated,
)


def truth_of(world: World) -> dict[str, Any]:
    """Return what is true of a world.

    Parameters
    ----------
    world : World
        The simulated world. Where it has fewer than 12,000 or more than 24,000 pupils, simulated
        values come from a world of the same scenario and seed with 12,000 or 24,000.

    Returns
    -------
    dict
        preset, seed, pupils, do, parameters, sources, and estimands: a list of id, formula,
        population, unit, value, mc_se, method (closed_form, quadrature, crn_paired, simulation)
        and n. A value is null where fewer than two pupils carry it.
    """
    reference = _reference(world)
    scenario = world.scenario
    return {
        "preset": scenario.name,
        "title": scenario.title,
        "seed": world.seed,
        "pupils": len(world.index),
        "reference_pupils": len(reference.index),
        "do": dict(world.do),
        "parameters": scenario.values(),
        "sources": dict(scenario.sources),
        "estimands": [entry.as_dict() for entry in estimands(reference)],
    }


def known(scenario: Scenario) -> Iterator[Entry]:
    """Yield the estimands that follow from a scenario's numbers, without any simulation.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Yields
    ------
    Entry
        In closed form or by quadrature.
    """
    yield from chain.from_iterable(part(scenario) for part in _KNOWN)


def estimands(world: World) -> Iterator[Entry]:
    """Yield every estimand with its true value in a world.

    Parameters
    ----------
    world : World
        The world from which values are simulated where they have no closed form.

    Yields
    ------
    Entry
        Those that follow from the parameters first.
    """
    yield from known(world.scenario)
    reference = Reference(world)
    yield from chain.from_iterable(simulated(reference) for simulated in _SIMULATED)


def _reference(world: World) -> World:
    from absence_risk.synthetic.world import simulate  # noqa: PLC0415 - world imports this module

    pupils = min(max(len(world.index), LEAST_PUPILS), MOST_PUPILS)
    if pupils == len(world.index):
        return world
    return simulate(world.scenario, pupils=pupils, seed=world.seed)
