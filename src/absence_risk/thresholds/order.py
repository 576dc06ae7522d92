"""An outcome measured before the exposure cannot speak of harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["refuse_reversed"]

_FEWEST_TOLD = 5
_BOTH = (
    "outcome_date and exposure_until belong together, but only {given} is given. Name the columns "
    "with the date of the outcome and the last date of the exposure."
)
_TYPES = (
    "columns {outcome!r} and {exposure!r} must both hold dates, or both numbers (school days, "
    "weeks), got {first} and {second}. Convert text with pandas.to_datetime."
)
_REVERSED = (
    "{outcome!r} lies before {exposure!r} in {rows} of {n} complete rows: the outcome was measured "
    "before the exposure ended, so absence cannot have come before harm there. Measure absence up "
    "to the date of the outcome, or leave these rows out."
)


def refuse_reversed(data: pd.DataFrame, dates: tuple[str | None, str | None]) -> None:
    """Refuse rows whose outcome was measured before the exposure ended.

    Parameters
    ----------
    data : pandas.DataFrame
        Complete rows.
    dates : tuple of str or None
        Columns with the date of the outcome and the last date of the exposure; both or none. The
        same date is accepted.

    Raises
    ------
    ValueError
        If only one column is named, or they cannot be compared.
    DesignError
        If an outcome lies before the exposure's last date.
    """
    outcome, exposure = dates
    if outcome is None and exposure is None:
        return
    if outcome is None or exposure is None:
        given = "exposure_until" if outcome is None else "outcome_date"
        raise ValueError(_BOTH.format(given=given))
    first, second = data[outcome], data[exposure]
    kinds = _kind(first), _kind(second)
    if kinds[0] != kinds[1] or kinds[0] == "other":
        raise ValueError(
            _TYPES.format(
                outcome=outcome, exposure=exposure, first=first.dtype, second=second.dtype
            )
        )
    reversed_rows = int((_values(first) < _values(second)).sum())
    if reversed_rows:
        rows = str(reversed_rows) if reversed_rows >= _FEWEST_TOLD else f"fewer than {_FEWEST_TOLD}"
        raise DesignError(
            _REVERSED.format(outcome=outcome, exposure=exposure, rows=rows, n=len(data))
        )


def _kind(column: pd.Series) -> str:
    import datetime as dt  # noqa: PLC0415

    from pandas.api import types  # noqa: PLC0415

    if types.is_datetime64_any_dtype(column):
        return "dates"
    if types.is_numeric_dtype(column) and not types.is_bool_dtype(column):
        return "numbers"
    plain = column.dtype == object and column.map(lambda v: isinstance(v, dt.date)).all()
    return "dates" if plain else "other"


def _values(column: pd.Series) -> npt.NDArray[np.float64]:
    from pandas import to_datetime  # noqa: PLC0415

    if _kind(column) == "dates":
        return np.asarray(to_datetime(column).to_numpy("datetime64[ns]").astype(np.float64))
    return np.asarray(column.to_numpy(dtype=np.float64))
