"""From team cases to histories: duration and ending on the school-week clock."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.survival.episodes import (
    ENDING_NAMES,
    FAR,
    RETURNED,
    Starts,
    describe_rule,
    episodes,
    median_wait,
)
from absence_risk.survival.weeks import ReturnRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import Kind

    Ints = npt.NDArray[np.int64]

__all__ = ["case_history"]

_NO_REASON = "unknown"


def case_history(
    cases: pd.DataFrame,
    cube: Cube,
    *,
    endings: Mapping[str, int | None],
    pupils: pd.DataFrame | None = None,
    return_below: float = 0.10,
    return_weeks: int = 4,
    relapse_at: float = 0.20,
    severity_weeks: int = 8,
    numerator: Kind = "total",
) -> pd.DataFrame:
    """Follow each case from its start to return, another ending, or the end of the records.

    A pupil is back in the last of the first ``return_weeks`` consecutive school weeks after the
    start week that together have an absence share below ``return_below``. A case that closes
    earlier ends by its closing reason; a return confirmed in the closing week counts as return. A
    case that closes in its start week ends in week 1 and is marked. Follow-up ends with the last
    week in which anything is scheduled for the pupil.

    Parameters
    ----------
    cases : pandas.DataFrame
        Columns case_key, pupil_key, started, closed, closure_reason; detected where known.
    cube : Cube
        Pupil × school-day minutes of the same register.
    endings : mapping of str to int or None
        Event code 2 to 6 of each closing reason (see ``ENDING_NAMES``); None censors. A closed
        case without a reason is looked up as "unknown". There is no default on purpose.
    pupils : pandas.DataFrame or None
        Columns pupil_key, school_key and, where known, entry and exit of the enrolment.
    return_below : float
        Absence share in (0, 1).
    return_weeks : int
        School weeks of the window.
    relapse_at : float
        Absence share over as many weeks that counts as relapse, at least ``return_below``.
    severity_weeks : int
        School weeks before the start that measure the earlier absence.
    numerator : {"total", "valid", "invalid"}
        Which absence counts.

    Returns
    -------
    pandas.DataFrame
        One row per case with at least one school week of follow-up, in the order of ``cases``.
        case_key, pupil_key, school_key (missing without ``pupils``); entry (0), duration (school
        weeks, at least 1), event (0 censored, 1 returned, 2–6); severity (share, NaN if unknown),
        invalid_share (share of that absence that was invalid);
        register_duration, register_event (return whether or not the case was still open; 0 or 1);
        relapsed, weeks_to_relapse, weeks_after_return (missing without a return);
        closed_in_start_week. ``attrs`` hold rule, definition, flow and wait_weeks.

    Raises
    ------
    ValueError
        If a column is missing, a closing reason has no place in ``endings``, or a code is not
        2–6 or None.

    Examples
    --------
    >>> import absence_risk as ar
    >>> reg = ar.synthetic.simulate("municipality", pupils=2_000, seed=1).register
    >>> endings = ar.study.StudyPlan().endings
    >>> history = case_history(reg.cases, reg.cube(), endings=endings, pupils=reg.pupils)
    >>> int(history["duration"].min()) >= 1
    True
    """
    import pandas as pd  # noqa: PLC0415 (importing the package must stay instant)

    needed = ("case_key", "pupil_key", "started", "closed", "closure_reason")
    check.columns(cases.columns, needed, "cases")
    rule = ReturnRule(
        below=return_below,
        weeks=return_weeks,
        relapse_at=relapse_at,
        severity_weeks=severity_weeks,
        numerator=numerator,
    )
    flow = [("cases in the register", len(cases))]
    begun = cases.loc[cases["started"].notna()].reset_index(drop=True)
    flow.append(("cases that were started", len(begun)))
    started = pd.to_datetime(begun["started"])
    row = cube.index(begun["pupil_key"].to_numpy(dtype=np.int64))
    week = cube.calendar.week_index(started.to_numpy())
    inside = (row >= 0) & (week < cube.calendar.n_weeks)
    inside &= (started >= pd.Timestamp(cube.calendar.dates[0])).to_numpy()
    kept = begun.loc[inside]
    flow.append(("started within the school calendar, pupil in the register", len(kept)))
    starts = Starts(row[inside], week[inside], *_closing(kept, cube, endings))
    history = episodes(
        cube, starts, rule, case_key=kept["case_key"], dates=kept["started"], pupils=pupils
    )
    flow.append(("with at least one school week of follow-up", len(history)))
    history.attrs.update(
        rule=dataclasses.asdict(rule),
        definition=describe_rule(rule, cube),
        flow=tuple(flow),
        wait_weeks=median_wait(kept, cube),
    )
    return history


def _closing(
    begun: pd.DataFrame, cube: Cube, endings: Mapping[str, int | None]
) -> tuple[Ints, Ints]:
    """Return the closing week (far beyond the calendar if open) and its event code."""
    import pandas as pd  # noqa: PLC0415

    allowed = {None, *(code for code in ENDING_NAMES if code != RETURNED)}
    wrong = {reason: code for reason, code in endings.items() if code not in allowed}
    if wrong:
        raise ValueError(
            f"endings must map to 2 … {max(ENDING_NAMES)} or None (1 is a measured return), "
            f"got {wrong}."
        )
    is_closed = begun["closed"].notna().to_numpy()
    reason = begun["closure_reason"].astype("object").where(begun["closure_reason"].notna())
    reason = reason.fillna(_NO_REASON)
    lacking = sorted(set(reason[is_closed]) - set(endings))
    if lacking:
        raise ValueError(
            f"endings says nothing about the closing reason {', '.join(map(repr, lacking))}. "
            "Map it to an event code, or to None to censor."
        )
    week = np.full(len(begun), FAR)
    dates = pd.to_datetime(begun["closed"])[is_closed].to_numpy()
    found = cube.calendar.week_index(dates)
    week[is_closed] = np.where(found < cube.calendar.n_weeks, found, week[is_closed])
    code = np.array([endings.get(str(word)) or 0 for word in reason], dtype=np.int64)
    return week, np.where(week < FAR, code, 0)
