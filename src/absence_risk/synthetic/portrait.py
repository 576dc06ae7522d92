"""What a world looks like, in a few small frames: weeks, levels, spells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.days import GUARDIAN, ILLNESS, INVALID, LEAVE

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.synthetic.world import World

__all__ = ["REASONS", "level_shares", "spells", "weekly_absence"]

REASONS = {ILLNESS: "illness", LEAVE: "leave", GUARDIAN: "guardian", INVALID: "invalid"}
"""Names of the codes of absence; all but invalid are valid."""

_LEVELS = 6


def weekly_absence(world: World) -> pd.DataFrame:
    """Return the true absence of each school week by recorded reason.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    pandas.DataFrame
        Index ``week`` (school week, from 1); columns illness, leave, guardian and invalid:
        lessons missed ÷ lessons offered over all pupils, reported or not.

    Examples
    --------
    >>> from absence_risk.synthetic import simulate
    >>> weekly_absence(simulate(pupils=50, seed=1)).columns.tolist()
    ['illness', 'leave', 'guardian', 'invalid']
    """
    import pandas as pd  # noqa: PLC0415 - keeps the import of the package quick

    missed = np.bitwise_count(world.days.missed)
    first = np.searchsorted(world.year.week, np.arange(world.year.n_weeks))
    days = np.diff(first, append=len(world.year))
    offered = days * int(world.pupils.lessons.sum(dtype=np.int64))
    columns = {}
    for code, name in REASONS.items():
        daily = np.where(world.days.reason == code, missed, 0).sum(axis=0, dtype=np.int64)
        columns[name] = np.add.reduceat(daily, first) / offered
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(days) + 1, name="week"))


def level_shares(world: World) -> pd.DataFrame:
    """Return the share of pupils on each level of the ladder of avoidance in each school week.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    pandas.DataFrame
        Index ``week`` (school week, from 1); columns 1 (attends) to 6 (does not leave home). Rows
        add up to 1.

    Examples
    --------
    >>> from absence_risk.synthetic import simulate
    >>> level_shares(simulate(pupils=50, seed=1)).sum(axis=1).round(6).unique().tolist()
    [1.0]
    """
    import pandas as pd  # noqa: PLC0415 - keeps the import of the package quick

    level = world.days.level
    shares = {k: (level == k).mean(axis=0) for k in range(1, _LEVELS + 1)}
    return pd.DataFrame(shares, index=pd.RangeIndex(1, level.shape[1] + 1, name="week"))


def spells(world: World) -> pd.DataFrame:
    """Return the runs of school days that a pupil missed as a whole.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    pandas.DataFrame
        One row per spell: pupil (row of the world), first (index of the first school day),
        length (school days), reason (of the first day), complete (false where the year's end cuts
        the spell short).

    Examples
    --------
    >>> from absence_risk.synthetic import simulate
    >>> int(spells(simulate(pupils=50, seed=1))["length"].min())
    1
    """
    import pandas as pd  # noqa: PLC0415 - keeps the import of the package quick

    every = (1 << world.pupils.lessons.astype(np.int64)) - 1
    out = np.pad(world.days.missed == every[:, None], ((0, 0), (1, 1)))
    pupil, first = np.nonzero(out[:, 1:-1] & ~out[:, :-2])
    last = np.nonzero(out[:, 1:-1] & ~out[:, 2:])[1]
    return pd.DataFrame(
        {
            "pupil": pupil,
            "first": first,
            "length": last - first + 1,
            "reason": [REASONS[code] for code in world.days.reason[pupil, first].tolist()],
            "complete": last < len(world.year) - 1,
        }
    )
