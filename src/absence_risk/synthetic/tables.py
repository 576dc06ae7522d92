"""What of a world is recorded beside attendance: the small canonical tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.synthetic.background import STATUS
from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.counter import permuted_keys
from absence_risk.synthetic.harm import grade_points
from absence_risk.synthetic.wellbeing import ITEMS, MISSING, answer

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from absence_risk.synthetic.world import World

__all__ = [
    "join_tables",
    "municipality_keys",
    "pupil_tables",
    "school_keys",
    "school_tables",
]

_SCHOOL_TYPES = np.array(["GR", "SP"], dtype=object)  # compulsory and special school in Sweden
_KEY = {
    "pupils": "pupil_key",
    "cases": "case_key",
    "surveys": "survey_key",
    "outcomes": "pupil_key",
}


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


def school_tables(world: World) -> dict[str, pa.Table]:
    """Return the tables that do not depend on what happens to pupils.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    dict of str to pyarrow.Table
        schools and calendar.
    """
    return {"schools": _schools(world), "calendar": _calendar(world)}


def pupil_tables(world: World) -> dict[str, pa.Table]:
    """Return what is recorded about pupils beside their attendance.

    Parameters
    ----------
    world : World
        The simulated world, or a part of it.

    Returns
    -------
    dict of str to pyarrow.Table
        pupils, cases, surveys and outcomes; each sorted by its key.
    """
    return {
        "pupils": _pupils(world),
        "cases": _cases(world),
        "surveys": _surveys(world),
        "outcomes": _outcomes(world),
    }


def join_tables(parts: list[dict[str, pa.Table]]) -> dict[str, pa.Table]:
    """Return the tables of all pupils from those of parts of a world.

    Parameters
    ----------
    parts : list of dict of str to pyarrow.Table
        From `pupil_tables`; no pupil is in two of them.

    Returns
    -------
    dict of str to pyarrow.Table
        The tables that `pupil_tables` makes of the whole world.
    """
    import pyarrow as pa  # noqa: PLC0415

    joined = {}
    for name, key in _KEY.items():
        table = pa.concat_tables([part[name] for part in parts]).combine_chunks()
        order = np.argsort(table.column(key).to_numpy(), kind="stable")
        joined[name] = table.take(pa.array(order)).combine_chunks()
    return joined


def _dates(world: World, day: npt.NDArray[np.int64]) -> pa.Array:
    """Return school days as dates; null where never reached."""
    import pyarrow as pa  # noqa: PLC0415

    never = day >= len(world.year)
    date = world.year.dates.astype("datetime64[D]").astype(np.int32)
    return pa.array(date[np.where(never, 0, day)], mask=never).view(pa.date32())


def school_keys(world: World) -> npt.NDArray[Any]:
    """Return the keys of the schools.

    Parameters
    ----------
    world : World
        The simulated world.

    Returns
    -------
    numpy.ndarray of object, shape (n_schools,)
        ``"s1"`` and so on, all of one length.
    """
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
            "school_key": pa.array(school_keys(world)[pupils.school[order]], pa.string()),
            "grade": pa.array(pupils.grade[order].astype(np.uint8)),
            "sex": pa.array(
                np.where(pupils.girl[order], "girl", "boy").astype(object), pa.string()
            ),
            "birth_year": pa.array(born - pupils.grade[order].astype(np.int16)),
            **_background(world, order),
            "entry": _dates(world, world.first_day[order]),
            "exit": _dates(world, last),
            "protected": pa.array(np.zeros(len(pupils), dtype=bool)),
        }
    )


def _background(world: World, order: npt.NDArray[np.int64]) -> dict[str, pa.Array]:
    """Return type of school, special support and status, each where pupils can differ in it."""
    import pyarrow as pa  # noqa: PLC0415

    scenario, pupils = world.scenario, world.pupils
    found: dict[str, pa.Array] = {}
    if scenario.places.special_share > 0:
        special = world.schools.special[pupils.school[order]]
        found["school_type"] = pa.array(_SCHOOL_TYPES[special.astype(int)], pa.string())
    if scenario.places.special_share > 0 or scenario.background.sen > 0:
        found["sen"] = pa.array(pupils.supported[order])
    if scenario.background.low > 0 or scenario.background.high > 0:
        bands = np.array(STATUS, dtype=object)
        found["ses_band"] = pa.array(bands[pupils.status[order]], pa.string())
    return found


def _schools(world: World) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    n = len(world.schools)
    municipality = np.array(municipality_keys(world), dtype=object)[world.schools.municipality]
    return pa.table(
        {
            "school_key": pa.array(school_keys(world), pa.string()),
            "municipality_key": pa.array(municipality, pa.string()),
            "country": pa.array(["SE"] * n),
            "school_type": pa.array(_SCHOOL_TYPES[world.schools.special.astype(int)]),
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
            "school_key": pa.array(np.repeat(school_keys(world), days), pa.string()),
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
            "booster_date": _dates(world, cases.booster[rows]),
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
