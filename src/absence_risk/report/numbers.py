"""Numbers as people read them: per cent with one decimal, odds ratios with two."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.result import Estimate, Table

__all__ = [
    "MISSING",
    "Kind",
    "Numbers",
    "kind_of_row",
    "kind_of_statistic",
    "kind_of_table",
    "kind_of_unit",
]

Kind = Literal["share", "points", "ratio", "number"]

MISSING = "–"
"""Stands for what may not be shown or does not apply."""

_KINDS: Mapping[str, Kind] = {
    "levels": "share",
    "definitions": "share",
    "reporting": "share",
    "associations": "ratio",
    "by_early_valid": "share",
    "candidates": "number",
    "dose_response": "number",
    "binned_means": "number",
    "break_location": "share",
    "slopes": "number",
    "scores": "number",
    "operating_points": "share",
    "alarms": "number",
    "chosen": "number",
    "choices": "number",
    "threshold_metrics": "number",
    "frontier": "number",
    "decision_curve": "number",
    "threshold_draws": "share",
    "sample_size": "number",
    "value_of_waiting": "number",
    "local_thresholds": "share",
    "groups": "share",
    "group_differences": "points",
    "return": "share",
    "endings": "share",
    "relapse": "share",
    "by": "points",
    "change": "points",
    "missing": "points",
    "bounds": "points",
    "moderator": "points",
    "responders": "share",
    "responses": "share",
    "reliable_change": "share",
    "effect_sizes": "number",
    "flow_chart": "number",
    "wellbeing": "number",
    "wellbeing_effect_sizes": "number",
}
_SHARES = re.compile(r"(threshold, |chosen threshold|sensitivity|specificity|PPV|NPV)")
"""How terms of shares begin that stand among other figures of an alarm."""

_MIXED = frozenset({"chosen", "threshold_metrics", "frontier"})
"""Tables of an alarm that hold shares and numbers."""

_SHARE_BESIDE = frozenset({"choices", "decision_curve", "groups", "local_thresholds"})
"""Tables whose statistic is a share: of samples, of absence, of the place's own evidence."""

_SMALLEST_P = 0.001
_LITTLE = 0.1
_MANY = 100


def kind_of_unit(unit: str) -> Kind:
    """Return how numbers of a unit are written.

    Parameters
    ----------
    unit : str
        Unit of an estimand in words.

    Returns
    -------
    {"share", "points", "ratio", "number"}
        The way of writing.

    Examples
    --------
    >>> [kind_of_unit(unit) for unit in ("odds ratio", "points of per cent", "grade points")]
    ['ratio', 'points', 'number']
    """
    words = unit.lower()
    if re.search(r"\bratios?\b", words):
        return "ratio"
    if "percentage point" in words or "points of per cent" in words:
        return "points"
    shares = r"\b(share|probability|proportion|fraction|incidence)\b"
    return "share" if re.search(shares, words) else "number"


def kind_of_table(table: Table) -> Kind:
    """Return how the estimates of a table are written.

    Parameters
    ----------
    table : Table
        The table; known by its name, else by the unit in its title.

    Returns
    -------
    {"share", "points", "ratio", "number"}
        The way of writing.
    """
    if "scale points" in table.title:
        return "number"
    return _KINDS.get(table.name) or kind_of_unit(table.title)


def kind_of_row(row: Estimate, table: Table) -> Kind:
    """Return how the estimate of a row is written.

    Parameters
    ----------
    row : Estimate
        The row.
    table : Table
        Its table.

    Returns
    -------
    {"share", "points", "ratio", "number"}
        The way of writing: that of the table, except for shares among other figures of an alarm.

    Examples
    --------
    >>> from absence_risk.result import Estimate, Table
    >>> row = Estimate(term="threshold, share of absence", estimate=0.15)
    >>> kind_of_row(row, Table(name="chosen", title="", rows=(row,)))
    'share'
    """
    kind = kind_of_table(table)
    mixed = table.name in _MIXED and _SHARES.match(row.term) is not None
    return "share" if mixed else kind


