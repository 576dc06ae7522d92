"""What of a world is recorded: the canonical tables, as arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.counter import permuted_keys
from absence_risk.synthetic.harm import grade_points
from absence_risk.synthetic.simulation import INVALID
from absence_risk.synthetic.wellbeing import ITEMS, MISSING, answer

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = ["ROWS", "frames", "municipality_keys", "register_rows", "small_tables"]

ROWS = ("lesson", "day")
_MASK = 255


def municipality_keys(world: World) -> list[str]:
    """Return the keys of the municipalities.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    list of str
        ``"m1"`` and so on.
    """
    return [f"m{k + 1}" for k in range(int(world.schools.municipality.max()) + 1)]


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


def small_tables(world: World) -> dict[str, pa.Table]:
    """Return the canonical tables beside the attendance rows.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    dict of str to pyarrow.Table
        pupils, schools, calendar, cases, surveys, outcomes; each sorted by its key.
    """
    return {
        "pupils": _pupils(world),
        "schools": _schools(world),
        "calendar": _calendar(world),
        "cases": _cases(world),
        "surveys": _surveys(world),
        "outcomes": _outcomes(world),
    }


def _dates(world: World, day: npt.NDArray[np.int64]) -> pa.Array:
    """Return school days as dates; null where never reached."""
    import pyarrow as pa  # noqa: PLC0415

    never = day >= len(world.year)
    date = world.year.dates.astype("datetime64[D]").astype(np.int32)
    return pa.array(date[np.where(never, 0, day)], mask=never).view(pa.date32())


def _school_keys(world: World) -> npt.NDArray[Any]:
    width = len(str(len(world.schools)))
    return np.array([f"s{k + 1:0{width}d}" for k in range(len(world.schools))], dtype=object)


def _pupils(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    order = np.argsort(world.pupil_key)
    pupils, year = world.pupils, world.year
    last = np.where(world.last_day < len(year) - 1, world.last_day, NEVER)[order]
    born = int(str(year.dates[0])[:4]) - 6
    return pa.table(
        {
            "pupil_key": pa.array(world.pupil_key[order]),
            "school_key": pa.array(_school_keys(world)[pupils.school[order]], pa.string()),
            "grade": pa.array(pupils.grade[order].astype(np.uint8)),
            "sex": pa.array(np.where(pupils.girl[order], "girl", "boy").astype(object)),
            "birth_year": pa.array(born - pupils.grade[order].astype(np.int16)),
            "entry": _dates(world, np.zeros(len(pupils), dtype=np.int64)),
            "exit": _dates(world, last),
            "protected": pa.array(np.zeros(len(pupils), dtype=bool)),
        }
    )


def _schools(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    n = len(world.schools)
    municipality = np.array(municipality_keys(world), dtype=object)[world.schools.municipality]
    return pa.table(
        {
            "school_key": pa.array(_school_keys(world), pa.string()),
            "municipality_key": pa.array(municipality, pa.string()),
            "country": pa.array(["SE"] * n),
            "school_type": pa.array(["GR"] * n),
            "ladder_id": pa.array([world.scenario.referral.staircase] * n),
            "team_id": pa.array([f"team-{key}" for key in municipality]),
        }
    )


def _calendar(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    dates, terms = world.scenario.calendar.weekdays()
    offered = np.isin(dates, world.year.dates)
    number = world.year.day_index(dates).astype(np.int16)
    months = dates.astype("datetime64[M]").astype(np.int64)
    n, days = len(world.schools), len(dates)

    def each(values: npt.NDArray[Any], kind: Any = None) -> pa.Array:
        return pa.array(np.tile(values, n), kind)

    off = ~offered
    return pa.table(
        {
            "school_key": pa.array(np.repeat(_school_keys(world), days), pa.string()),
            "date": each(dates.astype("datetime64[D]").astype(np.int32)).view(pa.date32()),
            "offered": each(offered),
            "term": each(np.asarray(terms, dtype=object), pa.string()),
            "month_index": each((months - months[0]).astype(np.int16)),
            "schoolday_index": pa.array(np.tile(number, n), mask=np.tile(off, n)),
        }
    )


def _cases(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    found = np.flatnonzero(world.cases.detected < NEVER)
    key = permuted_keys(world.seed, "case", world.pupils.index[found])
    rows, key = found[np.argsort(key)], np.sort(key)
    cases = world.cases
    agreed = cases.guardian[rows] & cases.pupil[rows]
    undecided = cases.decided[rows] == NEVER
    closed = cases.closed[rows]
    endings = [ENDINGS[k] or None for k in cases.ending[rows]]
    start, end = (level[rows].astype(np.uint8) for level in (cases.level_start, cases.level_end))
    return pa.table(
        {
            "case_key": pa.array(key),
            "pupil_key": pa.array(world.pupil_key[rows]),
            "detected": _dates(world, cases.detected[rows]),
            "referred": _dates(world, cases.referred[rows]),
            "accepted": _dates(world, np.where(agreed, cases.decided[rows], NEVER)),
            "started": _dates(world, cases.started[rows]),
            "closed": _dates(world, closed),
            "closure_reason": pa.array(endings, pa.string()),
            "booster_date": pa.nulls(len(rows), pa.date32()),
            "consent_guardian": pa.array(cases.guardian[rows], mask=undecided),
            "consent_pupil": pa.array(cases.pupil[rows], mask=undecided),
            "stage_start": pa.array(start, mask=start == 0),
            "stage_end": pa.array(end, mask=end == 0),
        }
    )


def _surveys(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    found = answer(world)
    key = permuted_keys(world.seed, "survey", world.pupils.index[found.rows])
    order = np.argsort(key)
    wave = np.tile(np.repeat(np.arange(2, dtype=np.uint8), ITEMS), len(order))
    response = found.response[order].reshape(-1)
    missing = np.repeat(found.missing[order].reshape(-1), ITEMS)
    due = np.flatnonzero(response > 0)
    words = np.array([*MISSING, None], dtype=object)
    return pa.table(
        {
            "survey_key": pa.array(np.repeat(key[order], 2 * ITEMS)[due]),
            "wave": pa.array(wave[due]),
            "instrument_id": pa.array(["wellbeing5"] * len(due), pa.string()),
            "item_id": pa.array([f"w{k % ITEMS + 1}" for k in due], pa.string()),
            "response": pa.array(response[due].astype(np.float64), mask=missing[due] >= 0),
            "missing": pa.array(words[missing[due]], pa.string()),
        }
    )


def _outcomes(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    rows, points = grade_points(world)
    order = np.argsort(world.pupil_key[rows])
    return pa.table(
        {
            "pupil_key": pa.array(world.pupil_key[rows][order]),
            "kind": pa.array(["grade_points"] * len(rows), pa.string()),
            "value": pa.array(points[order]),
            "date": _dates(world, np.full(len(rows), len(world.year) - 1)),
        }
    )
