"""Choose window, numerator and threshold at once, and bootstrap the whole choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.stats.alarm_frontier import alarm_frontier, unit_weights
from absence_risk.thresholds.goal import Goal

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.alarm_frontier import Tallies
    from absence_risk.thresholds.alarm_sample import AlarmSample

    Floats = npt.NDArray[np.float64]

__all__ = ["LEAST_ALARMED", "Choice", "Resampled", "choose", "open_candidates", "resample_choice"]

_BLOCK = 20_000_000
LEAST_ALARMED = 5
"""Fewest pupils alarmed by a candidate that may be chosen."""

_IMPOSSIBLE = "No rule and threshold meets {limits}. {nearest}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule and a threshold.

    Parameters
    ----------
    rule : int
        Number of the rule.
    at : int
        Number of the threshold.
    value : float
        Objective there, more being better.
    """

    rule: int
    at: int
    value: float


@dataclass(frozen=True, eq=False)
class Resampled:
    """The choice made again in every bootstrap sample.

    Parameters
    ----------
    rule, at : numpy.ndarray of int, shape (B,)
        Choice in each sample; −1 where none meets the constraints.
    value : numpy.ndarray, shape (B, C, K)
        Objective of every candidate.
    cells : numpy.ndarray, shape (B, C, 4, K + 1)
        Counts of every candidate.
    outside : numpy.ndarray, shape (B, 4, K + 1)
        Counts of the units that are not in the sample, under the rule chosen in it.
    outside_value : numpy.ndarray, shape (B,)
        Objective of the choice among the units that are not in the sample.
    """

    rule: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    value: Floats
    cells: npt.NDArray[np.float32]
    outside: npt.NDArray[np.float32]
    outside_value: Floats

    @property
    def made(self) -> npt.NDArray[np.bool_]:
        """In which samples a choice was possible."""
        return self.at >= 0


def open_candidates(
    cells: npt.ArrayLike, goal: Goal, pupils: float, least: float
) -> npt.NDArray[np.bool_]:
    """Return which candidates keep all limits and alarm enough pupils to be judged.

    Parameters
    ----------
    cells : array-like, shape (..., 4, K + 1)
        Counts.
    goal : Goal
        Objective and limits.
    pupils : float
        Pupils a month, for the capacity.
    least : float
        Fewest pupils who must be alarmed.

    Returns
    -------
    numpy.ndarray of bool, shape (..., K)
        Open candidates.
    """
    counts = np.asarray(cells)
    flagged = counts[..., :2, :].sum(axis=-2)
    reached = np.cumsum(flagged[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    fine = reached >= least
    if goal.limits:
        found = alarm_frontier(counts)
        for limit in goal.limits:
            fine &= limit.met(found, pupils)
    return np.asarray(fine)


def choose(cells: Floats, goal: Goal, sample: AlarmSample, thresholds: Floats) -> Choice:
    """Choose the best candidate of the data.

    Parameters
    ----------
    cells : numpy.ndarray, shape (C, 4, K + 1)
        Counts of every rule.
    goal : Goal
        Objective and limits.
    sample : AlarmSample
        The pupils.
    thresholds : numpy.ndarray, shape (K,)
        Thresholds.

    Returns
    -------
    Choice
        The best; among equals the first rule and the lowest threshold.

    Raises
    ------
    DesignError
        If no candidate meets the limits; the message names what comes nearest.
    """
    pupils = sample.pupils_a_month
    fine = open_candidates(cells, goal, pupils, LEAST_ALARMED)
    value = goal.value(cells, sample.n_months)
    value = np.where(fine & np.isfinite(value), value, -np.inf)
    if not np.isfinite(value).any():
        limits = " and ".join(limit.words() for limit in goal.limits) or "at least 5 alarms"
        nearest = _nearest(cells, goal, sample, thresholds)
        raise DesignError(_IMPOSSIBLE.format(limits=limits, nearest=nearest))
    rule, at = np.unravel_index(int(value.argmax()), value.shape)
    return Choice(int(rule), int(at), float(value[rule, at]))


def _nearest(cells: Floats, goal: Goal, sample: AlarmSample, thresholds: Floats) -> str:
    """Say how far each limit can be met while the others are kept."""
    pupils = sample.pupils_a_month
    found = alarm_frontier(cells)
    words = []
    for limit in goal.limits:
        others = tuple(other for other in goal.limits if other is not limit)
        rest = Goal(goal.objective, goal.numbers, others)
        fine = open_candidates(cells, rest, pupils, LEAST_ALARMED)
        kept = "keeping the other limits" if others else "with at least 5 pupils alarmed"
        if not fine.any():
            fine = open_candidates(cells, Goal("youden"), pupils, LEAST_ALARMED)
            kept = "leaving the other limits aside"
        quantity = limit.quantity(found, pupils)
        quantity = np.where(fine & np.isfinite(quantity), quantity, -np.inf)
        if not np.isfinite(quantity).any():
            continue
        rule, at = np.unravel_index(int(quantity.argmax()), quantity.shape)
        best = abs(float(quantity[rule, at]))
        where = f"{100 * thresholds[at]:g} % of {sample.rules[rule].words()}"
        words.append(f"{kept}, nearest to {limit.words()} is {limit.kind}({best:.3g}) at {where}")
    text = "; ".join(words)
    return f"{text[:1].upper()}{text[1:]}." if text else "No rule alarms 5 pupils."


def resample_choice(
    tallies: list[Tallies],
    goal: Goal,
    sample: AlarmSample,
    *,
    n_units: int,
    replicates: int,
    rng: np.random.Generator,
) -> Resampled:
    """Draw units with replacement and choose again in every sample.

    Parameters
    ----------
    tallies : list of Tallies
        Counts per unit under every rule.
    goal : Goal
        Objective and limits.
    sample : AlarmSample
        The pupils.
    n_units : int
        Number of pupils or clusters.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Resampled
        Choices, objectives and counts; the units left out of a sample judge its choice.
    """
    block = max(1, min(replicates, _BLOCK // max(n_units, 1)))
    parts = []
    for start in range(0, replicates, block):
        weights = unit_weights(n_units, min(block, replicates - start), rng)
        cells = np.stack([one.weighted(weights) for one in tallies], axis=1)
        spare = (weights == 0).astype(np.float32)
        left = np.stack([one.weighted(spare) for one in tallies], axis=1)
        parts.append(_choose_each(cells, left, goal, sample))
    return Resampled(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _choose_each(
    cells: npt.NDArray[np.float32], left: npt.NDArray[np.float32], goal: Goal, sample: AlarmSample
) -> tuple[npt.NDArray[np.generic], ...]:
    value = goal.value(cells, sample.n_months)
    fine = open_candidates(cells, goal, sample.pupils_a_month, LEAST_ALARMED)
    flat = np.where(fine & np.isfinite(value), value, -np.inf).reshape(len(cells), -1)
    best = flat.argmax(axis=1)
    rule, at = np.unravel_index(best, value.shape[1:])
    none = ~np.isfinite(flat.max(axis=1))
    which = np.arange(len(cells))
    outside = left[which, rule]
    # Those left out are a part of the pupils and compete for that part of the places.
    part = outside[:, :2].sum(axis=(1, 2), dtype=np.float64)[:, None] / sample.n
    outside_value = goal.value(outside, sample.n_months * part)[which, at]
    rule, at = (np.where(none, -1, part).astype(np.int64) for part in (rule, at))
    return rule, at, value, cells, outside, np.where(none, np.nan, outside_value)
