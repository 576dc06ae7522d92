"""What of a world is recorded, row by row: attendance by lesson or by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.synthetic.corrections import first_records
from absence_risk.synthetic.illness import weekday
from absence_risk.synthetic.reporting import class_index, late_for_later_lessons
from absence_risk.synthetic.row_columns import Rows, Teaching, arrow_rows
from absence_risk.synthetic.row_layout import Layout
from absence_risk.synthetic.tables import pupil_tables, school_keys, school_tables
from absence_risk.synthetic.timetable import NO_LESSON, SUBJECTS
from absence_risk.synthetic.versions import Changes, versions_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = ["DETAILS", "ROWS", "frames", "register_rows"]

ROWS = ("lesson", "day")
DETAILS = ("figures", "everything")


def frames(world: World, rows: str = "lesson", detail: str = "figures") -> dict[str, pa.Table]:
    """Return all canonical tables of a world in memory.

    Parameters
    ----------
    world : World
        The simulated world.
    rows : {"lesson", "day"}
        One row per lesson, or one per day.
    detail : {"figures", "everything"}
        Columns of the attendance rows, as in `register_rows`.

    Returns
    -------
    dict of str to pyarrow.Table
        Tables by name.
    """
    order = np.argsort(world.pupil_key)
    registers = register_rows(world, order, rows, detail)
    return {"registers": registers, **school_tables(world), **pupil_tables(world)}


def register_rows(
    world: World, pupils: npt.NDArray[np.int64], rows: str, detail: str = "figures"
) -> pa.Table:
    """Return the attendance rows of some pupils, sorted as the pupils are given.

    Minutes are null exactly where nobody reported. A day record counts as reported unless none
    of its lessons was; its unreported lessons count as present, as Swedish day records do. Where
    the scenario corrects records or reports late, earlier versions of a row stand before it, with
    recorded_at and superseded_at.

    Parameters
    ----------
    world : World
        The simulated world.
    pupils : numpy.ndarray of int64
        Pupils, as rows of the world.
    rows : {"lesson", "day"}
        One row per lesson, or one per day (slot 0).
    detail : {"figures", "everything"}
        The columns that figures need, or all canonical ones.

    Returns
    -------
    pyarrow.Table
        Canonical columns; no row before a pupil's first day or after the last.
    """
    check.choice(rows, ROWS, "rows")
    check.choice(detail, DETAILS, "detail")
    by_day = rows == "day"
    layout = _layout(world, pupils, by_day=by_day)
    found = _day_rows(world, pupils, layout) if by_day else _lesson_rows(world, pupils, layout)
    minutes = world.scenario.size.lesson_minutes
    everything = detail == "everything"
    if not (everything or world.scenario.corrections.moves):
        return arrow_rows(found, minutes)
    changes = None
    if world.scenario.corrections.moves:
        changes = _changes(world, pupils, layout, by_day=by_day)
    versions = versions_of(found, changes, minutes)
    teaching = _teaching(world, pupils, layout, by_day=by_day) if everything else None
    if teaching is not None and versions.of_row is not None:
        own = versions.of_row
        teaching = teaching._replace(subject=teaching.subject[own], group=teaching.group[own])
    return arrow_rows(versions.rows, minutes, versions.stamps, teaching)


def _layout(world: World, pupils: npt.NDArray[np.int64], *, by_day: bool) -> Layout:
    lessons = world.pupils.lessons[pupils].astype(np.int64)
    return Layout(
        per_day=np.ones_like(lessons) if by_day else lessons,
        first=world.first_day[pupils],
        last=world.last_day[pupils],
        days=len(world.year),
    )


def _dates(world: World) -> npt.NDArray[np.int32]:
    return world.year.dates.astype("datetime64[D]").astype(np.int32)


def _lesson_rows(world: World, pupils: npt.NDArray[np.int64], layout: Layout) -> Rows:
    """Return a row per lesson."""
    days = world.days
    slot = layout.by_slot(np.arange(1, 9, dtype=np.uint8))
    late = _late_by_lesson(world, pupils)
    return Rows(
        key=layout.by_pupil(world.pupil_key[pupils]),
        date=layout.by_date(_dates(world)),
        slot=slot,
        lessons=np.ones_like(slot),
        missed=layout.flags(days.missed[pupils]),
        known=layout.flags(~days.unreported[pupils]).view(np.bool_),
        code=layout.by_day(days.reason[pupils]),
        late=layout.first_lesson(_late(world, pupils)) if late is None else layout.by_lesson(late),
    )


def _day_rows(world: World, pupils: npt.NDArray[np.int64], layout: Layout) -> Rows:
    """Return a row per day."""
    days, every = world.days, world.pupils.every[pupils][:, None]
    unreported = days.unreported[pupils]
    lessons = layout.by_pupil(world.pupils.lessons[pupils].astype(np.uint8))
    late = _late_by_lesson(world, pupils)
    return Rows(
        key=layout.by_pupil(world.pupil_key[pupils]),
        date=layout.by_date(_dates(world)),
        slot=np.zeros_like(lessons),
        lessons=lessons,
        missed=layout.by_day(np.bitwise_count(days.missed[pupils] & ~unreported)),
        known=layout.by_day(unreported & every != every),
        code=layout.by_day(days.reason[pupils]),
        late=layout.by_day(
            _late(world, pupils) if late is None else late.sum(axis=2, dtype=np.uint16)
        ),
    )


def _late(world: World, pupils: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return minutes late at the first lesson, shape (n, n_days)."""
    return np.minimum(world.days.late[pupils], np.uint8(world.scenario.size.lesson_minutes))


