"""The figures of an alarm at every threshold, with the counts that carry each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.alarm_frontier import alarm_frontier

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["APART", "alarm_figures", "count_alarms", "figure_row", "spaced"]

APART = 5
"""Fewest pupils between two thresholds that are both shown."""


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

    kept = [first]
    for side in (
        sorted(k for k in wanted if k > first),
        sorted(k for k in wanted if k < first)[::-1],
    ):
        last = first
        for k in side:
            least = min(counts["tp"][k], (counts["flagged"] - counts["tp"])[k], counts["spared"][k])
            if apart(k, last) and least >= APART:
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
    out = [
        ("sensitivity", plain.sensitivity, many.sensitivity, "events", "tp"),
        ("specificity", plain.specificity, many.specificity, "without", "tn"),
        ("PPV", plain.ppv, many.ppv, "flagged", "tp"),
        ("NPV", plain.npv, many.npv, "spared", "tn"),
        ("alarms per 1,000 pupils and month", front.alarms, many_front.alarms, "offered", "months"),
        (
            "pupils alarmed for the first time, per 1,000 and month",
            front.first_alarms,
            many_front.first_alarms,
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
    if goal.objective == "limited_net_benefit":
        out.append(("net benefit within places", plain.limited, many.limited, "n", "flagged"))
    if goal.objective == "cost":
        out.append(("expected cost per pupil", plain.cost, many.cost, "n", "flagged"))
    return out
