"""Checks of a scenario: every problem, with its key and its allowed range."""

from __future__ import annotations

import itertools
import math
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.errors import PolicyError
from absence_risk.policy import Staircase, presets
from absence_risk.synthetic import (
    parameters,
    place_parameters,
    policy_parameters,
    record_parameters,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "SECTIONS",
    "frozen",
    "missing_parts",
    "near",
    "section_values",
    "staircase_problems",
    "unknown_keys",
    "value_problems",
]

SECTIONS: dict[str, Any] = {
    "size": parameters.Size,
    "illness": place_parameters.Illness,
    "leave": place_parameters.Leave,
    "places": place_parameters.Places,
    "background": place_parameters.Background,
    "outbreak": place_parameters.Outbreak,
    "enrolment": place_parameters.Enrolment,
    "avoidance": parameters.Avoidance,
    "label": parameters.Label,
    "lateness": parameters.Lateness,
    "reporting": parameters.Reporting,
    "subjects": record_parameters.Subjects,
    "corrections": record_parameters.Corrections,
    "referral": parameters.Referral,
    "team": parameters.Team,
    "actions": policy_parameters.Actions,
    "interference": policy_parameters.Interference,
    "aftercare": policy_parameters.Aftercare,
    "wellbeing": parameters.Wellbeing,
    "harm": parameters.Harm,
}
_HEAD = ("name", "title", "extends", "calendar")
_MONOTONE = {"avoidance.first_stage": -1, "wellbeing.thresholds": 1, "aftercare.booster_days": 1}
_NOT_ALL_ZERO = ("subjects.weekly_1_3", "subjects.weekly_4_6", "subjects.weekly_7_9")


def near(word: str, known: list[str]) -> str:
    """Return a hint at the known word that is spelled most like the given one.

    Parameters
    ----------
    word : str
        What was written.
    known : list of str
        What could have been meant.

    Returns
    -------
    str
        A sentence, or nothing.
    """
    near = check.nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""


def unknown_keys(raw: Mapping[str, Any]) -> Iterator[str]:
    """Name unknown sections and keys.

    Parameters
    ----------
    raw : mapping
        The file.

    Yields
    ------
    str
        One problem.
    """
    for key, value in raw.items():
        if key not in SECTIONS and key not in _HEAD:
            yield f"unknown section {key!r}.{near(key, [*SECTIONS, *_HEAD])}"
        elif key in SECTIONS and not isinstance(value, dict):
            yield f"{key} must be a table of parameters, got {value!r}."
        elif key in SECTIONS:
            names = [declared.name for declared in fields(SECTIONS[key])]
            for name in value:
                if name not in names:
                    yield f"{key} has the unknown key {name!r}.{near(name, names)}"


def missing_parts(raw: Mapping[str, Any]) -> Iterator[str]:
    """Name what a scenario must say and does not: its name, its title, whole sections.

    Parameters
    ----------
    raw : mapping
        The file.

    Yields
    ------
    str
        One problem.
    """
    for key in ("name", "title"):
        if not isinstance(raw.get(key), str):
            yield f'{key} is missing; write {key} = "…".'
    lost = [key for key in ("calendar", *SECTIONS) if key not in raw]
    yield from (f"section [{key}] is missing." for key in lost)
    if lost:
        yield 'A file that says only what differs from a preset needs extends = "municipality".'


def section_values(
    section: str, kind: Any, given: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[list[str], Any, str]]]:
    """Yield name → (problems, value, source) for every declared parameter of a section.

    Parameters
    ----------
    section : str
        Section name.
    kind : type
        Its dataclass.
    given : mapping
        What the file says.

    Yields
    ------
    tuple
        Name, and (problems, value, source).
    """
    for declared in fields(kind):
        dotted = f"{section}.{declared.name}"
        if declared.name not in given:
            yield declared.name, ([f"{dotted} is missing."], None, "")
            continue
        entry = given[declared.name]
        if not isinstance(entry, dict) or set(entry) != {"value", "source"}:
            line = f'{dotted} must be written {{ value = …, source = "…" }}, got {entry!r}.'
            yield declared.name, ([line], None, "")
            continue
        value, source = entry["value"], str(entry["source"]).strip()
        lines = (
            [] if source else [f'{dotted} has no source; where there is none, say "assumption".']
        )
        yield (
            declared.name,
            ([*lines, *value_problems(dotted, declared, value)], frozen(value), source),
        )


def value_problems(dotted: str, declared: Field[Any], value: Any) -> Iterator[str]:
    """Name what is impossible about the value of one parameter.

    Parameters
    ----------
    dotted : str
        Name with its section.
    declared : dataclasses.Field
        Its declaration, with bounds or words.
    value : object
        The value.

    Yields
    ------
    str
        One problem.
    """
    meta = declared.metadata
    if "words" in meta:
        allowed = meta["words"]
        if not isinstance(value, str) or (allowed and value not in allowed):
            words = f"one of {', '.join(allowed)}" if allowed else "text"
            yield f"{dotted} must be {words}, got {value!r}."
        return
    length = meta["length"]
    if length is not None and (not isinstance(value, list | tuple) or len(value) != length):
        yield f"{dotted} must be a list of {length} numbers, got {value!r}."
        return
    items = list(value) if length is not None else [value]
    broken = False
    for item in items:
        line = _check_number(dotted, item, meta)
        broken = broken or line is not None
        if line is not None:
            yield line
    if dotted in _NOT_ALL_ZERO and not broken and not any(items):
        yield f"{dotted} must hold a number above 0, got {items}."
    if dotted in _MONOTONE and not broken:
        sign = _MONOTONE[dotted]
        if any(sign * (b - a) < 0 for a, b in itertools.pairwise(items)):
            order = "increase" if sign > 0 else "not increase"
            yield f"{dotted} must {order} along the list, got {items}."


def _check_number(dotted: str, item: Any, meta: Mapping[str, Any]) -> str | None:
    """Return what is wrong with one number, or None."""
    whole = meta.get("whole", False)
    noun = "a whole number" if whole else "a number"
    low, high = meta["low"], meta["high"]
    span = f"of at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"
    if isinstance(item, bool) or not isinstance(item, int if whole else int | float):
        return f"{dotted} must be {noun} {span}, got {item!r}."
    if not math.isfinite(item) or not low <= item <= high:
        hint = (
            f" Did you mean {item / 100:g}?" if (low, high) == (0, 1) and 2 <= item <= 100 else ""
        )
        return f"{dotted} must be {noun} {span}, got {item:g}.{hint}"
    return None


def staircase_problems(name: Any) -> Iterator[str]:
    """Name what is wrong with the staircase of a scenario.

    Parameters
    ----------
    name : object
        Preset; anything but text is left to `value_problems`.

    Yields
    ------
    str
        One problem.
    """
    if not isinstance(name, str):
        return
    try:
        staircase = Staircase.preset(name)
    except (PolicyError, ValueError) as error:
        yield f"referral.staircase: {error}"
        return
    if not _by_month(staircase):
        fit = ", ".join(word for word in presets() if _by_month(Staircase.preset(word)))
        yield (
            f"referral.staircase must have three steps per calendar month, as {fit}; {name!r} "
            "has not."
        )


def _by_month(staircase: Staircase) -> bool:
    return (len(staircase.steps), staircase.window) == (3, "month")


def frozen(value: Any) -> Any:
    """Return a value that cannot be changed.

    Parameters
    ----------
    value : object
        Number, word or list.

    Returns
    -------
    object
        Lists as tuples, else the value.
    """
    return tuple(value) if isinstance(value, list | tuple) else value
