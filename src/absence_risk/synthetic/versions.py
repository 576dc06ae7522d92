"""Earlier and current versions of rows: when each was recorded, by whom, and until when it held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from absence_risk.synthetic.corrections import LEAVE, PENDING, UNAUTHORISED
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
_TEACHER, _GUARDIANS, _AUTO, _ADMIN = (
    SOURCES.index(word) for word in ("teacher", "guardian", "auto", "admin")
)
_NO_PAPER, _WORD_OF_GUARDIAN, _DECISION, _CERTIFICATE = (
    DOCUMENTATION.index(word) for word in ("none", "guardian", "school_decision", "health_prof")
)


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
    of_row : numpy.ndarray of int64
        The row of which each is a version.
    """

    rows: Rows
    stamps: Stamps
    of_row: npt.NDArray[np.int64]


def versions_of(rows: Rows, changes: Changes, minutes: int) -> Versions:
    """Return every version of some rows.

    At any moment after a lesson exactly one version holds. A lesson that is not yet reported has
    a version that the system made when it began; what a guardian reported in the morning, and
    granted leave, wait for no teacher; a correction that comes before a late report replaces it.

    Parameters
    ----------
    rows : Rows
        Final state of the rows.
    changes : Changes
        What changed after the lesson.
    minutes : int
        Minutes of a lesson.

    Returns
    -------
    Versions
        One to three for each row.
    """
    absent = rows.known & (rows.missed > 0)
    corrected = absent & (changes.first > 0)
    known_early = absent & ~corrected & (rows.code < PENDING)
    late = rows.known & ~known_early & (changes.late > 0)
    overtaken = late & corrected & (changes.delay <= changes.late)
    has_first = corrected & ~overtaken
    begun = np.where(late, _clock(rows.date, changes.late, _AFTERWARDS), _ends(rows, minutes))
    settled = _clock(rows.date, changes.delay, _OFFICE)
    final = _final(rows, changes, corrected=corrected, known_early=known_early)
    final = final._replace(
        recorded=np.select(
            [corrected, known_early, rows.known],
            [settled, final.recorded, begun],
            _starts(rows, minutes),
        )
    )
    number = 1 + late.astype(np.int64) + has_first
    if not (number > 1).any():
        return Versions(rows, final, np.arange(len(number)))
    of_row = np.repeat(np.arange(len(number)), number)
    end = np.cumsum(number)
    out, stamps = _pick(rows, of_row), _pick(final, of_row)
    waiting, first = (end - number)[late], end[has_first] - 2
    out.known[waiting] = False
    out.code[first] = changes.first[has_first]
    until = np.where(overtaken, settled, begun)
    stamps.recorded[waiting], stamps.superseded[waiting] = _starts(rows, minutes)[late], until[late]
    stamps.source[waiting], stamps.documentation[waiting] = _AUTO, -1
    stamps.recorded[first], stamps.superseded[first] = begun[has_first], settled[has_first]
    stamps.source[first], stamps.documentation[first] = _TEACHER, _NO_PAPER
    return Versions(out, stamps, of_row)


def _final(
    rows: Rows,
    changes: Changes,
    *,
    corrected: npt.NDArray[np.bool_],
    known_early: npt.NDArray[np.bool_],
) -> Stamps:
    """Return who recorded the final state on what; the time only for what was known early."""
    leave = rows.code == LEAVE
    invalid = rows.code >= UNAUTHORISED
    absent = rows.known & (rows.missed > 0)
    source = np.select(
        [
            ~rows.known,
            known_early & leave,
            known_early,
            corrected & (changes.certificate | invalid),
        ],
        [_AUTO, _ADMIN, _GUARDIANS, _ADMIN],
        np.where(corrected, _GUARDIANS, _TEACHER),
    )
    paper = np.select(
        [~absent, invalid, leave, corrected & changes.certificate],
        [-1, _NO_PAPER, _DECISION, _CERTIFICATE],
        _WORD_OF_GUARDIAN,
    )
    before = np.where(leave, _OFFICE - _DAY, _GUARDIAN)
    return Stamps(
        recorded=_clock(rows.date, 0, before),
        superseded=np.zeros(len(source), dtype=np.int64),
        source=source.astype(np.int8),
        documentation=paper.astype(np.int8),
    )


def _clock(date: npt.NDArray[np.int32], days: Any, seconds: Any) -> npt.NDArray[np.int64]:
    """Return a time on a day that lies some days after a date."""
    return np.asarray((date.astype(np.int64) + days) * _DAY + seconds)


def _starts(rows: Rows, minutes: int) -> npt.NDArray[np.int64]:
    """Return when each lesson began; a day begins with its first lesson."""
    before = np.maximum(np.arange(256) - 1, 0) * (minutes + _BREAK) * _MINUTE
    return _clock(rows.date, 0, np.minimum(_FIRST_BELL + before, _LAST_BELL)[rows.slot])


def _ends(rows: Rows, minutes: int) -> npt.NDArray[np.int64]:
    """Return when each lesson ended; a day ends with its last lesson."""
    last = np.where(rows.slot > 0, rows.slot, rows.lessons).astype(np.int64)
    after = last * (minutes + _BREAK) * _MINUTE - _BREAK * _MINUTE
    return _clock(rows.date, 0, np.minimum(_FIRST_BELL + after, _LAST_BELL))


def _pick(columns: T, rows: npt.NDArray[np.int64]) -> T:
    return type(columns)(*(column[rows] for column in columns))
