"""What one row counts under a definition: minutes, and whether a lesson was missed.

Written once with Narwhals, so that it runs on files through the embedded engine and on any frame
a user has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import narwhals.stable.v2 as nw

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Collection

    from absence_risk.register.definition import AbsenceDefinition

__all__ = ["INVALID", "PRESENT", "STATES", "UNREPORTED", "VALID", "Counted", "counted"]

PRESENT, VALID, INVALID, UNREPORTED = range(4)
STATES = 4

_LATE = 80
_NO_COLUMN = (
    "The register has no column {column}, which {what} needs. Add the column to registers, or "
    "choose another definition."
)


class Counted(NamedTuple):
    """What a row counts, as expressions of whole numbers without nulls.

    Parameters
    ----------
    offered, reported : narwhals.Expr
        Minutes offered, and those that somebody reported.
    valid, invalid : narwhals.Expr
        Absent minutes; late minutes that count as invalid never exceed what is left of the lesson.
    chosen_valid, chosen_invalid : narwhals.Expr
        Those of them with a reason that the definition counts.
    """

    offered: nw.Expr
    reported: nw.Expr
    valid: nw.Expr
    invalid: nw.Expr
    chosen_valid: nw.Expr
    chosen_invalid: nw.Expr

    def missed(self, *, day_records: bool = False) -> nw.Expr:
        """Return whether no minute of the lesson was attended.

        Parameters
        ----------
        day_records : bool
            Whether a day record with any absence counts as a missed lesson too.

        Returns
        -------
        narwhals.Expr
            True or false.
        """
        minutes = self.valid + self.invalid
        whole = minutes >= self.reported
        if day_records:
            whole |= nw.col("slot") == 0
        return (minutes > 0) & whole

    def state(self) -> nw.Expr:
        """Return what a lesson was: attended, missed (valid, invalid), or not reported.

        Returns
        -------
        narwhals.Expr
            PRESENT, VALID, INVALID or UNREPORTED; a lesson missed for a reason that does not
            count is PRESENT.
        """
        chosen = self.chosen_valid + self.chosen_invalid
        counts = self.missed() & (chosen * 2 >= self.valid + self.invalid)
        kind = nw.when(self.chosen_valid > self.chosen_invalid).then(VALID).otherwise(INVALID)
        attended = nw.when(self.reported > 0).then(PRESENT).otherwise(UNREPORTED)
        return nw.when(counts).then(kind).otherwise(attended).cast(nw.Int64)


def counted(columns: Collection[str], definition: AbsenceDefinition) -> Counted:
    """Return what a row counts under a definition.

    Parameters
    ----------
    columns : collection of str
        Canonical columns of the rows.
    definition : AbsenceDefinition
        The rule; its late rule and its reasons matter here.

    Returns
    -------
    Counted
        Expressions on the columns.

    Raises
    ------
    DesignError
        If the rule needs late minutes or reasons and there is no such column.
    """
    offered = _int("scheduled_min")
    reported = nw.when(nw.col("is_reported")).then(offered).otherwise(0)
    valid, invalid = _int("valid_min"), _int("invalid_min")
    late = _late(columns, definition, offered - valid - invalid)
    total = invalid if late is None else invalid + late
    if definition.reasons is None:
        return Counted(offered, reported, valid, total, valid, total)
    if "reason_code" not in columns:
        raise DesignError(_NO_COLUMN.format(column="reason_code", what="a numerator by reason"))
    has_reason = nw.col("reason_code").fill_null(0).is_in(list(definition.reasons))
    chosen_valid, chosen_invalid = (
        nw.when(has_reason).then(minutes).otherwise(0) for minutes in (valid, invalid)
    )
    if late is not None and _LATE in definition.reasons:
        chosen_invalid += late
    return Counted(offered, reported, valid, total, chosen_valid, chosen_invalid)


def _late(columns: Collection[str], definition: AbsenceDefinition, left: nw.Expr) -> nw.Expr | None:
    """Return the minutes that a late arrival adds to invalid absence, at most what is left."""
    if definition.late_rule == "present":
        return None
    if "late_min" not in columns:
        what = f"late_rule {definition.late_rule!r}"
        raise DesignError(_NO_COLUMN.format(column="late_min", what=what))
    minutes = _int("late_min")
    alone = nw.min_horizontal(minutes, left)
    if definition.late_rule == "late_minutes":
        return alone
    # A day record holds no lessons, so only its minutes can count.
    whole = nw.when(nw.col("slot") > 0).then(left).otherwise(alone)
    return nw.when(minutes > definition.late_limit_min).then(whole).otherwise(0)


def _int(name: str) -> nw.Expr:
    return nw.col(name).fill_null(0).cast(nw.Int64)
