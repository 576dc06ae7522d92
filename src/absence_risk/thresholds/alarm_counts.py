"""The counts behind an alarm at every threshold, and which of them may stand side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["APART", "alarm_cells", "carried", "count_alarms", "enough", "leaves_open", "spaced"]

APART = 5
"""Fewest pupils between two thresholds that are both shown."""


def enough(counts: dict[str, Floats]) -> npt.NDArray[np.bool_]:
    """Return at which thresholds enough pupils are alarmed rightly, wrongly, missed and left alone.

    Parameters
    ----------
    counts : dict of str to numpy.ndarray
        Counts as of :func:`count_alarms`.

    Returns
    -------
    numpy.ndarray of bool, shape (K,)
        True where none of the four is below `APART`.
    """
    return np.asarray(np.stack(alarm_cells(counts)).min(axis=0) >= APART)


def alarm_cells(counts: dict[str, Floats]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the four cells of an alarm at every threshold.

    Parameters
    ----------
    counts : dict of str to numpy.ndarray
        Counts as of :func:`count_alarms`.

    Returns
    -------
    right, wrong, missed, alone : numpy.ndarray, shape (K,)
        Pupils alarmed rightly, alarmed wrongly, missed and rightly left alone.
    """
    tp, flagged = counts["tp"], counts["flagged"]
    return tp, flagged - tp, counts["events"] - tp, counts["tn"]


def leaves_open(counts: dict[str, Floats], chosen: int) -> npt.NDArray[np.bool_]:
    """Return the thresholds whose counts do not narrow a small cell at the chosen one.

    The pupils alarmed at the chosen threshold are known. Those alarmed rightly there are alarmed
    rightly at any lower one too: where these are fewer than the pupils alarmed at the chosen
    threshold, some of the latter are alarmed wrongly, and it is known how many at least. So with
    all other cells and directions.

    Parameters
    ----------
    counts : dict of str to numpy.ndarray
        Counts as of :func:`count_alarms`.
    chosen : int
        The chosen threshold.

    Returns
    -------
    numpy.ndarray of bool, shape (K,)
        True everywhere where no cell of the chosen threshold is small.
    """
    right, wrong, missed, alone = alarm_cells(counts)
    place = np.arange(len(right))
    lower, higher = place < chosen, place > chosen
    alarmed, spared = counts["flagged"][chosen], counts["spared"][chosen]
    fine = np.ones(len(right), dtype=bool)
    for cell, side, other, whole in (
        (wrong, lower, right, alarmed),
        (right, lower, wrong, alarmed),
        (missed, higher, alone, spared),
        (alone, higher, missed, spared),
    ):
        if cell[chosen] < APART:
            fine &= ~side | (other >= whole)
    return fine


def carried(counts: dict[str, Floats], k: int) -> tuple[int, int]:
    """Return the counts that a figure of one threshold carries, so that a small cell hides it.

    Parameters
    ----------
    counts : dict of str to numpy.ndarray
        Counts as of :func:`count_alarms`.
    k : int
        Threshold.

    Returns
    -------
    n, n_events : int
        Pupils alarmed and of them those with the event; where pupils missed or left alone are few,
        the pupils not alarmed and those missed.
    """
    _, _, missed, alone = alarm_cells(counts)
    unseen = min(missed[k], alone[k]) < APART
    n, events = (counts["spared"], missed) if unseen else (counts["flagged"], counts["tp"])
    return round(float(n[k])), round(float(events[k]))


def spaced(counts: dict[str, Floats], wanted: npt.NDArray[np.intp], first: int) -> list[int]:
    """Return thresholds whose counts all differ by some pupils, keeping one for certain.

    Neighbouring thresholds that differ by a few pupils tell of these pupils and of nothing else.

    Parameters
    ----------
    counts : dict of str to numpy.ndarray
        Counts as of :func:`count_alarms`.
    wanted : numpy.ndarray of int
        Thresholds that may be shown.
    first : int
        The one that is shown for certain.

    Returns
    -------
    list of int
        Thresholds in ascending order.
    """
    names = ("tp", "flagged", "months", "spared", "tn")
    stack = np.stack([*(counts[name] for name in names), counts["flagged"] - counts["tp"]])

    def apart(a: int, b: int) -> bool:
        gap = np.abs(stack[:, a] - stack[:, b])
        return bool(((gap == 0) | (gap >= APART)).all() and (gap >= APART).any())

    fine = enough(counts) & leaves_open(counts, first)
    kept = [first]
    for side in (
        sorted(k for k in wanted if k > first),
        sorted(k for k in wanted if k < first)[::-1],
    ):
        last = first
        for k in side:
            if apart(k, last) and fine[k]:
                kept.append(int(k))
                last = k
    return sorted(kept)


def count_alarms(cells: Floats) -> dict[str, npt.NDArray[np.float64]]:
    """Return the counts behind every figure at every threshold.

    Parameters
    ----------
    cells : numpy.ndarray, shape (4, K + 1)
        Counts as of `Tallies`.

    Returns
    -------
    dict of str to numpy.ndarray
        Counts by name, each of shape (K,).
    """
    reached = np.cumsum(cells[..., ::-1], axis=-1)[..., ::-1]
    fp, tp, months = reached[0, 1:], reached[1, 1:], reached[2, 1:]
    events, n = reached[1, 0], reached[:2, 0].sum()
    return {
        "tp": tp,
        "flagged": tp + fp,
        "months": months,
        "events": np.full_like(tp, events),
        "n": np.full_like(tp, n),
        "offered": np.full_like(tp, reached[2, 0]),
        "tn": n - events - fp,
        "without": np.full_like(tp, n - events),
        "spared": n - tp - fp,
    }
