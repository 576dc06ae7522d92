"""Decide on every row: kept, quarantined with its faults, protected, or set aside on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from absence_risk.register.fields import SQL_TYPES
from absence_risk.register.readers.keyed import key_joins, key_sql
from absence_risk.register.readers.staged import DOMAINS, Desk, Staged, bits
from absence_risk.register.row_files import quoted
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from absence_risk.register.readers.written import Fault

__all__ = [
    "ASIDE",
    "BAD",
    "FIRST_LATE",
    "KEPT",
    "PROTECTED",
    "Settled",
    "settle",
    "status",
    "union",
]

KEPT, BAD, PROTECTED, ASIDE = range(4)
"""What became of a row."""

FIRST_LATE = 40
"""First bit of the faults that only the table as a whole shows."""


@dataclass(eq=False, kw_only=True)
class Settled:
    """A canonical table whose rows are decided.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".
    place : str
        Temporary table or view with the canonical columns, ``part``, ``row`` (from 0), ``key``
        (of the pupil, case or respondent), ``mask`` and ``status``.
    parts : list of Staged
        The parts that feed it, in the order of ``part``.
    late : list of Fault
        Kinds of faults from bit `FIRST_LATE` on.
    columns : set of str
        Canonical columns that hold anything.
    more : dict of int to Fault
        Kinds of faults by their bit, besides those.
    """

    table: str
    place: str
    parts: list[Staged]
    late: list[Fault] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    more: dict[int, Fault] = field(default_factory=dict)

    def faults(self, part: int) -> dict[int, Fault]:
        """Return the kinds of faults of a part by their bit.

        Parameters
        ----------
        part : int
            Number of the part.

        Returns
        -------
        dict of int to Fault
            Faults of single values, of the table as a whole, and of repeats.
        """
        own = dict(enumerate(self.parts[part].faults))
        return {**own, **dict(enumerate(self.late, FIRST_LATE)), **self.more}


def status(protected: str = "FALSE", aside: str = "FALSE") -> str:
    """Return SQL of what becomes of a row with the columns ``skip`` and ``mask``.

    Parameters
    ----------
    protected : str
        SQL condition: the row is about a pupil with protected identity.
    aside : str
        SQL condition: the row is sound, but the mapping wants it left out.

    Returns
    -------
    str
        SQL.
    """
    return (
        f"CASE WHEN skip THEN {ASIDE} WHEN {protected} THEN {PROTECTED} WHEN mask <> 0 THEN {BAD} "
        f"WHEN {aside} THEN {ASIDE} ELSE {KEPT} END::UTINYINT"
    )


def union(desk: Desk, table: str, parts: list[Staged], more: tuple[str, ...] = ()) -> str:
    """Return SQL of all parts of a small table with canonical columns.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    table : str
        Canonical table.
    parts : list of Staged
        Its parts.
    more : tuple of str
        Further staged columns to take along.

    Returns
    -------
    str
        A query with the columns of the table, ``part``, ``row``, ``key``, ``skip``, ``mask``.
    """
    queries = []
    for number, one in enumerate(parts):
        chosen = [f"{number} AS part", "s.rowid AS row", "s.skip", "s.mask"]
        identifier = next((n for n in DOMAINS if n in one.columns), None)
        chosen.append(
            "NULL::UINTEGER AS key" if identifier is None else f"{key_sql(desk, identifier)} AS key"
        )
        for column in TABLES[table].fields:
            wanted = SQL_TYPES[column.kind]
            if column.name in DOMAINS and column.name in one.columns:
                value = key_sql(desk, column.name)
            elif column.name in one.columns and column.name not in ("response",):
                value = f"s.{quoted(column.name)}"
            else:
                value = "NULL"
            chosen.append(f"CAST({value} AS {wanted}) AS {quoted(column.name)}")
        chosen += [f"s.{quoted(name)} AS {quoted(name)}" for name in more]
        queries.append(f"SELECT {', '.join(chosen)} FROM {one.name} s{key_joins(desk, one)}")
    return " UNION ALL ".join(queries)


def settle(  # noqa: PLR0917
    desk: Desk,
    table: str,
    base: str,
    parts: list[Staged],
    late: list[Fault],
    windows: tuple[str, ...] = (),
    protected: str = "FALSE",
    aside: str = "FALSE",
) -> Settled:
    """Look at a small table as a whole and decide on every row.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    table : str
        Canonical table.
    base : str
        Query as `union` gives it.
    parts : list of Staged
        Its parts.
    late : list of Fault
        Kinds of faults whose conditions may use ``windows``.
    windows : tuple of str
        Further columns as ``expression AS name``.
    protected : str
        SQL condition: the row is about a pupil with protected identity.
    aside : str
        SQL condition: the row is sound, but the mapping wants it left out.

    Returns
    -------
    Settled
        The decided table.
    """
    place = f"settled_{table}"
    more = "".join(f", {window}" for window in windows)
    found = f"mask | {bits(late, FIRST_LATE)}"
    desk.connection.execute(
        f"CREATE TEMP TABLE {place} AS WITH b AS ({base}), w AS (SELECT *{more} FROM b), "
        f"m AS (SELECT * REPLACE ({found} AS mask) FROM w) "
        f"SELECT *, {status(protected, aside)} AS status FROM m"
    )
    columns = {column for one in parts for column in one.columns}
    return Settled(table=table, place=place, parts=parts, late=late, columns=columns)
