"""Which code or label stands for a row in a layout that has marks instead of minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.source_codes import write_code

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["absence_codes", "present_codes", "stated_validity"]

_LATE = 80


def stated_validity(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the validity of absent rows: as recorded, or that of the more minutes.

    Parameters
    ----------
    rows : pandas.DataFrame
        Absent rows: validity, valid, invalid.

    Returns
    -------
    numpy.ndarray of object
        Words; a tie of minutes is invalid, as in the day rules of the cube. Validity that
        contradicts the minutes gives way to them.
    """
    more_valid = (rows["valid"] > rows["invalid"]).to_numpy()
    given = rows["validity"].to_numpy(dtype=object)
    open_ones = ~more_valid & np.isin(given.astype(str), ["pending", "unknown"])
    by_minutes = np.where(more_valid, "valid", "invalid").astype(object)
    return np.where(open_ones, given, by_minutes)


def absence_codes(
    rows: pd.DataFrame, layout: str, vocabulary: str | None = None
) -> npt.NDArray[np.object_]:
    """Return the codes of absent rows.

    Parameters
    ----------
    rows : pandas.DataFrame
        Absent rows: reason, validity, valid, invalid.
    layout : str
        A layout that has a code table.
    vocabulary : str or None
        One of its lists.

    Returns
    -------
    numpy.ndarray of object
        One code per row.
    """
    reasons = rows["reason"].to_numpy()
    validity = stated_validity(rows)
    known = {
        (reason, word): write_code(
            layout,
            "absent",
            reason=None if reason < 0 else int(reason),
            validity=word,
            vocabulary=vocabulary,
        )
        for reason, word in set(zip(reasons.tolist(), validity.tolist(), strict=True))
    }
    pairs = zip(reasons.tolist(), validity.tolist(), strict=True)
    return np.array([known[pair] for pair in pairs], dtype=object)


def present_codes(
    rows: pd.DataFrame, layout: str, vocabulary: str | None = None
) -> npt.NDArray[np.object_]:
    """Return the codes of rows that count as present: late, elsewhere or simply there.

    Parameters
    ----------
    rows : pandas.DataFrame
        Present rows: reason, late.
    layout : str
        A layout that has a code table.
    vocabulary : str or None
        One of its lists.

    Returns
    -------
    numpy.ndarray of object
        Codes; None where the layout writes nothing.
    """
    reasons = np.where(rows["late"] > 0, _LATE, rows["reason"])
    known = {
        reason: write_code(
            layout,
            "present",
            reason=reason if reason in (30, 31, _LATE) else None,
            vocabulary=vocabulary,
        )
        for reason in np.unique(reasons).tolist()
    }
    return np.array([known[reason] for reason in reasons.tolist()], dtype=object)
