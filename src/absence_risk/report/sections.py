"""What the page shows, as plain texts and cells that the template only has to place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absence_risk.disclosure.cells import COUNTS, is_small
from absence_risk.report.numbers import (
    MISSING,
    kind_of_row,
    kind_of_statistic,
    kind_of_unit,
)

if TYPE_CHECKING:
    from absence_risk.report.numbers import Kind, Numbers
    from absence_risk.result import Estimate, Result, Table

__all__ = ["Cell", "TableView", "claim_texts", "facts_view", "headline", "table_view"]

_LONG = 16
"""Tables with more rows are folded."""

_FIRST_MONTH, _LAST_MONTH = 190001, 299912
_FEW_MAY_BE = frozenset({"schools", "municipalities", "terms", "years", "months", "files"})
"""Facts that may be small: they count no pupils."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a table.

    Parameters
    ----------
    text : str
        What stands in it.
    number : bool
        Whether it is set flush right.
    count : str or None
        Name of the count it holds, so that the gate can read it; None for other cells.
    """

    text: str
    number: bool = False
    count: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table as the page shows it.

    Parameters
    ----------
    title : str
        Caption.
    columns : tuple of Cell
        Headings.
    rows : tuple of tuple of Cell
        Cells row by row; the first of each row is its heading.
    note : str
        Reading help.
    folded : bool
        Whether the table is long and shown on demand.
    """

    title: str
    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str
    folded: bool


def table_view(
    table: Table, texts: dict[str, Any], numbers: Numbers, conf_level: float
) -> TableView:
    """Return a table with its numbers written for people.

    Parameters
    ----------
    table : Table
        The table.
    texts : dict
        Texts of the language.
    numbers : Numbers
        How the language writes numbers.
    conf_level : float
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    TableView
        Only columns that hold anything; standard errors only where there is no interval.
    """
    used = [name for name in _COLUMNS if any(_holds(row, name) for row in table.rows)]
    if "interval" in used and "std_error" in used:
        used.remove("std_error")
    names = dict(texts["columns"])
    kinds = {kind_of_row(row, table) for row in table.rows}
    if len(kinds) == 1:  # Shares among numbers carry their per cent themselves.
        names["estimate"] += f" ({texts['kinds'][kinds.pop()]})"
    names["interval"] = texts["interval"].format(level=f"{conf_level * 100:g}")
    return TableView(
        title=table.title,
        columns=tuple(Cell(text=names[name], number=name not in _WORDS) for name in used),
        rows=tuple(tuple(_cell(row, name, table, numbers) for name in used) for row in table.rows),
        note=table.note,
        folded=len(table.rows) > _LONG,
    )


_WORDS = ("term", "group")
_COLUMNS = (
    "term",
    "group",
    "time",
    "threshold",
    "estimate",
    "interval",
    "std_error",
    "statistic",
    "p_value",
    *COUNTS,
)


def _holds(row: Estimate, name: str) -> bool:
    if name == "interval":
        return row.conf_low is not None or row.conf_high is not None
    return getattr(row, name) is not None


def _cell(row: Estimate, name: str, table: Table, numbers: Numbers) -> Cell:
    if name in _WORDS:
        return Cell(text=getattr(row, name) or MISSING)
    if name in COUNTS:
        return Cell(text=numbers.count(getattr(row, name)), number=True, count=name)
    kind = kind_of_row(row, table)
    if name == "interval":
        text = numbers.interval(row, kind)
    elif name == "threshold":
        text = numbers.threshold(row.threshold)
    elif name == "time":
        text = numbers.time(row.time, months=_months(table))
    elif name == "p_value":
        text = numbers.p_value(row.p_value)
    else:
        text = numbers.value(
            getattr(row, name), kind_of_statistic(table) if name == "statistic" else kind
        )
    return Cell(text=text, number=True)


def _months(table: Table) -> bool:
    times = [row.time for row in table.rows if row.time is not None]
    return bool(times) and all(_FIRST_MONTH <= time <= _LAST_MONTH for time in times)


def headline(result: Result, texts: dict[str, Any], numbers: Numbers) -> list[dict[str, str]]:
    """Return estimate, benchmark and what is beyond it, each with its interval.

    Parameters
    ----------
    result : Result
        The result.
    texts : dict
        Texts of the language.
    numbers : Numbers
        How the language writes numbers.

    Returns
    -------
    list of dict
        Keys name, value, interval and note.
    """
    kind = _kind(result)
    apart: Kind = "points" if kind == "share" else kind
    null = numbers.value(result.null, apart)
    return [
        _number(texts["estimate"], result.estimate, kind, numbers),
        _number(texts["benchmark"], result.benchmark, kind, numbers),
        {
            **_number(
                texts["beyond_ratio" if result.null == 1 else "beyond_difference"],
                result.beyond,
                apart,
                numbers,
            ),
            "note": texts["nothing_beyond"].format(null=null),
        },
    ]


def _kind(result: Result) -> Kind:
    """Return how the headline is written; a change of a share is in percentage points."""
    kind = kind_of_unit(result.estimand.unit)
    change = kind == "share" and "change" in result.estimand.id
    return "points" if change else kind


def _number(name: str, row: Estimate, kind: Kind, numbers: Numbers) -> dict[str, str]:
    unit = f" {numbers.points}" if kind == "points" and row.estimate is not None else ""
    interval = numbers.interval(row, kind)
    return {
        "name": name,
        "value": numbers.value(row.estimate, kind) + unit,
        "interval": "" if interval == MISSING else interval,
        "note": "",
    }


def claim_texts(claim: str, texts: dict[str, Any]) -> dict[str, Any]:
    """Return title, claim and limits of a claim, also of one that the texts do not know.

    Parameters
    ----------
    claim : str
        Key of the claim.
    texts : dict
        Texts of the language.

    Returns
    -------
    dict
        Keys title, claim and limits.
    """
    known: dict[str, Any] = texts["claims"].get(claim, texts["claims"]["other"])
    return known


def facts_view(
    facts: dict[str, int | float | str], texts: dict[str, Any], numbers: Numbers, minimum: int
) -> list[tuple[str, str]]:
    """Return the facts on the register with their names in the language.

    Parameters
    ----------
    facts : dict
        Facts by name; whole numbers are counts, other numbers whose name speaks of a share or a
        rate are fractions.
    texts : dict
        Texts of the language.
    numbers : Numbers
        How the language writes numbers.
    minimum : int
        Smallest number of pupils that may be shown.

    Returns
    -------
    list of tuple of str
        Name and value.
    """
    return [
        (
            texts["facts_known"].get(name, name.replace("_", " ")),
            _fact(name, value, texts, numbers, minimum=minimum),
        )
        for name, value in facts.items()
    ]


def _fact(
    name: str, value: float | str, texts: dict[str, Any], numbers: Numbers, *, minimum: int
) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, int):
        share = any(word in name for word in ("share", "rate", "mean absence"))
        return numbers.value(value, "share" if share else "number")
    few_may_be = _FEW_MAY_BE.intersection(name.replace("_", " ").split())
    if is_small(value, minimum) and not few_may_be:
        fewer: str = texts["fewer"]
        return fewer.format(minimum=minimum)
    return numbers.count(value)
