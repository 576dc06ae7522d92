"""Two measurements of the same pupil, paired by id and never by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from absence_risk import check
from absence_risk.evaluation.outcomes import in_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.outcomes import Outcome

__all__ = [
    "REASONS",
    "Paired",
    "every_cluster",
    "once_per_pupil",
    "one_kind",
    "outside",
    "pair_outcome",
    "pair_waves",
]

REASONS = (
    "follow-up dated before the baseline",
    "no baseline and no follow-up",
    "no baseline",
    "no follow-up",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Paired:
    """An outcome before and after, one entry per pupil; incomplete pupils stay, with the reason.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows, by id, with all their columns.
    pre, post : numpy.ndarray of float, shape (n,)
        The outcome in each wave; NaN where missing.
    reason : numpy.ndarray of str, shape (n,)
        Empty where both waves are there, else one of `REASONS`.
    """

    frame: pd.DataFrame
    pre: npt.NDArray[np.float64]
    post: npt.NDArray[np.float64]
    reason: npt.NDArray[np.str_]

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which pupils have both waves, shape (n,)."""
        return np.asarray(self.reason == "")

    def only(self, kept: npt.NDArray[np.bool_]) -> Paired:
        """Return some of the pupils.

        Parameters
        ----------
        kept : numpy.ndarray of bool, shape (n,)
            Which ones.

        Returns
        -------
        Paired
            The same with fewer rows.
        """
        return Paired(
            frame=self.frame[kept].reset_index(drop=True),
            pre=self.pre[kept],
            post=self.post[kept],
            reason=self.reason[kept],
        )


def pair_outcome(frame: pd.DataFrame, outcome: Outcome) -> Paired:
    """Read both waves of an outcome, row by row of a frame with one row per pupil.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per pupil with the outcome's columns.
    outcome : Rate or Likert
        The outcome.

    Returns
    -------
    Paired
        One entry per row, in the order of the frame.

    Raises
    ------
    ValueError
        If a column is missing or a value lies outside the outcome's range.
    """
    check.columns(frame.columns, outcome.columns(), "the frame")
    pre, post = outcome.values(frame, "pre"), outcome.values(frame, "post")
    reason = np.full(len(frame), "", dtype=object)
    late = np.zeros(len(frame), dtype=bool)
    if outcome.dates is not None:
        first, second = (pd.to_datetime(frame[name]) for name in outcome.dates)
        late = (second < first).to_numpy(dtype=bool)
    no_pre, no_post = np.isnan(pre), np.isnan(post)
    for text, holds in zip(REASONS, (late, no_pre & no_post, no_pre, no_post), strict=True):
        reason[(reason == "") & holds] = text
    return Paired(frame=frame, pre=pre, post=post, reason=reason.astype(str))


def pair_waves(before: pd.DataFrame, after: pd.DataFrame, *, id: str) -> pd.DataFrame:  # noqa: A002
    """Join two waves by id; who is in one wave only stays, with the other wave empty.

    Parameters
    ----------
    before, after : pandas.DataFrame
        One row per pupil with the id and any columns; the rows may stand in any order.
    id : str
        Column that names the pupil in both.

    Returns
    -------
    pandas.DataFrame
        One row per pupil, by id; columns of the waves with the endings ``_pre`` and ``_post``.

    Raises
    ------
    ValueError
        If a pupil has several rows in a wave, or none of the columns but the id is there.

    Examples
    --------
    >>> one = pd.DataFrame({"pupil": [2, 1], "score": [3.0, 4.0]})
    >>> two = pd.DataFrame({"pupil": [1, 3], "score": [5.0, 2.0]})
    >>> pair_waves(one, two, id="pupil")["score_post"].tolist()
    [5.0, nan, 2.0]
    """
    for name, frame in (("before", before), ("after", after)):
        check.columns(frame.columns, [id], name)
        once_per_pupil(frame, [id], name)
    one_kind(id, before[id], after[id])
    both = [
        frame.rename(columns={c: f"{c}_{end}" for c in frame.columns if c != id})
        for frame, end in ((before, "pre"), (after, "post"))
    ]
    return both[0].merge(both[1], on=id, how="outer").sort_values(id, ignore_index=True)


def once_per_pupil(frame: pd.DataFrame, by: list[str], name: str) -> None:
    """Raise where a pupil has several rows, or none has a name.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    by : list of str
        Columns that together must be unique.
    name : str
        Argument name for the message.

    Raises
    ------
    ValueError
        If an id is missing or stands twice.
    """
    empty = int(frame[by].isna().any(axis=1).sum())
    if empty:
        raise ValueError(f"{name} lacks {' or '.join(by)} in {in_words(empty)} rows.")
    again = int(frame.duplicated(by).sum())
    if again:
        raise ValueError(
            f"{name} must have one row per {' and '.join(by)}; {in_words(again)} rows are there "
            "again. Keep one measurement before and one after for each pupil."
        )


def one_kind(name: str, *columns: pd.Series) -> None:
    """Raise where some labels are text and others numbers: they could not be told to be the same.

    Parameters
    ----------
    name : str
        Column, for the message.
    *columns : pandas.Series
        Its values in each frame.

    Raises
    ------
    ValueError
        If the labels are of two kinds.

    Examples
    --------
    >>> one_kind("school_key", pd.Series([1, 2]), pd.Series([2, 3]))
    """
    kinds = {pd.api.types.infer_dtype(column.to_numpy(), skipna=True) for column in columns}
    kinds.discard("empty")
    if kinds & {"mixed", "mixed-integer"} or ("string" in kinds and len(kinds) > 1):
        raise ValueError(
            f"{name} holds text in some rows and numbers in others, so that rows which belong "
            "together cannot be found. Write it in one way everywhere."
        )


def every_cluster(frame: pd.DataFrame, cluster: str | None, name: str) -> None:
    """Raise where a row has no cluster.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    cluster : str or None
        Column of the cluster; nothing is checked if None.
    name : str
        Argument name for the message.

    Raises
    ------
    ValueError
        If a row lacks it.
    """
    empty = 0 if cluster is None else int(frame[cluster].isna().sum())
    if empty:
        raise ValueError(
            f"{name} lacks {cluster} in {in_words(empty)} rows. Name the cluster of each, or mark "
            "these rows as dropped, with a reason."
        )


def outside(
    cases: pd.DataFrame, frame: pd.DataFrame, by: list[str], *, cluster: str | None, name: str
) -> pd.DataFrame:
    """Check those whom cases are compared with, and return them in order.

    Parameters
    ----------
    cases : pandas.DataFrame
        Cases that are used.
    frame : pandas.DataFrame
        Those they are compared with.
    by : list of str
        Columns that together name a row.
    cluster : str or None
        Column; None where pupils are independent.
    name : str
        What the frame is, for the message.

    Returns
    -------
    pandas.DataFrame
        The frame, sorted.

    Raises
    ------
    ValueError
        If a row stands twice, lacks its cluster or is a case, or labels are of another kind than
        those of the cases.
    """
    once_per_pupil(frame, by, name)
    every_cluster(frame, cluster, name)
    for column in dict.fromkeys([*by, *([cluster] if cluster else [])]):
        one_kind(column, cases[column], frame[column])
    both = len(cases[by].merge(frame[by], on=by))
    if both:
        raise ValueError(
            f"{name} holds {in_words(both)} of the cases. Leave them out of it: whoever gets the "
            "programme does not tell what happens without it."
        )
    return frame.sort_values(by, ignore_index=True)
