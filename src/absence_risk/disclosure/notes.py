"""The sentences that tell a reader what is not shown, and why."""

from __future__ import annotations

import re

__all__ = [
    "CURVE",
    "MERGED",
    "NOT_SHOWN",
    "REMOVED",
    "SINGLE_PUPILS",
    "fewer_than",
    "not_shown",
]

SINGLE_PUPILS = "single-pupils"
"""Mark in a figure that draws one thing per pupil: it must not leave the house."""

NOT_SHOWN = "Not shown: the answer rests on fewer than {minimum} pupils."
CURVE = (
    "Points stand only where at least {minimum} more pupils had reached the event since the point "
    "before; the curve is drawn flat between them."
)
MERGED = "Endings of fewer than {minimum} pupils each are counted together as other endings."
REMOVED = "Endings of fewer than {minimum} pupils are left out."

_FEWER = re.compile(r"fewer than (\d+) pupils")


def not_shown(count: int, minimum: int) -> str:
    """Return the sentence on rows that are not shown.

    Parameters
    ----------
    count : int
        Number of rows, at least 1.
    minimum : int
        Smallest number of pupils that may be shown.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> not_shown(1, 5)
    '1 row is not shown because it rests on fewer than 5 pupils or would reveal one that does.'
    """
    rows, them = ("row is", "it rests") if count == 1 else ("rows are", "they rest")
    return (
        f"{count} {rows} not shown because {them} on fewer than {minimum} pupils "
        "or would reveal one that does."
    )


def fewer_than(note: str, default: int = 5) -> int:
    """Return the limit that a note names.

    Parameters
    ----------
    note : str
        Note of a table.
    default : int
        Limit where the note names none.

    Returns
    -------
    int
        Smallest number of pupils that may be shown.

    Examples
    --------
    >>> fewer_than("Endings of fewer than 10 pupils are left out.")
    10
    """
    found = _FEWER.search(note)
    return int(found.group(1)) if found else default
