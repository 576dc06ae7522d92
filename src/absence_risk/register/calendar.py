"""The school-day and school-week clock: time counts where school is offered, and only there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

__all__ = ["Months", "SchoolCalendar"]

_MONDAY_EPOCH = np.datetime64("1970-01-05", "D")


@dataclass(frozen=True, eq=False)
class Months:
    """First day and day after the last day of each calendar month that has school days.

    Parameters
    ----------
    label : numpy.ndarray of int64, shape (n_months,)
        Year × 100 + month, in the order of time.
    start, stop : numpy.ndarray of int64, shape (n_months,)
        First school day and the one after the last, as day indices.
    """

    label: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]

    def last_ended(self, day: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the last month whose last school day is not after a day.

        Parameters
        ----------
        day : array-like of int, shape (n,)
            Indices of school days; -1 for a day before the calendar begins.

        Returns
        -------
        numpy.ndarray of int64, shape (n,)
            Number of the month, -1 if none has ended.
        """
        return np.searchsorted(self.stop - 1, day, side="right").astype(np.int64) - 1


@dataclass(frozen=True, eq=False)
class SchoolCalendar:
    """The school days of a register.

    Parameters
    ----------
    dates : numpy.ndarray of datetime64[D], shape (n_days,)
        Days on which at least one school offers teaching, ascending, unique.
    terms : sequence of str, length n_days
        Name of the term of each day.

    Raises
    ------
    ValueError
        If there is no day, days are not ascending and unique, or the lengths differ.

    Examples
    --------
    >>> days = np.array(["2025-08-18", "2025-08-19", "2025-08-25"], dtype="datetime64[D]")
    >>> SchoolCalendar(days, ["HT"] * 3).week.tolist()
    [0, 0, 1]
    """

    dates: npt.NDArray[np.datetime64]
    terms: Sequence[str]

    def __post_init__(self) -> None:
        """Check the days."""
        if len(self.dates) == 0:
            raise ValueError("A calendar needs at least one school day, got none.")
        if len(self.terms) != len(self.dates):
            raise ValueError(f"{len(self.dates)} dates but {len(self.terms)} terms.")
        if not (np.diff(self.dates.astype("datetime64[D]").astype(np.int64)) > 0).all():
            raise ValueError("The dates of a calendar must be ascending and unique.")

    @classmethod
    def from_frame(cls, calendar: pd.DataFrame) -> SchoolCalendar:
        """Make a calendar from the canonical ``calendar`` table of one or more schools.

        Parameters
        ----------
        calendar : pandas.DataFrame
            Columns date, offered, term; rows with ``offered`` false are left out.

        Returns
        -------
        SchoolCalendar
            The union of offered days over schools.

        Raises
        ------
        ValueError
            If a column is missing or no day is offered.
        """
        check.columns(calendar.columns, ["date", "offered", "term"], "calendar")
        offered = calendar.loc[calendar["offered"].astype(bool), ["date", "term"]]
        days = offered.drop_duplicates("date").sort_values("date")
        dates = days["date"].to_numpy().astype("datetime64[D]")
        return cls(dates, [str(term) for term in days["term"]])

    def __len__(self) -> int:
        """Return the number of school days."""
        return len(self.dates)

    @cached_property
    def month(self) -> npt.NDArray[np.int64]:
        """Calendar month of each day as year × 100 + month, shape (n_days,)."""
        months = self.dates.astype("datetime64[M]").astype(np.int64)
        return (1970 + months // 12) * 100 + months % 12 + 1

    @cached_property
    def months(self) -> Months:
        """Where each calendar month begins and ends."""
        label, start = np.unique(self.month, return_index=True)
        return Months(label, start, np.append(start[1:], len(self)))

    @cached_property
    def week(self) -> npt.NDArray[np.int64]:
        """School week of each day, shape (n_days,): 0, 1, … over weeks that have a school day."""
        monday = (self.dates - _MONDAY_EPOCH).astype(np.int64) // 7
        return np.unique(monday, return_inverse=True)[1].astype(np.int64)

    @property
    def n_weeks(self) -> int:
        """Number of school weeks."""
        return int(self.week[-1]) + 1

    def labels(self, period: str) -> npt.NDArray[Any]:
        """Return the period each school day belongs to.

        Parameters
        ----------
        period : {"week", "month", "quarter", "term", "year"}
            School week (0, 1, …), calendar month (yyyymm), calendar quarter (yyyyq), term (name)
            or the whole calendar (0).

        Returns
        -------
        numpy.ndarray, shape (n_days,)
            Labels, of integers or text.

        Raises
        ------
        ValueError
            If the period is not one of the five.
        """
        check.choice(period, ["week", "month", "quarter", "term", "year"], "period")
        if period == "term":
            return np.asarray(self.terms)
        if period == "year":
            return np.zeros(len(self), dtype=np.int64)
        if period == "quarter":
            return self.month // 100 * 10 + (self.month % 100 + 2) // 3
        return self.week if period == "week" else self.month

    def day_index(self, dates: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the index of the first school day on or after each date.

        Parameters
        ----------
        dates : array-like of datetime64
            Dates without missing values.

        Returns
        -------
        numpy.ndarray of int64
            Index in [0, n_days]; n_days where the date is after the last school day.
        """
        found = np.searchsorted(self.dates, np.asarray(dates, dtype="datetime64[D]"), side="left")
        return np.asarray(found, dtype=np.int64)

    def week_index(self, dates: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the school week of the first school day on or after each date.

        Parameters
        ----------
        dates : array-like of datetime64
            Dates without missing values.

        Returns
        -------
        numpy.ndarray of int64
            School week in [0, n_weeks]; n_weeks where the date is after the last school day.
        """
        padded = np.append(self.week, self.n_weeks)
        return np.asarray(padded[self.day_index(dates)], dtype=np.int64)
