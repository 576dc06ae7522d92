"""Cases and those they are compared with, lined up for a regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.evaluation.pairs import pair_outcome
from absence_risk.evaluation.regressors import regressors
from absence_risk.stats.change import Expectation, Sample, expected_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.pairs import Paired
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.selection import Selected

__all__ = [
    "FEWEST_CASES",
    "Arms",
    "arms",
    "cluster_codes",
    "expect",
    "expect_each",
    "observed_pairs",
    "selection_level",
    "untreated",
]

FEWEST_CASES = 10


@dataclass(frozen=True, eq=False, kw_only=True)
class Arms:
    """Complete pairs of cases and of those they are compared with, ready for a regression.

    Parameters
    ----------
    cases, others : Paired
        The pairs.
    X_cases, X_others : numpy.ndarray of float, shape (n, k)
        Regressors.
    codes_cases, codes_others : numpy.ndarray of int, shape (n,)
        Clusters, numbered jointly.
    """

    cases: Paired
    others: Paired
    X_cases: npt.NDArray[np.float64]
    X_others: npt.NDArray[np.float64]
    codes_cases: npt.NDArray[np.int64]
    codes_others: npt.NDArray[np.int64]


def observed_pairs(study: PrePost, name: str) -> Paired:
    """Return the cases with both waves of an outcome.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.

    Returns
    -------
    Paired
        Complete pairs by id.

    Raises
    ------
    DesignError
        If fewer than ten cases have both waves.
    """
    pairs = study.pairs(name)
    complete = pairs.only(pairs.complete)
    if len(complete.pre) == 0:
        raise DesignError(
            f"Nobody has both a baseline and a follow-up of {name!r}, so no change can be told. "
            "flow() tells where the pupils were lost; bounds() what is possible all the same."
        )
    if len(complete.pre) < FEWEST_CASES:
        raise DesignError(
            f"At least {FEWEST_CASES} cases that can be followed are needed; there are fewer. "
            "flow() tells at which step they are lost."
        )
    return complete


def untreated(
    study: PrePost, name: str, frame: pd.DataFrame, *, all_levels: bool = False
) -> Paired:
    """Return the complete pairs of untreated pupils that cases are compared with.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    frame : pandas.DataFrame
        Registry or waiting list, with the columns of the cases.
    all_levels : bool
        Whether those far below the cut of the selection are kept as well.

    Returns
    -------
    Paired
        Complete pairs by id.

    Raises
    ------
    DesignError
        If nobody is left.
    """
    outcome = study.outcomes[name]
    pairs = pair_outcome(frame, outcome)
    kept = pairs.complete
    rule = study.selection
    if rule is not None and not all_levels and rule.outcome in study.outcomes:
        chosen_by = study.outcomes[rule.outcome]
        kept = kept & rule.compared(
            selection_level(rule, chosen_by, study.used),
            selection_level(rule, chosen_by, frame),
            chosen_by,
        )
    if not kept.any():
        raise DesignError(
            "There are no untreated pupils with both windows and a level like the cases', so "
            "nothing says what would have happened with no programme. Lower the cut or add schools."
        )
    return pairs.only(kept)


def selection_level(
    rule: Selected, outcome: Outcome, frame: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Return the level by which pupils were chosen.

    Parameters
    ----------
    rule : Selected
        The rule.
    outcome : Rate or Likert
        The outcome it names.
    frame : pandas.DataFrame
        Rows with the outcome's columns and that of the measure.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Levels; NaN where missing.
    """
    if rule.measure is None:
        return outcome.values(frame, "pre")
    return np.asarray(frame[rule.measure].to_numpy(dtype=float, na_value=np.nan))


def cluster_codes(
    study: PrePost, *frames: pd.DataFrame, by_pupil: bool = False
) -> tuple[npt.NDArray[np.int64], ...]:
    """Return joint cluster numbers of several frames; pupils where cases lie in one cluster.

    Parameters
    ----------
    study : PrePost
        The study.
    *frames : pandas.DataFrame
        The cases first.
    by_pupil : bool
        Whether pupils count as independent in any case.

    Returns
    -------
    tuple of numpy.ndarray of int
        Codes 0, 1, ... for each frame.
    """
    one = by_pupil or study.cluster is None
    column = study.id if one or _single(frames[0][study.cluster]) else study.cluster
    keys = np.concatenate([frame[column].to_numpy() for frame in frames])
    # Numbered as they appear, so that other names for the clusters change no draw and no digit.
    first, codes = np.unique(keys, return_index=True, return_inverse=True)[1:]
    codes = np.argsort(np.argsort(first, kind="stable"), kind="stable")[codes].astype(np.int64)
    return tuple(np.split(codes, np.cumsum([len(frame) for frame in frames])[:-1]))


def _single(groups: pd.Series) -> bool:
    return len(np.unique(groups.to_numpy())) < 2


def arms(
    study: PrePost, name: str, frame: pd.DataFrame, *, curved: bool = True, by_pupil: bool = False
) -> Arms:
    """Line up cases and those they are compared with.

    Parameters
    ----------
    study : PrePost
        The study.
    name : str
        Name of the outcome.
    frame : pandas.DataFrame
        Registry or waiting list.
    curved : bool
        Whether squares of what is known before enter.
    by_pupil : bool
        Whether pupils count as independent.

    Returns
    -------
    Arms
        Pairs, regressors and clusters.
    """
    cases, others = observed_pairs(study, name), untreated(study, name, frame)
    X_cases, X_others = regressors(
        cases, others, match_on=study.match_on, within=study.within, curved=curved
    )
    codes = cluster_codes(study, cases.frame, others.frame, by_pupil=by_pupil)
    return Arms(
        cases=cases,
        others=others,
        X_cases=X_cases,
        X_others=X_others,
        codes_cases=codes[0],
        codes_others=codes[1],
    )


def expect(ready: Arms, outcome: Callable[[Paired], npt.NDArray[np.float64]]) -> Expectation:
    """Compare the mean of what is asked of each pair with what the others let one expect.

    Parameters
    ----------
    ready : Arms
        Cases and others.
    outcome : callable
        Value of each pair, for example the change.

    Returns
    -------
    Expectation
        Observed, expected, beyond.
    """
    return expect_each(ready, [outcome])[0]


def expect_each(
    ready: Arms, outcomes: Iterable[Callable[[Paired], npt.NDArray[np.float64]]]
) -> tuple[Expectation, ...]:
    """Compare the means of several things asked of each pair with what was to be expected.

    Parameters
    ----------
    ready : Arms
        Cases and others.
    outcomes : iterable of callable
        Values of each pair.

    Returns
    -------
    tuple of Expectation
        Observed, expected, beyond of each.
    """
    asked = tuple(outcomes)
    return expected_outcomes(
        Sample(
            X=ready.X_cases,
            y=np.column_stack([values(ready.cases) for values in asked]),
            codes=ready.codes_cases,
        ),
        Sample(
            X=ready.X_others,
            y=np.column_stack([values(ready.others) for values in asked]),
            codes=ready.codes_others,
        ),
    )
