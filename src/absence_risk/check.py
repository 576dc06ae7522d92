"""Checks of arguments, each with a message that says how to repair the call."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = [
    "choice",
    "columns",
    "flag",
    "names",
    "nearest",
    "positive_int",
    "probability",
    "proportion",
    "seed",
]


def proportion(value: float, name: str) -> float:
    """Return a share in [0, 1], or raise.

    Parameters
    ----------
    value : float
        The candidate share.
    name : str
        Argument name for the message.

    Returns
    -------
    float
        The value.

    Raises
    ------
    ValueError
        If the value is not finite or lies outside [0, 1].

    Examples
    --------
    >>> proportion(0.2, "threshold")
    0.2
    """
    if isinstance(value, bool) or not math.isfinite(value) or not 0 <= value <= 1:
        hint = f" Did you mean {value / 100:g}?" if _looks_like_per_cent(value) else ""
        raise ValueError(f"{name} must be a proportion between 0 and 1, got {value:g}.{hint}")
    return float(value)


def _looks_like_per_cent(value: float) -> bool:
    return not isinstance(value, bool) and math.isfinite(value) and 1 < value <= 100


def probability(value: float, name: str) -> float:
    """Return a probability strictly between 0 and 1 (a confidence level), or raise.

    Parameters
    ----------
    value : float
        The candidate probability.
    name : str
        Argument name for the message.

    Returns
    -------
    float
        The value.

    Raises
    ------
    ValueError
        If the value is not strictly between 0 and 1.

    Examples
    --------
    >>> probability(0.95, "conf_level")
    0.95
    """
    if proportion(value, name) in (0.0, 1.0):
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value:g}.")
    return float(value)


def positive_int(value: int, name: str) -> int:
    """Return a whole number of at least 1, or raise.

    Parameters
    ----------
    value : int
        The candidate number.
    name : str
        Argument name for the message.

    Returns
    -------
    int
        The value.

    Raises
    ------
    ValueError
        If the value is below 1 or not a whole number.

    Examples
    --------
    >>> positive_int(4, "weeks")
    4
    """
    if not _is_whole(value) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value}.")
    return int(value)


def _is_whole(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and bool(value == int(value))
    except (TypeError, ValueError, OverflowError):
        return False


def seed(value: int, name: str = "random_state") -> int:
    """Return a seed: a whole number of at least 0, or raise.

    Parameters
    ----------
    value : int
        The candidate seed.
    name : str
        Argument name for the message.

    Returns
    -------
    int
        The value.

    Raises
    ------
    ValueError
        If the value is negative or not a whole number.

    Examples
    --------
    >>> seed(1)
    1
    """
    if not _is_whole(value) or value < 0:
        raise ValueError(f"{name} must be a whole number of at least 0, got {value}.")
    return int(value)


def names(value: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a single one may be given alone.

    Parameters
    ----------
    value : str or iterable of str
        One name or several.

    Returns
    -------
    tuple of str
        The names, each once.

    Examples
    --------
    >>> names("before"), names(["before", "month", "before"])
    (('before',), ('before', 'month'))
    """
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


def flag(value: Any, name: str) -> bool:
    """Return a yes or no, or raise: a word such as "no" would count as yes.

    Parameters
    ----------
    value : bool
        The candidate.
    name : str
        Argument name for the message.

    Returns
    -------
    bool
        The value.

    Raises
    ------
    ValueError
        If it is neither True nor False.

    Examples
    --------
    >>> flag(True, "same_rule")
    True
    """
    if type(value).__name__ not in ("bool", "bool_"):  # numpy's own counts too, without numpy
        raise ValueError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is spelled most like the given one.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been meant.

    Returns
    -------
    str or None
        The nearest word, or None where nothing is near.

    Examples
    --------
    >>> nearest("pupil_id", ["pupil_key", "date"])
    'pupil_key'
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def choice(value: str, allowed: Collection[str], name: str) -> str:
    """Return one of a closed list of words, or raise and name the nearest.

    Parameters
    ----------
    value : str
        The candidate word.
    allowed : collection of str
        The closed list.
    name : str
        Argument name for the message.

    Returns
    -------
    str
        The value.

    Raises
    ------
    ValueError
        If the value is not in the list.

    Examples
    --------
    >>> choice("month", ["month", "week"], "period")
    'month'
    """
    if value not in allowed:
        near = nearest(str(value), allowed)
        hint = f" Did you mean {near!r}?" if near else ""
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}.{hint}")
    return value


def columns(present: Iterable[str], needed: Iterable[str], name: str) -> None:
    """Raise where needed columns are missing, and name the nearest present one of each.

    Parameters
    ----------
    present : iterable of str
        Columns of the frame.
    needed : iterable of str
        Columns it must have.
    name : str
        Argument name for the message.

    Raises
    ------
    ValueError
        If a column is missing; all missing ones are named at once.

    Examples
    --------
    >>> columns(["pupil_key", "date"], ["date"], "panel")
    """
    have = list(present)
    lacking = [column for column in needed if column not in have]
    if lacking:
        hints = []
        for column in lacking:
            near = nearest(column, have)
            hints.append(f"{column!r}" + (f" (nearest: {near!r})" if near else ""))
        noun = "column" if len(lacking) == 1 else "columns"
        raise ValueError(f"{name} lacks the {noun} {', '.join(hints)}.")
