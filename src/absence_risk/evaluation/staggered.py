"""Programmes that start at different times: group-time averages against the never treated."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import AssumptionWarning, DesignError
from absence_risk.evaluation.comparison_result import (
    NOT_SAME_RULE,
    Better,
    Reading,
    Words,
    comparison_result,
    t_row,
)
from absence_risk.evaluation.start_panel import start_panel
from absence_risk.result import Table
from absence_risk.stats.did import contrast_arms, group_time_cells

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.evaluation.start_panel import StartPanel
    from absence_risk.result import Estimate, Result
    from absence_risk.stats.did import ArmContrast, Cells

    Floats = npt.NDArray[np.float64]

__all__ = ["event_study", "staggered_difference_in_differences"]

_DIP = (
    "No selection window is named, so the base is the period just before the start. Pupils chosen "
    "for a bad period are at their worst there, and coming back from it looks like what the "
    "programme does (Ashenfelter 1978). Say how many periods picked the pupils: selection_periods."
)
_NO_CELLS = (
    "No start has a period before its selection window together with pupils who never start, so "
    "nothing can be compared. What can still be said: the curve of those who started, without a "
    "comparison. Add earlier periods or pupils of the same rule who were not served."
)


def staggered_difference_in_differences(
    panel: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: str,
    same_rule: bool,
    selection_periods: int = 0,
    id: str = "pupil_key",  # noqa: A002 (the word of the call shape)
    cluster: str | None = None,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Estimate what starts at different times changed, by group-time averages.

    ATT(g, t) = E[Y_t − Y_b | G = g] − E[Y_t − Y_b | never treated], b the last period before the
    selection window (Callaway & Sant'Anna 2021, J Econometrics 225:200), averaged over cells from
    the start on with the number of treated units as weight; weights are taken as fixed. CR2 errors
    over the cells stacked, Satterthwaite degrees of freedom.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per pupil and period.
    outcome, time : str
        Columns of the outcome and of the period (anything that sorts).
    start : str
        Column of the first period with the programme, in the terms of ``time``; empty for never.
    same_rule : bool
        Whether the never treated were chosen by the same rule as the others.
    selection_periods : int
        Periods just before the start whose values picked the pupils; 0 if none did.
    id : str
        Column of the pupil's key.
    cluster : str or None
        Column whose groups may depend within.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter.
    unit, definition : str
        Unit of the outcome, and outcome in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change", "group_time" (a row per start and period) and "event" (a row per period
        since the start, its group says before, selection window, base or after).

    Raises
    ------
    DesignError
        If nobody is never treated, or no start has a base period.
    ValueError
        If a column is missing or wrong, or a pupil has two rows in a period.

    Examples
    --------
    >>> import pandas as pd
    >>> panel = pd.DataFrame([(i, t, 3 if i < 10 else None, i % 5 + t - 2 * (i < 10 and t >= 3))
    ...     for i in range(20) for t in range(1, 5)], columns=["pupil_key", "t", "start", "y"])
    >>> found = staggered_difference_in_differences(
    ...     panel, outcome="y", time="t", start="start", same_rule=True)
    >>> round(found.beyond.estimate, 6)
    -2.0
    """
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    checked = start_panel(panel, outcome=outcome, time=time, start=start, id=id, cluster=cluster)
    fit = _fit(checked, selection_periods)
    after = fit.cells.time >= fit.cells.group
    weights = fit.cells.n_treated * after
    weights = weights / weights.sum()
    return _result(
        fit,
        weights,
        reading,
        same_rule,
        ident="evaluation.staggered_att",
        average="over starts and the periods from each start on, by number of treated pupils",
        tables=(_group_time(fit, conf_level), _events(fit, conf_level)),
    )


