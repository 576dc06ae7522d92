"""From an observed change, an expected one and their difference to a result with its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.evaluation.outcome_values import Better
from absence_risk.evaluation.verdict import decide
from absence_risk.result import Estimand, Estimate, Result, Table, Verdict
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.result import Answer, FlowStep

__all__ = ["NOT_SAME_RULE", "Better", "Reading", "Words", "comparison_result", "t_row"]

NOT_SAME_RULE = (
    "the comparison group is not known to be chosen by the same rule, and pupils chosen for a bad "
    "spell improve with no programme at all"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a design says of itself.

    Parameters
    ----------
    id, formula, population : str
        Of the estimand.
    benchmark_is : str
        What the benchmark is, in one sentence.
    against : str
        The comparison in a few words, for the board's sentence.
    method : str
        Estimator, variance and source.
    """

    id: str
    formula: str
    population: str
    benchmark_is: str
    against: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How figures are to be read.

    Parameters
    ----------
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter, in units of the outcome.
    unit : str
        Unit of the outcome.
    definition : str
        Outcome and windows in words.
    conf_level : float
        Confidence level of all intervals, in (0, 1).
    """

    better: Better = "lower"
    margin: float = 0.0
    unit: str = "units of the outcome"
    definition: str = "outcome and windows as given by the user"
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        """Check the numbers."""
        check.choice(self.better, ("lower", "higher"), "better")
        check.probability(self.conf_level, "conf_level")
        if not self.margin >= 0:
            raise ValueError(f"margin must be at least 0, got {self.margin:g}.")


def t_row(
    term: str,
    estimate: float,
    std_error: float | None,
    df: float | None,
    conf_level: float,
    *,
    n: int,
    group: str | None = None,
    time: float | None = None,
    test: bool = False,
) -> Estimate:
    """Return a row with a t interval, or without one where the error is not known or is zero.

    Parameters
    ----------
    term : str
        What the row is about.
    estimate : float
        Estimate.
    std_error, df : float or None
        Its standard error and degrees of freedom.
    conf_level : float
        Confidence level.
    n : int
        Number of units.
    group : str or None
        Group.
    time : float or None
        Time.
    test : bool
        Whether to give statistic and p-value.

    Returns
    -------
    Estimate
        The row.

    Examples
    --------
    >>> t_row("x", 1.0, None, None, 0.95, n=9).covers(0.0)
    True
    """
    # No spread at all is no knowledge of the error: constant values must not look certain.
    if std_error is None or df is None or not std_error > 1e-12 * max(1.0, abs(estimate)):
        return Estimate(term=term, estimate=estimate, n=n, group=group, time=time)
    found = t_inference(estimate, std_error, df=df, conf_level=conf_level)
    return Estimate(
        term=term,
        group=group,
        time=time,
        estimate=estimate,
        std_error=std_error,
        conf_low=found.low,
        conf_high=found.high,
        statistic=found.statistic if test else None,
        p_value=found.p_value if test else None,
        n=n,
    )


def comparison_result(
    words: Words,
    rows: tuple[Estimate, Estimate, Estimate],
    reading: Reading,
    *,
    held_back: Sequence[str],
    reasons: Sequence[str],
    n: int,
    flow: tuple[FlowStep, ...],
    tables: Sequence[Table],
) -> Result:
    """Put a result together.

    Parameters
    ----------
    words : Words
        What the design says of itself.
    rows : tuple of Estimate
        Observed, expected without the programme, and the difference.
    reading : Reading
        How figures are to be read.
    held_back : sequence of str
        Why no conclusion may be drawn, each as part of a sentence; empty where one may.
    reasons : sequence of str
        Reasons for the verdict.
    n : int
        Number of units.
    flow : tuple of FlowStep
        Number of units at each step.
    tables : sequence of Table
        Tables after the main one.

    Returns
    -------
    Result
        The result; its first table holds the three rows.
    """
    observed, expected, beyond = rows
    found = decide(beyond, reading.margin, reading.better)
    answer: Answer = "undecidable" if held_back else found
    main = Table(
        name="change",
        title=f"Observed, expected and their difference, in {reading.unit}",
        rows=rows,
        note=words.method,
    )
    why = [f"Held back: {reason}." for reason in held_back]
    return Result(
        estimand=Estimand(
            id=words.id,
            claim="wellbeing",
            formula=words.formula,
            population=words.population,
            unit=reading.unit,
        ),
        estimate=observed,
        benchmark=expected,
        beyond=beyond,
        null=0.0,
        benchmark_is=words.benchmark_is,
        definition=reading.definition,
        n=n,
        flow=flow,
        tables=(main, *tables),
        conf_level=reading.conf_level,
        method=words.method,
        verdict=Verdict(
            answer=answer,
            sentence=_sentence(words, rows, reading, answer, held_back),
            reasons=(*why, *reasons),
        ),
    )


def _sentence(
    words: Words,
    rows: tuple[Estimate, Estimate, Estimate],
    reading: Reading,
    answer: Answer,
    held_back: Sequence[str],
) -> str:
    observed, expected, beyond = rows
    start = (
        f"Observed {_figure(observed)} {reading.unit}, expected {_figure(expected)} going by "
        f"{words.against}; the difference is {_figure(beyond)}{_interval(beyond, reading)}"
    )
    if answer == "supported":
        return f"{start}, so things went better than {words.against} would lead one to expect."
    if answer == "not supported":
        return (
            f"{start}, so things did not go better than {words.against} would lead one to expect."
        )
    if held_back:
        return f"{start}; nothing follows from it, because {held_back[0]}."
    if beyond.conf_low is None or beyond.conf_high is None:
        return f"{start}; how far chance reaches is not known, so nothing follows from it."
    return f"{start}, and these data cannot tell it from none."


def _interval(row: Estimate, reading: Reading) -> str:
    if row.conf_low is None or row.conf_high is None:
        return ""
    level = f"{100 * reading.conf_level:g} % interval"
    return f" ({level} {row.conf_low:+.3g} to {row.conf_high:+.3g})"


def _figure(row: Estimate) -> str:
    return "unknown" if row.estimate is None else f"{row.estimate:+.3g}"
