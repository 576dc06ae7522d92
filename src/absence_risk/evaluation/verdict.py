"""The verdict on claim 4, and what else would give the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.result import Answer, Estimate, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["decide", "judge"]

_FEW_CLUSTERS = 20


def decide(beyond: Estimate, margin: float) -> Answer:
    """Apply the decision rule, which is the same for every register.

    Parameters
    ----------
    beyond : Estimate
        Change of absence beyond the benchmark with its interval.
    margin : float
        Change too small to matter, as a share of school time.

    Returns
    -------
    {"supported", "not supported", "undecidable"}
        Supported where the interval lies below 0; not supported where it lies above 0 or within
        the margin around 0.

    Examples
    --------
    >>> decide(Estimate(term="x", conf_low=-0.004, conf_high=0.006), margin=0.01)
    'not supported'
    """
    low, high = beyond.conf_low, beyond.conf_high
    if low is None or high is None:
        return "undecidable"
    if high < 0:
        return "supported"
    if low > 0 or (low >= -margin and high <= margin):
        return "not supported"
    return "undecidable"


def judge(
    used: pd.DataFrame,
    change: Sequence[Estimate],
    responders: Sequence[Estimate],
    *,
    margin: float,
    conf_level: float,
    n_clusters: int,
) -> Verdict:
    """Return the verdict with its sentence and reasons.

    Parameters
    ----------
    used : pandas.DataFrame
        The cases behind the figures, with before and after.
    change : sequence of Estimate
        Observed, expected and beyond.
    responders : sequence of Estimate
        First the share with less absence, then the share expected with no programme.
    margin : float
        Change too small to matter.
    conf_level : float
        Confidence level of the intervals.
    n_clusters : int
        Number of clusters with cases.

    Returns
    -------
    Verdict
        The answer; its sentence names the share with less absence beside its null share.
    """
    beyond = change[2]
    answer = decide(beyond, margin)
    shares = (
        f"{_per_cent(responders[0])} of the team's pupils had less absence afterwards, where "
        f"{_per_cent(responders[1])} would be expected with no programme"
    )
    against = (
        f"the change is {_points(beyond)} points beyond what was to be expected "
        f"({100 * conf_level:g} % interval {_points(beyond, 'conf_low')} to "
        f"{_points(beyond, 'conf_high')})"
    )
    ends = {
        "supported": f"{shares}; {against}, so absence fell more than it would have anyway.",
        "not supported": f"{shares}; {against}, so absence did not fall more than it would have "
        "anyway.",
        "undecidable": f"{shares}; {against}, and these records cannot tell the two apart.",
    }
    few = ""
    if n_clusters < _FEW_CLUSTERS:
        few = f" Only {n_clusters} schools have cases, so intervals rest on the t distribution."
    reasons = (
        f"Absence of the team's pupils went from {100 * used['before'].mean():.1f} % to "
        f"{100 * used['after'].mean():.1f} % of school time ({_points(change[0])} points); "
        f"{_points(change[1])} points were to be expected with no programme.",
        "Pupils are chosen in a bad month, so many improve with no programme at all; the baseline "
        "therefore ends before the alarm month, and every share stands beside its null share.",
        "The comparison takes it that, given absence before and in the alarm month, the team's "
        "pupils would have followed the untreated ones; a school that refers those it worries "
        "most about breaks this, and makes the team look worse than it is. Help that some of "
        "the pupils compared with get later does the same.",
        f"A change that differs from the expected one by at most {100 * margin:g} % of school "
        f"time counts as none.{few}",
    )
    return Verdict(answer=answer, sentence=ends[answer], reasons=reasons)


def _per_cent(row: Estimate) -> str:
    return "an unknown share" if row.estimate is None else f"{100 * row.estimate:.0f} %"


def _points(row: Estimate, field: str = "estimate") -> str:
    return f"{100 * getattr(row, field):+.1f}"
