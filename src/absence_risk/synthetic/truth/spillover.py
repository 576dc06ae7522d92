"""What the actions of the staircase do to pupils who get them, and to those who do not."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.actions import are_on
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.truth.tally import Tally
from absence_risk.synthetic.truth.value import Entry, exact, mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.truth.counterfactual import Reference
    from absence_risk.synthetic.truth.value import Value
    from absence_risk.synthetic.world import World

__all__ = ["action_effects", "late_absence", "spillover_simulated", "untouched"]

_LATE = "E[share of lessons missed in the last term]"
_TOLD = {
    "total": (f"{_LATE} − the same under do(actions.chance = 0)", "all pupils"),
    "direct": (
        "part of actions.total: a pupil's own actions, while nobody else has any",
        "all pupils",
    ),
    "displacement": ("part of actions.total: places that other pupils' alarms take", "all pupils"),
    "classmates": (
        "part of actions.total: what the actions for others change in the class",
        "all pupils",
    ),
    "untouched": (
        f"{_LATE} − the same under do(actions.chance = 0)",
        "pupils for whom no action is taken in the year",
    ),
    "untouched_changed": (
        "P(lessons missed differ from those under do(actions.chance = 0))",
        "pupils for whom no action is taken in the year",
    ),
}


def spillover_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield the effect of the actions, direct and through other pupils.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Estimands named ``actions``; the first is the sum of the next three.
    """
    for name, found in action_effects(reference.world).items():
        formula, whom = _TOLD[name]
        method = "closed_form" if found.n is None else "crn_paired"
        yield Entry(f"actions.{name}", formula, whom, "share", method, found)


def action_effects(world: World) -> dict[str, Value]:
    """Return the effect of the actions on absence in the last term, in parts that sum exactly.

    With Y(policy, queues, classmates), 1 for the world and 0 for do(actions.chance = 0):
    direct Y(1,0,0) − Y(0,0,0), a pupil's own actions while nobody else has any; displacement
    Y(1,1,0) − Y(1,0,0), places taken by others; classmates Y(1,1,1) − Y(1,1,0), what the actions
    for others change in the class. Without interference the last two are 0 by construction.

    Parameters
    ----------
    world : World
        A whole world.

    Returns
    -------
    dict of str to Value
        total, direct, displacement, classmates; and of the pupils without any action,
        ``untouched`` (mean change) and ``untouched_changed`` (share whose days change).
    """
    if not are_on(world.scenario.actions):
        return dict.fromkeys(_TOLD, exact(0))
    without, school = _without_actions(world), world.pupils.school
    outcome = [late_absence(one) for one in _between(world, without)]
    parts = [mean(after - before, school) for before, after in itertools.pairwise(outcome)]
    if world.setting.surroundings is None:
        parts += [exact(0), exact(0)]
    change, rows = outcome[-1] - outcome[0], untouched(world)
    changed = (world.days.missed[rows] != without.days.missed[rows]).any(axis=1)
    values = (
        mean(change, school),
        *parts,
        mean(change[rows], school[rows]),
        mean(changed, school[rows]),
    )
    return dict(zip(_TOLD, values, strict=True))


def late_absence(world: World) -> npt.NDArray[np.float64]:
    """Return each pupil's true share of lessons missed in the last term.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        Shares.
    """
    tally = Tally(world)
    return tally.share("total", *tally.last_term)


def untouched(world: World) -> npt.NDArray[np.int64]:
    """Return the pupils for whom no action was taken in the year.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    numpy.ndarray of int64
        Rows.
    """
    return np.flatnonzero((world.taken.begins == NEVER).all(axis=(1, 2)))


def _without_actions(world: World) -> World:
    from absence_risk.synthetic.world import simulate  # noqa: PLC0415 - world imports the truth

    off = {"actions.chance": [0.0] * len(world.scenario.actions.chance)}
    return simulate(world.scenario, pupils=len(world.index), seed=world.seed, do=off)


def _between(world: World, without: World) -> list[World]:
    """Return the worlds from the one without actions to the one with them, step by step."""
    if world.setting.surroundings is None:
        return [without, world]
    return [without, world.amid(without), world.amid(without, queues=False), world]
