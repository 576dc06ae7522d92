"""Lessons missed through avoidance: whole days as a two-state chain, single lessons besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.parameters import Avoidance

    Floats = npt.NDArray[np.float64]

__all__ = ["missed_by_level", "out_chances", "skip_chances", "usual_by_level"]


def out_chances(avoidance: Avoidance, weekday: int) -> Floats:
    """Return P(whole day missed) by level, after a day at school and after a day missed.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.
    weekday : int
        0 for Monday to 4 for Friday.

    Returns
    -------
    numpy.ndarray of float64, shape (2, 6)
        Not above 1; 0 on level 1.
    """
    chance = np.array([(0.0, *avoidance.day_out), (0.0, *avoidance.day_out_again)])
    return np.minimum(chance * avoidance.weekday[weekday], 1.0)


def skip_chances(avoidance: Avoidance, weekday: int) -> Floats:
    """Return P(lesson skipped) by level on a day that is not missed as a whole.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.
    weekday : int
        0 for Monday to 4 for Friday.

    Returns
    -------
    numpy.ndarray of float64, shape (6,)
        On level 3 the mean over avoided and other lessons; 0 on level 1.
    """
    more = avoidance.weekday[weekday]
    chance = np.minimum(np.array((0.0, *avoidance.skip)) * more, 1.0)
    avoided = min(avoidance.avoided_skip * more, 1.0)
    chance[2] += avoidance.avoided_share * (avoided - chance[2])
    return chance


def missed_by_level(avoidance: Avoidance, weekdays: npt.NDArray[np.int64]) -> Floats:
    """Return the expected share of lessons missed by pupils who stay on a level and well.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.
    weekdays : numpy.ndarray of int64, shape (n_days,)
        Weekday of each school day; nobody misses the day before the first.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days, 6)
        P(day out) + P(not out) · P(lesson skipped).
    """
    out = np.zeros(6)
    found = np.empty((len(weekdays), 6))
    for day, weekday in enumerate(weekdays.tolist()):
        fresh, again = out_chances(avoidance, weekday)
        out = (1 - out) * fresh + out * again
        found[day] = out + (1 - out) * skip_chances(avoidance, weekday)
    return found


def usual_by_level(avoidance: Avoidance) -> Floats:
    """Return that share over a school week after many weeks on the level.

    Parameters
    ----------
    avoidance : Avoidance
        Parameters.

    Returns
    -------
    numpy.ndarray of float64, shape (6,)
        Mean over Monday to Friday.

    Examples
    --------
    >>> from absence_risk.synthetic import Scenario
    >>> usual_by_level(Scenario.preset("municipality").avoidance).round(3).tolist()
    [0.0, 0.045, 0.195, 0.415, 0.956, 0.978]
    """
    found = missed_by_level(avoidance, np.tile(np.arange(5), 60))
    return np.asarray(found[-5:].mean(axis=0))
