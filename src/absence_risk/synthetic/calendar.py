"""The school year of a simulated municipality: terms, breaks, single days off."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.register.calendar import SchoolCalendar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

__all__ = ["CalendarPlan", "Span"]

_LONGEST = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of dates with a name.

    Parameters
    ----------
    name : str
        Term, or why there is no school.
    first, last : datetime.date
        First and last date.
    """

    name: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPlan:
    """Terms and days off; weekends are never school days.

    Parameters
    ----------
    source : str
        Where the dates come from.
    terms : tuple of Span
        Terms in order.
    off : tuple of Span
        Weekdays within a term without school.

    Examples
    --------
    >>> from absence_risk.synthetic.scenario import Scenario
    >>> len(Scenario.preset("municipality").calendar.school_days())
    178
    """

    source: str
    terms: tuple[Span, ...]
    off: tuple[Span, ...]

    @classmethod
    def from_raw(cls, raw: Any) -> tuple[CalendarPlan, list[str]]:
        """Build a plan from the ``[calendar]`` table of a scenario.

        Parameters
        ----------
        raw : mapping
            Keys source, terms and off; the last two are lists of tables name, first, last.

        Returns
        -------
        plan : CalendarPlan
            The plan; unusable where there are problems.
        problems : list of str
            Everything that is wrong.
        """
        if not isinstance(raw, dict):
            return cls(source="", terms=(), off=()), ["calendar must be a table."]
        problems = [
            f"calendar has the unknown key {key!r}; allowed are source, terms and off."
            for key in raw
            if key not in ("source", "terms", "off")
        ]
        source = str(raw.get("source", "")).strip()
        if not source:
            problems.append('calendar has no source; where there is none, say "assumption".')
        spans: dict[str, tuple[Span, ...]] = {}
        for part in ("terms", "off"):
            found = list(_spans(raw.get(part, []), f"calendar.{part}"))
            problems += [line for line, _ in found if line]
            spans[part] = tuple(span for _, span in found if span is not None)
        plan = cls(source=source, terms=spans["terms"], off=spans["off"])
        return plan, problems + list(plan._problems())

    def _problems(self) -> Iterator[str]:
        names = [term.name for term in self.terms]
        if len(set(names)) != len(names):
            yield "calendar.terms must have different names."
        for before, after in zip(self.terms[:-1], self.terms[1:], strict=True):
            if after.first <= before.last:
                yield f"calendar.terms: {after.name} begins before {before.name} has ended."
        span = (self.terms[-1].last - self.terms[0].first).days + 1 if self.terms else 0
        if span > _LONGEST:
            yield f"calendar.terms must lie within one year of {_LONGEST} days, got {span} days."
        if not any(self._days(term).size for term in self.terms):
            yield "calendar has no school day; give at least one term with a weekday."

    def _days(self, term: Span) -> npt.NDArray[np.datetime64]:
        """Return the school days of a term."""
        days = _weekdays(term)
        for span in self.off:
            days = days[(days < np.datetime64(span.first)) | (days > np.datetime64(span.last))]
        return days

    def school_days(self) -> SchoolCalendar:
        """Return the days on which school is offered.

        Returns
        -------
        SchoolCalendar
            Dates and terms.
        """
        days = [self._days(term) for term in self.terms]
        terms = [term.name for term, found in zip(self.terms, days, strict=True) for _ in found]
        return SchoolCalendar(np.concatenate(days), terms)

    def weekdays(self) -> tuple[npt.NDArray[np.datetime64], list[str]]:
        """Return all weekdays within terms, offered or not.

        Returns
        -------
        dates : numpy.ndarray of datetime64[D]
            Ascending.
        terms : list of str
            Term of each.
        """
        days = [_weekdays(term) for term in self.terms]
        terms = [term.name for term, found in zip(self.terms, days, strict=True) for _ in found]
        return np.concatenate(days), terms

    def to_toml(self) -> list[str]:
        """Return the plan as lines of TOML.

        Returns
        -------
        list of str
            The ``[calendar]`` table.
        """
        lines = ["[calendar]", f'source = "{self.source}"']
        for part in ("terms", "off"):
            rows = [
                f'  {{ name = "{s.name}", first = {s.first}, last = {s.last} }},'
                for s in getattr(self, part)
            ]
            lines += [f"{part} = [", *rows, "]"]
        return lines


def _weekdays(span: Span) -> npt.NDArray[np.datetime64]:
    first, last = np.datetime64(span.first, "D"), np.datetime64(span.last, "D")
    days = first + np.arange((last - first).astype(np.int64) + 1)
    return np.asarray(days[np.is_busday(days)])


def _spans(raw: Any, where: str) -> Iterator[tuple[str, Span | None]]:
    """Yield a problem or a span for each table of a list."""
    if not isinstance(raw, list):
        yield f"{where} must be a list of tables with name, first and last.", None
        return
    for k, row in enumerate(raw, start=1):
        given = row if isinstance(row, dict) else {}
        dates = [given.get("first"), given.get("last")]
        right = set(given) == {"name", "first", "last"}
        if not right or not all(type(date) is dt.date for date in dates):
            yield f"{where} {k} must be {{ name = …, first = date, last = date }}.", None
        elif given["last"] < given["first"]:
            yield f"{where} {k}: {given['name']} ends before it begins.", None
        else:
            yield "", Span(name=str(given["name"]), first=given["first"], last=given["last"])
