"""What share of pupils would respond with no programme: from a registry, else from a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import arms, expect_each
from absence_risk.evaluation.free_baseline import with_free_baseline
from absence_risk.evaluation.outcomes import Likert, Outcome, Rate
from absence_risk.stats.null_responders import (
    absent_days,
    after_given_before,
    class_shares,
    days_law,
    to_lattice,
    within_group,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.responders_rule import Classes
    from absence_risk.stats.reliable_change import Norms

__all__ = ["NullShares", "model_null", "registry_null"]


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


def registry_null(
    study: PrePost,
    name: str,
    sort: Callable[[Paired], npt.NDArray[np.int64]],
    *,
    n_classes: int,
    by_pupil: bool,
) -> NullShares:
    """Return the shares expected from untreated pupils who had like levels before.

    Each class is regressed on what is known before; where the registry is large, the baseline
    enters as a broken line and its commonest levels on their own.

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
        Shares with CR2 errors.

    Raises
    ------
    DesignError
        If there is nobody to compare with.
    """
    if study.registry is None:
        raise DesignError("The study has no registry of untreated pupils.")
    ready = with_free_baseline(arms(study, name, study.registry, by_pupil=by_pupil))

    def member(place: int) -> Callable[[Paired], npt.NDArray[np.float64]]:
        return lambda pairs: (sort(pairs) == place).astype(float)

    asked = range(1, 2) if n_classes == 2 else range(n_classes)  # of two, one is the other's rest
    found = expect_each(ready, [member(place) for place in asked])
    shares = np.clip([one.means[1] for one in found], 0.0, 1.0)
    twice = 2 if n_classes == 2 else 1
    return NullShares(
        shares=np.concatenate([1 - shares, shares]) if n_classes == 2 else shares,
        std_errors=np.tile([one.std_errors[1] for one in found], twice),
        df=np.tile([one.df[1] for one in found], twice),
        source=f"untreated pupils with like levels before ({len(ready.others.pre)} in the "
        "registry), by regression",
    )


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
        step = _step(outcome, pairs)
        breaks = ready.breaks
        if step > 0:
            breaks = to_lattice(breaks, start=ready.sign * outcome.low, step=step)
        shares = class_shares(breaks, pairs.pre, toward)
        law = "a normal law from mean, SD and reliability"
        if step > 0:
            law += f", in steps of {step:.3g}"
    where = "of the population" if chosen else "within the group, chosen by something else"
    return NullShares(
        shares=shares,
        std_errors=np.zeros(len(shares)),
        df=np.full(len(shares), np.inf),
        source=f"a model, not untreated pupils: {law} {where}, integrated over the cases' baseline",
    )


def _step(outcome: Outcome, pairs: Paired) -> float:
    """Return the distance of possible scores; 0 where they are not seen to move in steps."""
    if isinstance(outcome, Likert) and isinstance(outcome.pre, tuple):
        return 1 / len(outcome.pre)
    values = np.unique(np.concatenate([pairs.pre, pairs.post]).round(6))
    if len(values) < 2 or len(values) > len(pairs.pre) / 2:
        return 0.0
    return float(np.diff(values).min())


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
