"""What a writer writes from: current rows of unprotected pupils beside their enrolment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np

from absence_risk.register.engine import collect, run_on_rows
from absence_risk.register.enrolment import enrolled_rows
from absence_risk.register.opening import read_register
from absence_risk.register.schema import TABLES
from absence_risk.register.versions import current_rows

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.register import Register

__all__ = ["Recorded", "person_ids", "recorded"]

_TABLES = ("pupils", "schools", "calendar", "cases", "surveys", "outcomes")


@dataclass(frozen=True, eq=False, kw_only=True)
class Recorded:
    """Tables of a register, ready to be written.

    Parameters
    ----------
    rows : pandas.DataFrame
        Current rows by pupil, date and slot: pupil_key, date, slot, scheduled, reported, valid,
        invalid, late, other (minutes, 0 where nobody reported), reason (-1 where none),
        validity (empty where none), recorded_at, subject, group, and spell: the row in ``pupils``
        of the enrolment that holds on the date.
    earlier : pandas.DataFrame
        Versions that were replaced, with the same columns and ``superseded_at``.
    pupils : pandas.DataFrame
        Enrolment spells of unprotected pupils, with ``class_label``: the class, or the group where
        all lessons of the spell are of one, or school and grade.
    schools, calendar, cases, surveys, outcomes : pandas.DataFrame
        Canonical tables.
    """

    rows: pd.DataFrame
    earlier: pd.DataFrame
    pupils: pd.DataFrame
    schools: pd.DataFrame
    calendar: pd.DataFrame
    cases: pd.DataFrame
    surveys: pd.DataFrame
    outcomes: pd.DataFrame


def recorded(source: Register | Mapping[str, Any]) -> Recorded:
    """Take what is written from a register or its canonical tables.

    Parameters
    ----------
    source : Register or mapping of str to frame
        The register, or frames by table name. Pupils with protected identity are left out; of an
        as-of view, so is what was not known then.

    Returns
    -------
    Recorded
        Rows in memory.

    Raises
    ------
    SchemaError
        If the tables are no register.
    """
    register = read_register(source) if isinstance(source, Mapping) else source
    pupils = register.pupils.copy()
    versions = _versions(register, pupils)
    latest = versions["superseded_at"].isna() | (register.moment is not None)
    rows = versions[latest].reset_index(drop=True)
    pupils["class_label"] = _classes(pupils, rows)
    return Recorded(
        rows=rows,
        earlier=versions[~latest].reset_index(drop=True),
        pupils=pupils,
        schools=register.schools,
        calendar=register.school_dates,
        cases=register.cases,
        surveys=register.surveys,
        outcomes=register.outcomes,
    )


def _classes(pupils: pd.DataFrame, rows: pd.DataFrame) -> pd.Series:
    """Return the class of each spell: its key, or the one group of its lessons, or the grade."""
    import pandas as pd  # noqa: PLC0415

    found = pupils["school_key"].astype(str) + "-" + pupils["grade"].astype(int).astype(str)
    groups = rows[rows["group"] != ""].groupby("spell")["group"].agg(["first", "nunique"])
    alone = groups.loc[groups["nunique"] == 1, "first"]
    found = pd.Series(alone.reindex(pupils.index).to_numpy(dtype=object)).fillna(found)
    return pupils["class_key"].astype(object).where(pupils["class_key"].notna(), found)


def _versions(register: Register, pupils: pd.DataFrame) -> pd.DataFrame:
    """Return all versions of all rows; of an as-of view, those that were known then."""
    import pandas as pd  # noqa: PLC0415 (importing the package stays instant)

    columns = [f.name for f in TABLES["registers"].fields if f.name in register.rows.columns]

    def known(rows: nw.LazyFrame[Any]) -> pd.DataFrame:
        if register.moment is not None:
            rows = current_rows(rows, columns, (), register.moment)
        return collect(rows.filter(~nw.col("pupil_key").is_in(protected)).select(*columns))

    protected = sorted(register.protected) or [-1]
    found = run_on_rows(register.rows, register.engine, known)
    keys = found["pupil_key"].to_numpy().astype(np.int64)
    dates = found["date"].to_numpy().astype("datetime64[D]")
    spell = enrolled_rows(pupils, keys, dates)
    n = len(found)

    def numbers(name: str, missing: int = 0) -> npt.NDArray[np.int32]:
        if name not in found.columns:
            return np.full(n, missing, dtype=np.int32)
        return found[name].astype("float64").fillna(missing).to_numpy().astype(np.int32)

    def texts(name: str) -> npt.NDArray[np.object_]:
        if name not in found.columns:
            return np.full(n, "", dtype=object)
        return found[name].astype(object).where(found[name].notna(), "").to_numpy(dtype=object)

    rows = pd.DataFrame(
        {
            "pupil_key": keys,
            "date": dates.astype("datetime64[s]"),
            "slot": numbers("slot"),
            "scheduled": numbers("scheduled_min"),
            "reported": found["is_reported"].to_numpy().astype(bool),
            "valid": numbers("valid_min"),
            "invalid": numbers("invalid_min"),
            "late": numbers("late_min"),
            "other": numbers("other_min"),
            "reason": numbers("reason_code", -1),
            "validity": texts("validity"),
            "subject": texts("subject_code"),
            "group": texts("group_key"),
            "recorded_at": found["recorded_at"] if "recorded_at" in found.columns else pd.NaT,
            "superseded_at": (
                found["superseded_at"] if "superseded_at" in found.columns else pd.NaT
            ),
            "spell": spell,
        }
    )
    enrolled: pd.DataFrame = rows[rows["spell"] >= 0]
    return enrolled.sort_values(["pupil_key", "date", "slot"], kind="stable", ignore_index=True)


def person_ids(keys: npt.ArrayLike, prefix: str = "P") -> npt.NDArray[np.object_]:
    """Return the identifiers that stand for keys in a foreign file.

    They are the register's own pseudonyms in another dress, made up and never a number of a
    person.

    Parameters
    ----------
    keys : array-like of int, shape (n,)
        Pseudonymous keys.
    prefix : str
        Letter in front, one per kind of person or case.

    Returns
    -------
    numpy.ndarray of object, shape (n,)
        For example ``"P-0000002a"``.

    Examples
    --------
    >>> person_ids([42]).tolist()
    ['P-0000002a']
    """
    different, of_row = np.unique(np.asarray(keys), return_inverse=True)
    names = np.array([f"{prefix}-{int(key):08x}" for key in different], dtype=object)
    found: npt.NDArray[np.object_] = names[of_row]
    return found
