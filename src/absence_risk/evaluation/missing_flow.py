"""Who has a baseline and no follow-up, by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.evaluation.pairs import REASONS
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["REASON_COLUMN", "lost_by_reason", "reasons_table"]

REASON_COLUMN = "no_follow_up"
"""Optional column of the cases: why there is no follow-up (moved, declined, ...)."""

_FEWEST_SHOWN = 5
_TOGETHER = "other reasons"


def _lost(pairs: Paired) -> npt.NDArray[np.str_]:
    """Return why each pupil with a baseline has no follow-up; empty where there is one."""
    kept = pairs.only(~np.isnan(pairs.pre))
    reason = kept.reason.astype(object)
    if REASON_COLUMN in kept.frame.columns:
        told = kept.frame[REASON_COLUMN]
        use = (reason == REASONS[3]) & told.notna().to_numpy() & (told != "").to_numpy()
        reason[use] = told[use].astype(str)
    return np.asarray(reason.astype(str))


def lost_by_reason(pairs: Paired) -> dict[str, int]:
    """Count the pupils with a baseline and no follow-up by reason.

    Parameters
    ----------
    pairs : Paired
        Pairs of one outcome; the frame may have the text column ``no_follow_up``.

    Returns
    -------
    dict of str to int
        What the column tells, then those of whom it tells nothing, then follow-ups dated before
        the baseline; the last two stand there even if there are none.
    """
    reason = _lost(pairs)
    told = sorted(set(reason) - {"", REASONS[0], REASONS[3]})
    return {text: int((reason == text).sum()) for text in (*told, REASONS[3], REASONS[0])}


def reasons_table(study: PrePost, name: str) -> Table:
    """Return baselines of those who were followed up and of those who were not, by reason.

    Parameters
    ----------
    study : PrePost
        The study; its cases may have a text column ``no_follow_up``.
    name : str
        Name of the outcome.

    Returns
    -------
    Table
        Mean baseline and number of pupils. Reasons of fewer than five pupils are put together,
        with the next rarest where that is needed; groups still below five have no figures.
    """
    pairs = study.pairs(name)
    reason, pre = _lost(pairs).astype(object), pairs.pre[~np.isnan(pairs.pre)]
    counts = {k: n for k, n in lost_by_reason(pairs).items() if n}
    rare = sorted(counts, key=lambda text: counts[text])
    joined = [text for text in rare if counts[text] < _FEWEST_SHOWN]
    while joined and sum(counts[t] for t in joined) < _FEWEST_SHOWN and len(joined) < len(rare):
        joined = rare[: len(joined) + 1]
    if len(joined) > 1:
        reason[np.isin(reason, joined)] = _TOGETHER
    groups = [text for text in counts if text not in joined or len(joined) == 1]
    groups += [_TOGETHER] if len(joined) > 1 else []
    rows = [_row(pre[reason == ""], "followed up")]
    rows += [_row(pre[reason == text], f"not followed up: {text}") for text in groups]
    return Table(
        name="follow_up",
        title=f"Baseline of {name} by follow-up, {study.outcomes[name].unit}",
        rows=tuple(rows),
        note="Groups of fewer than 5 pupils have no figures. Those who answer need not be like "
        "those who do not: compare the baselines.",
    )


def _row(baseline: npt.NDArray[np.float64], group: str) -> Estimate:
    n = len(baseline)
    if n < _FEWEST_SHOWN:
        return Estimate(term="baseline", group=group)
    return Estimate(term="baseline", group=group, estimate=float(baseline.mean()), n=n)
