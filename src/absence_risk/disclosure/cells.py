"""The rules for one row: which numbers rest on too few pupils.

Sources: counts below five are blanked in Danish school statistics; rates need a denominator of
ten and are neither 0 nor 100 per cent in a small group.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from absence_risk.result import Estimate

__all__ = ["COUNTS", "blank", "is_blank", "is_small", "is_unsafe"]

COUNTS = ("n", "n_events", "n_at_risk")
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", *COUNTS)

_DENOMINATOR = 2
"""A share needs a denominator of twice the smallest count (ten, where counts start at five)."""

_GROUP = 10
"""Nobody or everybody is said only of groups of ten times the smallest count."""

_WHOLE = 1e-6
"""How near share times n must be to a whole number to be read as one."""


def is_small(count: float | None, minimum: int) -> bool:
    """Return whether a count lies between 1 and the smallest count that may be shown.

    Parameters
    ----------
    count : float or None
        Number of pupils. Zero is not small: it tells of no pupil.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    bool
        True for 1 to ``minimum`` − 1.

    Examples
    --------
    >>> [is_small(count, 5) for count in (0, 1, 4, 5, None)]
    [False, True, True, False, False]
    """
    return count is not None and 0 < count < minimum


def blank(row: Estimate) -> Estimate:
    """Return the row with its labels and without any number.

    Parameters
    ----------
    row : Estimate
        The row.

    Returns
    -------
    Estimate
        Same term, group, time and threshold; everything else None.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> blank(Estimate(term="halved", estimate=0.75, n=4)).n is None
    True
    """
    nothing: dict[str, Any] = dict.fromkeys(NUMBERS)
    return dataclasses.replace(row, **nothing)


def is_blank(row: Estimate) -> bool:
    """Return whether a row holds no number.

    Parameters
    ----------
    row : Estimate
        The row.

    Returns
    -------
    bool
        True where every number is None.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> is_blank(Estimate(term="halved", time=3.0))
    True
    """
    return all(getattr(row, field) is None for field in NUMBERS)


def is_unsafe(row: Estimate, minimum: int) -> bool:
    """Return whether the numbers of a row must be blanked.

    A row is unsafe where

    - any of its counts is small;
    - it counts events among ``n`` pupils and ``n`` is below twice the minimum, or the pupils
      without the event are few, or nobody or everybody in a group of fewer than ten times the
      minimum has it (such a row tells of each member of the group);
    - its estimate times ``n`` is a whole number that is small, or leaves few: the count can be
      worked out although it is not printed.

    Parameters
    ----------
    row : Estimate
        The row.
    minimum : int
        Smallest count that may be shown.

    Returns
    -------
    bool
        True where the row must be blanked.

    Examples
    --------
    >>> from absence_risk.result import Estimate
    >>> is_unsafe(Estimate(term="halved", estimate=0.95, n=60, n_events=57), 5)
    True
    """
    if any(is_small(getattr(row, field), minimum) for field in COUNTS):
        return True
    events = row.n_events if row.n_events is not None else _implied(row)
    if row.n is None or events is None:
        return False
    few = row.n_events is not None and 0 < row.n < _DENOMINATOR * minimum
    rest = row.n - events
    one_sided = row.n > 0 and (events == 0 or rest == 0) and row.n < _GROUP * minimum
    return few or is_small(events, minimum) or is_small(rest, minimum) or one_sided


def _implied(row: Estimate) -> int | None:
    """Return the number of pupils that a share of ``n`` gives away, if it is one."""
    if row.n is None or row.estimate is None or not 0 < row.estimate < 1:
        return None
    count = row.estimate * row.n
    return round(count) if abs(count - round(count)) < _WHOLE else None
