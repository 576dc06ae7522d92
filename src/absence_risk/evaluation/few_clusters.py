"""Cross-checks for few clusters: tests that count each cluster once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import arms, cluster_codes, observed_pairs
from absence_risk.evaluation.benchmarks import difference
from absence_risk.evaluation.change import has_registry
from absence_risk.result import Estimate, Table
from absence_risk.stats.change import mean_by_cluster
from absence_risk.stats.paired_tests import sign_flip_test
from absence_risk.stats.sandwich import t_inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.prepost import PrePost

__all__ = ["few_clusters_table"]

_MOST_PATTERNS = 9_999


def few_clusters_table(study: PrePost, name: str, *, random_state: int = 0) -> Table:
    """Test the mean change by cluster means, beside CR2.

    Change beyond the registry's expectation (the change itself where there is no registry) is
    averaged within each cluster. The t test of these means and the exact sign-flip permutation
    test count a cluster of 3 pupils as much as one of 50, and take the expectation as known; CR2
    weighs pupils and its errors. Where they disagree, one cluster decides.

    Parameters
    ----------
    study : PrePost
        The study, with clusters.
    name : str
        Name of the outcome.
    random_state : int
        Seed, used where there are too many sign patterns to go through.

    Returns
    -------
    Table
        Rows "CR2", "t test on cluster means" and "permutation of cluster means"; the note names
        the smallest p-value that the permutation can reach.

    Raises
    ------
    DesignError
        If the cases lie in fewer than two clusters.

    Examples
    --------
    >>> import pandas as pd
    >>> from absence_risk.evaluation import PrePost, Rate
    >>> n = np.arange(24)
    >>> cases = pd.DataFrame({"pupil_key": n, "town": n % 4, "before": 0.3,
    ...                       "after": 0.2 + 0.01 * (n % 3) + 0.02 * (n % 4)})
    >>> study = PrePost(cases, outcomes={"absence": Rate(pre="before", post="after")},
    ...                 cluster="town")
    >>> [round(row.p_value, 3) for row in few_clusters_table(study, "absence").rows]
    [0.019, 0.019, 0.125]
    """
    values, codes = _beyond(study, name)
    groups = int(codes.max()) + 1
    if study.cluster is None or study.used[study.cluster].nunique() < 2 or groups < 2:
        raise DesignError("The cases lie in one cluster, so there are no cluster means to compare.")
    means = np.bincount(codes, values) / np.bincount(codes)
    by_mean = _row("t test on cluster means", (means, np.arange(groups)), study.conf_level)
    flips = sign_flip_test(means, n_resamples=_MOST_PATTERNS, random_state=random_state)
    exact = flips.exact or 2**groups <= _MOST_PATTERNS
    smallest = 2 / 2**groups if exact else 1 / (1 + _MOST_PATTERNS)
    if has_registry(study, name):
        weighed = dataclasses.replace(study.change(name).beyond, term="CR2")
    else:
        weighed = _row("CR2", (values, codes), study.conf_level)
    permuted = Estimate(
        term="permutation of cluster means",
        estimate=float(means.mean()),
        p_value=flips.p_value,
        n=groups,
    )
    drawn = "" if exact else f", from {_MOST_PATTERNS} random sign patterns"
    return Table(
        name="few_clusters",
        title=f"Change of {name}, tested with few clusters, {study.outcomes[name].unit}",
        rows=(weighed, by_mean, permuted),
        note="n: pupils in the first row, clusters below it; smallest p-value that the "
        f"permutation can reach: {smallest:.3g}{drawn}.",
    )


def _beyond(study: PrePost, name: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return each case's change beyond the expected one, and its cluster."""
    if study.registry is not None and has_registry(study, name):
        ready = arms(study, name, study.registry)
        expected = np.linalg.lstsq(ready.X_others, difference(ready.others), rcond=None)[0]
        values = difference(ready.cases) - ready.X_cases @ expected
        codes = ready.codes_cases
    else:
        cases = observed_pairs(study, name)
        values, codes = difference(cases), cluster_codes(study, cases.frame)[0]
    return values, np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _row(
    term: str,
    rows: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]],
    conf_level: float,
) -> Estimate:
    value, error, df = mean_by_cluster(*rows)
    test = t_inference(value, error, df=df, conf_level=conf_level)
    return Estimate(
        term=term,
        estimate=value,
        std_error=error,
        conf_low=test.low,
        conf_high=test.high,
        statistic=test.statistic if error > 0 else None,
        p_value=test.p_value if error > 0 else None,
        n=len(rows[0]),
    )
