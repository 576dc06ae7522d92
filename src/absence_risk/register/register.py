"""The register: recorded tables of one or more municipalities, and what can be made of them."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from absence_risk import check
from absence_risk.errors import Problem, SchemaError
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cube import Cube, cube_from_days
from absence_risk.register.definition import WINDOWS, AbsenceDefinition
from absence_risk.register.engine import Engine, run_on_rows
from absence_risk.register.panel import finish_panel, month_panel, panel_from_cube
from absence_risk.register.pupil_days import current_rows, pupil_days
from absence_risk.register.readers.canonical import load_folder
from absence_risk.register.readers.frames import load_frames
from absence_risk.register.spells import absence_spells

if TYPE_CHECKING:
    from collections.abc import Callable

    import narwhals.stable.v2 as nw
    import pandas as pd

    from absence_risk.register.readers.columns import LoadedTable
    from absence_risk.register.readers.conversion import ConversionReport
    from absence_risk.register.readers.loaded import Loaded
    from absence_risk.register.row_files import FrameRows, RowFiles
    from absence_risk.register.validate import ValidationReport

__all__ = ["Register", "read_register"]

T = TypeVar("T")


def read_register(
    path: str | Path | Mapping[str, Any],
    layout: str | Path | None = None,
    *,
    key: str | Path | None = None,
    engine: Engine | None = None,
) -> Register:
    """Open a register.

    Small tables are read; lesson rows stay where they are until a panel or a cube is asked for.
    Pupils with protected identity are left out of everything and only counted.

    Parameters
    ----------
    path : str, Path or mapping of str to frame
        Folder with the canonical tables as parquet or CSV, or the tables themselves as frames of
        pandas, polars, pyarrow, DuckDB or any other library that Narwhals knows.
    layout : str, Path or None
        "canonical" (the default), the name of a foreign layout that comes with the package, or a
        mapping file (``.toml``); see :mod:`absence_risk.register.readers.mapping`. A foreign
        export is converted into a private folder that lives as long as the register.
    key : str, Path or None
        Key file of the project, made by ``absence-risk new-key``; a foreign layout needs it.
    engine : Engine or None
        Memory limit and threads of the embedded engine.

    Returns
    -------
    Register
        The register. Call its ``validate()`` before trusting a figure.

    Raises
    ------
    KeyFileError
        If a foreign layout has no key.
    SchemaError
        If the path is no register, a file cannot be read, or a column holds national identity
        numbers. Broken rows and columns do not raise here: ``validate()`` lists them all.
    ValueError
        If the layout is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> day = pd.Timestamp("2025-08-18")
    >>> reg = read_register({
    ...     "registers": pd.DataFrame({"pupil_key": [7], "date": [day], "slot": [1],
    ...         "scheduled_min": [60], "valid_min": [15], "invalid_min": [0],
    ...         "is_reported": [True]}),
    ...     "pupils": pd.DataFrame({"pupil_key": [7], "school_key": ["S"], "grade": [7]}),
    ...     "schools": pd.DataFrame({"school_key": ["S"], "municipality_key": ["M"]}),
    ...     "calendar": pd.DataFrame({"school_key": ["S"], "date": [day], "offered": [True],
    ...         "term": ["HT"]})})
    >>> float(reg.panel()["absence_rate"].iloc[0])
    0.25
    """
    settings = engine or Engine()
    if layout is not None and layout != "canonical":
        return _converted(path, layout, key, settings)
    loaded = load_frames(path) if isinstance(path, Mapping) else load_folder(Path(path), settings)
    return _register(loaded, settings)


def _register(
    loaded: Loaded, settings: Engine, conversion: ConversionReport | None = None
) -> Register:
    notes = () if conversion is None else conversion.notes
    return Register(
        rows=loaded.rows,
        tables=_without_protected(loaded.tables),
        protected=_protected(loaded.tables),
        source=loaded.source,
        problems=(*_all_problems(loaded.problems, loaded.tables), *notes),
        engine=settings,
        conversion=conversion,
    )


def _converted(
    path: str | Path | Mapping[str, Any],
    layout: str | Path,
    key: str | Path | None,
    settings: Engine,
) -> Register:
    """Convert a foreign export; its folder goes when the register does."""
    if isinstance(path, Mapping):
        raise ValueError("Frames are read in the canonical layout; leave layout out.")  # noqa: TRY004
    from absence_risk.register.readers.foreign import load_export  # noqa: PLC0415

    loaded, report, folder = load_export(Path(path), layout, key, settings)
    register = _register(loaded, settings, report)
    weakref.finalize(register, shutil.rmtree, folder, ignore_errors=True)
    return register


def _all_problems(
    rows: tuple[Problem, ...], tables: Mapping[str, LoadedTable]
) -> tuple[Problem, ...]:
    return (*rows, *(problem for table in tables.values() for problem in table.problems))


def _protected(tables: Mapping[str, LoadedTable]) -> frozenset[int]:
    pupils = tables["pupils"].frame
    marked = pupils["protected"].fillna(False).astype(bool)
    return frozenset(int(key) for key in pupils.loc[marked, "pupil_key"].dropna())


def _without_protected(tables: Mapping[str, LoadedTable]) -> dict[str, LoadedTable]:
    import dataclasses  # noqa: PLC0415

    keys = list(_protected(tables))
    kept = {}
    for name, table in tables.items():
        frame = table.frame
        if keys and "pupil_key" in frame.columns:
            frame = frame[~frame["pupil_key"].isin(keys)]
        kept[name] = dataclasses.replace(table, frame=frame)
    return kept


@dataclass(frozen=True, eq=False, kw_only=True)
class Register:
    """The recorded tables of one or more municipalities, with their calendar.

    Made by :func:`read_register`.

    Parameters
    ----------
    rows : RowFiles or FrameRows
        Where the lesson or day rows are.
    tables : dict of str to LoadedTable
        The small tables, without pupils of protected identity.
    protected : frozenset of int
        Keys of pupils with protected identity, whose rows are left out.
    source : str
        Name of the folder, or "frames".
    problems : tuple of Problem
        What was wrong with columns and types when the register was opened.
    engine : Engine
        Settings of the embedded engine.
    conversion : ConversionReport or None
        What became of every row of a foreign export; None for a canonical register.
    """

    rows: RowFiles | FrameRows = field(repr=False)
    tables: dict[str, LoadedTable] = field(repr=False)
    protected: frozenset[int] = field(repr=False)
    source: str
    problems: tuple[Problem, ...] = field(repr=False)
    engine: Engine = field(repr=False)
    conversion: ConversionReport | None = field(default=None, repr=False)

    @property
    def n_pupils(self) -> int:
        """Number of pupils, protected ones left out."""
        return int(self.pupils["pupil_key"].nunique())

    @cached_property
    def pupils(self) -> pd.DataFrame:
        """Enrolment spells; canonical columns."""
        return self._frame("pupils")

    @cached_property
    def schools(self) -> pd.DataFrame:
        """Schools; canonical columns."""
        return self._frame("schools")

    @cached_property
    def cases(self) -> pd.DataFrame:
        """Cases of the attendance team; canonical columns, empty if there is no such table."""
        return self._frame("cases")

    @cached_property
    def surveys(self) -> pd.DataFrame:
        """Survey answers; canonical columns, empty if there is no such table."""
        return self._frame("surveys")

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Outcomes; canonical columns, empty if there is no such table."""
        return self._frame("outcomes")

    @cached_property
    def school_dates(self) -> pd.DataFrame:
        """The calendar table, one row per school and date; canonical columns."""
        return self._frame("calendar")

    @cached_property
    def calendar(self) -> SchoolCalendar:
        """The days on which at least one school offers teaching."""
        self._require("calendar")
        return SchoolCalendar.from_frame(self.school_dates)

    def keys(self) -> frozenset[int]:
        """Return every pseudonym in the register, which no output may hold.

        Returns
        -------
        frozenset of int
            Keys of pupils (protected ones included), cases and survey respondents.
        """
        columns = (
            (self.pupils, "pupil_key"),
            (self.cases, "case_key"),
            (self.surveys, "survey_key"),
        )
        found = (int(key) for frame, column in columns for key in frame[column].dropna().unique())
        return self.protected | frozenset(found)

    def validate(
        self, *, instruments: Mapping[str, tuple[float, float]] | None = None
    ) -> ValidationReport:
        """Check every rule and list all problems at once.

        Parameters
        ----------
        instruments : mapping of str to pair of float or None
            Lowest and highest response by instrument; 1 to 5 where none is given.

        Returns
        -------
        ValidationReport
            Problems with code, file, line, column, count and remedy.
        """
        from absence_risk.register.validate import validate_register  # noqa: PLC0415

        return validate_register(self, instruments=instruments)

    def panel(
        self, period: str = "month", definition: AbsenceDefinition | None = None
    ) -> pd.DataFrame:
        """Sum the rows to one per pupil and period.

        Parameters
        ----------
        period : {"week", "month", "term", "year"}
            Period.
        definition : AbsenceDefinition or None
            What counts; the default definition if None. The period overrides its window.

        Returns
        -------
        pandas.DataFrame
            pupil_key, school_key, municipality_key, grade, period, n_days (school days of the
            calendar in the period), scheduled_min, valid_min, invalid_min, absent_min (minutes,
            or days where the definition counts days), absence_rate (share in [0, 1] by the
            definition's numerator). One row where anything was scheduled, by pupil and period.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        ValueError
            If the period is not one of the four.
        """
        rule = definition or AbsenceDefinition()
        if check.choice(period, WINDOWS, "period") != "month" or rule.unit != "minute":
            return panel_from_cube(self.cube(rule), self.pupils, self.schools, period)
        self._require("registers", "pupils", "schools")
        calendar, columns = self.calendar, self.rows.columns
        sums = self._run(lambda rows: month_panel(rows, columns, calendar, rule))
        return finish_panel(
            sums,
            self.pupils,
            self.schools,
            calendar=calendar,
            definition=rule,
            period=period,
        )

    def cube(self, definition: AbsenceDefinition | None = None) -> Cube:
        """Sum the rows to one per pupil and school day, as arrays.

        Parameters
        ----------
        definition : AbsenceDefinition or None
            What counts; the default definition if None.

        Returns
        -------
        Cube
            All pupils of the register × all days of its calendar.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        """
        rule = definition or AbsenceDefinition()
        self._require("registers", "pupils")
        columns = self.rows.columns
        days = self._run(lambda rows: pupil_days(rows, columns, rule))
        return cube_from_days(days, self.pupils["pupil_key"], self.calendar, rule)

    def spells(self, definition: AbsenceDefinition | None = None) -> pd.DataFrame:
        """Return the runs of absent school days of each pupil.

        Parameters
        ----------
        definition : AbsenceDefinition or None
            What counts; the default definition if None, under which whole days count.

        Returns
        -------
        pandas.DataFrame
            See :func:`absence_risk.register.spells.absence_spells`.
        """
        return absence_spells(self.cube(definition))

    def _run(self, work: Callable[[nw.LazyFrame[Any]], T]) -> T:
        """Run a task on the current rows of unprotected pupils."""
        columns, protected = self.rows.columns, self.protected
        return run_on_rows(
            self.rows, self.engine, lambda rows: work(current_rows(rows, columns, protected))
        )

    def _frame(self, name: str) -> pd.DataFrame:
        return self.tables[name].frame.reset_index(drop=True)

    def _require(self, *tables: str) -> None:
        """Raise if columns of the tables cannot be used."""
        broken = [p for p in self.problems if p.blocks and p.table in tables]
        if broken:
            raise SchemaError(broken)
