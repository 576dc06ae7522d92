"""What share of pupils would respond with no programme: from a registry, else from a model."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import AssumptionWarning, DesignError
from absence_risk.evaluation.arms import Arms, arms, expect, selection_level, untreated
from absence_risk.evaluation.change import has_registry
from absence_risk.evaluation.outcomes import Rate
from absence_risk.stats.null_responders import (
    absent_days,
    after_given_before,
    class_shares,
    days_law,
    within_group,
)
from absence_risk.stats.reliable_change import Norms

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.responders_rule import Classes, ReliableChange

__all__ = ["NullShares", "model_null", "norms_of", "registry_null"]

_HINGES_FROM = 400
_POPULATION_FROM = 0.25


@dataclass(frozen=True, eq=False, kw_only=True)
class NullShares:
    """Expected share of each class among cases that were followed, with no programme.

    Parameters
    ----------
    shares : numpy.ndarray of float, shape (k,)
        From the worst class to the best.
    std_errors : numpy.ndarray of float, shape (k,)
        Zero where a model gives the share.
    df : numpy.ndarray of float, shape (k,)
        Degrees of freedom; infinite where a model gives the share.
    source : str
        Where they come from, as a phrase.
    """

    shares: npt.NDArray[np.float64]
    std_errors: npt.NDArray[np.float64]
    df: npt.NDArray[np.float64]
    source: str


def norms_of(study: PrePost, name: str, rule: ReliableChange) -> tuple[Norms, str]:
    """Return the population values for a rule and where they come from.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    rule : ReliableChange
        Its own values win over the outcome's, and these over the registry's.

    Returns
    -------
    norms : Norms
        The values.
    source : str
        A phrase.

    Raises
    ------
    DesignError
        If SD or reliability are not known in the population.
    """
    outcome = study.outcomes[name]
    fields = {n: getattr(rule, n) for n in Norms.__dataclass_fields__}
    if outcome.population is not None:
        fields["mean"] = fields["mean"] or outcome.population.mean
        fields["sd"] = fields["sd"] or outcome.population.sd
    fields["reliability"] = fields["reliability"] or outcome.reliability
    source = "values given for the population"
    if fields["sd"] is None or fields["reliability"] is None:
        found = _registry_norms(study, name)
        if found:
            fields = {n: found.get(n) if v is None else v for n, v in fields.items()}
            source = "mean, SD and correlation of the two windows in the registry"
    if fields["sd"] is None and rule.from_selected:
        warnings.warn(
            "The SD of the selected cases stands in for the population's; it is narrower, so more "
            "pupils seem to change reliably. Give sd=, or population= of the outcome.",
            AssumptionWarning,
            stacklevel=2,
        )
        fields["sd"] = float(np.nanstd(study.pairs(name).pre, ddof=1))
        source = "SD of the selected cases (too narrow), reliability as given"
    lacking = [n for n in ("sd", "reliability") if fields[n] is None]
    if lacking:
        raise DesignError(
            f"Reliable change of {name!r} needs the population's {' and '.join(lacking)}; the "
            "cases were selected and cannot give it. Give population= and reliability= of the "
            "outcome, or a registry that holds all pupils."
        )
    return Norms(**fields), source


def _registry_norms(study: PrePost, name: str) -> dict[str, float]:
    """Return mean, SD and correlation of a registry that holds all pupils, else nothing."""
    if not has_registry(study, name) or study.registry is None:
        return {}
    rule = study.selection
    if rule is not None:
        chosen_by = study.outcomes[rule.outcome]
        level = selection_level(rule, chosen_by, study.registry)
        level = level[~np.isnan(level)]
        healthy = chosen_by.low if rule.at_least is not None else chosen_by.high
        near = np.abs(level - healthy) < abs(rule.cut - healthy) / 2
        if len(level) == 0 or near.mean() < _POPULATION_FROM:
            return {}
    pairs = untreated(study, name, study.registry, all_levels=True)
    if len(pairs.pre) < 30 or pairs.pre.std() == 0 or pairs.post.std() == 0:
        return {}
    r = float(np.corrcoef(pairs.pre, pairs.post)[0, 1])
    if not 0 < r < 1:
        return {}
    return {
        "sd": float(pairs.pre.std(ddof=1)),
        "mean": float(pairs.pre.mean()),
        "reliability": r,
        "sd_post": float(pairs.post.std(ddof=1)),
        "mean_post": float(pairs.post.mean()),
        "reliability_post": r,
        "correlation": r,
    }


def registry_null(
    study: PrePost,
    name: str,
    sort: Callable[[Paired], npt.NDArray[np.int64]],
    *,
    n_classes: int,
    by_pupil: bool,
) -> NullShares:
    """Return the shares expected from untreated pupils who had like levels before.

    Each class is regressed on what is known before, with a broken line at the quintiles of the
    cases' baseline where the registry is large: a share does not follow a parabola.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    sort : callable
        Class of each pair.
    n_classes : int
        Number of classes.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    NullShares
        Shares with jackknife errors.

    Raises
    ------
    DesignError
        If there is nobody to compare with.
    """
    if study.registry is None:
        raise DesignError("The study has no registry of untreated pupils.")
    ready = _with_hinges(arms(study, name, study.registry, by_pupil=by_pupil))

    def member(place: int) -> Callable[[Paired], npt.NDArray[np.float64]]:
        return lambda pairs: (sort(pairs) == place).astype(float)

    found = [expect(ready, member(place)) for place in range(n_classes)]
    return NullShares(
        shares=np.clip([one.means[1] for one in found], 0.0, 1.0),
        std_errors=np.array([one.std_errors[1] for one in found]),
        df=np.array([one.df[1] for one in found]),
        source=f"untreated pupils with like levels before ({len(ready.others.pre)} in the "
        "registry), by regression",
    )


def _with_hinges(ready: Arms) -> Arms:
    knots = np.unique(np.quantile(ready.cases.pre, [0.2, 0.4, 0.6, 0.8]))
    if len(ready.others.pre) < _HINGES_FROM:
        return ready
    sides = [
        np.column_stack([X, np.maximum(pairs.pre[:, None] - knots, 0.0)])
        for X, pairs in ((ready.X_cases, ready.cases), (ready.X_others, ready.others))
    ]
    return replace(ready, X_cases=sides[0], X_others=sides[1])


def model_null(
    study: PrePost, name: str, norms: Norms, classes: Callable[[npt.NDArray[np.float64]], Classes]
) -> NullShares:
    """Return the shares expected from reliability and selection, by exact integration.

    Where pupils were chosen by this very measure, the measure after given the one before follows
    the population's law; where they were chosen by something else, the law within their group.
    Days of absence follow a Beta law of pupils with spells, scores a normal law.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    norms : Norms
        Population values.
    classes : callable
        Classes for given measures before.

    Returns
    -------
    NullShares
        Shares without sampling error of their own.

    Raises
    ------
    DesignError
        If the law needs the population's mean and it is not known.
    """
    pairs = study.pairs(name)
    pairs = pairs.only(pairs.complete)
    rule, outcome = study.selection, study.outcomes[name]
    chosen = rule is not None and rule.outcome == name and rule.measure is None
    if chosen and norms.mean is None:
        raise DesignError(
            f"Pupils were chosen by {name!r} itself, so the share to be expected with no programme "
            "needs the population's mean. Give population= of the outcome, or a registry."
        )
    counted = None
    if chosen and isinstance(outcome, Rate):
        counted = (outcome.counts(pairs.frame, "pre"), outcome.counts(pairs.frame, "post"))
    if counted is not None and counted[0] is not None and counted[1] is not None:
        shares = _days(norms, (counted[0], counted[1]), classes)
        law = "a Beta law of the pupils' absence, with spells, from mean, SD and reliability"
    else:
        used = norms
        if not chosen:
            used = within_group(norms, float(pairs.pre.mean()), float(pairs.pre.std(ddof=1)))
        ready = classes(pairs.pre)
        law_of = after_given_before(used)
        toward = replace(
            law_of, constant=ready.sign * law_of.constant, slope=ready.sign * law_of.slope
        )
        shares = class_shares(ready.breaks, pairs.pre, toward)
        law = "a normal law from mean, SD and reliability"
    where = "of the population" if chosen else "within the group, chosen by something else"
    return NullShares(
        shares=shares,
        std_errors=np.zeros(len(shares)),
        df=np.full(len(shares), np.inf),
        source=f"a model, not untreated pupils: {law} {where}, integrated over the cases' baseline",
    )


def _days(
    norms: Norms,
    counted: tuple[
        tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
        tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    ],
    classes: Callable[[npt.NDArray[np.float64]], Classes],
) -> npt.NDArray[np.float64]:
    """Average over cases the law of days after, given the days before."""
    (days, school), (_, school_after) = counted
    assert norms.mean is not None  # checked by model_null
    spread, within = days_law(
        norms.mean, norms.sd, norms.reliability, max(round(float(np.median(school))), 1)
    )
    windows = np.column_stack([school, school_after]).round().astype(np.int64)
    total: npt.NDArray[np.float64] | None = None
    for n, m in np.unique(windows, axis=0):
        who = (windows == (n, m)).all(axis=1)
        joint = absent_days((int(n), int(m)), mean=norms.mean, overdispersion=spread, within=within)
        k = days[who].round().astype(np.int64)
        law = joint[k] / joint[k].sum(axis=1, keepdims=True)
        ready = classes(k / n)
        place = ready.sort(np.broadcast_to(np.arange(m + 1) / m, law.shape))
        sums = np.array([law[place == c].sum() for c in range(len(ready.labels))])
        total = sums if total is None else total + sums
    return np.asarray(total) / len(days)
