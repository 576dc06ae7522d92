"""The change beyond the benchmark in each municipality, and pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.evaluation.arms import Arms, arms, expect, observed_pairs
from absence_risk.evaluation.benchmarks import difference
from absence_risk.evaluation.pairs import one_kind
from absence_risk.evaluation.rows import rows_of
from absence_risk.result import Estimate, Table
from absence_risk.stats.change import Expectation, mean_by_cluster

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["forest", "merged_groups"]

_FEWEST = 5
_TERMS = ("observed change", "expected with no programme", "beyond the benchmark")
_BENCHMARKS = ("registry", "waiting_list", "none")


def forest(study: PrePost, column: str, name: str, *, benchmark: str) -> Table:
    """Return the change beyond the benchmark by the groups of a column, and pooled.

    Parameters
    ----------
    study : PrePost
        The study.
    column : str
        Column of the cases, for example the municipality.
    name : str
        Name of the outcome.
    benchmark : {"registry", "waiting_list", "none"}
        What the change is compared with; "none" shows the change alone.

    Returns
    -------
    Table
        "by": one row per group with at least five cases, one for all smaller ones together, and
        the pooled one last.

    Raises
    ------
    DesignError
        If fewer than ten cases can be followed, or nobody compares.
    ValueError
        If the column is missing or the benchmark is none of the three.
    """
    check.choice(benchmark, _BENCHMARKS, "benchmark")
    check.columns(study.used.columns, [column], "cases")
    pooled = study.change(name, benchmark=benchmark)
    alone = pooled.beyond.estimate is None
    cases = observed_pairs(study, name)
    control = None if alone else getattr(study, benchmark)
    curved = benchmark == "registry"
    ready = None if control is None else arms(study, name, control, curved=curved, by_pupil=True)
    labels = cases.frame[column]
    if labels.isna().any():
        labels = labels.astype(object).where(labels.notna(), "not known").astype(str)
    one_kind(column, labels)
    rows = [
        _row(label, cases, inside, ready, conf_level=study.conf_level)
        for label, inside in merged_groups(labels.to_numpy())
    ]
    last = pooled.estimate if alone else pooled.beyond
    df = pooled.method.rsplit("; ", 1)[1]
    rows.append(
        Estimate(
            term=last.term,
            group="pooled",
            estimate=last.estimate,
            std_error=last.std_error,
            conf_low=last.conf_low,
            conf_high=last.conf_high,
            n=last.n,
        )
    )
    what = "Change" if alone else "Change beyond the benchmark"
    return Table(
        name="by",
        title=f"{what} of {name} by {column.removesuffix('_key')}, {study.outcomes[name].unit}",
        rows=tuple(rows),
        note=f"Pooled: CR2, {df}. Single groups: pupils taken as independent, so these intervals "
        f"speak of the pupils of the group. Groups with fewer than {_FEWEST} pupils are merged.",
    )


def merged_groups(
    labels: npt.NDArray[np.generic],
) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Return the groups with at least five members; smaller ones together.

    Where those together are still fewer than five, the smallest of the others joins them.

    Parameters
    ----------
    labels : numpy.ndarray, shape (n,)
        Group of each pupil.

    Returns
    -------
    list of (str, numpy.ndarray of bool, shape (n,))
        Name and members, in the order of the labels; the merged group last.

    Examples
    --------
    >>> [(g, int(m.sum())) for g, m in merged_groups(np.array(list("aaaaaabbbbbbbcc")))]
    [('b', 7), ('2 groups together', 8)]
    """
    names, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(sizes, kind="stable")
    small = [int(g) for g in order if sizes[g] < _FEWEST]
    if small and sizes[small].sum() < _FEWEST:
        small = [int(g) for g in order[: len(small) + 1]]
    found = [(str(names[g]), codes == g) for g in range(len(names)) if g not in small]
    if small:
        found.append((f"{len(small)} groups together", np.isin(codes, small)))
    return found


def _row(
    label: str,
    cases: Paired,
    inside: npt.NDArray[np.bool_],
    ready: Arms | None,
    *,
    conf_level: float,
) -> Estimate:
    n = int(inside.sum())
    if ready is None:
        unknown = (np.nan, np.nan, np.nan)
        change = mean_by_cluster(difference(cases.only(inside)), np.arange(n))
        found, place = Expectation.of(change, unknown, unknown), 0
    else:
        part = Arms(
            cases=ready.cases.only(inside),
            others=ready.others,
            X_cases=ready.X_cases[inside],
            X_others=ready.X_others,
            codes_cases=ready.codes_cases[inside],
            codes_others=ready.codes_others,
        )
        found, place = expect(part, difference), 2
    row = rows_of(found, _TERMS, n=n, conf_level=conf_level)[place]
    return Estimate(
        term=row.term,
        group=label,
        estimate=row.estimate,
        std_error=row.std_error,
        conf_low=row.conf_low,
        conf_high=row.conf_high,
        n=n,
    )
