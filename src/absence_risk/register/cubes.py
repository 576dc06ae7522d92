"""Cubes of several definitions from rows that were read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.cube import Places
from absence_risk.register.enrolment import enrolled_days, spell_days
from absence_risk.register.pupil_days import day_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import AbsenceDefinition

__all__ = ["any_bounded", "cubes_from_days"]


def cubes_from_days(
    days: pd.DataFrame,
    definitions: Sequence[AbsenceDefinition],
    *,
    pupils: pd.DataFrame,
    calendar: SchoolCalendar,
    school_dates: pd.DataFrame,
) -> Iterator[Cube]:
    """Give one cube per definition, one at a time, so that only one need be kept.

    Days outside a pupil's enrolment count nowhere.

    Parameters
    ----------
    days : pandas.DataFrame
        From `absence_risk.register.pupil_days.pupil_days` with these definitions.
    definitions : sequence of AbsenceDefinition
        The rules.
    pupils, school_dates : pandas.DataFrame
        Canonical tables pupils and calendar.
    calendar : SchoolCalendar
        The school days of the cubes.

    Yields
    ------
    Cube
        All pupils × all school days, in the order of the definitions.
    """
    keys = np.unique(pupils["pupil_key"].to_numpy().astype(np.uint32))
    places = Places.of(days, keys, calendar)
    inside = enrolled_days(pupils, keys, calendar) if any_bounded(pupils, calendar) else None
    for definition in definitions:
        cube = places.cube(day_counts(days, definition), definition)
        if definition.denominator == "enrolled_days":
            enrolled = enrolled_days(pupils, keys, calendar, school_dates)
            cube.scheduled[:] = enrolled * (2 if definition.unit == "half_day" else 1)
            _keep(cube, enrolled)
        elif inside is not None:
            _keep(cube, inside)
        yield cube


def _keep(cube: Cube, inside: np.ndarray) -> None:
    """Set days outside to nothing, in a cube that nobody else has seen."""
    rows = np.flatnonzero(~inside.all(axis=1))
    for part in (cube.scheduled, cube.valid, cube.invalid):
        part[rows] *= inside[rows]


def any_bounded(pupils: pd.DataFrame, calendar: SchoolCalendar) -> bool:
    """Return whether any enrolment spell begins or ends inside the calendar.

    Parameters
    ----------
    pupils : pandas.DataFrame
        Enrolment spells.
    calendar : SchoolCalendar
        The school days.

    Returns
    -------
    bool
        False where every spell covers all school days.
    """
    first, stop = spell_days(pupils, calendar)
    return bool((first > 0).any() or (stop < len(calendar)).any())
