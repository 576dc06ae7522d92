"""Warnings about pupils and cases whose time in the register is too short for a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.readers.columns import LoadedTable

__all__ = ["window_warnings"]

# The default baseline of the before/after comparison, which ends before the alarm month begins.
_BASELINE_DAYS = 40
_STAGES = ("detected", "referred", "accepted", "started")


def window_warnings(tables: Mapping[str, LoadedTable]) -> list[Problem]:
    """Find pupils who come or go within the period, and cases without a clean time before.

    Parameters
    ----------
    tables : mapping of str to LoadedTable
        The tables, without pupils of protected identity.

    Returns
    -------
    list of Problem
        Codes W511 and W512 with exact counts and first lines.
    """
    calendar = tables["calendar"].frame
    offered = calendar[calendar["offered"].fillna(value=False).astype(bool)]
    days = np.unique(_days(offered["date"].dropna()))
    if not len(days):
        return []
    return [*_comers_and_goers(tables["pupils"], days), *_no_baseline(tables["cases"], days)]


def _days(dates: pd.Series) -> npt.NDArray[np.datetime64]:
    return dates.to_numpy().astype("datetime64[D]")


def _warning(
    table: LoadedTable, code: str, column: str, mask: npt.NDArray[np.bool_], words: tuple[str, str]
) -> list[Problem]:
    if not mask.any():
        return []
    return [
        Problem(
            code=code,
            table=table.name,
            file=table.file,
            line=int(table.frame.index[int(mask.argmax())]),
            column=column,
            n_rows=int(mask.sum()),
            message=words[0],
            fix=words[1],
        )
    ]


def _comers_and_goers(pupils: LoadedTable, days: npt.NDArray[np.datetime64]) -> list[Problem]:
    # A missing date is no comparison's true side.
    late = (_days(pupils.frame["entry"]) > days[0]) & (_days(pupils.frame["entry"]) <= days[-1])
    early = (_days(pupils.frame["exit"]) >= days[0]) & (_days(pupils.frame["exit"]) < days[-1])
    words = (
        "The pupil joins or leaves between the first and the last school day.",
        "Shares of part of a month or term weigh like whole ones; weight by days or leave out "
        "windows with few.",
    )
    return _warning(pupils, "W511", "entry", late | early, words)


def _no_baseline(cases: LoadedTable, days: npt.NDArray[np.datetime64]) -> list[Problem]:
    frame = cases.frame
    if not len(frame):
        return []
    known = np.stack([_days(frame[stage]) for stage in _STAGES])
    # The first known stage: fmin leaves out missing dates.
    noticed = np.fmin.reduce(known)
    # The alarm month is the last one that had ended when the pupil was noticed.
    alarm = noticed.astype("datetime64[M]") - 1
    before = np.searchsorted(days, alarm.astype("datetime64[D]"), side="left")
    short = ~np.isnat(noticed) & (before < _BASELINE_DAYS)
    words = (
        f"The register holds fewer than {_BASELINE_DAYS} school days before the month whose "
        "absence selected the pupil, so that a baseline would overlap the selection.",
        "Add earlier months, or leave the case out of before/after comparisons: who was selected "
        "for high absence falls back without any help.",
    )
    return _warning(cases, "W512", "started", short, words)
