"""Settle the register rows: put marks to pupils and lessons, find repeats and corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.register.readers.marks import mark_faults, marks_sql, minutes_sql, reason_sql
from absence_risk.register.readers.settled import FIRST_LATE, KEPT, Settled, status
from absence_risk.register.readers.staged import bits
from absence_risk.register.readers.timetable import links_sql, outside_terms
from absence_risk.register.readers.written import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.register.readers.staged import Desk, Staged

__all__ = ["REPEATED", "rows_query", "school_days_query", "settle_rows"]

REPEATED = (62, 61)
"""Bits of a repeated row, and of one that contradicts another."""

_TELLS = "valid + invalid + other + coalesce(late, 0) > 0 OR counts IN ('late', 'elsewhere')"
_ASIDE = "counts IN ('ignore', 'not_scheduled') OR cancelled"


def _repeat_faults() -> dict[int, Fault]:
    """Return the kinds of faults that only other rows of the pupil and lesson show, by bit."""
    again, against = REPEATED
    return {
        again: Fault(
            code="E201",
            column="slot",
            broken="FALSE",
            message="The row is there already: same pupil, date, lesson and content.",
            fix="Export each absence once.",
        ),
        against: Fault(
            code="E201",
            column="slot",
            broken="FALSE",
            message="The row contradicts an earlier one of the pupil and lesson; "
            "nothing says which is right, so the first is kept.",
            fix="Export the time of registration (recorded_at), or the valid row only.",
        ),
    }


def settle_rows(desk: Desk, parts: list[Staged]) -> list[Settled]:
    """Decide on every row of the register, and make the table or view ``rows`` of sound ones.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    parts : list of Staged
        Parts of the register.

    Returns
    -------
    list of Settled
        One for each part.
    """
    settled = [_settle_part(desk, one, number) for number, one in enumerate(parts)]
    if _has_repeats(desk, settled):
        _sort_out_repeats(desk, settled)
    return settled


def _settle_part(desk: Desk, one: Staged, number: int) -> Settled:
    is_list = one.part.rows != "all"
    minutes = minutes_sql(one)
    late = [*_place_faults(desk, one), *mark_faults(one)]
    counts = minutes.pop("counts")
    amounts = ", ".join(f"{sql} AS {name}" for name, sql in minutes.items())
    reported = "coalesce(is_reported, TRUE) AND coalesce(counts, '') <> 'unreported'"
    if is_list:
        joined = _joined_to_lessons(desk)
        planned, off = "t.planned", "coalesce(t.cancelled, FALSE)"
    else:
        joined = _joined_to_pupils(desk)
        planned, off = "m.scheduled_min", "coalesce(m.cancelled, FALSE)"
    query = (
        f"WITH m AS ({marks_sql(desk, one, number)}), "
        f"j AS (SELECT m.* EXCLUDE (cancelled), {planned} AS planned, {off} AS cancelled, "
        f"{joined[0]} FROM m {joined[1]}), "
        f"c AS (SELECT *, {counts} AS counts FROM j), "
        f"a AS (SELECT *, {amounts}, {reported} AS reported FROM c), "
        f"r AS (SELECT *, CASE WHEN {_TELLS} THEN {reason_sql(one)} END AS reason FROM a), "
        f"f AS (SELECT * REPLACE (mask | {bits(late, FIRST_LATE)} AS mask) FROM r) "
        f"SELECT part, row, key, date, slot, planned, school_key, reported, mask, "
        "valid, invalid, other, late, reason, "
        f"{_validity()} AS validity, {_optional(one)}"
        f"{status('hidden', _ASIDE)} AS status FROM f"
    )
    place = f"settled_rows_{number}"
    desk.connection.execute(f"CREATE TEMP TABLE {place} AS {query}")
    return Settled(
        table="registers",
        place=place,
        parts=[one],
        late=late,
        columns=set(one.columns),
        more=_repeat_faults(),
    )


_OPTIONAL = {
    "documentation": "documentation_axis",
    "source": "source_axis",
    "recorded_at": "recorded_at",
    "subject_code": "subject_code",
    "group_key": "group_key",
    "superseded_at": "NULL::TIMESTAMP",
}


def _given(one: Staged) -> list[str]:
    """Return optional columns that can hold anything; lists of absences keep all of them."""
    if one.part.rows != "all":
        return list(_OPTIONAL)
    told = {axis for code in one.part.codes for axes in code.labels.values() for axis in axes}
    told |= {axis for code in one.part.codes for axis in code.otherwise or {}}
    there = one.columns | told
    if "recorded_at" in there:
        there.add("superseded_at")
    return [name for name in _OPTIONAL if name in there]


def _optional(one: Staged) -> str:
    return "".join(f"{_OPTIONAL[name]} AS {name}, " for name in _given(one))


def _validity() -> str:
    return (
        "coalesce(validity_axis, CASE WHEN valid > 0 AND invalid = 0 THEN 'valid' "
        "WHEN invalid > 0 AND valid = 0 THEN 'invalid' END)"
    )


def _joined_to_pupils(desk: Desk) -> tuple[str, str]:
    """Return columns and joins; with one spell for each pupil, one look-up tells everything."""
    columns = "h.key IS NOT NULL AS hidden, TRUE AS lesson_found, TRUE AS lesson_reported, "
    inside = 'm.date BETWEEN p.entry AND p."exit"'
    hidden = "LEFT JOIN protected h ON h.key = m.key "
    one_spell = desk.connection.sql("SELECT count(*) = count(DISTINCT key) FROM spells").fetchall()[
        0
    ][0]
    if one_spell:
        columns += f"p.key IS NOT NULL AS known, coalesce({inside}, FALSE) AS enrolled, "
        columns += f"CASE WHEN {inside} THEN p.school_key END AS school_key"
        return columns, f"{hidden} LEFT JOIN spells p ON p.key = m.key"
    columns += "k.key IS NOT NULL AS known, p.key IS NOT NULL AS enrolled, p.school_key"
    return columns, (
        f"{hidden} LEFT JOIN (SELECT DISTINCT key FROM spells) k ON k.key = m.key "
        f"LEFT JOIN spells p ON p.key = m.key AND {inside}"
    )


def _joined_to_lessons(desk: Desk) -> tuple[str, str]:
    columns, joins = _joined_to_pupils(desk)
    columns = columns.replace("TRUE AS lesson_found", "t.slot IS NOT NULL AS lesson_found")
    columns = columns.replace(
        "TRUE AS lesson_reported", "coalesce(t.reported, TRUE) AS lesson_reported"
    )
    return columns, (
        f"{joins} LEFT JOIN lessons t ON t.date = m.date AND t.slot = m.slot AND {links_sql(desk)}"
    )


def _place_faults(desk: Desk, one: Staged) -> list[Fault]:
    absent = "counts IN ('valid', 'invalid', 'late') OR valid + invalid > 0"
    faults = [
        _fault(
            "E301",
            "pupil_key",
            "mask = 0 AND NOT known",
            "The pupil is not in the table of pupils.",
            "Export both files at one time.",
        ),
        _fault(
            "E205",
            "date",
            "date IS NOT NULL AND known AND NOT enrolled",
            "The date is outside the pupil's enrolment.",
            "Correct entry and exit, or the date.",
        ),
        _fault(
            "E207",
            "date",
            f"cancelled AND ({absent})",
            "Absence in a cancelled lesson.",
            "Remove the absence, or the mark that the lesson was cancelled.",
        ),
    ]
    if one.part.rows == "all":
        return faults + _faults_of_all_lessons(desk)
    return faults + _faults_of_absences(one, absent)


def _faults_of_absences(one: Staged, absent: str) -> list[Fault]:
    """Return what can be wrong where presence is what the timetable has and no row denies."""
    faults = [
        _fault(
            "E205",
            "slot",
            "date IS NOT NULL AND slot IS NOT NULL AND enrolled AND NOT lesson_found",
            "The pupil had no planned lesson then.",
            "Correct the date or the lesson, or add the lesson to the timetable.",
        )
    ]
    if one.part.rows == "absences" and one.part.unreported_absence == "quarantine":
        faults.append(
            _fault(
                "E210",
                "is_reported",
                f"lesson_found AND NOT cancelled AND NOT lesson_reported AND ({absent})",
                "Absence in a lesson that nobody reported.",
                'Set unreported_absence = "keep" if guardians report before the lesson.',
            )
        )
    return faults


def _faults_of_all_lessons(desk: Desk) -> list[Fault]:
    """Return what can be wrong where each lesson has its row."""
    faults = [
        *outside_terms(desk.mapping),
        _fault(
            "E210",
            "is_reported",
            "NOT reported AND valid + invalid > 0",
            "Minutes are given although nothing was reported.",
            "Leave minutes empty or 0 where nothing was reported.",
        ),
    ]
    if desk.mapping.of("calendar"):
        faults.append(
            _fault(
                "E205",
                "date",
                "enrolled AND (school_key, date) NOT IN "
                "(SELECT (school_key, date) FROM school_dates WHERE offered)",
                "The school's calendar has no school on the date.",
                "Correct the calendar or the date.",
            )
        )
    return faults


def _fault(code: str, column: str, broken: str, message: str, fix: str) -> Fault:
    return Fault(code=code, column=column, broken=broken, message=message, fix=fix)


def _has_repeats(desk: Desk, settled: list[Settled]) -> bool:
    """Whether a pupil has two sound rows in one slot; days are enough to tell, and far fewer."""
    rows = " UNION ALL ".join(
        f"SELECT key, date, slot FROM {one.place} WHERE status = {KEPT}" for one in settled
    )
    found = desk.connection.sql(
        "SELECT 1 FROM (SELECT count(*) - bit_count(bit_or(1::BIGINT << slot)) AS surplus "
        f"FROM ({rows}) GROUP BY key, date) WHERE surplus > 0 LIMIT 1"
    ).fetchall()
    return bool(found)


def _sort_out_repeats(desk: Desk, settled: list[Settled]) -> None:
    """Quarantine repeats; a later correction supersedes an earlier row, and both are kept."""
    con = desk.connection
    content = "hash(valid, invalid, other, late, reason, validity)"
    rows = " UNION ALL ".join(
        f"SELECT part, row, key, date, slot, {_time(one)} AS recorded_at, {content} AS content, "
        f"{_kind(one)} AS kind, planned, valid + invalid + other AS minutes FROM {one.place} "
        f"WHERE status = {KEPT}"
        for one in settled
    )
    con.execute(
        f"CREATE TEMP TABLE repeats AS WITH r AS ({rows}), "
        "d AS (SELECT key, date FROM r GROUP BY key, date "
        "HAVING count(*) > bit_count(bit_or(1::BIGINT << slot))), "
        "o AS (SELECT r.* FROM r JOIN d USING (key, date)), "
        "g AS (SELECT *, row_number() OVER (PARTITION BY key, date, slot, kind, recorded_at, "
        "content ORDER BY part, row) AS copy, row_number() OVER (PARTITION BY key, date, slot, "
        "kind, recorded_at ORDER BY part, row) AS rival FROM o), "
        "v AS (SELECT part, row, lead(recorded_at) OVER (PARTITION BY key, date, slot, kind "
        "ORDER BY recorded_at NULLS FIRST, part, row) AS replaced FROM g WHERE rival = 1), "
        "t AS (SELECT part, row, sum(minutes) OVER (PARTITION BY key, date, slot "
        "ORDER BY part, row) > planned AND kind > 0 AS too_many FROM g LEFT JOIN v USING "
        "(part, row) WHERE rival = 1 AND replaced IS NULL) "
        "SELECT g.part, g.row, copy > 1 AS again, "
        "copy = 1 AND (rival > 1 OR coalesce(too_many, FALSE)) AS against, replaced "
        "FROM g LEFT JOIN v USING (part, row) LEFT JOIN t USING (part, row) "
        "WHERE copy > 1 OR rival > 1 OR replaced IS NOT NULL OR too_many"
    )
    again, against = REPEATED
    for one in settled:
        con.execute(
            f"UPDATE {one.place} s SET {_replaced(one)}"
            f"mask = CASE WHEN r.again THEN {1 << again}::BIGINT WHEN r.against "
            f"THEN {1 << against}::BIGINT ELSE mask END, "
            f"status = CASE WHEN r.again OR r.against THEN 1 ELSE status END "
            "FROM repeats r WHERE r.part = s.part AND r.row = s.row"
        )


def _time(one: Settled) -> str:
    return "recorded_at" if "recorded_at" in _given(one.parts[0]) else "NULL::TIMESTAMP"


def _replaced(one: Settled) -> str:
    there = "superseded_at" in _given(one.parts[0])
    return "superseded_at = r.replaced, " if there else ""


def _kind(one: Settled) -> str:
    """Return SQL of what a row says, where rows that say different things are parts of a lesson."""
    if one.parts[0].part.several != "add":
        return "0"
    return "CASE WHEN valid > 0 THEN 1 WHEN invalid > 0 THEN 2 WHEN other > 0 THEN 3 ELSE 4 END"


def rows_query(desk: Desk, settled: list[Settled]) -> str:
    """Return SQL of the canonical register rows.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    settled : list of Settled
        Decided rows.

    Returns
    -------
    str
        A query with all canonical columns.
    """
    whole = [one for one in settled if one.parts[0].part.rows == "all"]
    lists = [one for one in settled if one.parts[0].part.rows != "all"]
    queries = [
        f"SELECT {_columns('reported', _given(one.parts[0]))} FROM {one.place} "
        f"WHERE status = {KEPT}"
        for one in whole
    ]
    if lists:
        queries += _expanded(desk, lists)
    return " UNION ALL BY NAME ".join(queries)


def _columns(reported: str, optional: Sequence[str]) -> str:
    """Canonical columns; minutes are empty where nothing was reported."""

    def minutes(name: str) -> str:
        return f"CASE WHEN {reported} THEN {name} END::SMALLINT AS {name}_min"

    present = "planned - valid - invalid - other"
    return (
        "key::UINTEGER AS pupil_key, date AS date, slot::UTINYINT AS slot, "
        f"planned::SMALLINT AS scheduled_min, {minutes('valid')}, {minutes('invalid')}, "
        f"{reported} AS is_reported, CASE WHEN {reported} THEN {present} END::SMALLINT AS "
        f"present_min, {minutes('other')}, {minutes('late')}, reason AS reason_code, "
        f"validity AS validity{''.join(f', {name} AS {name}' for name in optional)}"
    )


def _expanded(desk: Desk, lists: list[Settled]) -> list[str]:
    """Every planned lesson of every pupil, with its absence if there is one."""
    marks = " UNION ALL ".join(f"SELECT * FROM {one.place} WHERE status = {KEPT}" for one in lists)
    silence = "t.reported"
    if any(one.parts[0].part.rows == "marks" for one in lists):
        silence = "FALSE"
    current = f"SELECT * FROM ({marks}) WHERE superseded_at IS NULL"
    if any(one.parts[0].part.several == "add" for one in lists):
        current = _added(current)
    subject = "coalesce(a.subject_code, t.subject)" if _has(desk, "subject") else "a.subject_code"
    dates = ""
    if desk.mapping.of("calendar"):
        dates = (
            "JOIN school_dates d ON d.school_key = p.school_key AND d.date = t.date AND d.offered"
        )
    base = (
        f"SELECT p.key, t.date, t.slot, t.planned, coalesce(a.reported, {silence}) AS reported, "
        "coalesce(a.valid, 0) AS valid, coalesce(a.invalid, 0) AS invalid, "
        "coalesce(a.other, 0) AS other, coalesce(a.late, 0) AS late, a.reason, a.validity, "
        f"a.documentation, a.source, {subject} AS subject_code, a.group_key, a.recorded_at, "
        "a.superseded_at FROM lessons t JOIN spells p ON "
        f'{links_sql(desk)} AND t.date BETWEEN p.entry AND p."exit" {dates} '
        f"LEFT JOIN ({current}) a "
        "ON a.key = p.key AND a.date = t.date AND a.slot = t.slot WHERE NOT t.cancelled"
    )
    old = f"SELECT * FROM ({marks}) WHERE superseded_at IS NOT NULL"
    return [
        f"SELECT {_columns('reported', list(_OPTIONAL))} FROM ({base})",
        f"SELECT {_columns('reported', list(_OPTIONAL))} FROM ({old})",
    ]


def _added(current: str) -> str:
    """Return one row per pupil and lesson: minutes added, words of the part with most of them."""
    most = "valid + invalid + other"
    words = ("reason", "validity", "documentation", "source", "subject_code", "group_key")
    chosen = ", ".join(f"arg_max({word}, {most}) AS {word}" for word in words)
    sums = ", ".join(f"sum({kind})::SMALLINT AS {kind}" for kind in ("valid", "invalid", "other"))
    return (
        f"SELECT key, date, slot, bool_or(reported) AS reported, {sums}, max(late) AS late, "
        f"{chosen}, max(recorded_at) AS recorded_at, max(superseded_at) AS superseded_at "
        f"FROM ({current}) GROUP BY key, date, slot"
    )


def _has(desk: Desk, column: str) -> bool:
    return column in [row[0] for row in desk.connection.sql("DESCRIBE lessons").fetchall()]


def school_days_query(desk: Desk, settled: list[Settled]) -> str:
    """Return SQL of the schools and dates with lessons, for a calendar that nobody gave.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    settled : list of Settled
        Decided rows.

    Returns
    -------
    str
        A query with ``school_key`` and ``date``.
    """
    queries = [
        f"SELECT school_key, date FROM {one.place} WHERE status = {KEPT} AND planned > 0"
        for one in settled
        if one.parts[0].part.rows == "all"
    ]
    if len(queries) < len(settled):
        queries.append(
            f"SELECT p.school_key, t.date FROM (SELECT DISTINCT * EXCLUDE (slot, planned, subject, "
            f"reported) FROM lessons WHERE NOT cancelled) t JOIN (SELECT DISTINCT * EXCLUDE (key) "
            f'FROM spells) p ON {links_sql(desk)} AND t.date BETWEEN p.entry AND p."exit"'
        )
    return " UNION ALL ".join(queries)
