"""A picture takes a result or one of its tables."""

from __future__ import annotations

import re

from absence_risk.disclosure.cells import is_blank, is_small
from absence_risk.plots.style import said_hidden
from absence_risk.result import Estimate, Result, Table

__all__ = ["SMALLEST", "drawable", "outcome_name", "said_of", "table_in"]

_CHANGE = re.compile(r"wellbeing\.(.+)_change_beyond")

SMALLEST = 5
"""A row that rests on fewer pupils is never drawn, also where nobody protected the table."""


def table_in(source: Result | Table, name: str) -> Table:
    """Return the table of a result, or the table itself.

    Parameters
    ----------
    source : Result or Table
        The result or the table.
    name : str
        Name of the table in a result.

    Returns
    -------
    Table
        The table.
    """
    return source.table(name) if isinstance(source, Result) else source


def drawable(table: Table) -> list[Estimate]:
    """Return the rows with an estimate that rest on enough pupils.

    Parameters
    ----------
    table : Table
        The table.

    Returns
    -------
    list of Estimate
        Rows in their order, without those of fewer than five pupils.

    Examples
    --------
    >>> rows = (Estimate(term="a", estimate=0.1, n=4), Estimate(term="b", estimate=0.1, n=5))
    >>> [row.term for row in drawable(Table(name="by", title="", rows=rows))]
    ['b']
    """
    return [r for r in table.rows if r.estimate is not None and not is_small(r.n, SMALLEST)]


def outcome_name(result: Result) -> str:
    """Return the outcome that the estimand of a change names.

    Parameters
    ----------
    result : Result
        Result of an evaluation; its estimand is "wellbeing.<outcome>_change_beyond", or another.

    Returns
    -------
    str
        For example ``"absence"``; ``"the outcome"`` where the estimand names none.
    """
    match = _CHANGE.match(result.estimand.id)
    return match[1].replace("_", " ") if match else "the outcome"


def said_of(source: Result | Table, table: Table, what: str = "") -> str:
    """Return what stands under a picture: reading help, n, interval, definition, what is hidden.

    Parameters
    ----------
    source : Result or Table
        What is drawn.
    table : Table
        The table that is drawn.
    what : str
        How to read the marks, one sentence.

    Returns
    -------
    str
        The text.
    """
    parts = [what]
    if isinstance(source, Result):
        parts += [f"n = {source.n}."] if source.n else []
        parts += [f"Intervals: {source.conf_level * 100:g}\u00a0%."]
        parts.append(f"{source.definition[:1].upper()}{source.definition[1:].rstrip('.')}.")
    parts.append(table.note)
    blank = sum(map(is_blank, table.rows))
    if blank and "not shown" not in table.note:
        parts.append(said_hidden(blank, table.note))
    small = sum(is_small(row.n, SMALLEST) for row in table.rows)
    if small:
        rows = "row is" if small == 1 else "rows are"
        parts.append(f"{small} {rows} not shown: fewer than {SMALLEST} pupils.")
    return " ".join(part for part in parts if part.strip("."))
