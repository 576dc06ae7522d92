"""Wellbeing before and after, described: nobody untreated answered, so there is no benchmark."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.evaluation.survey import survey_studies
from absence_risk.result import Estimate, Table
from absence_risk.stats.effect_size import noncentral_t_limits
from absence_risk.stats.paired_tests import PairedTest, signed_rank_test
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["describe_wellbeing"]

_NOTE = (
    "A pupil's score is the mean of the answered items where at least half were answered. Nobody "
    "outside the programme answered, so there is no benchmark: this describes those who answered "
    "and says nothing about why it changed. Lowest and highest possible: all missing answers at "
    "an end of the scale {low:g} to {high:g}{origin} (Manski 1990, AER 80:319). p of the change: "
    "t; of the Hodges-Lehmann row: signed ranks{exact}."
)


def describe_wellbeing(
    surveys: pd.DataFrame,
    *,
    scale: tuple[float, float] | None = None,
    conf_level: float = 0.95,
) -> tuple[Table, ...]:
    """Describe survey scores before and after, pair by pair, with bounds for missing answers.

    Parameters
    ----------
    surveys : pandas.DataFrame
        One row per pupil, wave and item: survey_key, wave (0 before, 1 after), instrument_id,
        item_id, response (number, missing where not answered).
    scale : (float, float) or None
        Lowest and highest possible response; the lowest and highest seen if None.
    conf_level : float
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    tuple of Table
        "wellbeing" (scores and changes in scale points, one group per instrument) and
        "wellbeing_d_z" (mean change over the SD of the changes); empty where nobody answered.

    Raises
    ------
    ValueError
        If a column is missing, an item stands twice, a wave is not 0 or 1, or a response lies
        outside the scale.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({
    ...     "survey_key": [1, 1, 2, 2, 3], "wave": [0, 1, 0, 1, 0], "instrument_id": "w",
    ...     "item_id": "a", "response": [2, 3, 3, 5, 4]})
    >>> table = describe_wellbeing(answers, scale=(1, 5))[0]
    >>> [(row.term, row.estimate) for row in table.rows[3:4]]
    [('change, complete pairs', 1.5)]
    """
    studies = survey_studies(surveys, scale=scale, conf_level=conf_level)
    if not studies:
        return ()
    low, high = next((o.low, o.high) for s in studies.values() for o in s.outcomes.values())
    rows: list[Estimate] = []
    sizes: list[Estimate] = []
    exact = True
    for instrument, study in studies.items():
        pairs = study.pairs("wellbeing")
        scores = np.column_stack([pairs.pre, pairs.post])
        found, is_exact = _rows(scores, instrument, (low, high), conf_level)
        rows += found
        sizes += _d_z(scores, instrument, conf_level)
        exact &= is_exact
    note = _NOTE.format(
        low=low,
        high=high,
        origin="" if scale else " (lowest and highest seen)",
        exact=", exact" if exact else ", normal approximation because of ties or many pairs",
    )
    tables = [
        Table(
            name="wellbeing", title="Wellbeing scores, in scale points", rows=tuple(rows), note=note
        )
    ]
    if sizes:
        tables.append(
            Table(
                name="wellbeing_d_z",
                title="Mean change of wellbeing over the SD of the changes (d_z)",
                rows=tuple(sizes),
                note="Complete pairs; interval by inverting the noncentral t distribution.",
            )
        )
    return tuple(tables)


def _mean_row(
    term: str, group: str, values: npt.NDArray[np.float64], conf_level: float
) -> Estimate:
    n = len(values)
    if n == 0:
        return Estimate(term=term, group=group, n=0)
    if n == 1:
        return Estimate(term=term, group=group, estimate=float(values[0]), n=1)
    error = float(values.std(ddof=1) / np.sqrt(n))
    test = t_inference(float(values.mean()), error, df=n - 1, conf_level=conf_level)
    return Estimate(
        term=term,
        group=group,
        estimate=float(values.mean()),
        std_error=error,
        conf_low=test.low,
        conf_high=test.high,
        n=n,
    )


def _rows(
    scores: npt.NDArray[np.float64], group: str, scale: tuple[float, float], conf_level: float
) -> tuple[list[Estimate], bool]:
    before = scores[:, 0]
    pairs = scores[~np.isnan(scores).any(axis=1)]
    change = pairs[:, 1] - pairs[:, 0]
    rows = [
        _mean_row("before", group, before[~np.isnan(before)], conf_level),
        _mean_row("before, complete pairs", group, pairs[:, 0], conf_level),
        _mean_row("after, complete pairs", group, pairs[:, 1], conf_level),
    ]
    row = _mean_row("change, complete pairs", group, change, conf_level)
    exact = True
    if row.std_error:
        test = t_inference(
            float(change.mean()), row.std_error, df=len(change) - 1, conf_level=conf_level
        )
        row = dataclasses.replace(row, statistic=test.statistic, p_value=test.p_value)
        ranks = signed_rank_test(change, conf_level=conf_level)
        exact = ranks.exact
        rows += [row, _centre_row(ranks, group, len(change))]
    else:
        rows.append(row)
    n = len(scores)
    for term, filled in (
        ("change, lowest possible", (scale[1], scale[0])),
        ("change, highest possible", (scale[0], scale[1])),
    ):
        complete = np.where(np.isnan(scores), np.array(filled), scores)
        bound = float((complete[:, 1] - complete[:, 0]).mean())
        rows.append(Estimate(term=term, group=group, estimate=bound, n=n))
    return rows, exact


def _centre_row(ranks: PairedTest, group: str, n: int) -> Estimate:
    return Estimate(
        term="Hodges-Lehmann centre of the change, complete pairs (signed ranks)",
        group=group,
        estimate=ranks.estimate,
        conf_low=ranks.low,
        conf_high=ranks.high,
        statistic=ranks.statistic,
        p_value=None if ranks.low is None else ranks.p_value,
        n=n,
    )


def _d_z(scores: npt.NDArray[np.float64], group: str, conf_level: float) -> list[Estimate]:
    """Return d_z of the complete pairs with its interval."""
    pairs = scores[~np.isnan(scores).any(axis=1)]
    change = pairs[:, 1] - pairs[:, 0]
    n = len(change)
    if n < 3 or change.std() == 0:
        return []
    t = float(change.mean() / change.std(ddof=1) * np.sqrt(n))
    low, high = noncentral_t_limits(t, n, conf_level=conf_level)
    return [
        Estimate(
            term="d_z, change over SD of changes",
            group=group,
            estimate=t / np.sqrt(n),
            conf_low=low,
            conf_high=high,
            n=n,
        )
    ]
