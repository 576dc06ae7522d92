"""What is true of a world: the numbers that estimators aim at, each with its formula.

Values come from parameters in closed form, from quadrature, or from pairs of worlds that share
all randomness and differ by one intervention (common random numbers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk.synthetic import effects
from absence_risk.synthetic.expected import expected_share
from absence_risk.synthetic.harm import dose_response, slope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.synthetic.effects import Value
    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.world import World

__all__ = ["LEAST_PUPILS", "MOST_PUPILS", "truth_of"]

LEAST_PUPILS = 12_000
MOST_PUPILS = 24_000  # keeps time and memory of the truth bounded
_POINTS = "outcome points per 10 points of absence"
_STARTED = "pupils whose work with the team started"


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
        "estimands": [
            *_closed(scenario),
            _illness(reference),
            *_escalation(reference),
            *_team(reference),
            *_described(reference),
        ],
    }


def _reference(world: World) -> World:
    from absence_risk.synthetic.world import simulate  # noqa: PLC0415 - world imports this module

    pupils = min(max(len(world.index), LEAST_PUPILS), MOST_PUPILS)
    if pupils == len(world.index):
        return world
    return simulate(world.scenario, pupils=pupils, seed=world.seed)


def _other(world: World, **changes: float) -> World:
    """Return the same world under an intervention; names have two underscores for the dot."""
    from absence_risk.synthetic.world import simulate  # noqa: PLC0415 - world imports this module

    do = {name.replace("__", "."): value for name, value in changes.items()}
    return simulate(world.scenario, pupils=len(world.index), seed=world.seed, do=do)


def _entry(
    name: str, formula: str, population: str, unit: str, *, method: str, value: Value
) -> dict[str, Any]:
    return {
        "id": name,
        "formula": formula,
        "population": population,
        "unit": unit,
        "value": None if value.value is None else round(value.value, 6),
        "mc_se": None if value.mc_se is None else round(value.mc_se, 6),
        "method": method,
        "n": value.n,
    }


def _closed(scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield what follows from the parameters alone."""
    harm = scenario.harm
    below, above = slope(harm, 0.20, -1), slope(harm, 0.20, 1)
    jump = float(harm.shape == "step" and harm.at == 0.20) * -harm.jump
    exact = effects.exact
    pupils = f"pupils of grades {harm.first_grade}–9"
    yield _entry(
        "avoidance.beta_valid",
        "β_V: log-odds of moving up the ladder in a week per 10 points of recent valid absence",
        "all pupils below level 6",
        "log-odds per 10 points",
        method="closed_form",
        value=exact(scenario.avoidance.beta_valid),
    )
    yield _entry(
        "threshold.slope_change_at_20",
        "f′(0.20+) − f′(0.20−), f the effect of the year's true absence on grade points",
        pupils,
        _POINTS,
        method="closed_form",
        value=exact(above - below),
    )
    yield _entry(
        "threshold.harm_slope",
        "f′(0.20−)",
        pupils,
        _POINTS,
        method="closed_form",
        value=exact(below),
    )
    yield _entry(
        "threshold.jump_at_20",
        "f(0.20) − f(0.20−)",
        pupils,
        "outcome points",
        method="closed_form",
        value=exact(jump),
    )
    yield _entry(
        "threshold.harm_at_20",
        "f(0.20) − f(0)",
        pupils,
        "outcome points",
        method="closed_form",
        value=exact(_harm_at(scenario, 0.20) - _harm_at(scenario, 0.0)),
    )


def _illness(world: World) -> dict[str, Any]:
    """Return the expected share of illness in the schools of a world."""
    share = expected_share(world.scenario, world.schools, world.year)
    return _entry(
        "illness.share",
        "mean over school days of P(ill): forward recursion over days, Gauss–Hermite over frailty",
        "all pupil-days",
        "share",
        method="quadrature",
        value=effects.exact(float(share.mean())),
    )


