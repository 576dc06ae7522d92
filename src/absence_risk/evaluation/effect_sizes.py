"""The change of an outcome in standard deviations, and tests that need no normal law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import cluster_codes, observed_pairs
from absence_risk.result import Estimate, Table
from absence_risk.stats.change import mean_by_cluster
from absence_risk.stats.effect_size import EFFECT_SIZES, paired_effect_sizes
from absence_risk.stats.paired_tests import sign_flip_test, signed_rank_test
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.prepost import PrePost

__all__ = ["effect_size_table"]


def effect_size_table(
    study: PrePost, name: str, *, interval: Literal["published", "bca"] = "published"
) -> Table:
    """Return the named effect sizes of complete pairs, with mean and centre of the change.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    interval : {"published", "bca"}
        Published variances or the bootstrap of pairs.

    Returns
    -------
    Table
        Rows d_z, d_av, d_rm, d_b, g_z, g_av (standard deviations), then the mean change with all
        sign flips and the Hodges-Lehmann centre with signed ranks (units of the outcome).

    Raises
    ------
    DesignError
        If fewer than ten cases have both waves, or nothing varies.
    ValueError
        If there is no such outcome or interval.
    """
    pairs = observed_pairs(study, name)
    sizes = paired_effect_sizes(
        pairs.pre, pairs.post, conf_level=study.conf_level, interval=interval
    )
    if not sizes:
        raise DesignError(
            f"{name!r} or its change does not vary, so it has no standard deviation to be measured "
            "in. Report the change itself."
        )
    n, change = len(pairs.pre), pairs.post - pairs.pre
    rows = [
        Estimate(
            term=f"{size.name}: {EFFECT_SIZES[size.name]}",
            estimate=size.estimate,
            std_error=size.std_error,
            conf_low=size.low,
            conf_high=size.high,
            n=n,
        )
        for size in sizes
    ]
    codes = np.unique(cluster_codes(study, pairs.frame)[0], return_inverse=True)[1].astype(np.int64)
    clustered = len(np.unique(codes)) < n
    flips = sign_flip_test(_sums(change, codes) if clustered else change)
    low, high = _limits_of_mean(change, codes if clustered else None, study.conf_level)
    ranks = signed_rank_test(change, conf_level=study.conf_level)
    rows += [
        Estimate(
            term="mean change (sign flips)",
            estimate=float(change.mean()),
            conf_low=low,
            conf_high=high,
            p_value=flips.p_value,
            n=n,
        ),
        Estimate(
            term="Hodges-Lehmann centre of the change (signed ranks)",
            estimate=ranks.estimate,
            conf_low=ranks.low,
            conf_high=ranks.high,
            statistic=ranks.statistic,
            p_value=None if clustered else ranks.p_value,
            n=n,
        ),
    ]
    methods = "; ".join(f"{size.name}: {size.method}" for size in sizes)
    flipped = "exact" if flips.exact else "drawn 9,999 times"
    how = f"sign flips of pairs, {flipped}; mean: BCa bootstrap of pairs"
    if clustered:
        how = f"sign flips of whole clusters, {flipped}; mean: CR2 with Satterthwaite degrees of "
        how += "freedom; the signed ranks and the effect sizes take pupils as independent, so they "
        how += "have no p"
    elif not ranks.exact:
        how += "; signed ranks by normal approximation (many pairs or ties)"
    return Table(
        name="effect_sizes",
        title=f"Change of {name}, after minus before, in standard deviations; the last two rows "
        f"in {study.outcomes[name].unit}",
        rows=tuple(rows),
        note="Complete pairs with no benchmark: this describes a change and not what brought it. "
        f"Intervals: {methods}. Tests: {how}.",
    )


def _sums(change: npt.NDArray[np.float64], codes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.bincount(codes, weights=change), dtype=np.float64)


def _limits_of_mean(
    change: npt.NDArray[np.float64], codes: npt.NDArray[np.int64] | None, conf_level: float
) -> tuple[float, float]:
    if codes is None:
        return _bca_of_mean(change, conf_level)
    mean, error, df = mean_by_cluster(change, codes)
    test = t_inference(mean, error, df=df, conf_level=conf_level)
    return test.low, test.high


def _bca_of_mean(change: npt.NDArray[np.float64], conf_level: float) -> tuple[float, float]:
    from scipy import stats  # noqa: PLC0415 (a slow import)

    found = stats.bootstrap(
        (change,),
        np.mean,
        n_resamples=4_999,
        confidence_level=conf_level,
        method="BCa",
        random_state=np.random.default_rng(0),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
