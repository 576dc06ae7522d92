"""When pupils of the team are back in school, away again, or out of the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import NEVER

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.truth.tally import Tally

    Ints = npt.NDArray[np.int64]

__all__ = ["Course", "course", "first_window", "weekly"]

_WINDOW, _BACK, _AWAY = 4, 0.10, 0.20


@dataclass(frozen=True, eq=False)
class Course:
    """What became of started cases, on the school-week clock.

    Parameters
    ----------
    start : numpy.ndarray of int64, shape (n,)
        School week of the start.
    back : numpy.ndarray of int64, shape (n,)
        Week in which the return was confirmed; `NEVER` if not.
    again : numpy.ndarray of int64, shape (n,)
        Week in which a relapse after it was confirmed; `NEVER` if not.
    shut : numpy.ndarray of int64, shape (n,)
        Week in which the case closed, at least the one after the start; `NEVER` while open.
    ending : numpy.ndarray of int64, shape (n,)
        Index into `ENDINGS`; 0 while open.
    """

    start: Ints
    back: Ints
    again: Ints
    shut: Ints
    ending: Ints


def course(tally: Tally, rows: Ints) -> Course:
    """Return what became of some started cases.

    Parameters
    ----------
    tally : Tally
        The world.
    rows : numpy.ndarray of int64, shape (n,)
        Pupils whose work with the team started.

    Returns
    -------
    Course
        Back: absence below 10 % over 4 consecutive school weeks after the start week; away again:
        20 % or more over 4 consecutive school weeks after that; both dated in the last of them.
    """
    cases, year = tally.world.cases, tally.world.year
    start = year.week[cases.started[rows]].astype(np.int64)
    weeks = weekly(tally, rows)
    back = first_window(weeks, start, back=True)
    closed = cases.closed[rows]
    shut = np.where(closed < NEVER, year.week[np.minimum(closed, len(year) - 1)], NEVER)
    return Course(
        start=start,
        back=back,
        again=np.where(back < NEVER, first_window(weeks, back, back=False), NEVER),
        shut=np.where(closed < NEVER, np.maximum(shut, start + 1), NEVER),
        ending=np.where(closed < NEVER, cases.ending[rows], 0),
    )


def weekly(tally: Tally, rows: Ints) -> Ints:
    """Return lessons missed and offered per school week.

    Parameters
    ----------
    tally : Tally
        The world.
    rows : numpy.ndarray of int64, shape (n,)
        Pupils.

    Returns
    -------
    numpy.ndarray of int64, shape (2, n, n_weeks)
        Missed, offered.
    """
    year = tally.world.year
    first = np.searchsorted(year.week, np.arange(year.n_weeks))
    missed = np.add.reduceat(tally.missed[rows], first, axis=1, dtype=np.int64)
    offered = tally.lessons[rows, None] * np.diff(first, append=len(year))
    return np.stack([missed, offered])


def first_window(weeks: Ints, after: Ints, *, back: bool) -> Ints:
    """Return the last week of the first window after a week that is below, or reaches, a share.

    Parameters
    ----------
    weeks : numpy.ndarray of int64, shape (2, n, n_weeks)
        Lessons missed and offered.
    after : numpy.ndarray of int64, shape (n,)
        The window begins after this week.
    back : bool
        Whether absence must be below 10 %, or reach 20 %.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Week, or `NEVER`; in a year shorter than the window always that.
    """
    if weeks.shape[2] < _WINDOW:
        return np.full(weeks.shape[1], NEVER, dtype=np.int64)
    running = np.cumsum(weeks, axis=2)
    running = np.concatenate([np.zeros_like(running[:, :, :1]), running], axis=2)
    window = running[:, :, _WINDOW:] - running[:, :, :-_WINDOW]
    share = window[0] / window[1]
    first = np.arange(share.shape[1])
    hit = (share < _BACK if back else share >= _AWAY) & (first > after[:, None])
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + _WINDOW - 1, NEVER)
