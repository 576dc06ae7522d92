"""Definitions of absence in use, by name, each with its source and what the source leaves open."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from dataclasses import dataclass

from absence_risk import check
from absence_risk.register.definition import AbsenceDefinition

__all__ = ["NamedDefinition", "definitions", "describe", "named_definition"]

_FILE = importlib.resources.files("absence_risk.register") / "definitions.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDefinition:
    """A definition in use.

    Parameters
    ----------
    name : str
        Name of the preset.
    title : str
        What it is, in a few words.
    used_by : str
        Who uses it, and for what.
    definition : AbsenceDefinition
        The rule.
    source : str
        Where the rule is found.
    note : str
        What the source leaves open, and what we assume there.
    """

    name: str
    title: str
    used_by: str
    definition: AbsenceDefinition
    source: str
    note: str = ""


@functools.cache
def definitions() -> tuple[NamedDefinition, ...]:
    """Return every definition that comes with the package.

    Returns
    -------
    tuple of NamedDefinition
        In the order of ``register/definitions.toml``.

    Examples
    --------
    >>> [found.name for found in definitions()][:3]
    ['trosa', 'luvn', 'denmark_uvm']
    """
    about = ("title", "used_by", "source", "note")
    found = []
    for name, table in tomllib.loads(_FILE.read_text(encoding="utf-8")).items():
        words = {key: table.pop(key) for key in about if key in table}
        rule = AbsenceDefinition.from_dict(table)
        found.append(NamedDefinition(name=name, definition=rule, **words))
    return tuple(found)


def named_definition(name: str) -> NamedDefinition:
    """Return a definition that comes with the package.

    Parameters
    ----------
    name : str
        Name of the preset.

    Returns
    -------
    NamedDefinition
        The definition with its source.

    Raises
    ------
    ValueError
        If there is no such preset; the nearest name is offered.

    Examples
    --------
    >>> named_definition("schoolsoft").definition.day_rule
    'full_day_only'
    """
    known = {found.name: found for found in definitions()}
    return known[check.choice(name, tuple(known), "definition")]


def describe() -> str:
    """Return all presets as Markdown.

    Returns
    -------
    str
        Text of ``docs/reference/definitions.md``.

    Examples
    --------
    >>> describe().splitlines()[0]
    '# Definitions of absence in use'
    """
    lines = [
        "# Definitions of absence in use",
        "",
        "Generated from `absence_risk.register.definitions`; do not edit by hand.",
        "",
        "`AbsenceDefinition.preset(name)` gives the rule, `absence-risk study --definition name` a",
        "study under it. A definition of your own is a TOML file with the fields of",
        "`AbsenceDefinition` as keys.",
        "",
        "| name | what | used by | rule |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{found.name}` | {found.title} | {found.used_by} | {found.definition.describe()} |"
        for found in definitions()
    ]
    lines += ["", "## Sources, and what they leave open", ""]
    lines += [f"- `{f.name}`: {f.source}. {f.note}".rstrip() for f in definitions()]
    lines += [
        "",
        "Tomelilla's rules for its school-social team name no percentage and define no figure, so",
        "there is no preset of them. Finnish ladders count hours and no share: they are staircases",
        "(`Staircase.preset`), read on minutes or lessons.",
    ]
    return "\n".join(lines) + "\n"
