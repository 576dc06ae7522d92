"""Several outcomes of the same cases: who of them did not answer must not come back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import is_small
from absence_risk.disclosure.nested import Shown
from absence_risk.disclosure.printed import printed
from absence_risk.disclosure.suppression import protect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from absence_risk.result import Result, Table

__all__ = ["hide_places", "protect_outcome"]

_BY, _POOLED = "by", "pooled"


def protect_outcome(result: Result, beside: Sequence[Result], minimum: int = 5) -> Result:
    """Return a copy of a result that may be published beside other outcomes of the same cases.

    Of 60 cases with absence 57 may have answered a questionnaire: both numbers in print would
    tell of three pupils. Then the result loses its n, and all that tells it.

    Parameters
    ----------
    result : Result
        The result as estimated.
    beside : sequence of Result
        Results on the same cases, protected, that are published with it.
    minimum : int
        Smallest number of pupils that may be shown, at least 1.

    Returns
    -------
    Result
        The publishable copy; n is 0 where it may not be told.
    """
    chain = Shown(minimum, set().union(*map(printed, beside)))
    if minimum > 1 and not is_small(result.n, minimum) and chain.clashes(result.n):
        result = dataclasses.replace(result, n=0)
    return hide_places(protect(result, minimum, beside=beside), beside, minimum)


def hide_places(result: Result, beside: Iterable[Result], minimum: int = 5) -> Result:
    """Leave out n by place where that of another outcome differs by a few pupils.

    The forest of absence shows 30 pupils of a place, that of wellbeing 28: two did not answer.
    As the places of a forest add up to its pooled row, all of them lose their n.

    Parameters
    ----------
    result : Result
        Protected result with a table "by", or without.
    beside : iterable of Result
        Results that are published with it.
    minimum : int
        Smallest number of pupils that may be shown, at least 1.

    Returns
    -------
    Result
        The copy; figures of the places stay, their n goes where it would tell.
    """
    others = [_sizes(table) for one in beside for table in one.tables if table.name == _BY]
    return dataclasses.replace(
        result,
        tables=tuple(
            _without_n(table, pooled=not result.n)
            if table.name == _BY
            and (not result.n or any(_tell(_sizes(table), o, minimum) for o in others))
            else table
            for table in result.tables
        ),
    )


def _sizes(table: Table) -> dict[str, int | None]:
    return {row.group or "": row.n for row in table.rows if row.group != _POOLED}


def _tell(one: dict[str, int | None], other: dict[str, int | None], minimum: int) -> bool:
    """Return whether two forests together tell of a few pupils, or are parted in other ways."""
    if minimum == 1:
        return False
    if one.keys() != other.keys():
        return True
    pairs = ((one[name], other[name]) for name in one)
    return any(a is not None and b is not None and is_small(abs(a - b), minimum) for a, b in pairs)


def _without_n(table: Table, *, pooled: bool) -> Table:
    rows = tuple(
        row if row.group == _POOLED and not pooled else dataclasses.replace(row, n=None)
        for row in table.rows
    )
    note = f"{table.note} Numbers by place are not shown: beside another outcome they would tell."
    return dataclasses.replace(table, rows=rows, note=note)
