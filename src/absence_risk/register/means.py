"""Means over pupils: all absence over all time, or pupils' shares weighted by months registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.windows import windows_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import Numerator

__all__ = ["absence_means", "month_weighted_mean", "months_registered", "weighted_sums"]


def months_registered(cube: Cube) -> npt.NDArray[np.int64]:
    """Return in how many calendar months anything was scheduled for each pupil.

    Parameters
    ----------
    cube : Cube
        The pupil-days.

    Returns
    -------
    numpy.ndarray of int64, shape (n_pupils,)
        Number of months; short months count as well.
    """
    months = windows_of(cube.calendar, "month")
    seen = months.sums(cube.scheduled) > 0
    return np.asarray(seen.sum(axis=1), dtype=np.int64)


def month_weighted_mean(share: npt.ArrayLike, months: npt.ArrayLike) -> float:
    """Return the mean of pupils' absence shares, weighted by the months they were registered.

    This is how Danish statistics form the mean of a school or a municipality: a pupil's share is
    absent days over school days, and a pupil who was registered for half of the months counts half.
    Pooled minutes instead weigh by time scheduled, so pupils with longer days count more.

    Parameters
    ----------
    share : array-like of float, shape (n_pupils,)
        Absence share of each pupil in [0, 1]; NaN where nothing was scheduled.
    months : array-like of int, shape (n_pupils,)
        Months registered, see `months_registered`.

    Returns
    -------
    float
        Σ months · share / Σ months over pupils with a share; NaN if there is none.

    Notes
    -----
    Danish Ministry of Children and Education (uvm.dk), elevfravær; FORMATS 3.

    Examples
    --------
    >>> month_weighted_mean([0.10, 0.30], [10, 5])
    0.16666666666666666
    """
    rate, weight = np.asarray(share, dtype=np.float64), np.asarray(months, dtype=np.float64)
    known = ~np.isnan(rate)
    total = weight[known].sum()
    return float((rate[known] * weight[known]).sum() / total) if total > 0 else float("nan")


def weighted_sums(
    cube: Cube, numerator: Numerator | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what a mean adds up for each pupil, above and below the line.

    Parameters
    ----------
    cube : Cube
        The pupil-days; its definition says which mean.
    numerator : {"total", "valid", "invalid"} or None
        Which absence; the definition's numerator by default.

    Returns
    -------
    tuple of numpy.ndarray of float64, shape (n_pupils,) each
        Absence and time scheduled over the whole calendar; or months · share and months where the
        definition weighs by months. Zero for pupils with nothing scheduled.
    """
    totals = cube.totals("year")
    if cube.definition.mean == "pooled":
        return totals.absent(numerator)[:, 0].astype(float), totals.scheduled[:, 0].astype(float)
    months = months_registered(cube).astype(np.float64)
    return months * np.nan_to_num(totals.rate(numerator)[:, 0]), months


def absence_means(
    cube: Cube, groups: npt.ArrayLike | None = None, *, numerator: Numerator | None = None
) -> pd.DataFrame:
    """Return the means of groups of pupils, weighted in each way, over the whole calendar.

    Parameters
    ----------
    cube : Cube
        The pupil-days.
    groups : array-like, shape (n_pupils,) or None
        School, municipality or any other group of each row of the cube; one group if None.
    numerator : {"total", "valid", "invalid"} or None
        Which absence; the definition's numerator by default.

    Returns
    -------
    pandas.DataFrame
        One row per group in sorted order: group, n (pupils with anything scheduled), months
        (registered, summed), month_weighted, pooled (absence over time) and unweighted (mean of
        pupils' shares).

    Examples
    --------
    >>> from absence_risk.register.calendar import SchoolCalendar
    >>> from absence_risk.register.cube import Cube
    >>> from absence_risk.register.definition import AbsenceDefinition
    >>> days = SchoolCalendar(np.array(["2025-09-01", "2025-10-01"], dtype="datetime64[D]"), "HH")
    >>> ill = np.array([[1, 0], [1, 0]], dtype=np.int16)
    >>> cube = Cube(np.array([1, 2], dtype=np.uint32), days, np.array([[1, 1], [1, 0]], "i2"), ill,
    ...             0 * ill, AbsenceDefinition.preset("denmark_uvm"))
    >>> absence_means(cube)[["month_weighted", "pooled", "unweighted"]].round(3).values.tolist()
    [[0.667, 0.667, 0.75]]
    """
    import pandas as pd  # noqa: PLC0415

    totals, months = cube.totals("year"), months_registered(cube)
    share, absent = totals.rate(numerator)[:, 0], totals.absent(numerator)[:, 0]
    names = np.zeros(cube.n_pupils, dtype=np.int64) if groups is None else np.asarray(groups)
    seen = ~np.isnan(share)
    rows = []
    for name in pd.unique(pd.Series(names[seen]).sort_values()):
        mine = seen & (names == name)
        rows.append(
            {
                "group": name,
                "n": int(mine.sum()),
                "months": int(months[mine].sum()),
                "month_weighted": month_weighted_mean(share[mine], months[mine]),
                "pooled": float(absent[mine].sum() / totals.scheduled[mine, 0].sum()),
                "unweighted": float(share[mine].mean()),
            }
        )
    columns = ["group", "n", "months", "month_weighted", "pooled", "unweighted"]
    return pd.DataFrame(rows, columns=columns)
