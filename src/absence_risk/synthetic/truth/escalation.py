"""What valid absence does to later invalid absence, and what only looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.truth.value import (
    Entry,
    Value,
    exact,
    from_influence,
    mean,
    nothing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.scenario import Scenario
    from absence_risk.synthetic.truth.counterfactual import Pair, Reference
    from absence_risk.synthetic.truth.tally import Tally

    Floats = npt.NDArray[np.float64]

__all__ = ["escalation_known", "escalation_simulated", "later_invalid_difference", "odds_ratio"]

_MORE = 0.05
_SHIFT = "recent valid absence + 0.05 in the first term"


def escalation_known(scenario: Scenario) -> Iterator[Entry]:
    """Yield what follows from the parameters.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Yields
    ------
    Entry
        Estimands of claim 1.
    """
    beta, drift = scenario.avoidance.beta_valid, scenario.label.drift_per_month
    yield Entry(
        "avoidance.beta_valid",
        "β_V: log-odds of moving up the ladder in a week per 10 points of recent valid absence",
        "all pupils below level 6",
        "log-odds per 10 points",
        "closed_form",
        exact(beta),
    )
    yield Entry(
        "escalation.move_up_or_valid_5pp",
        "exp(β_V / 2): odds ratio of moving up the ladder in a week per 5 points of recent valid "
        "absence, given all else",
        "all pupils below level 6",
        "odds ratio",
        "closed_form",
        exact(np.exp(beta * _MORE / 0.1)),
    )
    yield Entry(
        "label.drift_or_per_month",
        "exp(−κ_t): odds ratio of avoidance being recorded as valid per month since it began",
        "pupils above level 1",
        "odds ratio",
        "closed_form",
        exact(np.exp(-drift)),
    )


def escalation_simulated(reference: Reference) -> Iterator[Entry]:
    """Yield what pairs of worlds show.

    Parameters
    ----------
    reference : Reference
        The world and its counterfactuals.

    Yields
    ------
    Entry
        Estimands of claim 1.
    """
    scenario = reference.world.scenario
    yield from _caused(reference)
    more = reference.pair({"avoidance.valid_shift": scenario.avoidance.valid_shift + _MORE})
    yield from _shifted(more)


def _caused(reference: Reference) -> Iterator[Entry]:
    """Yield how much of later invalid absence is caused, and how much is a label."""
    no_cause = reference.pair({"avoidance.beta_valid": 0.0})
    no_drift = reference.pair({"label.drift_per_month": 0.0})
    yield Entry(
        "escalation.risk_difference_valid",
        "E[invalid share of lessons in the last term] − E[the same | do(β_V = 0)]: how much of "
        "later invalid absence valid absence has caused",
        "all pupils",
        "share",
        "crn_paired",
        later_invalid_difference(no_cause),
    )
    yield Entry(
        "escalation.risk_difference_drift",
        "E[invalid share of lessons in the last term] − E[the same | do(label drift = 0)]: how "
        "much of later invalid absence is avoidance that would have been excused at its onset",
        "all pupils",
        "share",
        "crn_paired",
        later_invalid_difference(no_drift),
    )
    for name, what, pair in (
        ("cause", "β_V", no_cause),
        ("drift", "label drift", no_drift),
    ):
        yield Entry(
            f"escalation.share_of_later_invalid_due_to_{name}",
            f"1 − E[invalid lessons in the last term | do({what} = 0)] / E[the same]",
            "all pupils",
            "share of invalid absence",
            "crn_paired",
            _share_due(pair),
        )


def _shifted(more: Pair) -> Iterator[Entry]:
    """Yield what 5 more points of recent valid absence in the first term would do."""
    yield Entry(
        "escalation.total_or_valid_5pp",
        "odds of invalid absence over lessons at risk (scheduled less valid) in the last term, "
        f"under do({_SHIFT}) over as it is; marginal, total "
        "effect (also through early invalid absence)",
        "all pupils",
        "odds ratio",
        "crn_paired",
        odds_ratio(more),
    )
    yield Entry(
        "escalation.risk_difference_valid_5pp",
        f"E[invalid share of lessons in the last term | do({_SHIFT})] − E[the same]",
        "all pupils",
        "share",
        "crn_paired",
        later_invalid_difference(more, reverse=True),
    )
    yield Entry(
        "escalation.hazard_ratio_valid_5pp",
        "first school weeks with invalid absence over pupil-weeks until then, in the last term, "
        f"under do({_SHIFT}) over as it is",
        "all pupils",
        "hazard ratio",
        "crn_paired",
        _hazard_ratio(more),
    )


def _late_share(tally: Tally) -> Floats:
    return tally.share("invalid", *tally.last_term)


def later_invalid_difference(pair: Pair, *, reverse: bool = False) -> Value:
    """Return the mean difference of invalid absence in the last term between paired worlds.

    Parameters
    ----------
    pair : Pair
        Paired worlds.
    reverse : bool
        Whether to return intervention minus fact instead of fact minus intervention.

    Returns
    -------
    Value
        Mean over pupils of the paired difference of shares.
    """
    fact, other = pair.both(_late_share)
    return mean(other - fact if reverse else fact - other, pair.fact.school)


def _share_due(pair: Pair) -> Value:
    """Return the share of later invalid lessons that an intervention takes away."""
    fact, other = pair.both(lambda tally: tally.lost("invalid", *tally.last_term))
    whole = float(fact.sum())
    if whole == 0:
        return nothing(len(fact))
    left = float(other.sum()) / whole
    return from_influence(1 - left, (left * fact - other) / whole, len(fact), pair.fact.school)


def _lessons_at_risk(tally: Tally) -> Floats:
    """Return lessons of invalid absence and lessons attended in the last term, shape (n, 2)."""
    first, end = tally.last_term
    invalid = tally.lost("invalid", first, end)
    attended = tally.lessons * (end - first) - tally.lost("total", first, end)
    return np.stack([invalid, attended], axis=1).astype(np.float64)


def odds_ratio(pair: Pair) -> Value:
    """Return the odds ratio of later invalid absence over lessons at risk between paired worlds.

    Parameters
    ----------
    pair : Pair
        Paired worlds; the intervention is the numerator.

    Returns
    -------
    Value
        Pooled odds ratio; error by the delta method on the pupils' paired sums.
    """
    fact, other = pair.both(_lessons_at_risk)
    if not (fact[:, 0].any() and other[:, 0].any()):
        return nothing(len(fact))
    log_odds, influence = zip(*(_log_ratio(part) for part in (fact, other)), strict=True)
    ratio = float(np.exp(log_odds[1] - log_odds[0]))
    return from_influence(ratio, ratio * (influence[1] - influence[0]), len(fact), pair.fact.school)


def _log_ratio(parts: Floats) -> tuple[float, Floats]:
    """Return the log of a ratio of sums, and the influence of each row."""
    whole = parts.sum(axis=0)
    share = parts / whole
    return float(np.log(whole[0] / whole[1])), np.asarray(share[:, 0] - share[:, 1])


def _first_invalid_week(tally: Tally) -> Floats:
    """Return whether there is invalid absence in the last term, and the weeks until then."""
    first, end = tally.last_term
    week = tally.world.year.week[first:end]
    starts = np.flatnonzero(np.diff(week, prepend=-1))
    seen = np.add.reduceat(tally.invalid[:, first:end], starts, axis=1, dtype=np.int64) > 0
    ever = seen.any(axis=1)
    at_risk = np.where(ever, seen.argmax(axis=1) + 1, len(starts))
    return np.stack([ever, at_risk], axis=1).astype(np.float64)


def _hazard_ratio(pair: Pair) -> Value:
    fact, other = pair.both(_first_invalid_week)
    if not (fact[:, 0].any() and other[:, 0].any()):
        return nothing(len(fact))
    log_rate, influence = zip(*(_log_ratio(part) for part in (fact, other)), strict=True)
    ratio = float(np.exp(log_rate[1] - log_rate[0]))
    return from_influence(ratio, ratio * (influence[1] - influence[0]), len(fact), pair.fact.school)
