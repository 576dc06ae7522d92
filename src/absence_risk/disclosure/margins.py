"""Secondary suppression: a hidden category must not come back as total minus the others."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from absence_risk.result import Estimate

__all__ = ["secondary"]

Field = Literal["n", "n_events"]


def secondary(
    rows: Sequence[Estimate], hidden: set[int], totals: set[int | None], minimum: int
) -> set[int]:
    """Return further rows to hide because the categories of a table add up to a shown total.

    Where the categories add up to a number that stands in print, at least two of them are hidden
    and together they count at least the minimum; the next smallest gives way.

    Parameters
    ----------
    rows : sequence of Estimate
        Rows of one table with their true counts.
    hidden : set of int
        Rows that are hidden already.
    totals : set of int
        Numbers that stand in print elsewhere: the n of the result, its flow, other tables.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    set of int
        Indices of the rows to hide in addition.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> rows = [Estimate(term="x", group=g, n=n) for g, n in [("a", 3), ("b", 20), ("c", 77)]]
    >>> secondary(rows, {0}, {100}, 5)
    {1}
    """
    further: set[int] = set()
    for family in _families(rows):
        gone = hidden | further
        known = totals | _counts_beside(rows, family, gone)
        further |= _next_smallest(rows, family, "n", gone, known, minimum)
        known |= {rows[i].n for i in family if i not in gone}
        further |= _next_smallest(rows, family, "n_events", hidden | further, known, minimum)
    return further


def _families(rows: Sequence[Estimate]) -> Iterator[tuple[int, ...]]:
    """Yield the sets of rows that could be the categories of one whole."""
    keys = (
        lambda row: (row.term, row.time, row.threshold),
        lambda row: (row.group, row.time, row.threshold),
        lambda row: (row.term, row.group, row.time),
        lambda row: (row.term, row.time),
        lambda row: (row.term.partition(":")[0], row.group, row.time, row.threshold),
    )
    seen: set[tuple[int, ...]] = set()
    for key in keys:
        families: dict[Hashable, list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            families[key(row)].append(index)
        for family in map(tuple, families.values()):
            if len(family) > 1 and family not in seen:
                seen.add(family)
                yield family


def _counts_beside(
    rows: Sequence[Estimate], family: tuple[int, ...], hidden: set[int]
) -> set[int | None]:
    """Return the counts that the other rows of the table print."""
    others = [row for i, row in enumerate(rows) if i not in hidden and i not in family]
    return {number for row in others for number in (row.n, row.n_events)}


def _next_smallest(  # noqa: PLR0917 (private, called in two lines above)
    rows: Sequence[Estimate],
    family: tuple[int, ...],
    field: Field,
    hidden: set[int],
    known: set[int | None],
    minimum: int,
) -> set[int]:
    """Return the categories to hide besides those that are hidden."""
    if field == "n_events":  # Rows of what is expected, beside the categories, count nobody.
        family = tuple(i for i in family if rows[i].n_events is not None)
    counts: dict[int, int] = {i: getattr(rows[i], field) for i in family}
    if None in counts.values() or sum(counts.values()) not in known:
        return set()
    gone = {i for i in family if i in hidden and counts[i] > 0}
    further: set[int] = set()
    for index in sorted(set(family) - hidden, key=lambda i: (counts[i], i)):
        if not gone or (len(gone) > 1 and sum(counts[i] for i in gone) >= minimum):
            break
        if counts[index] > 0:
            gone.add(index)
            further.add(index)
    return further
