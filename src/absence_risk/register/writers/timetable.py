"""Timetables of classes, from the lessons of their pupils."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.writers.recorded import Recorded

__all__ = ["Timetable", "class_timetables"]

_LESSON = ["class_label", "date", "slot"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Timetable:
    """Lessons of each class.

    Parameters
    ----------
    lessons : pandas.DataFrame
        class_label, date, slot, scheduled (minutes), subject, reported (whether anybody reported
        the lesson), by class, date and slot.
    class_label : numpy.ndarray of object, shape (n_spells,)
        The class of each enrolment spell. A pupil whose lessons are not those of the class has a
        class of its own, named after it.
    """

    lessons: pd.DataFrame
    class_label: npt.NDArray[np.object_]


def class_timetables(tables: Recorded, *, own: bool = True) -> Timetable:
    """Find the timetable of each class, and who follows it.

    A lesson is the class's if more than half of its pupils of that day have it, with the length
    that most of them have.

    Parameters
    ----------
    tables : Recorded
        The register.
    own : bool
        Whether pupils with other lessons get a class of their own; if not, they stay in theirs
        and the caller writes their exceptions.

    Returns
    -------
    Timetable
        Lessons by class.
    """
    import pandas as pd  # noqa: PLC0415

    rows = tables.rows
    label = tables.pupils["class_label"].to_numpy(dtype=object).copy()
    rows = rows.assign(class_label=label[rows["spell"].to_numpy()])
    common = _common(rows)
    if own:
        apart = _apart(rows, common, tables.pupils)
        label[apart] = _own_labels(label[apart])
        rows["class_label"] = label[rows["spell"].to_numpy()]
        alone = rows[rows["spell"].isin(apart)]
        common = pd.concat([common, _common(alone)]) if len(alone) else common
    facts = rows.groupby(_LESSON, as_index=False).agg(
        reported=("reported", "any"), subject=("subject", "first")
    )
    lessons = common.merge(facts, on=_LESSON, how="left").sort_values(_LESSON, ignore_index=True)
    return Timetable(lessons=lessons, class_label=label)


def _common(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the lessons that more than half of a class's pupils have, in their usual length."""
    there = rows.drop_duplicates(["class_label", "date", "spell"])
    pupils = there.groupby(["class_label", "date"]).size().rename("pupils")
    by_length = rows.groupby([*_LESSON, "scheduled"], as_index=False).size()
    having = by_length.groupby(_LESSON)["size"].transform("sum")
    usual = by_length.assign(having=having).sort_values([*_LESSON, "size"], kind="stable")
    usual = usual.drop_duplicates(_LESSON, keep="last").join(pupils, on=["class_label", "date"])
    return usual.loc[2 * usual["having"] > usual["pupils"], [*_LESSON, "scheduled"]]


def _apart(rows: pd.DataFrame, common: pd.DataFrame, pupils: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the spells whose lessons are not those of their class on their days."""
    same = rows.merge(common.rename(columns={"scheduled": "usual"}), on=_LESSON, how="left")
    differs = same.loc[same["usual"] != same["scheduled"], "spell"].unique()
    n_own = np.bincount(rows["spell"], minlength=len(pupils))
    n_class = np.zeros(len(pupils), dtype=np.int64)
    entry = _days(pupils["entry"], "1000-01-01")
    leave = _days(pupils["exit"], "3000-01-01")
    in_class = pupils.groupby("class_label").indices
    for label, lessons in common.groupby("class_label"):
        spells = in_class[label]
        dates = np.sort(lessons["date"].to_numpy().astype("datetime64[D]"))
        n_class[spells] = np.searchsorted(dates, leave[spells], side="right") - np.searchsorted(
            dates, entry[spells], side="left"
        )
    short = np.flatnonzero((n_own != n_class) & (n_own > 0))
    return np.union1d(differs, short).astype(np.int64)


def _days(dates: pd.Series, missing: str) -> npt.NDArray[np.datetime64]:
    days = dates.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.datetime64(missing, "D"), days)


def _own_labels(labels: npt.NDArray[np.object_]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append(f"{label} ({seen[label]})")
    return found
