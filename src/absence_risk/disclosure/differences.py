"""Differences between groups: they go where one of the two groups is hidden."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import blank, is_blank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.result import Table

__all__ = ["hide_differences"]

_PAIR = " − "


def hide_differences(tables: Sequence[Table]) -> list[Table]:
    """Blank the difference between a hidden group and one that is shown.

    Rows whose group reads "a − b" belong to the rows of the same term whose groups are a and b:
    from the figure of one group and the difference the figure of the other can be worked out.

    Parameters
    ----------
    tables : sequence of Table
        Tables of one result, their unsafe rows blank.

    Returns
    -------
    list of Table
        The tables, with further rows of differences blank.

    Examples
    --------
    >>> from absence_risk.result import Estimate, Table
    >>> groups = Table(name="g", title="", rows=(Estimate(term="PPV", group="a"),))
    >>> row = Estimate(term="PPV", group="a − b", estimate=0.1, n=80)
    >>> hide_differences([groups, Table(name="d", title="", rows=(row,))])[1].rows[0].n is None
    True
    """
    hidden = {(row.term, row.group) for table in tables for row in table.rows if is_blank(row)}
    found = []
    for table in tables:
        rows = tuple(
            blank(row)
            if row.group and any((row.term, part) in hidden for part in _parts(row.group))
            else row
            for row in table.rows
        )
        found.append(dataclasses.replace(table, rows=rows))
    return found


def _parts(group: str) -> list[str]:
    parts = group.split(_PAIR)
    return parts if len(parts) == 2 else []
