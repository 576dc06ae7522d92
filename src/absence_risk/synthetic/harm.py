"""Grade points at the end of the year, and what absence costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, normal

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Harm
    from absence_risk.synthetic.world import World

__all__ = ["dose_response", "grade_points", "slope"]


def dose_response(harm: Harm, absence: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the points that absence adds (negative: costs).

    Parameters
    ----------
    harm : Harm
        Parameters; ``shape`` chooses the form.
    absence : numpy.ndarray of float64
        Share of the year's lessons missed.

    Returns
    -------
    numpy.ndarray of float64, same shape
        f(A) in points.
    """
    if harm.shape == "none":
        return np.zeros_like(absence)
    if harm.shape == "step":
        return np.asarray(-harm.jump * (absence >= harm.at), dtype=np.float64)
    if harm.shape == "smooth":
        return np.asarray(-harm.jump / (1 + np.exp(-(absence - harm.at) / harm.width)))
    bend = harm.bend if harm.shape == "kink" else 0.0
    lost = harm.slope * absence + bend * np.maximum(absence - harm.at, 0)
    return np.asarray(-lost / 0.1)


def slope(harm: Harm, absence: float, side: int) -> float:
    """Return the one-sided slope of the dose response, in points per 10 points of absence.

    Parameters
    ----------
    harm : Harm
        Parameters.
    absence : float
        Where, as a share.
    side : {-1, 1}
        From the left or from the right.

    Returns
    -------
    float
        f′(A±) · 0.1; the jump of a step is not part of it.
    """
    if harm.shape in ("none", "step"):
        return 0.0
    if harm.shape == "smooth":
        rise = 1 / (1 + np.exp(-(absence - harm.at) / harm.width))
        return float(-harm.jump * rise * (1 - rise) / harm.width * 0.1)
    beyond = absence > harm.at or (absence == harm.at and side > 0)
    return -harm.slope - (harm.bend if harm.shape == "kink" and beyond else 0.0)


def grade_points(
    world: World,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the grade points of a world: μ + f(A) − θ u + ε, not cut at any end.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    rows : numpy.ndarray of int64
        Pupils of the grades with grade points who were there to the end.
    points : numpy.ndarray of float64
        Points, rounded to 0.01.
    """
    harm, pupils = world.scenario.harm, world.pupils
    stayed = world.last_day == len(world.year) - 1
    rows = np.flatnonzero((pupils.grade >= harm.first_grade) & stayed)
    missed = np.bitwise_count(world.days.missed[rows]).sum(axis=1, dtype=np.int64)
    absence = missed / (pupils.lessons[rows].astype(np.int64) * len(world.year))
    points = harm.mean + dose_response(harm, absence) - harm.propensity * pupils.effect[rows]
    points += harm.noise_sd * normal(pupils.lane[rows], Purpose.HARM)
    return rows, np.round(points, 2)
