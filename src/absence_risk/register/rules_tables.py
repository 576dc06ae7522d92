"""Rules on the small tables: keys, allowed words, ranges, order of dates, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import Problem
from absence_risk.register.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from absence_risk.register.readers.columns import LoadedTable

__all__ = ["table_problems"]

_LINKS = (
    ("pupils", "school_key", "schools"),
    ("calendar", "school_key", "schools"),
    ("cases", "pupil_key", "pupils"),
    ("outcomes", "pupil_key", "pupils"),
)
_UNIQUE = {
    "schools": ["school_key"],
    "calendar": ["school_key", "date"],
    "cases": ["case_key"],
    "surveys": ["survey_key", "wave", "instrument_id", "item_id"],
}
_STAGES = ("detected", "referred", "accepted", "started", "closed")
_RESPONSES = (1.0, 5.0)


def table_problems(
    tables: Mapping[str, LoadedTable],
    instruments: Mapping[str, tuple[float, float]] | None = None,
) -> list[Problem]:
    """Find what is wrong in the small tables.

    Parameters
    ----------
    tables : mapping of str to LoadedTable
        The tables, without pupils of protected identity.
    instruments : mapping of str to pair of float or None
        Lowest and highest response by instrument; 1 to 5 where none is given.

    Returns
    -------
    list of Problem
        One per rule and column, with exact count and first line.
    """
    problems = []
    for table in tables.values():
        problems += _empty(table)
        problems += _column_problems(table)
    problems += [p for link in _LINKS for p in _orphans(tables, *link)]
    problems += [p for name, keys in _UNIQUE.items() for p in _repeated(tables[name], keys)]
    problems += _overlapping_spells(tables["pupils"])
    problems += _stage_order(tables["cases"])
    problems += _closing(tables["cases"])
    problems += _responses(tables["surveys"], instruments or {})
    return problems


def _problem(  # noqa: PLR0917
    table: LoadedTable, code: str, column: str, broken: pd.Series, message: str, fix: str
) -> list[Problem]:
    """Return a problem if any row is broken."""
    mask = broken.fillna(value=False).to_numpy().astype(bool)
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
            message=message,
            fix=fix,
        )
    ]


def _empty(table: LoadedTable) -> list[Problem]:
    if len(table.frame) or not TABLES[table.name].required:
        return []
    message = "The table has no rows."
    return [
        Problem(
            code="E004", table=table.name, file=table.file, message=message, fix="Export it again."
        )
    ]


def _column_problems(table: LoadedTable) -> list[Problem]:
    """Check missing values, closed lists and ranges of every column."""
    problems: list[Problem] = []
    reported = {p.column for p in table.problems}
    for field in TABLES[table.name].fields:
        values = table.frame[field.name]
        if field.required and not field.nullable and field.name not in reported:
            fix = "Fill it in."
            problems += _problem(
                table, "E104", field.name, values.isna(), "The value is missing.", fix
            )
        if field.words:
            strange = values.notna() & ~values.isin(field.words)
            message = f"The value must be one of {', '.join(field.words)}."
            problems += _problem(table, "E113", field.name, strange, message, "Map it.")
        if field.low is not None and field.high is not None:
            code = "E402" if field.name == "wave" else "E114"
            outside = (values < field.low) | (values > field.high)
            message = f"The value must lie from {field.low} to {field.high}."
            fix = "Correct the value."
            problems += _problem(table, code, field.name, outside, message, fix)
    return problems


def _orphans(
    tables: Mapping[str, LoadedTable], name: str, column: str, target: str
) -> list[Problem]:
    table = tables[name]
    known = tables[target].frame[column].dropna()
    values = table.frame[column]
    orphan = values.notna() & ~values.isin(known)
    message = f"The key is not in the table {target}."
    fix = f"Add the row to {target}, or remove it here."
    return _problem(table, "E301", column, orphan, message, fix)


def _repeated(table: LoadedTable, keys: Sequence[str]) -> list[Problem]:
    whole = table.frame[list(keys)].notna().all(axis=1)
    repeated = whole & table.frame.duplicated(list(keys))
    message = f"{', '.join(keys)} must be unique; the repeated rows are counted."
    return _problem(table, "E305", keys[0], repeated, message, "Keep one row.")


def _overlapping_spells(table: LoadedTable) -> list[Problem]:
    import pandas as pd  # noqa: PLC0415

    spells = table.frame[["pupil_key", "entry", "exit"]].dropna(subset=["pupil_key"])
    spells = spells.assign(
        entry=spells["entry"].fillna(pd.Timestamp(1900, 1, 1)),
        exit=spells["exit"].fillna(pd.Timestamp(2200, 1, 1)),
    ).sort_values(["pupil_key", "entry"], kind="stable")
    latest = spells.groupby("pupil_key", sort=False)["exit"].cummax()
    before = latest.groupby(spells["pupil_key"], sort=False).shift()
    overlap = (before >= spells["entry"]).reindex(table.frame.index)
    return _problem(
        table,
        "E304",
        "entry",
        overlap,
        "Enrolment spells of a pupil overlap.",
        "End one before the next begins; one row per pupil and spell.",
    )


def _stage_order(table: LoadedTable) -> list[Problem]:
    problems: list[Problem] = []
    frame = table.frame
    for position, stage in enumerate(_STAGES[1:], start=1):
        earlier = frame[list(_STAGES[:position])].max(axis=1)
        problems += _problem(
            table,
            "E302",
            stage,
            frame[stage] < earlier,
            f"The date {stage} is before an earlier stage ({' ≤ '.join(_STAGES)}).",
            "Correct the dates of the case.",
        )
    return problems


def _closing(table: LoadedTable) -> list[Problem]:
    closed, reason = table.frame["closed"].notna(), table.frame["closure_reason"].notna()
    return [
        *_problem(
            table,
            "E303",
            "closure_reason",
            closed & ~reason,
            "The case is closed without a reason.",
            'Give the reason, or "unknown".',
        ),
        *_problem(
            table,
            "E303",
            "closed",
            reason & ~closed,
            "There is a closing reason but no closing date.",
            "Give the date, or leave the reason empty.",
        ),
    ]


def _responses(table: LoadedTable, instruments: Mapping[str, tuple[float, float]]) -> list[Problem]:
    frame = table.frame
    ranges = [instruments.get(str(name), _RESPONSES) for name in frame["instrument_id"]]
    low, high = np.array(ranges, dtype=float).reshape(-1, 2).T
    response, missing = frame["response"], frame["missing"].notna()
    usual = f"{_RESPONSES[0]:g} to {_RESPONSES[1]:g}"
    return [
        *_problem(
            table,
            "E401",
            "response",
            (response < low) | (response > high),
            f"The response lies outside the range of its instrument ({usual} if none is given).",
            "Correct the value, or give validate(instruments=...) the range.",
        ),
        *_problem(
            table,
            "E403",
            "response",
            response.notna() == missing,
            "Exactly one of response and missing must be given.",
            "Give the answer, or why there is none.",
        ),
    ]
