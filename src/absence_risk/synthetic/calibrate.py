"""Find the parameters of a world that meet published figures, and say how near they come.

Worlds of one seed share all randomness, so the distance to the figures is a deterministic function
of the parameters. It is made small by a trust-region search within bounds (Branch, Coleman
& Li 1999, "A subspace, interior, and conjugate gradient method for large-scale bound-constrained
minimization problems", SIAM J. Sci. Comput. 21:1–23, as `scipy.optimize.least_squares`), each
figure weighed by its tolerance.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.synthetic.aims import Aim, aim
from absence_risk.synthetic.figures import measure
from absence_risk.synthetic.scenario import Scenario
from absence_risk.synthetic.world import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.synthetic.aims import Free

__all__ = ["Calibration", "calibrate", "compare"]

_STEP = 0.05  # of a free parameter's range, for slopes: far above the grain of 20,000 pupils
_PENALTY = 0.02  # a parameter that no figure needs stays where it starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a calibration found.

    Parameters
    ----------
    aim : Aim
        Figures and free parameters.
    scenario : Scenario
        The scenario with the parameters found.
    found : mapping of str to object
        These parameters by dotted name.
    reached : numpy.ndarray of float64, shape (n_targets,)
        Figures of the scenario in the world of the search.
    worlds : int
        Worlds simulated.
    """

    aim: Aim
    scenario: Scenario
    found: Mapping[str, Any]
    reached: npt.NDArray[np.float64]
    worlds: int

    @property
    def met(self) -> bool:
        """Whether every figure lies within its tolerance."""
        return all(
            abs(value - target.value) <= target.tolerance
            for value, target in zip(self.reached, self.aim.targets, strict=True)
        )


def calibrate(
    what: str | Aim, *, pupils: int | None = None, seed: int = 1, rounds: int = 12
) -> Calibration:
    """Find parameters that meet published figures.

    Parameters
    ----------
    what : str or Aim
        Name of a calibrated preset, or an aim of one's own.
    pupils : int or None
        Pupils of each simulated world; None for those of the aim.
    seed : int
        Seed of all of them.
    rounds : int
        Most steps of the search. The first simulates a world per free parameter and one more,
        each later one a world.

    Returns
    -------
    Calibration
        The scenario found and its figures; ``met`` says whether all are within tolerance.

    Raises
    ------
    ValueError
        If the name is unknown, or a parameter or value impossible.
    """
    from scipy.optimize import least_squares  # noqa: PLC0415 - keeps the import quick

    goal = aim(what) if isinstance(what, str) else what
    base = Scenario.preset(goal.name).with_values(goal.start)
    width = np.array([free.high - free.low for free in goal.free])
    low = np.array([free.low for free in goal.free]) / width
    figures = tuple(target.figure for target in goal.targets)
    wanted = np.array([target.value for target in goal.targets])
    tolerance = np.array([target.tolerance for target in goal.targets])
    worlds = 0

    @functools.lru_cache(maxsize=1)  # the search asks for values and slopes at one place
    def reached(at: tuple[float, ...]) -> npt.NDArray[np.float64]:
        nonlocal worlds
        worlds += 1
        scenario = base.with_values(_values(base, goal.free, np.array(at) * width))
        world = simulate(scenario, pupils=pupils or goal.pupils, seed=seed)
        return measure(world, figures, goal.counted)

    def distance(at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        apart = (reached(tuple(at.tolist())) - wanted) / tolerance
        return np.concatenate([apart, _PENALTY * at * width])

    slopes = _Slopes(distance, low)
    found = least_squares(
        distance,
        np.zeros(len(goal.free)),
        jac=slopes,
        bounds=(low, low + 1),
        max_nfev=rounds,
        xtol=1e-3,
        ftol=1e-3,
    )
    values = _values(base, goal.free, found.x * width)
    scenario = base.with_values(values)
    figures_reached = wanted + found.fun[: len(wanted)] * tolerance
    return Calibration(
        aim=goal, scenario=scenario, found=values, reached=figures_reached, worlds=worlds
    )


def compare(name: str, *, pupils: int | None = None, seed: int = 1) -> pd.DataFrame:
    """Return the figures of a calibrated preset beside the published ones.

    Parameters
    ----------
    name : str
        One of `aims.aims`.
    pupils : int or None
        Pupils of the simulated world; None for those of the aim.
    seed : int
        Its seed.

    Returns
    -------
    pandas.DataFrame
        One row per figure: figure (words), published, tolerance, simulated, met, source.
    """
    import pandas as pd  # noqa: PLC0415 - keeps the import of the package quick

    goal = aim(name)
    figures = tuple(target.figure for target in goal.targets)
    values = measure(simulate(name, pupils=pupils or goal.pupils, seed=seed), figures, goal.counted)
    published = np.array([target.value for target in goal.targets])
    tolerance = np.array([target.tolerance for target in goal.targets])
    return pd.DataFrame(
        {
            "figure": [figure.label() for figure in figures],
            "published": published,
            "tolerance": tolerance,
            "simulated": values,
            "met": np.abs(values - published) <= tolerance,
            "source": [target.source for target in goal.targets],
        }
    )


class _Slopes:
    """Slopes of the distance: by differences at the start, then by Broyden's rank-one update.

    Broyden (1965), "A class of methods for solving nonlinear simultaneous equations", Math. Comp.
    19:577–593, eq. 4.5: J ← J + (Δr − J Δx) Δxᵀ / ΔxᵀΔx. It needs no further worlds.
    """

    def __init__(
        self,
        distance: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
        low: npt.NDArray[np.float64],
    ) -> None:
        self.distance, self.low = distance, low
        self.last: tuple[npt.NDArray[np.float64], ...] = ()

    def __call__(self, at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        here = self.distance(at)
        if not self.last:
            steps = np.where(at + _STEP <= self.low + 1, _STEP, -_STEP)
            moved = [self.distance(row) - here for row in at + np.diag(steps)]
            slopes = np.column_stack(moved) / steps
        else:
            before, there, slopes = self.last
            by = at - before
            if by.any():
                miss = here - there - slopes @ by
                slopes = slopes + np.outer(miss, by) / (by @ by)
        self.last = (at.copy(), here, slopes)
        return slopes


def _values(base: Scenario, free: tuple[Free, ...], at: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the free parameters' values, rounded to five significant digits."""
    out = {}
    for item, by in zip(free, at.tolist(), strict=True):
        section, name = item.parameter.split(".")
        moved = item.moved(getattr(getattr(base, section), name), by)
        values = moved if isinstance(moved, list) else [moved]
        rounded = [float(f"{value:.5g}") for value in values]
        out[item.parameter] = rounded if isinstance(moved, list) else rounded[0]
    return out
