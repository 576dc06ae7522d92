"""The tables of a calibrated alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.alarm_frontier import alarm_frontier
from absence_risk.stats.threshold_metrics import threshold_metrics
from absence_risk.thresholds.choice import open_candidates
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibration import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = [
    "BENCHMARK_TERM",
    "CHOSEN_TERM",
    "PUPILS_TERM",
    "choices",
    "chosen",
    "decision_curve",
    "frontier",
    "threshold_draws",
    "threshold_metrics_table",
]

BENCHMARK_TERM = "PPV of an alarm without information"
CHOSEN_TERM = "chosen threshold"
PUPILS_TERM = "pupils judged"
_SHOWN = 0.01
_FRONTIER = (0.05, 0.075, 0.10, 0.125, 0.15, 0.20, 0.25, 0.30, 0.40)
_DRAWN = 400
_APART = 5


def _spaced(counts: dict[str, Floats], wanted: npt.NDArray[np.intp], first: int) -> list[int]:
    """Return thresholds whose counts all differ by some pupils, keeping one for certain.

    Neighbouring thresholds that differ by a few pupils tell of these pupils and of nothing else.
    """
    names = ("tp", "flagged", "months", "spared", "tn")
    stack = np.stack([*(counts[name] for name in names), counts["flagged"] - counts["tp"]])

    def apart(a: int, b: int) -> bool:
        gap = np.abs(stack[:, a] - stack[:, b])
        return bool(((gap == 0) | (gap >= _APART)).all() and (gap >= _APART).any())

    kept = [first]
    for side in (
        sorted(k for k in wanted if k > first),
        sorted(k for k in wanted if k < first)[::-1],
    ):
        last = first
        for k in side:
            least = min(counts["tp"][k], (counts["flagged"] - counts["tp"])[k], counts["spared"][k])
            if apart(k, last) and least >= _APART:
                kept.append(int(k))
                last = k
    return sorted(kept)


def _counts(cells: Floats) -> dict[str, npt.NDArray[np.float64]]:
    """Return the counts behind every figure at every threshold."""
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


def _row(  # noqa: PLR0917 (private, a row of one table)
    found: Calibration, term: str, k: int, value: Floats, draws: Floats, pair: tuple[int, int]
) -> Estimate:
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


def _figures(found: Calibration) -> list[tuple[str, Floats, Floats, str, str]]:
    """Return name, value, draws, and the counts that carry each figure of the chosen rule."""
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
        (f"mean lead time, {sample.time_unit}", front.lead, many_front.lead, "events", "tp"),
        ("Youden's index", plain.youden, many.youden, "n", "flagged"),
    ]
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
    few = len(found.thresholds) <= 20
    at = np.flatnonzero(whole | few | (np.arange(len(whole)) == found.choice.at))
    counts = _counts(found.cells[found.choice.rule])
    shown = _spaced(counts, at, found.choice.at)
    rows = [
        _row(found, term, k, value, draws, (round(counts[n][k]), round(counts[events][k])))
        for term, value, draws, n, events in _figures(found)
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
            f"Event: {found.sample.event_words}. Intervals at each threshold by drawing "
            f"{found.unit_words}. PPV without information: {_share(found)}. Thresholds between "
            f"which fewer than {_APART} pupils lie are left out."
        ),
    )


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
    counts = _counts(found.cells[rule])
    rows = [_threshold_row(found)]
    wanted = ("sensitivity", "PPV", "alarms", "mean lead", "net benefit per")
    for term, value, draws, n, events in _figures(found):
        if term.startswith(wanted):
            pair = (round(counts[n][k]), round(counts[events][k]))
            rows.append(_row(found, term, k, value, draws, pair))
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
            f"Goal: {found.goal.words()}. Figures at the chosen threshold look better than they "
            "are, because it was chosen on the same pupils; optimism is the objective as it looks "
            "minus its mean among units left out of bootstrap samples, which is slightly strict, "
            "because 63 % of the units choose."
        ),
    )


def _threshold_row(found: Calibration) -> Estimate:
    same = found.resampled.made & (found.resampled.rule == found.choice.rule)
    drawn = found.thresholds[found.resampled.at[same]]
    low, high = found.interval(drawn) if len(drawn) else (None, None)
    return Estimate(
        term="threshold, share of absence",
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
        counts = _counts(found.cells[c])
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
    near = {int(np.abs(found.thresholds - at).argmin()) for at in _FRONTIER}
    if len(found.thresholds) <= len(_FRONTIER):
        near = set(range(len(found.thresholds)))
    for c, rule in enumerate(sample.rules):
        if rule.numerator != mine.numerator:
            continue
        plain = alarm_frontier(found.cells[c])
        drawn = alarm_frontier(found.resampled.cells[:, c])
        counts = _counts(found.cells[c])
        ordered = sorted(near)
        for k in _spaced(counts, np.array(ordered), ordered[0]):
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
                row = _row(found, term, k, value, draws, pair)
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
    counts = _counts(found.cells[rule])
    chance = float(found.sample.event.mean())
    top = min(0.95, max(0.3, 2 * chance))
    rows = []
    drawn = found.resampled.cells[:_DRAWN, rule, :2].astype(np.float64)
    for p in np.linspace(0.01, top, 30):
        w = p / (1 - p)
        many = threshold_metrics(drawn, exchange=w)
        plain = threshold_metrics(found.cells[rule, :2], exchange=w)
        best = int(np.nanargmax(plain.net_benefit))
        low, high = found.interval(many.net_benefit[:, k])
        names = (("chosen alarm", k), ("best threshold at this weight", best))
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
                    n=round(counts["flagged"][at]),
                    n_events=round(counts["tp"][at]),
                )
            )
        rows.append(
            Estimate(term="everybody", threshold=float(p), estimate=chance - w * (1 - chance))
        )
        rows.append(Estimate(term="nobody", threshold=float(p), estimate=0.0))
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
