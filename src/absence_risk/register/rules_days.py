"""Rules on pupil-days: duplicates, mixed records, unknown pupils, days outside the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.checked_rows import CheckedRows

__all__ = ["day_problems"]

_NEEDED = ("pupil_key", "date", "slot", "scheduled_min", "valid_min", "invalid_min", "is_reported")
_LEAST_REPORTED = 0.9
_LEAST_DAYS = 10

_DAYS = """
SELECT pupil_key,
       CAST(date - DATE '1970-01-01' AS INTEGER) AS day,
       CAST(count(*) AS INTEGER) AS n,
       CAST(count(*) - bit_count(bit_or(1::BIGINT << least(slot, 40)::BIGINT)) AS INTEGER)
           AS surplus,
       min(slot) = 0 AND max(slot) > 0 AS mixed,
       CAST(sum(scheduled_min) AS INTEGER) AS scheduled,
       CAST(sum(CASE WHEN is_reported THEN scheduled_min ELSE 0 END) AS INTEGER) AS reported,
       CAST(sum(coalesce(valid_min, 0) + coalesce(invalid_min, 0)) AS INTEGER) AS absent
FROM rows WHERE {kept} GROUP BY pupil_key, date
"""


@dataclass(frozen=True, eq=False)
class _Days:
    """Pupil-days beside the enrolment and the calendar, all of one length."""

    frame: pd.DataFrame
    known: npt.NDArray[np.bool_]
    inside: npt.NDArray[np.bool_]
    school: npt.NDArray[np.int64]
    offered: _Offered


@dataclass(frozen=True, eq=False)
class _Offered:
    """Which school offers teaching on which day."""

    schools: pd.Index
    first: int
    table: npt.NDArray[np.bool_]

    def at(
        self, school: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        column = day - self.first
        there = (school >= 0) & (column >= 0) & (column < self.table.shape[1])
        found = np.zeros(len(day), dtype=bool)
        found[there] = self.table[school[there], column[there]]
        return found


def day_problems(
    rows: CheckedRows,
    pupils: pd.DataFrame,
    calendar: pd.DataFrame,
    protected: Collection[int],
) -> list[Problem]:
    """Find what is wrong with current rows in the light of other rows and tables.

    Parameters
    ----------
    rows : CheckedRows
        The rows.
    pupils, calendar : pandas.DataFrame
        Canonical tables.
    protected : collection of int
        Keys of pupils whose rows are left out.

    Returns
    -------
    list of Problem
        Codes E201, E205, E212, E301 with exact counts and first lines; W501, W502, W504 with the
        number of school-months. Empty where columns are missing that they need.
    """
    if not set(_NEEDED) <= rows.columns:
        return []
    kept = "pupil_key IS NOT NULL AND date IS NOT NULL AND slot IS NOT NULL"
    if "superseded_at" in rows.columns:
        kept += ' AND superseded_at IS NULL AND NOT "bad superseded_at"'
    if protected:
        kept += f" AND pupil_key NOT IN ({', '.join(map(str, sorted(protected)))})"
    frame = rows.frame(_DAYS.format(kept=kept))
    days = _placed(frame, pupils, calendar)
    return [*_broken_days(rows, days, kept), *_month_warnings(days)]


def _placed(frame: pd.DataFrame, pupils: pd.DataFrame, calendar: pd.DataFrame) -> _Days:
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
    for spell in range(int(n_spells.max(initial=0))):
        has = np.flatnonzero((n_spells > spell) & ~inside)
        at = first[has] + spell
        covers = (entry[at] <= day[has]) & (day[has] <= leave[at])
        school[has] = np.where(covers | (school[has] < 0), spell_school[at], school[has])
        inside[has] = covers & offered.at(spell_school[at], day[has])
    return _Days(frame, n_spells > 0, inside, school, offered)


def _offered(calendar: pd.DataFrame) -> _Offered:
    import pandas as pd  # noqa: PLC0415

    usable = calendar.dropna(subset=["school_key", "date", "offered"])
    schools = pd.Index(usable["school_key"].unique())
    if not len(usable):
        return _Offered(schools, 0, np.zeros((0, 0), dtype=bool))
    day = _day_numbers(usable["date"], 0)
    first = int(day.min())
    table = np.zeros((len(schools), int(day.max()) - first + 1), dtype=bool)
    on = usable["offered"].to_numpy().astype(bool)
    table[schools.get_indexer(pd.Index(usable["school_key"]))[on], day[on] - first] = True
    return _Offered(schools, first, table)


def _day_numbers(dates: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64))


def _broken_days(rows: CheckedRows, days: _Days, kept: str) -> list[Problem]:
    frame = days.frame
    n = frame["n"].to_numpy()
    surplus = frame["surplus"].to_numpy()
    mixed = frame["mixed"].to_numpy().astype(bool)
    rules = (
        ("E201", "slot", surplus > 0, surplus),
        ("E205", "date", days.known & ~days.inside, n),
        ("E212", "slot", mixed, n),
        ("E301", "pupil_key", ~days.known, n),
    )
    problems = []
    for code, column, broken, count in rules:
        if not broken.any():
            continue
        rows.connection.register("bad_days", frame.loc[broken, ["pupil_key", "day"]])
        place = rows.first(*_search(code, kept))
        rows.connection.unregister("bad_days")
        message, fix = _WORDS[code]
        problems.append(
            Problem(
                code=code,
                table="registers",
                file=None if place is None else place.file,
                line=None if place is None else place.line,
                column=column,
                n_rows=int(count[broken].sum()),
                message=message,
                fix=fix,
            )
        )
    return problems


_WORDS = {
    "E201": (
        "A pupil has more than one current row for a date and slot; the surplus rows are counted.",
        "Keep one row, or mark earlier versions with superseded_at.",
    ),
    "E205": (
        "The date is no offered day of the pupil's school or outside the pupil's enrolment.",
        "Correct the calendar (offered), the enrolment (entry, exit) or the date.",
    ),
    "E212": (
        "A pupil has a day record (slot 0) and lesson records on one date.",
        "Keep one of the two, or the day is counted twice.",
    ),
    "E301": ("The pupil is not in the table pupils.", "Add the pupil or remove the rows."),
}


def _search(code: str, kept: str) -> tuple[str, str]:
    """Return condition and source that find the first row of the bad pupil-days."""
    bad = (
        f"SELECT located.* FROM located SEMI JOIN bad_days ON located.pupil_key = "
        f"bad_days.pupil_key AND located.date = DATE '1970-01-01' + bad_days.day WHERE {kept}"
    )
    if code != "E201":
        return "TRUE", f"({bad})"
    ranked = (
        f"SELECT *, row_number() OVER (PARTITION BY pupil_key, date, slot "
        f"ORDER BY file_no, row_no) AS version FROM ({bad})"
    )
    return "version > 1", f"({ranked})"


def _month_warnings(days: _Days) -> list[Problem]:
    """Warn about months of schools in which figures mean little; never names one."""
    usable = days.school >= 0
    date = days.frame["day"].to_numpy()[usable].astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64)
    if not len(month):
        return []
    first, n_months = int(month.min()), int(month.max() - month.min()) + 1
    cell = days.school[usable] * n_months + month - first
    size = len(days.offered.schools) * n_months
    scheduled, reported, absent = (
        np.bincount(cell, weights=days.frame[name].to_numpy()[usable], minlength=size)
        for name in ("scheduled", "reported", "absent")
    )
    taught = scheduled > 0
    thin = taught & (reported < _LEAST_REPORTED * scheduled)
    silent = taught & (absent == 0)
    short = taught & (_offered_days(days.offered, first, n_months) < _LEAST_DAYS)
    found = (
        ("W501", "is_reported", thin, "In some school-months less than 90 % was reported."),
        ("W502", "valid_min", silent, "In some school-months nobody was absent at all."),
        ("W504", "date", short, "Some school-months have fewer than 10 school days."),
    )
    return [
        Problem(
            code=code,
            table="registers",
            column=column,
            n_rows=int(cells.sum()),
            message=f"{message} The count is of school-months, of {int(taught.sum())}.",
            fix=_MONTH_FIXES[code],
        )
        for code, column, cells, message in found
        if cells.any()
    ]


_MONTH_FIXES = {
    "W501": 'Ask whether reporting was late; compare the denominator "reported".',
    "W502": "Ask whether the school recorded absence in those months.",
    "W504": "Do not read monthly shares or monthly steps of those months.",
}


def _offered_days(offered: _Offered, first: int, n_months: int) -> npt.NDArray[np.int64]:
    dates = (offered.first + np.arange(offered.table.shape[1])).astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64) - first
    inside = (month >= 0) & (month < n_months)
    school, day = np.nonzero(offered.table[:, inside])
    cell = school * n_months + month[inside][day]
    return np.bincount(cell, minlength=len(offered.schools) * n_months)
