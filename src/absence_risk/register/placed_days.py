"""Pupil-days of the rows, beside the enrolments and the calendar they must lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.checked_rows import CheckedRows

__all__ = ["NEEDED", "Offered", "PlacedDays", "kept_rows", "placed_days"]

NEEDED = ("pupil_key", "date", "slot", "scheduled_min", "valid_min", "invalid_min", "is_reported")
"""Columns without which there are no pupil-days."""

_DAYS = """
SELECT pupil_key,
       CAST(date - DATE '1970-01-01' AS INTEGER) AS day,
       CAST(count(*) AS INTEGER) AS n,
       CAST(count(*) - bit_count(bit_or(1::BIGINT << least(slot, 40)::BIGINT)) AS INTEGER)
           AS surplus,
       min(slot) = 0 AND max(slot) > 0 AS mixed,
       CAST(sum(scheduled_min) AS INTEGER) AS scheduled,
       CAST(sum(CASE WHEN is_reported THEN scheduled_min ELSE 0 END) AS INTEGER) AS reported,
       CAST(sum(valid_min) AS INTEGER) AS valid,
       CAST(sum(invalid_min) AS INTEGER) AS invalid{more}
FROM rows WHERE {kept} GROUP BY pupil_key, date
"""
_PENDING = ",\n       CAST(count_if({pending}) AS INTEGER) AS pending"


@dataclass(frozen=True, eq=False)
class Offered:
    """Which school offers teaching on which day.

    Parameters
    ----------
    schools : pandas.Index
        School keys.
    first : int
        First day, counted from 1970-01-01.
    table : numpy.ndarray of bool, shape (n_schools, n_days)
        Whether teaching is offered.
    """

    schools: pd.Index
    first: int
    table: npt.NDArray[np.bool_]

    def at(
        self, school: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """Return whether schools offer teaching on days.

        Parameters
        ----------
        school, day : numpy.ndarray of int64, shape (n,)
            Position of the school, -1 for none; day counted from 1970-01-01.

        Returns
        -------
        numpy.ndarray of bool, shape (n,)
            False outside the calendar.
        """
        column = day - self.first
        there = (school >= 0) & (column >= 0) & (column < self.table.shape[1])
        found = np.zeros(len(day), dtype=bool)
        found[there] = self.table[school[there], column[there]]
        return found


@dataclass(frozen=True, eq=False)
class PlacedDays:
    """Pupil-days beside the enrolment and the calendar, all of one length.

    Parameters
    ----------
    frame : pandas.DataFrame
        pupil_key, day, n (rows), surplus (repeated slots), mixed (day and lesson records),
        scheduled, reported, valid, invalid (minutes), pending (rows; only where recorded).
    known : numpy.ndarray of bool
        Whether the pupil has an enrolment.
    inside : numpy.ndarray of bool
        Whether the day lies in an enrolment and is offered by its school.
    torn : numpy.ndarray of bool
        Whether the day lies in enrolments at two schools.
    school : numpy.ndarray of int64
        Position of the school in ``offered.schools``, -1 if unknown.
    offered : Offered
        The calendar.
    """

    frame: pd.DataFrame
    known: npt.NDArray[np.bool_]
    inside: npt.NDArray[np.bool_]
    torn: npt.NDArray[np.bool_]
    school: npt.NDArray[np.int64]
    offered: Offered


def kept_rows(columns: Collection[str], protected: Collection[int]) -> str:
    """Return the SQL condition on rows that are checked: current ones, of unprotected pupils.

    Parameters
    ----------
    columns : collection of str
        Canonical columns of the rows.
    protected : collection of int
        Keys of protected pupils.

    Returns
    -------
    str
        SQL.
    """
    kept = "pupil_key IS NOT NULL AND date IS NOT NULL AND slot IS NOT NULL"
    if "superseded_at" in columns:
        kept += ' AND superseded_at IS NULL AND NOT "bad superseded_at"'
    if protected:
        kept += f" AND pupil_key NOT IN ({', '.join(map(str, sorted(protected)))})"
    return kept


def placed_days(
    rows: CheckedRows, kept: str, pending: str | None, pupils: pd.DataFrame, calendar: pd.DataFrame
) -> PlacedDays:
    """Sum rows to pupil-days and find each one's school.

    Parameters
    ----------
    rows : CheckedRows
        The rows.
    kept : str
        SQL condition on the rows that count.
    pending : str or None
        SQL condition on rows whose absence waits for an explanation.
    pupils, calendar : pandas.DataFrame
        Canonical tables.

    Returns
    -------
    PlacedDays
        One entry per pupil and date.
    """
    more = "" if pending is None else _PENDING.format(pending=pending)
    return _placed(rows.frame(_DAYS.format(kept=kept, more=more)), pupils, calendar)


def _placed(frame: pd.DataFrame, pupils: pd.DataFrame, calendar: pd.DataFrame) -> PlacedDays:
    """Find each pupil-day's school and whether it lies in an enrolment and the calendar."""
    import pandas as pd  # noqa: PLC0415

    offered = _offered(calendar)
    spells = pupils.dropna(subset=["pupil_key"])
    key = spells["pupil_key"].to_numpy().astype(np.int64)
    order = np.argsort(key, kind="stable")
    key = key[order]
    spell_school = offered.schools.get_indexer(pd.Index(spells["school_key"]))[order].astype(
        np.int64
    )
    entry = _day_numbers(spells["entry"], -(2**30))[order]
    leave = _day_numbers(spells["exit"], 2**30)[order]
    pupil = frame["pupil_key"].to_numpy().astype(np.int64)
    day = frame["day"].to_numpy().astype(np.int64)
    first = np.searchsorted(key, pupil, side="left")
    n_spells = np.searchsorted(key, pupil, side="right") - first
    school = np.full(len(frame), -1, dtype=np.int64)
    inside = np.zeros(len(frame), dtype=bool)
    torn = np.zeros(len(frame), dtype=bool)
    covered = np.full(len(frame), -1, dtype=np.int64)
    for spell in range(int(n_spells.max(initial=0))):
        has = np.flatnonzero(n_spells > spell)
        at = first[has] + spell
        covers = (entry[at] <= day[has]) & (day[has] <= leave[at])
        torn[has] |= covers & (covered[has] >= 0) & (covered[has] != spell_school[at])
        covered[has] = np.where(covers, spell_school[at], covered[has])
        # The first spell that covers the day and offers it decides.
        open_ = ~inside[has]
        has, at, covers = has[open_], at[open_], covers[open_]
        school[has] = np.where(covers | (school[has] < 0), spell_school[at], school[has])
        inside[has] = covers & offered.at(spell_school[at], day[has])
    return PlacedDays(frame, n_spells > 0, inside, torn, school, offered)


def _offered(calendar: pd.DataFrame) -> Offered:
    import pandas as pd  # noqa: PLC0415

    usable = calendar.dropna(subset=["school_key", "date", "offered"])
    schools = pd.Index(usable["school_key"].unique())
    if not len(usable):
        return Offered(schools, 0, np.zeros((0, 0), dtype=bool))
    day = _day_numbers(usable["date"], 0)
    first = int(day.min())
    table = np.zeros((len(schools), int(day.max()) - first + 1), dtype=bool)
    on = usable["offered"].to_numpy().astype(bool)
    table[schools.get_indexer(pd.Index(usable["school_key"]))[on], day[on] - first] = True
    return Offered(schools, first, table)


def _day_numbers(dates: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64))
