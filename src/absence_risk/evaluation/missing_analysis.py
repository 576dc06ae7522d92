"""Observed, expected and beyond of completed follow-ups, and their pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import cluster_codes, untreated
from absence_risk.evaluation.change import has_registry
from absence_risk.evaluation.regressors import described, regressors
from absence_risk.stats.change import Expectation, Sample, expected_outcomes
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.rubin import pool

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.evaluation.imputed import Completed
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["Analysis", "analysis_of", "pooled", "pooling_rule"]

_BENCHMARKS = ("registry", "waiting_list", "none")


@dataclass(frozen=True, eq=False, kw_only=True)
class Analysis:
    """Observed, expected and beyond, as a function of completed follow-ups.

    Parameters
    ----------
    estimate : callable
        Turns follow-ups, shape (m, n), into estimates and variances, each (m, 3), and degrees of
        freedom, shape (3,).
    benchmark_is, method, assumes : str
        As in `Against`.
    """

    estimate: Callable[[npt.NDArray[np.float64]], tuple[npt.NDArray[np.float64], ...]]
    benchmark_is: str
    method: str
    assumes: str


def pooling_rule(*, clustered: bool) -> Literal["satterthwaite", "barnard-rubin"]:
    """Return how degrees of freedom are pooled.

    Parameters
    ----------
    clustered : bool
        Whether rows lie in clusters.

    Returns
    -------
    {"satterthwaite", "barnard-rubin"}
        Satterthwaite's for clusters, see `absence_risk.stats.rubin.pool`.
    """
    return "satterthwaite" if clustered else "barnard-rubin"


def pooled(parts: tuple[npt.NDArray[np.float64], ...], done: Completed) -> Expectation:
    """Pool observed, expected and beyond over imputations.

    Parameters
    ----------
    parts : tuple of numpy.ndarray of float
        What `Analysis.estimate` returns.
    done : Completed
        The cases.

    Returns
    -------
    Expectation
        NaN where not known.
    """
    estimates, variances, df = parts
    rule = pooling_rule(clustered=done.clustered)
    rows = []
    for k in range(3):
        if np.isnan(estimates[0, k]):
            rows.append((np.nan, np.nan, np.nan))
            continue
        one = pool(estimates[:, k], variances[:, k], df_complete=df[k], rule=rule)
        rows.append((float(one.estimate), float(one.std_error), float(one.df)))
    return Expectation.of(*rows)


def analysis_of(
    study: PrePost, name: str, done: Completed, *, benchmark: str, by_pupil: bool
) -> Analysis:
    """Return how completed follow-ups are compared with the benchmark.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    done : Completed
        The cases.
    benchmark : {"registry", "waiting_list", "none"}
        What the change is compared with.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Analysis
        The function and its words.

    Raises
    ------
    DesignError
        If there is no such benchmark.
    ValueError
        If the word is unknown.
    """
    check.choice(benchmark, _BENCHMARKS, "benchmark (with missing follow-ups)")
    if benchmark == "none" or (benchmark == "registry" and not has_registry(study, name)):
        return Analysis(
            estimate=lambda full: _alone(full - done.cases.pre, done.codes),
            benchmark_is="none: nobody outside the programme was measured twice",
            method="mean change of all cases with a baseline",
            assumes="Without a benchmark nothing tells this change from what would have happened "
            "anyway; pupils who are chosen because they fare badly fare better later in any case.",
        )
    frame = study.registry if benchmark == "registry" else study.waiting_list
    if frame is None:
        raise DesignError(f"The study has no {benchmark}. Give {benchmark}=, or benchmark='none'.")
    others = untreated(study, name, frame)
    curved = benchmark == "registry"
    X, X_others = regressors(
        done.cases, others, match_on=study.match_on, within=study.within, curved=curved
    )
    codes, codes_others = cluster_codes(study, done.cases.frame, others.frame, by_pupil=by_pupil)
    registry = Sample(X=X_others, y=others.post - others.pre, codes=codes_others)

    def estimate(full: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
        change = (full - done.cases.pre).T
        found = expected_outcomes(Sample(X=X, y=change, codes=codes), registry)
        means = np.stack([one.means for one in found])
        return means, np.stack([one.std_errors**2 for one in found]), found[0].df

    whom = "pupils without a case at the time" if curved else "pupils who waited"
    return Analysis(
        estimate=estimate,
        benchmark_is=f"the change expected with no programme: how the outcome changed among {whom} "
        "with like levels before and a follow-up",
        method=f"least squares of their change on "
        f"{described(study.match_on, study.within, curved=curved)}, predicted for all of the "
        "team's pupils with a baseline",
        assumes="The comparison takes it that, given what is known before, the team's pupils would "
        f"have followed {whom} who have a follow-up.",
    )


def _alone(
    change: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], ...]:
    found = cluster_mean(change, codes)
    unknown = np.full((len(change), 2), np.nan)
    return (
        np.column_stack([found.estimate, unknown]),
        np.column_stack([found.variance, unknown]),
        np.array([found.df, np.nan, np.nan]),
    )
