"""Pupils with and without a programme: one row each, paired by key, never by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.outcome_values import in_words, numbers
from absence_risk.evaluation.pairs import one_kind
from absence_risk.result import FlowStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

__all__ = ["Arms", "arms_of", "cluster_codes", "numbers_of"]

FEWEST_PER_ARM = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Arms:
    """Pupils of both arms in order of their key.

    Parameters
    ----------
    frame : pandas.DataFrame
        Complete rows.
    treated : numpy.ndarray of bool, shape (n,)
        Whether a row has the programme.
    codes : numpy.ndarray of int64, shape (n,)
        Cluster of each row, or the row itself where there are no clusters to speak of.
    carries : bool
        Whether each arm lies in at least two clusters, so that clusters can be compared.
    clustered : str
        How rows depend on each other, in words.
    notes : tuple of str
        What the reader must know of the clusters.
    flow : tuple of FlowStep
        Number of pupils at each step.
    """

    frame: pd.DataFrame
    treated: npt.NDArray[np.bool_]
    codes: npt.NDArray[np.int64]
    carries: bool
    clustered: str
    notes: tuple[str, ...]
    flow: tuple[FlowStep, ...]

    @property
    def n_treated(self) -> int:
        """Number of pupils with the programme."""
        return int(self.treated.sum())


def arms_of(
    frame: pd.DataFrame,
    *,
    id: str,  # noqa: A002 (the word of the call shape)
    treated: str,
    measured: Sequence[str],
    cluster: str | None,
) -> Arms:
    """Check a frame of pupils and take the complete rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per pupil.
    id, treated : str
        Columns of the key and of who has the programme (true/false or 1/0).
    measured : sequence of str
        Columns of numbers that must be known.
    cluster : str or None
        Column whose groups may depend within.

    Returns
    -------
    Arms
        The rows.

    Raises
    ------
    DesignError
        If an arm has fewer than five complete rows.
    ValueError
        If a column is missing or wrong, or a key stands twice.
    """
    check.columns(frame.columns, [id, treated, *measured, *([cluster] if cluster else [])], "frame")
    twice, without = int(frame[id].duplicated().sum()), int(frame[id].isna().sum())
    if without:
        raise ValueError(f"{id} names no pupil in {in_words(without)} rows; leave these out.")
    if twice:
        raise ValueError(
            f"{id} must name each row once: {in_words(twice)} rows repeat a key. Keep one row per "
            "pupil."
        )
    one_kind(id, frame[id])
    _check_true_or_false(frame, treated)
    known = np.flatnonzero(np.isfinite(numbers_of(frame, measured)).all(axis=1))
    rows = frame.iloc[known].sort_values(id, ignore_index=True)
    arm = rows[treated].to_numpy(dtype=bool)
    flow = (
        FlowStep(step="pupils in the frame", n=len(frame)),
        FlowStep(step="with all measures known", n=len(rows)),
        FlowStep(step="of them with the programme", n=int(arm.sum())),
        FlowStep(step="of them in the comparison group", n=int((~arm).sum())),
    )
    if min(arm.sum(), (~arm).sum()) < FEWEST_PER_ARM:
        raise DesignError(
            f"Each arm needs at least {FEWEST_PER_ARM} pupils with all measures known; there are "
            f"{int(arm.sum())} with the programme and {int((~arm).sum())} in the comparison group. "
            "What can still be said: each arm's own change, described without a comparison."
        )
    codes, clustered, notes = cluster_codes(rows, cluster)
    carries = min(len(np.unique(codes[arm])), len(np.unique(codes[~arm]))) > 1
    if not carries:
        notes = (*notes, _one_side(cluster))
    return Arms(
        frame=rows,
        treated=arm,
        codes=codes,
        carries=carries,
        clustered=clustered,
        notes=notes,
        flow=flow,
    )


def cluster_codes(
    rows: pd.DataFrame, cluster: str | None
) -> tuple[npt.NDArray[np.int64], str, tuple[str, ...]]:
    """Give each row the number of its cluster, or its own where there is only one cluster.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows, one per pupil.
    cluster : str or None
        Column whose groups may depend within.

    Returns
    -------
    tuple
        Codes, shape (n,); how rows depend in words; notes for the reader.

    Raises
    ------
    ValueError
        If a cluster is not known.
    """
    alone = np.arange(len(rows), dtype=np.int64)
    if cluster is None:
        return alone, "pupils taken as independent", ()
    if rows[cluster].isna().any():
        raise ValueError(
            f"{cluster} is not known for {in_words(int(rows[cluster].isna().sum()))} rows. Name "
            "it, or leave these rows out."
        )
    one_kind(cluster, rows[cluster])
    codes = np.unique(rows[cluster].to_numpy(), return_inverse=True)[1].astype(np.int64)
    word, n = cluster.removesuffix("_key"), int(codes.max()) + 1
    if n > 1:
        return codes, f"clustered by {word} ({n})", ()
    note = (
        f"All pupils lie in one {word}: the interval tells how pupils vary there and says nothing "
        f"about another {word}."
    )
    return alone, f"one {word} only, pupils taken as independent", (note,)


def numbers_of(frame: pd.DataFrame, measured: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return columns of numbers, with NaN where a value is missing.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame.
    measured : sequence of str
        Columns.

    Returns
    -------
    numpy.ndarray of float64, shape (n, columns)
        The numbers.

    Raises
    ------
    ValueError
        If a column holds anything else, or infinite numbers.
    """
    found = np.column_stack([numbers(frame, name) for name in measured])
    for name, column in zip(measured, found.T, strict=True):
        if np.isinf(column).any():
            raise ValueError(f"{name} holds {int(np.isinf(column).sum())} infinite values.")
    return found


def _check_true_or_false(frame: pd.DataFrame, name: str) -> None:
    if not frame[name].isin([0, 1]).all():
        raise ValueError(f"{name} must be true or false (1 or 0) in every row.")


def _one_side(cluster: str | None) -> str:
    word = (cluster or "cluster").removesuffix("_key")
    return (
        f"One arm lies in a single {word}, so what the programme does cannot be told from what "
        f"sets that {word} apart: the difference is described without an interval. With a series "
        f"per {word}, synthetic_control can compare it with others."
    )
