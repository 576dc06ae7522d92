"""A staircase: amounts of absence and what a municipality does when they are reached."""

from __future__ import annotations

import importlib.resources
import itertools
import math
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import PolicyError
from absence_risk.register.definition import NUMERATORS
from absence_risk.register.windows import Window

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from absence_risk.register.definition import Kind

__all__ = ["UNITS", "RunRule", "Staircase", "Step", "presets"]

UNITS = ("percent", "hours", "days", "events", "run_days")
"""What the steps count: a share of the time; hours or whole days of absence; spells of whole absent
days that begin; the longest spell in school days, counted from where it began."""

_PRESETS = importlib.resources.files("absence_risk.policy") / "presets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: an amount of absence and the action that follows.

    Parameters
    ----------
    at : float
        Share of absence in (0, 1], or hours, days or spells, by the unit of the staircase.
    action : str
        What the school or the municipality does.
    strict : bool
        Whether the amount must exceed ``at`` ("more than 20 %") instead of reaching it.
    """

    at: float
    action: str
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRule:
    """A rule on unbroken absence, beside the steps.

    Parameters
    ----------
    numerator : {"total", "valid", "invalid"}
        Which absence must fill the days.
    longer_than_days : int
        The rule fires on the first school day after this many wholly absent ones in a row.
    action : str
        What follows.
    """

    numerator: str
    longer_than_days: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """Ordered steps on one amount of absence in one window.

    Parameters
    ----------
    name : str
        Short name.
    numerator : {"total", "valid", "invalid"}
        Which absence the steps count.
    window : str
        Over what the amount is formed: "week", "month", "quarter", "term", "year",
        "rolling 20 days" or "rolling 12 weeks" (school days, school weeks).
    steps : sequence of Step
        At least one, increasing in ``at``.
    source : str
        Document the staircase is taken from.
    title : str
        One line for figures.
    adopted : datetime.date or None
        Day the plan was adopted.
    runs : sequence of RunRule
        Rules on unbroken absence.
    unit : {"percent", "hours", "days", "events", "run_days"}
        What the steps count: a share of the time; hours or whole days of absence; spells of whole
        absent days that begin in the window; or the longest spell in it, in school days.
    minutes_per_hour : int
        Minutes that count as an hour where a register holds minutes; in lessons an hour is one.
    note : str
        What the source leaves open, and what we assume there.

    Raises
    ------
    PolicyError
        If steps do not increase, a share lies outside 0 to 1, or a word is unknown; every problem
        is named at once.

    Examples
    --------
    >>> Staircase.preset("trosa").step_of([0.05, 0.10, 0.20, 0.21]).tolist()
    [0, 1, 2, 3]
    """

    name: str
    numerator: Kind
    window: str
    steps: tuple[Step, ...]
    source: str
    title: str = ""
    adopted: dt.date | None = None
    runs: tuple[RunRule, ...] = ()
    unit: str = "percent"
    minutes_per_hour: int = 60
    note: str = ""

    def __post_init__(self) -> None:
        """Check words, ranges and order."""
        object.__setattr__(self, "steps", tuple(self.steps))
        object.__setattr__(self, "runs", tuple(self.runs))
        _raise(self.name, list(_problems(self)))

    @classmethod
    def preset(cls, name: str) -> Staircase:
        """Load a staircase that comes with the package.

        Parameters
        ----------
        name : str
            Name of the preset, for example ``"trosa"``.

        Returns
        -------
        Staircase
            The staircase.

        Raises
        ------
        ValueError
            If there is no such preset; the nearest name is offered.

        Examples
        --------
        >>> [step.at for step in Staircase.preset("trosa").steps]
        [0.1, 0.15, 0.2]
        """
        check.choice(name, presets(), "preset")
        return cls._from_text((_PRESETS / f"{name}.toml").read_text(encoding="utf-8"), name)

    @classmethod
    def from_toml(cls, path: str | Path) -> Staircase:
        """Read a staircase from a TOML file.

        Parameters
        ----------
        path : str or path
            File with the keys name, numerator, window, source and the tables ``[[steps]]`` and,
            if wanted, ``[[runs]]``; see ``policy/presets/trosa.toml``.

        Returns
        -------
        Staircase
            The staircase.

        Raises
        ------
        PolicyError
            If the file is no TOML, has unknown or missing keys, or its steps are no staircase.
        FileNotFoundError
            If there is no such file.
        """
        return cls._from_text(Path(path).read_text(encoding="utf-8"), Path(path).name)

    @classmethod
    def _from_text(cls, text: str, where: str) -> Staircase:
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"{where} is not a TOML file: {error}.") from error
        problems = [
            *_keys(raw, cls, "the staircase"),
            *(line for k, row in _rows(raw, "steps") for line in _keys(row, Step, f"step {k}")),
            *(line for k, row in _rows(raw, "runs") for line in _keys(row, RunRule, f"run {k}")),
        ]
        _raise(where, problems)
        steps = tuple(Step(**row) for _, row in _rows(raw, "steps"))
        runs = tuple(RunRule(**row) for _, row in _rows(raw, "runs"))
        return cls(**{**raw, "steps": steps, "runs": runs})

    def step_of(self, rate: npt.ArrayLike) -> npt.NDArray[np.int8]:
        """Return the highest step that each share or other amount reaches.

        Shares must be ratios of whole numbers (minutes or days) or literals, so that a share that
        equals a step compares as equal.

        Parameters
        ----------
        rate : array-like of float
            Shares in [0, 1], or amounts in the unit of the staircase; NaN where nothing was
            scheduled.

        Returns
        -------
        numpy.ndarray of int8, same shape
            0 for none (also for NaN), 1 for the first step, and so on.

        Raises
        ------
        ValueError
            If a share lies outside 0 to 1 or an amount is negative.

        Examples
        --------
        >>> Staircase.preset("trosa").step_of(3 / 20).item()
        2
        """
        share = np.asarray(rate, dtype=np.float64)
        outside = share[(share < 0) | (share > (1 if self.unit == "percent" else np.inf))]
        if outside.size and self.unit == "percent":
            check.proportion(float(outside[0]), "rate")
        if outside.size:
            raise ValueError(f"{self.unit} must not be negative, got {outside[0]:g}.")
        reached = np.zeros(share.shape, dtype=np.int8)
        for step in self.steps:
            reached += (share > step.at) if step.strict else (share >= step.at)
        return reached


def presets() -> tuple[str, ...]:
    """Return the names of the staircases that come with the package.

    Returns
    -------
    tuple of str
        In alphabetical order.

    Examples
    --------
    >>> "trosa" in presets()
    True
    """
    return tuple(sorted(p.name[:-5] for p in _PRESETS.iterdir() if p.name.endswith(".toml")))


def _raise(where: str, problems: list[str]) -> None:
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise PolicyError(f"{where} is not a staircase:\n{lines}")


def _rows(raw: Mapping[str, Any], table: str) -> list[tuple[int, dict[str, Any]]]:
    """Return the numbered rows of a table of the file; none where it is not a list of tables."""
    rows = raw.get(table, [])
    listed = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return list(enumerate(rows, start=1)) if listed else []


def _keys(
    raw: Mapping[str, Any], kind: type[Staircase | Step | RunRule], where: str
) -> Iterable[str]:
    """Name unknown and missing keys of one table."""
    known = {field.name: field.default is MISSING for field in fields(kind)}
    for key in raw:
        if key not in known:
            near = check.nearest(key, known)
            yield f"{where} has the unknown key {key!r}" + (
                f". Did you mean {near!r}?" if near else "."
            )
    for name, required in known.items():
        if required and name not in raw:
            yield f"{where} lacks the key {name!r}."


def _problems(staircase: Staircase) -> Iterable[str]:
    """Yield everything that is wrong with the values."""
    for name, allowed in (("numerator", NUMERATORS), ("unit", UNITS)):
        yield from _choice(getattr(staircase, name), allowed, name)
    yield from _window(staircase.window)
    hour = staircase.minutes_per_hour
    if isinstance(hour, bool) or not isinstance(hour, int) or hour < 1:
        yield f"minutes_per_hour must be a whole number of at least 1, got {hour!r}."
    if not staircase.steps:
        yield "steps must hold at least one step, got none."
    for k, step in enumerate(staircase.steps, start=1):
        test = _share if staircase.unit == "percent" else _amount
        yield from test(step.at, f"step {k}: at")
    shares = [step.at for step in staircase.steps if isinstance(step.at, int | float)]
    for k, (low, high) in enumerate(itertools.pairwise(shares), start=2):
        if not low < high:
            yield f"steps must increase, but step {k} is at {high:g} after {low:g}. Sort them."
    for k, rule in enumerate(staircase.runs, start=1):
        yield from _choice(rule.numerator, NUMERATORS, f"run {k}: numerator")
        days = rule.longer_than_days
        if isinstance(days, bool) or not isinstance(days, int) or days < 1:
            yield f"run {k}: longer_than_days must be a whole number of at least 1, got {days!r}."


def _choice(value: str, allowed: tuple[str, ...], name: str) -> Iterable[str]:
    try:
        check.choice(value, allowed, name)
    except ValueError as error:
        yield str(error)


def _window(text: str) -> Iterable[str]:
    try:
        window = Window.parse(text)
    except ValueError as error:
        yield str(error)
        return
    if window.kind == "between":
        yield f"window must recur, got {text!r}."


def _amount(value: object, name: str) -> Iterable[str]:
    """Name a number of hours, days or spells that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{name} must be a number, got {value!r}."
    elif not math.isfinite(value) or value <= 0:
        yield f"{name} must be above 0, got {value:g}."


def _share(value: object, name: str) -> Iterable[str]:
    """Name a share that is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{name} must be a proportion between 0 and 1, got {value!r}."
    elif not math.isfinite(value) or not 0 < value <= 1:
        hint = f" Did you mean {value / 100:g}?" if 1 < value <= 100 else ""
        yield f"{name} must be a proportion above 0 and at most 1, got {value:g}.{hint}"