def event_study(
    panel: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: str,
    selection_periods: int,
    same_rule: bool,
    id: str = "pupil_key",  # noqa: A002 (the word of the call shape)
    cluster: str | None = None,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Follow the difference to the never treated from before the start to after it.

    As `staggered_difference_in_differences`, averaged by period since the start and then over the
    periods from the start on with equal weight ("dynamic", Callaway & Sant'Anna 2021).
    The rise within the selection window is how pupils were picked (Ashenfelter 1978, Rev
    Econ Stat 60:47); those rows are marked and never the base.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per pupil and period.
    outcome, time : str
        Columns of the outcome and of the period.
    start : str
        Column of the first period with the programme; empty for never.
    selection_periods : int
        Periods just before the start whose values picked the pupils; 0 gives a warning.
    same_rule : bool
        Whether the never treated were chosen by the same rule as the others.
    id : str
        Column of the pupil's key.
    cluster : str or None
        Column whose groups may depend within.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter.
    unit, definition : str
        Unit of the outcome, and outcome in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change" and "event". A difference in the periods before the selection window
        (Bonferroni over them) holds the verdict back.

    Raises
    ------
    DesignError
        If nobody is never treated, or no start has a base period.
    ValueError
        If a column is missing or wrong, or a pupil has two rows in a period.

    Examples
    --------
    >>> import pandas as pd
    >>> panel = pd.DataFrame([(i, t, 4 if i < 10 else None, i % 5 + 3 * (i < 10 and t == 3))
    ...     for i in range(20) for t in range(1, 6)], columns=["pupil_key", "t", "start", "y"])
    >>> found = event_study(panel, outcome="y", time="t", start="start", selection_periods=1,
    ...     same_rule=True)
    >>> [(row.time, row.group, round(row.estimate, 6)) for row in found.table("event").rows[1:3]]
    [(-2.0, 'base', 0.0), (-1.0, 'selection window', 3.0)]
    """
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    if selection_periods == 0:
        warnings.warn(_DIP, AssumptionWarning, stacklevel=2)
    checked = start_panel(panel, outcome=outcome, time=time, start=start, id=id, cluster=cluster)
    fit = _fit(checked, selection_periods)
    since = fit.cells.time - fit.cells.group
    later = np.unique(since[since >= 0])
    weights = sum((_event_weights(fit.cells, int(e)) for e in later), np.zeros(len(since)))
    table = _events(fit, conf_level)
    return _result(
        fit,
        weights / len(later),
        reading,
        same_rule,
        ident="evaluation.event_study",
        average="over periods since the start, each with equal weight",
        tables=(table,),
        earlier=_earlier_differences(table, conf_level),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    panel: StartPanel
    cells: Cells
    selection: int


def _fit(panel: StartPanel, selection: int) -> _Fit:
    check.seed(selection, "selection_periods")
    cells = group_time_cells(panel.y, panel.first, panel.codes, gap=1 + int(selection))
    if not (cells.time >= cells.group).any():
        raise DesignError(_NO_CELLS)
    return _Fit(panel, cells, int(selection))


def _contrast(cells: Cells, weights: Floats, programme: float, comparison: float) -> ArmContrast:
    c = np.zeros(2 * len(weights))
    c[0::2], c[1::2] = programme * weights, comparison * weights
    return contrast_arms(cells.counts, cells.sums, c)


def _event_weights(cells: Cells, e: int) -> Floats:
    weights = cells.n_treated * (cells.time - cells.group == e)
    return np.asarray(weights / weights.sum())


def _group_time(fit: _Fit, conf_level: float) -> Table:
    rows = []
    for k, (g, t) in enumerate(zip(fit.cells.group, fit.cells.time, strict=True)):
        found = _contrast(fit.cells, np.eye(len(fit.cells.group))[k], 1.0, -1.0)
        rows.append(
            t_row(
                f"start {fit.panel.periods[g]}, period {fit.panel.periods[t]}",
                found.estimate,
                found.std_error,
                found.df,
                conf_level,
                n=int(fit.cells.n_treated[k]),
                group=_place(int(t - g), fit.selection),
                time=float(t - g),
            )
        )
    return Table(
        name="group_time",
        title="ATT(g, t): difference to the never treated, by start and period",
        rows=tuple(rows),
        note="time: periods since the start; n: treated pupils.",
    )


def _events(fit: _Fit, conf_level: float) -> Table:
    base = -1 - fit.selection
    rows: list[Estimate] = []
    for e in sorted({*(fit.cells.time - fit.cells.group).tolist(), base}):
        place = _place(e, fit.selection)
        if e == base:
            n = int(np.isin(fit.panel.first, fit.cells.group).sum())
            rows.append(t_row("base", 0.0, None, None, conf_level, n=n, group=place, time=float(e)))
            continue
        weights = _event_weights(fit.cells, e)
        found = _contrast(fit.cells, weights, 1.0, -1.0)
        n = int((fit.cells.n_treated * (weights > 0)).sum())
        row = t_row(
            "difference to the never treated",
            found.estimate,
            found.std_error,
            found.df,
            conf_level,
            n=n,
            group=place,
            time=float(e),
            test=True,
        )
        rows.append(row)
    return Table(
        name="event",
        title="Difference to the never treated by period since the start",
        rows=tuple(rows),
        note="group: before, base (0 by construction), selection window (how pupils were picked, "
        "not what was done), after.",
    )


def _place(e: int, selection: int) -> str:
    if e >= 0:
        return "after"
    if e >= -selection:
        return "selection window"
    return "base" if e == -1 - selection else "before"


def _earlier_differences(table: Table, conf_level: float) -> tuple[str, ...]:
    found = [r.p_value for r in table.rows if r.group == "before" and r.p_value is not None]
    if found and min(found) * len(found) < 1 - conf_level:
        return ("the groups already drifted apart before the selection window",)
    return ()


def _result(
    fit: _Fit,
    weights: Floats,
    reading: Reading,
    same_rule: bool,
    *,
    ident: str,
    average: str,
    tables: tuple[Table, ...],
    earlier: tuple[str, ...] = (),
) -> Result:
    panel, level = fit.panel, reading.conf_level
    started = int(np.isin(panel.first, fit.cells.group).sum())
    never = int(panel.never.sum())
    found = [
        (term, _contrast(fit.cells, weights, *c), n)
        for term, c, n in (
            ("observed", (1.0, 0.0), started),
            ("expected from the never treated", (0.0, 1.0), never),
            ("difference", (1.0, -1.0), started + never),
        )
    ]
    one, two, three = (
        t_row(term, x.estimate, x.std_error, x.df, level, n=n, test=term == "difference")
        for term, x, n in found
    )
    words = Words(
        id=ident,
        formula=f"average of ATT(g, t) {average}",
        population="pupils who start after the first base period",
        benchmark_is="the change of pupils never treated, from the same base to the same period",
        against="those who never started",
        method="group-time averages against the never treated, no covariates; CR2 errors with "
        f"Satterthwaite degrees of freedom, {panel.clustered}; base {1 + fit.selection} periods "
        "before the start",
    )
    reasons: tuple[Any, ...] = panel.notes
    if fit.selection == 0:
        reasons = (*reasons, _DIP)
    if three.conf_low is None:
        reasons = (*reasons, "An arm lies in a single cluster, so there is no interval.")
    return comparison_result(
        words,
        (one, two, three),
        reading,
        held_back=(*(() if check.flag(same_rule, "same_rule") else (NOT_SAME_RULE,)), *earlier),
        reasons=reasons,
        n=started + never,
        flow=panel.flow,
        tables=tables,
    )
