"""Whether pupils with more of something before changed more, beyond what is expected of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import Arms, arms, cluster_codes, observed_pairs
from absence_risk.evaluation.benchmarks import difference
from absence_risk.evaluation.change import has_registry
from absence_risk.evaluation.outcome_values import numbers
from absence_risk.evaluation.outcomes import in_words
from absence_risk.evaluation.rows import rows_of
from absence_risk.result import Table
from absence_risk.stats.change import Sample
from absence_risk.stats.moderation import slope_beside_expected
from absence_risk.stats.sandwich import jackknife_covariance, jackknife_influence

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.change import SE
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.stats.change import Expectation

__all__ = ["moderator_table"]


def moderator_table(
    study: PrePost,
    name: str,
    by: str,
    *,
    measured: str,
    started: str | None = None,
    se: SE = "cr2",
) -> Table:
    """Return the slope of the change on a moderator: observed, expected, beyond.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    by : str
        Column of cases, a number known before the start.
    measured : str
        "before", which the user vouches for, or the column with the date of measurement.
    started : str or None
        Column with the date of the start, needed with a column of dates.
    se : {"cr2", "independent"}
        Whether pupils of a cluster may depend on each other.

    Returns
    -------
    Table
        Change of the outcome per standard deviation of the moderator among the cases.

    Raises
    ------
    DesignError
        If the moderator was measured after the start, does not vary, is known of fewer than ten
        cases that can be followed, or the cases lie in two clusters.
    ValueError
        If a column or a word is unknown.
    """
    check.choice(se, ["cr2", "independent"], "se")
    check.columns(study.used.columns, [by], "cases")
    pairs = observed_pairs(study, name)
    value = numbers(pairs.frame, by)
    _refuse_late(pairs.frame, by, measured, started)
    known = ~np.isnan(value)
    if known.sum() < 10:
        raise DesignError(
            f"{by} is known of fewer than 10 of the cases that can be followed; ask it of everyone "
            "before the start."
        )
    spread = float(value[known].std(ddof=1))
    if spread == 0:
        raise DesignError(f"{by} is the same for all cases, so nothing can depend on it.")
    unit = (value[known] - value[known].mean()) / spread
    found, benchmark = _slopes(study, name, by, (known, unit), by_pupil=se == "independent")
    terms = (
        f"change per SD of {by}",
        f"change per SD of {by}, expected with no programme",
        f"change per SD of {by}, beyond the benchmark",
    )
    unknown = int((~known).sum())
    lacking = in_words(unknown) if unknown else "no"
    told = "as you state" if measured == "before" else f"by the dates in {measured}"
    return Table(
        name="moderator",
        title=f"Change of {name} ({study.outcomes[name].unit}) per standard deviation of {by}",
        rows=rows_of(found, terms, n=int(known.sum()), conf_level=study.conf_level),
        note=f"{by} was measured before the start, {told}; its SD among the cases is "
        f"{spread:.3g}, and {lacking} followed cases lack it. Benchmark: {benchmark} "
        "A slope beyond the benchmark says for whom the change was larger, not that the moderator "
        "made it so.",
    )


def _refuse_late(frame: pd.DataFrame, by: str, measured: str, started: str | None) -> None:
    if measured == "before":
        return
    if measured == "after":
        raise DesignError(
            f"{by} was measured after the start, so the programme may have moved it: whether it is "
            "a condition of benefit or a part of it cannot be told. Measure it before the start."
        )
    if started is None:
        raise ValueError("Give started=, the column with the date of the start, beside measured=.")
    check.columns(frame.columns, [measured, started], "cases")
    when, start = (pd.to_datetime(frame[column]) for column in (measured, started))
    has = frame[by].notna()
    late = int((has & (when > start)).sum())
    dateless = int((has & (when.isna() | start.isna())).sum())
    if late or dateless:
        raise DesignError(
            f"{by} was measured after the start in {in_words(late) if late else 'no'} rows, and "
            f"without a date in {in_words(dateless) if dateless else 'no'} rows. Empty the value "
            "in these rows; what was measured afterwards may be a result of the work."
        )


def _slopes(
    study: PrePost,
    name: str,
    by: str,
    moderator: tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]],
    *,
    by_pupil: bool,
) -> tuple[Expectation, str]:
    known, unit = moderator
    pairs = observed_pairs(study, name)
    if not has_registry(study, name) or study.registry is None:
        return _own_baseline(study, pairs.only(known), unit, by_pupil=by_pupil)
    told = by in study.registry.columns
    asked = study
    if told:
        asked = replace(
            study,
            cases=study.used[study.used[by].notna()],
            registry=study.registry[study.registry[by].notna()],
            match_on=(*study.match_on, by),
        )
    ready = arms(asked, name, asked.registry, by_pupil=by_pupil)  # type: ignore[arg-type]
    if told:
        ready = _with_products(ready, by)
    rows = slice(None) if told else known
    found = _checked(
        Sample(
            X=ready.X_cases[rows],
            y=difference(ready.cases)[rows],
            codes=ready.codes_cases[rows],
        ),
        Sample(X=ready.X_others, y=difference(ready.others), codes=ready.codes_others),
        unit,
    )
    if told:
        return found, f"untreated pupils with like levels before and like {by}."
    return found, (
        f"untreated pupils with like levels before; their {by} is not known, so a moderator that "
        "tells of a pupil's usual level can still show a slope with no programme."
    )


def _with_products(ready: Arms, by: str) -> Arms:
    """Let the slope on the moderator differ with the baseline, also where nothing is done.

    The further up the baseline, the more does a moderator that tells of a pupil's usual level say
    about the level to come; without the products the null slope is too flat for the cases.
    """
    both = []
    for X, pairs in ((ready.X_cases, ready.cases), (ready.X_others, ready.others)):
        value = pairs.frame[by].to_numpy(dtype=float)[:, None]
        both.append(
            np.column_stack([X, value * pairs.pre[:, None], value * pairs.pre[:, None] ** 2])
        )
    return replace(ready, X_cases=both[0], X_others=both[1])


def _own_baseline(
    study: PrePost, pairs: Paired, unit: npt.NDArray[np.float64], *, by_pupil: bool
) -> tuple[Expectation, str]:
    """Take the cases' own regression on their baseline as benchmark: no untreated pupils."""
    X = np.column_stack([np.ones(len(pairs.pre)), pairs.pre, unit])
    change = difference(pairs)
    codes = cluster_codes(study, pairs.frame, by_pupil=by_pupil)[0]
    codes = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    if np.linalg.matrix_rank(X) < 3:
        raise DesignError("The moderator is the baseline itself; nothing is left to depend on.")
    sample = Sample(X=X, y=change, codes=codes)
    found = _checked(sample, sample, unit)
    beta = np.linalg.lstsq(X, change, rcond=None)[0]
    scores = X * (change - X @ beta)[:, None]
    influence = jackknife_influence(X, np.ones(len(X)), scores, codes)
    error = float(np.sqrt(jackknife_covariance(influence)[2, 2]))
    partial = float(beta[2])
    means = np.array([found.means[0], found.means[0] - partial, partial])
    errors = np.array([found.std_errors[0], np.nan, error])
    return replace(found, means=means, std_errors=errors), (
        "the cases' own baseline (analysis of covariance); no untreated pupil was measured, so a "
        "moderator that tells of a pupil's usual level can show a slope with no programme."
    )


def _checked(cases: Sample, registry: Sample, unit: npt.NDArray[np.float64]) -> Expectation:
    try:
        return slope_beside_expected(cases, registry, unit)
    except ValueError as error:
        raise DesignError(
            f"The slope has no interval: {error}. Use se='independent' to describe these pupils "
            "alone, or evaluate more clusters together."
        ) from error
