"""What of a world is recorded, row by row: attendance by lesson or by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from absence_risk import check
from absence_risk.synthetic.simulation import INVALID
from absence_risk.synthetic.tables import pupil_tables, school_tables

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = ["ROWS", "frames", "register_rows"]

ROWS = ("lesson", "day")
_SLOTS = 8


class _Rows(NamedTuple):
    """Columns of some rows, compactly: lessons are counted, a code stands for the day's reason."""

    date: npt.NDArray[np.int32]
    slot: npt.NDArray[np.uint8]
    lessons: npt.NDArray[np.uint8]
    missed: npt.NDArray[np.uint8]
    known: npt.NDArray[np.bool_]
    code: npt.NDArray[np.uint8]
    late: npt.NDArray[np.uint8]


def frames(world: World, rows: str = "lesson") -> dict[str, pa.Table]:
    """Return all canonical tables of a world in memory.

    Parameters
    ----------
    world : World
        The simulated world.
    rows : {"lesson", "day"}
        One row per lesson, or one per day.

    Returns
    -------
    dict of str to pyarrow.Table
        Tables by name.
    """
    order = np.argsort(world.pupil_key)
    registers = register_rows(world, order, rows)
    return {"registers": registers, **school_tables(world), **pupil_tables(world)}


def register_rows(world: World, pupils: npt.NDArray[np.int64], rows: str) -> pa.Table:
    """Return the attendance rows of some pupils, sorted as the pupils are given.

    Minutes are null exactly where nobody reported. A day record counts as reported unless none
    of its lessons was; its unreported lessons count as present, as Swedish day records do.

    Parameters
    ----------
    world : World
        The simulated world.
    pupils : numpy.ndarray of int64
        Pupils, as rows of the world.
    rows : {"lesson", "day"}
        One row per lesson, or one per day (slot 0).

    Returns
    -------
    pyarrow.Table
        Canonical columns; no row before a pupil's first day or after the last.
    """
    check.choice(rows, ROWS, "rows")
    found = (_lesson_rows if rows == "lesson" else _day_rows)(world, pupils)
    per_day = world.pupils.lessons[pupils] if rows == "lesson" else 1
    each = (world.last_day[pupils] + 1 - world.first_day[pupils]) * per_day
    key = np.repeat(world.pupil_key[pupils], each)
    return _table(key, found, world.scenario.size.lesson_minutes)


def _dates(world: World) -> npt.NDArray[np.int32]:
    return world.year.dates.astype("datetime64[D]").astype(np.int32)


def _enrolled(world: World, pupils: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return on which school days the pupils were enrolled, shape (n, n_days)."""
    day = np.arange(len(world.year))
    return np.asarray(
        (day >= world.first_day[pupils][:, None]) & (day <= world.last_day[pupils][:, None])
    )


def _lesson_rows(world: World, pupils: npt.NDArray[np.int64]) -> _Rows:
    """Return a row per lesson; every array is made from all eight slots of a day."""
    dates, lessons = _dates(world), world.pupils.lessons[pupils]
    slots = np.arange(_SLOTS, dtype=np.uint8)
    first, last = world.first_day[pupils], world.last_day[pupils]
    enrolled = _enrolled(world, pupils)
    there = (enrolled[:, :, None] & (slots < lessons[:, None, None])).reshape(-1)
    date = {k: np.repeat(dates, k) for k in np.unique(lessons).tolist()}
    slot = {k: np.tile(slots[:k] + np.uint8(1), len(dates)) for k in date}
    begins, ends = (first * lessons).tolist(), ((last + 1) * lessons).tolist()
    spans = list(zip(lessons.tolist(), begins, ends, strict=True))

    def by_lesson(bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.unpackbits(bits[pupils].reshape(-1), bitorder="little")[there]

    days = world.days
    slot_of_row = np.concatenate([slot[k][a:b] for k, a, b in spans])
    late = np.zeros(len(slot_of_row), dtype=np.uint8)
    late[slot_of_row == 1] = days.late[pupils][enrolled]
    return _Rows(
        date=np.concatenate([date[k][a:b] for k, a, b in spans]),
        slot=slot_of_row,
        lessons=np.ones(len(slot_of_row), dtype=np.uint8),
        missed=by_lesson(days.missed),
        known=by_lesson(days.unreported) == 0,
        code=np.repeat(days.reason[pupils].reshape(-1), _SLOTS)[there],
        late=late,
    )


def _day_rows(world: World, pupils: npt.NDArray[np.int64]) -> _Rows:
    """Return a row per day."""
    dates, days, every = _dates(world), world.days, world.pupils.every[pupils][:, None]
    enrolled = _enrolled(world, pupils)
    unreported = days.unreported[pupils]
    lessons = world.pupils.lessons[pupils].astype(np.uint8)
    return _Rows(
        date=np.broadcast_to(dates, enrolled.shape)[enrolled],
        slot=np.zeros(int(enrolled.sum()), dtype=np.uint8),
        lessons=np.broadcast_to(lessons[:, None], enrolled.shape)[enrolled],
        missed=np.bitwise_count(days.missed[pupils] & ~unreported)[enrolled],
        known=(unreported & every != every)[enrolled],
        code=days.reason[pupils][enrolled],
        late=days.late[pupils][enrolled],
    )


def _table(key: npt.NDArray[np.uint32], rows: _Rows, minutes: int) -> pa.Table:
    """Return the rows as an arrow table with nulls where nobody reported."""
    import pyarrow as pa  # noqa: PLC0415 - keeps the import of the package quick

    n = len(key)
    absent = rows.missed > 0
    absent &= rows.known
    scheduled = rows.lessons * np.int16(minutes)
    missed = rows.missed * np.int16(minutes)
    invalid = rows.code == INVALID
    wrong = missed * invalid
    known, reasoned = _bitmap(rows.known), _bitmap(absent)

    def column(values: npt.NDArray[Any], there: pa.Buffer | None = None) -> pa.Array:
        kind = pa.from_numpy_dtype(values.dtype)
        return pa.Array.from_buffers(kind, n, [there, pa.py_buffer(values)])

    return pa.table(
        {
            "pupil_key": column(key),
            "date": column(rows.date).view(pa.date32()),
            "slot": column(rows.slot),
            "scheduled_min": column(scheduled),
            "present_min": column(scheduled - missed, known),
            "valid_min": column(missed - wrong, known),
            "invalid_min": column(wrong, known),
            "late_min": column(rows.late.astype(np.int16), known),
            "is_reported": pa.Array.from_buffers(pa.bool_(), n, [None, known]),
            "reason_code": column(rows.code, reasoned),
            "validity": pa.DictionaryArray.from_arrays(
                column(invalid.view(np.int8), reasoned), pa.array(["valid", "invalid"])
            ),
        }
    )


def _bitmap(flags: npt.NDArray[np.bool_]) -> pa.Buffer:
    """Return flags as arrow keeps them, one bit each."""
    import pyarrow as pa  # noqa: PLC0415 - keeps the import of the package quick

    return pa.py_buffer(np.packbits(flags, bitorder="little"))
