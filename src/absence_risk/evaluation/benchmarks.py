"""What would have been seen with no programme, from pupils outside it: one function each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import arms, cluster_codes, expect, observed_pairs
from absence_risk.evaluation.outcome_values import share_in_words
from absence_risk.evaluation.regressors import described
from absence_risk.stats.change import Expectation, mean_by_cluster

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.result import Table

__all__ = [
    "Against",
    "against_gap",
    "against_nothing",
    "against_registry",
    "against_waiting_list",
    "difference",
]


@dataclass(frozen=True, eq=False, kw_only=True)
class Against:
    """A benchmark: the figures and what they rest on.

    Parameters
    ----------
    found : Expectation
        Observed, expected and beyond; NaN where not known.
    benchmark_is : str
        What the benchmark is, in one phrase.
    method : str
        Estimator and source.
    assumes : str
        What must hold for the benchmark, as a sentence.
    tables : tuple of Table
        Further tables.
    cases : Paired or None
        The pairs behind the figures; None: all complete pairs.
    """

    found: Expectation
    benchmark_is: str
    method: str
    assumes: str
    tables: tuple[Table, ...] = ()
    cases: Paired | None = None


def difference(pairs: Paired) -> npt.NDArray[np.float64]:
    """Return the change of each pair, after minus before.

    Parameters
    ----------
    pairs : Paired
        Complete pairs.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Changes.
    """
    return pairs.post - pairs.pre


def against_registry(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Regress the change of untreated pupils and predict that of the cases.

    Parameters
    ----------
    study : PrePost
        The study, with a registry.
    name : str
        Name of the outcome.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The benchmark.

    Raises
    ------
    DesignError
        If there is no registry, or nobody in it compares.
    """
    if study.registry is None:
        raise DesignError("The study has no registry of untreated pupils. Give registry=.")
    return Against(
        found=expect(arms(study, name, study.registry, by_pupil=by_pupil), difference),
        benchmark_is="the change expected with no programme: how the outcome changed, over the "
        "same windows, among pupils without a case at the time who had like levels before",
        method="registry regression: least squares of the change of untreated pupils on "
        f"{described(study.match_on, study.within, curved=True)}, predicted for the team's pupils",
        assumes="The comparison takes it that, given what is known before, the team's pupils would "
        "have followed the untreated ones; a school that refers those it worries most about "
        "breaks this, and makes the team look worse than it is. Help that some of the pupils "
        "compared with get later does the same.",
    )


def against_waiting_list(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Regress the change of pupils on the waiting list on their baseline, and predict the cases'.

    Parameters
    ----------
    study : PrePost
        The study, with a waiting list.
    name : str
        Name of the outcome.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The benchmark.

    Raises
    ------
    DesignError
        If there is no waiting list.
    """
    if study.waiting_list is None:
        raise DesignError("The study has no waiting list. Give waiting_list=.")
    ready = arms(study, name, study.waiting_list, curved=False, by_pupil=by_pupil)
    return Against(
        found=expect(ready, difference),
        benchmark_is="the change expected with no programme: how the outcome changed among the "
        f"{len(ready.others.pre)} pupils who waited, chosen by the same rule",
        method="analysis of covariance: least squares of the change of waiting pupils on "
        f"{described(study.match_on, study.within, curved=False)}, predicted for the team's pupils",
        assumes="The comparison takes it that who had to wait was decided without regard to how "
        "pupils fared; taking the worst first breaks this.",
    )


def against_gap(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Compare the follow-up with a window that lies well before the referral.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of an outcome with a ``gap``.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The benchmark: a return to the level of the gap window.

    Raises
    ------
    DesignError
        If the outcome has no gap window, or fewer than ten cases have one.
    """
    outcome = study.outcomes[name]
    if outcome.gap is None:
        raise DesignError(f"The outcome {name!r} has no gap baseline. Give its columns as gap=.")
    cases = observed_pairs(study, name)
    gap = outcome.values(cases.frame, "gap")
    known = ~np.isnan(gap)
    lost = int((~known).sum())
    if known.sum() < 10:
        raise DesignError(f"Fewer than 10 cases have a gap baseline of {name!r}.")
    cases, gap = cases.only(known), gap[known]
    codes = cluster_codes(study, cases.frame, by_pupil=by_pupil)[0]
    series = (difference(cases), gap - cases.pre, cases.post - gap)
    missing = f"; of the cases {share_in_words(lost, len(known))} have none" if lost else ""
    return Against(
        found=Expectation.of(*(mean_by_cluster(values, codes) for values in series)),
        benchmark_is="a return to the level of the same pupils in a window that ends well before "
        f"the referral{missing}",
        method="mean of the follow-up minus the gap baseline, of the same pupils",
        assumes="A gap baseline takes it that nothing but the programme and chance has changed "
        "since: a season, or absence that was growing before the referral, breaks this. Draw the "
        "course over the months beside it.",
        cases=cases,
    )


def against_nothing(study: PrePost, name: str, *, by_pupil: bool) -> Against:
    """Describe the change where nothing says what would have happened anyway.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Against
        The observed change, with nothing beside it.
    """
    cases = observed_pairs(study, name)
    codes = cluster_codes(study, cases.frame, by_pupil=by_pupil)[0]
    unknown = (np.nan, np.nan, np.nan)
    return Against(
        found=Expectation.of(mean_by_cluster(difference(cases), codes), unknown, unknown),
        benchmark_is="none: nobody outside the programme was measured twice",
        method="mean change of complete pairs",
        assumes="Without a benchmark nothing tells this change from what would have happened "
        "anyway; pupils who are chosen because they fare badly fare better later in any case.",
    )
