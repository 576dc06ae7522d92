"""What rates and scales have in common: populations, ranges, columns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.evaluation.outcomes import Outcome

__all__ = [
    "Better",
    "Population",
    "Wave",
    "columns_of",
    "in_words",
    "inside",
    "numbers",
    "share_in_words",
]

Better = Literal["lower", "higher"]
Wave = Literal["pre", "post", "gap"]
_SHOWN_FROM = 5


def in_words(n: int) -> str:
    """Return a number of rows for a message; small ones are not told.

    Parameters
    ----------
    n : int
        Number of rows.

    Returns
    -------
    str
        The number, or "fewer than 5".

    Examples
    --------
    >>> in_words(3), in_words(12)
    ('fewer than 5', '12')
    """
    return str(n) if n >= _SHOWN_FROM else f"fewer than {_SHOWN_FROM}"


def share_in_words(count: int, of: int) -> str:
    """Return a share for a note; one that tells of a few pupils is not told.

    Parameters
    ----------
    count : int
        Number of pupils.
    of : int
        Number of all, above 0.

    Returns
    -------
    str
        Per cent, or words where fewer than five are in it or out of it.

    Examples
    --------
    >>> share_in_words(20, 80), share_in_words(3, 80), share_in_words(77, 80)
    ('25 %', 'fewer than 5', 'all but fewer than 5')
    """
    if 0 < count < _SHOWN_FROM:
        return in_words(count)
    if 0 < of - count < _SHOWN_FROM:
        return f"all but {in_words(of - count)}"
    return f"{100 * count / of:.0f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Mean and spread of an outcome among all pupils, from whom the cases were chosen.

    Parameters
    ----------
    mean : float
        Mean of all pupils at the baseline.
    sd : float
        Standard deviation of all pupils at the baseline, above 0.

    Raises
    ------
    ValueError
        If the standard deviation is not above 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        """Check the spread."""
        if not self.sd > 0:
            raise ValueError(f"sd must be above 0, got {self.sd:g}.")


def columns_of(outcome: Outcome) -> tuple[str, ...]:
    """Return the columns that an outcome reads.

    Parameters
    ----------
    outcome : Rate or Likert
        The outcome.

    Returns
    -------
    tuple of str
        Names, in the order of the waves.
    """
    found: list[str] = []
    for field in dataclasses.fields(outcome):
        if field.name in ("pre", "post", "gap", "dates"):
            source = getattr(outcome, field.name)
            found += [source] if isinstance(source, str) else list(source or ())
    return tuple(found)


def numbers(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column as numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows.
    name : str
        Column.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        Values; NaN where missing.

    Raises
    ------
    ValueError
        If the column holds anything but numbers; the message does not repeat what.
    """
    column = frame[name]
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "mM":
        raise ValueError(f"{name} must hold numbers; it holds dates.")
    try:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        pass
    raise ValueError(f"{name} must hold numbers, and empty cells where none is known.")


def inside(
    values: npt.NDArray[np.float64], low: float, high: float, name: str, advice: str
) -> None:
    """Raise where a value lies outside its range.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        Values; NaN is let through.
    low, high : float
        The range.
    name : str
        Column, for the message.
    advice : str
        What to do, as a sentence.

    Raises
    ------
    ValueError
        If a value lies outside.
    """
    outside = int(((values < low) | (values > high)).sum())
    if outside:
        raise ValueError(
            f"{name} holds values outside {low:g} to {high:g} in {in_words(outside)} rows. "
            f"{advice} Other outcomes of the study can still be evaluated."
        )
