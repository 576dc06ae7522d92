"""Pupils with protected identity: who they are, and what may be said of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from absence_risk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.register.readers.columns import LoadedTable

__all__ = ["protected_keys", "protected_notes", "without_protected"]

_SMALLEST = 5


def protected_keys(tables: Mapping[str, LoadedTable]) -> frozenset[int]:
    """Return the keys of pupils with protected identity.

    Parameters
    ----------
    tables : mapping of str to LoadedTable
        The small tables of a register.

    Returns
    -------
    frozenset of int
        Their keys.
    """
    pupils = tables["pupils"].frame
    marked = pupils["protected"].fillna(False).astype(bool)
    return frozenset(int(key) for key in pupils.loc[marked, "pupil_key"].dropna())


def without_protected(tables: Mapping[str, LoadedTable]) -> dict[str, LoadedTable]:
    """Return the small tables of a register without pupils of protected identity.

    Parameters
    ----------
    tables : mapping of str to LoadedTable
        The tables.

    Returns
    -------
    dict of str to LoadedTable
        The same tables, in which no row is about them.
    """
    keys = list(protected_keys(tables))
    kept = {}
    for name, table in tables.items():
        frame = table.frame
        if keys and "pupil_key" in frame.columns:
            frame = frame[~frame["pupil_key"].isin(keys)]
        kept[name] = dataclasses.replace(table, frame=frame)
    return kept


def protected_notes(count: int) -> list[Problem]:
    """Return the note on pupils with protected identity, which shows no small number.

    Parameters
    ----------
    count : int
        Number of such pupils.

    Returns
    -------
    list of Problem
        None where there are none; otherwise one with code W903.

    Examples
    --------
    >>> [(note.n_rows, note.message) for note in protected_notes(3)]
    [(None, 'Pupils with protected identity: fewer than 5. They are excluded from everything.')]
    """
    if not count:
        return []
    shown = f"{count:,}" if count >= _SMALLEST else f"fewer than {_SMALLEST}"
    return [
        Problem(
            code="W903",
            table="pupils",
            column="protected",
            n_rows=count if count >= _SMALLEST else None,
            message=f"Pupils with protected identity: {shown}. They are excluded from everything.",
            fix="Nothing to do; leave them out of the export if you can.",
        )
    ]
