"""The pupil × school-day cube: rows are read once, everything after is array arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.register.definition import NUMERATORS, AbsenceDefinition

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.calendar import SchoolCalendar

__all__ = ["Cube", "Totals", "cube_from_days"]

_MOST_MINUTES = np.iinfo(np.int16).max


@dataclass(frozen=True, eq=False)
class Totals:
    """Minutes (or days, by the definition's unit) summed over some time, per pupil.

    Parameters
    ----------
    labels : numpy.ndarray, shape (n_periods,)
        What each column covers.
    scheduled, valid, invalid : numpy.ndarray of int64, shape (n_pupils, n_periods)
        Sums; ``valid + invalid <= scheduled``.
    definition : AbsenceDefinition
        The rule behind them.
    """

    labels: npt.NDArray[Any]
    scheduled: npt.NDArray[np.int64]
    valid: npt.NDArray[np.int64]
    invalid: npt.NDArray[np.int64]
    definition: AbsenceDefinition

    def absent(self, numerator: str | None = None) -> npt.NDArray[np.int64]:
        """Return the absence that counts.

        Parameters
        ----------
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default.

        Returns
        -------
        numpy.ndarray of int64, shape (n_pupils, n_periods)
            Minutes or days.
        """
        which = check.choice(numerator or self.definition.numerator, NUMERATORS, "numerator")
        if which == "total":
            return self.valid + self.invalid
        return self.valid if which == "valid" else self.invalid

    def rate(self, numerator: str | None = None) -> npt.NDArray[np.float64]:
        """Return the absence share.

        Parameters
        ----------
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default.

        Returns
        -------
        numpy.ndarray of float64, shape (n_pupils, n_periods)
            Share in [0, 1]; NaN where nothing was scheduled.
        """
        out = np.full(self.scheduled.shape, np.nan)
        np.divide(self.absent(numerator), self.scheduled, out=out, where=self.scheduled > 0)
        return out


@dataclass(frozen=True, eq=False)
class Cube:
    """Scheduled, valid and invalid absence per pupil and school day.

    Parameters
    ----------
    pupil_key : numpy.ndarray of uint32, shape (n_pupils,)
        Pseudonymous keys, ascending.
    calendar : SchoolCalendar
        The school days of the second axis.
    scheduled, valid, invalid : numpy.ndarray of int16, shape (n_pupils, n_days)
        Minutes, or days where the definition counts days. Zero where nothing was scheduled;
        ``valid + invalid <= scheduled``.
    definition : AbsenceDefinition
        The rule behind them; ``scheduled`` is its denominator.

    Raises
    ------
    ValueError
        If shapes disagree or the keys are not ascending and unique.
    """

    pupil_key: npt.NDArray[np.uint32]
    calendar: SchoolCalendar
    scheduled: npt.NDArray[np.int16]
    valid: npt.NDArray[np.int16]
    invalid: npt.NDArray[np.int16]
    definition: AbsenceDefinition

    def __post_init__(self) -> None:
        """Check shapes and keys."""
        shape = (len(self.pupil_key), len(self.calendar))
        for name in ("scheduled", "valid", "invalid"):
            if getattr(self, name).shape != shape:
                raise ValueError(
                    f"{name} must have shape {shape}, got {getattr(self, name).shape}."
                )
        if not (np.diff(self.pupil_key.astype(np.int64)) > 0).all():
            raise ValueError("pupil_key must be ascending and unique.")

    @property
    def n_pupils(self) -> int:
        """Number of pupils."""
        return len(self.pupil_key)

    def index(self, pupil_key: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the row of each pupil.

        Parameters
        ----------
        pupil_key : array-like of int
            Keys.

        Returns
        -------
        numpy.ndarray of int64
            Row, or -1 where the pupil is not in the cube.
        """
        wanted = np.asarray(pupil_key, dtype=np.int64)
        keys = self.pupil_key.astype(np.int64)
        if len(keys) == 0:
            return np.full(wanted.shape, -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)

    def totals(self, period: str | None = None) -> Totals:
        """Sum over periods of the calendar.

        Parameters
        ----------
        period : {"week", "month", "term", "year"} or None
            Period; the definition's window by default.

        Returns
        -------
        Totals
            One column per period, in the order of the calendar.

        Raises
        ------
        ValueError
            If the period is not one of the four.
        """
        labels = self.calendar.labels(period or self.definition.window)
        starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
        scheduled, valid, invalid = (
            np.add.reduceat(days, starts, axis=1, dtype=np.int64)
            for days in (self.scheduled, self.valid, self.invalid)
        )
        return Totals(labels[starts], scheduled, valid, invalid, self.definition)

    def between(self, rows: npt.ArrayLike, start: npt.ArrayLike, stop: npt.ArrayLike) -> Totals:
        """Sum over a window of school days of its own for each row.

        Parameters
        ----------
        rows : array-like of int, shape (n,)
            Rows of the cube; a pupil may occur more than once.
        start, stop : array-like of int, shape (n,) or scalar
            First day and day after the last, as day indices; clipped to the calendar.

        Returns
        -------
        Totals
            One column; an empty window sums to zero.
        """
        at = np.asarray(rows, dtype=np.int64)
        last = len(self.calendar)
        low = np.clip(np.broadcast_to(np.asarray(start, dtype=np.int64), at.shape), 0, last)
        high = np.clip(np.broadcast_to(np.asarray(stop, dtype=np.int64), at.shape), low, last)
        scheduled, valid, invalid = (
            (running[at, high] - running[at, low])[:, None] for running in self._cumulative
        )
        return Totals(np.array(["window"]), scheduled, valid, invalid, self.definition)

    @cached_property
    def _cumulative(self) -> tuple[npt.NDArray[np.int64], ...]:
        """Running sums with a leading zero, shape (n_pupils, n_days + 1) each."""
        out = []
        for days in (self.scheduled, self.valid, self.invalid):
            running = np.zeros((self.n_pupils, len(self.calendar) + 1), dtype=np.int64)
            np.cumsum(days, axis=1, dtype=np.int64, out=running[:, 1:])
            out.append(running)
        return tuple(out)


def cube_from_days(
    days: pd.DataFrame,
    pupil_key: npt.ArrayLike,
    calendar: SchoolCalendar,
    definition: AbsenceDefinition,
) -> Cube:
    """Scatter pupil-days into a cube.

    Parameters
    ----------
    days : pandas.DataFrame
        Columns pupil_key, date, scheduled, valid, invalid; one row per pupil and date. Rows of
        other pupils and of dates outside the calendar are left out.
    pupil_key : array-like of int
        The pupils of the cube.
    calendar : SchoolCalendar
        The school days of the cube.
    definition : AbsenceDefinition
        The rule behind the columns.

    Returns
    -------
    Cube
        Zero where a pupil has no row.

    Raises
    ------
    ValueError
        If a pupil-day has more minutes than a cell can hold.

    Examples
    --------
    >>> import pandas as pd
    >>> from absence_risk.register.calendar import SchoolCalendar
    >>> calendar = SchoolCalendar(np.array(["2025-08-18"], dtype="datetime64[D]"), ["HT"])
    >>> days = pd.DataFrame({"pupil_key": [7], "date": calendar.dates,
    ...                      "scheduled": [300], "valid": [50], "invalid": [0]})
    >>> cube_from_days(days, [7, 8], calendar, AbsenceDefinition()).valid.tolist()
    [[50], [0]]
    """
    keys = np.unique(np.asarray(pupil_key, dtype=np.uint32))
    shape = (len(keys), len(calendar))
    arrays = [np.zeros(shape, dtype=np.int16) for _ in range(3)]
    if len(days) and len(keys):
        wanted = days["pupil_key"].to_numpy().astype(np.uint32)
        dates = days["date"].to_numpy().astype("datetime64[D]")
        row = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        column = np.minimum(calendar.day_index(dates), len(calendar) - 1)
        inside = (keys[row] == wanted) & (calendar.dates[column] == dates)
        for array, name in zip(arrays, ("scheduled", "valid", "invalid"), strict=True):
            values = days[name].to_numpy()
            if values.max() > _MOST_MINUTES:
                raise ValueError(f"{name} exceeds {_MOST_MINUTES} minutes on one pupil-day.")
            array[row[inside], column[inside]] = values[inside]
    return Cube(keys, calendar, arrays[0], arrays[1], arrays[2], definition)