def _late_by_lesson(world: World, pupils: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8] | None:
    """Return minutes late at each lesson that was attended and reported; None if only the first."""
    lateness, days = world.scenario.lateness, world.days
    if lateness.later <= 0:
        return None
    level = days.level[pupils][:, world.year.week]
    late = late_for_later_lessons(lateness, world.pupils.lane[pupils], level)
    late[:, :, 0] = days.late[pupils]
    gone = days.missed[pupils] | days.unreported[pupils] | ~world.pupils.every[pupils][:, None]
    here = np.unpackbits(~gone[:, :, None], axis=2, bitorder="little")
    return np.minimum(late, np.uint8(world.scenario.size.lesson_minutes)) * here


def _changes(
    world: World, pupils: npt.NDArray[np.int64], layout: Layout, *, by_day: bool
) -> Changes:
    """Return what was recorded late or otherwise at first; a day waits for its last lesson."""
    corrections, lane = world.scenario.corrections, world.pupils.lane[pupils]
    first = first_records(corrections, lane, world.days.reason[pupils])
    late = world.setting.late_records
    code = layout.by_day(first.code)
    if late is None:
        waits = np.zeros_like(code)
    else:
        own = late[class_index(world.pupils)[pupils]]
        there = np.arange(own.shape[2]) < world.pupils.lessons[pupils][:, None, None]
        waits = layout.by_day((own * there).max(axis=2)) if by_day else layout.by_lesson(own)
    return Changes(code, layout.by_day(first.delay), layout.by_day(first.certificate), waits)


def _teaching(
    world: World, pupils: npt.NDArray[np.int64], layout: Layout, *, by_day: bool
) -> Teaching:
    """Return the subject of each lesson, none for a day, and the pupil's class."""
    classes = class_index(world.pupils)[pupils]
    own, place = np.unique(classes, return_inverse=True)
    group = layout.by_pupil(place.astype(np.int32))
    if by_day:
        subject = np.full(len(group), NO_LESSON, dtype=np.int8)
    else:
        week = world.setting.timetable.subject[classes].view(np.int8)
        subject = layout.by_lesson(week[:, weekday(world.year)])
    return Teaching(subject, group, SUBJECTS, _class_keys(world, own))


def _class_keys(world: World, classes: npt.NDArray[np.int64]) -> list[str]:
    schools: list[Any] = school_keys(world)[classes // 9].tolist()
    return [f"{key}-{grade}" for key, grade in zip(schools, classes % 9 + 1, strict=True)]
