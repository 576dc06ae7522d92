"""Cases with a baseline whose missing follow-ups are imputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.arms import cluster_codes, observed_pairs
from absence_risk.evaluation.outcome_values import numbers
from absence_risk.evaluation.outcomes import Rate, in_words
from absence_risk.evaluation.regressors import independent_columns
from absence_risk.evaluation.selection import precedes
from absence_risk.stats.imputation import impute_normal, impute_pmm

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost

__all__ = ["MI", "Completed", "auxiliaries", "complete_follow_up", "informative", "with_baseline"]

_PER_COEFFICIENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MI:
    """How missing follow-ups are imputed.

    Parameters
    ----------
    m : int
        Number of imputations, at least 2.
    aux : tuple of str or None
        Complete columns of the cases that predict the follow-up, besides the baseline; None for
        absence before and after from the register, wherever no case lacks it.
    delta : float
        Amount added to every imputed follow-up, in the unit of the outcome: how much those who
        did not answer differ from those like them who did. A scenario, never an estimate.
    method : {"normal", "pmm"}
        Normal draws, or predictive mean matching, whose values are values of the scale.
    municipality : bool
        Whether the cluster enters the imputation. Leaving it out makes errors too small; it is
        there for comparison.
    random_state : int
        Seed.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> MI(m=20, aux=("before",)).delta
    0.0
    """

    m: int = 50
    aux: tuple[str, ...] | None = None
    delta: float = 0.0
    method: Literal["normal", "pmm"] = "normal"
    municipality: bool = True
    random_state: int = 0

    def __post_init__(self) -> None:
        """Check the arguments."""
        if check.positive_int(self.m, "m") < 2:
            raise ValueError("m must be at least 2: one imputation does not tell its own error.")
        check.choice(self.method, ["normal", "pmm"], "method")
        check.seed(self.random_state)
        if not np.isfinite(self.delta):
            raise ValueError(f"delta must be a number, got {self.delta}.")
        if self.aux is not None:
            object.__setattr__(self, "aux", check.names(self.aux))


@dataclass(frozen=True, eq=False, kw_only=True)
class Completed:
    """Cases with a baseline and m completed follow-ups.

    Parameters
    ----------
    cases : Paired
        The cases; ``post`` is NaN where missing.
    full : numpy.ndarray of float, shape (m, n)
        Follow-ups with missing ones imputed, before any delta.
    codes : numpy.ndarray of int, shape (n,)
        Clusters of the analysis; pupils where they count as independent.
    clustered : bool
        Whether ``codes`` are clusters.
    used : tuple of str
        Auxiliary columns of the imputation.
    """

    cases: Paired
    full: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]
    clustered: bool
    used: tuple[str, ...]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Whose follow-up is imputed, shape (n,)."""
        return np.isnan(self.cases.post)

    @property
    def share_missing(self) -> float:
        """Share of the cases whose follow-up is imputed."""
        return float(self.missing.mean())

    def shifted(self, delta: float) -> npt.NDArray[np.float64]:
        """Return completed follow-ups with imputed ones moved by delta.

        Parameters
        ----------
        delta : float
            Amount, in the unit of the outcome.

        Returns
        -------
        numpy.ndarray of float, shape (m, n)
            The same draws at every delta.
        """
        return self.full + delta * self.missing


def with_baseline(study: PrePost, name: str) -> Paired:
    """Return the cases with a baseline; a follow-up that cannot be used is missing.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.

    Returns
    -------
    Paired
        Cases by id.

    Raises
    ------
    DesignError
        If the follow-up window lies before the baseline's, or nobody has a baseline.
    """
    outcome = study.outcomes[check.choice(name, list(study.outcomes), "outcome")]
    if precedes(outcome.post_window, outcome.pre_window):
        raise DesignError(
            f"The follow-up window of {name!r} begins before its baseline window, so there is no "
            "follow-up to impute. Exchange pre and post, or correct the windows."
        )
    pairs = study.pairs(name)
    kept = pairs.only(~np.isnan(pairs.pre))
    if not len(kept.pre):
        raise DesignError(f"Nobody has a baseline of {name!r}, so no change can be told.")
    kept.post[~kept.complete] = np.nan
    return kept


