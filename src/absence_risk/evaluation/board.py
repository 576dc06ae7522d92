"""One page for a board: this year against its benchmark, last year beside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, special

from absence_risk import check
from absence_risk.disclosure import protect, protect_table
from absence_risk.disclosure.cells import is_blank
from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.evaluation.outcomes import Better
    from absence_risk.result import Answer, Result

__all__ = ["Board", "BoardYear", "board_view", "board_year"]

_EXPECTED = ", expected with no programme"
_FOLLOWED = ": with a baseline and a follow-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardYear:
    """What a board is told about one year; small numbers are gone already.

    Parameters
    ----------
    label : str
        The year, for example ``"2025/26"``.
    outcome : str
        Name of the outcome.
    better : {"lower", "higher"}
        Direction of an improvement.
    result : Result
        The protected result.
    n_cases : int or None
        Number of cases of the team; None where it may not be told.
    improved, expected : Estimate or None
        Share who fare better, and the share expected with no programme (its null share).
    unknown : int or None
        Number of cases that are not in the figures, because they could not be followed or
        compared; None where it may not be told.
    closures : Table or None
        Number of closed cases by reason.
    """

    label: str
    outcome: str
    better: Better
    result: Result
    n_cases: int | None
    improved: Estimate | None
    expected: Estimate | None
    unknown: int | None
    closures: Table | None

    @property
    def answer(self) -> Answer:
        """The answer of the verdict."""
        return self.result.verdict.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The two years of the page.

    Parameters
    ----------
    this : BoardYear
        This year.
    last : BoardYear or None
        Last year.
    difference : Estimate or None
        What is beyond the expected this year, minus the same last year.
    minimum : int
        Smallest number of pupils that is told.
    """

    this: BoardYear
    last: BoardYear | None
    difference: Estimate | None
    minimum: int

    @property
    def years(self) -> tuple[BoardYear, ...]:
        """The year of the page and, where it is there, the one before."""
        return (self.this,) if self.last is None else (self.this, self.last)

    def table(self) -> Table:
        """Return the numbers of the page.

        Returns
        -------
        Table
            "years": term is before, expected, after, beyond, improved, improved_expected, cases or
            unknown, group the year; then the difference of the years.
        """
        rows = [row for year in self.years for row in _year_rows(year)]
        rows += [] if self.difference is None else [self.difference]
        return Table(
            name="years",
            title=f"This year beside last year, {self.this.result.estimand.unit}",
            rows=tuple(rows),
            note=f"Numbers below {self.minimum}, and what would reveal them, are not shown.",
        )


def board_year(
    label: str,
    result: Result,
    *,
    better: Better = "lower",
    responders: Table | None = None,
    closures: Mapping[str, int] | None = None,
    minimum: int = 5,
) -> BoardYear:
    """Gather what a board is told about one year.

    Parameters
    ----------
    label : str
        The year.
    result : Result
        What `PrePost.change` returned, protected or not.
    better : {"lower", "higher"}
        Direction of an improvement.
    responders : Table or None
        What `PrePost.responders` returned; the table of the result if None.
    closures : mapping of str to int, or None
        Number of closed cases by reason.
    minimum : int
        Smallest number of pupils that is told, at least 1.

    Returns
    -------
    BoardYear
        The year, small numbers hidden.

    Raises
    ------
    ValueError
        If ``minimum`` is not a whole number of at least 1, or ``better`` is unknown.
    """
    minimum = check.positive_int(minimum, "minimum")
    check.choice(better, ["lower", "higher"], "better")
    if responders is not None:
        kept = tuple(table for table in result.tables if table.name != responders.name)
        result = dataclasses.replace(result, tables=(*kept, responders))
    safe = protect(result, minimum)
    shares = next((t.rows for t in safe.tables if t.name == "responders"), ())
    improved = shares[0] if shares and not is_blank(shares[0]) else None
    expected = None
    if improved is not None:
        name = f"{improved.term}{_EXPECTED}"
        expected = next((r for r in shares if r.term == name and r.estimate is not None), None)
    return BoardYear(
        label=label,
        outcome=result.estimand.id.split(".", 1)[-1].split("_change_beyond")[0],
        better=better,
        result=safe,
        n_cases=safe.flow[0].n if safe.flow else safe.n,
        improved=improved,
        expected=expected,
        unknown=_unknown(safe),
        closures=_closures(closures, minimum),
    )


