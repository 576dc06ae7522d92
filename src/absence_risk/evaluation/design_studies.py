"""Every analysis of a design, over many simulated studies at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from absence_risk.evaluation.design_wellbeing import complete_cases, draw_wellbeing, imputed
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.many_changes import Changes, Studies, beyond, mean_of_clusters

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.design_wellbeing import WellbeingDraws
    from absence_risk.evaluation.design_world import CaseDraws, DesignWorld, OtherDraws

__all__ = [
    "ADVISED",
    "COMPARE_FROM",
    "NAIVE",
    "OF_WELLBEING",
    "Design",
    "DrawnStudies",
    "analyse",
    "draw_studies",
    "simulate",
]

NAIVE = "paired t test, pupils independent"
GAP = "gap baseline, CR2"
REGISTRY = "registry regression, pupils independent"
REGISTRY_CR2 = "registry regression, CR2"
MEANS = "registry regression, t test on cluster means"
WAITING = "waiting list, analysis of covariance, CR2"
COMPLETE = "complete cases, CR2"
IMPUTED = "multiple imputation, missing at random"
IMPUTED_DELTA = "multiple imputation, true delta"

ADVISED = (REGISTRY_CR2, WAITING, GAP)
"""Analyses of absence to go by, the first that a design has."""

OF_WELLBEING = (COMPLETE, IMPUTED, IMPUTED_DELTA)
COMPARE_FROM = 0.5
"""Untreated pupils are compared from this share of the cut on."""

_AT_ONCE = 100
_WELLBEING_VARIANCE = 0.8


@dataclass(frozen=True, eq=False, kw_only=True)
class Design:
    """A design that is tried.

    Parameters
    ----------
    world : DesignWorld
        Population, window and cut.
    cases : numpy.ndarray of int, shape (G,)
        Cases in each cluster.
    others, waiting : numpy.ndarray of int, shape (G,), or None
        Untreated and waiting pupils in each cluster.
    cluster_share : float
        Share of the variance of change between clusters, below 1.
    missing : float
        Share of cases without follow-up of wellbeing.
    delta : float
        How those missing differ, in standard deviations.
    """

    world: DesignWorld
    cases: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64] | None
    waiting: npt.NDArray[np.int64] | None
    cluster_share: float
    missing: float
    delta: float


class DrawnStudies(NamedTuple):
    """Pupils of several studies, sorted by cluster.

    Parameters
    ----------
    cases : CaseDraws
        Absence of the cases in three windows.
    others, waiting : OtherDraws or None
        Absence of untreated pupils from half the cut on, and of waiting pupils.
    answers : WellbeingDraws or None
        Wellbeing of the cases.
    """

    cases: CaseDraws
    others: OtherDraws | None
    waiting: OtherDraws | None
    answers: WellbeingDraws | None


def simulate(design: Design, replicates: int, seed: int) -> dict[str, Changes]:
    """Return the estimates of each analysis over studies in which nothing is done.

    Parameters
    ----------
    design : Design
        The design.
    replicates : int
        Number of studies.
    seed : int
        Seed.

    Returns
    -------
    dict of str to Changes
        By name of the analysis.
    """
    blocks = math.ceil(replicates / _AT_ONCE)  # some studies at a time keep memory small
    parts = []
    for place, stream in enumerate(np.random.SeedSequence(seed).spawn(blocks)):
        count = min(_AT_ONCE, replicates - place * _AT_ONCE)
        rng = np.random.default_rng(stream)
        parts.append(analyse(design, draw_studies(design, count, rng), rng))
    return {
        name: Changes(*(np.concatenate([part[name][j] for part in parts]) for j in range(3)))
        for name in parts[0]
    }


def draw_studies(design: Design, count: int, rng: np.random.Generator) -> DrawnStudies:
    """Draw studies in which nothing is done.

    Parameters
    ----------
    design : Design
        The design.
    count : int
        Number of studies.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    DrawnStudies
        Pupils sorted by cluster.
    """
    world, sizes = design.world, design.cases
    windows = world.cases(count, int(sizes.sum()), rng)
    between = design.cluster_share / (1 - design.cluster_share)
    shift = rng.normal(size=(count, len(sizes)))
    moved = math.sqrt(between * world.change_of_chosen()[1]) * shift
    cases = windows._replace(after=windows.after + np.repeat(moved, sizes, axis=1))
    others = waiting = answers = None
    if design.others is not None:
        lowest = COMPARE_FROM * world.cut
        others = world.others(count, int(design.others.sum()), lowest, rng)
    if design.waiting is not None:
        waited = world.others(count, int(design.waiting.sum()), world.cut, rng)
        waiting = waited._replace(after=waited.after + np.repeat(moved, design.waiting, axis=1))
    if design.missing > 0:
        own = math.sqrt(between * _WELLBEING_VARIANCE) * rng.normal(size=(count, len(sizes)))
        answers = draw_wellbeing(
            cases.before,
            np.repeat(own, sizes, axis=1),
            missing=design.missing,
            delta=design.delta,
            rng=rng,
        )
    return DrawnStudies(cases=cases, others=others, waiting=waiting, answers=answers)


def analyse(design: Design, drawn: DrawnStudies, rng: np.random.Generator) -> dict[str, Changes]:
    """Return the estimates of each analysis, for all studies at once.

    Parameters
    ----------
    design : Design
        The design.
    drawn : DrawnStudies
        What `draw_studies` returned.
    rng : numpy.random.Generator
        Source of randomness of the imputations.

    Returns
    -------
    dict of str to Changes
        By name of the analysis.
    """
    starts, (gap, before, after) = _starts(design.cases), drawn.cases
    codes = np.repeat(np.arange(len(starts)), design.cases)
    cases = Studies(before, after - before, starts)
    found = {
        NAIVE: _mean(cases.outcome, np.arange(len(codes))),
        GAP: _mean(after - gap, codes),
    }
    if drawn.others is not None and design.others is not None:
        untreated = _changes(drawn.others, design.others)
        found[REGISTRY] = beyond(cases, untreated, degree=2, by_pupil=True)[0]
        found[REGISTRY_CR2], gaps = beyond(cases, untreated, degree=2)
        found[MEANS] = mean_of_clusters(gaps, starts)
    if drawn.waiting is not None and design.waiting is not None:
        found[WAITING] = beyond(cases, _changes(drawn.waiting, design.waiting), degree=1)[0]
    if drawn.answers is not None:
        found[COMPLETE] = complete_cases(drawn.answers, starts)
        found[IMPUTED] = imputed(drawn.answers, starts, delta=0.0, rng=rng)
        if design.delta != 0:
            found[IMPUTED_DELTA] = imputed(drawn.answers, starts, delta=design.delta, rng=rng)
    return found


def _changes(drawn: OtherDraws, sizes: npt.NDArray[np.int64]) -> Studies:
    return Studies(drawn.before, drawn.after - drawn.before, _starts(sizes))


def _starts(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.cumsum(sizes) - sizes


def _mean(values: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]) -> Changes:
    found = cluster_mean(values, codes)
    return Changes(found.estimate, np.sqrt(found.variance), np.full(len(values), found.df))
