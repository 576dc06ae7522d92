"""Lessons that were planned, the terms, and the calendar that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.register.readers.keyed import key_joins, key_sql
from absence_risk.register.readers.mapping import PUPIL_LINKS
from absence_risk.register.readers.settled import Settled, settle, union
from absence_risk.register.readers.written import Fault
from absence_risk.register.row_files import quoted, sql_text

if TYPE_CHECKING:
    from absence_risk.register.readers.mapping import Mapping
    from absence_risk.register.readers.staged import Desk, Staged

__all__ = ["derive_calendar", "links_sql", "make_lessons", "settle_calendar", "term_sql"]

_LINK_TYPES = {"grade": "UTINYINT"}


def term_sql(mapping: Mapping, date: str) -> str:
    """Return SQL of the term of a date; nothing outside all terms.

    Parameters
    ----------
    mapping : Mapping
        Without terms, a term is a half of a calendar year.
    date : str
        SQL of the date.

    Returns
    -------
    str
        SQL.
    """
    if not mapping.terms:
        return f"concat(year({date}), CASE WHEN month({date}) >= 7 THEN '-2' ELSE '-1' END)"
    whens = " ".join(
        f"WHEN {date} BETWEEN DATE '{term.first}' AND DATE '{term.last}' THEN {sql_text(term.name)}"
        for term in mapping.terms
    )
    return f"CASE {whens} END"


def outside_terms(mapping: Mapping) -> list[Fault]:
    """Return the kind of fault of a date outside all terms of the mapping.

    Parameters
    ----------
    mapping : Mapping
        The mapping.

    Returns
    -------
    list of Fault
        Empty if the mapping has no terms.
    """
    if not mapping.terms:
        return []
    return [
        Fault(
            code="E205",
            column="date",
            broken=f"date IS NOT NULL AND {term_sql(mapping, 'date')} IS NULL",
            message="The date is in no term of the mapping.",
            fix="Correct the date, or first and last of the terms.",
        )
    ]


def settle_calendar(desk: Desk, parts: list[Staged]) -> Settled | None:
    """Settle the calendar, if the export has one, and make the table ``school_dates``.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the table.

    Returns
    -------
    Settled or None
        The decided table; None if the export has no calendar.
    """
    if not parts:
        return None
    faults = [
        *outside_terms(desk.mapping),
        Fault(
            code="E305",
            column="date",
            broken="mask = 0 AND again > 1",
            message="The date is listed again.",
            fix="Keep one row for each school and date.",
        ),
    ]
    again = (
        "row_number() OVER (PARTITION BY school_key, date, mask <> 0 OR skip ORDER BY part, row) "
        "AS again"
    )
    settled = settle(desk, "calendar", union(desk, "calendar", parts), parts, faults, (again,))
    all_schools = not any("school_key" in one.columns for one in parts)
    place = "settled_calendar c"
    if all_schools:
        place += ", (SELECT DISTINCT school_key AS school FROM spells)"
    school = "school" if all_schools else "c.school_key"
    term = f"coalesce(c.term, {term_sql(desk.mapping, 'c.date')})"
    desk.connection.execute(
        f"CREATE TEMP TABLE school_dates AS SELECT {school} AS school_key, c.date, "
        f"coalesce(c.offered, TRUE) AS offered, {term} AS term FROM {place} WHERE status = 0"
    )
    return settled


def make_lessons(desk: Desk, parts: list[Staged]) -> Settled | None:
    """Make the table ``lessons`` with planned minutes by class (or school, group, pupil).

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the timetable; empty to make it from the calendar.

    Returns
    -------
    Settled or None
        The decided timetable; None if it was made from the calendar.
    """
    con = desk.connection
    if not parts:
        part = desk.mapping.of("timetable")[0]
        planned = int(part.fields["scheduled_min"].value or 0)
        con.execute(
            "CREATE TEMP TABLE lessons AS SELECT school_key, date, slot::UTINYINT AS slot, "
            f"{planned}::SMALLINT AS planned, NULL::VARCHAR AS subject, FALSE AS cancelled, "
            f"TRUE AS reported FROM school_dates, (SELECT unnest({list(part.slots)}) AS slot) "
            "WHERE offered"
        )
        return None
    links = [link for link in PUPIL_LINKS if all(link in one.columns for one in parts)]
    settled = _settle_timetable(desk, parts, links)
    names = ", ".join(quoted(link) for link in links)
    con.execute(
        f"CREATE TEMP TABLE lessons AS SELECT {names}, date, slot, planned, subject, cancelled, "
        "reported FROM settled_timetable WHERE status = 0 OR "
        "(status = 3 AND cancelled AND NOT skip AND mask = 0)"
    )
    return settled


def _settle_timetable(desk: Desk, parts: list[Staged], links: list[str]) -> Settled:
    late = [
        *outside_terms(desk.mapping),
        Fault(
            code="E203",
            column="scheduled_min",
            broken="planned < 0",
            message="Minutes are negative.",
            fix="Correct the export.",
        ),
        Fault(
            code="E114",
            column="slot",
            broken="slot > 40 OR planned > 1440",
            message="Lessons have numbers from 0 to 40 and at most 1440 minutes.",
            fix="Correct the value, or unit in the mapping.",
        ),
        Fault(
            code="E305",
            column="slot",
            broken="mask = 0 AND again > 1",
            message="The lesson is listed again.",
            fix="Keep one row for each class, date and lesson.",
        ),
    ]
    if desk.mapping.of("calendar"):
        late.append(
            Fault(
                code="E205",
                column="date",
                broken="date NOT IN (SELECT date FROM school_dates WHERE offered)",
                message="The calendar has no school on the date.",
                fix="Correct the calendar or the timetable.",
            )
        )
    keys = ", ".join(quoted(link) for link in links)
    again = (
        f"row_number() OVER (PARTITION BY {keys}, date, slot, mask <> 0 OR skip "
        "ORDER BY part, row) AS again"
    )
    queries = [_timetable_sql(desk, one, number, links) for number, one in enumerate(parts)]
    return settle(
        desk, "timetable", " UNION ALL ".join(queries), parts, late, (again,), aside="cancelled"
    )


def _timetable_sql(desk: Desk, one: Staged, number: int, links: list[str]) -> str:
    chosen = [f"{number} AS part", "s.rowid AS row", "s.skip", "s.mask"]
    for link in links:
        value = key_sql(desk, link) if link == "pupil_key" else f"s.{quoted(link)}"
        chosen.append(f"{value} AS {quoted(link)}")
    chosen.append(f"{'pupil_key' if 'pupil_key' in links else 'NULL::UINTEGER'} AS key")
    chosen += ["s.date", "s.slot", "s.scheduled_min AS planned"]
    chosen.append(f"{'s.subject_code' if 'subject_code' in one.columns else 'NULL'} AS subject")
    for name, empty in (("cancelled", "FALSE"), ("is_reported", "TRUE")):
        value = f"coalesce(s.{name}, {empty})" if name in one.columns else empty
        chosen.append(f"{value} AS {name.removeprefix('is_')}")
    return f"SELECT {', '.join(chosen)} FROM {one.name} s{key_joins(desk, one)}"


def links_sql(desk: Desk) -> str:
    """Return SQL that puts a spell ``p`` to its lessons ``t``, date and slot aside.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.

    Returns
    -------
    str
        A condition.
    """
    columns = [row[0] for row in desk.connection.sql("DESCRIBE lessons").fetchall()]
    links = [link for link in PUPIL_LINKS if link in columns]
    return " AND ".join(
        "p.key = t.pupil_key" if link == "pupil_key" else f"p.{link} = t.{link}" for link in links
    )


def derive_calendar(desk: Desk, days: str) -> None:
    """Make the table ``school_dates`` where the export has no calendar.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    days : str
        Query with ``school_key`` and ``date`` of all days on which lessons were held.
    """
    desk.connection.execute(
        f"CREATE TEMP TABLE school_dates AS SELECT school_key, date, TRUE AS offered, "
        f"{term_sql(desk.mapping, 'date')} AS term FROM ({days}) GROUP BY school_key, date"
    )
