"""What of a world is recorded, row by row: attendance by lesson or by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.synthetic.simulation import INVALID
from absence_risk.synthetic.tables import small_tables

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = ["ROWS", "frames", "register_rows"]

ROWS = ("lesson", "day")


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
    return {"registers": register_rows(world, order, rows), **small_tables(world)}


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
        Canonical columns; no row after a pupil's last day.
    """
    check.choice(rows, ROWS, "rows")
    cells = _lesson_cells if rows == "lesson" else _day_cells
    slot, lessons, missed, reported, there = cells(world, pupils)
    days = world.days
    reason, late = days.reason[pupils][:, :, None], days.late[pupils][:, :, None]
    there &= (np.arange(len(world.year)) <= world.last_day[pupils][:, None])[:, :, None]
    at = np.flatnonzero(there)
    minutes = world.scenario.size.lesson_minutes
    date = world.year.dates.astype("datetime64[D]").astype(np.int32)

    def take(values: npt.NDArray[Any], kind: type) -> npt.NDArray[Any]:
        return np.broadcast_to(values, there.shape).reshape(-1)[at].astype(kind, copy=False)

    known = take(reported, np.bool_)
    absent = take(missed, np.int16) * np.int16(minutes)
    code = take(reason, np.uint8)
    return _table(
        pupil_key=take(world.pupil_key[pupils][:, None, None], np.uint32),
        date=take(date[None, :, None], np.int32),
        slot=take(slot, np.uint8),
        scheduled=take(lessons, np.int16) * np.int16(minutes),
        absent=absent,
        invalid=code == INVALID,
        late=np.where(take(slot, np.uint8) <= 1, take(late, np.int16), np.int16(0)),
        code=code,
        known=known,
    )


def _lesson_cells(world: World, pupils: npt.NDArray[np.int64]) -> tuple[Any, ...]:
    """Return slot, lessons, lessons missed, reported and scheduled by pupil, day and slot."""
    most = int(world.pupils.lessons.max())
    bit = np.arange(most, dtype=np.uint8)[None, None, :]
    missed = world.days.missed[pupils][:, :, None] >> bit & 1
    reported = (world.days.unreported[pupils][:, :, None] >> bit & 1) == 0
    there = np.broadcast_to(bit < world.pupils.lessons[pupils][:, None, None], missed.shape).copy()
    return bit + np.uint8(1), np.ones((1, 1, 1), dtype=np.int16), missed, reported, there


def _day_cells(world: World, pupils: npt.NDArray[np.int64]) -> tuple[Any, ...]:
    """Return the same five with one cell per day."""
    lessons = world.pupils.lessons[pupils].astype(np.int16)[:, None, None]
    unreported = world.days.unreported[pupils][:, :, None]
    every = ((1 << lessons.astype(np.int64)) - 1).astype(np.uint8)
    missed = np.bitwise_count(world.days.missed[pupils][:, :, None] & ~unreported)
    reported = unreported & every != every
    slot = np.zeros((1, 1, 1), dtype=np.uint8)
    return slot, lessons, missed, reported, np.ones(missed.shape, dtype=bool)


def _table(
    *,
    pupil_key: npt.NDArray[np.uint32],
    date: npt.NDArray[np.int32],
    slot: npt.NDArray[np.uint8],
    scheduled: npt.NDArray[np.int16],
    absent: npt.NDArray[np.int16],
    invalid: npt.NDArray[np.bool_],
    late: npt.NDArray[np.int16],
    code: npt.NDArray[np.uint8],
    known: npt.NDArray[np.bool_],
) -> pa.Table:
    """Return the columns as an arrow table with nulls where nobody reported."""
    import pyarrow as pa  # noqa: PLC0415 - keeps the import of the package quick

    hidden = ~known
    wrong = np.where(invalid, absent, np.int16(0))
    no_absence = hidden | (absent == 0)
    validity = pa.DictionaryArray.from_arrays(
        pa.array(invalid.view(np.int8), mask=no_absence), pa.array(["valid", "invalid"])
    )
    return pa.table(
        {
            "pupil_key": pa.array(pupil_key),
            "date": pa.array(date).view(pa.date32()),
            "slot": pa.array(slot),
            "scheduled_min": pa.array(scheduled),
            "present_min": pa.array(scheduled - absent, mask=hidden),
            "valid_min": pa.array(absent - wrong, mask=hidden),
            "invalid_min": pa.array(wrong, mask=hidden),
            "late_min": pa.array(late, mask=hidden),
            "is_reported": pa.array(known),
            "reason_code": pa.array(code, mask=no_absence),
            "validity": validity,
        }
    )
