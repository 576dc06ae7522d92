"""The change of an outcome among all cases with a baseline, missing follow-ups imputed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.evaluation.benchmarks import Against
from absence_risk.evaluation.imputed import MI, Completed, complete_follow_up
from absence_risk.evaluation.missing_analysis import analysis_of, pooled
from absence_risk.evaluation.missing_flow import reasons_table
from absence_risk.evaluation.outcome_values import share_in_words
from absence_risk.evaluation.rows import rows_of
from absence_risk.evaluation.verdict import judge
from absence_risk.result import Estimand, Estimate, Result, Table
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    from absence_risk.evaluation.change import SE
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["change_with_missing"]

_TERMS = (
    "change, missing follow-ups imputed",
    "expected with no programme (benchmark)",
    "beyond the benchmark",
)


def change_with_missing(
    study: PrePost, name: str, missing: MI, *, benchmark: str = "registry", se: SE = "cr2"
) -> Result:
    """Estimate the change of all cases with a baseline, missing follow-ups imputed.

    Each completed data set is analysed like a complete one, with CR2 errors by cluster; the
    estimates are pooled by Rubin's rules. Degrees of freedom: Barnard and Rubin's for independent
    pupils, Satterthwaite's for clusters (`pool`).

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    missing : MI
        How missing follow-ups are imputed.
    benchmark : {"registry", "waiting_list", "none"}
        What the change is compared with; "registry" is "none" where untreated pupils lack the
        outcome.
    se : {"cr2", "independent"}
        Whether pupils of a cluster may depend on each other.

    Returns
    -------
    Result
        As `PrePost.change`, with the tables "missing" (complete cases and last observation carried
        forward beside it, for comparison only) and "follow_up" (who was lost, by reason).

    Raises
    ------
    DesignError
        If the data cannot answer.
    ValueError
        If a word is unknown.
    """
    check.choice(se, ["cr2", "independent"], "se")
    by_pupil = se == "independent"
    done = complete_follow_up(study, name, missing, by_pupil=by_pupil)
    analysis = analysis_of(study, name, done, benchmark=benchmark, by_pupil=by_pupil)
    found = pooled(analysis.estimate(done.shifted(missing.delta)), done)
    rows = rows_of(found, _TERMS, n=len(done.codes), conf_level=study.conf_level)
    outcome = study.outcomes[name]
    against = Against(
        found=found,
        benchmark_is=analysis.benchmark_is,
        method=f"{analysis.method}; {_imputed_by(done, missing)}",
        assumes=analysis.assumes,
    )
    cases = dataclasses.replace(
        done.cases,
        post=done.shifted(missing.delta).mean(axis=0),
        reason=np.full(len(done.codes), ""),
    )
    verdict = judge(study, name, cases=cases, change=rows, against=against, shares=())
    main = Table(
        name="change",
        title=f"Change of {name}, after minus before, {outcome.unit}",
        rows=rows,
        note=f"n: all cases with a baseline, of whom {_lost(done)} have imputed "
        f"follow-ups; {_imputed_by(done, missing)}.",
    )
    return Result(
        estimand=Estimand(
            id=f"wellbeing.{name}_change_beyond_everyone",
            claim="wellbeing",
            formula=f"mean change of {name} of the team's pupils, followed up or not, minus the "
            "change expected of them with no programme",
            population="pupils whose work with the team has started and who have a baseline",
            unit=outcome.unit,
        ),
        estimate=rows[0],
        benchmark=rows[1],
        beyond=rows[2],
        null=0.0,
        benchmark_is=against.benchmark_is,
        definition=outcome.definition,
        n=len(done.codes),
        flow=study.flow(name),
        tables=(
            main,
            _comparison(study, name, done, rows[0]),
            reasons_table(study, name),
        ),
        conf_level=study.conf_level,
        method=against.method,
        verdict=dataclasses.replace(verdict, reasons=(_assumed(done, missing), *verdict.reasons)),
    )


def _comparison(study: PrePost, name: str, done: Completed, imputed: Estimate) -> Table:
    """Return complete cases and last observation carried forward beside the imputed change."""
    change = done.cases.post - done.cases.pre
    carried = np.where(done.missing, 0.0, change)
    rows = [dataclasses.replace(imputed, term=_TERMS[0])]
    for term, values, kept in (
        ("comparison only: complete cases", change, ~done.missing),
        ("comparison only: last observation carried forward", carried, done.missing | True),
    ):
        codes = np.unique(done.codes[kept], return_inverse=True)[1]
        if codes.max() < 1:
            rows.append(Estimate(term=term, estimate=float(values[kept].mean()), n=int(kept.sum())))
            continue
        one = cluster_mean(values[kept], codes)
        error = float(one.variance) ** 0.5
        test = t_inference(float(one.estimate), error, df=one.df, conf_level=study.conf_level)
        rows.append(
            Estimate(
                term=term,
                estimate=float(one.estimate),
                std_error=error,
                conf_low=test.low,
                conf_high=test.high,
                n=int(kept.sum()),
            )
        )
    return Table(
        name="missing",
        title=f"Change of {name} under other ways to treat missing follow-ups, "
        f"{study.outcomes[name].unit}",
        rows=tuple(rows),
        note="Complete cases hold only where missing follow-ups are missing by chance alone; "
        "carrying the baseline forward takes it that those who did not answer did not change, "
        "and its interval knows no doubt about that. Neither is an answer.",
    )


def _imputed_by(done: Completed, missing: MI) -> str:
    model = (
        "Bayesian normal regression" if missing.method == "normal" else "predictive mean matching"
    )
    on = ", ".join(("the baseline", *done.used))
    clusters = done.clustered and missing.municipality
    effects = " and effects of the cluster, their variance drawn too" if clusters else ""
    shift = f", imputed values moved by {missing.delta:+g}" if missing.delta else ""
    return (
        f"{missing.m} imputations by {model} on {on}{effects}{shift}; pooled by Rubin's rules, "
        f"{'CR2 by cluster' if done.clustered else 'pupils independent'}"
    )


def _lost(done: Completed) -> str:
    return share_in_words(int(done.missing.sum()), len(done.missing))


def _assumed(done: Completed, missing: MI) -> str:
    lost = f"Of the follow-ups {_lost(done)} are imputed"
    if missing.delta:
        return (
            f"{lost}, moved by {missing.delta:+g}: a scenario about those who did not answer, "
            "which no record can confirm."
        )
    return (
        f"{lost}: they are taken to be like the follow-ups of pupils with the same "
        f"{', '.join(('baseline', *done.used))}. tipping_point() says how wrong this may be."
    )
