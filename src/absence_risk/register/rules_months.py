"""Warnings about months of schools in which figures mean little; no school is ever named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import Problem
from absence_risk.stats.level_shift import level_shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.placed_days import Offered, PlacedDays

__all__ = ["month_warnings"]

_LEAST_REPORTED = 0.9
_LEAST_DAYS = 10
# Assumptions. A jump of 10 points moves a staircase step; the level of 1 % is shared by all series
# of a register. 1,000 rows without one missing report are no chance where anything is missed.
_LEAST_JUMP, _LEVEL = 0.10, 0.01
_LEAST_ROWS = 1000
_LEAST_COVERED = 0.9


@dataclass(frozen=True, eq=False)
class _Months:
    """Sums by school and month; arrays of shape (n_schools, n_months)."""

    first: int
    n_rows: npt.NDArray[np.float64]
    days: npt.NDArray[np.float64]
    scheduled: npt.NDArray[np.float64]
    reported: npt.NDArray[np.float64]
    valid: npt.NDArray[np.float64]
    invalid: npt.NDArray[np.float64]
    offered: npt.NDArray[np.int64]
    expected: npt.NDArray[np.float64]

    @property
    def taught(self) -> npt.NDArray[np.bool_]:
        return self.scheduled > 0


def month_warnings(days: PlacedDays, pupils: pd.DataFrame) -> list[Problem]:
    """Find months and schools whose figures should not be read as they are.

    Parameters
    ----------
    days : PlacedDays
        Pupil-days of the rows.
    pupils : pandas.DataFrame
        Canonical table.

    Returns
    -------
    list of Problem
        Codes W501, W502, W504, W508 with the number of school-months, W503 and W506 with the
        number of schools.
    """
    months = _sums(days, pupils)
    if months is None:
        return []
    return [*_thin_months(months), *_full_reports(months), *_jumps(months)]


def _sums(days: PlacedDays, pupils: pd.DataFrame) -> _Months | None:
    usable = days.school >= 0
    date = days.frame["day"].to_numpy()[usable].astype("datetime64[D]")
    month = date.astype("datetime64[M]").astype(np.int64)
    if not len(month):
        return None
    first, n_months = int(month.min()), int(month.max() - month.min()) + 1
    shape = (len(days.offered.schools), n_months)
    cell = days.school[usable] * n_months + month - first
    size = shape[0] * shape[1]

    def total(weights: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
        return np.bincount(cell, weights=weights, minlength=size).reshape(shape).astype(float)

    sums = {
        name: total(np.nan_to_num(days.frame[name].to_numpy(dtype=float)[usable]))
        for name in ("n", "scheduled", "reported", "valid", "invalid")
    }
    of_day = _month_of_day(days.offered) - first
    return _Months(
        first=first,
        n_rows=sums.pop("n"),
        days=total(days.inside[usable].astype(float)),
        offered=_by_month(days.offered.table, of_day, n_months),
        expected=_by_month(_enrolled(days.offered, pupils), of_day, n_months).astype(float),
        **sums,
    )


def _month_of_day(offered: Offered) -> npt.NDArray[np.int64]:
    dates = (offered.first + np.arange(offered.table.shape[1])).astype("datetime64[D]")
    return dates.astype("datetime64[M]").astype(np.int64)


def _by_month(
    table: npt.NDArray[np.bool_] | npt.NDArray[np.int64],
    month: npt.NDArray[np.int64],
    n_months: int,
) -> npt.NDArray[np.int64]:
    """Sum a table of school × day to school × month."""
    sums = np.zeros((table.shape[0], n_months), dtype=np.int64)
    inside = (month >= 0) & (month < n_months)
    np.add.at(sums.T, month[inside], table.T[inside].astype(np.int64))
    return sums


def _enrolled(offered: Offered, pupils: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the number of enrolled pupils of each school on each day it offers teaching."""
    import pandas as pd  # noqa: PLC0415

    n_days = offered.table.shape[1]
    school = offered.schools.get_indexer(pd.Index(pupils["school_key"]))
    entry = _days(pupils["entry"], -(2**30)) - offered.first
    leave = _days(pupils["exit"], 2**30) - offered.first
    there = (school >= 0) & (entry < n_days) & (leave >= 0) & (entry <= leave)
    steps = np.zeros((offered.table.shape[0], n_days + 1), dtype=np.int64)
    np.add.at(steps, (school[there], np.maximum(entry[there], 0)), 1)
    np.add.at(steps, (school[there], np.minimum(leave[there], n_days - 1) + 1), -1)
    return np.cumsum(steps, axis=1)[:, :-1] * offered.table


