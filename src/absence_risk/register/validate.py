"""Check every rule of a register and list all problems at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absence_risk.errors import Problem
from absence_risk.register.checked_rows import CheckedRows, check_rows
from absence_risk.register.identity import identity_problems
from absence_risk.register.placed_days import NEEDED, kept_rows, placed_days
from absence_risk.register.protected import protected_notes
from absence_risk.register.rules_days import day_problems, pending_condition
from absence_risk.register.rules_months import month_warnings
from absence_risk.register.rules_rows import row_problems
from absence_risk.register.rules_tables import table_problems
from absence_risk.register.rules_windows import window_warnings
from absence_risk.register.schema import table
from absence_risk.register.wordings import problem_text, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.register.register import Register

__all__ = ["ValidationReport", "validate_register"]

_SMALLEST = 5
_MOST_VALUES = 50_000
_MOST_NUMBERS, _MOST_TEXTS = 2_000_000, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """What validation found.

    Parameters
    ----------
    problems : tuple of Problem
        Blocking problems first, then warnings, each by code, table, file and line.
    n_rows : int
        Number of register rows, those of protected pupils left out.
    n_pupils : int
        Number of pupils, protected ones left out.
    """

    problems: tuple[Problem, ...]
    n_rows: int
    n_pupils: int

    @property
    def ok(self) -> bool:
        """Whether no problem blocks the register."""
        return not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that block."""
        return tuple(problem for problem in self.problems if problem.blocks)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that only warn."""
        return tuple(problem for problem in self.problems if not problem.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            ok, n_rows, n_pupils (None below 5), problems.
        """
        return {
            "ok": self.ok,
            "n_rows": self.n_rows,
            "n_pupils": self.n_pupils if self.n_pupils >= _SMALLEST else None,
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def text(self, lang: str = "en") -> str:
        """Return the report in plain words.

        Parameters
        ----------
        lang : {"en", "sv", "da", "fi"}
            Language.

        Returns
        -------
        str
            One line on the register and one on each problem.

        Raises
        ------
        ValueError
            If there is no such language.
        """
        words = wording(lang).words
        pupils = f"{self.n_pupils:,}" if self.n_pupils >= _SMALLEST else words["few"]
        size = words["size"].format(rows=f"{self.n_rows:,}", pupils=pupils)
        found = words["found"].format(blocking=len(self.errors), notes=len(self.warnings))
        head = f"{words['usable'] if self.ok else words['not_usable']}: {size}; {found}"
        return "\n".join([head, *(f"  {problem_text(p, lang)}" for p in self.problems)])

    def __str__(self) -> str:
        """Return one line on the register and one on each problem."""
        return self.text()


def validate_register(
    register: Register, *, instruments: Mapping[str, tuple[float, float]] | None = None
) -> ValidationReport:
    """Check every rule of a register.

    Parameters
    ----------
    register : Register
        The register.
    instruments : mapping of str to pair of float or None
        Lowest and highest response by instrument; 1 to 5 where none is given.

    Returns
    -------
    ValidationReport
        All problems. A rule is left out where a column it needs is missing.
    """
    problems = [
        *register.problems,
        *table_problems(register.tables, instruments),
        *window_warnings(register.tables),
    ]
    problems += protected_notes(len(register.protected))
    unusable = {p.column for p in register.problems if p.table == "registers" and p.column}
    n_rows, found = check_rows(
        register.rows, register.engine, unusable, lambda rows: _all_row_problems(rows, register)
    )
    problems += found
    if n_rows == 0:
        problems.append(_no_rows())
    ordered = sorted(
        problems, key=lambda p: (not p.blocks, p.code, p.table, p.file or "", p.line or 0)
    )
    return ValidationReport(problems=tuple(ordered), n_rows=n_rows, n_pupils=register.n_pupils)


def _all_row_problems(rows: CheckedRows, register: Register) -> tuple[int, list[Problem]]:
    n_rows, problems = row_problems(rows)
    if set(NEEDED) <= rows.columns:
        pupils, calendar = register.tables["pupils"].frame, register.tables["calendar"].frame
        kept = kept_rows(rows.columns, register.protected)
        if register.protected:
            # Their rows would give their number away where every pupil has as many.
            hidden = ", ".join(map(str, sorted(register.protected)))
            query = f"SELECT count(*) FROM rows WHERE pupil_key IN ({hidden})"
            n_rows -= rows.numbers(query)[0]
        days = placed_days(rows, kept, pending_condition(rows.columns), pupils, calendar)
        problems += day_problems(rows, days, kept)
        problems += month_warnings(days, pupils)
    problems += _hidden_identities(rows)
    # Last, because a line is known to be broken once its columns have been read.
    problems += _broken_lines(rows)
    return n_rows, problems


def _no_rows() -> Problem:
    return Problem(
        code="E004",
        table="registers",
        message="The register has no rows.",
        fix="Export it again.",
    )


def _broken_lines(rows: CheckedRows) -> list[Problem]:
    problems = []
    for place, is_encoding, count in rows.broken_lines():
        problems.append(
            Problem(
                code="E111" if is_encoding else "E105",
                table="registers",
                file=place.file,
                line=place.line,
                n_rows=count,
                message="The text is not utf-8."
                if is_encoding
                else "The lines do not have the columns of the header.",
                fix="Save the file as utf-8."
                if is_encoding
                else "Look for a separator inside a value that is not in quotes.",
            )
        )
    return problems


def _hidden_identities(rows: CheckedRows) -> list[Problem]:
    """Look for national identity numbers in all values of text columns and unknown columns."""
    problems = []
    schema = table("registers")
    for number, file in enumerate(rows.files):
        columns: dict[str, list[object]] = {}
        n_values = {}
        for name, found in file.columns.items():
            known = name in schema.names
            free = known and schema.field(name).kind == "text" and not schema.field(name).words
            if free or (not known and found in ("VARCHAR", "BIGINT", "UBIGINT", "HUGEINT")):
                n_values[name], columns[name] = rows.distinct(number, name, _MOST_VALUES)
                if n_values[name] > _MOST_VALUES:
                    some = rows.distinct(number, name, _MOST_NUMBERS, only="[0-9]{6}")[1]
                    columns[name] = columns[name][:_MOST_TEXTS] + some
        problems += identity_problems("registers", file.shown, columns, n_values)
    return problems
