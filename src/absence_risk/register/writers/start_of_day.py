"""What is noted once or twice a day: who is there when the first lesson of a session begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["noted_at_start", "noted_by_session"]


def noted_at_start(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the first scheduled lesson of each pupil-day, or its day record.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of a register, sorted by pupil, date and slot.

    Returns
    -------
    pandas.DataFrame
        One row per pupil-day, with a column ``absent``: whether no minute of it was attended.
    """
    offered = rows[rows["scheduled"] > 0]
    return _with_absent(offered.drop_duplicates(["pupil_key", "date"]))


def noted_by_session(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what is noted when morning and afternoon begin.

    The afternoon begins with the lesson after the first half of the day's lessons, the middle one
    of an odd number belonging to the morning. A day record stands for both; a day of one lesson
    has a morning only.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of a register, sorted by pupil, date and slot.

    Returns
    -------
    pandas.DataFrame
        One row per pupil, date and session, with the columns ``session`` (1 morning, 2 afternoon)
        and ``absent``: whether no minute of the lesson was attended.
    """
    import pandas as pd  # noqa: PLC0415

    offered = rows[rows["scheduled"] > 0]
    day = offered.groupby(["pupil_key", "date"], sort=False)
    place = day.cumcount().to_numpy()
    lessons = day["slot"].transform("size").to_numpy()
    whole = (offered["slot"] == 0).to_numpy()
    afternoon = np.where(whole, 0, (lessons + 1) // 2)
    morning = offered[place == 0].assign(session=1)
    later = offered[(place == afternoon) & (whole | (lessons > 1))].assign(session=2)
    both = pd.concat([morning, later]).sort_values(
        ["pupil_key", "date", "session"], kind="stable", ignore_index=True
    )
    return _with_absent(both)


def _with_absent(rows: pd.DataFrame) -> pd.DataFrame:
    minutes = rows["valid"] + rows["invalid"]
    return rows.assign(
        absent=rows["reported"] & (minutes > 0) & (minutes >= rows["scheduled"])
    ).reset_index(drop=True)
