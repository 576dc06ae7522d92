"""Who has a baseline and no follow-up, by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk.evaluation.pairs import REASONS
from absence_risk.result import Estimate, FlowStep, Table

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["REASON_COLUMN", "lost_steps", "reasons_table"]

REASON_COLUMN = "no_follow_up"
"""Optional column of the cases: why there is no follow-up (moved, declined, ...)."""

_FEWEST_SHOWN = 5


def _lost(pairs: Paired) -> npt.NDArray[np.str_]:
    """Return why each pupil with a baseline has no follow-up; empty where there is one."""
    kept = pairs.only(~np.isnan(pairs.pre))
    reason = kept.reason.astype(object)
    if REASON_COLUMN in kept.frame.columns:
        told = kept.frame[REASON_COLUMN]
        use = (reason == REASONS[3]) & told.notna().to_numpy() & (told != "").to_numpy()
        reason[use] = told[use].astype(str)
    reason[reason == REASONS[3]] = "reason not told"
    return np.asarray(reason.astype(str))


def lost_steps(name: str, pairs: Paired) -> list[FlowStep]:
    """Return side boxes of a flow chart: how many have a baseline and no follow-up, by reason.

    Parameters
    ----------
    name : str
        Name of the outcome.
    pairs : Paired
        Its pairs.

    Returns
    -------
    list of FlowStep
        One per reason, most frequent first; none where everybody was followed up.
    """
    counts = pd.Series(_lost(pairs)).value_counts(sort=True)
    return [
        FlowStep(step=f"{name}: not followed up: {reason}", n=int(n))
        for reason, n in counts.items()
        if reason
    ]


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
        Mean baseline and number of pupils; no mean of fewer than five pupils.
    """
    pairs = study.pairs(name)
    reason, pre = _lost(pairs), pairs.pre[~np.isnan(pairs.pre)]
    rows = []
    for text in ["", *dict.fromkeys(sorted(set(reason) - {""}))]:
        here = reason == text
        n = int(here.sum())
        rows.append(
            Estimate(
                term="baseline",
                group=f"not followed up: {text}" if text else "followed up",
                estimate=float(pre[here].mean()) if n >= _FEWEST_SHOWN else None,
                n=n if n >= _FEWEST_SHOWN or n == 0 else None,
            )
        )
    return Table(
        name="follow_up",
        title=f"Baseline of {name} by follow-up, {study.outcomes[name].unit}",
        rows=tuple(rows),
        note="Groups of fewer than 5 pupils have no figures. Those who answer need not be like "
        "those who do not: compare the baselines.",
    )