def _days(dates: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64))


def _warning(code: str, column: str, count: int, message: str, fix: str) -> list[Problem]:
    if not count:
        return []
    return [
        Problem(code=code, table="registers", column=column, n_rows=count, message=message, fix=fix)
    ]


def _thin_months(months: _Months) -> list[Problem]:
    taught = months.taught
    scheduled, reported = months.scheduled, months.reported
    silent = taught & (months.valid + months.invalid == 0)
    count = f"The count is of school-months, of {int(taught.sum())}."
    # Reported lessons only, and pupil-days without any row: the denominator is another one.
    mixed = taught & (reported == scheduled) & (months.days < _LEAST_COVERED * months.expected)
    if not (taught & (reported < scheduled)).any():
        mixed[:] = False
    return [
        *_warning(
            "W501",
            "is_reported",
            int((taught & (reported < _LEAST_REPORTED * scheduled)).sum()),
            f"In some school-months less than 90 % was reported. {count}",
            'Ask whether reporting was late; compare the denominator "reported".',
        ),
        *_warning(
            "W502",
            "valid_min",
            int(silent.sum()),
            f"In some school-months nobody was absent at all. {count}",
            "Ask whether the school recorded absence in those months.",
        ),
        *_warning(
            "W504",
            "date",
            int((taught & (months.offered < _LEAST_DAYS)).sum()),
            f"Some school-months have fewer than 10 school days. {count}",
            "Do not read monthly shares or monthly steps of those months.",
        ),
        *_warning(
            "W508",
            "scheduled_min",
            int(mixed.sum()),
            "Some school-months list reported lessons only and lack over a tenth of the "
            f"pupil-days, others list unreported lessons too. {count}",
            'Export every offered lesson everywhere, or compare the denominator "reported" only.',
        ),
    ]


def _full_reports(months: _Months) -> list[Problem]:
    rows = months.n_rows.sum(axis=1)
    full = (rows >= _LEAST_ROWS) & (months.reported.sum(axis=1) == months.scheduled.sum(axis=1))
    return _warning(
        "W506",
        "is_reported",
        int(full.sum()),
        f"In some schools every one of at least {_LEAST_ROWS:,} rows is marked as reported. "
        f"The count is of schools, of {int((rows > 0).sum())}.",
        "Ask whether the system writes unreported lessons as present; absence is then too low.",
    )


def _jumps(months: _Months) -> list[Problem]:
    """Look for one jump of the valid share in the whole register and in each school."""
    tested = [(name, *series) for name, series in _series(months)]
    found = [
        (name, month[shift.position])
        for name, month, share in tested
        if (shift := level_shift(share)) is not None
        and abs(shift.size) >= _LEAST_JUMP
        and shift.p_bound * len(tested) < _LEVEL
    ]
    if not found:
        return []
    at = [int(month) for name, month in found if name == "all"] or [int(m) for _, m in found]
    when = str(np.datetime64(int(np.median(at)), "M"))
    whole = "the whole register" if found[0][0] == "all" else "some schools"
    return _warning(
        "W503",
        "valid_min",
        sum(name != "all" for name, _ in found) or int(months.taught.any(axis=1).sum()),
        f"The valid share of absence jumps by at least 10 points in {whole}, about {when}; chance "
        f"makes such jumps in 1 of 100 registers. The count is of schools, of "
        f"{int(months.taught.any(axis=1).sum())}.",
        "Ask whether the system, its settings or the routine changed then; do not compare valid "
        "or invalid absence across that month.",
    )


def _series(
    months: _Months,
) -> Iterator[tuple[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]]:
    """Yield monthly valid shares: of all schools together, then each school beside the median.

    What all schools share (illness in winter, a change of all at once) is thus judged once.
    """
    usable = months.taught & (months.offered >= _LEAST_DAYS) & (months.valid + months.invalid > 0)
    month = months.first + np.arange(usable.shape[1])
    with np.errstate(invalid="ignore"):
        share = np.where(usable, months.valid / (months.valid + months.invalid), np.nan)
    valid, absent = (
        np.where(usable, part, 0).sum(axis=0)
        for part in (months.valid, months.valid + months.invalid)
    )
    there = absent > 0
    yield "all", (month[there], valid[there] / absent[there])
    if len(share) < 2:
        return
    middle = np.zeros(share.shape[1])
    for at in np.flatnonzero(usable.any(axis=0)):
        middle[at] = np.nanmedian(share[:, at])
    for own, has in zip(share - middle, usable, strict=True):
        yield "school", (month[has], own[has])
