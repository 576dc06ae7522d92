"""A long panel of pupils by period, with the first period of each with the programme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.comparison_rows import cluster_codes, numbers_of
from absence_risk.evaluation.outcome_values import in_words
from absence_risk.evaluation.pairs import one_kind
from absence_risk.result import FlowStep
from absence_risk.stats.did import NEVER

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["StartPanel", "start_panel"]

_NOBODY_NEVER = (
    "Nobody is never treated, so nothing says how the others would have changed. What can still be "
    "said: end the panel before the last start and leave that start empty, so that those who wait "
    "longest are the comparison, up to then."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class StartPanel:
    """Outcomes by pupil and period.

    Parameters
    ----------
    y : numpy.ndarray of float64, shape (pupils, periods)
        Outcome; NaN where not observed. Pupils in order of their key.
    first : numpy.ndarray of int64, shape (pupils,)
        Place of the first period with the programme; ``stats.did.NEVER`` for never.
    codes : numpy.ndarray of int64, shape (pupils,)
        Cluster.
    periods : tuple
        The periods as given.
    clustered : str
        How pupils depend, in words.
    notes : tuple of str
        What the reader must know of the clusters.
    flow : tuple of FlowStep
        Number of pupils at each step.
    """

    y: npt.NDArray[np.float64]
    first: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    periods: tuple[Any, ...]
    clustered: str
    notes: tuple[str, ...]
    flow: tuple[FlowStep, ...]

    @property
    def never(self) -> npt.NDArray[np.bool_]:
        """Who is never treated, shape (pupils,)."""
        return np.asarray(self.first == NEVER)


def start_panel(
    panel: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: str,
    id: str,  # noqa: A002 (the word of the call shape)
    cluster: str | None,
) -> StartPanel:
    """Check a long panel and bring it into arrays.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per pupil and period.
    outcome, time, start, id : str
        Columns of the outcome, the period, the first period with the programme and the key.
    cluster : str or None
        Column whose groups may depend within.

    Returns
    -------
    StartPanel
        The arrays; pupils who start in the first period, before it or after the last are left
        out and counted.

    Raises
    ------
    DesignError
        If nobody is never treated, or nobody starts after the first period.
    ValueError
        If a column is missing or wrong, or a pupil has two rows in a period.
    """
    fixed = [start, *([cluster] if cluster else [])]
    check.columns(panel.columns, [id, time, outcome, *fixed], "panel")
    empty = int(panel[[id, time]].isna().any(axis=1).sum())
    if empty:
        raise ValueError(f"{id} or {time} is empty in {in_words(empty)} rows of panel.")
    one_kind(id, panel[id])
    one_kind(time, panel[time])
    twice = int(panel.duplicated([id, time]).sum())
    if twice:
        raise ValueError(
            f"{in_words(twice)} rows of panel repeat a pupil and period; keep one of each."
        )
    # By the value of the key: the order of a category would not be that of searchsorted below.
    keys, firsts = np.unique(panel[id].to_numpy(), return_index=True)
    who = panel.iloc[firsts].reset_index(drop=True)
    for name in fixed:
        if len(panel[[id, name]].drop_duplicates()) > len(who):
            raise ValueError(f"{name} must be the same in all rows of a pupil.")
    periods = np.unique(panel[time].to_numpy())
    first = _first(who[start], periods, start)
    y = np.full((len(who), len(periods)), np.nan)
    rows = np.searchsorted(keys, panel[id].to_numpy())
    y[rows, np.searchsorted(periods, panel[time].to_numpy())] = numbers_of(panel, [outcome])[:, 0]
    kept = (first == NEVER) | ((first > 0) & (first < len(periods)))
    kept &= np.isfinite(y).any(axis=1)
    flow = (
        FlowStep(step="pupils in the panel", n=len(who)),
        FlowStep(
            step="with a start after the first period and not after the last, or never",
            n=int(kept.sum()),
        ),
        FlowStep(step="of them with a start", n=int((kept & (first != NEVER)).sum())),
        FlowStep(step="of them never treated", n=int((kept & (first == NEVER)).sum())),
    )
    if not (kept & (first == NEVER)).any():
        raise DesignError(_NOBODY_NEVER)
    if not (kept & (first != NEVER)).any():
        raise DesignError(
            "Nobody starts within the periods of the panel after the first one, so there is no "
            "before. What can still be said: levels of both groups, described."
        )
    codes, clustered, notes = cluster_codes(who.loc[kept], cluster)
    return StartPanel(
        y=y[kept],
        first=first[kept],
        codes=codes,
        periods=tuple(periods.tolist()),
        clustered=clustered,
        notes=notes,
        flow=flow,
    )


def _first(starts: pd.Series[Any], periods: npt.NDArray[Any], name: str) -> npt.NDArray[np.int64]:
    """Return places of the starts: −1 before the first period, len(periods) after the last."""
    first = np.full(len(starts), NEVER, dtype=np.int64)
    known = starts.notna().to_numpy()
    numeric = np.issubdtype(periods.dtype, np.number)
    try:
        # Starts with an empty one among them are floats even where periods are whole numbers.
        values = starts[known].to_numpy(dtype=np.float64 if numeric else periods.dtype)
    except (TypeError, ValueError) as cause:
        raise ValueError(f"{name} must be in the terms of the period column.") from cause
    place = np.searchsorted(periods, values)
    within = (values >= periods[0]) & (values <= periods[-1])
    strange = int((within & (periods[np.minimum(place, len(periods) - 1)] != values)).sum())
    if strange:
        raise ValueError(f"{strange} starts fall between periods that the panel holds.")
    first[known] = np.where(values < periods[0], -1, place)
    return first
