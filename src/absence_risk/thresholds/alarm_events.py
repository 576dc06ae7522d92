"""Events as they are recorded: 0 or 1, and never before all absence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["event_flags", "refuse_early"]

_TOO_EARLY = (
    "event names {n} pupil(s) whose event does not come {after} of the data, so no alarm can come "
    "before it. Add earlier records, correct the dates or leave these pupils out."
)


def event_flags(column: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Return a column of events as 0 and 1.

    Parameters
    ----------
    column : pandas.Series
        0 and 1, or False and True.

    Returns
    -------
    numpy.ndarray of int64
        0 and 1.

    Raises
    ------
    ValueError
        If it holds anything else.
    """
    values = column.to_numpy()
    if not np.isin(values, [0, 1]).all():
        raise ValueError("The event must be 0 or 1 (or False, True) and not missing.")
    return values.astype(np.int64)


def refuse_early(n: int, after: str) -> None:
    """Refuse events that no absence precedes.

    Parameters
    ----------
    n : int
        Pupils whose event comes first.
    after : str
        When the earliest event may come, in words.

    Raises
    ------
    DesignError
        If there is any such pupil.
    """
    if n:
        raise DesignError(_TOO_EARLY.format(n=n, after=after))
