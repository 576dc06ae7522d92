"""Counts that contain one another: their small differences are small cells.

The pupils at 10 per cent contain those at 15 per cent, a selection contains what is left after
its next step. Two such numbers that differ by one to four tell of one to four pupils.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import is_small

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from absence_risk.result import Estimate, FlowStep

__all__ = ["DISJOINT", "WORK", "Shown", "derived", "hide_flow", "nested_steps", "same_step"]

DISJOINT = frozenset({"binned_means", "dose_response"})
"""Tables whose thresholds are bins or grid points, so that their counts do not nest."""

WORK = ("alarms per 1,000 pupils and month", "pupils first alarmed")
"""How the terms of rows begin that count alarms or pupils alarmed, with or without the event."""


class Shown:
    """Numbers of one chain of nested counts that stand in print.

    Parameters
    ----------
    minimum : int
        Smallest difference that may be shown.
    first : iterable of int
        Numbers that are printed in any case.

    Examples
    --------
    >>> shown = Shown(5, [100])
    >>> shown.admit(98), shown.admit(100), shown.admit(90), shown.admit(None)
    (False, True, True, True)
    """

    def __init__(self, minimum: int, first: Iterable[int] = ()) -> None:
        self.minimum = minimum
        self.numbers = set(first)

    def clashes(self, number: int) -> bool:
        """Return whether the number differs a little from one that is shown.

        Parameters
        ----------
        number : int
            The candidate.

        Returns
        -------
        bool
            True where the difference to some shown number is 1 to ``minimum`` − 1.
        """
        return any(is_small(abs(number - other), self.minimum) for other in self.numbers)

    def admit(self, number: int | None) -> bool:
        """Show the number unless it clashes.

        Parameters
        ----------
        number : int or None
            The candidate; None is always admitted.

        Returns
        -------
        bool
            Whether it may be shown.
        """
        if number is None:
            return True
        if self.clashes(number):
            return False
        self.numbers.add(number)
        return True


def hide_flow(flow: Sequence[FlowStep], shown: Shown) -> tuple[FlowStep, ...]:
    """Hide steps that are small or differ a little from a step that is shown.

    Of two steps that differ by less than the minimum the smaller is hidden, except that a number
    printed elsewhere (the n of the result) stays and the other one gives way.

    Parameters
    ----------
    flow : sequence of FlowStep
        The steps.
    shown : Shown
        Numbers that stand in print; the steps that stay are added to it.

    Returns
    -------
    tuple of FlowStep
        The steps in their order, hidden ones with n None.

    Examples
    --------
    >>> from absence_risk.result import FlowStep
    >>> flow = [FlowStep(step="cases", n=60), FlowStep(step="consent", n=58)]
    >>> [step.n for step in hide_flow(flow, Shown(5))]
    [60, None]
    """
    kept: set[int] = set()
    for index in sorted(range(len(flow)), key=lambda i: -(flow[i].n or 0)):
        number = flow[index].n
        if not is_small(number, shown.minimum) and shown.admit(number):
            kept.add(index)
    return tuple(
        step if index in kept else dataclasses.replace(step, n=None)
        for index, step in enumerate(flow)
    )


def nested_steps(rows: Sequence[Estimate], hidden: set[int], minimum: int) -> set[int]:
    """Return further rows to hide because steps of a staircase differ by a few pupils.

    Rows that agree in term, group and time and differ in threshold are nested, and so are rows
    that agree in group and time where each threshold has a term of its own. For each of the
    counts n, n_events and their difference, of two that differ by less than the minimum the row
    with fewer events is hidden.

    Parameters
    ----------
    rows : sequence of Estimate
        Rows of one table.
    hidden : set of int
        Rows that are hidden already.
    minimum : int
        Smallest difference that may be shown.

    Returns
    -------
    set of int
        Indices of the rows to hide in addition.
    """
    found: set[int] = set()
    for chain in _chains(rows, hidden):
        seen = tuple(Shown(minimum) for _ in range(3))
        for index in sorted(chain, key=lambda i: -(rows[i].n_events or 0)):
            pairs = list(zip(seen, _nested_counts(rows[index]), strict=True))
            if any(number is not None and shown.clashes(number) for shown, number in pairs):
                found.add(index)
            else:
                for shown, number in pairs:
                    shown.admit(number)
    return found


def _chains(rows: Sequence[Estimate], hidden: set[int]) -> list[list[int]]:
    chains: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row.threshold is not None and row.n_events is not None and index not in hidden:
            chains[row.term, row.group, str(row.time)].append(index)
    loose: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for (_, *place), chain in chains.items():
        if len(chain) == 1:
            loose[tuple(place)].append(chain[0])
    several = [c for c in loose.values() if len({rows[i].threshold for i in c}) == len(c)]
    return [*chains.values(), *several]


def _nested_counts(row: Estimate) -> tuple[int | None, int | None, int | None]:
    both = row.n is not None and row.n_events is not None
    return row.n, row.n_events, (row.n or 0) - (row.n_events or 0) if both else None


def derived(rows: Sequence[Estimate], hidden: set[int]) -> set[int]:
    """Return further rows to hide because a hidden row can be worked out from them.

    The share observed is the share expected plus what is beyond it: rows whose term continues the
    term of a hidden row after a comma go with it.

    Parameters
    ----------
    rows : sequence of Estimate
        Rows of one table.
    hidden : set of int
        Rows that are hidden already.

    Returns
    -------
    set of int
        Indices of the rows to hide in addition.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> rows = [Estimate(term="halved", n=4), Estimate(term="halved, beyond the benchmark")]
    >>> derived(rows, {0})
    {1}
    """
    return {
        index
        for index, row in enumerate(rows)
        if index not in hidden and any(_continues(row, rows[other]) for other in hidden)
    }


def _continues(row: Estimate, first: Estimate) -> bool:
    same = (row.group, row.time, row.threshold) == (first.group, first.time, first.threshold)
    return same and row.term.startswith(f"{first.term},")


def same_step(rows: Sequence[Estimate], hidden: set[int]) -> set[int]:
    """Return further rows to hide because they carry the counts of a hidden row.

    Sensitivity, specificity, predictive value and share flagged of one step are four views of
    one table of two by two: from any three the fourth can be worked out, so they stand or fall
    together. Rows that count who is alarmed, whoever of them has the event (`WORK`), are a margin
    of that table and stay unless one of them is itself hidden.

    Parameters
    ----------
    rows : sequence of Estimate
        Rows of one table.
    hidden : set of int
        Rows that are hidden already.

    Returns
    -------
    set of int
        Indices of the rows to hide in addition.
    """
    families = defaultdict(list)
    for index, row in enumerate(rows):
        if row.threshold is not None and row.n_events is not None:
            families[row.threshold, row.group, row.time].append(index)
    found: set[int] = set()
    for family in families.values():
        margin = {index for index in family if rows[index].term.startswith(WORK)}
        if hidden.intersection(margin):
            found.update(family)
        elif hidden.intersection(family):
            found.update(set(family) - margin)
    return found - hidden
