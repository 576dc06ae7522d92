"""What marks of attendance mean: from words and minutes to valid, invalid, late and elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.register.readers.keyed import key_joins, key_sql
from absence_risk.register.readers.mapping import AXES
from absence_risk.register.readers.staged import EMPTY_WORD, UNKNOWN_WORD
from absence_risk.register.readers.written import Fault
from absence_risk.register.reasons import NOT_ABSENCE
from absence_risk.register.row_files import quoted, sql_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.register.readers.mapping import Scalar
    from absence_risk.register.readers.staged import Desk, Staged

__all__ = ["mark_faults", "marks_sql", "minutes_sql"]

_TYPES = {"reason": "UTINYINT"}
_DIRECT = ("valid_min", "invalid_min", "other_min", "present_min")
_EMPTY = {
    "recorded_at": "TIMESTAMP",
    "subject_code": "VARCHAR",
    "group_key": "VARCHAR",
    "cancelled": "BOOLEAN",
    "is_reported": "BOOLEAN",
    "absent_min": "SMALLINT",
    "scheduled_min": "SMALLINT",
    "late_min": "SMALLINT",
    "reason_code": "UTINYINT",
    "validity": "VARCHAR",
    "documentation": "VARCHAR",
    "source": "VARCHAR",
    **dict.fromkeys(_DIRECT, "SMALLINT"),
}


def marks_sql(desk: Desk, one: Staged, number: int) -> str:
    """Return SQL of a staged part of registers with keys and the axes of its words.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    one : Staged
        The part.
    number : int
        Its number.

    Returns
    -------
    str
        A query with ``part row skip mask key date slot``, the axes, and minutes as they came.
    """
    for position in range(len(one.part.codes)):
        _make_labels(desk, one, position)
    key = key_sql(desk, "pupil_key")
    slot = "s.slot"
    if one.part.fields["slot"].order:
        slot = f'dense_rank() OVER (PARTITION BY {key}, s.date ORDER BY s."slot text")::UTINYINT'
    chosen = [f"{number} AS part", "s.rowid AS row", "s.skip", "s.mask", f"{key} AS key", "s.date"]
    chosen.append(f"{slot} AS slot")
    chosen += [f"{_axis(one, axis)} AS {axis}_axis" for axis in AXES]
    for name, kind in _EMPTY.items():
        value = f"s.{quoted(name)}" if name in one.columns else f"NULL::{kind}"
        chosen.append(f"{value} AS {quoted(name)}")
    joins = "".join(
        f" LEFT JOIN {one.name}_labels_{n} l{n} ON l{n}.no = s.words_{n}"
        for n in range(len(one.part.codes))
    )
    return f"SELECT {', '.join(chosen)} FROM {one.name} s{key_joins(desk, one)}{joins}"


def _axis(one: Staged, axis: str) -> str:
    found = [f"l{n}.{axis}" for n in range(len(one.part.codes))]
    column = {"reason": "reason_code", "counts": None}.get(axis, axis)
    if column is not None and column in one.columns:
        found.append(f"s.{quoted(column)}")
    if not found:
        return f"NULL::{_TYPES.get(axis, 'VARCHAR')}"
    return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]


def _make_labels(desk: Desk, one: Staged, position: int) -> None:
    code = one.part.codes[position]
    rows: list[tuple[int, Mapping[str, Scalar]]] = [
        (at, code.labels[word]) for at, word in enumerate(word for word in code.labels if word)
    ]
    rows.append((EMPTY_WORD, code.labels.get("", {})))
    rows.append((UNKNOWN_WORD, code.otherwise or {}))
    values = ", ".join(
        f"({at}, {', '.join(_literal(axes.get(axis)) for axis in AXES)})" for at, axes in rows
    )
    typed = ", ".join(f"CAST({a} AS {_TYPES.get(a, 'VARCHAR')}) AS {a}" for a in AXES)
    desk.connection.execute(
        f"CREATE TEMP TABLE {one.name}_labels_{position} AS SELECT CAST(no AS USMALLINT) AS no, "
        f"{typed} FROM (VALUES {values}) v(no, {', '.join(AXES)})"
    )


def _literal(value: Scalar | None) -> str:
    return "NULL" if value is None else sql_text(str(value))


def minutes_sql(one: Staged) -> dict[str, str]:
    """Return SQL of minutes, given ``marks_sql`` with the column ``planned``.

    Parameters
    ----------
    one : Staged
        The part.

    Returns
    -------
    dict of str to str
        Expressions of ``counts valid invalid other late reason``.
    """
    elsewhere = f"reason_axis IN ({', '.join(map(str, NOT_ABSENCE))})"
    counts = f"CASE WHEN {elsewhere} AND counts_axis IN ('valid', 'invalid') THEN 'elsewhere' "
    counts += "ELSE counts_axis END"
    share = one.part.fields.get("absent_min")
    minutes = "absent_min" if share is not None else "planned"
    if share is not None and share.unit == "share":
        minutes = "CAST(round(absent_min * planned) AS SMALLINT)"
    if {"valid_min", "invalid_min"} & one.columns:
        valid, invalid = "coalesce(valid_min, 0)", "coalesce(invalid_min, 0)"
        other = "coalesce(other_min, 0)"
        late = "late_min"
    else:
        valid, invalid, other = (
            f"CASE WHEN counts = '{kind}' THEN {minutes} ELSE 0 END"
            for kind in ("valid", "invalid", "elsewhere")
        )
        marked = "absent_min" if share is not None and share.unit != "share" else "NULL"
        late = f"CASE WHEN counts = 'late' THEN coalesce(late_min, {marked}) ELSE late_min END"
    return {"counts": counts, "valid": valid, "invalid": invalid, "other": other, "late": late}


def reason_sql(one: Staged) -> str:
    """Return SQL of the reason, given minutes.

    Parameters
    ----------
    one : Staged
        The part.

    Returns
    -------
    str
        The reason of the words, or the mapping's default for the kind of minutes.
    """
    conditions = {
        "valid": "valid > 0",
        "invalid": "invalid > 0",
        "elsewhere": "other > 0",
        "late": "late > 0 OR counts = 'late'",
    }
    whens = "".join(
        f" WHEN {conditions[kind]} THEN {code}" for kind, code in one.part.default_reason.items()
    )
    if not whens:
        return "reason_axis"
    return f"coalesce(reason_axis, CASE{whens} END)::UTINYINT"


def mark_faults(one: Staged) -> list[Fault]:
    """Return kinds of faults of minutes, given the columns of ``minutes_sql``.

    Parameters
    ----------
    one : Staged
        The part.

    Returns
    -------
    list of Fault
        Conditions on the columns.
    """
    direct = bool({"valid_min", "invalid_min"} & one.columns)
    faults = [
        _fault(
            "E202",
            "valid_min" if direct else "absent_min",
            "valid + invalid + other > planned OR late > planned",
            "The minutes exceed the planned ones.",
            "Correct the minutes; count each absent minute once.",
        ),
        _fault(
            "E203",
            "valid_min" if direct else "absent_min",
            "least(valid, invalid, other, coalesce(late, 0), planned) < 0",
            "Minutes are negative.",
            "Correct the export.",
        ),
        _fault(
            "E114",
            "slot",
            "slot > 40",
            "The number of the lesson must lie from 0 to 40.",
            "Correct the value.",
        ),
    ]
    if "absent_min" in one.columns:
        faults.append(
            _fault(
                "E104",
                "absent_min",
                "mask = 0 AND counts IN ('valid', 'invalid') AND absent_min IS NULL",
                "The mark has no minutes.",
                "Fill them in; or leave absent_min out, and marked lessons are missed whole.",
            )
        )
    if direct and one.part.rows == "all":
        faults += [
            _fault(
                "E211",
                "is_reported",
                "reported AND valid_min IS NULL AND invalid_min IS NULL AND present_min IS NULL",
                "The row is reported, but all minutes are empty.",
                "Write 0 where nobody was absent, or say which rows are not reported.",
            ),
            _fault(
                "E208",
                "present_min",
                "reported AND valid + invalid + other + present_min <> planned",
                "Present, valid, invalid and other minutes do not add up to the planned ones.",
                "Correct the parts, or leave present_min out of the mapping.",
            ),
        ]
    return faults


def _fault(code: str, column: str, broken: str, message: str, fix: str) -> Fault:
    return Fault(code=code, column=column, broken=broken, message=message, fix=fix)
