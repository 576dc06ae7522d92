"""Every error and warning of the toolkit.

A message says what is wrong, with which value, where, and what to do about it.
It never contains a pupil's identifier or a count below the disclosure limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AbsenceRiskError",
    "AbsenceRiskWarning",
    "AssumptionWarning",
    "DesignError",
    "DisclosureError",
    "EstimationError",
    "KeyFileError",
    "PolicyError",
    "Problem",
    "SchemaError",
    "SmallCountWarning",
    "TableError",
    "hides_digits",
]


# Six digits or more, and what follows a date in a national identity number.
_LONG_DIGITS = re.compile(
    r"\d{6,8}[-+A-Za-z \u2010-\u2015\u2212]?\d{3}[0-9A-Za-z]\d?|\d{6,}", re.ASCII
)

_MOST_FAULTS = 20


def hides_digits(name: str) -> str:
    """Return text without long runs of digits, which could identify a person.

    Parameters
    ----------
    name : str
        File name, column name or message.

    Returns
    -------
    str
        The text, with "…" in place of what looks like a number of a person.

    Examples
    --------
    >>> hides_digits("pupils_0000000000.csv"), hides_digits("school_year=2025-26/a1.parquet")
    ('pupils_….csv', 'school_year=2025-26/a1.parquet')
    """
    return _LONG_DIGITS.sub("…", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule in one column of one file.

    Names of files and columns can hold the number of a person, and so can every text made of
    them: long runs of digits are hidden here, whoever reports the problem.

    Parameters
    ----------
    code : str
        Rule of the validation catalogue: ``E…`` blocks, ``W…`` warns, ``P…`` blocks for privacy.
    table : str
        Canonical table name, for example ``"registers"``.
    message : str
        What is wrong, in one sentence without any value of an identifier column.
    fix : str
        What to do about it.
    column : str or None
        Column, where the rule concerns one.
    file : str or None
        File name relative to the register's folder.
    line : int or None
        First offending line: for CSV the line in the file (header is line 1), for parquet the
        row number counted from 1.
    n_rows : int or None
        How many rows break the rule; None where the rule concerns the file as a whole.
    """

    code: str
    table: str
    message: str
    fix: str
    column: str | None = None
    file: str | None = None
    line: int | None = None
    n_rows: int | None = None

    def __post_init__(self) -> None:
        """Hide long runs of digits in all texts."""
        for name in ("message", "fix", "column", "file"):
            text = getattr(self, name)
            if text is not None:
                object.__setattr__(self, name, hides_digits(text))

    @property
    def blocks(self) -> bool:
        """Whether the register cannot be used while the problem stands."""
        return not self.code.startswith("W")

    @property
    def severity(self) -> str:
        """What the problem does: "error" and "privacy" block, "warning" does not."""
        return {"W": "warning", "P": "privacy"}.get(self.code[:1], "error")

    def to_dict(self) -> dict[str, str | int | None]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            code, severity, table, file, line, column, n_rows, message, fix.
        """
        return {
            "code": self.code,
            "severity": self.severity,
            "table": self.table,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "n_rows": self.n_rows,
            "message": self.message,
            "fix": self.fix,
        }

    def __str__(self) -> str:
        """Return the problem as one line of text: code, place, message, remedy."""
        place = self.file or self.table
        if self.line is not None:
            place += f":{self.line}"
        column = f", column {self.column}" if self.column else ""
        rows = f" ({self.n_rows} rows)" if self.n_rows is not None else ""
        return f"{self.code} {place}{column}{rows}: {self.message} {self.fix}"


class AbsenceRiskError(Exception):
    """Root of all errors raised on purpose by this package."""


class SchemaError(AbsenceRiskError, ValueError):
    """The files are not a usable register.

    Parameters
    ----------
    problems : sequence of Problem
        Every broken rule that was found, not only the first.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"The register has {count} problem{'' if count == 1 else 's'}:"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))

    def __reduce__(self) -> tuple[type[SchemaError], tuple[tuple[Problem, ...]]]:
        """Rebuild from the problems, so that the error survives pickling."""
        return (type(self), (self.problems,))


class TableError(AbsenceRiskError, ValueError):
    """A table of cases has faults; each is named by file, line and column, never by a value.

    Parameters
    ----------
    faults : sequence of str
        Every fault that was found, not only the first; long runs of digits are hidden.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(hides_digits(fault) for fault in faults)
        shown = self.faults[:_MOST_FAULTS]
        more = len(self.faults) - len(shown)
        rest = [f"and {more} more"] if more else []
        super().__init__("\n".join([*shown, *rest]))

    def __reduce__(self) -> tuple[type[TableError], tuple[tuple[str, ...]]]:
        """Rebuild from the faults, so that the error survives pickling."""
        return (type(self), (self.faults,))


class KeyFileError(AbsenceRiskError, ValueError):
    """There is no key for pseudonyms that is fit to use; no identifier was read."""


class DesignError(AbsenceRiskError, ValueError):
    """The data cannot answer the question: no events, no controls, no period before."""


class PolicyError(AbsenceRiskError, ValueError):
    """A staircase is not one: steps do not increase, or a threshold lies outside 0 to 1."""


class DisclosureError(AbsenceRiskError, ValueError):
    """Something that is to leave the house would tell of single pupils; nothing was let out."""


class EstimationError(AbsenceRiskError, RuntimeError):
    """An estimator did not converge or its data are separated; the cause is chained."""


class AbsenceRiskWarning(UserWarning):
    """Root of all warnings of this package."""


class AssumptionWarning(AbsenceRiskWarning):
    """An assumption of the method looks wrong in these data."""


class SmallCountWarning(AbsenceRiskWarning):
    """A group is too small to report or to keep anonymous."""
