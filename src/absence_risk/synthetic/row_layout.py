"""Which rows some pupils have, and how figures by pupil, day or lesson spread over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = ["Layout"]

_SLOTS = 8
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
# A byte stands for the lessons of a day: k flags are taken from a table of its values at once.
_FLAGS = {k: np.ascontiguousarray(_BITS[:, :k]).view(f"V{k}")[:, 0] for k in range(1, _SLOTS + 1)}


@dataclass(frozen=True, eq=False)
class Layout:
    """Rows in the order of pupils, days and lessons.

    Pupils with as many rows a day are spread together, as a matrix with a line for each of them;
    the lines are then cut to the pupil's days and joined in the order of the pupils.

    Parameters
    ----------
    per_day : numpy.ndarray of int64, shape (n,)
        Rows a day of each pupil, 1 to 8.
    first, last : numpy.ndarray of int64, shape (n,)
        First and last school day with rows.
    days : int
        School days of the year.
    """

    per_day: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    days: int

    def by_pupil(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Spread figures of pupils over their rows.

        Parameters
        ----------
        values : numpy.ndarray, shape (n,)
            One figure per pupil.

        Returns
        -------
        numpy.ndarray
            One per row.
        """
        rows = np.maximum(self.last + 1 - self.first, 0) * self.per_day
        return np.repeat(values, rows)

    def by_date(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Spread figures of school days over the rows of all pupils.

        Parameters
        ----------
        values : numpy.ndarray, shape (days,)
            One figure per school day.

        Returns
        -------
        numpy.ndarray
            One per row.
        """
        return self._join(lambda own, k: _same(np.repeat(values, k), len(own)))

    def by_slot(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Spread figures of lessons over the rows of all pupils and days.

        Parameters
        ----------
        values : numpy.ndarray, shape (8,)
            One figure per lesson of a day.

        Returns
        -------
        numpy.ndarray
            One per row.
        """
        return self._join(lambda own, k: _same(np.tile(values[:k], self.days), len(own)))

    def by_day(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Spread figures of pupils and days over their rows.

        Parameters
        ----------
        values : numpy.ndarray, shape (n, days)
            One figure per pupil and school day.

        Returns
        -------
        numpy.ndarray
            One per row.
        """
        return self._join(lambda own, k: np.repeat(values[own], k, axis=1))

    def by_lesson(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give the figures of pupils, days and lessons in the order of rows.

        Parameters
        ----------
        values : numpy.ndarray, shape (n, days, 8)
            One figure per lesson; those beyond a pupil's lessons are left out.

        Returns
        -------
        numpy.ndarray
            One per row.
        """
        return self._join(lambda own, k: values[own, :, :k].reshape(len(own), -1))

    def flags(self, bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Give the bits of pupils and days in the order of rows.

        Parameters
        ----------
        bits : numpy.ndarray of uint8, shape (n, days)
            Bit l − 1 stands for lesson l.

        Returns
        -------
        numpy.ndarray of uint8
            0 or 1 per row.
        """
        return self._join(
            lambda own, k: _FLAGS[k].take(bits[own]).view(np.uint8).reshape(len(own), -1)
        )

    def first_lesson(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Give figures of pupils and days to the first row of the day, and 0 to the others.

        Parameters
        ----------
        values : numpy.ndarray, shape (n, days)
            One figure per pupil and school day.

        Returns
        -------
        numpy.ndarray
            One per row.
        """

        def spread(own: npt.NDArray[np.int64], k: int) -> npt.NDArray[Any]:
            out = np.zeros((len(own), self.days, k), dtype=values.dtype)
            out[:, :, 0] = values[own]
            return out.reshape(len(own), -1)

        return self._join(spread)

    def _join(
        self, spread: Callable[[npt.NDArray[np.int64], int], npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """Cut the lines of the pupils' matrices to their days and join them."""
        lines: list[npt.NDArray[Any]] = [np.empty(0)] * len(self.per_day)
        for k in np.unique(self.per_day).tolist():
            own = np.flatnonzero(self.per_day == k)
            matrix = spread(own, k)
            starts, stops = self.first[own] * k, (self.last[own] + 1) * k
            for line, at, start, stop in zip(
                matrix, own.tolist(), starts.tolist(), stops.tolist(), strict=True
            ):
                lines[at] = line[start:stop]
        return np.concatenate(lines)


def _same(line: npt.NDArray[Any], times: int) -> npt.NDArray[Any]:
    return np.broadcast_to(line, (times, len(line)))
