"""Earlier and current versions of rows: when each was recorded, by whom, and until when it held."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from absence_risk.synthetic.corrections import LEAVE, PENDING
from absence_risk.synthetic.row_columns import DOCUMENTATION, SOURCES, Rows, Stamps

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Changes", "Versions", "versions_of"]

T = TypeVar("T", bound=tuple[Any, ...])

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
_GUARDIAN = 7 * _HOUR + 30 * _MINUTE  # a guardian's report of the morning
_FIRST_BELL = 8 * _HOUR + 10 * _MINUTE
_BREAK = 10  # minutes between lessons
_LAST_BELL = 23 * _HOUR + 59 * _MINUTE
_OFFICE = 15 * _HOUR  # decisions on leave, a day ahead, and corrections
_AFTERWARDS = 16 * _HOUR  # reports that come late


class _State(IntEnum):
    """What the final version of a row says, as far as it matters for who recorded it when."""

    SILENT = 0
    PRESENT = 1
    REPORTED = 2  # by a guardian, in the morning
    GRANTED = 3
    INVALID = 4
    EXPLAINED = 5  # corrected, as all that follow
    CERTIFIED = 6
    SETTLED_INVALID = 7


_WHO = {
    _State.SILENT: ("auto", None),
    _State.PRESENT: ("teacher", None),
    _State.REPORTED: ("guardian", "guardian"),
    _State.GRANTED: ("admin", "school_decision"),
    _State.INVALID: ("teacher", "none"),
    _State.EXPLAINED: ("guardian", "guardian"),
    _State.CERTIFIED: ("admin", "health_prof"),
    _State.SETTLED_INVALID: ("admin", "none"),
}
_SOURCE = np.array([SOURCES.index(_WHO[s][0]) for s in _State], dtype=np.int8)
_PAPER = np.array(
    [-1 if (paper := _WHO[s][1]) is None else DOCUMENTATION.index(paper) for s in _State],
    dtype=np.int8,
)
_BY_TEACHER = np.isin(np.arange(len(_State)), (0, 2, 3), invert=True)  # the first version
_OF_CODE = np.full(256, _State.REPORTED, dtype=np.uint8)
_OF_CODE[LEAVE], _OF_CODE[PENDING:] = _State.GRANTED, _State.INVALID


class Changes(NamedTuple):
    """What changed about each row after its lesson.

    Parameters
    ----------
    first : numpy.ndarray of uint8
        Code recorded first, 0 where it was never corrected.
    delay : numpy.ndarray of int16
        Days until the correction.
    certificate : numpy.ndarray of bool
        Whether the correction rests on a certificate.
    late : numpy.ndarray of uint8
        Days by which the teacher's report is late.
    """

    first: npt.NDArray[np.uint8]
    delay: npt.NDArray[np.int16]
    certificate: npt.NDArray[np.bool_]
    late: npt.NDArray[np.uint8]


class Versions(NamedTuple):
    """All versions of some rows, those of one row beside each other, the current one last.

    Parameters
    ----------
    rows : Rows
        The versions.
    stamps : Stamps
        When each held.
    of_row : numpy.ndarray of int64 or None
        The row of which each is a version; None where each row has one.
    """

    rows: Rows
    stamps: Stamps
    of_row: npt.NDArray[np.int64] | None


def versions_of(rows: Rows, changes: Changes | None, minutes: int) -> Versions:
    """Return every version of some rows.

    At any moment after a lesson exactly one version holds. A lesson that is not yet reported has
    a version that the system made when it began; what a guardian reported in the morning, and
    granted leave, wait for no teacher; a correction that comes before a late report replaces it.

    Parameters
    ----------
    rows : Rows
        Final state of the rows.
    changes : Changes or None
        What changed after the lesson; None where nothing did.
    minutes : int
        Minutes of a lesson.

    Returns
    -------
    Versions
        One to three for each row.
    """
    state = _states(rows, changes)
    midnight = rows.date.astype(np.int64) * _DAY
    begins, times = _times(rows, minutes)
    place = rows.slot if rows.slot.any() else rows.lessons
    recorded = midnight + times.take(state * np.int16(times.shape[1]) + place)
    stamps = Stamps(recorded, np.zeros_like(recorded), _SOURCE[state], _PAPER[state])
    if changes is None:
        return Versions(rows, stamps, None)
    late = np.flatnonzero((changes.late > 0) & _BY_TEACHER[state])
    recorded[late] = midnight[late] + changes.late[late].astype(np.int64) * _DAY + _AFTERWARDS
    fixed = np.flatnonzero(state >= _State.EXPLAINED)
    begun = recorded.copy()
    recorded[fixed] = midnight[fixed] + changes.delay[fixed].astype(np.int64) * _DAY + _OFFICE
    first = fixed[(changes.late[fixed] == 0) | (changes.delay[fixed] > changes.late[fixed])]
    number = np.ones(len(state), dtype=np.int8)
    number[late] += 1
    number[first] += 1
    of_row = np.repeat(np.arange(len(state)), number)
    end = np.cumsum(number, dtype=np.int64)
    rows, stamps = _pick(rows, of_row), _pick(stamps, of_row)
    at = end[late] - number[late]
    rows.known[at] = False
    stamps.recorded[at] = midnight[late] + begins[place[late]]
    stamps.superseded[at] = np.minimum(begun, recorded)[late]
    stamps.source[at], stamps.documentation[at] = _SOURCE[_State.SILENT], _PAPER[_State.SILENT]
    at = end[first] - 2
    rows.code[at] = changes.first[first]
    stamps.recorded[at], stamps.superseded[at] = begun[first], recorded[first]
    stamps.source[at], stamps.documentation[at] = _SOURCE[_State.INVALID], _PAPER[_State.INVALID]
    return Versions(rows, stamps, of_row)


def _states(rows: Rows, changes: Changes | None) -> npt.NDArray[np.uint8]:
    """Return the `_State` of each row."""
    state = _OF_CODE[rows.code]
    state[rows.missed == 0] = _State.PRESENT
    state[~rows.known] = _State.SILENT
    if changes is None:
        return state
    fixed = np.flatnonzero(changes.first)
    fixed = fixed[state[fixed] > _State.PRESENT]
    valid = np.where(changes.certificate[fixed], _State.CERTIFIED, _State.EXPLAINED)
    state[fixed] = np.where(rows.code[fixed] < PENDING, valid, _State.SETTLED_INVALID)
    return state


def _times(rows: Rows, minutes: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return when lessons begin, and when the first version of a row is recorded, by state.

    The place of a row is its lesson; that of a day is its number of lessons, and a day begins with
    the first and ends with the last.
    """
    place = np.arange(256)
    whole = (minutes + _BREAK) * _MINUTE
    starts = _FIRST_BELL + np.maximum(place - 1, 0) * whole * bool(rows.slot.any())
    ends = _FIRST_BELL + place * whole - _BREAK * _MINUTE
    times = np.tile(np.minimum(ends, _LAST_BELL), (len(_State), 1))
    starts = np.minimum(starts, _LAST_BELL)
    times[_State.SILENT] = starts
    times[_State.REPORTED] = _GUARDIAN
    times[_State.GRANTED] = _OFFICE - _DAY
    return starts, times


def _pick(columns: T, rows: npt.NDArray[np.int64]) -> T:
    return type(columns)(*(column[rows] for column in columns))
