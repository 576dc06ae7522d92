"""Tipping point with a waiting list: both arms lose pupils, and not for the same reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import FEWEST_CASES
from absence_risk.evaluation.imputed import MI, auxiliaries, informative, with_baseline
from absence_risk.evaluation.missing_analysis import pooling_rule
from absence_risk.evaluation.pairs import Paired, pair_outcome
from absence_risk.result import Estimate, Table
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.imputation import impute_normal, impute_pmm
from absence_risk.stats.rubin import pool
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from absence_risk.evaluation.prepost import PrePost

__all__ = ["tipping_surface", "waiting_with_baseline"]


def waiting_with_baseline(study: PrePost, name: str) -> Paired:
    """Return the waiting list's pupils with a baseline; unusable follow-ups are missing.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.

    Returns
    -------
    Paired
        Pupils by id.

    Raises
    ------
    DesignError
        If there is no waiting list, or too few of it were followed up.
    """
    if study.waiting_list is None:
        raise DesignError("Two arms need a comparison group. Give waiting_list=.")
    outcome = study.outcomes[check.choice(name, list(study.outcomes), "outcome")]
    pairs = pair_outcome(study.waiting_list, outcome)
    kept = pairs.only(~np.isnan(pairs.pre))
    if kept.complete.sum() < FEWEST_CASES:
        raise DesignError(
            f"Fewer than {FEWEST_CASES} pupils of the waiting list have both a baseline and a "
            f"follow-up of {name!r}. Use bounds(), or tipping_point() of the cases alone."
        )
    kept.post[~kept.complete] = np.nan
    return kept


def tipping_surface(
    study: PrePost,
    name: str,
    missing: MI | None = None,
    *,
    deltas: Sequence[float],
    deltas_waiting: Sequence[float] | None = None,
) -> Table:
    """Return cases minus waiting list, in change, over the deltas of both arms.

    Both arms are imputed by one model with the arm, the baseline and the auxiliary columns; the
    estimate is linear in both deltas, and the same draws serve all of them.

    Parameters
    ----------
    study : PrePost
        The study, with a waiting list.
    name : str
        Name of the outcome.
    missing : MI or None
        How missing follow-ups are imputed; ``MI()`` if None.
    deltas, deltas_waiting : sequence of float
        Amounts added to imputed follow-ups of the cases and of the waiting list; the same for both
        if only one is given.

    Returns
    -------
    Table
        One row per pair of deltas: column threshold is that of the cases, time that of the waiting
        list.

    Raises
    ------
    DesignError
        If an arm cannot answer.
    """
    how = missing or MI()
    arms = with_baseline(study, name), waiting_with_baseline(study, name)
    if (~np.isnan(arms[0].post)).sum() < FEWEST_CASES:
        raise DesignError(f"Fewer than {FEWEST_CASES} cases have a follow-up of {name!r}.")
    full, pre, arm, codes = _joint(study, name, arms, how)
    lost = np.isnan(np.concatenate([a.post for a in arms]))
    _check_clusters(study, arm, codes)
    clustered = int(codes.max()) + 1 < len(codes)
    rows = []
    for delta in deltas:
        for waiting in deltas if deltas_waiting is None else deltas_waiting:
            moved = full + lost * np.where(arm == 0, delta, waiting)
            found = cluster_mean(moved - pre, codes, arm=arm, contrast=(1.0, -1.0))
            one = pool(
                found.estimate,
                found.variance,
                df_complete=found.df,
                rule=pooling_rule(clustered=clustered),
            )
            test = t_inference(
                float(one.estimate),
                float(one.std_error),
                df=float(one.df),
                conf_level=study.conf_level,
            )
            rows.append(
                Estimate(
                    term="cases minus waiting list",
                    threshold=float(delta),
                    time=float(waiting),
                    estimate=float(one.estimate),
                    std_error=float(one.std_error),
                    conf_low=test.low,
                    conf_high=test.high,
                    p_value=test.p_value,
                    n=len(arm),
                )
            )
    return Table(
        name="tipping_surface",
        title=f"Change of {name}, cases minus waiting list, over the deltas of both, "
        f"{study.outcomes[name].unit}",
        rows=tuple(rows),
        note="threshold: delta of the cases, time: delta of the waiting list, both in "
        f"{study.outcomes[name].unit}; CR2, Rubin's rules.",
    )


def _check_clusters(
    study: PrePost, arm: npt.NDArray[np.int64], codes: npt.NDArray[np.int64]
) -> None:
    """Raise where an arm lies in one cluster, so that its clusters do not tell how they vary."""
    if min(len(np.unique(codes[arm == side])) for side in (0, 1)) < 2:
        raise DesignError(
            f"The cases or the waiting list lie in a single {study.cluster}, so nothing tells how "
            "these vary. Give the level below as cluster (schools instead of municipalities)."
        )


def _joint(
    study: PrePost, name: str, arms: tuple[Paired, Paired], how: MI
) -> tuple[
    npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]
]:
    """Return completed follow-ups (m, n), baselines, arms and clusters of both arms together."""
    pre = np.concatenate([a.pre for a in arms])
    arm = np.repeat([0, 1], [len(a.pre) for a in arms]).astype(np.int64)
    aux = [auxiliaries(study, name, a, how) for a in arms]
    shared = [c for c in aux[0].columns if c in aux[1].columns]
    covariates = np.column_stack([pre, arm, np.concatenate([a[shared].to_numpy() for a in aux])])
    column = study.id if study.cluster is None else study.cluster
    keys = np.concatenate([a.frame[column].to_numpy() for a in arms])
    if len(np.unique(keys)) < 2:
        keys = np.arange(len(arm))
    codes = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    clustered = int(codes.max()) + 1 < len(codes)
    follow_up = np.concatenate([a.post for a in arms])
    full = (impute_normal if how.method == "normal" else impute_pmm)(
        follow_up[None],
        informative(covariates, ~np.isnan(follow_up))[None],
        codes if clustered and how.municipality else None,
        imputations=how.m,
        rng=np.random.default_rng(how.random_state),
    )[0]
    return full, pre, arm, codes
