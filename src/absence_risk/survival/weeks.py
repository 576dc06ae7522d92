"""Follow pupils over school weeks: absence before a start, return, relapse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import Kind

    Ints = npt.NDArray[np.int64]

__all__ = ["FollowUp", "ReturnRule", "confirmed_week", "follow"]

NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRule:
    """What counts as back in school, and as away again.

    Parameters
    ----------
    below : float
        Back: the absence share over the weeks together lies below this, in (0, 1).
    weeks : int
        Number of consecutive school weeks, of those with anything scheduled for the pupil.
    relapse_at : float
        Away again: the absence share over as many weeks reaches this, in (0, 1).
    severity_weeks : int
        School weeks before the start over which the earlier absence is measured.
    numerator : {"total", "valid", "invalid"}
        Which absence counts.

    Raises
    ------
    ValueError
        If a value is out of range, or a relapse would need less absence than a return allows.

    Examples
    --------
    >>> ReturnRule().weeks
    4
    """

    below: float = 0.10
    weeks: int = 4
    relapse_at: float = 0.20
    severity_weeks: int = 8
    numerator: Kind = "total"

    def __post_init__(self) -> None:
        """Check every field."""
        check.probability(self.below, "below")
        check.probability(self.relapse_at, "relapse_at")
        check.positive_int(self.weeks, "weeks")
        check.positive_int(self.severity_weeks, "severity_weeks")
        check.choice(self.numerator, ("total", "valid", "invalid"), "numerator")
        if self.relapse_at < self.below:
            raise ValueError(
                f"relapse_at must not lie below the return threshold {self.below:g}, "
                f"got {self.relapse_at:g}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class FollowUp:
    """What the register shows around the start of each row.

    Parameters
    ----------
    severity : numpy.ndarray of float64, shape (n,)
        Absence share in the school weeks before the start; NaN where nothing was scheduled.
    invalid_share : numpy.ndarray of float64, shape (n,)
        Share of all absence in those weeks that was invalid; NaN where there was none.
    last : numpy.ndarray of int64, shape (n,)
        Last school week with anything scheduled; the start week itself where none follows.
    returned : numpy.ndarray of int64, shape (n,)
        School week in which the return is confirmed, -1 where it never is.
    relapsed : numpy.ndarray of int64, shape (n,)
        School week in which a relapse after the return is confirmed, -1 where it never is.
    """

    severity: npt.NDArray[np.float64]
    invalid_share: npt.NDArray[np.float64]
    last: Ints
    returned: Ints
    relapsed: Ints


def follow(cube: Cube, rows: npt.ArrayLike, start: npt.ArrayLike, rule: ReturnRule) -> FollowUp:
    """Measure severity, return and relapse on the school-week clock.

    Parameters
    ----------
    cube : Cube
        Pupil × school-day minutes.
    rows : array-like of int, shape (n,)
        Rows of the cube; a pupil may occur more than once.
    start : array-like of int, shape (n,)
        Start week of each row, in [0, n_weeks).
    rule : ReturnRule
        What counts as back and as away again.

    Returns
    -------
    FollowUp
        One value per row. Return and relapse are dated in the last week of their window, and
        windows begin in the week after the start (after the return).
    """
    at, begin = np.asarray(rows, dtype=np.int64), np.asarray(start, dtype=np.int64)
    totals = cube.totals("week")
    scheduled, absent = totals.scheduled[at], totals.absent(rule.numerator)[at]
    week = np.arange(scheduled.shape[1])
    before = (week < begin[:, None]) & (week >= begin[:, None] - rule.severity_weeks)
    severity = _share(absent * before, scheduled * before)
    invalid_share = _share(totals.invalid[at] * before, totals.absent("total")[at] * before)
    last = np.where((scheduled > 0) & (week > begin[:, None]), week, begin[:, None]).max(
        axis=1, initial=0
    )
    returned = confirmed_week(scheduled, absent, begin, rule.weeks, below=rule.below)
    # Where nobody returned there is nothing to relapse from: start after the last week.
    after = np.where(returned == NEVER, len(week), returned)
    relapsed = confirmed_week(scheduled, absent, after, rule.weeks, reaching=rule.relapse_at)
    return FollowUp(severity, invalid_share, last, returned, relapsed)


def _share(part: Ints, whole: Ints) -> npt.NDArray[np.float64]:
    out, base = np.full(len(whole), np.nan), whole.sum(axis=1)
    np.divide(part.sum(axis=1), base, out=out, where=base > 0)
    return out


def confirmed_week(
    scheduled: npt.ArrayLike,
    absent: npt.ArrayLike,
    after: npt.ArrayLike,
    weeks: int,
    *,
    below: float | None = None,
    reaching: float | None = None,
) -> Ints:
    """Return the last week of the first window whose absence share passes a threshold.

    Weeks in which nothing is scheduled for a pupil neither count nor break a window.

    Parameters
    ----------
    scheduled, absent : array-like of int, shape (n, n_weeks)
        Minutes (or days) per school week.
    after : array-like of int, shape (n,)
        Windows begin after this week.
    weeks : int
        Length of a window in scheduled weeks.
    below : float or None
        The share over the window must lie below this.
    reaching : float or None
        The share over the window must reach this; used where ``below`` is None.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Week, or -1.

    Raises
    ------
    ValueError
        If not exactly one of ``below`` and ``reaching`` is given.

    Examples
    --------
    >>> confirmed_week([[10, 10, 0, 10, 10]], [[9, 0, 0, 0, 9]], [0], 2, below=0.1).tolist()
    [3]
    """
    if (below is None) == (reaching is None):
        raise ValueError("Give exactly one of below and reaching.")
    offered = np.asarray(scheduled, dtype=np.int64)
    n, n_weeks = offered.shape
    first = np.asarray(after, dtype=np.int64)[:, None]
    offered = np.where(np.arange(n_weeks) > first, offered, 0)
    if n == 0 or n_weeks < weeks:
        return np.full(n, NEVER, dtype=np.int64)
    # Move the scheduled weeks of each row to the left, in order; empty weeks gather on the right.
    order = np.argsort(offered == 0, axis=1, kind="stable")
    packed = np.take_along_axis(offered, order, axis=1)
    missed = np.take_along_axis(np.asarray(absent, dtype=np.int64), order, axis=1)
    base, away = (_rolling(values, weeks) for values in (packed, missed))
    full = packed[:, weeks - 1 :] > 0  # the window's last week is scheduled, so all of it is
    share = np.divide(away, base, out=np.zeros(base.shape), where=full)
    passed = full & (share < below if below is not None else share >= (reaching or 0.0))
    hit = passed.argmax(axis=1)
    week = np.take_along_axis(order, (hit + weeks - 1)[:, None], axis=1)[:, 0]
    return np.where(passed.any(axis=1), week, NEVER)


def _rolling(values: Ints, width: int) -> Ints:
    running = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return np.asarray(running[:, width:] - running[:, :-width], dtype=np.int64)
