"""The figures of an alarm at every threshold, with the counts that carry each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.alarm_frontier import alarm_frontier
from absence_risk.stats.threshold_metrics import threshold_metrics
from absence_risk.thresholds.alarm_counts import alarm_cells, carried, count_alarms

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["FEW_THRESHOLDS", "alarm_figures", "area_row", "figure_row"]


FEW_THRESHOLDS = 20
"""Below so many candidates the area under the curve gives single counts away."""


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
        pair = carried(counts, int(np.stack(alarm_cells(counts)).min(axis=0).argmin()))
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
