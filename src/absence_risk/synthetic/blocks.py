"""A world simulated block by block: the blocks change memory and order, never the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.actions import Taken
from absence_risk.synthetic.cases import NEVER, Cases
from absence_risk.synthetic.counter import lanes
from absence_risk.synthetic.days import Days
from absence_risk.synthetic.pupils import draw_pupils
from absence_risk.synthetic.schools import draw_school
from absence_risk.synthetic.simulation import Simulated, simulate_block
from absence_risk.synthetic.surroundings import whole_schools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.setting import Setting
    from absence_risk.synthetic.surroundings import Surroundings

    Block = slice | npt.NDArray[np.int64]

__all__ = ["made_surroundings", "simulate_blocks"]


def simulate_blocks(
    setting: Setting,
    pupils: Pupils,
    *,
    seed: int,
    index: npt.NDArray[np.int64],
    block: int,
    progress: Callable[[str, float], None] | None,
) -> Simulated:
    """Simulate a school year of some pupils of a world.

    Parameters
    ----------
    setting : Setting
        What all blocks share; its surroundings are made if they are not.
    pupils : Pupils
        The pupils.
    seed : int
        Seed of the world.
    index : numpy.ndarray of int64, shape (n,)
        Their global indices.
    block : int
        Pupils simulated at a time.
    progress : callable or None
        Called with a text and a share between 0 and 1.

    Returns
    -------
    Simulated
        What happened to them, in their order.
    """
    n, year = len(index), setting.year
    days = Days.empty(n, year)
    taken = Taken.none(n, len(year.months.label), len(setting.staircase.steps))
    left = np.full(n, NEVER, dtype=np.int64)
    cases, order, done = [], [], 0
    for some in _blocks(setting, pupils, seed=seed, index=index, block=block):
        if progress is not None:
            progress("simulating", done / n)
        part = simulate_block(setting, pupils[some])
        days.put(some, part.days)
        taken.put(some, part.taken)
        left[some] = part.left
        cases.append(part.cases)
        order.append(np.arange(n)[some])
        done += len(order[-1])
    if progress is not None:
        progress("simulating", 1.0)
    joined = Cases.join(cases)
    if setting.surroundings is not None:
        joined = joined[np.argsort(np.concatenate(order))]
    return Simulated(days, joined, left, taken)


def _blocks(
    setting: Setting, pupils: Pupils, *, seed: int, index: npt.NDArray[np.int64], block: int
) -> Iterator[Block]:
    """Yield the rows of one block after another; whole schools to make the surroundings."""
    n, around = len(index), setting.surroundings
    if around is not None and not around.made:
        if n == setting.population and bool((np.diff(index) > 0).all()):
            yield from whole_schools(pupils.school, block)
            around.made = True
            return
        made_surroundings(setting, seed, block)
    yield from (slice(start, start + block) for start in range(0, max(n, 1), block))


def made_surroundings(setting: Setting, seed: int, block: int) -> Surroundings:
    """Return the surroundings, made from all pupils of the whole world if they are not yet.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    seed : int
        Seed of the world.
    block : int
        Pupils simulated at a time.

    Returns
    -------
    Surroundings
        Of the setting, complete.

    Raises
    ------
    ValueError
        If pupils of a school do not affect each other.
    """
    around = setting.surroundings
    if around is None:
        raise ValueError("The world has no interference: set interference.peers or a limit.")
    if not around.made:
        every = np.arange(setting.population)
        home = draw_school(setting.schools, lanes(seed, every))
        for some in whole_schools(home, block):
            simulate_block(setting, draw_pupils(setting.scenario, seed, setting.schools, some))
        around.made = True
    return around