def kind_of_statistic(table: Table) -> Kind:
    """Return how the statistic of a table's rows is written.

    Parameters
    ----------
    table : Table
        The table.

    Returns
    -------
    {"share", "number"}
        The way of writing.

    Examples
    --------
    >>> from absence_risk.result import Table
    >>> kind_of_statistic(Table(name="choices", title="", rows=()))
    'share'
    """
    return "share" if table.name in _SHARE_BESIDE else "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How a language writes numbers.

    Parameters
    ----------
    decimal : str
        Decimal sign.
    thousands : str
        What stands between groups of three digits.
    to : str
        Word between the limits of an interval.
    points : str
        Word after a number of percentage points.

    Examples
    --------
    >>> Numbers(decimal=",", thousands=".").count(12000)
    '12.000'
    """

    decimal: str = "."
    thousands: str = "\u202f"
    to: str = "to"
    points: str = "points"

    def count(self, number: int | None) -> str:
        """Return a count with its thousands apart.

        Parameters
        ----------
        number : int or None
            The count.

        Returns
        -------
        str
            For example ``"12 000"``.
        """
        return MISSING if number is None else f"{number:,}".replace(",", self.thousands)

    def value(self, number: float | None, kind: Kind, *, signed: bool = False) -> str:
        """Return an estimate in words fit for its kind.

        Parameters
        ----------
        number : float or None
            The estimate; shares and percentage points as fractions.
        kind : {"share", "points", "ratio", "number"}
            The way of writing.
        signed : bool
            Whether to write a plus sign.

        Returns
        -------
        str
            For example ``"41.2 %"``.
        """
        if number is None or not math.isfinite(number):
            return MISSING
        if kind == "share":
            return self._digits(number * 100, 1, signed=signed) + " %"
        if kind == "points":
            return self._digits(number * 100, 1, signed=True)
        if kind == "ratio":
            return self._digits(number, 2, signed=signed)
        digits = 1 if abs(number) >= _MANY else 2
        if 0 < abs(number) < _LITTLE:  # Two digits that count: 0.0016 would else read 0.00.
            digits = min(6, 1 - math.floor(math.log10(abs(number))))
        return self._digits(number, digits, signed=signed)

    def interval(self, row: Estimate, kind: Kind) -> str:
        """Return the limits of a row.

        Parameters
        ----------
        row : Estimate
            The row.
        kind : {"share", "points", "ratio", "number"}
            The way of writing.

        Returns
        -------
        str
            For example ``"30.1 % to 52.0 %"``.
        """
        low, high = self.value(row.conf_low, kind), self.value(row.conf_high, kind)
        return MISSING if MISSING == low == high else f"{low} {self.to} {high}"

    def p_value(self, number: float | None) -> str:
        """Return a p-value with three decimals.

        Parameters
        ----------
        number : float or None
            The p-value.

        Returns
        -------
        str
            ``"<0.001"`` where it is smaller.
        """
        if number is None or not math.isfinite(number):
            return MISSING
        small = number < _SMALLEST_P
        return "<" * small + self._digits(max(number, _SMALLEST_P), 3)

    def threshold(self, number: float | None) -> str:
        """Return a threshold in per cent with no more decimals than it needs.

        Parameters
        ----------
        number : float or None
            The threshold as a fraction.

        Returns
        -------
        str
            For example ``"20 %"``.
        """
        if number is None:
            return MISSING
        return f"{round(number * 100, 1):g} %".replace(".", self.decimal)

    def time(self, number: float | None, *, months: bool) -> str:
        """Return a point in time.

        Parameters
        ----------
        number : float or None
            The time.
        months : bool
            Whether it is a month as yyyymm.

        Returns
        -------
        str
            For example ``"2025-08"`` or ``"12"``.
        """
        if number is None:
            return MISSING
        if months:
            return f"{int(number) // 100}-{int(number) % 100:02d}"
        return f"{number:g}".replace(".", self.decimal)

    def _digits(self, number: float, digits: int, *, signed: bool = False) -> str:
        text = f"{number:{'+' if signed else ''},.{digits}f}"
        if float(text.replace(",", "")) == 0:
            text = text.lstrip("+-")
        marks = {",": self.thousands, ".": self.decimal, "-": "−"}
        return "".join(marks.get(sign, sign) for sign in text)
