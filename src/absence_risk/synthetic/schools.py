"""Schools and municipalities: sizes, lasting differences, outbreaks of illness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, lanes, normal, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.place_parameters import Outbreak, Places
    from absence_risk.synthetic.scenario import Scenario

__all__ = ["GRADES", "NO_OUTBREAK", "Schools", "draw_school", "draw_schools"]

GRADES = 9
NO_OUTBREAK = 10_000


@dataclass(frozen=True, eq=False)
class Schools:
    """The schools of a world.

    Parameters
    ----------
    municipality : numpy.ndarray of int64, shape (n_schools,)
        Index of the municipality.
    bound : numpy.ndarray of float64, shape (n_schools,)
        Cumulative share of pupils, ending at 1.
    special : numpy.ndarray of bool, shape (n_schools,)
        Whether it is a special school.
    status : numpy.ndarray of float64, shape (n_schools,)
        Standardised mean of the latent socio-economic status of its pupils.
    effect : numpy.ndarray of float64, shape (n_schools,)
        Log-odds of moving up the ladder: school, municipality and type of school.
    illness : numpy.ndarray of float64, shape (n_schools,)
        Multiplier of the onset of illness: municipality and type of school.
    outbreak : numpy.ndarray of int64, shape (n_schools, 9)
        First school day of an outbreak of illness in each grade, or `NO_OUTBREAK`.
    unreported : numpy.ndarray of float64, shape (n_schools,)
        Share of lessons nobody reports.
    """

    municipality: npt.NDArray[np.int64]
    bound: npt.NDArray[np.float64]
    special: npt.NDArray[np.bool_]
    status: npt.NDArray[np.float64]
    effect: npt.NDArray[np.float64]
    illness: npt.NDArray[np.float64]
    outbreak: npt.NDArray[np.int64]
    unreported: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of schools."""
        return len(self.bound)


def draw_schools(scenario: Scenario, seed: int, pupils: int) -> Schools:
    """Draw the schools of a world.

    Parameters
    ----------
    scenario : Scenario
        Sections calendar, size, places, outbreak, avoidance and reporting are used.
    seed : int
        Seed of the world.
    pupils : int
        Number of pupils, which sets the number of schools.

    Returns
    -------
    Schools
        At least four, and at least one per municipality.
    """
    size, places = scenario.size, scenario.places
    count = max(4, pupils // size.pupils_per_school, size.municipalities)
    lane = lanes(seed, np.arange(count))
    special = uniform(lane, Purpose.SPECIAL_SCHOOL) < places.special_share
    weight = np.exp(size.school_size_sd * normal(lane, Purpose.SCHOOL_SIZE))
    weight[special] *= places.special_size
    bound = np.cumsum(weight) / weight.sum()
    bound[-1] = 1.0
    spread = scenario.reporting.school_sd
    report = np.exp(spread * normal(lane, Purpose.SCHOOL_REPORTING) - spread**2 / 2)
    municipality = _deal(count, size.municipalities)
    up, illness = _municipalities(places, seed, size.municipalities)
    effect = scenario.avoidance.school_sd * normal(lane, Purpose.SCHOOL_EFFECT)
    return Schools(
        municipality=municipality,
        bound=bound,
        special=special,
        status=normal(lane, Purpose.SCHOOL_STATUS),
        effect=effect + up[municipality] + places.special_up * special,
        illness=illness[municipality] * np.where(special, places.special_illness, 1.0),
        outbreak=_outbreaks(scenario, seed, count),
        unreported=np.minimum(scenario.reporting.unreported * report, 0.9),
    )


def _deal(schools: int, municipalities: int) -> npt.NDArray[np.int64]:
    """Deal schools to municipalities in falling numbers, at least one to each."""
    weight = np.arange(municipalities, 0, -1, dtype=np.float64)
    quota = 1 + np.floor((schools - municipalities) * weight / weight.sum()).astype(np.int64)
    quota[0] += schools - quota.sum()
    return np.repeat(np.arange(municipalities), quota)


def _municipalities(
    places: Places, seed: int, count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Draw log-odds of moving up the ladder, and multipliers of illness of mean 1."""
    lane = lanes(seed, np.arange(count))
    spread = places.municipality_illness_sd
    illness = np.exp(spread * normal(lane, Purpose.MUNICIPALITY_ILLNESS) - spread**2 / 2)
    return places.municipality_sd * normal(lane, Purpose.MUNICIPALITY_EFFECT), illness


def _outbreaks(scenario: Scenario, seed: int, schools: int) -> npt.NDArray[np.int64]:
    """Draw the first day of the outbreak in each grade of each school, shape (schools, 9)."""
    plan: Outbreak = scenario.outbreak
    out = np.full((schools, GRADES), NO_OUTBREAK, dtype=np.int64)
    if plan.share == 0:
        return out
    year = scenario.calendar.school_days()
    starts = np.searchsorted(year.week, np.arange(year.n_weeks))
    lane = lanes(seed, np.arange(schools * GRADES if plan.scope == "class" else schools))
    week = np.floor(year.n_weeks * uniform(lane, Purpose.OUTBREAK_WEEK)).astype(np.int64)
    first = np.where(uniform(lane, Purpose.OUTBREAK) < plan.share, starts[week], NO_OUTBREAK)
    out[:] = first.reshape(schools, -1)
    return out


def draw_school(schools: Schools, lane: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Draw the school of some pupils, in proportion to size.

    Parameters
    ----------
    schools : Schools
        The schools of the world.
    lane : numpy.ndarray of uint64
        Lanes of the pupils.

    Returns
    -------
    numpy.ndarray of int64, same shape
        Index of the school.
    """
    return np.searchsorted(schools.bound, uniform(lane, Purpose.SCHOOL)).astype(np.int64)
