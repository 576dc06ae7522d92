"""What the register holds: levels of absence with intervals, before any claim is looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.definition import NUMERATORS
from absence_risk.register.means import weighted_sums
from absence_risk.result import Table
from absence_risk.study.shares import ratio_of_sums, share_row

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.cube import Cube

__all__ = ["describe_levels"]

_CUTS = (0.10, 0.15, 0.20, 0.50)
_OVER = {"offered": "offered time", "reported": "reported time", "enrolled_days": "days enrolled"}


def describe_levels(cube: Cube, schools: npt.ArrayLike, *, conf_level: float = 0.95) -> Table:
    """Return the mean absence and the shares of pupils at or above 10, 15, 20 and 50 %.

    Parameters
    ----------
    cube : Cube
        Absence of one register.
    schools : array-like, shape (n_pupils,)
        School of each row of the cube; intervals treat schools as clusters.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Table
        Named ``levels``; estimates are shares in [0, 1], ``n`` pupils, ``n_events`` pupils at or
        above the threshold.

    Notes
    -----
    Intervals are those of `absence_risk.study.shares.ratio_of_sums`. Where the definition weighs
    pupils by months registered, so does the mean.
    """
    totals = cube.totals("year")
    seen = totals.scheduled[:, 0] > 0
    rate = totals.rate("total")[seen, 0]
    _, school = np.unique(np.asarray(schools)[seen], return_inverse=True)
    n = len(rate)
    ones = np.ones(n)
    over = f"share of {_OVER[cube.definition.denominator]}"
    if cube.definition.mean == "month_weighted":
        over = "pupils weighted by months registered"
    rows = []
    for which in NUMERATORS:
        kind = "all" if which == "total" else which
        top, bottom = weighted_sums(cube, which)
        share = ratio_of_sums(top[seen], bottom[seen], school, conf_level)
        rows.append(share_row(f"mean {kind} absence, {over}", share, n=n))
    for cut in _CUTS:
        hit = (rate >= cut).astype(np.float64)
        share = ratio_of_sums(hit, ones, school, conf_level)
        term = f"pupils absent {cut * 100:.0f} % or more"
        rows.append(share_row(term, share, n=n, n_events=int(hit.sum()), threshold=cut))
    return Table(
        name="levels",
        title="Absence over the whole year (shares)",
        rows=tuple(rows),
        note=f"{conf_level * 100:g} % intervals with schools as clusters; "
        f"{replace(cube.definition, window='year').describe()}.",
    )
