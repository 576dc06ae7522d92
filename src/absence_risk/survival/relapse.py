"""Relapse: how many of those who came back were away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.result import Estimate
from absence_risk.stats.incidence import wilson_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["relapse_rows"]


def relapse_rows(
    history: pd.DataFrame, *, group: str, weeks: int, within: int, conf_level: float
) -> list[Estimate]:
    """Return the share that relapsed, among those followed for long enough to be seen.

    Parameters
    ----------
    history : pandas.DataFrame
        Columns event, relapsed, weeks_to_relapse, weeks_after_return.
    group : str
        Name of the group.
    weeks : int
        Length of a relapse window: those followed for less cannot have a relapse.
    within : int
        School weeks after the return within which a relapse counts in the first row.
    conf_level : float
        Confidence level of Wilson's interval.

    Returns
    -------
    list of Estimate
        Two rows: relapse within ``within`` weeks among those followed for as long, which does not
        depend on how long the records run; and relapse so far among all that could be seen.
    """
    back = history.loc[history["event"] == 1]
    after = back["weeks_after_return"].astype("float64")
    again = back["relapsed"].fillna(value=False).astype(bool)
    soon = again & (back["weeks_to_relapse"].astype("float64") <= within)
    return [
        _share(
            f"relapsed within {within} school weeks of the return (followed for as long)",
            group,
            soon[after >= within],
            conf_level,
        ),
        _share(
            f"relapsed so far (followed for at least {weeks} school weeks after the return)",
            group,
            again[after >= weeks],
            conf_level,
        ),
    ]


def _share(term: str, group: str, relapsed: pd.Series[bool], conf_level: float) -> Estimate:
    n, events = len(relapsed), int(relapsed.sum())
    if n == 0:
        return Estimate(term=term, group=group, n=0, n_events=0)
    low, high = wilson_interval(events, n, conf_level=conf_level)
    return Estimate(
        term=term,
        group=group,
        estimate=events / n,
        conf_low=low,
        conf_high=high,
        n=n,
        n_events=events,
    )