def auxiliaries(study: PrePost, name: str, cases: Paired, missing: MI) -> pd.DataFrame:
    """Return the columns, besides the baseline, that predict missing follow-ups.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    cases : Paired
        Cases with a baseline.
    missing : MI
        Which columns, or None for the register's absence.

    Returns
    -------
    pandas.DataFrame
        One numeric column each, one row per case.

    Raises
    ------
    DesignError
        If a column that was asked for is missing itself in some cases.
    ValueError
        If there is no such column.
    """
    import pandas as pd  # noqa: PLC0415

    if missing.aux is None:
        found = {}
        for other, outcome in study.outcomes.items():
            if other != name and isinstance(outcome, Rate):
                for word, values in (
                    ("before", outcome.values(cases.frame, "pre")),
                    ("after", outcome.values(cases.frame, "post")),
                ):
                    if np.isfinite(values).all():
                        found[f"{other} {word}"] = values
        return pd.DataFrame(found, index=cases.frame.index)
    check.columns(cases.frame.columns, missing.aux, "cases")
    frame = pd.DataFrame({c: numbers(cases.frame, c) for c in missing.aux}, index=cases.frame.index)
    for column in frame:
        lacking = int(frame[column].isna().sum())
        if lacking:
            raise DesignError(
                f"The auxiliary column {column!r} is missing itself in {in_words(lacking)} of the "
                "cases, so it cannot say anything about their follow-up. Leave it out of aux, or "
                "use absence from the register, which every pupil has."
            )
    return frame


def informative(
    covariates: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the covariates that say anything new where the outcome is seen.

    Parameters
    ----------
    covariates : numpy.ndarray of float, shape (n, k)
        Covariates.
    seen : numpy.ndarray of bool, shape (n,)
        Rows with an outcome.

    Returns
    -------
    numpy.ndarray of float, shape (n, at most k)
        Without those that are constant, or a combination of others, among these rows.
    """
    centred = covariates - covariates[seen].mean(axis=0)
    whole = np.column_stack([np.ones(int(seen.sum())), centred[seen]])
    kept = independent_columns(whole)
    return covariates[:, kept[kept > 0] - 1]


def complete_follow_up(
    study: PrePost, name: str, missing: MI, *, by_pupil: bool = False
) -> Completed:
    """Impute missing follow-ups from the baseline, auxiliary columns and the municipality.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    missing : MI
        How.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Completed
        Cases with completed follow-ups.

    Raises
    ------
    DesignError
        If nobody or too few were followed up, or an auxiliary column is missing itself.
    TypeError
        If ``missing`` is not an `MI`.
    """
    if not isinstance(missing, MI):
        raise TypeError(f"missing must be MI(...) or None, got {type(missing).__name__}.")
    cases = with_baseline(study, name)
    seen = len(observed_pairs(study, name).pre)
    aux = auxiliaries(study, name, cases, missing)
    need = _PER_COEFFICIENT * (2 + aux.shape[1])
    if seen < need:
        raise DesignError(
            f"{seen} follow-ups cannot carry an imputation from the baseline and {aux.shape[1]} "
            f"further columns, which needs {need}. Name fewer columns in aux; bounds() says what "
            "is possible without any imputation."
        )
    codes = cluster_codes(study, cases.frame, by_pupil=by_pupil)[0]
    clustered = int(codes.max()) + 1 < len(codes)
    covariates = informative(np.column_stack([cases.pre, aux.to_numpy()]), ~np.isnan(cases.post))
    impute = impute_normal if missing.method == "normal" else impute_pmm
    full = impute(
        cases.post[None],
        covariates[None],
        codes if clustered and missing.municipality else None,
        imputations=missing.m,
        rng=np.random.default_rng(missing.random_state),
    )[0]
    return Completed(
        cases=cases, full=full, codes=codes, clustered=clustered, used=tuple(aux.columns)
    )
