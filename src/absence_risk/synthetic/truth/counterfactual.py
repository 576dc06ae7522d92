"""Paired worlds under an intervention, simulated only for pupils whom it can reach.

Pupils are independent given their schools, and draws depend on (seed, purpose, pupil, day, lesson)
only. So an intervention leaves a pupil's days bit for bit as they are unless it acts on that pupil,
and the paired world of the others need not be simulated. Who can be reached is a superset found
from the factual world; for pupils outside it the difference is exactly 0. Where pupils of a school
affect each other (section interference), each pupil is put under the intervention alone, amid the
classmates and queues of the factual world: `truth.spillover` has what changes through others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.synthetic.avoidance import first_levels
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.closed_forms.latent import expit, logit
from absence_risk.synthetic.counter import Purpose, uniform
from absence_risk.synthetic.reporting import class_index
from absence_risk.synthetic.running import DECAY
from absence_risk.synthetic.truth.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from absence_risk.synthetic.world import World

    Rows = npt.NDArray[np.int64]

__all__ = ["Pair", "Reference", "most_pressure"]

_MARGIN = 1e-9  # for rounding


@dataclass(frozen=True, eq=False)
class Pair:
    """A world under an intervention, beside the factual one.

    Parameters
    ----------
    fact : Tally
        The factual world.
    rows : numpy.ndarray of int64, shape (m,)
        Pupils of it who may differ.
    other : Tally
        These pupils under the intervention.
    """

    fact: Tally
    rows: Rows
    other: Tally

    def both(
        self, measure: Callable[[Tally], npt.NDArray[Any]], fact: npt.NDArray[Any] | None = None
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return a measure of each pupil as it is and under the intervention.

        Parameters
        ----------
        measure : callable
            Takes a `Tally` and returns an array with a first axis of pupils.
        fact : numpy.ndarray or None
            The measure of the factual world, where it is known.

        Returns
        -------
        fact, other : numpy.ndarray
            Of all pupils of the factual world.
        """
        fact = measure(self.fact) if fact is None else fact
        other = fact.copy()
        if self.rows.size:
            other[self.rows] = measure(self.other)
        return fact, other


