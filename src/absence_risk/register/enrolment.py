"""Which enrolment holds on a date: pupils join, leave and change school."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.calendar import SchoolCalendar

__all__ = ["enrolled_days", "enrolled_rows", "schools_on", "spell_days"]

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


def enrolled_days(
    pupils: pd.DataFrame,
    pupil_key: npt.ArrayLike,
    calendar: SchoolCalendar,
    school_dates: pd.DataFrame | None = None,
) -> npt.NDArray[np.bool_]:
    """Return on which school days each pupil was enrolled.

    Parameters
    ----------
    pupils : pandas.DataFrame
        Enrolment spells: pupil_key, school_key and, if there are any, entry and exit (first and
        last day; missing: open).
    pupil_key : array-like of int, shape (n,)
        Keys, ascending and unique.
    calendar : SchoolCalendar
        The school days.
    school_dates : pandas.DataFrame or None
        The canonical table calendar; with it only days count on which the pupil's own school
        offers teaching.

    Returns
    -------
    numpy.ndarray of bool, shape (n, n_days)
        True on days inside a spell; nowhere for pupils without one.

    Examples
    --------
    >>> import pandas as pd
    >>> from absence_risk.register.calendar import SchoolCalendar
    >>> days = SchoolCalendar(np.arange("2025-09-01", "2025-09-05", dtype="datetime64[D]"), "HHHH")
    >>> spells = pd.DataFrame({"pupil_key": [7, 8], "school_key": ["A", "A"],
    ...     "entry": pd.to_datetime([None, "2025-09-03"])})
    >>> enrolled_days(spells, [7, 8], days).sum(axis=1).tolist()
    [4, 2]
    """
    keys = np.asarray(pupil_key).astype(np.int64)
    spell_key = pupils["pupil_key"].to_numpy().astype(np.int64)
    row = np.searchsorted(keys, spell_key)
    known = np.append(keys, -1)[row] == spell_key
    row, spells = row[known], pupils[known]
    first, stop = spell_days(spells, calendar)
    order = np.argsort(row, kind="stable")
    row, spells, first, stop = row[order], spells.iloc[order], first[order], stop[order]
    enrolled = np.zeros((len(keys), len(calendar)), dtype=bool)
    if not len(row):
        return enrolled
    offered = None if school_dates is None else _offered(spells, calendar, school_dates)
    day = np.arange(len(calendar))
    # The first spells of all pupils, then the second ones: in a pass each pupil occurs once.
    number = np.arange(len(row)) - np.searchsorted(row, row, side="left")
    for turn in range(int(number.max()) + 1):
        at = np.flatnonzero(number == turn)
        inside = (day >= first[at, None]) & (day < stop[at, None])
        if offered is not None:
            inside &= offered[at]
        enrolled[row[at]] |= inside
    return enrolled


def spell_days(
    pupils: pd.DataFrame, calendar: SchoolCalendar
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the school days that each enrolment spell covers.

    Parameters
    ----------
    pupils : pandas.DataFrame
        Enrolment spells with entry and exit, if there are any.
    calendar : SchoolCalendar
        The school days.

    Returns
    -------
    tuple of numpy.ndarray of int64, shape (n_spells,) each
        First school day and the one after the last, as day indices.
    """
    first = np.zeros(len(pupils), dtype=np.int64)
    stop = np.full(len(pupils), len(calendar), dtype=np.int64)
    for name, shift, into in (("entry", 0, first), ("exit", 1, stop)):
        if name in pupils.columns:
            dates = pupils[name].to_numpy().astype("datetime64[D]")
            there = ~np.isnat(dates)
            into[there] = calendar.day_index(dates[there] + shift)
    return first, stop


def _offered(
    spells: pd.DataFrame, calendar: SchoolCalendar, school_dates: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Return on which days the school of each spell offers teaching."""
    import pandas as pd  # noqa: PLC0415

    schools = pd.Index(school_dates["school_key"].unique())
    taught = school_dates[school_dates["offered"].astype(bool)]
    dates = taught["date"].to_numpy().astype("datetime64[D]")
    column = calendar.day_index(dates)
    inside = np.append(calendar.dates, np.datetime64("NaT"))[column] == dates
    table = np.zeros((len(schools) + 1, len(calendar)), dtype=bool)
    table[schools.get_indexer(pd.Index(taught["school_key"]))[inside], column[inside]] = True
    # A school that the calendar does not know has the last row, on which nothing is offered.
    return np.asarray(table[schools.get_indexer(pd.Index(spells["school_key"]))])
