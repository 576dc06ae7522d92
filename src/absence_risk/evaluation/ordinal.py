"""The change of a questionnaire level by level: levels are ordered, not measured."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.disclosure.cells import is_small
from absence_risk.errors import DesignError
from absence_risk.evaluation.outcomes import Likert
from absence_risk.result import Estimate, Table
from absence_risk.stats.change import mean_by_cluster
from absence_risk.stats.ordinal_change import (
    ChiSquareTest,
    bowker_test,
    direction_test,
    ordered_margin_test,
    square_table,
    stuart_maxwell_test,
)
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.prepost import PrePost

__all__ = ["cumulative_odds", "ordinal_table"]

_NOTE = (
    "One group per item, complete pairs of the item. Moved up minus moved down: share, CR2 "
    "interval by {by}{tests}. Bowker: symmetry of moves; Stuart-Maxwell: equal levels before and "
    "after; along the order: the same against a shift by ranks. Log odds: cumulative logit of a "
    "higher level after against before (proportional odds), errors clustered by {by}. No "
    "benchmark: nobody untreated answered."
)

_FEWEST = 5
_SIGN = "; its p is the exact sign test"
_NO_P = "; the tests of the table take pupils as independent, so they have no p"


def ordinal_table(study: PrePost, name: str) -> Table:
    """Return levels before and after of each item, who moved, and tests of equal margins.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of a `Likert` outcome; its items, or its score where that has whole levels.

    Returns
    -------
    Table
        One group per item: shares at each level, moves, tests, cumulative log odds ratio.

    Raises
    ------
    DesignError
        If the outcome is a rate, its scores are no whole levels, or nobody has both waves.
    ValueError
        If there is no such outcome or a value lies outside the scale.
    """
    check.choice(name, list(study.outcomes), "outcome")
    outcome = study.outcomes[name]
    if not isinstance(outcome, Likert):
        raise DesignError(f"{name!r} is a rate and has no levels; use change() or responders().")
    study.pairs(name)  # refuses values outside the scale
    waves = [(w,) if isinstance(w, str) else w for w in (outcome.pre, outcome.post)]
    if len(waves[0]) != len(waves[1]):
        raise DesignError(
            f"{name!r} has {len(waves[0])} items before and {len(waves[1])} after; give the same "
            "items in the same order."
        )
    groups, by = _groups(study)
    rows: list[Estimate] = []
    for before, after in zip(*waves, strict=True):
        values = study.used[[before, after]].to_numpy(dtype=float, na_value=np.nan)
        told = ~np.isnan(values).any(axis=1)
        level = np.round(values[told] - outcome.low).astype(np.int64)
        if not told.any():
            raise DesignError(f"Nobody answered both {before} and {after}.")
        if np.abs(values[told] - outcome.low - level).max() > 1e-9:
            raise DesignError(
                f"{before} and {after} hold no whole levels. Give the items of the scale as "
                "pre=(...) and post=(...), not their mean."
            )
        n_levels = round(outcome.high - outcome.low) + 1
        rows += _item(
            level,
            outcome.low + np.arange(n_levels, dtype=np.float64),
            f"{before} / {after}",
            clusters=groups[told],
            conf_level=study.conf_level,
        )
    return Table(
        name="ordinal",
        title=f"Levels of {name} before and after, shares as fractions",
        rows=tuple(rows),
        note=_NOTE.format(by=by, tests=_SIGN if by == "pupil" else _NO_P),
    )


def _groups(study: PrePost) -> tuple[npt.NDArray[np.int64], str]:
    column = study.cluster
    if column is None or study.used[column].nunique() < 2:
        column = study.id
    by = "pupil" if column == study.id else column.removesuffix("_key")
    return np.unique(study.used[column].to_numpy(), return_inverse=True)[1].astype(np.int64), by


def _item(
    level: npt.NDArray[np.int64],
    names: npt.NDArray[np.float64],
    group: str,
    *,
    clusters: npt.NDArray[np.int64],
    conf_level: float,
) -> list[Estimate]:
    n = len(level)
    table = square_table(level[:, 0], level[:, 1], len(names))
    rows = [
        Estimate(
            term=f"level {label:g}, {wave}",
            group=group,
            estimate=float(count) / n,
            n=n,
            n_events=int(count),
        )
        for place, label in enumerate(names)
        for wave, count in (("before", table[place].sum()), ("after", table[:, place].sum()))
    ]
    moves = direction_test(table)
    clustered = len(np.unique(clusters)) < n
    few = any(is_small(moved, _FEWEST) for moved in (moves.up, moves.down))
    low, high = _balance_limits(level, clusters, conf_level)
    rows.append(
        Estimate(
            term="moved up minus moved down",
            group=group,
            estimate=moves.balance,
            conf_low=low,
            conf_high=high,
            p_value=None if clustered or low is None else moves.p_value,
            n=n,
            # Beside the balance the number of moves tells how many moved each way.
            n_events=None if few else moves.up + moves.down,
        )
    )
    for term, found in (
        ("Bowker", bowker_test(table)),
        ("Stuart-Maxwell", stuart_maxwell_test(table)),
        ("equal margins, along the order", ordered_margin_test(table)),
    ):
        rows.append(_test_row(term, found, group, n, tested=not clustered))
    odds = cumulative_odds(level[:, 0], level[:, 1], clusters)
    if odds is not None:
        value, error, df = odds
        limits = t_inference(value, error, df=df, conf_level=conf_level)
        rows.append(
            Estimate(
                term="log odds of a higher level, after against before",
                group=group,
                estimate=value,
                std_error=error,
                conf_low=limits.low,
                conf_high=limits.high,
                n=n,
            )
        )
    return rows


def _balance_limits(
    level: npt.NDArray[np.int64], clusters: npt.NDArray[np.int64], conf_level: float
) -> tuple[float | None, float | None]:
    """Return the limits of the share moved up less that moved down, by CR2, within -1 and 1."""
    if len(np.unique(clusters)) < 2:
        return None, None
    mean, error, df = mean_by_cluster(np.sign(level[:, 1] - level[:, 0]).astype(float), clusters)
    if not error > 0:
        return None, None
    test = t_inference(mean, error, df=df, conf_level=conf_level)
    return max(test.low, -1.0), min(test.high, 1.0)


def _test_row(term: str, found: ChiSquareTest, group: str, n: int, *, tested: bool) -> Estimate:
    return Estimate(
        term=f"{term}, chi-square with {found.df} degrees of freedom",
        group=group,
        statistic=found.statistic,
        p_value=found.p_value if tested else None,
        n=n,
    )


def cumulative_odds(
    before: npt.NDArray[np.int64], after: npt.NDArray[np.int64], clusters: npt.NDArray[np.int64]
) -> tuple[float, float, int] | None:
    """Return the cumulative log odds ratio of after against before, with a clustered error.

    Both waves stacked, statsmodels' ordered logit with working independence, sandwich by cluster
    times G/(G - 1) (Liang & Zeger 1986, Biometrika 73:13).

    Parameters
    ----------
    before, after : numpy.ndarray of int, shape (n,)
        Levels.
    clusters : numpy.ndarray of int, shape (n,)
        Cluster of each pupil.

    Returns
    -------
    tuple of (float, float, int) or None
        Log odds ratio, standard error, degrees of freedom G - 1; None where only one level occurs,
        there is one cluster, or the fit does not converge.

    Examples
    --------
    >>> before = np.array([0, 1, 1, 2, 0, 1, 2, 1, 0, 1])
    >>> found = cumulative_odds(before, np.minimum(before + 1, 2), np.arange(10))
    >>> found[0] > 0, found[2]
    (True, 9)
    """
    from statsmodels.miscmodels.ordinal_model import OrderedModel  # noqa: PLC0415 (slow)

    n_clusters = len(np.unique(clusters))
    _, level = np.unique(np.concatenate([before, after]), return_inverse=True)
    if level.max() == 0 or n_clusters < 2:
        return None
    time = np.repeat([0.0, 1.0], len(before))[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = OrderedModel(level, time, distr="logit")
        found = model.fit(method="bfgs", disp=False, gtol=1e-8, maxiter=500)
        params = np.asarray(found.params)
        scores = model.score_obs(params)
        bread = np.linalg.pinv(-model.hessian(params))
    if not np.isfinite(params).all() or abs(params[0]) > 20:
        return None
    stacked = np.concatenate([clusters, clusters])
    _, code = np.unique(stacked, return_inverse=True)
    sums = np.stack([np.bincount(code, weights=column) for column in np.asarray(scores).T], axis=1)
    covariance = bread @ (sums.T @ sums) @ bread * n_clusters / (n_clusters - 1)
    return float(params[0]), float(np.sqrt(covariance[0, 0])), n_clusters - 1