def board_view(this: BoardYear, last: BoardYear | None = None, *, minimum: int = 5) -> Board:
    """Set this year beside last year.

    The difference of the years is that of what is beyond the expected; its interval takes it that
    the pupils of the two years differ (Welch 1938, Biometrika 29:350).

    Parameters
    ----------
    this : BoardYear
        This year.
    last : BoardYear or None
        Last year.
    minimum : int
        Smallest number of pupils that was told.

    Returns
    -------
    Board
        What the page shows.

    Raises
    ------
    ValueError
        If the years are about different outcomes, units or directions.
    """
    if last is not None:
        asked = [(y.outcome, y.better, y.result.estimand.unit) for y in (this, last)]
        if asked[0] != asked[1]:
            raise ValueError(f"Both years must be about the same outcome, got {asked}.")
    return Board(this=this, last=last, difference=_difference(this, last), minimum=minimum)


def _unknown(result: Result) -> int | None:
    """Return how many of all cases are not in the figures, from the flow."""
    followed = next((s.n for s in result.flow if s.step.endswith(_FOLLOWED)), None)
    cases = result.flow[0].n if result.flow else None
    return None if followed is None or cases is None else cases - followed


def _closures(counted: Mapping[str, int] | None, minimum: int) -> Table | None:
    if not counted:
        return None
    total = sum(counted.values())
    rows = tuple(
        Estimate(term="closed", group=reason, estimate=n / total if total else None, n_events=n)
        for reason, n in counted.items()
    )
    whole = Estimate(term="closed, all reasons", n_events=total)
    table = Table(name="closures", title="Closed cases by reason (shares)", rows=(*rows, whole))
    safe = protect_table(table, minimum)
    kept = tuple(
        dataclasses.replace(row, estimate=None) if row.n_events is None else row
        for row in safe.rows
    )
    return dataclasses.replace(safe, rows=kept)


def _year_rows(year: BoardYear) -> list[Estimate]:
    course = next((t.rows for t in year.result.tables if t.name == "course"), ())
    names = ("before", "after") if len(course) == 2 else ("before", "expected", "after")
    rows = [
        dataclasses.replace(row, term=name, group=year.label)
        for name, row in zip(names, course, strict=False)
    ]
    rows.append(dataclasses.replace(year.result.beyond, term="beyond", group=year.label))
    for name, row in (("improved", year.improved), ("improved_expected", year.expected)):
        if row is not None:
            rows.append(dataclasses.replace(row, term=name, group=year.label))
    rows.append(Estimate(term="cases", group=year.label, n=year.n_cases))
    rows.append(Estimate(term="unknown", group=year.label, n=year.unknown))
    return rows


def _difference(this: BoardYear, last: BoardYear | None) -> Estimate | None:
    """Return the difference of the two years with its Welch interval."""
    if last is None:
        return None
    level = this.result.conf_level
    parts: list[tuple[float, float, float]] = []
    for year in (this, last):
        row = year.result.beyond
        if row.estimate is None or not row.std_error or row.conf_high is None:
            return None
        quantile = (row.conf_high - row.estimate) / row.std_error
        parts.append((row.estimate, row.std_error, _degrees(quantile, year.result.conf_level)))
    (now, e1, df1), (then, e2, df2) = parts
    error = float(np.hypot(e1, e2))
    df = error**4 / (e1**4 / df1 + e2**4 / df2)
    half = float(special.stdtrit(df, (1 + level) / 2)) * error
    return Estimate(
        term="beyond, this year minus last year",
        estimate=now - then,
        std_error=error,
        conf_low=now - then - half,
        conf_high=now - then + half,
    )


def _degrees(quantile: float, conf_level: float) -> float:
    """Return the degrees of freedom whose t quantile an interval used."""
    most = 1e6
    upper = (1 + conf_level) / 2

    def gap(log_df: float) -> float:
        return float(special.stdtrit(np.exp(log_df), upper)) - quantile

    ends: tuple[Any, Any] = (np.log(0.5), np.log(most))
    if gap(ends[1]) >= 0:
        return most
    if gap(ends[0]) <= 0:
        return 0.5
    return float(np.exp(optimize.brentq(gap, *ends, xtol=1e-12)))
