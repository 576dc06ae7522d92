"""Return to school of team cases beside untreated pupils with the same earlier absence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import Estimand, FlowStep, Result
from absence_risk.survival.balance import balance
from absence_risk.survival.comparison import Design, compare, past_closing
from absence_risk.survival.episodes import HISTORY_COLUMNS
from absence_risk.survival.incidence import cumulative_incidence
from absence_risk.survival.return_tables import (
    BENCHMARK,
    TEAM,
    difference_row,
    relapse_table,
    return_table,
)
from absence_risk.survival.verdict import Findings, judge

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["estimate_return"]

_COLUMNS = tuple(name for name in HISTORY_COLUMNS if name not in {"case_key", "school_key"})


def estimate_return(
    history: pd.DataFrame,
    benchmark: pd.DataFrame,
    *,
    at_week: int = 20,
    cluster: str = "school_key",
    replicates: int = 1000,
    random_state: int = 0,
    conf_level: float = 0.95,
    margin: float = 0.05,
    minimum: int = 5,
    relapse_within: int = 12,
) -> Result:
    """Estimate the share of team cases back in school, beside untreated pupils.

    The estimate is the cumulative incidence of return by week ``at_week`` with the other endings
    competing (Aalen and Johansen 1978). The benchmark is that of untreated pupils who met the same
    alarm, standardised to the cases' bands of earlier absence. Beyond it is the difference.

    Parameters
    ----------
    history : pandas.DataFrame
        Team cases, from `case_history`.
    benchmark : pandas.DataFrame
        Untreated pupils, from `benchmark_history` with the same return rule.
    at_week : int
        School week after the start; the last week that follow-up carries if that is earlier.
    cluster : str
        Column that is resampled as wholes; pupils where a group lies in fewer than 10 clusters.
    replicates : int
        Number of bootstrap resamples.
    random_state : int
        Seed.
    conf_level : float
        Confidence level in (0, 1).
    margin : float
        Differences in share within this on both sides of 0 count as none, in (0, 1).
    minimum : int
        Smallest number at risk that carries a week, and of untreated pupils that carry a band.
    relapse_within : int
        School weeks after the return within which a relapse is counted.

    Returns
    -------
    Result
        Tables "return" (term "returned", group, time), "endings" (term, time) and "relapse" (term,
        group). Estimates are shares, times school weeks after the start.

    Raises
    ------
    DesignError
        If there is no case, no return, no follow-up, or no untreated pupil.
    ValueError
        If a column is missing, an argument is out of range, or the histories follow two rules.

    Examples
    --------
    >>> import absence_risk as ar
    >>> from absence_risk.survival import benchmark_history, case_history
    >>> reg = ar.synthetic.simulate("municipality", pupils=4_000, seed=1).register
    >>> cube, endings = reg.cube(), ar.study.StudyPlan().endings
    >>> history = case_history(reg.cases, cube, endings=endings, pupils=reg.pupils)
    >>> untreated = benchmark_history(cube, reg.cases, pupils=reg.pupils)
    >>> estimate_return(history, untreated, at_week=12, replicates=200).estimand.id
    'return.cif_week_12'
    """
    check.positive_int(at_week, "at_week")
    check.positive_int(replicates, "replicates")
    check.seed(random_state)
    check.probability(conf_level, "conf_level")
    check.probability(margin, "margin")
    _refuse(history, benchmark, cluster)
    design = Design.of(history, benchmark, at_week=at_week, cluster=cluster, minimum=minimum)
    both = compare(design, replicates=replicates, random_state=random_state)
    curves = return_table(design, both, conf_level)
    at_end = {row.group: row for row in curves.rows if row.time == design.week}
    beyond = difference_row(both, design.week, conf_level, len(history))
    relapse = relapse_table(history, benchmark, _window(history), relapse_within, conf_level)
    longer = past_closing(design, replicates=replicates, random_state=random_state)
    findings = Findings(
        team=at_end[TEAM],
        benchmark=at_end[BENCHMARK],
        beyond=beyond,
        week=design.week,
        asked=at_week,
        other_endings=len(set(history["event"]) - {0, 1}),
        otherwise=float(design.fit.cif[1:, design.week - 1].sum()),
        relapse=relapse.rows[0],
        register=difference_row(longer, design.week, conf_level, len(history)),
        balance=balance(design),
        notes=_notes(design),
    )
    return Result(
        estimand=_estimand(design.week),
        estimate=findings.team,
        benchmark=findings.benchmark,
        beyond=beyond,
        null=0.0,
        benchmark_is=_benchmark_is(benchmark),
        definition=_definition(history),
        n=len(history),
        flow=_flow(history, benchmark),
        tables=(curves, cumulative_incidence(history, conf_level=conf_level), relapse),
        conf_level=conf_level,
        method=_method(design, replicates),
        verdict=judge(findings, margin=margin, conf_level=conf_level),
    )


def _refuse(history: pd.DataFrame, benchmark: pd.DataFrame, cluster: str) -> None:
    """Raise where the data cannot answer."""
    check.columns(history.columns, (*_COLUMNS, cluster), "history")
    check.columns(benchmark.columns, (*_COLUMNS, cluster), "benchmark")
    if not len(history):
        raise DesignError(
            "No team case was started and followed for at least one school week: there is no "
            "return to estimate."
        )
    if not len(benchmark):
        raise DesignError(
            "No untreated pupil met the alarm and was followed for at least one school week: "
            "there is nothing to compare the cases with. Lower the alarm or use a longer register."
        )
    if not (history["event"] == 1).any():
        raise DesignError(
            "No team case returned within the records: the incidence of return cannot be "
            "compared. Check the return rule and the length of the register."
        )
    rules = [frame.attrs.get("rule") for frame in (history, benchmark)]
    if None not in rules and rules[0] != rules[1]:
        raise ValueError(
            "history and benchmark follow two return rules. Give both the same return_below, "
            "return_weeks, relapse_at, severity_weeks and numerator."
        )


def _window(history: pd.DataFrame) -> int:
    return int(history.attrs.get("rule", {}).get("weeks", 4))


def _estimand(week: int) -> Estimand:
    return Estimand(
        id=f"return.cif_week_{week}",
        claim="return",
        formula=f"P(return confirmed by school week {week} after the start, before the case ends "
        "otherwise)",
        population="cases that the team started and that were followed for a school week or more",
        unit="share of cases",
    )


def _definition(history: pd.DataFrame) -> str:
    return str(
        history.attrs.get(
            "definition", "Return, relapse and absence as in the histories that were given."
        )
    )


def _benchmark_is(benchmark: pd.DataFrame) -> str:
    alarm, wait = benchmark.attrs.get("alarm_at"), benchmark.attrs.get("wait_weeks")
    met = f" who reached {100 * alarm:g} % absence in a month" if alarm is not None else ""
    clock = (
        f", followed from {wait} school weeks after that month"
        if wait is not None
        else ", followed from the end of that month"
    )
    return (
        f"return of pupils without a case at the time{met}{clock if alarm is not None else ''}, "
        "weighted to the cases' absence before the start"
    )


def _flow(history: pd.DataFrame, benchmark: pd.DataFrame) -> tuple[FlowStep, ...]:
    last = "with at least one school week of follow-up"
    of_cases = history.attrs.get("flow") or ((last, len(history)),)
    of_others = benchmark.attrs.get("flow") or ((last, len(benchmark)),)
    steps = [FlowStep(step=f"cases: {_bare(step)}", n=int(n)) for step, n in of_cases]
    steps += [FlowStep(step=f"untreated: {_bare(step)}", n=int(n)) for step, n in of_others]
    return tuple(steps)


def _bare(step: str) -> str:
    return step.removeprefix("cases ")


def _method(design: Design, replicates: int) -> str:
    n = design.units.n
    units = "pupils, in each group apart" if n is None else f"{n} schools, t distribution"
    return (
        "Aalen–Johansen cumulative incidence with Aalen's variance and log-log interval; benchmark "
        f"by direct standardisation over {len(design.bands.labels)} bands of earlier absence, its "
        f"interval (log-log) and that of the difference from {replicates} bootstrap resamples of "
        f"{units}"
    )


def _notes(design: Design) -> tuple[str, ...]:
    units = design.units
    if units.n is None:
        text = f"Intervals come from resampling pupils, because {units.why_pupils}"
        first = f"{text}; pupils of one school are alike, so they are too narrow."
    else:
        first = f"Intervals come from resampling {units.n} schools as wholes."
    notes = [first, *design.bands.notes]
    if design.history["closed_in_start_week"].any():
        notes.append("Cases closed in the week they started count as ending in the week after.")
    pupils = design.history["pupil_key"]
    if pupils.nunique() < len(pupils):
        notes.append("Some pupils have more than one case; each case is a row.")
    if design.history["severity"].isna().any():
        notes.append("The absence before the start of some cases is not recorded.")
    return tuple(notes)
