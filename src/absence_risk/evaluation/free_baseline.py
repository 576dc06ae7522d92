"""Regressors that let a share follow the baseline freely, where the registry can carry them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.evaluation.regressors import independent_columns

if TYPE_CHECKING:
    from absence_risk.evaluation.arms import Arms

__all__ = ["with_free_baseline"]

_LEVELS_FROM = 400
_PER_LEVEL = 15
_LEVELS = 10
_SAME = 1e-8


def with_free_baseline(ready: Arms) -> Arms:
    """Let shares follow the baseline freely where cases are.

    A share is no parabola of the baseline, and "at most half the days" jumps between odd and even
    days: a broken line from the lowest case upwards, and the commonest levels on their own. A
    parabola missed the share that halves its absence by up to 2.3 points where nothing was done.

    Parameters
    ----------
    ready : Arms
        Cases and others with their regressors.

    Returns
    -------
    Arms
        With more regressors; unchanged where fewer than 400 others are there to carry them.
    """
    pre, others = ready.cases.pre, ready.others.pre
    if len(others) < _LEVELS_FROM:
        return ready
    knots = np.unique(np.quantile(pre, [0.0, 0.2, 0.4, 0.6, 0.8]))
    level, count = np.unique(pre.round(9), return_counts=True)
    known = np.array([(np.abs(others - value) < _SAME).sum() for value in level])
    common = level[(count > 1) & (known >= _PER_LEVEL)]
    common = common[np.argsort(-count[(count > 1) & (known >= _PER_LEVEL)], kind="stable")][
        :_LEVELS
    ]
    sides = [
        np.column_stack(
            [X, np.maximum(x[:, None] - knots, 0.0), np.abs(x[:, None] - common) < _SAME]
        )
        for X, x in ((ready.X_cases, pre), (ready.X_others, others))
    ]
    kept = independent_columns(sides[1])
    return replace(ready, X_cases=sides[0][:, kept], X_others=sides[1][:, kept])