class Reference:
    """The world from which values are simulated, with its counterfactuals.

    Parameters
    ----------
    world : World
        The factual world.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.cases = world.cases  # simulated first: pairs keep the surroundings of this world
        self.tally = Tally(world)
        self._pairs: dict[tuple[tuple[str, Any], ...], Pair] = {}

    @cached_property
    def team(self) -> Rows:
        """Pupils whose work with the team started."""
        return np.flatnonzero(self.world.cases.started < NEVER)

    @cached_property
    def avoiders(self) -> Rows:
        """Pupils who are above level 1 in some school week, or whose work with the team started."""
        above = (self.world.days.level > 1).any(axis=1)
        return np.flatnonzero(above | (self.world.cases.started < NEVER))

    def pair(self, do: Mapping[str, Any]) -> Pair:
        """Return the pair of worlds for an intervention.

        Parameters
        ----------
        do : mapping of str to float or tuple of float
            New values by dotted name: ``team.effect`` and ``wellbeing.team_gain``,
            ``label.drift_per_month``, ``avoidance.beta_valid``, ``avoidance.valid_shift``,
            ``actions.chance``; any other name is simulated for all pupils.

        Returns
        -------
        Pair
            Simulated once for each intervention.
        """
        key = tuple(sorted(do.items()))
        if key not in self._pairs:
            rows = self._reached(do)
            setting = replace(self.world.setting, scenario=self.world.scenario.with_values(do))
            part = replace(self.world.part(rows), setting=setting, do={**self.world.do, **do})
            self._pairs[key] = Pair(self.tally, rows, Tally(part))
        return self._pairs[key]

    def _reached(self, do: Mapping[str, Any]) -> Rows:
        """Return the pupils who may differ under an intervention, in order."""
        sets = [self._reached_by(name, value) for name, value in do.items()]
        return np.unique(np.concatenate(sets)) if sets else np.empty(0, dtype=np.int64)

    def _reached_by(self, name: str, value: Any) -> Rows:
        section, field = name.split(".")
        before = getattr(getattr(self.world.scenario, section), field)
        if value == before:
            return np.empty(0, dtype=np.int64)
        if section in ("team", "wellbeing"):
            return self.team
        if name == "label.drift_per_month":  # nobody on level 1 has avoidance to be labelled
            return self.avoiders
        reach = {
            "avoidance.beta_valid": self._reached_by_cause,
            "avoidance.valid_shift": self._reached_by_shift,
            "actions.chance": self._reached_by_actions,
        }
        found = reach.get(name)
        return self._all if found is None else found(np.asarray(value) - np.asarray(before))

    @property
    def _all(self) -> Rows:
        return np.arange(len(self.world.index))

    def _reached_by_cause(self, more: npt.NDArray[np.float64]) -> Rows:
        """Return who may differ if recent valid absence adds so much more to the pressure."""
        lower = bool(more <= 0) and self.world.scenario.avoidance.valid_shift >= 0
        return self.avoiders if lower else self._all

    def _reached_by_actions(self, more: npt.NDArray[np.float64]) -> Rows:
        """Return who may differ where some actions are not taken, and none besides.

        Of the pupils acted on who are on level 1 all year, those who may rise without help; all of
        them where certificates would not be asked for, which changes labels.
        """
        if (more > 0).any():
            return self._all
        plan, less = self.world.scenario.actions, more < 0
        acted = np.asarray((self.world.taken.begins < NEVER).any(axis=1))
        help_ = float(np.maximum(plan.effect, 0.0)[less].sum())
        rows = np.intersect1d(
            np.flatnonzero(acted[:, less].any(axis=1)), self._may_rise(0.0, help_)
        )
        asked = plan.certificate_step - 1
        if plan.certificate > 0 and less[asked]:
            rows = np.union1d(rows, np.flatnonzero(acted[:, asked]))
        return rows

    def _reached_by_shift(self, more: npt.NDArray[np.float64]) -> Rows:
        """Return who may differ if recent valid absence counts as more in the first term."""
        beta = self.world.scenario.avoidance.beta_valid
        if beta == 0:
            return np.empty(0, dtype=np.int64)
        return self.avoiders if beta * more < 0 else self._may_rise(float(more), 0.0)

    def _may_rise(self, shift: float, pressure: float) -> Rows:
        """Return the avoiders, and who on level 1 all year may rise under more pressure.

        The latter have a weekly draw below the raised probability; their recent valid absence
        is at most what follows from their days, since certificates can make it less.

        Parameters
        ----------
        shift : float
            Added to recent valid absence in the first term.
        pressure : float
            Log-odds added in all weeks.
        """
        avoidance, world = self.world.scenario.avoidance, self.world
        rows = np.setdiff1d(self._all, self.avoiders, assume_unique=True)
        ladder = first_levels(avoidance, world.pupils, world.schools.effect)
        steady = logit(avoidance.up[0]) + ladder.pressure[rows] + pressure
        lane, valid = world.pupils.lane[rows], np.zeros(rows.size)
        rises, year = np.zeros(rows.size, dtype=bool), world.year
        away = (self.tally.missed[rows] / self.tally.lessons[rows, None]).T
        for day in range(len(year)):
            first = year.terms[day] == year.terms[0]
            if not first and pressure == 0:
                break
            if day and year.week[day] != year.week[day - 1]:
                week = int(year.week[day])
                seen = valid + (avoidance.valid_shift + shift) * first
                most = steady + np.maximum(avoidance.beta_valid * seen / 0.1, 0)
                most += most_pressure(world, rows, week)
                draw = uniform(lane, Purpose.STAGE, week)
                rises |= draw < expit(most) + _MARGIN
            valid += DECAY * (away[day] - valid)
        return np.union1d(self.avoiders, rows[rises])


def most_pressure(world: World, rows: Rows, week: int) -> npt.NDArray[np.float64]:
    """Return the most that classmates and actions can add to the pressure of pupils without a case.

    Parameters
    ----------
    world : World
        The factual world.
    rows : numpy.ndarray of int64
        Pupils.
    week : int
        School week that begins.

    Returns
    -------
    numpy.ndarray of float64
        Log-odds, at least 0; above 0 without classmates only where an action does harm.
    """
    around, scenario = world.setting.surroundings, world.scenario
    harm = -sum(min(effect, 0.0) for effect in scenario.actions.effect)
    if around is None:
        return np.full(len(rows), harm)
    share = around.share[week, class_index(world.pupils)[rows]]
    return np.asarray(harm + np.maximum(scenario.interference.peers * share / 0.1, 0.0))
