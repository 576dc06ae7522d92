"""Rows as arrays, and the canonical columns made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

__all__ = ["DOCUMENTATION", "SOURCES", "Rows", "Stamps", "Teaching", "arrow_rows"]

_PENDING, _INVALID = 60, 70
SOURCES = ("teacher", "guardian", "auto", "admin")
DOCUMENTATION = ("none", "guardian", "school_decision", "health_prof")


class Rows(NamedTuple):
    """Columns of some rows, compactly: lessons are counted, a code stands for the day's reason.

    Parameters
    ----------
    key : numpy.ndarray of uint32
        Pupil.
    date : numpy.ndarray of int32
        Days since 1970.
    slot : numpy.ndarray of uint8
        Lesson; 0 for a day.
    lessons, missed : numpy.ndarray of uint8
        Lessons of the row, and how many of them were missed.
    known : numpy.ndarray of bool
        Whether anybody reported.
    code : numpy.ndarray of uint8
        Reason of the day's absence.
    late : numpy.ndarray of uint8 or uint16
        Minutes of late arrival.
    """

    key: npt.NDArray[np.uint32]
    date: npt.NDArray[np.int32]
    slot: npt.NDArray[np.uint8]
    lessons: npt.NDArray[np.uint8]
    missed: npt.NDArray[np.uint8]
    known: npt.NDArray[np.bool_]
    code: npt.NDArray[np.uint8]
    late: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


class Stamps(NamedTuple):
    """Who recorded each row when, on what, and until when it held.

    Parameters
    ----------
    recorded, superseded : numpy.ndarray of int64
        Seconds since 1970; ``superseded`` is 0 for the current version.
    source, documentation : numpy.ndarray of int8
        Places in `SOURCES` and `DOCUMENTATION`; −1 for no documentation.
    """

    recorded: npt.NDArray[np.int64]
    superseded: npt.NDArray[np.int64]
    source: npt.NDArray[np.int8]
    documentation: npt.NDArray[np.int8]


class Teaching(NamedTuple):
    """What was taught to which group.

    Parameters
    ----------
    subject : numpy.ndarray of int8
        Place in ``subjects``; at least its length where there is no lesson.
    group : numpy.ndarray of int32
        Place in ``groups``.
    subjects, groups : sequence of str
        Codes of the subjects and keys of the groups.
    """

    subject: npt.NDArray[np.int8]
    group: npt.NDArray[np.int32]
    subjects: tuple[str, ...]
    groups: list[str]


def arrow_rows(
    rows: Rows, minutes: int, stamps: Stamps | None = None, teaching: Teaching | None = None
) -> pa.Table:
    """Return rows as an arrow table with nulls where nobody reported.

    Parameters
    ----------
    rows : Rows
        The rows.
    minutes : int
        Minutes of a lesson.
    stamps : Stamps or None
        Adds recorded_at and superseded_at.
    teaching : Teaching or None
        Adds, with the stamps, the columns that no figure needs: other_min, documentation, source,
        subject_code and group_key.

    Returns
    -------
    pyarrow.Table
        Canonical columns.
    """
    import pyarrow as pa  # noqa: PLC0415 - keeps the import of the package quick

    absent = rows.missed > 0
    absent &= rows.known
    scheduled = rows.lessons * np.int16(minutes)
    missed = rows.missed * np.int16(minutes)
    invalid = rows.code >= _PENDING
    wrong = missed * invalid
    known, reasoned = _bitmap(rows.known), _bitmap(absent)
    words = ["valid", "invalid"] if stamps is None else ["valid", "invalid", "pending"]
    validity = invalid.view(np.int8)
    if stamps is not None:
        validity = validity + (rows.code == _PENDING)
    columns = {
        "pupil_key": _column(rows.key),
        "date": _column(rows.date).view(pa.date32()),
        "slot": _column(rows.slot),
        "scheduled_min": _column(scheduled),
        "present_min": _column(scheduled - missed, known),
        "valid_min": _column(missed - wrong, known),
        "invalid_min": _column(wrong, known),
        "late_min": _column(rows.late.astype(np.int16), known),
        "is_reported": pa.Array.from_buffers(pa.bool_(), len(rows.key), [None, known]),
        "reason_code": _column(rows.code, reasoned),
        "validity": _words(validity, words, reasoned),
    }
    if stamps is not None and teaching is not None:
        columns |= _details(stamps, teaching, known)
    if stamps is not None:
        columns |= _times(stamps)
    return pa.table(columns)


def _details(stamps: Stamps, teaching: Teaching, known: pa.Buffer) -> dict[str, pa.Array]:
    """Return the columns that no figure needs."""
    documented = _bitmap(stamps.documentation >= 0)
    taught = _bitmap(teaching.subject < len(teaching.subjects))
    return {
        "other_min": _column(np.zeros(len(teaching.subject), dtype=np.int16), known),
        "documentation": _words(stamps.documentation, DOCUMENTATION, documented),
        "source": _words(stamps.source, SOURCES),
        "subject_code": _words(teaching.subject, teaching.subjects, taught),
        "group_key": _words(teaching.group, teaching.groups),
    }


def _times(stamps: Stamps) -> dict[str, pa.Array]:
    import pyarrow as pa  # noqa: PLC0415

    kind = pa.timestamp("s")
    return {
        "recorded_at": _column(stamps.recorded).view(kind),
        "superseded_at": _column(stamps.superseded, _bitmap(stamps.superseded > 0)).view(kind),
    }


def _column(values: npt.NDArray[Any], there: pa.Buffer | None = None) -> pa.Array:
    """Return an array as a column without copying it; null where the bitmap has no bit."""
    import pyarrow as pa  # noqa: PLC0415

    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [there, pa.py_buffer(values)])


def _words(
    places: npt.NDArray[Any], words: tuple[str, ...] | list[str], there: pa.Buffer | None = None
) -> pa.Array:
    """Return a column of words from their places in a list."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.DictionaryArray.from_arrays(_column(places, there), pa.array(words))


def _bitmap(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    """Return flags as arrow keeps them, one bit each."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.py_buffer(np.packbits(flags, bitorder="little"))
