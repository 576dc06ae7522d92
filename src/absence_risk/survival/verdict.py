"""The verdict on claim 3, and what else would give the same picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk.result import Answer, Estimate, Verdict
from absence_risk.survival.balance import UNLIKE_AT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.survival.balance import Balance

__all__ = ["Findings", "decide", "judge"]

_FEW = 5
_DIFFER = (
    "Cases and untreated pupils differ in more than their recorded absence: guardians and pupils "
    "must consent, and schools refer those they worry about most. Some untreated pupils get a team "
    "later, which draws the two groups together."
)
_COMPETE = "A case that closes first can no longer return in this count, an untreated pupil can"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the verdict rests on.

    Parameters
    ----------
    team, benchmark, beyond : Estimate
        Share of returns by the week, of cases, of untreated pupils, and their difference.
    week : int
        School week of the comparison.
    asked : int
        School week that was asked for.
    other_endings : int
        Number of kinds of endings other than return that occurred.
    otherwise : float
        Share of cases that ended otherwise by the week.
    relapse : Estimate
        Share of cases back that relapsed.
    register : Estimate
        The difference if cases are followed past their closing.
    balance : tuple of Balance
        How alike the groups are before the start, after weighting.
    notes : sequence of str
        Remarks on resampling, bands and data.
    """

    team: Estimate
    benchmark: Estimate
    beyond: Estimate
    week: int
    asked: int
    other_endings: int
    otherwise: float
    relapse: Estimate
    register: Estimate
    balance: tuple[Balance, ...]
    notes: Sequence[str]

    @property
    def unlike(self) -> tuple[Balance, ...]:
        """What the groups still differ in."""
        return tuple(item for item in self.balance if item.unlike)


def decide(
    beyond: Estimate, past_closing: Estimate, margin: float, *, alike: bool = True
) -> Answer:
    """Apply the rule that was written before any data were seen.

    A case that closes can no longer return, an untreated pupil can. That alone lowers the
    difference, so the claim is rejected only where cases followed past their closing say so too.
    Where the groups still differ before the start, the comparison decides neither way.

    Parameters
    ----------
    beyond : Estimate
        Difference in the share of returns with its interval.
    past_closing : Estimate
        The same with cases followed whether still open or not.
    margin : float
        Differences within this are too small to matter, in (0, 1).
    alike : bool
        Whether weighting has made the groups alike before the start.

    Returns
    -------
    {"supported", "not supported", "undecidable"}
        Undecidable where the groups are not alike. Supported where the interval lies above 0; not
        supported where both lie below 0 or within the margin on both sides of 0.

    Examples
    --------
    >>> near = Estimate(term="x", conf_low=-0.02, conf_high=0.04)
    >>> decide(near, near, 0.05)
    'not supported'
    """
    if not alike:
        return "undecidable"
    if beyond.conf_low is not None and beyond.conf_low > 0:
        return "supported"
    against = _below(beyond, margin) and _below(past_closing, margin)
    return "not supported" if against else "undecidable"


def _below(row: Estimate, margin: float) -> bool:
    low, high = row.conf_low, row.conf_high
    if low is None or high is None:
        return False
    return high < 0 or (low >= -margin and high <= margin)


def judge(found: Findings, *, margin: float, conf_level: float) -> Verdict:
    """Return the verdict with its sentence and reasons.

    Parameters
    ----------
    found : Findings
        What it rests on.
    margin : float
        Differences within this are too small to matter.
    conf_level : float
        Confidence level of the intervals.

    Returns
    -------
    Verdict
        The answer.
    """
    answer = decide(found.beyond, found.register, margin, alike=not found.unlike)
    return Verdict(
        answer=answer,
        sentence=_sentence(found, answer, margin),
        reasons=_reasons(found, conf_level),
    )


def _sentence(found: Findings, answer: Answer, margin: float) -> str:
    team, other = _share(found.team), _share(found.benchmark)
    opening = f"By school week {found.week}, {team} of team cases were back in school"
    same = "untreated pupils weighted to the same earlier absence"
    gap = found.beyond.estimate or 0.0
    high = found.beyond.conf_high
    if answer == "supported":
        return (
            f"{opening}, {_points(gap)} points more than the {other} of {same}; some came back "
            "and fell away again, and some cases ended in other ways."
        )
    if answer == "not supported" and high is not None and high < 0:
        return f"{opening}, {_points(-gap)} points fewer than the {other} of {same}."
    if answer == "not supported":
        return (
            f"{opening} and {other} of {same}: no more than {_points(margin)} points apart, so "
            "the return seen here does not need a team to explain it."
        )
    if found.unlike:
        what = " and in the ".join(item.name for item in found.unlike)
        return (
            f"{opening} and {other} of {same}; the two groups still differ too much in the {what} "
            "for the comparison to decide."
        )
    if _below(found.beyond, margin):
        return (
            f"{opening} and {other} of {same}; cases that close before they return can make this "
            "difference alone."
        )
    return f"{opening} and {other} of {same}; these records cannot tell the two apart."


def _reasons(found: Findings, conf_level: float) -> tuple[str, ...]:
    reasons = [
        f"Difference in return by week {found.week}: {_gap(found.beyond, conf_level)}.",
        f"Besides return, cases ended in {_kinds(found.other_endings)}, together "
        f"{100 * found.otherwise:.0f} % of cases by then; one minus the share still away "
        "(Kaplan–Meier) would count these as if they could still return and overstate return, so "
        "it is not shown.",
        _relapse(found.relapse),
        _DIFFER,
    ]
    if found.register.estimate is not None:
        reasons.append(
            f"{_COMPETE}; followed past the closing of the case, the difference is "
            f"{_gap(found.register, conf_level)}."
        )
    else:
        reasons.append(f"{_COMPETE}.")
    reasons += [_alike(item) for item in found.balance]
    if found.week < found.asked:
        reasons.append(
            f"Week {found.asked} lies beyond what the follow-up of both groups carries; week "
            f"{found.week} is the last that it does."
        )
    return (*reasons, *found.notes)


def _kinds(number: int) -> str:
    if number == 0:
        return "no other way"
    return "1 other way" if number == 1 else f"{number} other ways"


def _relapse(row: Estimate) -> str:
    n, events = row.n or 0, row.n_events or 0
    if row.estimate is None or min(events, n - events) < _FEW:
        return "Too few pupils came back and were followed on to give a share that relapsed."
    return (
        f"Of {n} cases back in school and followed on, {_share(row)} {row.term.split(' (')[0]}: "
        "a return is not the end of the process."
    )


def _alike(item: Balance) -> str:
    verb = "too far apart to compare" if item.unlike else "alike enough to compare"
    return (
        f"After weighting, the {item.name} is {100 * item.case:.0f} % among cases and "
        f"{100 * item.untreated:.0f} % among untreated pupils on average, "
        f"{abs(item.difference):.2f} standard deviations apart: {verb} "
        f"(limit {UNLIKE_AT:g})."
    )


def _share(row: Estimate) -> str:
    return f"{100 * (row.estimate or 0.0):.0f} %"


def _points(value: float) -> str:
    return f"{100 * value:.0f}"


def _gap(row: Estimate, conf_level: float) -> str:
    if row.estimate is None:
        return "not known"
    text = f"{100 * row.estimate:+.0f} points"
    if row.conf_low is None or row.conf_high is None:
        return text
    return (
        f"{text} ({100 * conf_level:g} % interval {100 * row.conf_low:+.0f} to "
        f"{100 * row.conf_high:+.0f})"
    )
