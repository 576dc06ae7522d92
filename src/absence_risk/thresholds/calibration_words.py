"""The verdict on a calibrated alarm, in a sentence a board can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Verdict
from absence_risk.thresholds.sample_size import tell_apart
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    from absence_risk.result import Answer, Estimate, Table
    from absence_risk.thresholds.calibrated import Calibration

__all__ = ["judge_alarm"]

_SAME = 0.5
"""Below this share of bootstrap samples with the same rule the rule itself is in doubt."""

_WIDE = 0.04
"""An interval of the threshold wider than this many points is called out in the sentence."""


def judge_alarm(
    found: Calibration,
    estimate: Estimate,
    benchmark: Estimate,
    beyond: Estimate,
    made: tuple[Table, ...],
) -> Verdict:
    """Say whether an alarm at the chosen threshold tells more than chance.

    Supported where the PPV among pupils the threshold was not chosen on lies beyond that of an
    alarm without information, and the best cut is not explained by the search (adjusted p, where a
    cut leaves 5 % of pupils on either side). Not supported where it lies below.
    Undecidable otherwise.

    Parameters
    ----------
    found : Calibration
        The calibration.
    estimate, benchmark, beyond : Estimate
        The headline.
    made : tuple of Table
        The tables, of which ``chosen`` and ``sample_size`` are quoted.

    Returns
    -------
    Verdict
        Answer, sentence, reasons.
    """
    answer: Answer = "undecidable"
    level = 1 - found.conf_level
    low, high = beyond.conf_low, beyond.conf_high
    searched = found.cut.index < 0 or found.cut.adjusted_p <= level
    if low is not None and low > 0 and searched:
        answer = "supported"
    elif high is not None and high < 0:
        answer = "not supported"
    rule = found.sample.rules[found.choice.rule]
    where = f"{per_cent(found.threshold, 1)} of {rule.words()}"
    if answer == "undecidable":
        sentence = (
            f"These data cannot tell whether an alarm at {where} says more about "
            f"{found.sample.event_words} than chance."
        )
    else:
        right = per_cent(estimate.estimate or 0.0)
        sentence = (
            f"Of the choices tried, acting at {where} serves the goal {found.goal.words()} best: "
            f"about {right} of alarms would be right, against {per_cent(benchmark.estimate or 0)} "
            "for an alarm without information."
        )
    doubt = _doubt(found)
    return Verdict(
        answer=answer,
        sentence=f"{sentence} {doubt}".strip(),
        reasons=_reasons(found, beyond, made),
    )


def _doubt(found: Calibration) -> str:
    made = found.resampled.made
    same = made & (found.resampled.rule == found.choice.rule)
    if same.sum() < 20:
        return "The choice hangs on few samples; do not rely on it."
    if same.mean() < _SAME:
        return (
            "Other windows and kinds of absence serve about as well: which of them is best cannot "
            "be told."
        )
    drawn = found.thresholds[found.resampled.at[same]]
    low, high = np.quantile(drawn, [(1 - found.conf_level) / 2, (1 + found.conf_level) / 2])
    words = f"from {per_cent(low, 1)} to {per_cent(high, 1)}"
    if high - low > _WIDE:
        return f"Thresholds {words} would be chosen in samples like this one: do not split hairs."
    return f"Thresholds {words} would be chosen in samples like this one."


def _p_words(found: Calibration) -> str:
    if found.cut.index < 0:
        return "No cut leaves 5 % of pupils on either side, so no p-value is given."
    naive, adjusted = (
        "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
        for p in (found.cut.naive_p, found.cut.adjusted_p)
    )
    rest = "" if found.unit_words == "pupils" else " (pupils taken as independent)"
    return (
        f"The best cut has {naive} as if it had been fixed before, and {adjusted} after the search "
        f"over thresholds, windows and kinds of absence is allowed for{rest}."
    )


def _reasons(found: Calibration, beyond: Estimate, made: tuple[Table, ...]) -> tuple[str, ...]:
    tables = {table.name: table for table in made}
    same = float((found.resampled.rule == found.choice.rule).mean())
    none = float((~found.resampled.made).mean())
    reasons = [
        found.goal.assumption(float(found.sample.event.mean())),
        f"The same window and numerator is chosen in {per_cent(same)} of bootstrap samples.",
        _p_words(found),
    ]
    chosen = {row.term: row for row in tables["chosen"].rows}
    optimism = chosen.get("optimism of the objective")
    if optimism is not None and optimism.estimate is not None:
        reasons.append(
            "Judged by pupils it was not chosen on, the objective is lower by "
            f"{optimism.estimate:.2g} than it looks."
        )
    if none > 0.01:
        reasons.append(f"In {per_cent(none)} of samples no choice meets the constraints.")
    reasons.append(tell_apart(found).sentence)
    reasons.append(
        "Earlier alarms may have led to help that changed what came later; the alarm is judged as "
        "if they had not."
    )
    if beyond.conf_low is None:
        reasons.append("Too few alarmed pupils are left out of the samples for an interval.")
    return tuple(reason for reason in reasons if reason)
