"""Work against earliness, the decision curve and how often each threshold is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.alarm_frontier import alarm_frontier
from absence_risk.stats.threshold_metrics import threshold_metrics
from absence_risk.thresholds.alarm_counts import carried, count_alarms, enough, leaves_open, spaced
from absence_risk.thresholds.alarm_figures import figure_row

if TYPE_CHECKING:
    from absence_risk.thresholds.calibrated import Calibration

__all__ = ["PUPILS_TERM", "decision_curve", "frontier", "threshold_draws"]

PUPILS_TERM = "pupils judged"
_FRONTIER = (0.05, 0.075, 0.10, 0.125, 0.15, 0.20, 0.25, 0.30, 0.40)
_DRAWN = 400


def frontier(found: Calibration) -> Table:
    """Return work against earliness for every window of the chosen kind of absence.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``frontier``.
    """
    sample, rows = found.sample, []
    mine = sample.rules[found.choice.rule]
    wanted = {int(np.abs(found.thresholds - at).argmin()) for at in _FRONTIER}
    if len(found.thresholds) <= len(_FRONTIER):
        wanted = set(range(len(found.thresholds)))
    for c, rule in enumerate(sample.rules):
        if rule.numerator != mine.numerator:
            continue
        plain = alarm_frontier(found.cells[c])
        drawn = alarm_frontier(found.resampled.cells[:, c])
        counts = count_alarms(found.cells[c])
        fine = enough(counts)
        if rule is mine:
            fine &= leaves_open(counts, found.choice.at)
        near = sorted(k for k in wanted if fine[k])
        for k in spaced(counts, np.array(near), near[0]) if near else ():
            for term, value, draws, n, events in (
                (
                    "alarms per 1,000 pupils and month",
                    plain.alarms,
                    drawn.alarms,
                    "offered",
                    "months",
                ),
                (f"mean lead time, {sample.time_unit}", plain.lead, drawn.lead, "events", "tp"),
                ("sensitivity", plain.sensitivity, drawn.sensitivity, "events", "tp"),
            ):
                pair = (round(counts[n][k]), round(counts[events][k]))
                row = figure_row(found, term, k, value, draws, pair)
                rows.append(replace(row, group=rule.words()))
    rows.append(Estimate(term=PUPILS_TERM, n=sample.n))
    return Table(
        name="frontier",
        title="Work against earliness, number",
        rows=tuple(rows),
        note=(
            "An alarm is a month in which a pupil is at or above the threshold before the event; "
            "the lead time runs from the first of them, over pupils with the event who are alarmed."
        ),
    )


def decision_curve(found: Calibration) -> Table:
    """Return the net benefit of the chosen alarm under other weights of a false alarm.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``decision_curve``; the column threshold holds the probability p at which help is
        just worth its trouble, w = p/(1 − p).
    """
    rule, k = found.choice.rule, found.choice.at
    counts = count_alarms(found.cells[rule])
    chance = float(found.sample.event.mean())
    open_ = leaves_open(counts, k)
    top = min(0.95, max(0.3, 2 * chance))
    rows = []
    drawn = found.resampled.cells[:_DRAWN, rule, :2].astype(np.float64)
    for p in np.linspace(0.01, top, 30):
        w = p / (1 - p)
        many = threshold_metrics(drawn, exchange=w)
        plain = threshold_metrics(found.cells[rule, :2], exchange=w)
        best = int(np.nanargmax(plain.net_benefit))
        low, high = found.interval(many.net_benefit[:, k])
        names = [("chosen alarm", k)]
        if open_[best]:
            names.append(("best threshold at this weight", best))
        for name, at in names:
            rows.append(
                Estimate(
                    term=name,
                    threshold=float(p),
                    estimate=float(plain.net_benefit[at]),
                    conf_low=low if at == k and name == "chosen alarm" else None,
                    conf_high=high if at == k and name == "chosen alarm" else None,
                    statistic=float(found.thresholds[at]),
                    group=None if name == "chosen alarm" else "any threshold",
                    n=carried(counts, at)[0],
                    n_events=carried(counts, at)[1],
                )
            )
        rows.append(
            Estimate(term="everybody", threshold=float(p), estimate=chance - w * (1 - chance))
        )
        rows.append(Estimate(term="nobody", threshold=float(p), estimate=0.0))
    rows.append(Estimate(term=PUPILS_TERM, n=found.sample.n))
    return Table(
        name="decision_curve",
        title="Net benefit per pupil by the probability at which help is worth its trouble, number",
        rows=tuple(rows),
        note=(
            "Vickers & Elkin 2006. Net benefit counts found pupils with the event per pupil, minus "
            "false alarms at the weight p/(1 − p). Statistic: threshold of absence. n: pupils "
            "alarmed, n_events: of them with the event."
        ),
    )


def threshold_draws(found: Calibration) -> Table:
    """Return how often each threshold is chosen in bootstrap samples.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``threshold_draws``: share of samples per chosen threshold and rule.
    """
    rows = []
    for c, rule in enumerate(found.sample.rules):
        at = found.resampled.at[found.resampled.rule == c]
        for k, times in enumerate(np.bincount(at, minlength=len(found.thresholds))):
            if times:
                share = float(times / len(found.resampled.at))
                rows.append(
                    Estimate(
                        term=rule.words(), threshold=float(found.thresholds[k]), estimate=share
                    )
                )
    return Table(
        name="threshold_draws",
        title="How often each threshold is chosen in bootstrap samples (shares)",
        rows=tuple(rows),
        note=f"{len(found.resampled.at)} samples; {found.unit_words} drawn with replacement.",
    )
