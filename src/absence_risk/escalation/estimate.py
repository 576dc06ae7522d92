"""The escalation analysis: association in the order of time beside the same backwards in time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.escalation.association import associate, with_events_in_both
from absence_risk.escalation.bands import shares_by_band
from absence_risk.escalation.halves import split_halves, split_periods
from absence_risk.escalation.verdict import judge
from absence_risk.result import Estimand, Estimate, Result, Table
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from absence_risk.escalation.association import Associations
    from absence_risk.escalation.halves import Halves
    from absence_risk.register.definition import AbsenceDefinition

__all__ = ["estimate_escalation"]

_BENCHMARK_IS = (
    "the same model with the halves swapped: early invalid on later valid absence, given later "
    "invalid absence; both are equal where valid and invalid absence only go together in the "
    "same pupils, without an order in time"
)
_METHOD = (
    "fractional logit (Papke & Wooldridge 1996) of later invalid absence over time at risk on "
    "early valid absence, early invalid absence (linear and square root) and {covariates}; "
    "cluster-jackknife variance (CR3) by {cluster}, t with {df} degrees of freedom; the contrast "
    "with the time-reversed fit from the influence of each cluster on both"
)


def estimate_escalation(
    panel: pd.DataFrame,
    *,
    early: Sequence[Any] | None = None,
    later: Sequence[Any] | None = None,
    covariates: Sequence[str] = ("grade",),
    cluster: str = "school_key",
    per: float = 0.05,
    tolerance: float = 1.1,
    conf_level: float = 0.95,
    definition: AbsenceDefinition | None = None,
) -> Result:
    """Ask whether early valid absence comes before later invalid absence in the same pupils.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per pupil and period: pupil_key, period, n_days (school days), scheduled_min,
        valid_min, invalid_min, the cluster and the covariates. Row order plays no part, except
        that the rows of a pupil stand in the order of time where periods are names.
    early, later : sequence of period labels or None
        The two halves; by default all periods, split into nearly equal numbers of school days.
    covariates : sequence of str
        Columns to adjust for, besides early invalid absence; whole numbers and text as categories.
    cluster : str
        Column whose groups may depend within: school_key, or municipality_key.
    per : float
        Unit of the exposure as a share in (0, 1]: 0.05 gives odds ratios per 5 points.
    tolerance : float
        Adjusted over time-reversed odds ratio, 1 or more, that the interval must lie above for the
        claim to be supported. Halves that differ in season and level give ratios of 1.05 to 1.08
        in simulated municipalities in which valid absence leads to nothing.
    conf_level : float
        Confidence level of all intervals, in (0, 1).
    definition : AbsenceDefinition or None
        The rule behind the panel, for the text beside the figures; the default rule if None.

    Returns
    -------
    Result
        Estimand "escalation.or_valid_5pp". Estimate: adjusted odds ratio; benchmark: the
        time-reversed odds ratio; beyond: their ratio, null 1. Tables "associations" and
        "by_early_valid".

    Raises
    ------
    DesignError
        If there are fewer than two periods or clusters, no invalid absence in a half, or no
        variation of valid absence.
    EstimationError
        If the logit has no finite solution.
    ValueError
        If columns are missing, a pupil has two rows for a period, or an argument is out of range.

    Notes
    -----
    Valid absence takes away time in which a pupil could be absent without leave, so the outcome
    counts invalid minutes over scheduled minus valid minutes. Where the two halves of a year are
    exchangeable but for the order in time, the joint law of (V1, I1, V2, I2) equals that of
    (V2, I2, V1, I1): both odds ratios are then equal even if the model is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> pupil = np.arange(400).repeat(2)
    >>> panel = pd.DataFrame({
    ...     "pupil_key": pupil, "school_key": pupil % 8, "grade": 7, "period": [1, 2] * 400,
    ...     "n_days": 90, "scheduled_min": 30_000,
    ...     "valid_min": rng.gamma(1.0, 1_500, 800).astype(int),
    ...     "invalid_min": rng.gamma(0.3, 1_500, 800).astype(int)})
    >>> estimate_escalation(panel).verdict.answer
    'undecidable'
    """
    _check_arguments(panel, covariates, cluster, per, conf_level)
    if not tolerance >= 1:
        raise ValueError(f"tolerance must be a ratio of at least 1, got {tolerance:g}.")
    if early is None and later is None:
        early, later = split_periods(panel)
    elif early is None or later is None:
        raise ValueError("Give both early= and later=, or neither.")
    halves = split_halves(panel, early, later, covariates=covariates, cluster=cluster)
    kept = with_events_in_both(halves)
    if kept.n_clusters < 2:
        raise DesignError(
            f"The variance needs at least 2 groups in {cluster!r}, got {kept.n_clusters}. "
            "Use a finer cluster, or more schools."
        )
    found = associate(kept, per=per)
    return _result(
        kept,
        _association_rows(kept, found, conf_level),
        shares_by_band(halves, conf_level=conf_level),
        definition=_definition_text(definition, early, later),
        method=_METHOD.format(
            covariates=", ".join(covariates) or "nothing else",
            cluster=cluster.removesuffix("_key"),
            df=kept.n_clusters - 1,
        ),
        per=per,
        tolerance=tolerance,
        conf_level=conf_level,
    )


def _check_arguments(
    panel: pd.DataFrame, covariates: Sequence[str], cluster: str, per: float, conf_level: float
) -> None:
    if isinstance(covariates, str):
        raise TypeError(f'covariates must be a list of columns, got "{covariates}".')
    check.columns(panel.columns, ["pupil_key", "period", "n_days", cluster, *covariates], "panel")
    check.probability(conf_level, "conf_level")
    if check.proportion(per, "per") == 0:
        raise ValueError("per must be above 0, for example 0.05.")


def _association_rows(
    halves: Halves, found: Associations, conf_level: float
) -> tuple[Estimate, ...]:
    later_events = int((halves.later.invalid > 0).sum())
    early_events = int((halves.early.invalid > 0).sum())
    rows = (
        ("naive", found.naive, later_events),
        ("adjusted", found.adjusted, later_events),
        ("time-reversed (benchmark)", found.reversed_, early_events),
        ("adjusted ÷ time-reversed", found.ratio, later_events),
    )
    return tuple(_odds_ratio(term, pair, events, halves, conf_level) for term, pair, events in rows)


def _odds_ratio(
    term: str, pair: tuple[float, float], n_events: int, halves: Halves, conf_level: float
) -> Estimate:
    log_ratio, error = pair
    found = t_inference(log_ratio, error, df=halves.n_clusters - 1, conf_level=conf_level)
    return Estimate(
        term=term,
        estimate=math.exp(log_ratio),
        std_error=math.exp(log_ratio) * error,
        conf_low=_bounded_exp(found.low),
        conf_high=_bounded_exp(found.high),
        statistic=found.statistic if math.isfinite(found.statistic) else None,
        p_value=found.p_value if math.isfinite(found.p_value) else None,
        n=halves.n,
        n_events=n_events,
    )


def _bounded_exp(value: float) -> float:
    """Return exp(value) without overflow, for the interval of a handful of schools."""
    return math.exp(min(max(value, -700.0), 700.0))


def _definition_text(
    definition: AbsenceDefinition | None, early: Sequence[Any], later: Sequence[Any]
) -> str:
    rule = "minutes" if definition is None or definition.unit == "minute" else "days"
    more = "" if definition is None else f" ({definition.describe()})"
    return (
        f"valid absence over scheduled {rule}, invalid absence over {rule} at risk (scheduled "
        f"less valid){more}; early: {_span(early)}, later: {_span(later)}"
    )


def _span(periods: Sequence[Any]) -> str:
    return str(periods[0]) if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"


def _result(
    halves: Halves,
    associations: tuple[Estimate, ...],
    bands: tuple[Estimate, ...],
    *,
    definition: str,
    method: str,
    per: float,
    tolerance: float,
    conf_level: float,
) -> Result:
    _, adjusted, backwards, ratio = associations
    points = f"{100 * per:g} points"
    level = f"{100 * conf_level:g} % interval"
    return Result(
        estimand=Estimand(
            id="escalation.or_valid_5pp",
            claim="escalation",
            formula=f"odds ratio of later invalid absence over time at risk per {points} of early "
            "valid absence, given early invalid absence",
            population="pupils with time at risk in both halves",
            unit="odds ratio",
        ),
        estimate=adjusted,
        benchmark=backwards,
        beyond=ratio,
        null=1.0,
        benchmark_is=_BENCHMARK_IS,
        definition=definition,
        n=halves.n,
        flow=halves.flow,
        tables=(
            Table(
                name="associations",
                title=f"Odds ratio of invalid absence in the other half per {points} of valid "
                "absence",
                rows=associations,
                note=f"n: pupils; n_events: pupils with any invalid absence in the half that is "
                f"explained; {level} clustered by school, standard error on the odds ratio scale, "
                "test against 1 on the log scale.",
            ),
            Table(
                name="by_early_valid",
                title="Later invalid absence as a share of time at risk, by early valid absence",
                rows=bands,
                note=f"estimate: pooled share as a fraction; n: pupils; n_events: pupils with any "
                f"later invalid absence; {level} clustered by school.",
            ),
        ),
        conf_level=conf_level,
        method=method,
        verdict=judge(
            halves, adjusted, backwards, ratio, per=per, tolerance=tolerance, conf_level=conf_level
        ),
    )
