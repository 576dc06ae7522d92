"""Episodes at risk: one row per start, with what ended it, where, and what came after.

Time is counted in school weeks after the start; weeks without teaching do not exist on this
clock. A row is first at risk in the week after its start, so nothing can end in the start week.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.register.enrolment import schools_on
from absence_risk.survival.weeks import follow

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.survival.weeks import FollowUp, ReturnRule

    Ints = npt.NDArray[np.int64]

__all__ = [
    "ENDING_NAMES",
    "FAR",
    "HISTORY_COLUMNS",
    "RETURNED",
    "Starts",
    "describe_rule",
    "episodes",
    "median_wait",
]

ENDING_NAMES = {
    1: "returned",
    2: "declined",
    3: "moved",
    4: "other services",
    5: "end of schooling",
    6: "closed as no longer needed without a measured return",
}
HISTORY_COLUMNS = (
    "case_key",
    "pupil_key",
    "school_key",
    "entry",
    "duration",
    "event",
    "severity",
    "invalid_share",
    "register_duration",
    "register_event",
    "relapsed",
    "weeks_to_relapse",
    "weeks_after_return",
    "closed_in_start_week",
)
RETURNED = 1
FAR = int(np.iinfo(np.int64).max)  # a week that never comes


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """Where and when the clock of each row starts, and when its case closes.

    Parameters
    ----------
    row, week : numpy.ndarray of int64, shape (n,)
        Row of the cube and school week of the start.
    closed, code : numpy.ndarray of int64, shape (n,)
        School week of closing (``FAR`` if open) and its event code (0 censors).
    """

    row: Ints
    week: Ints
    closed: Ints
    code: Ints


def episodes(
    cube: Cube,
    starts: Starts,
    rule: ReturnRule,
    *,
    case_key: npt.ArrayLike | None,
    dates: pd.Series[Any],
    pupils: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return one row per start that has at least one school week of follow-up.

    Parameters
    ----------
    cube : Cube
        Pupil × school-day minutes.
    starts : Starts
        The starts.
    rule : ReturnRule
        What counts as back and as away again.
    case_key : array-like or None
        Key of each case; missing in the result where there is none.
    dates : pandas.Series
        Date of each start, at which the school is looked up.
    pupils : pandas.DataFrame or None
        Columns pupil_key, school_key and, where known, entry.

    Returns
    -------
    pandas.DataFrame
        Columns ``HISTORY_COLUMNS``.
    """
    import pandas as pd  # noqa: PLC0415 (importing the package must stay instant)

    found = follow(cube, starts.row, starts.week, rule)
    duration, event = _first_of(found, starts, cube.calendar.n_weeks)
    keys = cube.pupil_key[starts.row].astype(np.int64)
    absent = pd.array([pd.NA] * len(keys), dtype="Int64")
    back, seen, again = event == RETURNED, found.returned >= 0, found.relapsed >= 0
    frame = pd.DataFrame(
        {
            "case_key": absent if case_key is None else np.asarray(case_key),
            "pupil_key": keys,
            "school_key": absent if pupils is None else schools_on(pupils, keys, dates),
            "entry": np.zeros(len(keys), dtype=np.int64),
            "duration": duration,
            "event": event,
            "severity": found.severity,
            "invalid_share": found.invalid_share,
            "register_duration": np.where(seen, found.returned, found.last) - starts.week,
            "register_event": seen.astype(np.int64),
            "relapsed": pd.Series(again, dtype="boolean").mask(~back),
            "weeks_to_relapse": _maybe(found.relapsed - found.returned, back & again),
            "weeks_after_return": _maybe(found.last - found.returned, back),
            "closed_in_start_week": (starts.closed == starts.week) & (event > RETURNED),
        },
        columns=list(HISTORY_COLUMNS),
    )
    return frame.loc[duration >= 1].reset_index(drop=True)


def _first_of(found: FollowUp, starts: Starts, n_weeks: int) -> tuple[Ints, Ints]:
    """Return duration and event: return, closing or end of records, whichever comes first."""
    # A row is at risk from the week after its start, so that is the first week it can end in.
    shut = np.maximum(starts.closed, starts.week + 1)
    back = (found.returned >= 0) & (found.returned <= shut)
    named = (starts.code > 0) & (shut < n_weeks) & ~back
    # The case file knows of a closing after the pupil has left the register; censoring does not.
    end = np.where(named, shut, np.minimum(shut, found.last))
    end = np.where(back, found.returned, end)
    return end - starts.week, np.where(back, RETURNED, np.where(named, starts.code, 0))


def _maybe(values: Ints, known: npt.NDArray[np.bool_]) -> pd.Series[Any]:
    import pandas as pd  # noqa: PLC0415

    return pd.Series(np.where(known, values, 0), dtype="Int64").mask(~known)


def median_wait(cases: pd.DataFrame, cube: Cube) -> int | None:
    """Return the median number of school weeks from detection to start.

    Parameters
    ----------
    cases : pandas.DataFrame
        Columns started and, where known, detected.
    cube : Cube
        Holds the calendar.

    Returns
    -------
    int or None
        School weeks, halves rounded up; None where no started case records its detection.
    """
    import pandas as pd  # noqa: PLC0415

    if "detected" not in cases.columns:
        return None
    known = cases.loc[cases["started"].notna() & cases["detected"].notna()]
    week = cube.calendar.week_index
    begun = week(pd.to_datetime(known["started"]).to_numpy())
    wait = begun - week(pd.to_datetime(known["detected"]).to_numpy())
    inside = wait[begun < cube.calendar.n_weeks]
    return int(np.floor(np.median(np.maximum(inside, 0)) + 0.5)) if len(inside) else None


def describe_rule(rule: ReturnRule, cube: Cube) -> str:
    """Return the return and relapse rule in words.

    Parameters
    ----------
    rule : ReturnRule
        The rule.
    cube : Cube
        Holds the absence definition.

    Returns
    -------
    str
        Two sentences.
    """
    definition = dataclasses.replace(cube.definition, window="week", numerator=rule.numerator)
    return (
        f"Back in school: absence below {100 * rule.below:g} % over {rule.weeks} consecutive "
        f"school weeks together, dated in the last of them; relapse: {100 * rule.relapse_at:g} % "
        f"or more over {rule.weeks} consecutive school weeks after that. Absence: "
        f"{definition.describe()}."
    )
