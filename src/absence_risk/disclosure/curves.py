"""Cumulative curves: single steps are single pupils, so only every few of them are shown."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING

from absence_risk.disclosure.cells import blank, is_unsafe
from absence_risk.result import Estimate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from absence_risk.disclosure.nested import Shown

__all__ = ["OTHER_ENDINGS", "coarsen", "is_curve", "merge_endings", "thin_at_risk"]

OTHER_ENDINGS = "other endings"


def is_curve(row: Estimate) -> bool:
    """Return whether a row is a point of a curve over time with pupils at risk.

    Parameters
    ----------
    row : Estimate
        The row.

    Returns
    -------
    bool
        True where both time and the number at risk are given.

    Examples
    --------
    >>> is_curve(Estimate(term="returned", time=3.0, n_at_risk=40))
    True
    """
    return row.time is not None and row.n_at_risk is not None


def coarsen(
    rows: Sequence[Estimate], minimum: int, anchors: Collection[float] = ()
) -> list[Estimate]:
    """Return those points of each curve between which enough pupils had the event.

    A point stays where at least ``minimum`` more pupils had the event than at the point kept
    before (and, if an anchor follows, at least as many fewer than at the anchor, or none), where
    at least ``minimum`` are still at risk and the row itself is safe. The first point stays where
    it stands before all events. A curve without any other point becomes one blank row.

    Parameters
    ----------
    rows : sequence of Estimate
        Curve points: term and group name the curve, ``n_events`` is cumulative. Where it is
        missing, pupils who left the risk set are counted instead.
    minimum : int
        Smallest number of pupils between two points.
    anchors : collection of float
        Times that are reported elsewhere (the time of the verdict), which must stay and which no
        other point may come close to.

    Returns
    -------
    list of Estimate
        The points that stay, curve by curve, in order of time.

    Examples
    --------
    >>> rows = [
    ...     Estimate(term="returned", time=float(t), estimate=0.1, n_events=e, n_at_risk=60 - e)
    ...     for t, e in enumerate([0, 3, 6, 9, 11])
    ... ]
    >>> [row.n_events for row in coarsen(rows, 5)]
    [0, 6, 11]
    """
    curves: dict[tuple[str, str | None], list[Estimate]] = defaultdict(list)
    for row in rows:
        curves[row.term, row.group].append(row)
    kept: list[Estimate] = []
    for curve in curves.values():
        kept += _coarsen_one(sorted(curve, key=lambda r: r.time or 0.0), minimum, anchors)
    return kept


def _coarsen_one(curve: list[Estimate], minimum: int, anchors: Collection[float]) -> list[Estimate]:
    events = _cumulative_events(curve)
    fixed = _anchor_counts(curve, events, anchors, minimum)
    kept, last = [], 0
    for index, (row, count) in enumerate(zip(curve, events, strict=True)):
        if (row.n_at_risk or 0) < minimum:
            continue
        if index == 0 and count == 0:
            kept.append(row)
        elif not is_unsafe(row, minimum) and _may_stand(
            count, last, fixed, minimum, anchored=row.time in anchors
        ):
            kept.append(row)
            last = count
    if last == 0:
        return [dataclasses.replace(blank(curve[0]), time=None)]
    return kept


def _cumulative_events(curve: list[Estimate]) -> list[int]:
    if all(row.n_events is not None for row in curve):
        return [row.n_events or 0 for row in curve]
    start = curve[0].n_at_risk or 0
    return [start - (row.n_at_risk or 0) for row in curve]


def _anchor_counts(
    curve: list[Estimate], events: list[int], anchors: Collection[float], minimum: int
) -> list[int]:
    """Return the counts at the anchors that are themselves far enough apart."""
    fixed: list[int] = []
    for row, count in zip(curve, events, strict=True):
        if row.time in anchors and count >= minimum + (fixed[-1] if fixed else 0):
            fixed.append(count)
    return fixed


def _may_stand(count: int, last: int, fixed: list[int], minimum: int, *, anchored: bool) -> bool:
    if count in fixed:
        return count - last >= minimum or (anchored and count == last)
    following = next((number for number in fixed if number > count), None)
    return count - last >= minimum and (following is None or following - count >= minimum)


def thin_at_risk(rows: Sequence[Estimate], shown: Shown) -> list[Estimate]:
    """Return the points with numbers at risk only where they differ by enough.

    Parameters
    ----------
    rows : sequence of Estimate
        Points of curves that share one risk set.
    shown : Shown
        Numbers at risk that stand in print for this risk set; extended in place.

    Returns
    -------
    list of Estimate
        The same points; the number at risk is None where it would clash.
    """
    return [
        row if shown.admit(row.n_at_risk) else dataclasses.replace(row, n_at_risk=None)
        for row in rows
    ]


def merge_endings(rows: Sequence[Estimate], minimum: int) -> tuple[list[Estimate], int, int]:
    """Count endings that few pupils had together, or leave them out.

    Within each group the endings with fewer than ``minimum`` pupils become one curve
    "other endings" if they are at least two and reach the minimum together; otherwise they are
    removed. Cumulative incidences of different endings add up, their intervals do not, so the
    merged curve has none.

    Parameters
    ----------
    rows : sequence of Estimate
        Points of cumulative incidence curves: term is the ending.
    minimum : int
        Smallest number of pupils with an ending.

    Returns
    -------
    rows : list of Estimate
        Points of the endings that stay, then of the merged one.
    merged : int
        Number of endings counted together.
    removed : int
        Number of endings left out.
    """
    kept: list[Estimate] = []
    merged = removed = 0
    for group in dict.fromkeys(row.group for row in rows):
        curves: dict[str, list[Estimate]] = defaultdict(list)
        for row in rows:
            if row.group == group:
                curves[row.term].append(row)
        few = [t for t, curve in curves.items() if _total(curve) < minimum]
        together = len(few) > 1 and sum(_total(curves[t]) for t in few) >= minimum
        kept += [row for term, curve in curves.items() if term not in few for row in curve]
        if together:
            kept += _sum_curves([curves[term] for term in few])
            merged += len(few)
        else:
            removed += len(few)
    return kept, merged, removed


def _total(curve: Sequence[Estimate]) -> int:
    return max((row.n_events or 0) for row in curve)


def _sum_curves(curves: list[list[Estimate]]) -> list[Estimate]:
    points = []
    for time in sorted({row.time for curve in curves for row in curve if row.time is not None}):
        last = [_last_at(curve, time) for curve in curves]
        here = [row for row in last if row is not None]
        points.append(
            Estimate(
                term=OTHER_ENDINGS,
                group=here[0].group,
                time=time,
                estimate=sum(row.estimate or 0.0 for row in here),
                n_events=sum(row.n_events or 0 for row in here),
                n_at_risk=max(here, key=lambda row: row.time or 0.0).n_at_risk,
            )
        )
    return points


def _last_at(curve: list[Estimate], time: float) -> Estimate | None:
    before = [row for row in curve if row.time is not None and row.time <= time]
    return max(before, key=lambda row: row.time or 0.0, default=None)
