"""Read exports that have nothing but totals by pupil and period."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import KeyFileError, Problem, SchemaError
from absence_risk.register.engine import Engine, run
from absence_risk.register.enrolment import enrolled_rows
from absence_risk.register.period_totals import PeriodTotals
from absence_risk.register.pseudonym import Pseudonyms
from absence_risk.register.readers.json_files import JsonCopy, json_as_csv
from absence_risk.register.readers.text import csv_frame, csv_head

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

__all__ = ["TOTALS_LAYOUTS", "read_totals"]

TOTALS_LAYOUTS: tuple[str, ...] = ("skolverket", "ss12000")

_TERMS = {"ht": ("-2", 12), "vt": ("-1", 6)}
_KINDS = {"valid_min": "giltig", "invalid_min": "ogiltig", "scheduled_min": "erbjuden"}
_IDS = ("elev_id", "personnummer")
_SUMS = {
    "scheduled_min": "offeredSum",
    "reported_min": "reportedSum",
    "valid_min": "validAbsenceSum",
    "invalid_min": "invalidAbsenceSum",
}
_PERSON = {
    "id": "id",
    "school_key": "enrolments.enroledAt.id",
    "grade": "enrolments.schoolYear",
    "entry": "enrolments.startDate",
    "marking": "securityMarking",
}
_FIXES = {
    "E103": ("This is no number of the kind.", "Correct the export."),
    "E104": ("The value is missing.", "Fill it in."),
    "E110": ("The period is no month and no half of a calendar year.", "Export months or terms."),
    "E202": ("Valid and invalid time together exceed the time offered.", "Correct the sums."),
    "E203": ("Time is negative.", "Correct the export."),
    "E301": ("The pupil is not in the file of persons.", "Export both files at one time."),
    "E305": ("The pupil and period are there already.", "Export each pupil and period once."),
}


def read_totals(
    path: str | Path,
    layout: str,
    *,
    key: str | Path | None,
    project: str = "absence-risk",
    municipality: str = "unknown",
    engine: Engine | None = None,
) -> PeriodTotals:
    """Read totals by pupil and period; rows with faults are left out and counted.

    Parameters
    ----------
    path : str or Path
        The export: a folder, or its only file.
    layout : {"skolverket", "ss12000"}
        Term totals of Skolverket's proposed register (``franvaro_termin.csv``), or
        AggregatedAttendance with Person (``aggregatedAttendance.json*``, ``persons.json*``).
    key : str, Path or None
        Key file of the project.
    project : str
        Name under which pseudonyms are made.
    municipality : str
        Municipality of the schools, which these layouts do not name.
    engine : Engine or None
        Memory limit and threads.

    Returns
    -------
    PeriodTotals
        The totals. Its ``cannot()`` says what they do not carry.

    Raises
    ------
    KeyFileError
        If there is no key.
    SchemaError
        If files or columns are missing, or no row is sound.
    ValueError
        If the layout is unknown.
    """
    check.choice(layout, TOTALS_LAYOUTS, "layout")
    if key is None:
        raise KeyFileError(
            "A foreign export holds identifiers, and no key file was given to replace them. "
            "Make one with 'absence-risk new-key' and pass it as --key (key=…)."
        )
    pseudonyms = Pseudonyms.from_file(key, project=project)
    found = (
        _skolverket(Path(path))
        if layout == "skolverket"
        else run(engine or Engine(), lambda con: _ss12000(Path(path), con))
    )
    return _made(found, pseudonyms, municipality, "term" if layout == "skolverket" else None)


class _Rows:
    """Rows as read, and what is wrong with them: every row at most once."""

    def __init__(self, file: str, frame: pd.DataFrame) -> None:
        self.file, self.frame = file, frame
        self.problems: list[Problem] = []
        self.n_protected = 0

    def drop(self, code: str, column: str, broken: pd.Series) -> None:
        """Leave out rows and count them; the index of the frame is the line."""
        lines = self.frame.index[broken.to_numpy()]
        if len(lines):
            message, fix = _FIXES[code]
            self.problems.append(
                Problem(
                    code=code,
                    table="totals",
                    file=self.file,
                    line=int(lines.min()),
                    column=column,
                    n_rows=len(lines),
                    message=message,
                    fix=fix,
                )
            )
            self.frame = self.frame[~broken.to_numpy()]

    def numbers(self, column: str, factor: float = 1.0) -> None:
        """Turn a column of text into whole minutes."""
        import pandas as pd  # noqa: PLC0415

        text = self.frame[column].astype("string").str.strip().str.replace(",", ".")
        value = pd.to_numeric(text, errors="coerce").astype("float64") * factor
        self.frame = self.frame.assign(**{column: value})
        self.drop("E103", column, value.isna() | np.isinf(value))
        self.frame[column] = self.frame[column].round().astype(np.int64)
        self.drop("E203", column, self.frame[column] < 0)


def _missing(file: str, column: str | None = None) -> SchemaError:
    if column is None:
        problem = Problem(
            code="E002",
            table="totals",
            file=file,
            message="The export has no such file, or it cannot be read.",
            fix="Export it again, or correct its name.",
        )
    else:
        problem = Problem(
            code="E101",
            table="totals",
            file=file,
            column=column,
            message=f"The column {column!r} is missing.",
            fix="Export it, or rename the column that holds it.",
        )
    return SchemaError([problem])


def _skolverket(path: Path) -> _Rows:
    """Read one row per pupil and school year into one per pupil and term, hours into minutes."""
    import pandas as pd  # noqa: PLC0415

    path = path / "franvaro_termin.csv" if path.is_dir() else path
    head = csv_head(path) if path.is_file() else None
    if head is None:
        raise _missing(path.name)
    raw, problems = csv_frame(path, head, "totals", path.name)
    identifier = next((name for name in _IDS if name in raw.columns), None)
    needed = ["läsår", "skolenhetskod", "årskurs"]
    needed += [f"{word}_tid_{term}" for word in _KINDS.values() for term in _TERMS]
    absent = [name for name in needed if name not in raw.columns]
    absent += [_IDS[0]] if identifier is None else []
    if absent:
        raise SchemaError([p for name in absent for p in _missing(path.name, name).problems])
    parts = []
    for term, (mark, month) in _TERMS.items():
        year = raw["läsår"].astype("string").str.extract(r"^(\d{4})", expand=False)
        began = pd.to_numeric(year, errors="coerce") + (term == "vt")
        columns = {name: raw[f"{word}_tid_{term}"] for name, word in _KINDS.items()}
        parts.append(
            pd.DataFrame(
                {
                    "id": raw[identifier],
                    "school_key": raw["skolenhetskod"],
                    "grade": raw["årskurs"],
                    "year": began,
                    "term": began.astype("Int64").astype("string") + mark,
                    "month": began * 100 + month,
                    **columns,
                }
            )
        )
    rows = _Rows(path.name, pd.concat(parts))
    rows.problems += problems
    rows.drop("E104", "läsår", rows.frame["year"].isna())
    for column in _KINDS:
        rows.numbers(column, 60.0)
    rows.frame = rows.frame[rows.frame["scheduled_min"] > 0]
    return rows


def _ss12000(path: Path, connection: duckdb.DuckDBPyConnection) -> _Rows:
    connection.execute("SET preserve_insertion_order = true")
    with tempfile.TemporaryDirectory(prefix="absence_risk_") as private:
        place = Path(private)
        columns = ("student.id", "startDate", "endDate", *_SUMS.values())
        sums, lines = _objects(path, "aggregatedAttendance", columns, place, connection)
        names = {name: column for column, name in _SUMS.items()}
        rows = _Rows(
            "aggregatedAttendance",
            sums.set_index(lines.numbers).rename(columns={**names, "student.id": "id"}),
        )
        persons, _ = _objects(
            path, "persons", tuple(_PERSON.values()), place, connection, each="enrolments"
        )
    for column in _SUMS:
        rows.numbers(column)
    _put_to_periods(rows)
    _put_to_schools(rows, persons.rename(columns={v: k for k, v in _PERSON.items()}))
    return rows


def _objects(
    root: Path,
    name: str,
    columns: tuple[str, ...],
    private: Path,
    connection: duckdb.DuckDBPyConnection,
    *,
    each: str | None = None,
) -> tuple[pd.DataFrame, JsonCopy]:
    import pandas as pd  # noqa: PLC0415

    paths = sorted(root.glob(f"{name}.json*"))
    target = private / f"{name}.csv"
    found = None
    if len(paths) == 1:
        found = json_as_csv(connection, paths[0], target, columns, each)
    if found is None:
        raise _missing(f"{name}.json")
    return pd.read_csv(target, dtype="string", keep_default_na=False, na_values=[""]), found


def _put_to_periods(rows: _Rows) -> None:
    """Give each sum its term, and its month if it lies in one."""
    import pandas as pd  # noqa: PLC0415

    first, last = (
        pd.to_datetime(rows.frame[name], format="%Y-%m-%d", errors="coerce")
        for name in ("startDate", "endDate")
    )
    half = first.dt.year * 2 + (first.dt.month >= 7)
    same = (half == last.dt.year * 2 + (last.dt.month >= 7)) & (first <= last)
    rows.frame = rows.frame.assign(
        first=first,
        one_month=(first.dt.year == last.dt.year) & (first.dt.month == last.dt.month),
        month=last.dt.year * 100 + last.dt.month,
        term=first.dt.year.astype("Int64").astype("string")
        + np.where(first.dt.month >= 7, "-2", "-1"),
    )
    rows.drop("E110", "startDate", ~same)


def _put_to_schools(rows: _Rows, persons: pd.DataFrame) -> None:
    """Find school and grade at the beginning of each period, and leave out protected persons."""
    import pandas as pd  # noqa: PLC0415

    hidden = set(persons.loc[persons["marking"].fillna("Ingen") != "Ingen", "id"])
    rows.frame = rows.frame[~rows.frame["id"].isin(hidden)]
    rows.n_protected = len(hidden)
    number, names = pd.factorize(persons["id"])
    of_row = pd.Index(names).get_indexer(rows.frame["id"])
    spells = pd.DataFrame(
        {"pupil_key": number, "entry": pd.to_datetime(persons["entry"], errors="coerce")}
    )
    rows.drop("E301", "student.id", pd.Series(of_row < 0))
    at = enrolled_rows(spells, of_row[of_row >= 0], rows.frame["first"].to_numpy())
    rows.frame = rows.frame.assign(
        school_key=persons["school_key"].to_numpy()[at], grade=persons["grade"].to_numpy()[at]
    )


def _made(
    rows: _Rows, pseudonyms: Pseudonyms, municipality: str, finest: str | None
) -> PeriodTotals:
    import pandas as pd  # noqa: PLC0415

    for column in ("id", "school_key", "grade"):
        rows.drop("E104", column, rows.frame[column].isna())
    grade = pd.to_numeric(rows.frame["grade"], errors="coerce")
    rows.drop("E103", "grade", ~grade.between(0, 13))
    frame = rows.frame
    rows.drop(
        "E202", "scheduled_min", frame["valid_min"] + frame["invalid_min"] > frame["scheduled_min"]
    )
    if finest is None:
        finest = "month" if bool(rows.frame["one_month"].all()) else "term"
    else:
        again = rows.frame.duplicated(["id", "month"])
        rows.drop("E305", "id", again)
    if not len(rows.frame):
        raise SchemaError(rows.problems or list(_missing(rows.file).problems))
    frame = rows.frame
    minutes = [name for name in _SUMS if name in frame.columns]
    found = pd.DataFrame(
        {
            "pupil_key": pseudonyms.keys("register", frame["id"].tolist()),
            "school_key": frame["school_key"].astype(object).to_numpy(),
            "municipality_key": municipality,
            "grade": frame["grade"].astype(np.uint8).to_numpy(),
            "month": frame["month"].astype(np.int64).to_numpy(),
            "term": frame["term"].astype(object).to_numpy(),
            **{name: frame[name].to_numpy() for name in minutes},
        }
    )
    keys = ["pupil_key", "month", "term"]
    first = ["school_key", "municipality_key", "grade"]
    groups = found.groupby(keys, sort=True)
    whole = groups[first].last().join(groups[minutes].sum()).reset_index()
    return PeriodTotals(
        frame=whole,
        finest=finest,
        n_protected=rows.n_protected,
        problems=tuple(rows.problems),
    )
