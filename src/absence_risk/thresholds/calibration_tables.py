"""The tables of a calibrated alarm: what is chosen, and what every threshold says and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.alarm_frontier import first_alarm
from absence_risk.thresholds.alarm_counts import APART, carried, count_alarms, leaves_open, spaced
from absence_risk.thresholds.alarm_figures import (
    FEW_THRESHOLDS,
    alarm_figures,
    area_row,
    figure_row,
)
from absence_risk.thresholds.choice import LEAST_ALARMED, open_candidates
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["BENCHMARK_TERM", "CHOSEN_TERM", "choices", "chosen", "threshold_metrics_table"]

BENCHMARK_TERM = "PPV of an alarm without information"
CHOSEN_TERM = "chosen threshold"
_SHOWN = 0.01
_WORK = (
    "An alarm is a month in which a pupil is at or above the threshold; pupils first alarmed are "
    "counted once. "
)
_ORDER = (
    "Within places: where more pupils are alarmed than the {places} who can be helped in all these "
    "months, the places go to those with the highest share (by rank), or to any of the alarmed "
    "with equal chance (first come); the others gain nothing and cost nothing. "
)


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
    if len(whole) <= FEW_THRESHOLDS:
        whole[:] = True
    elif whole.sum() < FEW_THRESHOLDS:  # No grid of points: some of the candidates.
        whole |= places % (len(whole) // FEW_THRESHOLDS) == 0
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
    rows.append(area_row(found))
    rows.append(Estimate(term=BENCHMARK_TERM, estimate=events / n, n=n, n_events=events))
    rows.append(Estimate(term=CHOSEN_TERM, estimate=found.threshold))
    return Table(
        name="threshold_metrics",
        title=f"What an alarm at each threshold says and costs: {rule}",
        rows=tuple(rows),
        note=(
            f"Event: {found.sample.event_words}. {_assumption(found)}Intervals at each threshold "
            f"by drawing {found.unit_words}. {_WORK}PPV without information: "
            f"{_share(found)}. Thresholds between which fewer than {APART} pupils lie are left out."
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
    wanted = ("sensitivity", "PPV", "alarms", "pupils first", "mean lead", "net", "standardised")
    for term, value, draws, n, events in alarm_figures(found):
        if term.startswith(wanted):
            pair = (round(counts[n][k]), round(counts[events][k]))
            rows.append(figure_row(found, term, k, value, draws, pair))
    rows += [*_fullest_month(found), area_row(found), *_honest_rows(found)]
    return Table(
        name="chosen",
        title=f"The chosen alarm: {found.sample.rules[rule].words()}, number",
        rows=tuple(rows),
        note=(
            f"Goal: {found.goal.words()}. {_assumption(found)}{_WORK}{_places(found)}Figures at "
            "the chosen threshold look better than they are, because it was chosen on the same "
            "pupils; optimism is the objective as it looks minus its mean among units left out of "
            "bootstrap samples, which is slightly strict, because 63 % of the units choose."
        ),
    )


def _honest_rows(found: Calibration) -> list[Estimate]:
    """Return the objective as it looks and as it is among pupils who had no part in the choice."""
    made = found.resampled.made & np.isfinite(found.resampled.outside_value)
    outside = found.resampled.outside_value[made]
    if not len(outside):
        return []
    honest = float(outside.mean())
    values = {
        "objective as it looks": found.choice.value,
        "objective among pupils not chosen on": honest,
        "optimism of the objective": found.choice.value - honest,
    }
    # With the counts behind it: from an objective and its weights counts can be worked out.
    n, right = carried(count_alarms(found.cells[found.choice.rule]), found.choice.at)
    return [
        Estimate(term=term, threshold=found.threshold, estimate=value, n=n, n_events=right)
        for term, value in values.items()
    ]


def _narrows(found: Calibration, c: int, k: int, counts: dict[str, Floats]) -> bool:
    """Return whether another kind of absence narrows a small cell of the chosen alarm.

    Total absence alarms all whom valid or invalid absence of as much alarms, as a lower threshold
    does; see :func:`leaves_open`.
    """
    rule, mine = found.sample.rules[c], found.sample.rules[found.choice.rule]
    same = (rule.window, rule.consecutive) == (mine.window, mine.consecutive)
    nested = same and rule.numerator == "total" != mine.numerator and k <= found.choice.at
    if not nested:
        return False
    own = count_alarms(found.cells[found.choice.rule])
    both = {name: np.array([counts[name][k], own[name][found.choice.at]]) for name in counts}
    return not bool(leaves_open(both, 1)[0])


def _places(found: Calibration) -> str:
    """Say who gets the places, where a capacity limits them."""
    if found.goal.capacity is None or found.goal.exchange == 0:
        return ""
    return _ORDER.format(places=round(found.goal.capacity * found.sample.n_months))


def _fullest_month(found: Calibration) -> list[Estimate]:
    """Return how many pupils are first alarmed in the month with most of them.

    Capacity is a mean over months, and the first month alarms more than the others.
    """
    months = found.sample.rules[found.choice.rule].months
    if months.shape[1] < 2:
        return []
    at = first_alarm(months, [found.threshold])[:, 0]
    per_month = np.bincount(at, minlength=months.shape[1] + 1)[:-1]
    most = int(per_month.max())
    return [
        Estimate(
            term="pupils first alarmed in the fullest month",
            group="fullest month",  # No view of the same two by two: small counts stand alone.
            threshold=found.threshold,
            estimate=float(most),
            n=int(per_month.sum()),
            n_events=most,
        )
    ]


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
    fine = open_candidates(found.cells, goal, sample.pupils_a_month, LEAST_ALARMED)
    value = np.where(fine & np.isfinite(value), value, -np.inf)
    rows = []
    for c, rule in enumerate(sample.rules):
        k = int(value[c].argmax())
        if not np.isfinite(value[c, k]):
            term = f"{rule.words()}: no threshold meets the constraints"
            rows.append(Estimate(term=term, group=rule.window))
            continue
        counts = count_alarms(found.cells[c])
        if _narrows(found, c, k, counts):
            term = f"{rule.words()}: not shown beside the chosen alarm"
            rows.append(Estimate(term=term, group=rule.window))
            continue
        low, high = found.interval(found.resampled.value[:, c, k])
        n, right = carried(counts, k)
        rows.append(
            Estimate(
                term=rule.words(),
                group=rule.window,
                threshold=float(found.thresholds[k]),
                estimate=float(value[c, k]),
                conf_low=low,
                conf_high=high,
                statistic=float((found.resampled.rule == c).mean()),
                n=n,
                n_events=right,
            )
        )
    return Table(
        name="choices",
        title=f"The best threshold of every window and kind of absence by {goal.words()}, number",
        rows=tuple(rows),
        note=(
            "Estimate: the objective, more being better. Statistic: share of bootstrap samples in "
            "which the window and kind of absence is chosen. n: pupils alarmed, n_events: of them "
            "with the event."
        ),
    )
