"""Totals by pupil and period, where an export has no days: what they can carry, and what not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from absence_risk.errors import DesignError, Problem
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.panel import PANEL_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CANNOT", "PeriodTotals"]

_COARSER = {"month": ("month", "term", "year"), "term": ("term", "year")}
CANNOT = (
    "days and lessons: no spells, no runs of absent days, no weekday, no day rule but the share of "
    "minutes",
    "periods shorter than those of the export",
    "reasons, lateness, and changes of a record",
    "the number of school days in a period, so that short months are not left out",
)
"""What totals by pupil and period never carry, in words."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PeriodTotals:
    """Minutes by pupil and period of an export that has nothing finer.

    Made by :func:`absence_risk.register.readers.totals.read_totals`.

    Parameters
    ----------
    frame : pandas.DataFrame
        pupil_key, school_key, municipality_key, grade, month (yyyymm; of a term its last), term
        (such as "2025-2"), scheduled_min, valid_min, invalid_min, and reported_min where the
        export has it; one row per pupil and period of the export.
    finest : {"month", "term"}
        The export's own period.
    n_protected : int
        Pupils with protected identity, who are left out.
    problems : tuple of Problem
        Faults of rows that were left out.
    """

    frame: pd.DataFrame = field(repr=False)
    finest: str
    n_protected: int = field(default=0, repr=False)
    problems: tuple[Problem, ...] = field(default=(), repr=False)

    @property
    def n_pupils(self) -> int:
        """Number of pupils."""
        return int(self.frame["pupil_key"].nunique())

    def cannot(self) -> tuple[str, ...]:
        """Return what these totals do not carry, in words.

        Returns
        -------
        tuple of str
            One phrase each.
        """
        reported = () if "reported_min" in self.frame else ("which minutes were reported",)
        return (*CANNOT, *reported)

    def panel(
        self, period: str = "term", definition: AbsenceDefinition | None = None
    ) -> pd.DataFrame:
        """Sum to one row per pupil and period, as :meth:`Register.panel` does.

        Parameters
        ----------
        period : {"month", "term", "year"}
            Period; not finer than the export's own. A year is the whole export (0).
        definition : AbsenceDefinition or None
            What counts; the default definition if None. The period overrides its window.

        Returns
        -------
        pandas.DataFrame
            The columns of a register's panel; ``n_days`` is missing, as totals have no days.

        Raises
        ------
        DesignError
            If the totals cannot carry the period or the definition; it says which they can.
        """
        rule = definition or AbsenceDefinition()
        if period not in _COARSER[self.finest]:
            carried = ", ".join(_COARSER[self.finest])
            self._refuse(f"These are totals by {self.finest}: they give {carried}, not {period}.")
        if rule.day_rule != "minutes_share" or rule.late_rule != "present":
            self._refuse("Totals of minutes have no days and no lateness to apply this rule to.")
        if not isinstance(rule.numerator, str):
            self._refuse("Totals have no reasons to choose from.")
        denominator = "scheduled_min" if rule.denominator == "offered" else "reported_min"
        if denominator not in self.frame:
            self._refuse("The export does not say which minutes were reported.")
        return self._summed(period, denominator, rule.numerator)

    def _refuse(self, why: str) -> NoReturn:
        raise DesignError(f"{why} Ask for another figure, or for an export of lessons or days.")

    def _summed(self, period: str, denominator: str, numerator: str) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415

        label = 0 if period == "year" else self.frame[period]
        rows = self.frame.assign(period=label).sort_values(["pupil_key", "month"], kind="stable")
        groups = rows.groupby(["pupil_key", "period"], sort=False)
        last = groups[["school_key", "municipality_key", "grade"]].last()
        sums = groups[[denominator, "valid_min", "invalid_min"]].sum()
        found = last.join(sums).reset_index()
        found = found[found[denominator] > 0].reset_index(drop=True)
        found["scheduled_min"] = found[denominator].astype(np.int64)
        found["n_days"] = pd.array([pd.NA] * len(found), dtype="Int64")
        found["absent_min"] = found["valid_min"] + found["invalid_min"]
        counted = {"total": "absent_min"}.get(numerator, f"{numerator}_min")
        found["absence_rate"] = found[counted] / found["scheduled_min"]
        return found[list(PANEL_COLUMNS)]
