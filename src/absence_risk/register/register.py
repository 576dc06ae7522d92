"""The register: recorded tables of one or more municipalities, and what can be made of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from absence_risk.errors import Problem, SchemaError
from absence_risk.register.calendar import SchoolCalendar
from absence_risk.register.cubes import any_bounded, cubes_from_days
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.engine import Engine, run_on_rows
from absence_risk.register.panel import (
    all_enrolled,
    finish_panel,
    month_panel,
    panel_from_cube,
)
from absence_risk.register.pupil_days import pupil_days
from absence_risk.register.reporting import reporting_rates, validity_by_source
from absence_risk.register.spells import absence_spells
from absence_risk.register.versions import (
    cases_then,
    current_rows,
    moment_of,
    outcomes_then,
    refuse_without_times,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import narwhals.stable.v2 as nw
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.readers.columns import LoadedTable
    from absence_risk.register.readers.conversion import ConversionReport
    from absence_risk.register.row_files import FrameRows, RowFiles
    from absence_risk.register.validate import ValidationReport

__all__ = ["Register"]

T = TypeVar("T")


@dataclass(frozen=True, eq=False, kw_only=True)
class Register:
    """The recorded tables of one or more municipalities, with their calendar.

    Made by :func:`absence_risk.register.opening.read_register`.

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
    moment : datetime.datetime or None
        The moment of an as-of view, see `as_of`; None for the latest state.
    latest : Register or None
        The register of which this is an as-of view; its converted files live as long as it does.
    """

    rows: RowFiles | FrameRows = field(repr=False)
    tables: dict[str, LoadedTable] = field(repr=False)
    protected: frozenset[int] = field(repr=False)
    source: str
    problems: tuple[Problem, ...] = field(repr=False)
    engine: Engine = field(repr=False)
    conversion: ConversionReport | None = field(default=None, repr=False)
    moment: dt.datetime | None = None
    latest: Register | None = field(default=None, repr=False)

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

        return validate_register(self.latest or self, instruments=instruments)

    def panel(
        self, period: str | None = None, definition: AbsenceDefinition | None = None
    ) -> pd.DataFrame:
        """Sum the rows to one per pupil and period.

        Parameters
        ----------
        period : str or None
            "week", "month", "quarter", "term", "year", "rolling 12 weeks" or any other window of a
            definition; the window of the definition (by default the month) if None.
        definition : AbsenceDefinition or None
            What counts; the default definition if None.

        Returns
        -------
        pandas.DataFrame
            pupil_key, school_key, municipality_key, grade, period, n_days (school days of the
            calendar in the period), scheduled_min, valid_min, invalid_min, absent_min (minutes,
            or lessons, half-days or days where the definition counts them), absence_rate (share in
            [0, 1] by the definition's numerator; NaN in months with fewer school days than its
            ``least_days``). One row where anything was scheduled, by pupil and period. Days
            outside a pupil's enrolment count nowhere.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        DesignError
            If the definition needs a column that the register does not have.
        ValueError
            If the period is no window.
        """
        rule = definition or AbsenceDefinition()
        period = period or rule.window
        if period == "month" and rule.unit in {"minute", "lesson"}:
            self._require("registers", "pupils", "schools")
            calendar, columns = self.calendar, self.rows.columns
            bounded = any_bounded(self.pupils, calendar)
            sums = self._run(
                lambda rows: month_panel(rows, columns, calendar, rule, with_dates=bounded)
            )
            if not bounded or all_enrolled(sums, self.pupils, calendar):
                return finish_panel(
                    sums,
                    self.pupils,
                    self.schools,
                    calendar=calendar,
                    definition=rule,
                    period=period,
                )
        return panel_from_cube(self.cube(rule), self.pupils, self.schools, period)

    def cube(self, definition: AbsenceDefinition | None = None) -> Cube:
        """Sum the rows to one per pupil and school day, as arrays.

        Parameters
        ----------
        definition : AbsenceDefinition or None
            What counts; the default definition if None.

        Returns
        -------
        Cube
            All pupils of the register × all days of its calendar; days outside a pupil's
            enrolment count nowhere.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        DesignError
            If the definition needs a column that the register does not have.
        """
        (cube,) = self.cubes([definition or AbsenceDefinition()])
        return cube

    def cubes(self, definitions: Sequence[AbsenceDefinition]) -> Iterator[Cube]:
        """Read the rows once and give a cube for each definition, one at a time.

        Parameters
        ----------
        definitions : sequence of AbsenceDefinition
            What counts.

        Returns
        -------
        iterator of Cube
            In the order of the definitions.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        DesignError
            If a definition needs a column that the register does not have.
        """
        self._require("registers", "pupils")
        columns = self.rows.columns
        days = self._run(lambda rows: pupil_days(rows, columns, definitions))
        return cubes_from_days(
            days,
            definitions,
            pupils=self.pupils,
            calendar=self.calendar,
            school_dates=self.school_dates,
        )

    def as_of(self, date: dt.date | str) -> Register:
        """Return the register as it was known on a date.

        Everything made of it (panel, cube, spells, reporting rates) uses the rows that were
        recorded by then and not yet replaced, of lessons up to then. The register itself shows the
        latest state. Cases show the steps taken by then, outcomes those dated by then. Pupils,
        schools and surveys do not say when they were recorded and stay as they are.

        Parameters
        ----------
        date : datetime.date, datetime.datetime or str
            A date (also as YYYY-MM-DD) means its end, a time that moment.

        Returns
        -------
        Register
            A view; ``validate`` still checks what the files hold.

        Raises
        ------
        DesignError
            If the rows do not say when they were recorded.
        ValueError
            If the date is none, or no school day lies before its end.
        """
        self._require("registers", "calendar")
        moment, columns = moment_of(date), self.rows.columns
        run_on_rows(self.rows, self.engine, lambda rows: refuse_without_times(rows, columns))
        table = self.tables["calendar"]
        past = table.frame["date"].to_numpy().astype("datetime64[D]") <= moment.date()
        tables = {**self.tables, "calendar": replace(table, frame=table.frame[past])}
        for name, then in (("cases", cases_then), ("outcomes", outcomes_then)):
            tables[name] = replace(tables[name], frame=then(tables[name].frame, moment))
        view = replace(self, tables=tables, moment=moment, latest=self.latest or self)
        if not view.school_dates["offered"].any():
            raise ValueError(f"No school day lies before the end of {moment.date()}.")
        return view

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

    def reporting_rate(self, period: str = "month") -> pd.DataFrame:
        """Return the share of offered time that was reported, by school and period.

        Parameters
        ----------
        period : {"week", "month", "quarter", "term", "year"}
            Period.

        Returns
        -------
        pandas.DataFrame
            See `absence_risk.register.reporting.reporting_rates`. What is not reported is neither
            presence nor absence.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        """
        over = (AbsenceDefinition(), AbsenceDefinition(denominator="reported"))
        offered, reported = self.cubes(over)
        return reporting_rates(offered, reported, self.pupils, period=period)

    def validity_by_source(self) -> pd.DataFrame:
        """Return valid and invalid minutes by who recorded them.

        A guardian's report that makes absence valid by itself is a source of its own ("guardian",
        "auto") beside a teacher's decision.

        Returns
        -------
        pandas.DataFrame
            See `absence_risk.register.reporting.validity_by_source`.

        Raises
        ------
        SchemaError
            If columns are missing or have wrong types.
        DesignError
            If the register does not say who recorded its rows.
        """
        self._require("registers")
        columns = self.rows.columns
        return self._run(lambda rows: validity_by_source(rows, columns))

    def _run(self, work: Callable[[nw.LazyFrame[Any]], T]) -> T:
        """Run a task on the current rows of unprotected pupils."""
        columns, protected = self.rows.columns, self.protected
        return run_on_rows(
            self.rows,
            self.engine,
            lambda rows: work(current_rows(rows, columns, protected, self.moment)),
        )

    def _frame(self, name: str) -> pd.DataFrame:
        return self.tables[name].frame.reset_index(drop=True)

    def _require(self, *tables: str) -> None:
        """Raise if columns of the tables cannot be used."""
        broken = [p for p in self.problems if p.blocks and p.table in tables]
        if broken:
            raise SchemaError(broken)
