"""What the register holds: levels of absence with intervals, before any claim is looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.definition import NUMERATORS
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.cube import Cube

__all__ = ["describe_levels"]

_CUTS = (0.10, 0.15, 0.20, 0.50)


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
    A share is a ratio of sums over schools, its variance the linearised one with G − 1 degrees of
    freedom, G schools (Cochran 1977, Sampling Techniques, eq. 11.30, without the finite-population
    correction).
    """
    totals = cube.totals("year")
    seen = totals.scheduled[:, 0] > 0
    rate = totals.rate("total")[seen, 0]
    _, school = np.unique(np.asarray(schools)[seen], return_inverse=True)
    minutes = totals.scheduled[seen, 0].astype(np.float64)
    n = len(rate)
    ones = np.ones(n)
    rows = []
    for which in NUMERATORS:
        kind = "all" if which == "total" else which
        absent = totals.absent(which)[seen, 0].astype(np.float64)
        share = _ratio(absent, minutes, school, conf_level)
        rows.append(_row(f"mean {kind} absence, share of offered time", share, n=n))
    for cut in _CUTS:
        hit = (rate >= cut).astype(np.float64)
        share = _ratio(hit, ones, school, conf_level)
        term = f"pupils absent {cut * 100:.0f} % or more"
        rows.append(_row(term, share, n=n, n_events=int(hit.sum()), threshold=cut))
    return Table(
        name="levels",
        title="Absence over the whole year (shares)",
        rows=tuple(rows),
        note=f"{conf_level * 100:g} % intervals with schools as clusters; "
        f"{replace(cube.definition, window='year').describe()}.",
    )


def _ratio(
    top: npt.NDArray[np.float64],
    bottom: npt.NDArray[np.float64],
    school: npt.NDArray[np.intp],
    conf_level: float,
) -> tuple[float, float | None]:
    """Return a ratio of sums and the half-width of its interval (None for a single school)."""
    from scipy.stats import t  # noqa: PLC0415 (importing the package must stay instant)

    share = float(top.sum() / bottom.sum())
    groups = int(school.max()) + 1
    if groups < 2:
        return share, None
    residual = np.bincount(school, weights=top - share * bottom)
    variance = groups / (groups - 1) * float((residual**2).sum()) / float(bottom.sum()) ** 2
    return share, float(t.ppf((1 + conf_level) / 2, groups - 1)) * variance**0.5


def _row(
    term: str,
    share: tuple[float, float | None],
    *,
    n: int,
    n_events: int | None = None,
    threshold: float | None = None,
) -> Estimate:
    estimate, half = share
    return Estimate(
        term=term,
        threshold=threshold,
        estimate=estimate,
        conf_low=None if half is None else max(0.0, estimate - half),
        conf_high=None if half is None else min(1.0, estimate + half),
        n=n,
        n_events=n_events,
    )
