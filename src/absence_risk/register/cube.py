"""The pupil × school-day cube: rows are read once, everything after is array arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.register.definition import NUMERATORS, AbsenceDefinition
from absence_risk.register.rolling import Rolling
from absence_risk.register.windows import Window, windows_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.register.definition import Numerator

__all__ = ["Cube", "Places", "Totals", "cube_from_days"]

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

    def absent(self, numerator: Numerator | None = None) -> npt.NDArray[np.int64]:
        """Return the absence that counts.

        Parameters
        ----------
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default, which is the total where the
            definition counts by reason.

        Returns
        -------
        numpy.ndarray of int64, shape (n_pupils, n_periods)
            Minutes or days.
        """
        which = _which(numerator, self.definition)
        if which == "total":
            return self.valid + self.invalid
        return self.valid if which == "valid" else self.invalid

    def rate(self, numerator: Numerator | None = None) -> npt.NDArray[np.float64]:
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

    def absent(
        self, numerator: Numerator | None = None, rows: slice = slice(None)
    ) -> npt.NDArray[np.int16]:
        """Return the absence that counts, per pupil and school day.

        Parameters
        ----------
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default, which is the total where the
            definition counts by reason.
        rows : slice
            Pupils.

        Returns
        -------
        numpy.ndarray of int16, shape (n_pupils, n_days)
            Minutes, or lessons, half-days or days where the definition counts them.
        """
        which = _which(numerator, self.definition)
        if which == "total":
            return self.valid[rows] + self.invalid[rows]
        return (self.valid if which == "valid" else self.invalid)[rows]

    def totals(self, window: str | None = None) -> Totals:
        """Sum over the windows of the calendar.

        Parameters
        ----------
        window : str or None
            "week", "month", "quarter", "term", "year", "rolling 20 days", "rolling 12 weeks" or
            "2025-09-01 to 2025-12-19"; the definition's window by default.

        Returns
        -------
        Totals
            One column per window, in the order of the calendar.

        Raises
        ------
        ValueError
            If it is no window, or none lies in the calendar.
        """
        windows = windows_of(self.calendar, window or self.definition.window)
        scheduled, valid, invalid = (
            windows.sums(days) for days in (self.scheduled, self.valid, self.invalid)
        )
        return Totals(windows.label, scheduled, valid, invalid, self.definition)

    def rolling(self, window: str | None = None) -> Rolling:
        """Return the absence in overlapping windows, computed when asked for.

        Parameters
        ----------
        window : str or None
            "rolling 20 days" or "rolling 12 weeks": school days or school weeks in a row; the
            definition's window by default.

        Returns
        -------
        Rolling
            Shares per window, first crossings of a share, highest shares.

        Raises
        ------
        ValueError
            If it is no rolling window, or the calendar is shorter.
        """
        text = window or self.definition.window
        if not Window.parse(text).length:
            raise ValueError(f'window must be like "rolling 20 days", got {text!r}.')
        return Rolling(self, windows_of(self.calendar, text))

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
    places = Places.of(days, keys, calendar)
    counts = (days["scheduled"].to_numpy(), days["valid"].to_numpy(), days["invalid"].to_numpy())
    return places.cube(counts, definition)


@dataclass(frozen=True, eq=False)
class Places:
    """Where pupil-days belong in a cube.

    Parameters
    ----------
    keys : numpy.ndarray of uint32, shape (n_pupils,)
        The pupils of the cube, ascending.
    calendar : SchoolCalendar
        Its school days.
    row, column : numpy.ndarray of int64, shape (n_inside,)
        Cell of each pupil-day that lies in the cube.
    inside : numpy.ndarray of bool, shape (n_days,)
        Which pupil-days those are.
    """

    keys: npt.NDArray[np.uint32]
    calendar: SchoolCalendar
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    inside: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, days: pd.DataFrame, keys: npt.NDArray[np.uint32], calendar: SchoolCalendar
    ) -> Places:
        """Find the places of pupil-days.

        Parameters
        ----------
        days : pandas.DataFrame
            Columns pupil_key and date.
        keys : numpy.ndarray of uint32
            The pupils of the cube, ascending and unique.
        calendar : SchoolCalendar
            The school days of the cube.

        Returns
        -------
        Places
            Places of those days that belong to one of the pupils and are school days.
        """
        if not len(days) or not len(keys):
            none = np.empty(0, dtype=np.int64)
            return cls(keys, calendar, none, none, np.zeros(len(days), dtype=bool))
        wanted = days["pupil_key"].to_numpy().astype(np.uint32)
        dates = days["date"].to_numpy().astype("datetime64[D]")
        row = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        column = np.minimum(calendar.day_index(dates), len(calendar) - 1)
        inside = (keys[row] == wanted) & (calendar.dates[column] == dates)
        return cls(keys, calendar, row[inside], column[inside], inside)

    def cube(
        self,
        counts: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]],
        definition: AbsenceDefinition,
    ) -> Cube:
        """Scatter counts into a cube.

        Parameters
        ----------
        counts : tuple of numpy.ndarray, shape (n_days,) each
            scheduled, valid, invalid by pupil-day.
        definition : AbsenceDefinition
            The rule behind them.

        Returns
        -------
        Cube
            Zero where a pupil has no row.

        Raises
        ------
        ValueError
            If a pupil-day has more minutes than a cell can hold.
        """
        shape = (len(self.keys), len(self.calendar))
        arrays = [np.zeros(shape, dtype=np.int16) for _ in range(3)]
        for array, values, name in zip(
            arrays, counts, ("scheduled", "valid", "invalid"), strict=True
        ):
            if values.max(initial=0) > _MOST_MINUTES:
                raise ValueError(f"{name} exceeds {_MOST_MINUTES} minutes on one pupil-day.")
            array[self.row, self.column] = values[self.inside]
        return Cube(self.keys, self.calendar, arrays[0], arrays[1], arrays[2], definition)


def _which(numerator: Numerator | None, definition: AbsenceDefinition) -> str:
    """Return "total", "valid" or "invalid"."""
    which = definition.numerator if numerator is None else numerator
    # A definition by reason keeps only what counts, so all of it counts.
    return check.choice(which, NUMERATORS, "numerator") if isinstance(which, str) else "total"
