"""Flow charts: a step that is hidden must not come back from the boxes beside it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import blank

if TYPE_CHECKING:
    from absence_risk.disclosure.nested import Shown
    from absence_risk.result import Estimate, Table

__all__ = ["CHART", "hide_chart"]

CHART = "flow_chart"
"""Name of the table that holds a flow chart."""

_LEFT_OUT = ": left out"
_BESIDE = "registry"


def hide_chart(table: Table, chain: Shown) -> Table:
    """Hide steps of a flow chart that differ a little from a number in print, and their boxes.

    Parameters
    ----------
    table : Table
        Steps with n; groups that end in ": left out" hold who is missing from the step after it.
    chain : Shown
        Numbers that stand in print; the steps that stay are added to it.

    Returns
    -------
    Table
        The copy. A box keeps its numbers only where the steps around it are shown.

    Examples
    --------
    >>> from absence_risk.disclosure.nested import Shown
    >>> from absence_risk.result import Estimate, Table
    >>> rows = [("cases", "cases", 60), ("late", "cases: left out", 6), ("used", "cases", 54)]
    >>> table = Table(name="flow_chart", title="",
    ...               rows=tuple(Estimate(term=t, group=g, n=n) for t, g, n in rows))
    >>> [row.n for row in hide_chart(table, Shown(5, [52])).rows]
    [60, None, None]
    """
    rows = list(table.rows)
    steps = [i for i, row in enumerate(rows) if not _is_box(row) and row.group != _BESIDE]
    for i in sorted(steps, key=lambda i: -(rows[i].n or 0)):
        if not chain.admit(rows[i].n):
            rows[i] = blank(rows[i])
    first = rows[steps[0]].group if steps else None
    trunk = [i for i in steps if rows[i].group == first]
    for i, row in enumerate(rows):
        if not _is_box(row):
            continue
        own = [s for s in steps if f"{rows[s].group}{_LEFT_OUT}" == row.group]
        above = [s for s in own if s < i] or trunk
        below = [s for s in own if s > i]
        around = [*above[-1:], *below[:1]]
        if row.n and (len(around) < 2 or any(rows[s].n is None for s in around)):
            rows[i] = blank(row)
    return dataclasses.replace(table, rows=tuple(rows))


def _is_box(row: Estimate) -> bool:
    return (row.group or "").endswith(_LEFT_OUT)
