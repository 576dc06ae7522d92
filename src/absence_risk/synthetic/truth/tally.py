"""Lessons missed in a world, counted once and shared by all that is computed from them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.days import INVALID

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.world import World

    Floats = npt.NDArray[np.float64]

__all__ = ["Tally"]


class Tally:
    """Counts of lessons of a world; whole numbers, so that a share that equals a limit equals it.

    Parameters
    ----------
    world : World
        The world.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.lessons = world.pupils.lessons.astype(np.int64)
        self.school = world.pupils.school

    @cached_property
    def missed(self) -> npt.NDArray[np.uint8]:
        """Lessons missed, shape (n, n_days)."""
        return np.bitwise_count(self.world.days.missed)

    @cached_property
    def invalid(self) -> npt.NDArray[np.uint8]:
        """Lessons missed on days recorded as invalid absence, shape (n, n_days)."""
        return np.asarray(self.missed * (self.world.days.reason == INVALID))

    def lost(self, kind: str, first: int, end: int) -> npt.NDArray[np.int64]:
        """Return the lessons missed by each pupil on some days.

        Parameters
        ----------
        kind : {"total", "valid", "invalid"}
            Which absence.
        first, end : int
            First school day, and one past the last.

        Returns
        -------
        numpy.ndarray of int64, shape (n,)
            Lessons.
        """
        days = slice(first, end)
        invalid = 0 if kind == "total" else self.invalid[:, days].sum(axis=1, dtype=np.int64)
        if kind == "invalid":
            return np.asarray(invalid, dtype=np.int64)
        return np.asarray(self.missed[:, days].sum(axis=1, dtype=np.int64) - invalid)

    def share(self, kind: str = "total", first: int = 0, end: int | None = None) -> Floats:
        """Return the share of lessons missed by each pupil on some days.

        Parameters
        ----------
        kind : {"total", "valid", "invalid"}
            Which absence.
        first, end : int
            First school day, and one past the last; the whole year by default.

        Returns
        -------
        numpy.ndarray of float64, shape (n,)
            Shares.
        """
        end = len(self.world.year) if end is None else end
        return np.asarray(self.lost(kind, first, end) / (self.lessons * (end - first)))

    @cached_property
    def last_term(self) -> tuple[int, int]:
        """First school day of the last term, and one past its last."""
        terms = np.asarray(self.world.year.terms)
        days = np.flatnonzero(terms == terms[-1])
        return int(days[0]), int(days[-1]) + 1
