"""What is possible whatever those without follow-up would have answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.evaluation.arms import cluster_codes
from absence_risk.evaluation.imputed import with_baseline
from absence_risk.evaluation.tipping_arms import waiting_with_baseline
from absence_risk.result import Estimate, Table
from absence_risk.stats.bounds import imbens_manski, lee_bounds, manski_bounds
from absence_risk.stats.cluster_mean import cluster_mean

if TYPE_CHECKING:
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["bounds"]

_NOTE = (
    "Manski: every missing follow-up at the lowest or at the highest value of the scale; holds "
    "whatever the reason, and is wide for that. The interval covers the change itself (Imbens & "
    "Manski 2004), CR2 by cluster."
)
_LEE = (
    " Lee (2009): the better-followed arm is trimmed by {trimmed:.1%}; holds for pupils who answer "
    "in either arm, if cases and waiting list are alike and being in one arm only ever raises the "
    "chance of an answer; pupils taken as independent."
)


def bounds(study: PrePost, name: str, *, replicates: int = 2000, random_state: int = 0) -> Table:
    """Bound the change without assuming anything about those who were not followed up.

    Parameters
    ----------
    study : PrePost
        The study; with a waiting list, Lee's bounds of the difference are added.
    name : str
        Name of the outcome.
    replicates : int
        Bootstrap samples behind the errors of Lee's bounds.
    random_state : int
        Seed.

    Returns
    -------
    Table
        Rows of lower bound, upper bound and the interval, for Manski's and Lee's.

    Raises
    ------
    DesignError
        If nobody has a baseline, or the waiting list has too few follow-ups.
    """
    cases = with_baseline(study, name)
    outcome = study.outcomes[name]
    ends = manski_bounds(cases.post - cases.pre, outcome.low - cases.pre, outcome.high - cases.pre)
    codes = cluster_codes(study, cases.frame)[0]
    found = [cluster_mean(values, codes) for values in ends]
    pair = (float(found[0].estimate), float(found[1].estimate))
    errors = (float(found[0].variance) ** 0.5, float(found[1].variance) ** 0.5)
    limits = imbens_manski(pair, errors, conf_level=study.conf_level, df=found[0].df)
    rows = _rows("Manski: change", pair, errors, limits, n=len(cases.pre))
    note = _NOTE
    if study.waiting_list is not None:
        waiting = waiting_with_baseline(study, name)
        lee = lee_bounds(
            cases.post - cases.pre,
            waiting.post - waiting.pre,
            replicates=replicates,
            conf_level=study.conf_level,
            rng=np.random.default_rng(random_state),
        )
        rows += _rows(
            "Lee: cases minus waiting list",
            (lee.low, lee.high),
            (lee.low_error, lee.high_error),
            (lee.conf_low, lee.conf_high),
            n=len(cases.pre) + len(waiting.pre),
        )
        note += _LEE.format(trimmed=lee.trimmed)
    return Table(
        name="bounds",
        title=f"Change of {name} under any answers of those not followed up, {outcome.unit}",
        rows=tuple(rows),
        note=note,
    )


def _rows(
    what: str,
    pair: tuple[float, float],
    errors: tuple[float, float],
    limits: tuple[float, float],
    *,
    n: int,
) -> list[Estimate]:
    return [
        Estimate(term=f"{what}, lowest possible", estimate=pair[0], std_error=errors[0], n=n),
        Estimate(term=f"{what}, highest possible", estimate=pair[1], std_error=errors[1], n=n),
        Estimate(term=f"{what}, interval", conf_low=limits[0], conf_high=limits[1], n=n),
    ]
