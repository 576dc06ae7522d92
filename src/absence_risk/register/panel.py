"""The pupil × period panel, from register rows or from a cube; both give the same frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from absence_risk.register.counted import counted
from absence_risk.register.engine import collect
from absence_risk.register.enrolment import enrolled_rows, spell_days
from absence_risk.register.pupil_days import lesson_counts
from absence_risk.register.windows import Window, windows_of

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.register.cube import Cube
    from absence_risk.register.definition import AbsenceDefinition

__all__ = ["PANEL_COLUMNS", "month_panel", "panel_from_cube"]

PANEL_COLUMNS = (
    "pupil_key",
    "school_key",
    "municipality_key",
    "grade",
    "period",
    "n_days",
    "scheduled_min",
    "valid_min",
    "invalid_min",
    "absent_min",
    "absence_rate",
)


def month_panel(
    rows: nw.LazyFrame[Any],
    columns: Collection[str],
    calendar: SchoolCalendar,
    definition: AbsenceDefinition,
    *,
    with_dates: bool = False,
) -> pd.DataFrame:
    """Sum rows to one per pupil and calendar month, in one stage.

    Parameters
    ----------
    rows : narwhals.LazyFrame
        Current register rows.
    columns : collection of str
        Canonical columns they have.
    calendar : SchoolCalendar
        School days; rows of other dates are left out.
    definition : AbsenceDefinition
        The rule; it must count minutes or lessons.
    with_dates : bool
        Whether to give the first and the last date of the pupil's rows in the month.

    Returns
    -------
    pandas.DataFrame
        pupil_key, period, scheduled, valid, invalid as int64, first and last if asked for, in no
        promised order; months in which nothing was scheduled are left out.

    Raises
    ------
    ValueError
        If the definition counts days or half-days.
    """
    if definition.unit not in {"minute", "lesson"}:
        raise ValueError("One stage sums minutes or lessons; a rule that counts days needs a cube.")
    row = counted(columns, definition)
    parts = {
        "scheduled": row.reported if definition.denominator == "reported" else row.offered,
        "valid": row.chosen_valid,
        "invalid": row.chosen_invalid,
    }
    if definition.unit == "lesson":
        parts = lesson_counts(row, definition)
    kept = rows.filter(_is_school_day(rows, calendar))
    date = nw.col("date").dt
    month = date.year().cast(nw.Int64) * 100 + date.month().cast(nw.Int64)
    ends = {"first": nw.col("date"), "last": nw.col("date")} if with_dates else {}
    named = kept.select("pupil_key", period=month, **parts, **ends)
    dates = [nw.col("first").min(), nw.col("last").max()] if with_dates else []
    sums = [nw.col(n).sum() for n in parts]
    months = named.group_by("pupil_key", "period").agg(*sums, *dates)
    whole = [nw.col(n).cast(nw.Int64) for n in ("pupil_key", "period", *parts)]
    return collect(months.filter(nw.col("scheduled") > 0).select(*whole, *ends))


def all_enrolled(sums: pd.DataFrame, pupils: pd.DataFrame, calendar: SchoolCalendar) -> bool:
    """Return whether no row behind monthly sums can lie outside the pupil's enrolment.

    Parameters
    ----------
    sums : pandas.DataFrame
        From `month_panel`, with dates.
    pupils : pandas.DataFrame
        Enrolment spells.
    calendar : SchoolCalendar
        The school days.

    Returns
    -------
    bool
        False also where a pupil left and came back, so that rows of single days must be looked at.
    """
    import pandas as pd  # noqa: PLC0415

    first, stop = spell_days(pupils, calendar)
    spells = pd.DataFrame({"key": pupils["pupil_key"].to_numpy(), "first": first, "stop": stop})
    groups = spells[stop > first].groupby("key")
    hull = groups.agg(first=("first", "min"), stop=("stop", "max"), days=("stop", "sum"))
    if (groups["first"].sum() + hull["stop"] - hull["first"] != hull["days"]).any():
        return False
    known = sums[np.isin(sums["pupil_key"].to_numpy(), pupils["pupil_key"].to_numpy())]
    mine = hull.reindex(known["pupil_key"])
    low, high = (
        calendar.day_index(known[name].to_numpy().astype("datetime64[D]"))
        for name in ("first", "last")
    )
    return bool(((low >= mine["first"].to_numpy()) & (high < mine["stop"].to_numpy())).all())


def _is_school_day(rows: nw.LazyFrame[Any], calendar: SchoolCalendar) -> nw.Expr:
    """Compare dates as dates where they are; engines differ in how they compare times."""
    date = nw.col("date")
    if rows.collect_schema()["date"] == nw.Date:
        return date.is_in(calendar.dates.tolist())
    number = (
        date.dt.year().cast(nw.Int64) * 10_000
        + date.dt.month().cast(nw.Int64) * 100
        + date.dt.day().cast(nw.Int64)
    )
    day = (calendar.dates - calendar.dates.astype("datetime64[M]")).astype(np.int64) + 1
    return number.is_in([int(value) for value in calendar.month * 100 + day])


def panel_from_cube(
    cube: Cube, pupils: pd.DataFrame, schools: pd.DataFrame, period: str | None = None
) -> pd.DataFrame:
    """Sum a cube over windows into a panel.

    Parameters
    ----------
    cube : Cube
        The pupil-days.
    pupils, schools : pandas.DataFrame
        Canonical tables.
    period : str or None
        The window; the definition's window if None.

    Returns
    -------
    pandas.DataFrame
        The panel described at :func:`finish_panel`.

    Raises
    ------
    ValueError
        If the period is no window.
    """
    import pandas as pd  # noqa: PLC0415

    period = period or cube.definition.window
    totals = cube.totals(period)
    row, column = np.nonzero(totals.scheduled > 0)
    sums = pd.DataFrame(
        {
            "pupil_key": cube.pupil_key[row].astype(np.int64),
            "period": totals.labels[column],
            "scheduled": totals.scheduled[row, column],
            "valid": totals.valid[row, column],
            "invalid": totals.invalid[row, column],
        }
    )
    return finish_panel(
        sums,
        pupils,
        schools,
        calendar=cube.calendar,
        definition=cube.definition,
        period=period,
    )


def finish_panel(
    sums: pd.DataFrame,
    pupils: pd.DataFrame,
    schools: pd.DataFrame,
    *,
    calendar: SchoolCalendar,
    definition: AbsenceDefinition,
    period: str,
) -> pd.DataFrame:
    """Add school, municipality, grade, school days and rates to sums per pupil and period.

    A pupil with several enrolment spells has the school and grade of the last spell that began by
    the end of the period, or of the first spell where none had begun.

    Parameters
    ----------
    sums : pandas.DataFrame
        pupil_key, period, scheduled, valid, invalid.
    pupils, schools : pandas.DataFrame
        Canonical tables; sums of pupils that are not in ``pupils`` are left out.
    calendar : SchoolCalendar
        School days; n_days counts those of the whole calendar in the period.
    definition : AbsenceDefinition
        Its numerator gives the rate, its least days the months that have one.
    period : str
        The window.

    Returns
    -------
    pandas.DataFrame
        Columns ``PANEL_COLUMNS``, sorted by pupil and by period in the order of the calendar.
        Minutes are int64 and count lessons, half-days or days where the definition does;
        absence_rate is a share in [0, 1], NaN in months with fewer school days than the
        definition's least.
    """
    import pandas as pd  # noqa: PLC0415

    windows = windows_of(calendar, period)
    n_days, ends = windows.n_days, calendar.dates[windows.stop - 1]
    position = pd.Index(windows.label).get_indexer(sums["period"])
    known = np.isin(sums["pupil_key"].to_numpy(), pupils["pupil_key"].to_numpy().astype(np.int64))
    order = np.lexsort((position, sums["pupil_key"].to_numpy()))
    order = order[known[order]]
    sums, position = sums.iloc[order], position[order]
    enrolled = pupils.iloc[enrolled_rows(pupils, sums["pupil_key"], ends[position])]
    municipality = schools.drop_duplicates("school_key").set_index("school_key")["municipality_key"]
    valid, invalid = sums["valid"].to_numpy(), sums["invalid"].to_numpy()
    counts = {"total": valid + invalid, "valid": valid, "invalid": invalid}
    scheduled = sums["scheduled"].to_numpy()
    numerator = definition.numerator
    rate = counts[numerator if isinstance(numerator, str) else "total"] / scheduled
    if Window.parse(period).kind == "month":
        rate = np.where(n_days[position] < definition.least_days, np.nan, rate)
    columns = {
        "pupil_key": sums["pupil_key"].to_numpy().astype(np.uint32),
        "school_key": enrolled["school_key"].to_numpy(),
        "municipality_key": municipality.reindex(enrolled["school_key"]).to_numpy(),
        "grade": enrolled["grade"].to_numpy(),
        "period": sums["period"].to_numpy(),
        "n_days": n_days[position].astype(np.int64),
        "scheduled_min": scheduled.astype(np.int64),
        "valid_min": valid.astype(np.int64),
        "invalid_min": invalid.astype(np.int64),
        "absent_min": counts["total"].astype(np.int64),
        "absence_rate": rate,
    }
    return pd.DataFrame(columns, columns=list(PANEL_COLUMNS))
