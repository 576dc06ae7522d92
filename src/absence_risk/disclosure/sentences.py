"""Sentences must not say what the tables keep silent about."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import is_small
from absence_risk.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from absence_risk.result import Estimate

__all__ = ["SILENT", "tells", "without_hidden"]

SILENT = "Not shown: the sentence names a number that rests on fewer than {minimum} pupils."

_SHARE = re.compile(r"(\d+(?:[.,]\d+)?)(?:[\s\u00a0\u202f]*(?:%|per cent|points))")
_COUNT = re.compile(
    r"(?<![\d.,])(?<!\d[\s\u00a0\u202f])(\d+)[\s\u00a0\u202f]+(?:of\b|pupils?\b|cases?\b|relapses?\b)"
)


def tells(text: str, hidden: Iterable[Estimate], minimum: int) -> bool:
    """Return whether a text names a number of a row that is hidden.

    Looked for are estimates as per cent or points, rounded to none, one or two decimals, and
    small counts of pupils, cases or relapses.

    Parameters
    ----------
    text : str
        The text.
    hidden : iterable of Estimate
        Rows with their true numbers that are not shown.
    minimum : int
        Smallest number of pupils that may be shown.

    Returns
    -------
    bool
        True where the text gives a hidden number away.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> row = Estimate(term="less absence", estimate=0.2, n=15, n_events=3)
    >>> tells("20 % of the pupils had less absence.", [row], 5)
    True
    >>> tells("40 % of the pupils had less absence.", [row], 5)
    False
    """
    if any(is_small(int(found), minimum) for found in _COUNT.findall(text)):
        return True
    said = {found.replace(",", ".") for found in _SHARE.findall(text)}
    values = [abs(100 * row.estimate) for row in hidden if row.estimate is not None]
    return any(f"{value:.{digits}f}" in said for value in values for digits in (0, 1, 2))


def without_hidden(verdict: Verdict, hidden: Iterable[Estimate], minimum: int) -> Verdict:
    """Return the verdict without sentences that name a hidden number.

    Parameters
    ----------
    verdict : Verdict
        The verdict.
    hidden : iterable of Estimate
        Rows with their true numbers that are not shown.
    minimum : int
        Smallest number of pupils that may be shown.

    Returns
    -------
    Verdict
        The same answer; such a sentence is replaced, such reasons are left out.
    """
    rows = list(hidden)
    reasons = tuple(text for text in verdict.reasons if not tells(text, rows, minimum))
    if tells(verdict.sentence, rows, minimum):
        sentence = SILENT.format(minimum=minimum)
        return Verdict(answer=verdict.answer, sentence=sentence, reasons=reasons)
    return dataclasses.replace(verdict, reasons=reasons)
