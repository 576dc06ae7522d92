"""What counts as absence. Every figure carries one of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from absence_risk import check

__all__ = ["DAY_RULES", "DENOMINATORS", "LATE_RULES", "NUMERATORS", "WINDOWS", "AbsenceDefinition"]

Numerator = Literal["total", "valid", "invalid"]
Denominator = Literal["offered", "reported"]
DayRule = Literal["minutes_share", "full_day_only", "any_lesson", "start_of_day"]
LateRule = Literal["present", "late_minutes"]
Window = Literal["week", "month", "term", "year"]

NUMERATORS: tuple[Numerator, ...] = ("total", "valid", "invalid")
DENOMINATORS: tuple[Denominator, ...] = ("offered", "reported")
DAY_RULES: tuple[DayRule, ...] = ("minutes_share", "full_day_only", "any_lesson", "start_of_day")
LATE_RULES: tuple[LateRule, ...] = ("present", "late_minutes")
WINDOWS: tuple[Window, ...] = ("week", "month", "term", "year")

_DAY_WORDS = {
    "minutes_share": "share of minutes",
    "full_day_only": "days with no lesson attended",
    "any_lesson": "days with any lesson missed",
    "start_of_day": "days absent at the first lesson",
}
_LATE_WORDS = {
    "present": "late counts as present",
    "late_minutes": "late minutes count as invalid absence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceDefinition:
    """A rule that turns records into an absence share.

    The same records give 7.6 to 15.7 % of pupils above 10 % under four day rules in use, so no
    figure means anything without its rule.

    Parameters
    ----------
    numerator : {"total", "valid", "invalid"}
        Which absence is counted.
    denominator : {"offered", "reported"}
        Minutes offered, or only minutes of lessons that somebody reported.
    day_rule : {"minutes_share", "full_day_only", "any_lesson", "start_of_day"}
        Share of minutes; or a whole day absent if no lesson was attended (Swedish practice), if
        any lesson was missed, or if absent at the first lesson (Danish practice). The last three
        count days, the first counts minutes.
    late_rule : {"present", "late_minutes"}
        Whether minutes of late arrival count as present or as invalid absence.
    window : {"week", "month", "term", "year"}
        Period over which a share is formed.

    Raises
    ------
    ValueError
        If a field is not one of the words above.

    Examples
    --------
    >>> AbsenceDefinition().describe()
    'total absence, share of minutes, over offered minutes, late counts as present, per month'
    """

    numerator: Numerator = "total"
    denominator: Denominator = "offered"
    day_rule: DayRule = "minutes_share"
    late_rule: LateRule = "present"
    window: Window = "month"

    def __post_init__(self) -> None:
        """Check every field."""
        check.choice(self.numerator, NUMERATORS, "numerator")
        check.choice(self.denominator, DENOMINATORS, "denominator")
        check.choice(self.day_rule, DAY_RULES, "day_rule")
        check.choice(self.late_rule, LATE_RULES, "late_rule")
        check.choice(self.window, WINDOWS, "window")

    @property
    def unit(self) -> Literal["minute", "day"]:
        """Unit in which absence is counted, which follows from the day rule."""
        return "minute" if self.day_rule == "minutes_share" else "day"

    def describe(self) -> str:
        """Return the definition in words, as it stands beside every figure.

        Returns
        -------
        str
            One line without a full stop.
        """
        return (
            f"{self.numerator} absence, {_DAY_WORDS[self.day_rule]}, over {self.denominator} "
            f"{self.unit}s, {_LATE_WORDS[self.late_rule]}, per {self.window}"
        )
