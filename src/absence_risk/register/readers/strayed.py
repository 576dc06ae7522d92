"""Find identifiers that strayed into columns of text, as shifted cells do; their rows are bad."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from absence_risk.register.identity import looks_like_identity
from absence_risk.register.readers.staged import DOMAINS, Desk, Staged
from absence_risk.register.readers.written import Fault
from absence_risk.register.row_files import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["mark_strayed"]

_RUN = re.compile(r"\d{6,8}[-+A-Za-z]?\d{3}[0-9A-Za-z]\d?|\d{9,12}")
_WORD = re.compile(r"[^\s,;:()]+")
_SHORTEST = 5  # shorter identifiers are also names of classes and schools
_SURE = 3  # plain digits are judged by how many of a column fit


def mark_strayed(desk: Desk, staged: Sequence[Staged]) -> None:
    """Give a fault to every row that holds an identifier in a column of text.

    An identifier is a national identity number, or whatever stands in a column of identifiers
    anywhere in the export. Values leave the engine for the check and go no further.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    staged : sequence of Staged
        Tables as they were read; their identifiers have keys.
    """
    con = desk.connection
    known: set[str] = set()
    for domain in dict.fromkeys(DOMAINS.values()):
        found = con.sql(f"SELECT id FROM strange_{domain}").fetchall()
        known |= {row[0].casefold() for row in found if len(row[0]) >= _SHORTEST}
    for one in staged:
        for column in _text_columns(desk, one):
            query = f"SELECT DISTINCT {quoted(column)} FROM {one.name}"
            values = [row[0] for row in con.sql(query).fetchall() if row[0]]
            named = [[value] for value in values if _names_somebody(value, known)]
            if named:
                _mark(desk, one, column, named)


def _text_columns(desk: Desk, one: Staged) -> list[str]:
    """Columns whose text is taken as it stands."""
    described = desk.connection.sql(f"DESCRIBE {one.name}").fetchall()
    texts = {row[0] for row in described if row[1] == "VARCHAR"}
    fields = one.part.fields
    return [
        name
        for name in fields
        if name in texts and fields[name].columns and fields[name].codes is None
    ]


def _names_somebody(value: str, known: set[str]) -> bool:
    words = {word.casefold() for word in _WORD.findall(value)}
    if value.casefold() in known or words & known:
        return True
    return any(looks_like_identity([run] * _SURE) for run in _RUN.findall(value))


def _mark(desk: Desk, one: Staged, column: str, named: list[list[str]]) -> None:
    one.faults.append(
        Fault(
            code="P901",
            column=column,
            broken="FALSE",
            message="The cell holds an identifier.",
            fix="Look for a shifted line, or leave the column out of the mapping.",
        )
    )
    bit = 1 << (len(one.faults) - 1)
    con = desk.connection
    con.execute("CREATE TEMP TABLE named (value VARCHAR)")
    con.executemany("INSERT INTO named VALUES (?)", named)
    con.execute(
        f"UPDATE {one.name} SET mask = mask | {bit}::BIGINT "
        f"WHERE {quoted(column)} IN (SELECT value FROM named)"
    )
    con.execute("DROP TABLE named")
