"""The change of an outcome: observed, expected with no programme, and beyond that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from absence_risk import check
from absence_risk.evaluation.arms import observed_pairs
from absence_risk.evaluation.benchmarks import (
    against_gap,
    against_nothing,
    against_registry,
    against_waiting_list,
)
from absence_risk.evaluation.course import course_table
from absence_risk.evaluation.fallbacks import (
    against_beta_binomial,
    against_mee_chua,
    against_normal,
)
from absence_risk.evaluation.flow import PAIRED
from absence_risk.evaluation.rows import clustering, rows_of
from absence_risk.evaluation.shares import share_table
from absence_risk.evaluation.verdict import judge
from absence_risk.result import Estimand, FlowStep, Result, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from absence_risk.evaluation.benchmarks import Against
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["BENCHMARKS", "SE", "estimate_beyond", "has_registry"]

BENCHMARKS: Mapping[str, Callable[..., Against]] = {
    "registry": against_registry,
    "gap": against_gap,
    "waiting_list": against_waiting_list,
    "normal": against_normal,
    "beta_binomial": against_beta_binomial,
    "mee_chua": against_mee_chua,
    "none": against_nothing,
}
"""Benchmarks by name; the last four know nothing of untreated pupils, or say nothing."""

SE = Literal["cr2", "independent"]
_TERMS = ("observed change", "expected with no programme (benchmark)", "beyond the benchmark")


def estimate_beyond(study: PrePost, name: str, *, benchmark: str, se: SE) -> Result:
    """Compare the change of an outcome with the change expected with no programme.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    benchmark : str
        A key of `BENCHMARKS`.
    se : {"cr2", "independent"}
        Whether pupils of a cluster may depend on each other.

    Returns
    -------
    Result
        Estimand "wellbeing.<outcome>_change_beyond", table "change".

    Raises
    ------
    DesignError
        If the data cannot answer.
    ValueError
        If a word is unknown.
    """
    check.choice(benchmark, BENCHMARKS, "benchmark")
    check.choice(se, ["cr2", "independent"], "se")
    cases = observed_pairs(study, name)
    by_pupil = se == "independent"
    if benchmark == "registry" and not has_registry(study, name):
        benchmark = "none"
    against = BENCHMARKS[benchmark](study, name, by_pupil=by_pupil)
    found = against.found
    cases = against.cases or cases
    rows = rows_of(found, _TERMS, n=len(cases.pre), conf_level=study.conf_level)
    shares = share_table(study, name, benchmark=benchmark, by_pupil=by_pupil)
    outcome = study.outcomes[name]
    by = clustering(study, cases, found, by_pupil=by_pupil)
    level = f"{100 * study.conf_level:g} % interval"
    main = Table(
        name="change",
        title=f"Change of {name}, after minus before, {outcome.unit}",
        rows=rows,
        note=f"n: the team's pupils; {level} {by}; n of untreated pupils in the flow.",
    )
    return Result(
        estimand=Estimand(
            id=f"wellbeing.{name}_change_beyond",
            claim="wellbeing",
            formula=f"mean change of {name} of the team's pupils, minus the change expected of "
            "them with no programme",
            population="pupils whose work with the team has started and who can be followed",
            unit=outcome.unit,
        ),
        estimate=rows[0],
        benchmark=rows[1],
        beyond=rows[2],
        null=0.0,
        benchmark_is=against.benchmark_is,
        definition=outcome.definition,
        n=rows[0].n or len(cases.pre),
        flow=_flow(study, name, against),
        tables=(main, course_table(name, outcome, cases, rows), *shares, *against.tables),
        conf_level=study.conf_level,
        method=f"{against.method}; {by}",
        verdict=judge(study, name, cases=cases, change=rows, against=against, shares=shares),
    )


def has_registry(study: PrePost, name: str) -> bool:
    """Return whether untreated pupils have the columns of an outcome.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.

    Returns
    -------
    bool
        True where the registry can serve as benchmark.
    """
    return study.registry is not None and set(study.outcomes[name].columns()) <= set(
        study.registry.columns
    )


def _flow(study: PrePost, name: str, against: Against) -> tuple[FlowStep, ...]:
    """Return the flow, with the pairs behind the figures where a benchmark needs more of them."""
    steps = study.flow(name)
    if against.cases is None:
        return steps
    place = [step.step for step in steps].index(f"{name}: {PAIRED}") + 1
    also = FlowStep(step=f"{name}: with a gap baseline as well", n=len(against.cases.pre))
    return (*steps[:place], also, *steps[place:])
