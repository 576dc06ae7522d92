"""How much absence there is, of which kind, and on which level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.closed_forms import absence, illness, ladder, lessons
from absence_risk.synthetic.closed_forms.conditions import alike, runs_freely
from absence_risk.synthetic.closed_forms.given_schools import expected_leave_share, expected_share
from absence_risk.synthetic.closed_forms.latent import latent
from absence_risk.synthetic.closed_forms.team import unreported_share
from absence_risk.synthetic.truth.value import Entry, exact, mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.synthetic.place_parameters import Illness, Leave
    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.counterfactual import Reference

__all__ = ["levels_known", "levels_simulated"]

_ALL = "all pupils"
_LONG = (3, 5, 10)  # school days of a spell


def levels_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the parameters.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Yields
    ------
    Entry
        Spells, lessons missed by level, labels, lateness and reporting.
    """
    yield from _spells(scenario)
    yield from _on_levels(scenario)
    yield from _recording(scenario)


def _spells(scenario: Scenario) -> Iterator[Entry]:
    kinds: dict[str, Illness | Leave] = {"illness": scenario.illness, "leave": scenario.leave}
    for kind, spells in kinds.items():
        whom = f"spells of {kind} not cut by the year's end"
        yield Entry(
            f"{kind}.mean_days",
            "E[school days of a spell]",
            whom,
            "school days",
            "closed_form",
            exact(spells.mean_days),
        )
        for days in _LONG:
            yield Entry(
                f"{kind}.spell_at_least_{days}_days",
                f"P(a spell lasts {days} school days or more)",
                whom,
                "share",
                "closed_form",
                exact(illness.spell_lasts(spells, days)),
            )


def _on_levels(scenario: Scenario) -> Iterator[Entry]:
    usual = lessons.usual_by_level(scenario.avoidance)
    for level in range(2, ladder.LEVELS + 1):
        yield Entry(
            f"ladder.lessons_missed_level_{level}",
            "E[share of lessons missed through avoidance in a school week] after many weeks on "
            f"level {level}, neither ill nor on leave",
            f"pupils on level {level}",
            "share",
            "closed_form",
            exact(usual[level - 1]),
        )
        for months in (0, 3, 6):
            chance = absence.valid_chance(scenario.label, level, np.array([float(months)]))[0]
            yield Entry(
                f"label.valid_level_{level}_month_{months}",
                f"P(avoidance is recorded as valid | level {level}, {months} months since level 1)",
                "days on which a pupil avoids lessons",
                "share",
                "closed_form",
                exact(chance),
            )


def _recording(scenario: Scenario) -> Iterator[Entry]:
    for level, share in enumerate(scenario.lateness.share, start=1):
        yield Entry(
            f"lateness.share_level_{level}",
            f"P(late | level {level}, first lesson attended and reported)",
            "pupil-days",
            "share",
            "closed_form",
            exact(share),
        )
    yield Entry(
        "lateness.mean_minutes",
        "E[minutes | late]",
        "late lessons",
        "minutes",
        "closed_form",
        exact((1 + scenario.lateness.minutes) / 2),
    )
    for name, missed in (("unreported", False), ("unreported_if_missed", True)):
        words = "a missed lesson is not reported" if missed else "a class's lesson is not reported"
        yield Entry(
            f"reporting.{name}",
            f"P({words}), over schools",
            "missed lessons" if missed else "all lessons",
            "share",
            "quadrature",
            exact(unreported_share(scenario.reporting, missed=missed)),
        )


def levels_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield how much absence there is.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Quadrature where nothing feeds back on the ladder, simulation elsewhere.
    """
    yield from _given_schools(reference)
    world, school = reference.world, reference.tally.school
    year = reference.tally.share()
    exactly = runs_freely(world.scenario)
    method = "quadrature" if exactly else "simulation"
    value = (
        exact(absence.expected_days(world.scenario, world.year).total.mean())
        if exactly
        else mean(year, school)
    )
    yield Entry(
        "absence.mean", "E[share of lessons missed in the year]", _ALL, "share", method, value
    )
    yield Entry(
        "absence.invalid_mean",
        "E[share of lessons missed as invalid absence]",
        _ALL,
        "share",
        "simulation",
        mean(reference.tally.share("invalid"), school),
    )
    for percent in (10, 15, 20):
        yield Entry(
            f"absence.share_above_{percent}",
            f"P(more than {percent} % of lessons missed)",
            _ALL,
            "share",
            "simulation",
            mean(year > percent / 100, school),
        )
    yield Entry(
        "absence.share_up_to_2",
        "P(at most 2 % of lessons missed)",
        _ALL,
        "share",
        "simulation",
        mean(year <= 0.02, school),
    )
    yield from _first_week(reference)
    yield from _occupancy(reference, exactly=exactly)


def _given_schools(reference: Reference) -> Iterator[Entry]:
    """Yield expected shares of illness and leave in the schools of the world."""
    world = reference.world
    kinds = {
        "illness": ("P(ill)", "frailty", expected_share),
        "leave": ("P(on leave and not ill)", "both frailties", expected_leave_share),
    }
    for name, (what, over, expected) in kinds.items():
        share = expected(world.scenario, world.schools, world.year)
        yield Entry(
            f"{name}.share",
            f"mean over school days of {what}: forward recursion over days, Gauss–Hermite over "
            f"{over}",
            "all pupil-days",
            "share",
            "quadrature",
            exact(float(share.mean())),
        )


def _first_week(reference: Reference) -> Iterator[Entry]:
    """Yield occupancy of the levels when the year begins."""
    world, scenario = reference.world, reference.world.scenario
    exactly = alike(scenario)
    kinds = latent(scenario, pressure=24, frailty=1)
    shares = ladder.first_shares(scenario.avoidance, kinds.pressure) @ kinds.weight
    for level in range(1, ladder.LEVELS + 1):
        yield Entry(
            f"ladder.first_week_level_{level}",
            f"P(level {level} in the first school week)",
            _ALL,
            "share",
            "quadrature" if exactly else "simulation",
            exact(shares[level - 1])
            if exactly
            else mean(world.days.level[:, 0] == level, reference.tally.school),
        )


def _occupancy(reference: Reference, *, exactly: bool) -> Iterator[Entry]:
    """Yield mean occupancy of the levels, and who ever avoids school."""
    world, school = reference.world, reference.tally.school
    weeks = world.year.n_weeks
    shares = ladder.level_shares(world.scenario, weeks).mean(axis=0) if exactly else None
    for level in range(1, ladder.LEVELS + 1):
        yield Entry(
            f"ladder.share_level_{level}",
            f"mean over school weeks of P(level {level})",
            _ALL,
            "share",
            "simulation" if shares is None else "quadrature",
            mean((world.days.level == level).mean(axis=1), school)
            if shares is None
            else exact(shares[level - 1]),
        )
    yield Entry(
        "ladder.ever_above_1",
        "P(above level 1 in at least one school week)",
        _ALL,
        "share",
        "simulation",
        mean((world.days.level > 1).any(axis=1), school),
    )
