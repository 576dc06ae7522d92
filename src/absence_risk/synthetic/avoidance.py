"""The ladder of avoidance: weekly moves between six levels, and lessons missed on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, uniform, uniform_by_lesson
from absence_risk.synthetic.pupils import bits_by_lesson
from absence_risk.synthetic.timetable import avoided_lessons

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Avoidance, Label
    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.timetable import Timetable

__all__ = ["Ladder", "first_levels", "missed_lessons", "move", "recorded_valid"]

_WEEKS_PER_MONTH = 365.25 / 12 / 7
_TOP = 6


@dataclass(slots=True)
class Ladder:
    """Where pupils stand.

    Parameters
    ----------
    level : numpy.ndarray of int64, shape (n,)
        1 (attends) to 6 (does not leave home).
    since : numpy.ndarray of int64, shape (n,)
        School week in which the pupil last left level 1.
    pressure : numpy.ndarray of float64, shape (n,)
        Lasting log-odds of moving up: pupil, background, school, municipality and grade.
    out : numpy.ndarray of bool, shape (n,)
        Whether the last school day was missed as a whole.
    """

    level: npt.NDArray[np.int64]
    since: npt.NDArray[np.int64]
    pressure: npt.NDArray[np.float64]
    out: npt.NDArray[np.bool_]


def first_levels(
    avoidance: Avoidance, pupils: Pupils, school_effect: npt.NDArray[np.float64]
) -> Ladder:
    """Draw where pupils stand when the year begins.

    P(level ≥ k) = expit(logit first_stage_k + pressure): cumulative logits in the same pressure
    that later moves pupils up.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.
    pupils : Pupils
        The pupils.
    school_effect : numpy.ndarray of float64, shape (n_schools,)
        Log-odds by school.

    Returns
    -------
    Ladder
        State at the start.
    """
    pressure = (
        pupils.effect
        + pupils.background
        + school_effect[pupils.school]
        + np.asarray(avoidance.grade)[pupils.grade.astype(np.int64) - 1]
    )
    draw = uniform(pupils.lane, Purpose.FIRST_STAGE)
    level = np.ones(len(pupils), dtype=np.int64)
    for share in avoidance.first_stage:
        level += draw < _expit(_logit(share) + pressure)
    return Ladder(
        level=level,
        since=np.zeros(len(pupils), dtype=np.int64),
        pressure=pressure,
        out=np.zeros(len(pupils), dtype=bool),
    )


def move(
    ladder: Ladder,
    avoidance: Avoidance,
    draw: npt.NDArray[np.float64],
    week: int,
    *,
    valid: npt.NDArray[np.float64],
    help_: npt.NDArray[np.float64],
    relapse: npt.NDArray[np.float64],
) -> None:
    """Move pupils up or down by at most one level, in place.

    logit P(up | z) = logit up_z + pressure + β_V · valid/0.1 − help + relapse;
    logit P(down | z) = logit down_z + help.

    Parameters
    ----------
    ladder : Ladder
        State; level and since are changed.
    avoidance : Avoidance
        Parameters.
    draw : numpy.ndarray of float64
        One uniform number per pupil; small ones move up, large ones down.
    week : int
        School week that begins.
    valid : numpy.ndarray of float64
        Recent share of valid absence.
    help_ : numpy.ndarray of float64
        The team's effect now.
    relapse : numpy.ndarray of float64
        Pressure after closing.
    """
    up = _by_level(_logits(avoidance.up, below=True), ladder.level)
    up = up + ladder.pressure + avoidance.beta_valid * valid / 0.1 - help_ + relapse
    down = _by_level(_logits(avoidance.down, below=False), ladder.level) + help_
    rises = draw < _expit(up)
    falls = ~rises & (draw > 1 - _expit(down))
    ladder.since[rises & (ladder.level == 1)] = week
    ladder.level += rises.astype(np.int64) - falls


def missed_lessons(
    ladder: Ladder,
    avoidance: Avoidance,
    pupils: Pupils,
    timetable: Timetable,
    *,
    rows: npt.NDArray[np.int64],
    day: int,
    dow: int,
) -> npt.NDArray[np.uint8]:
    """Return the lessons missed through avoidance today.

    Parameters
    ----------
    ladder : Ladder
        State; ``out`` is changed for the given rows.
    avoidance : Avoidance
        Parameters.
    pupils : Pupils
        The pupils.
    timetable : Timetable
        The lessons of a week, of which level 3 avoids some.
    rows : numpy.ndarray of int64
        Who is above level 1 and neither ill nor on leave.
    day, dow : int
        School day, and weekday 0 to 4.

    Returns
    -------
    numpy.ndarray of uint8, shape (len(rows),)
        Bit l − 1 is set where lesson l is missed.
    """
    lane, level, every = pupils.lane[rows], ladder.level[rows], pupils.every[rows]
    more = avoidance.weekday[dow]
    again = _by_level((0.0, *avoidance.day_out_again), level)
    fresh = _by_level((0.0, *avoidance.day_out), level)
    out = uniform(lane, Purpose.DAY_OUT, day) < np.where(ladder.out[rows], again, fresh) * more
    ladder.out[rows] = out
    skip = _by_level((0.0, *avoidance.skip), level)
    lessons = int(every.max(initial=0)).bit_length()
    chance = np.repeat(skip[None], lessons, axis=0)
    systematic = np.flatnonzero(level == 3)
    avoided = avoided_lessons(
        timetable,
        avoidance.avoided_share,
        pupils,
        rows=rows[systematic],
        dow=dow,
        lessons=lessons,
    )
    chance[:, systematic] = np.where(avoided, avoidance.avoided_skip, chance[:, systematic])
    missed = uniform_by_lesson(lane, Purpose.SKIP, day, lessons) < chance * more
    missed |= out
    return bits_by_lesson(missed) & every


def recorded_valid(
    ladder: Ladder,
    label: Label,
    lane: npt.NDArray[np.uint64],
    *,
    rows: npt.NDArray[np.int64],
    day: int,
    week: int,
) -> npt.NDArray[np.bool_]:
    """Return whose avoidance is recorded as valid today (label drift).

    P(valid) = expit(κ_z − κ_t · months since level 1 was left).

    Parameters
    ----------
    ladder : Ladder
        State.
    label : Label
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    rows : numpy.ndarray of int64
        Who missed lessons through avoidance.
    day, week : int
        School day and school week.

    Returns
    -------
    numpy.ndarray of bool, shape (len(rows),)
        Whether the day's absence is recorded as valid.
    """
    months = (week - ladder.since[rows]) / _WEEKS_PER_MONTH
    log_odds = _by_level((0.0, *label.log_odds), ladder.level[rows])
    chance = _expit(log_odds - label.drift_per_month * months)
    return np.asarray(uniform(lane[rows], Purpose.LABEL, day) < chance)


def _by_level(values: tuple[float, ...], level: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the value of each pupil's level, from values for levels 1 to 6."""
    return np.asarray(values, dtype=np.float64)[level - 1]


def _logits(chances: tuple[float, ...], *, below: bool) -> tuple[float, ...]:
    """Return logits for levels 1 to 6; the missing end can never move."""
    found = tuple(float(_logit(chance)) for chance in chances)
    return (*found, -np.inf) if below else (-np.inf, *found)


def _logit(share: float) -> np.float64:
    with np.errstate(divide="ignore"):
        return np.float64(np.log(np.float64(share)) - np.log1p(-np.float64(share)))


def _expit(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-value)))
