"""The verdict on claim 1, and what else would give the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.result import Answer, Estimate, Verdict

if TYPE_CHECKING:
    from absence_risk.escalation.halves import Halves

__all__ = ["decide", "judge"]

_FEW_CLUSTERS = 20


def decide(adjusted: Estimate, ratio: Estimate, *, tolerance: float) -> Answer:
    """Apply the decision rule, which is the same for every register.

    The tolerance is no natural constant: it was set after trial runs on simulated municipalities
    in which valid absence leads to nothing, where asking for a ratio above 1 alone supported the
    claim in 20 to 45 % of them.

    Parameters
    ----------
    adjusted : Estimate
        Adjusted odds ratio with its interval.
    ratio : Estimate
        Adjusted over time-reversed odds ratio with its interval.
    tolerance : float
        Ratio up to which unequal halves alone can go, 1 or more.

    Returns
    -------
    {"supported", "not supported", "undecidable"}
        Supported where the interval of the adjusted odds ratio lies above 1 and that of the ratio
        above the tolerance; not supported where one of them lies at or below 1.

    Examples
    --------
    >>> above = Estimate(term="x", conf_low=1.1, conf_high=1.4)
    >>> decide(above, Estimate(term="y", conf_low=0.8, conf_high=1.2), tolerance=1.1)
    'undecidable'
    """
    if adjusted.conf_low is None or ratio.conf_low is None:
        return "undecidable"
    if adjusted.conf_low > 1 and ratio.conf_low > tolerance:
        return "supported"
    highest = (adjusted.conf_high, ratio.conf_high)
    if any(limit is not None and limit <= 1 for limit in highest):
        return "not supported"
    return "undecidable"


def judge(
    halves: Halves,
    adjusted: Estimate,
    backwards: Estimate,
    ratio: Estimate,
    *,
    per: float,
    tolerance: float,
    conf_level: float,
) -> Verdict:
    """Return the verdict with its sentence and reasons.

    Parameters
    ----------
    halves : Halves
        The pupils behind the figures.
    adjusted, backwards, ratio : Estimate
        Adjusted and time-reversed odds ratio, and their ratio.
    per : float
        Unit of valid absence, as a share.
    tolerance : float
        Ratio up to which unequal halves alone can go.
    conf_level : float
        Confidence level of the intervals.

    Returns
    -------
    Verdict
        The answer; its sentence speaks of an association in time only.
    """
    answer = decide(adjusted, ratio, tolerance=tolerance)
    first = (
        f"Pupils with {100 * per:g} points more valid absence in the first half have "
        f"{_text(adjusted, conf_level)} times the odds of invalid absence in the second"
    )
    read_back = f"read backwards in time the same figure is {backwards.estimate:.2f}"
    ends = {
        "supported": f"{first}; {read_back}, so valid absence tends to come first.",
        "not supported": f"{first}; {read_back}, so valid absence does not come first here.",
        "undecidable": f"{first}; {read_back}, and these records cannot tell whether valid "
        "absence comes first.",
    }
    return Verdict(
        answer=answer, sentence=ends[answer], reasons=_reasons(halves, ratio, tolerance, conf_level)
    )


def _text(row: Estimate, conf_level: float) -> str:
    return (
        f"{row.estimate:.2f} ({100 * conf_level:g} % interval {row.conf_low:.2f} to "
        f"{row.conf_high:.2f})"
    )


def _reasons(
    halves: Halves, ratio: Estimate, tolerance: float, conf_level: float
) -> tuple[str, ...]:
    early_valid = halves.early.valid.sum() / halves.early.scheduled.sum()
    later_valid = halves.later.valid.sum() / halves.later.scheduled.sum()
    reasons = [
        "The association in the order of time is "
        f"{_text(ratio, conf_level)} times the one backwards in time; 1 means that valid and "
        "invalid absence only go together in the same pupils.",
        "Where a school stops approving the same absence during the year (relabelling), valid "
        "turns into invalid absence on paper and gives the same picture: this is an association "
        "in the order of time, not a cause.",
        "Schools react to absence during the year (talks, alarms, certificates); their reaction "
        "can hide or create the pattern.",
        f"Valid absence is {100 * early_valid:.1f} % of school time in the early half and "
        f"{100 * later_valid:.1f} % in the later half; the comparison backwards in time takes the "
        "halves to be alike but for their order, so a season of illness or a general rise of "
        "invalid absence can move it. A ratio that may be as low as "
        f"{tolerance:g} therefore does not count as support.",
    ]
    if halves.n_clusters < _FEW_CLUSTERS:
        reasons.append(
            f"There are only {halves.n_clusters} schools, so intervals are wide and rest on the "
            "t distribution."
        )
    return tuple(reasons)
