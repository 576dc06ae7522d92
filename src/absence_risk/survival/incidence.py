"""Tables of cumulative incidence: which share has returned, or ended otherwise, by each week."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import Estimate, Table
from absence_risk.stats.incidence import INTERVALS, aalen_johansen, incidence_interval
from absence_risk.survival.episodes import ENDING_NAMES

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.stats.incidence import Incidence

__all__ = ["cumulative_incidence", "curve_rows", "fit_history", "supported_week"]

_NOTE = (
    "Aalen–Johansen cumulative incidence with Aalen's variance and {interval} intervals; endings "
    "compete, so the shares add up. n_events counts endings up to and including the week."
)


def cumulative_incidence(
    history: pd.DataFrame,
    *,
    by: str | None = None,
    conf_level: float = 0.95,
    interval: str = "log-log",
) -> Table:
    """Return the cumulative incidence of each ending, week by week.

    Parameters
    ----------
    history : pandas.DataFrame
        Columns entry, duration, event, as `case_history` returns them.
    by : str or None
        Column that splits the rows into groups.
    conf_level : float
        Confidence level in (0, 1).
    interval : {"log-log", "logit", "plain"}
        Scale of the interval.

    Returns
    -------
    Table
        Named "endings". One row per group, ending and school week: term, group, time, estimate,
        std_error, conf_low, conf_high, n, n_events (cumulative), n_at_risk.

    Raises
    ------
    DesignError
        If there is no row, or the risk set runs empty before the last entry.
    ValueError
        If a column is missing or an argument is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> history = pd.DataFrame({"entry": 0, "duration": [1, 2, 2], "event": [1, 3, 0]})
    >>> cumulative_incidence(history).tidy()[["term", "time", "estimate"]].round(2).values.tolist()
    [['returned', 1.0, 0.33], ['returned', 2.0, 0.33], ['moved', 1.0, 0.0], ['moved', 2.0, 0.33]]
    """
    check.columns(history.columns, ["entry", "duration", "event", *([by] if by else [])], "history")
    check.choice(interval, INTERVALS, "interval")
    if not len(history):
        raise DesignError("The history has no row: there is nothing to follow.")
    groups = [(None, history)] if by is None else list(history.groupby(by, sort=True))
    rows: list[Estimate] = []
    for label, part in groups:
        fit = fit_history(part)
        for kind in sorted(set(part["event"]) - {0}):
            rows += curve_rows(
                fit,
                int(kind),
                term=ENDING_NAMES[int(kind)],
                group=None if label is None else str(label),
                n=len(part),
                conf_level=conf_level,
                interval=interval,
            )
    return Table(
        name="endings",
        title="Share of cases by ending, by school week after the start",
        rows=tuple(rows),
        note=_NOTE.format(interval=interval),
    )


def fit_history(history: pd.DataFrame) -> Incidence:
    """Estimate the incidence of all endings of a history.

    Parameters
    ----------
    history : pandas.DataFrame
        Columns entry, duration, event.

    Returns
    -------
    Incidence
        Estimates on the weekly grid.
    """
    entry = history["entry"].to_numpy(dtype=np.int64)
    return aalen_johansen(
        history["duration"].to_numpy(dtype=np.int64),
        history["event"].to_numpy(dtype=np.int64),
        entry=entry if entry.any() else None,
        n_causes=max(ENDING_NAMES),
    )


def curve_rows(
    fit: Incidence,
    kind: int,
    *,
    term: str,
    n: int,
    group: str | None = None,
    conf_level: float = 0.95,
    interval: str = "log-log",
    until: int | None = None,
) -> list[Estimate]:
    """Return one row per week of one ending.

    Parameters
    ----------
    fit : Incidence
        Estimates on the weekly grid.
    kind : int
        Event code.
    term : str
        Name of the ending.
    n : int
        Number of rows behind the fit.
    group : str or None
        Name of the group.
    conf_level : float
        Confidence level.
    interval : {"log-log", "logit", "plain"}
        Scale of the interval.
    until : int or None
        Last week of the rows.

    Returns
    -------
    list of Estimate
        Rows in order of time.
    """
    cif, error = fit.cif[kind - 1], np.sqrt(fit.variance[kind - 1])
    low, high = incidence_interval(
        cif, error, n_at_risk=fit.n_at_risk, conf_level=conf_level, kind=interval
    )
    events = np.cumsum(fit.n_events[kind - 1])
    return [
        Estimate(
            term=term,
            group=group,
            time=float(fit.time[j]),
            estimate=float(cif[j]),
            std_error=float(error[j]),
            conf_low=float(low[j]),
            conf_high=float(high[j]),
            n=n,
            n_events=int(events[j]),
            n_at_risk=int(fit.n_at_risk[j]),
        )
        for j in range(len(fit.time))
        if until is None or fit.time[j] <= until
    ]


def supported_week(fit: Incidence, minimum: int) -> int:
    """Return the last week that follow-up carries, 0 if none.

    A week is carried where at least ``minimum`` rows are at risk, or where fewer are left because
    they ended and not because their records stop: Y(t) ≥ min(minimum, n S(t−)).

    Parameters
    ----------
    fit : Incidence
        Estimates on the weekly grid.
    minimum : int
        Smallest number at risk.

    Returns
    -------
    int
        School week up to which every week is carried.
    """
    before = np.concatenate([[1.0], fit.survival[:-1]])
    enough = fit.n_at_risk >= np.minimum(minimum, before * fit.n_at_risk[0]) - 1e-9
    carried = np.logical_and.accumulate(enough)
    return int(fit.time[carried][-1]) if carried.any() else 0
