"""Rows of a table: observed, expected and beyond, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.stats.change import Expectation

__all__ = ["clustering", "rows_of"]

_NOTHING = 1e-12


def rows_of(
    found: Expectation,
    terms: tuple[str, str, str],
    *,
    n: int,
    conf_level: float,
    n_events: int | None = None,
) -> tuple[Estimate, ...]:
    """Return observed, expected and beyond as rows of a table.

    Parameters
    ----------
    found : Expectation
        The figures.
    terms : (str, str, str)
        Names of the rows.
    n : int
        Number of pairs.
    conf_level : float
        Confidence level, in (0, 1).
    n_events : int or None
        Number of pupils behind an observed share; the first two rows are then shares.

    Returns
    -------
    tuple of Estimate
        Three rows; without figures where they are not known, without interval where there is no
        error or no spread.
    """
    rows = []
    for place, term in enumerate(terms):
        value, error = float(found.means[place]), float(found.std_errors[place])
        if np.isnan(value):
            rows.append(Estimate(term=term))
            continue
        # No spread at all is no knowledge of the error: constant values must not look certain.
        if not error > _NOTHING * max(1.0, abs(value)):
            events = n_events if place == 0 else None
            rows.append(Estimate(term=term, estimate=value, n=n, n_events=events))
            continue
        test = t_inference(value, error, df=float(found.df[place]), conf_level=conf_level)
        low, high = test.low, test.high
        if n_events is not None and place < 2:
            low, high = max(low, 0.0), min(high, 1.0)
        tested = place == 2
        rows.append(
            Estimate(
                term=term,
                estimate=value,
                std_error=error,
                conf_low=low,
                conf_high=high,
                statistic=test.statistic if tested else None,
                p_value=test.p_value if tested else None,
                n=n,
                n_events=n_events if place == 0 else None,
            )
        )
    return tuple(rows)


def clustering(study: PrePost, cases: Paired, found: Expectation, *, by_pupil: bool) -> str:
    """Return in words who may depend on whom, and the degrees of freedom.

    Parameters
    ----------
    study : PrePost
        The study.
    cases : Paired
        Complete pairs.
    found : Expectation
        The figures.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    str
        A phrase.
    """
    df = found.df[0] if np.isnan(found.means[2]) else found.df[2]
    if study.cluster is None or by_pupil:
        by = "pupil"
    else:
        by = study.cluster.removesuffix("_key")
        if cases.frame[study.cluster].nunique() < 2:
            by = f"pupil (one {by} only)"
    return f"clustered by {by}, t with {df:.4g} degrees of freedom"