def _harm_at(scenario: Scenario, absence: float) -> float:
    import numpy as np  # noqa: PLC0415 - one call

    return float(dose_response(scenario.harm, np.array([absence]))[0])


def _escalation(world: World) -> Iterator[dict[str, Any]]:
    """Yield what valid absence does to later invalid absence."""
    without = _other(world, avoidance__beta_valid=0.0)
    more = _other(world, avoidance__valid_shift=world.scenario.avoidance.valid_shift + 0.05)
    yield _entry(
        "escalation.risk_difference_valid",
        "E[invalid share of lessons in the last term] − E[the same | do(β_V = 0)]: how much of "
        "later invalid absence valid absence has caused",
        "all pupils",
        "share",
        method="crn_paired",
        value=effects.later_invalid_difference(world, without),
    )
    yield _entry(
        "escalation.total_or_valid_5pp",
        "odds of invalid absence over lessons at risk (scheduled less valid) in the last term, "
        "under do(recent valid absence + 0.05 in the first term) over as it is; marginal, total "
        "effect (also through early invalid absence)",
        "all pupils",
        "odds ratio",
        method="crn_paired",
        value=effects.later_invalid_odds_ratio(more, world),
    )


def _team(world: World) -> Iterator[dict[str, Any]]:
    """Yield what the team does to return, absence and wellbeing."""
    without = _other(world, team__effect=0.0)
    rule = (
        "back: absence below 10 % over 4 consecutive school weeks after the start week, dated in "
        "the last of them; moves and other endings do not compete"
    )
    for weeks in (12, 20):
        whom = f"{_STARTED} at least {weeks} school weeks before the year's end"
        yield _entry(
            f"return.past_closing_week_{weeks}",
            f"P(back by week {weeks}); {rule}",
            whom,
            "share",
            method="simulation",
            value=effects.return_share(world, weeks),
        )
        yield _entry(
            f"return.past_closing_week_{weeks}_difference",
            f"P(back by week {weeks}) − P(the same | do(team effect = 0)); {rule}",
            whom,
            "share",
            method="crn_paired",
            value=effects.return_difference(world, without, weeks),
        )
    yield _entry(
        "return.relapse_share",
        "P(absence of 20 % or more over 4 consecutive school weeks within 12 weeks after return)",
        f"{_STARTED} and who were back at least 12 school weeks before the year's end",
        "share",
        method="simulation",
        value=effects.relapse_share(world, 12),
    )
    yield _entry(
        "wellbeing.absence_change_beyond",
        "E[absence share on school days 41–80 after the start] − E[the same | do(team effect = 0)]",
        f"{_STARTED} with at least 20 of these days inside the year",
        "share",
        method="crn_paired",
        value=effects.absence_beyond(world, without),
    )
    yield _entry(
        "wellbeing.theta_beyond",
        "E[latent wellbeing at the second survey] − E[the same | do(team effect = 0, gain = 0)]",
        f"{_STARTED} and whose second survey was due in both worlds",
        "latent SD units",
        method="crn_paired",
        value=effects.theta_beyond(
            world, _other(world, team__effect=0.0, wellbeing__team_gain=0.0)
        ),
    )


def _described(world: World) -> Iterator[dict[str, Any]]:
    """Yield what the world looks like."""
    for name, value in effects.closing_shares(world).items():
        yield _entry(
            f"closing.share_{name}",
            "share by state at the year's end",
            _STARTED,
            "share",
            method="simulation",
            value=value,
        )
    yield _entry(
        "wellbeing.missing_follow_up",
        "share without an answer at the second survey",
        f"{_STARTED} and whose second survey was due",
        "share",
        method="simulation",
        value=effects.missing_follow_up(world),
    )
    for name, (formula, value) in effects.levels(world).items():
        yield _entry(
            f"absence.{name}", formula, "all pupils", "share", method="simulation", value=value
        )
