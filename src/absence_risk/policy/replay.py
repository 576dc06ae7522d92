"""Replay a staircase on what was recorded: who would have reached which step, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.policy.amounts import amounts
from absence_risk.register.cube import Cube
from absence_risk.register.windows import windows_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.policy.staircase import RunRule, Staircase
    from absence_risk.register.register import Register

__all__ = ["Replay", "replay"]


@dataclass(frozen=True, eq=False)
class Replay:
    """What a staircase would have said about every pupil in every period.

    Parameters
    ----------
    staircase : Staircase
        The staircase that was replayed.
    labels : numpy.ndarray, shape (n_periods,)
        The periods, in the order of the calendar; for rolling windows their last school day or
        school week.
    step : numpy.ndarray of int8, shape (n_pupils, n_periods)
        Highest step reached; 0 for none or nothing scheduled.
    first : numpy.ndarray of int64, shape (n_pupils, n_steps)
        Index of the first period in which each step (or a higher one) was reached, or -1.
    n : numpy.ndarray of int64, shape (n_periods,)
        Pupils with anything scheduled in each period.
    run : numpy.ndarray of int64, shape (n_pupils, n_runs)
        Day index on which each rule on unbroken absence first fired, or -1.
    """

    staircase: Staircase
    labels: npt.NDArray[Any]
    step: npt.NDArray[np.int8]
    first: npt.NDArray[np.int64]
    n: npt.NDArray[np.int64]
    run: npt.NDArray[np.int64]

    @property
    def alarms(self) -> npt.NDArray[np.int64]:
        """Pupils at or above each step in each period, shape (n_periods, n_steps)."""
        reached = _at_least(self.step, len(self.staircase.steps))
        return np.asarray(reached.sum(axis=0), dtype=np.int64)

    @property
    def first_alarms(self) -> npt.NDArray[np.int64]:
        """Pupils who reach each step for the first time in each period, same shape."""
        periods = np.arange(len(self.labels))[None, :, None]
        return np.asarray((self.first[:, None, :] == periods).sum(axis=0), dtype=np.int64)


def replay(source: Cube | Register, staircase: Staircase) -> Replay:
    """Replay a staircase on a cube or a register.

    Parameters
    ----------
    source : Cube or Register
        Recorded absence; a register is read with the default definition of absence.
    staircase : Staircase
        The steps. Their numerator, unit and window are used; denominator, day rule and late rule
        are those of the cube.

    Returns
    -------
    Replay
        Steps per pupil and period, first periods, and unbroken runs. Short months climb steps as
        the staircase is written; only of rolling windows a pupil needs the definition's least
        days.

    Raises
    ------
    PolicyError
        If the staircase counts hours and the cube counts days.
    ValueError
        If the calendar is shorter than a rolling window.

    Examples
    --------
    >>> from absence_risk.policy import Staircase
    >>> from absence_risk.register.calendar import SchoolCalendar
    >>> from absence_risk.register.definition import AbsenceDefinition
    >>> days = SchoolCalendar(np.array(["2025-09-01", "2025-10-01"], dtype="datetime64[D]"), "HH")
    >>> valid = np.array([[30, 60]], dtype=np.int16)
    >>> cube = Cube(np.array([1], dtype=np.uint32), days, np.full((1, 2), 200, dtype=np.int16),
    ...             valid, 0 * valid, AbsenceDefinition())
    >>> replay(cube, Staircase.preset("trosa")).step.tolist()
    [[2, 3]]
    """
    cube = source if isinstance(source, Cube) else source.cube()
    windows = windows_of(cube.calendar, staircase.window)
    counted = amounts(cube, staircase)
    step = staircase.step_of(counted)
    reached = _at_least(step, len(staircase.steps))
    first = np.where(reached.any(axis=1), reached.argmax(axis=1), -1).astype(np.int64)
    runs = [first_run(cube, rule) for rule in staircase.runs]
    run = np.stack(runs, axis=1) if runs else np.empty((cube.n_pupils, 0), dtype=np.int64)
    n = (~np.isnan(counted)).sum(axis=0)
    return Replay(staircase, windows.label, step, first, np.asarray(n, dtype=np.int64), run)


def first_run(cube: Cube, rule: RunRule) -> npt.NDArray[np.int64]:
    """Return the day on which unbroken absence first grows longer than a rule allows.

    Days on which a pupil has nothing scheduled neither break a run nor lengthen it.

    Parameters
    ----------
    cube : Cube
        Recorded absence.
    rule : RunRule
        Which absence, and how many wholly absent school days are still tolerated.

    Returns
    -------
    numpy.ndarray of int64, shape (n_pupils,)
        Day index, or -1 where the rule never fires.
    """
    length = np.zeros(cube.n_pupils, dtype=np.int64)
    found = np.full(cube.n_pupils, -1, dtype=np.int64)
    parts = {"valid": (cube.valid,), "invalid": (cube.invalid,)}
    for day in range(len(cube.calendar)):
        scheduled = cube.scheduled[:, day]
        absent = sum(
            (part[:, day] for part in parts.get(rule.numerator, (cube.valid, cube.invalid))),
            start=np.zeros_like(scheduled),
        )
        length = np.where(scheduled == 0, length, np.where(absent == scheduled, length + 1, 0))
        found[(found < 0) & (length > rule.longer_than_days)] = day
    return found


def _at_least(step: npt.NDArray[np.int8], n_steps: int) -> npt.NDArray[np.bool_]:
    """Return whether each step or a higher one was reached, shape (…, n_steps)."""
    return np.asarray(step[..., None] >= np.arange(1, n_steps + 1))
