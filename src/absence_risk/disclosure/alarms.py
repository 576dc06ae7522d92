"""An alarm of which few were right or few wrong: the choice stays, how often it is right goes.

Who is alarmed and who has the event are the margins of a table of two by two. The margins may be
known; one cell of the four more, or any figure made of it, gives all cells.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import blank, is_small, is_unsafe
from absence_risk.disclosure.sentences import tells
from absence_risk.result import Estimate, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from absence_risk.disclosure.nested import Shown
    from absence_risk.result import FlowStep, Result, Table

__all__ = ["choice_may_stay", "few_in_a_cell", "without_ppv"]

_ALARM = "threshold.local_alarm_ppv"
_PREFIX = "PPV at "
_SENTENCE = (
    "Of the choices tried, an alarm at {where} serves best. How often it is right is not shown: "
    "{why}, and the share would tell of them."
)
_FEW = (
    "fewer than {minimum} of the pupils alarmed were alarmed rightly",
    "fewer than {minimum} of the pupils alarmed were alarmed wrongly",
    "fewer than {minimum} pupils with the event were not alarmed",
    "fewer than {minimum} pupils without the event were not alarmed",
)
_FEW_ALARMS = "only few pupils were alarmed"

# A p-value of the best cut fixes the table of two by two whose margins are known.
_P_VALUE = re.compile(r"\bp = ")


def few_in_a_cell(result: Result, minimum: int) -> bool:
    """Return whether the PPV of an alarm gives a small cell away together with the benchmark.

    Parameters
    ----------
    result : Result
        The result as estimated.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    bool
        True for a calibrated alarm with few pupils in one of the four cells: from pupils, events
        and alarms, all known, the right alarms give the missed events.
    """
    if not _is_alarm(result):
        return False
    right, wrong, missed, spared = _cells(result)
    pairs = ((right + wrong, right), (right + missed, right), (wrong + spared, wrong),
             (missed + spared, missed))  # fmt: skip
    return any(is_unsafe(Estimate(term="", n=n, n_events=k), minimum) for n, k in pairs)


def _is_alarm(result: Result) -> bool:
    counts = (result.estimate.n, result.estimate.n_events, result.benchmark.n_events)
    return result.estimand.id == _ALARM and None not in counts


def _cells(result: Result) -> tuple[int, int, int, int]:
    """Return pupils alarmed rightly and wrongly, missed, and left alone."""
    head, chance = result.estimate, result.benchmark
    right, alarmed, events = head.n_events or 0, head.n or 0, chance.n_events or 0
    return right, alarmed - right, events - right, result.n - alarmed - events + right


def choice_may_stay(result: Result, gone: Collection[float], minimum: int) -> bool:
    """Return whether the chosen alarm may be named although its PPV may not.

    Parameters
    ----------
    result : Result
        The result as estimated.
    gone : collection of float
        Estimates that stand in hidden rows.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    bool
        True for a calibrated alarm whose margins (pupils alarmed, not alarmed, with and without
        the event) are all large enough.
    """
    head, chance = result.estimate, result.benchmark
    if not _is_alarm(result) or is_unsafe(chance, minimum) or chance.estimate in gone:
        return False
    return not any(is_small(n, minimum) for n in (head.n, result.n - (head.n or 0)))


def without_ppv(
    result: Result,
    tables: tuple[Table, ...],
    flow: tuple[FlowStep, ...],
    *,
    chain: Shown,
    hidden: Sequence[Estimate],
) -> Result:
    """Return the result with the chosen alarm, and without how often it is right.

    Parameters
    ----------
    result : Result
        The result as estimated.
    tables : tuple of Table
        The tables as they may be shown.
    flow : tuple of FlowStep
        The flow as it may be shown.
    chain : Shown
        Numbers in print.
    hidden : sequence of Estimate
        Rows that are hidden, with their true numbers.

    Returns
    -------
    Result
        Threshold, window, kind of absence, pupils alarmed and benchmark stay. The answer is
        undecidable whatever it was, since it hangs on the hidden count.
    """
    head, chance = result.estimate, result.benchmark
    kept = dataclasses.replace(blank(head), n=head.n if chain.admit(head.n) else None)
    benchmark = chance if chain.admit(chance.n) else dataclasses.replace(chance, n=None)
    silent = [*hidden, head, result.beyond]
    reasons = tuple(
        text
        for text in result.verdict.reasons
        if not tells(text, silent, chain.minimum) and not _P_VALUE.search(text)
    )
    return dataclasses.replace(
        result,
        estimate=kept,
        benchmark=benchmark,
        beyond=blank(result.beyond),
        tables=tables,
        flow=flow,
        verdict=Verdict(
            answer="undecidable",
            sentence=_SENTENCE.format(
                where=head.term.removeprefix(_PREFIX), why=_why(result, chain.minimum)
            ),
            reasons=reasons,
        ),
    )


def _why(result: Result, minimum: int) -> str:
    """Say which cell is small, which is known anyway once the share is hidden."""
    counts = zip(_FEW, _cells(result), strict=True)
    few = [words.format(minimum=minimum) for words, count in counts if count < minimum]
    return " and ".join(few) or _FEW_ALARMS
