"""Rules on pupil-days: duplicates, mixed records, unknown pupils, days outside the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import Problem

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.checked_rows import CheckedRows, Place
    from absence_risk.register.placed_days import PlacedDays

__all__ = ["day_problems", "pending_condition"]

# A month: the window in which most staircases look at absence.
_PATIENCE_DAYS = 30
_UNEXPLAINED = 60


def pending_condition(columns: frozenset[str]) -> str | None:
    """Return the SQL condition on rows whose absence waits for an explanation.

    Parameters
    ----------
    columns : frozenset of str
        Canonical columns of the rows.

    Returns
    -------
    str or None
        None where neither reason nor validity is recorded.
    """
    waits = {"reason_code": f"reason_code = {_UNEXPLAINED}", "validity": "validity = 'pending'"}
    found = [f"coalesce({how}, FALSE)" for name, how in waits.items() if name in columns]
    return " OR ".join(found) or None


def day_problems(rows: CheckedRows, days: PlacedDays, kept: str) -> list[Problem]:
    """Find what is wrong with current rows in the light of other rows and tables.

    Parameters
    ----------
    rows : CheckedRows
        The rows.
    days : PlacedDays
        Their pupil-days.
    kept : str
        SQL condition on the rows that were summed.

    Returns
    -------
    list of Problem
        Codes E201, E205, E206, E212, E301, W510 with exact counts and first lines.
    """
    broken = {code: count for code, count in _counts(days).items() if count.any()}
    places = _places(rows, days, broken, kept)
    return [_problem(code, int(count.sum()), places[code]) for code, count in broken.items()]


def _problem(code: str, count: int, place: Place | None) -> Problem:
    message, fix = _WORDS[code]
    return Problem(
        code=code,
        table="registers",
        file=None if place is None else place.file,
        line=None if place is None else place.line,
        column=_COLUMNS[code],
        n_rows=count,
        message=message,
        fix=fix,
    )


def _counts(days: PlacedDays) -> dict[str, npt.NDArray[np.int64]]:
    """Return the number of offending rows of every pupil-day by rule."""
    frame = days.frame
    n = frame["n"].to_numpy().astype(np.int64)
    counts = {
        "E201": frame["surplus"].to_numpy().astype(np.int64),
        "E205": n * (days.known & ~days.inside),
        "E206": n * days.torn,
        "E212": n * frame["mixed"].to_numpy().astype(bool),
        "E301": n * ~days.known,
    }
    if "pending" in frame and len(frame):
        day = frame["day"].to_numpy()
        counts["W510"] = frame["pending"].to_numpy() * (day < day.max() - _PATIENCE_DAYS)
    return counts


def _places(
    rows: CheckedRows, days: PlacedDays, broken: dict[str, npt.NDArray[np.int64]], kept: str
) -> dict[str, Place | None]:
    """Return the first row of each broken rule; only rows of bad pupil-days are looked at."""
    if not broken:
        return {}
    bad = days.frame[["pupil_key", "day"]].assign(**{c: n > 0 for c, n in broken.items()})
    bad = bad[bad[list(broken)].any(axis=1)]
    names = {"pupil_key": "bad_pupil", "day": "bad_day"}
    rows.connection.register("bad_days", bad.rename(columns=names))
    flags = ", ".join(broken)
    waits = pending_condition(rows.columns) or "FALSE"
    rows.connection.execute(
        f"CREATE TEMP TABLE bad_rows AS SELECT file_no, row_no, pupil_key, date, slot, "
        f"{waits} AS waits, {flags} FROM located JOIN bad_days ON pupil_key = bad_pupil "
        f"AND date = DATE '1970-01-01' + bad_day WHERE {kept}"
    )
    rows.connection.unregister("bad_days")
    conditions = {code: code for code in broken if code not in ("E201", "W510")}
    if "W510" in broken:
        conditions["W510"] = "W510 AND waits"
    places = rows.firsts(conditions, "bad_rows")
    if "E201" in broken:
        ranked = (
            "(SELECT *, row_number() OVER (PARTITION BY pupil_key, date, slot "
            "ORDER BY file_no, row_no) AS version FROM bad_rows WHERE E201)"
        )
        places |= rows.firsts({"E201": "version > 1"}, ranked)
    rows.connection.execute("DROP TABLE bad_rows")
    return places


_COLUMNS = {
    "E201": "slot",
    "E205": "date",
    "E206": "date",
    "E212": "slot",
    "E301": "pupil_key",
    "W510": "reason_code",
}

_WORDS = {
    "E201": (
        "A pupil has more than one current row for a date and slot; the surplus rows are counted.",
        "Keep one row, or mark earlier versions with superseded_at.",
    ),
    "E205": (
        "The date is no offered day of the pupil's school or outside the pupil's enrolment.",
        "Correct the calendar (offered), the enrolment (entry, exit) or the date.",
    ),
    "E206": (
        "On the date the pupil is enrolled at two schools at once.",
        "Correct the enrolments (entry, exit), so that one school answers for each lesson.",
    ),
    "E212": (
        "A pupil has a day record (slot 0) and lesson records on one date.",
        "Keep one of the two, or the day is counted twice.",
    ),
    "E301": ("The pupil is not in the table pupils.", "Add the pupil or remove the rows."),
    "W510": (
        "Absence is still unexplained (pending) more than 30 days before the last date.",
        "Have it explained, or decide how it counts; it is neither valid nor invalid yet.",
    ),
}
