"""The change of an outcome: observed, expected with no programme, and beyond that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.evaluation.arms import cluster_codes, observed_pairs
from absence_risk.evaluation.benchmarks import BENCHMARKS, Against, difference
from absence_risk.evaluation.rows import clustering, rows_of
from absence_risk.evaluation.shares import share_table
from absence_risk.evaluation.verdict import judge
from absence_risk.result import Estimand, Result, Table
from absence_risk.stats.change import Expectation
from absence_risk.stats.sandwich import jackknife_covariance, jackknife_influence

if TYPE_CHECKING:
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["SE", "estimate_beyond", "has_registry"]

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
        A key of `BENCHMARKS`, or "none".
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
    check.choice(benchmark, [*BENCHMARKS, "none"], "benchmark")
    check.choice(se, ["cr2", "independent"], "se")
    cases = observed_pairs(study, name)
    by_pupil = se == "independent"
    alone = benchmark == "none" or (benchmark == "registry" and not has_registry(study, name))
    if alone:
        against = _nothing(study, cases, by_pupil=by_pupil)
    else:
        against = BENCHMARKS[benchmark](study, name, by_pupil=by_pupil)
    found = against.found
    rows = rows_of(found, _TERMS, n=len(cases.pre), conf_level=study.conf_level)
    shares = () if alone else share_table(study, name, benchmark=benchmark, by_pupil=by_pupil)
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
        n=len(cases.pre),
        flow=study.flow(name),
        tables=(main, *shares, *against.tables),
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


def _nothing(study: PrePost, cases: Paired, *, by_pupil: bool) -> Against:
    """Describe the change where nothing says what would have happened anyway."""
    codes = cluster_codes(study, cases.frame, by_pupil=by_pupil)[0]
    codes = np.unique(codes, return_inverse=True)[1]
    change = difference(cases)
    one = np.ones((len(change), 1))
    influence = jackknife_influence(one, one[:, 0], (change - change.mean())[:, None], codes)
    error = float(jackknife_covariance(influence)[0, 0] ** 0.5)
    unknown = (np.nan, np.nan)
    return Against(
        found=Expectation(
            means=np.array([change.mean(), *unknown]),
            std_errors=np.array([error, *unknown]),
            df=np.full(3, len(influence) - 1.0),
        ),
        benchmark_is="none: nobody outside the programme was measured twice",
        method="mean change of complete pairs",
        assumes="Without a benchmark nothing tells this change from what would have happened "
        "anyway; pupils who are chosen because they fare badly fare better later in any case.",
    )
