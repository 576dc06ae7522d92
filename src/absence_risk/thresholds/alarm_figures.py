"""The figures of an alarm at every threshold, with the counts that carry each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.alarm_frontier import alarm_frontier
from absence_risk.stats.threshold_metrics import threshold_metrics

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = [
    "APART",
    "FEW_THRESHOLDS",
    "alarm_figures",
    "area_row",
    "carried",
    "count_alarms",
    "enough",
    "figure_row",
    "leaves_open",
    "spaced",
]

APART = 5
"""Fewest pupils between two thresholds that are both shown."""

FEW_THRESHOLDS = 20
"""Below so many candidates the area under the curve gives single counts away."""


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
    return np.asarray(np.stack(_cells(counts)).min(axis=0) >= APART)


def _cells(counts: dict[str, Floats]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return pupils alarmed rightly, alarmed wrongly, missed and left alone."""
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
    right, wrong, missed, alone = _cells(counts)
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
    _, _, missed, alone = _cells(counts)
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


def figure_row(  # noqa: PLR0917 (private, a row of one table)
    found: Calibration, term: str, k: int, value: Floats, draws: Floats, pair: tuple[int, int]
) -> Estimate:
    """Return a figure at one threshold with its interval and the counts behind it.

    Parameters
    ----------
    found : Calibration
        The calibration.
    term : str
        Name of the figure.
    k : int
        Threshold.
    value : numpy.ndarray, shape (K,)
        The figure at every threshold.
    draws : numpy.ndarray, shape (B, K)
        The same in bootstrap samples.
    pair : tuple of int
        Denominator and numerator.

    Returns
    -------
    Estimate
        The row.
    """
    low, high = found.interval(draws[:, k])
    known = bool(np.isfinite(value[k]))
    return Estimate(
        term=term,
        threshold=float(found.thresholds[k]),
        estimate=float(value[k]) if known else None,
        conf_low=low if known else None,
        conf_high=high if known else None,
        n=pair[0],
        n_events=pair[1],
    )


def area_row(found: Calibration) -> Estimate:
    """Return the area under the ROC curve of the chosen rule with its interval.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Estimate
        Shares between two candidate thresholds count as ties. Where there are few candidates the
        row carries the smallest counts of any of them, because they can be worked out from it.
    """
    rule, n = found.choice.rule, found.sample.n
    events = int(found.sample.event.sum())
    cells = found.cells[rule]
    low, high = found.interval(
        threshold_metrics(found.resampled.cells[:, rule, :2], exchange=0).auc
    )
    pair = (n, events)
    if len(found.thresholds) < FEW_THRESHOLDS:
        counts = count_alarms(cells)
        pair = carried(counts, int(np.stack(_cells(counts)).min(axis=0).argmin()))
    return Estimate(
        term=f"AUC of the {found.sample.measure}",
        estimate=float(threshold_metrics(cells[:2], exchange=0).auc),
        conf_low=low,
        conf_high=high,
        n=pair[0],
        n_events=pair[1],
    )


def alarm_figures(found: Calibration) -> list[tuple[str, Floats, Floats, str, str]]:
    """Return every figure of the chosen rule.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    list of tuple
        Name, values (K,), draws (B, K), and the names of the counts below and above the line.
    """
    sample, goal, rule = found.sample, found.goal, found.choice.rule
    plain = goal.metrics(found.cells[rule, :2], sample.n_months)
    front = alarm_frontier(found.cells[rule])
    drawn = found.resampled.cells[:, rule]
    many = goal.metrics(drawn[:, :2], sample.n_months)
    many_front = alarm_frontier(drawn)
    a_month = sample.pupils_a_month / 1000
    out = [
        ("sensitivity", plain.sensitivity, many.sensitivity, "events", "tp"),
        ("specificity", plain.specificity, many.specificity, "without", "tn"),
        ("PPV", plain.ppv, many.ppv, "flagged", "tp"),
        ("NPV", plain.npv, many.npv, "spared", "tn"),
        ("alarms per 1,000 pupils and month", front.alarms, many_front.alarms, "offered", "months"),
        (
            "pupils first alarmed per 1,000 and month",
            front.first_alarms,
            many_front.first_alarms,
            "n",
            "flagged",
        ),
        (
            "pupils first alarmed a month",
            a_month * front.first_alarms,
            a_month * many_front.first_alarms,
            "n",
            "flagged",
        ),
        ("Youden's index", plain.youden, many.youden, "n", "flagged"),
    ]
    if sample.time_unit:
        term = f"mean lead time, {sample.time_unit}"
        out.append((term, front.lead, many_front.lead, "events", "tp"))
    if goal.exchange > 0:
        out += [
            ("net benefit per pupil", plain.net_benefit, many.net_benefit, "n", "flagged"),
            ("standardised net benefit", plain.standardised, many.standardised, "n", "flagged"),
        ]
    if goal.exchange > 0 and goal.capacity is not None:
        first = goal.metrics(found.cells[rule, :2], sample.n_months, "first come").limited
        many_first = goal.metrics(drawn[:, :2], sample.n_months, "first come").limited
        out += [
            ("net benefit within places, by rank", plain.limited, many.limited, "n", "flagged"),
            ("net benefit within places, first come", first, many_first, "n", "flagged"),
        ]
    if goal.objective == "cost":
        out.append(("expected cost per pupil", plain.cost, many.cost, "n", "flagged"))
    return out
