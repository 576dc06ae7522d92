"""Which enrolment holds on a date: pupils join, leave and change school."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["enrolled_rows", "schools_on"]

_DAY_BITS = 24


def enrolled_rows(
    pupils: pd.DataFrame, pupil_key: npt.ArrayLike, dates: npt.ArrayLike
) -> npt.NDArray[np.int64]:
    """Return the row of the enrolment spell that holds for each pupil on a date.

    Parameters
    ----------
    pupils : pandas.DataFrame
        Columns pupil_key and, where a pupil has several spells, entry (missing: from the start).
    pupil_key : array-like of int, shape (n,)
        Keys; each must be in ``pupils``.
    dates : array-like of datetime64, shape (n,) or scalar
        Dates.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Position in ``pupils`` of the last spell that began by the date, or of the pupil's first
        spell where none had begun; -1 where the pupil is not in ``pupils``.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"pupil_key": [7, 7], "school_key": ["A", "B"],
    ...     "entry": pd.to_datetime(["2025-08-18", "2026-01-08"])})
    >>> enrolled_rows(spells, [7, 7], np.array(["2025-12-01", "2026-02-01"], "datetime64[D]"))
    array([0, 1])
    """
    key = np.asarray(pupil_key).astype(np.int64)
    day = np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
    spell_key = pupils["pupil_key"].to_numpy().astype(np.int64)
    if len(spell_key) == 0:
        return np.full(key.shape, -1, dtype=np.int64)
    entry = np.zeros(len(pupils), dtype=np.int64)
    if "entry" in pupils.columns and pupils["entry"].notna().any():
        begins = pupils["entry"].to_numpy().astype("datetime64[D]")
        entry = np.where(np.isnat(begins), 0, begins.astype(np.int64)).clip(0)
    order = np.lexsort((entry, spell_key))
    spell_key, entry = spell_key[order], entry[order]
    combined = (spell_key << _DAY_BITS) | entry
    begun = np.searchsorted(combined, (key << _DAY_BITS) | day, side="right") - 1
    first = np.searchsorted(spell_key, key, side="left")
    at = np.minimum(np.maximum(begun, first), len(order) - 1)
    return np.where(spell_key[at] == key, order[at], -1)


def schools_on(
    pupils: pd.DataFrame, pupil_key: npt.ArrayLike, dates: npt.ArrayLike
) -> npt.NDArray[np.object_]:
    """Return the school of each pupil on a date.

    Parameters
    ----------
    pupils : pandas.DataFrame
        Columns pupil_key, school_key and, where a pupil has several spells, entry.
    pupil_key : array-like of int, shape (n,)
        Keys.
    dates : array-like of datetime64, shape (n,) or scalar
        Dates.

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        School keys; None where the pupil is not in ``pupils``.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    check.columns(pupils.columns, ["pupil_key", "school_key"], "pupils")
    row = enrolled_rows(pupils, pupil_key, dates)
    school = np.array([*pupils["school_key"], None], dtype=object)
    return np.asarray(school[row])
