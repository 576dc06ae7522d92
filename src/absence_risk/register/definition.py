"""What counts as absence. Every figure carries one of these."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from absence_risk import check
from absence_risk.register.reasons import REASONS
from absence_risk.register.windows import PERIODS, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "DAY_RULES",
    "DENOMINATORS",
    "LATE_RULES",
    "MEANS",
    "NUMERATORS",
    "WINDOWS",
    "AbsenceDefinition",
]

Kind = Literal["total", "valid", "invalid"]
Numerator = Kind | tuple[int, ...]
Denominator = Literal["offered", "reported", "enrolled_days"]
DayRule = Literal[
    "minutes_share", "lessons_share", "half_days", "full_day_only", "any_lesson", "start_of_day"
]
LateRule = Literal["present", "late_minutes", "absent_after_x", "invalid"]
Mean = Literal["pooled", "month_weighted"]
Unit = Literal["minute", "lesson", "half_day", "day"]

NUMERATORS: tuple[Kind, ...] = ("total", "valid", "invalid")
DENOMINATORS: tuple[Denominator, ...] = ("offered", "reported", "enrolled_days")
DAY_RULES: tuple[DayRule, ...] = (
    "minutes_share",
    "lessons_share",
    "half_days",
    "full_day_only",
    "any_lesson",
    "start_of_day",
)
LATE_RULES: tuple[LateRule, ...] = ("present", "late_minutes", "absent_after_x", "invalid")
MEANS: tuple[Mean, ...] = ("pooled", "month_weighted")
WINDOWS: tuple[str, ...] = PERIODS

_UNITS: dict[DayRule, Unit] = {
    "minutes_share": "minute",
    "lessons_share": "lesson",
    "half_days": "half_day",
    "full_day_only": "day",
    "any_lesson": "day",
    "start_of_day": "day",
}
_DAY_WORDS = {
    "minutes_share": "share of minutes",
    "lessons_share": "share of lessons missed",
    "half_days": "half-days absent at their first lesson",
    "full_day_only": "days with no lesson attended",
    "any_lesson": "days with any lesson missed",
    "start_of_day": "days absent at the first lesson",
}
_LATE_WORDS = {
    "present": "late counts as present",
    "late_minutes": "late minutes count as invalid absence",
    "absent_after_x": "more than {limit} minutes late makes the lesson invalid absence",
    "invalid": "late makes the lesson invalid absence",
}
_LEAST_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceDefinition:
    """A rule that turns records into an absence share.

    The same records give 7.6 to 15.7 % of pupils above 10 % under four day rules in use, so no
    figure means anything without its rule. `preset` gives the rules in use by name.

    Parameters
    ----------
    numerator : {"total", "valid", "invalid"} or sequence of int
        Which absence is counted; or the reason codes that count, whatever their validity. By
        reason, a day or a lesson counts if at least half of the minutes missed have one of them;
        minutes of late arrival have the reason 80.
    denominator : {"offered", "reported", "enrolled_days"}
        What was offered; or only what somebody reported; or all days on which the pupil was
        enrolled and the pupil's school offered teaching, with or without a record, for registers
        that hold absences only. The last one needs a rule that counts days or half-days.
    day_rule : {"minutes_share", "lessons_share", "half_days", "full_day_only", "any_lesson", \
"start_of_day"}
        Share of minutes; share of lessons of which no minute was attended; half-days absent at
        the first lesson of the half-day (English sessions); or a whole day absent if no lesson was
        attended (Swedish practice), if any lesson was missed, or if absent at the first lesson
        (Danish practice).
    late_rule : {"present", "late_minutes", "absent_after_x", "invalid"}
        Whether a late arrival counts as present; its minutes as invalid absence; the rest of the
        lesson as invalid absence if it is more than ``late_limit_min`` late; or always. A day
        record holds no lessons: there late minutes alone count.
    window : str
        Over what a share is formed: "week", "month", "quarter", "term", "year", "rolling 20 days",
        "rolling 12 weeks" (school days, school weeks) or "2025-09-01 to 2025-12-19".
    late_limit_min : int
        Minutes late that still count as present, at least 1; given with "absent_after_x" only.
    least_days : int
        School days a month must have for a share of it to be formed, 1 for all months. Shares of
        shorter months are NaN, and their minutes count in longer windows: two sick days of four
        are 50 %. A rolling window needs as many days with something scheduled for the pupil.
    mean : {"pooled", "month_weighted"}
        Mean over pupils: all absence over all time, or the mean of the pupils' shares weighted by
        months registered (Danish statistics).

    Raises
    ------
    ValueError
        If a field is not one of the words above or fields contradict each other.

    Examples
    --------
    >>> AbsenceDefinition().describe()
    'total absence, share of minutes, over offered minutes, late counts as present, per month'
    >>> AbsenceDefinition.preset("denmark_uvm").unit
    'day'
    """

    numerator: Numerator = "total"
    denominator: Denominator = "offered"
    day_rule: DayRule = "minutes_share"
    late_rule: LateRule = "present"
    window: str = "month"
    late_limit_min: int = 0
    least_days: int = _LEAST_DAYS
    mean: Mean = "pooled"

    def __post_init__(self) -> None:
        """Check every field and every pair that must fit; name all problems at once."""
        if isinstance(self.numerator, str):
            problems = [_wrong(check.choice, self.numerator, NUMERATORS, "numerator")]
        else:
            problems = [_wrong(_reasons, self.numerator)]
        problems += [
            _wrong(check.choice, self.denominator, DENOMINATORS, "denominator"),
            _wrong(check.choice, self.day_rule, DAY_RULES, "day_rule"),
            _wrong(check.choice, self.late_rule, LATE_RULES, "late_rule"),
            _wrong(check.choice, self.mean, MEANS, "mean"),
            _wrong(Window.parse, self.window),
            _wrong(check.positive_int, self.least_days, "least_days"),
            *self._contradictions(),
        ]
        found = [problem for problem in problems if problem]
        if found:
            raise ValueError(" ".join(found))
        if not isinstance(self.numerator, str):
            object.__setattr__(self, "numerator", _reasons(self.numerator))

    def _contradictions(self) -> Iterable[str | None]:
        if self.denominator == "enrolled_days" and _UNITS.get(self.day_rule) in {
            "minute",
            "lesson",
        }:
            yield (
                "denominator 'enrolled_days' counts days, but day_rule "
                f"{self.day_rule!r} does not. Choose full_day_only, any_lesson, start_of_day or "
                "half_days."
            )
        if self.late_rule == "absent_after_x":
            yield _wrong(check.positive_int, self.late_limit_min, "late_limit_min")
        elif self.late_limit_min:
            yield "late_limit_min belongs to late_rule 'absent_after_x' only."

    @classmethod
    def preset(cls, name: str) -> AbsenceDefinition:
        """Return a definition in use, by its name.

        Parameters
        ----------
        name : str
            For example "denmark_uvm"; see `absence_risk.register.definitions.definitions`.

        Returns
        -------
        AbsenceDefinition
            The definition.

        Raises
        ------
        ValueError
            If there is no such preset; the nearest name is offered.

        Examples
        --------
        >>> AbsenceDefinition.preset("siuntio").window
        'rolling 12 weeks'
        """
        from absence_risk.register.definitions import named_definition  # noqa: PLC0415 (circle)

        return named_definition(name).definition

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> AbsenceDefinition:
        """Make a definition from its fields, as JSON or TOML give them.

        Parameters
        ----------
        fields : mapping of str to object
            Some or all fields; the others keep their defaults.

        Returns
        -------
        AbsenceDefinition
            The definition.

        Raises
        ------
        ValueError
            If a key is unknown, with the nearest one, or a field is wrong.

        Examples
        --------
        >>> AbsenceDefinition.from_dict({"numerator": [10, 11]}).numerator
        (10, 11)
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for key in fields:
            check.choice(key, known, "a key of an absence definition")
        return cls(**fields)

    @classmethod
    def from_toml(cls, path: str | Path) -> AbsenceDefinition:
        """Read a definition from a TOML file with its fields as keys.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        AbsenceDefinition
            The definition.

        Raises
        ------
        ValueError
            If the file is no TOML or its keys are no definition.
        FileNotFoundError
            If there is no such file.
        """
        text = Path(path).read_text(encoding="utf-8")
        try:
            return cls.from_dict(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{Path(path).name} is not a TOML file: {error}.") from error

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as JSON-ready values.

        Returns
        -------
        dict
            Words, numbers and lists; `from_dict` takes them back.
        """
        fields = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}

    def to_toml(self) -> str:
        """Return the definition as the text of a TOML file.

        Returns
        -------
        str
            One line per field; `from_toml` takes them back.

        Examples
        --------
        >>> AbsenceDefinition().to_toml().splitlines()[0]
        'numerator = "total"'
        """
        # Text, whole numbers and lists of them are written alike in JSON and TOML.
        return "".join(f"{k} = {json.dumps(v)}\n" for k, v in self.to_dict().items())

    def digest(self) -> str:
        """Return a short name that is the same for equal definitions on every machine.

        Returns
        -------
        str
            Twelve hexadecimal digits.
        """
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def reasons(self) -> tuple[int, ...] | None:
        """Reason codes that count, or None where absence is counted by validity."""
        return None if isinstance(self.numerator, str) else self.numerator

    @property
    def unit(self) -> Unit:
        """Unit in which absence is counted, which follows from the day rule."""
        return _UNITS[self.day_rule]

    def describe(self) -> str:
        """Return the definition in words, as it stands beside every figure.

        Returns
        -------
        str
            One line without a full stop.
        """
        over = f"{self.denominator} {self.unit.replace('_', '-')}s"
        if self.denominator == "enrolled_days":
            over = "school days enrolled" if self.unit == "day" else "half-days enrolled"
        words = [
            self._what(),
            _DAY_WORDS[self.day_rule],
            f"over {over}",
            _LATE_WORDS[self.late_rule].format(limit=self.late_limit_min),
            Window.parse(self.window).words(),
        ]
        if self.least_days != _LEAST_DAYS:
            words.append(f"shares from {self.least_days} school days up")
        if self.mean == "month_weighted":
            words.append("means weighted by months registered")
        return ", ".join(words)

    def _what(self) -> str:
        if self.reasons is None:
            return f"{self.numerator} absence"
        labels = [f"{code} {REASONS[code].label}" for code in self.reasons]
        return "absence with reason " + " or ".join(labels)


def _reasons(codes: Iterable[int]) -> tuple[int, ...]:
    """Return reason codes in order and once each, or raise."""
    known = ", ".join(str(code) for code, reason in REASONS.items() if reason.is_absence)
    listed = [codes] if isinstance(codes, int) else list(codes)
    bad = [c for c in listed if c not in REASONS or not REASONS[c].is_absence]
    if bad or not listed:
        got = f"got {bad[0]!r}" if bad else "got none"
        raise ValueError(f"numerator must hold reason codes of absence ({known}), {got}.")
    return tuple(sorted({int(code) for code in listed}))


def _wrong(test: Any, *arguments: Any) -> str | None:
    """Return what a check has to say, or None."""
    try:
        test(*arguments)
    except (ValueError, TypeError) as error:
        return str(error)
    return None
