"""Rolling windows on a cube: running sums, in blocks of pupils that fit the processor's cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.register.windows import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import Numerator
    from absence_risk.register.windows import Windows

__all__ = ["Rolling"]


@dataclass(frozen=True, eq=False)
class Rolling:
    """Absence in windows that overlap, per pupil.

    Made by `Cube.rolling`. Only windows that lie wholly in the calendar count, and for a pupil
    only those with enough days on which something was scheduled for the pupil: as many as the
    definition's ``least_days``, or all days of a shorter window.

    Parameters
    ----------
    cube : Cube
        The pupil-days.
    windows : Windows
        The windows, in the order of time.
    """

    cube: Cube
    windows: Windows

    def first_crossing(
        self, at: float, *, numerator: Numerator | None = None, strict: bool = False
    ) -> npt.NDArray[np.int64]:
        """Return the window in which each pupil first reaches a share.

        Parameters
        ----------
        at : float
            Share in [0, 1].
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default.
        strict : bool
            Whether the share must exceed ``at``.

        Returns
        -------
        numpy.ndarray of int64, shape (n_pupils,)
            Number of the window, -1 if never. ``windows.stop - 1`` is its last school day, the
            first on which it could be known.

        Raises
        ------
        ValueError
            If ``at`` is no share.

        Examples
        --------
        >>> from absence_risk.register.calendar import SchoolCalendar
        >>> from absence_risk.register.cube import Cube
        >>> from absence_risk.register.definition import AbsenceDefinition
        >>> days = np.arange("2025-09-01", "2025-09-06", dtype="datetime64[D]")
        >>> ill = np.array([[0, 0, 60, 60, 0]], dtype=np.int16)
        >>> cube = Cube(np.array([1], dtype=np.uint32), SchoolCalendar(days, ["HT"] * 5),
        ...             np.full((1, 5), 60, dtype=np.int16), ill, 0 * ill, AbsenceDefinition())
        >>> cube.rolling("rolling 3 days").first_crossing(0.5).tolist()
        [1]
        """
        check.proportion(at, "at")
        found = np.empty(self.cube.n_pupils, dtype=np.int64)
        for block, rate in self._rates(numerator):
            hit = rate > at if strict else rate >= at
            first = hit.argmax(axis=1)
            found[block] = np.where(hit[np.arange(len(first)), first], first, -1)
        return found

    def highest(self, *, numerator: Numerator | None = None) -> npt.NDArray[np.float64]:
        """Return the highest share of each pupil over all windows.

        Parameters
        ----------
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default.

        Returns
        -------
        numpy.ndarray of float64, shape (n_pupils,)
            Share in [0, 1]; NaN where no window counts.
        """
        highest = np.empty(self.cube.n_pupils)
        for block, rate in self._rates(numerator):
            highest[block] = np.fmax.reduce(rate, axis=1)
        return highest

    def rate(self, *, numerator: Numerator | None = None) -> npt.NDArray[np.float64]:
        """Return the share of each pupil in each window.

        Parameters
        ----------
        numerator : {"total", "valid", "invalid"} or None
            Which absence; the definition's numerator by default.

        Returns
        -------
        numpy.ndarray of float64, shape (n_pupils, n_windows)
            Share in [0, 1]; NaN where the window does not count.
        """
        rates = np.empty((self.cube.n_pupils, len(self.windows.label)))
        for block, rate in self._rates(numerator):
            rates[block] = rate
        return rates

    def _rates(
        self, numerator: Numerator | None
    ) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
        cube, least = self.cube, self._least_days()
        for start in range(0, cube.n_pupils, BLOCK):
            block = slice(start, start + BLOCK)
            scheduled = cube.scheduled[block]
            time = self.windows.running_sums(scheduled)
            absent = self.windows.running_sums(cube.absent(numerator, block))
            with np.errstate(invalid="ignore"):
                rate = absent / time  # 0 / 0 is NaN: nothing was scheduled
            gaps = np.flatnonzero((scheduled == 0).any(axis=1))
            if len(gaps):
                days = self.windows.running_sums(scheduled[gaps] > 0)
                rate[gaps] = np.where(days >= least, rate[gaps], np.nan)
            yield block, rate

    def _least_days(self) -> npt.NDArray[np.int64]:
        return np.minimum(self.windows.n_days, self.cube.definition.least_days)
