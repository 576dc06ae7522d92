"""The tables of a calibrated alarm: what is chosen, and what every threshold says and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.thresholds.alarm_figures import (
    APART,
    alarm_figures,
    count_alarms,
    figure_row,
    spaced,
)
from absence_risk.thresholds.choice import open_candidates
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    from absence_risk.thresholds.calibrated import Calibration

__all__ = ["BENCHMARK_TERM", "CHOSEN_TERM", "choices", "chosen", "threshold_metrics_table"]

BENCHMARK_TERM = "PPV of an alarm without information"
CHOSEN_TERM = "chosen threshold"
_SHOWN = 0.01
_FEW = 20


def threshold_metrics_table(found: Calibration) -> Table:
    """Return every figure at every whole point, and at the chosen threshold.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``threshold_metrics``.
    """
    steps = np.round(found.thresholds / _SHOWN)
    whole = np.abs(found.thresholds / _SHOWN - steps) < 1e-9
    places = np.arange(len(whole))
    if len(whole) <= _FEW:
        whole[:] = True
    elif whole.sum() < _FEW:  # No grid of points: some of the candidates.
        whole |= places % (len(whole) // _FEW) == 0
    at = np.flatnonzero(whole | (places == found.choice.at))
    counts = count_alarms(found.cells[found.choice.rule])
    shown = spaced(counts, at, found.choice.at)
    rows = [
        figure_row(found, term, k, value, draws, (round(counts[n][k]), round(counts[events][k])))
        for term, value, draws, n, events in alarm_figures(found)
        for k in shown
    ]
    rule = found.sample.rules[found.choice.rule].words()
    n, events = found.sample.n, int(found.sample.event.sum())
    rows.append(Estimate(term=BENCHMARK_TERM, estimate=events / n, n=n, n_events=events))
    rows.append(Estimate(term=CHOSEN_TERM, estimate=found.threshold))
    return Table(
        name="threshold_metrics",
        title=f"What an alarm at each threshold says and costs: {rule}",
        rows=tuple(rows),
        note=(
            f"Event: {found.sample.event_words}. {_assumption(found)}Intervals at each threshold "
            f"by drawing {found.unit_words}. PPV without information: {_share(found)}. Thresholds "
            f"between which fewer than {APART} pupils lie are left out."
        ),
    )


def _assumption(found: Calibration) -> str:
    said = found.goal.assumption(float(found.sample.event.mean()))
    return f"{said} " if said else ""


def _share(found: Calibration) -> str:
    return per_cent(float(found.sample.event.mean()), 1)


def chosen(found: Calibration) -> Table:
    """Return the chosen alarm in a few rows, with what is lost when it is judged honestly.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``chosen``.
    """
    rule, k = found.choice.rule, found.choice.at
    counts = count_alarms(found.cells[rule])
    rows = [_threshold_row(found)]
    wanted = ("sensitivity", "PPV", "alarms", "mean lead", "net benefit per")
    for term, value, draws, n, events in alarm_figures(found):
        if term.startswith(wanted):
            pair = (round(counts[n][k]), round(counts[events][k]))
            rows.append(figure_row(found, term, k, value, draws, pair))
    made = found.resampled.made & np.isfinite(found.resampled.outside_value)
    outside = found.resampled.outside_value[made]
    if len(outside):
        honest = float(outside.mean())
        # With the counts behind it: from an objective and its weights counts can be worked out.
        values = {
            "objective as it looks": found.choice.value,
            "objective among pupils not chosen on": honest,
            "optimism of the objective": found.choice.value - honest,
        }
        rows += [
            Estimate(
                term=term,
                threshold=found.threshold,
                estimate=value,
                n=round(counts["flagged"][k]),
                n_events=round(counts["tp"][k]),
            )
            for term, value in values.items()
        ]
    return Table(
        name="chosen",
        title=f"The chosen alarm: {found.sample.rules[rule].words()}, number",
        rows=tuple(rows),
        note=(
            f"Goal: {found.goal.words()}. {_assumption(found)}Figures at the chosen threshold look "
            "better than they are, because it was chosen on the same pupils; optimism is the "
            "objective as it looks minus its mean among units left out of bootstrap samples, which "
            "is slightly strict, because 63 % of the units choose."
        ),
    )


def _threshold_row(found: Calibration) -> Estimate:
    same = found.resampled.made & (found.resampled.rule == found.choice.rule)
    drawn = found.thresholds[found.resampled.at[same]]
    low, high = found.interval(drawn) if len(drawn) else (None, None)
    return Estimate(
        term=f"threshold, {found.sample.measure}",
        estimate=found.threshold,
        std_error=float(drawn.std(ddof=1)) if len(drawn) > 1 else None,
        conf_low=low,
        conf_high=high,
    )


def choices(found: Calibration) -> Table:
    """Return the best threshold of every window and numerator.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``choices``: objective at the best threshold, which stands in the column threshold;
        ``statistic`` is the share of bootstrap samples in which the rule wins.
    """
    sample, goal = found.sample, found.goal
    value = goal.value(found.cells, sample.n_months)
    fine = open_candidates(found.cells, goal, sample.pupils_a_month, 5.0)
    value = np.where(fine & np.isfinite(value), value, -np.inf)
    rows = []
    for c, rule in enumerate(sample.rules):
        k = int(value[c].argmax())
        if not np.isfinite(value[c, k]):
            rows.append(Estimate(term=f"{rule.words()}: no threshold meets the constraints"))
            continue
        low, high = found.interval(found.resampled.value[:, c, k])
        counts = count_alarms(found.cells[c])
        rows.append(
            Estimate(
                term=rule.words(),
                threshold=float(found.thresholds[k]),
                estimate=float(value[c, k]),
                conf_low=low,
                conf_high=high,
                statistic=float((found.resampled.rule == c).mean()),
                n=sample.n,
                n_events=round(counts["flagged"][k]),
            )
        )
    return Table(
        name="choices",
        title=f"The best threshold of every window and kind of absence by {goal.words()}, number",
        rows=tuple(rows),
        note=(
            "Estimate: the objective, more being better. Statistic: share of bootstrap samples in "
            "which the window and kind of absence is chosen. n_events: pupils alarmed."
        ),
    )
