"""Absence month by month around the referral, so that a baseline can be judged by eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.outcome_values import numbers
from absence_risk.result import Estimate, Table
from absence_risk.stats.sandwich import jackknife_covariance, jackknife_influence, t_inference

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

__all__ = ["event_curve"]

_FEWEST = 5


def event_curve(
    months: pd.DataFrame,
    *,
    value: str = "absence_rate",
    time: str = "month",
    cluster: str | None = None,
    windows: Mapping[str, tuple[int, int]] | None = None,
    unit: str = "share of school time",
    conf_level: float = 0.95,
) -> Table:
    """Return the mean by month from referral, with the windows of the study.

    Parameters
    ----------
    months : pandas.DataFrame
        One row per pupil and month.
    value : str
        Column of the outcome; missing values are left out.
    time : str
        Column with the month from referral, 0 the month of referral.
    cluster : str or None
        Column whose groups may depend within; None if pupils are independent.
    windows : mapping of str to (int, int), or None
        First and last month of each window, for example ``{"selection window": (-1, -1),
        "gap baseline": (-6, -4), "follow-up": (1, 6)}``.
    unit : str
        Unit of the values.
    conf_level : float
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    Table
        "event": time, mean, interval (jackknife over clusters) and n; group is the window. Months
        with fewer than five pupils are left out.

    Raises
    ------
    DesignError
        If no month has five pupils.
    ValueError
        If a column is missing or holds anything but numbers, a month is not whole, or windows
        overlap.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"month": [-1] * 6 + [1] * 6, "absence_rate": [0.3] * 6 + [0.2] * 6})
    >>> [(row.time, round(row.estimate, 3)) for row in event_curve(frame).rows]
    [(-1.0, 0.3), (1.0, 0.2)]
    """
    check.probability(conf_level, "conf_level")
    needed = [value, time, *([] if cluster is None else [cluster])]
    check.columns(months.columns, needed, "months")
    named = _named(windows or {})
    rows = []
    levels, places = numbers(months, value), numbers(months, time)
    known = ~np.isnan(levels) & ~np.isnan(places)
    if (places[known] != np.round(places[known])).any():
        raise ValueError(f"{time} must hold whole months from the referral, -1 for the one before.")
    groups = np.arange(len(months)) if cluster is None else months[cluster].to_numpy()
    for place in np.unique(places[known]).astype(int).tolist():
        part = known & (places == place)
        n = int(part.sum())
        if n < _FEWEST:
            continue
        mean, low, high = _mean(levels[part], groups[part], conf_level)
        rows.append(
            Estimate(
                term="mean",
                group=named.get(place),
                time=float(place),
                estimate=mean,
                conf_low=low,
                conf_high=high,
                n=n,
            )
        )
    if not rows:
        raise DesignError(f"No month from referral has {_FEWEST} pupils. Use longer periods.")
    return Table(
        name="event",
        title=f"Mean by month from referral, {unit}",
        rows=tuple(rows),
        note=f"Months with fewer than {_FEWEST} pupils are left out. "
        f"Band: {100 * conf_level:g}\u00a0% interval of each month's mean.",
    )


def _named(windows: Mapping[str, tuple[int, int]]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name, (first, last) in windows.items():
        for month in range(first, last + 1):
            if month in found:
                both = f"{found[month]!r} and {name!r}"
                raise ValueError(f"windows must not overlap; month {month} lies in {both}.")
            found[month] = name
    return found


def _mean(
    y: npt.NDArray[np.float64], groups: npt.NDArray[np.generic], conf_level: float
) -> tuple[float, float | None, float | None]:
    """Return a mean with the limits of the cluster jackknife, where there are two clusters."""
    codes = np.unique(groups, return_inverse=True)[1]
    mean = float(y.mean())
    if codes.max() < 1:
        return mean, None, None
    one = np.ones((len(y), 1))
    influence = jackknife_influence(one, one[:, 0], (y - mean)[:, None], codes)
    error = float(jackknife_covariance(influence)[0, 0] ** 0.5)
    test = t_inference(mean, error, df=len(influence) - 1.0, conf_level=conf_level)
    return mean, test.low, test.high
