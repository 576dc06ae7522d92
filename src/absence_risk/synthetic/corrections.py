"""What is first recorded otherwise and later corrected, and which reports come late."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from absence_risk.synthetic.counter import Purpose, lanes, uniform, uniform_at, uniform_by_lesson
from absence_risk.synthetic.schools import GRADES

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.record_parameters import Corrections

__all__ = [
    "PENDING",
    "UNAUTHORISED",
    "FirstRecords",
    "expected_corrected_share",
    "first_records",
    "late_by_class",
]

ILLNESS, LEAVE, PENDING, UNAUTHORISED = 10, 20, 60, 70
_SLOTS = 8
_LATEST = 250


class FirstRecords(NamedTuple):
    """What was recorded first of the absence of a pupil and day, where it was corrected later.

    Parameters
    ----------
    code : numpy.ndarray of uint8, shape (n, n_days)
        60 or 70; 0 where nothing was corrected.
    delay : numpy.ndarray of int16, shape (n, n_days)
        Calendar days until the correction; 0 where there is none.
    certificate : numpy.ndarray of bool, shape (n, n_days)
        Whether the correction rests on a certificate.
    """

    code: npt.NDArray[np.uint8]
    delay: npt.NDArray[np.int16]
    certificate: npt.NDArray[np.bool_]


def first_records(
    corrections: Corrections, lane: npt.NDArray[np.uint64], reason: npt.NDArray[np.uint8]
) -> FirstRecords:
    """Draw what was recorded first of the absence of some pupils.

    Parameters
    ----------
    corrections : Corrections
        Parameters.
    lane : numpy.ndarray of uint64, shape (n,)
        Lanes of the pupils.
    reason : numpy.ndarray of uint8, shape (n, n_days)
        Final code of each day's absence, 0 where there is none.

    Returns
    -------
    FirstRecords
        The same for a pupil whatever other pupils are asked for.
    """
    code = np.zeros(reason.shape, dtype=np.uint8)
    delay = np.zeros(reason.shape, dtype=np.int16)
    certificate = np.zeros(reason.shape, dtype=bool)
    row, day = np.nonzero((reason > 0) & (reason != LEAVE))
    final, who = reason[row, day], lane[row]
    draw = uniform_at(who, Purpose.FIRST_RECORD, day)
    pending = draw < corrections.unexplained
    wrong = draw < corrections.unexplained + _also_invalid(corrections)
    first = np.where(pending, PENDING, np.where(wrong & (final < PENDING), UNAUTHORISED, 0))
    some = np.flatnonzero(first)
    row, day, who = row[some], day[some], who[some]
    code[row, day] = first[some]
    delay[row, day] = _geometric(
        uniform_at(who, Purpose.CORRECTION_DELAY, day), corrections.mean_days, 2**15 - 1
    )
    paper = uniform_at(who, Purpose.CORRECTION_PAPER, day) < corrections.certificate
    certificate[row, day] = paper & (final[some] == ILLNESS)
    return FirstRecords(code, delay, certificate)


def _also_invalid(corrections: Corrections) -> float:
    return (1 - corrections.unexplained) * corrections.invalid_first


def expected_corrected_share(corrections: Corrections, *, valid: bool) -> float:
    """Return the expected share of days of absence, leave aside, that are corrected.

    P = p_unexplained + (1 − p_unexplained) · p_invalid_first for days that end as valid, and
    p_unexplained for days that end as unauthorised.

    Parameters
    ----------
    corrections : Corrections
        Parameters.
    valid : bool
        Which days.

    Returns
    -------
    float
        Share in [0, 1].

    Examples
    --------
    >>> from absence_risk.synthetic.scenario import Scenario
    >>> expected_corrected_share(Scenario.preset("municipality").corrections, valid=True)
    0.0
    """
    return corrections.unexplained + (_also_invalid(corrections) if valid else 0.0)


def late_by_class(
    corrections: Corrections, seed: int, schools: int, days: int
) -> npt.NDArray[np.uint8] | None:
    """Draw by how many days the report of each lesson of a class is late.

    Parameters
    ----------
    corrections : Corrections
        Parameters.
    seed : int
        Seed of the world.
    schools : int
        Number of schools.
    days : int
        Number of school days.

    Returns
    -------
    numpy.ndarray of uint8, shape (schools · 9, days, 8), or None
        Calendar days, 0 where the report is in time; None where every report is.
    """
    if corrections.late_share <= 0:
        return None
    lane = lanes(seed, np.arange(schools * GRADES))
    out = np.zeros((len(lane), days, _SLOTS), dtype=np.uint8)
    for day in range(days):
        draw = uniform_by_lesson(lane, Purpose.LATE_RECORD, day, _SLOTS)
        slot, late = np.nonzero(draw < corrections.late_share)
        for lesson in range(_SLOTS):
            own = late[slot == lesson]
            wait = uniform(lane[own], Purpose.LATE_RECORD_DELAY, day, lesson)
            out[own, day, lesson] = _geometric(wait, corrections.late_mean_days, _LATEST)
    return out


def _geometric(draw: npt.NDArray[np.float64], mean: float, longest: int) -> npt.NDArray[np.float64]:
    """Return geometric numbers of at least 1 with the given mean, cut at the longest."""
    if mean <= 1:
        return np.ones(draw.shape)
    return np.asarray(np.minimum(1 + np.floor(np.log(draw) / np.log1p(-1 / mean)), longest))
