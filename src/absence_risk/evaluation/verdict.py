"""The verdict on claim 4, and what else would give the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.evaluation.outcomes import Rate
from absence_risk.result import Answer, Estimate, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.evaluation.benchmarks import Against
    from absence_risk.evaluation.outcomes import Better, Outcome
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.result import Table

__all__ = ["decide", "judge"]


def decide(beyond: Estimate, margin: float, better: Better = "lower") -> Answer:
    """Apply the decision rule, which is the same for every register.

    Parameters
    ----------
    beyond : Estimate
        Change beyond the benchmark with its interval.
    margin : float
        Change too small to matter, in the unit of the change.
    better : {"lower", "higher"}
        Direction of an improvement.

    Returns
    -------
    {"supported", "not supported", "undecidable"}
        Supported where the interval lies on the better side of 0; not supported where it lies on
        the other side, or within the margin around 0.

    Examples
    --------
    >>> decide(Estimate(term="x", conf_low=-0.004, conf_high=0.006), margin=0.01)
    'not supported'
    """
    low, high = beyond.conf_low, beyond.conf_high
    if low is None or high is None:
        return "undecidable"
    if better == "higher":
        low, high = -high, -low
    if high < 0:
        return "supported"
    if low > 0 or (low >= -margin and high <= margin):
        return "not supported"
    return "undecidable"


def judge(
    study: PrePost,
    name: str,
    *,
    cases: Paired,
    change: Sequence[Estimate],
    against: Against,
    shares: Sequence[Table],
) -> Verdict:
    """Return the verdict with its sentence and reasons.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    cases : Paired
        Complete pairs.
    change : sequence of Estimate
        Observed, expected and beyond.
    against : Against
        The benchmark.
    shares : sequence of Table
        The table "responders", or none.

    Returns
    -------
    Verdict
        The answer; its sentence names the share that fares better beside its null share.
    """
    outcome = study.outcomes[name]
    answer = decide(change[2], outcome.margin, outcome.better)
    reasons = [_course(name, outcome, cases, change)]
    if shares:
        reasons.append(
            "Pupils are chosen in a bad time, so many improve with no programme at all; every "
            "share therefore stands beside its null share."
        )
    reasons.append(against.assumes)
    if outcome.margin > 0 and change[2].conf_low is not None:
        reasons.append(
            "A change that differs from the expected one by at most "
            f"{_amount(outcome, outcome.margin, sign='')} counts as none."
        )
    reasons += [str(caution) for caution in study.warnings(name)]
    sentence = _sentence(study, name, change, shares, answer)
    return Verdict(answer=answer, sentence=sentence, reasons=tuple(reasons))


def _sentence(
    study: PrePost,
    name: str,
    change: Sequence[Estimate],
    shares: Sequence[Table],
    answer: Answer,
) -> str:
    outcome, beyond = study.outcomes[name], change[2]
    level = f"{100 * study.conf_level:g} % interval"
    if beyond.estimate is not None and beyond.conf_low is None:
        return (
            f"The change of {name} is {_points(outcome, beyond)} beyond what was to be expected, "
            "but pupils or their groups do not differ at all, so nothing tells how far chance "
            "reaches."
        )
    if beyond.estimate is None or beyond.conf_low is None or beyond.conf_high is None:
        return (
            f"The {name} of the team's pupils changed by {_within(outcome, change[0], level)}; "
            "there is no benchmark that says what would have happened anyway, so these records "
            "cannot tell whether the team helped."
        )
    start = ""
    if shares:
        fare = f"less {name}" if outcome.better == "lower" else f"better {name}"
        observed, expected = shares[0].rows[:2]
        start = (
            f"{_per_cent(observed)} of the team's pupils had {fare} afterwards, where "
            f"{_per_cent(expected)} would be expected with no programme; "
        )
    against = (
        f"the change of {name} is {_within(outcome, beyond, level)} beyond what was to be expected"
    )
    verb = "fell" if outcome.better == "lower" else "rose"
    did_not = "fall" if outcome.better == "lower" else "rise"
    ends = {
        "supported": f"so {name} {verb} more than it would have anyway.",
        "not supported": f"so {name} did not {did_not} more than it would have anyway.",
        "undecidable": "and these records cannot tell the two apart.",
    }
    said = f"{start}{against}, {ends[answer]}"
    return said[0].upper() + said[1:]


def _course(name: str, outcome: Outcome, cases: Paired, change: Sequence[Estimate]) -> str:
    first, last = (_amount(outcome, float(v.mean()), sign="") for v in (cases.pre, cases.post))
    said = (
        f"The {name} of the team's pupils went from {first} to {last} "
        f"({_points(outcome, change[0])})"
    )
    if change[1].estimate is None:
        return f"{said}."
    return f"{said}; {_points(outcome, change[1])} were to be expected with no programme."


def _per_cent(row: Estimate) -> str:
    return "an unknown share" if row.estimate is None else f"{100 * row.estimate:.0f} %"


def _amount(outcome: Outcome, value: float, *, sign: str = "+") -> str:
    if isinstance(outcome, Rate):
        return f"{100 * value:{sign}.1f} % of school time"
    return f"{value:{sign}.2f} scale points"


def _points(outcome: Outcome, row: Estimate, field: str = "estimate") -> str:
    return f"{_number(outcome, getattr(row, field))} {_unit(outcome)}"


def _within(outcome: Outcome, row: Estimate, level: str) -> str:
    """Return an estimate with its interval in words."""
    if row.conf_low is None or row.conf_high is None:
        return _points(outcome, row)
    low, high = _number(outcome, row.conf_low), _number(outcome, row.conf_high)
    return f"{_points(outcome, row)} ({level} {low} to {high})"


def _number(outcome: Outcome, value: float) -> str:
    return f"{100 * value:+.1f}" if isinstance(outcome, Rate) else f"{value:+.2f}"


def _unit(outcome: Outcome) -> str:
    return "points" if isinstance(outcome, Rate) else "scale points"
