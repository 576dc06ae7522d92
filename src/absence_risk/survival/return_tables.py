"""The tables of claim 3, for plots and report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.survival.episodes import ENDING_NAMES
from absence_risk.survival.incidence import curve_rows
from absence_risk.survival.relapse import relapse_rows

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.survival.comparison import Comparison, Design

__all__ = ["BENCHMARK", "TEAM", "difference_row", "relapse_table", "return_table"]

TEAM = "team"
BENCHMARK = "no team (benchmark)"
_RETURNED = ENDING_NAMES[1]


def return_table(design: Design, both: Comparison, conf_level: float) -> Table:
    """Return the incidence of return of cases and of standardised untreated pupils, by week.

    Parameters
    ----------
    design : Design
        The comparison.
    both : Comparison
        Its curves.
    conf_level : float
        Confidence level.

    Returns
    -------
    Table
        Term "returned", groups "team" and "no team (benchmark)", weeks that follow-up carries.
    """
    team = curve_rows(
        design.fit,
        1,
        term=_RETURNED,
        group=TEAM,
        n=len(design.history),
        conf_level=conf_level,
        until=design.last_team,
    )
    last, other = design.last_benchmark, design.untreated
    error, low, high = both.benchmark_interval(
        np.pad(other.n_at_risk, (0, len(both.benchmark)))[: len(both.benchmark)], conf_level
    )
    events = np.cumsum(other.n_events[0])
    untreated = [
        Estimate(
            term=_RETURNED,
            group=BENCHMARK,
            time=float(week),
            estimate=float(both.benchmark[week - 1]),
            std_error=float(error[week - 1]),
            conf_low=float(low[week - 1]),
            conf_high=float(high[week - 1]),
            n=len(design.benchmark),
            n_events=int(events[week - 1]),
            n_at_risk=int(other.n_at_risk[week - 1]),
        )
        for week in range(1, last + 1)
    ]
    return Table(
        name="return",
        title="Share back in school, by school week after the start",
        rows=(*team, *untreated),
        note="Team: Aalen–Johansen with the other endings competing. No team: untreated pupils "
        "weighted to the cases' absence before the start; their numbers are unweighted. n_events "
        "counts returns up to and including the week; weeks that too few are followed to are left "
        "out.",
    )


def relapse_table(
    history: pd.DataFrame, benchmark: pd.DataFrame, weeks: int, within: int, conf_level: float
) -> Table:
    """Return the shares that relapsed, of cases and of untreated pupils.

    Parameters
    ----------
    history, benchmark : pandas.DataFrame
        Histories of the two groups.
    weeks : int
        Length of a relapse window in school weeks.
    within : int
        School weeks after the return within which a relapse counts.
    conf_level : float
        Confidence level.

    Returns
    -------
    Table
        Two terms for each of the two groups.
    """
    rows = [
        row
        for group, frame in ((TEAM, history), (BENCHMARK, benchmark))
        for row in relapse_rows(
            frame, group=group, weeks=weeks, within=within, conf_level=conf_level
        )
    ]
    return Table(
        name="relapse",
        title="Share of pupils back in school who were away again",
        rows=tuple(rows),
        note="Wilson intervals. The groups are not standardised: those who come back differ.",
    )


def difference_row(both: Comparison, week: int, conf_level: float, n: int) -> Estimate:
    """Return team minus benchmark at a week.

    Parameters
    ----------
    both : Comparison
        The curves.
    week : int
        School week.
    conf_level : float
        Confidence level.
    n : int
        Number of cases.

    Returns
    -------
    Estimate
        Difference of two shares.
    """
    gap, error, low, high = both.difference(week, conf_level)
    return Estimate(
        term="team minus no team",
        time=float(week),
        estimate=gap,
        std_error=error,
        conf_low=low,
        conf_high=high,
        n=n,
    )
