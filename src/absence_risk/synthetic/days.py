"""What happened on each school day, compactly: a bit per lesson, a code per day."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar

__all__ = ["GUARDIAN", "ILLNESS", "INVALID", "LEAVE", "Days"]

ILLNESS, LEAVE, GUARDIAN, INVALID = 10, 20, 50, 70


@dataclass(frozen=True, eq=False)
class Days:
    """What happened, compactly: bit l − 1 stands for lesson l.

    Parameters
    ----------
    reason : numpy.ndarray of uint8, shape (n, n_days)
        Code of the day's absence: 0, 10 illness, 20 leave, 50 guardian, 70 invalid.
    missed : numpy.ndarray of uint8, shape (n, n_days)
        Lessons missed.
    unreported : numpy.ndarray of uint8, shape (n, n_days)
        Lessons not reported.
    late : numpy.ndarray of uint8, shape (n, n_days)
        Minutes late at the first lesson.
    level : numpy.ndarray of uint8, shape (n, n_weeks)
        Level of the ladder in each school week.
    """

    reason: npt.NDArray[np.uint8]
    missed: npt.NDArray[np.uint8]
    unreported: npt.NDArray[np.uint8]
    late: npt.NDArray[np.uint8]
    level: npt.NDArray[np.uint8]

    @classmethod
    def empty(cls, n: int, year: SchoolCalendar) -> Days:
        """Return room for the days of some pupils.

        Parameters
        ----------
        n : int
            Number of pupils.
        year : SchoolCalendar
            The school days.

        Returns
        -------
        Days
            Arrays to be filled by `put`.
        """
        shapes = [(n, len(year))] * 4 + [(n, year.n_weeks)]
        return cls(*(np.empty(shape, dtype=np.uint8) for shape in shapes))

    def put(self, rows: slice | npt.NDArray[np.int64], part: Days) -> None:
        """Fill in the days of some pupils.

        Parameters
        ----------
        rows : slice or numpy.ndarray of int64
            Where the pupils stand.
        part : Days
            Their days.
        """
        for declared in fields(self):
            getattr(self, declared.name)[rows] = getattr(part, declared.name)
