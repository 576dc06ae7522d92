"""The form of a scenario as JSON Schema, for editors and for other programs."""

from __future__ import annotations

import inspect
import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from absence_risk.synthetic.calendar import CalendarPlan, Span
from absence_risk.synthetic.checks import SECTIONS
from absence_risk.synthetic.scenario import Scenario, scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["scenario_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string", "pattern": r"\S"}
_NAMES = re.compile(r"^(\w+(?:, \w+)*) : .+$")


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    Names, ranges and meanings are read from the declarations of the parameters. That a list must
    rise or fall along its length, and that a calendar must hold a school day, cannot be said in
    JSON Schema; `Scenario.from_toml` checks both.

    Returns
    -------
    dict
        The schema, ready for `json.dumps`. Without ``extends`` every parameter is required.

    Examples
    --------
    >>> schema = scenario_schema()
    >>> schema["$defs"]["illness"]["properties"]["onset_rate"]["properties"]["value"]
    {'type': 'number', 'minimum': 0.0, 'maximum': 1.0}
    """
    meanings = _meanings(Scenario)
    sections = {name: {"$ref": f"#/$defs/{name}"} for name in SECTIONS}
    return {
        "$schema": _DIALECT,
        "title": "Scenario of a simulated municipality",
        "description": "Every number stands beside its source. With extends, only what differs "
        "from a preset is named.",
        "type": "object",
        "properties": {
            "extends": {"description": "The preset this one is laid over.", "enum": [*scenarios()]},
            "name": _TEXT,
            "title": _TEXT,
            "calendar": {"$ref": "#/$defs/calendar"},
            **sections,
        },
        "additionalProperties": False,
        "if": {"not": {"required": ["extends"]}},
        "then": {
            "required": ["name", "title", "calendar", *SECTIONS],
            "properties": {
                name: {"required": [declared.name for declared in fields(kind)]}
                for name, kind in SECTIONS.items()
            },
        },
        "$defs": {
            "calendar": {"description": meanings["calendar"], **_calendar()},
            **{
                name: {"description": meanings[name], **_section(kind)}
                for name, kind in SECTIONS.items()
            },
        },
    }


def _section(kind: type) -> dict[str, Any]:
    """Return the schema of one section: a value and its source for each parameter."""
    meanings = _meanings(kind)
    parameters = {
        declared.name: {
            "description": meanings[declared.name],
            "type": "object",
            "properties": {"value": _value(declared.metadata), "source": _TEXT},
            "required": ["value", "source"],
            "additionalProperties": False,
        }
        for declared in fields(kind)
    }
    return {"type": "object", "properties": parameters, "additionalProperties": False}


def _value(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a value from the bounds or words it was declared with."""
    if "words" in meta:
        return {"enum": list(meta["words"])} if meta["words"] else {"type": "string"}
    number: dict[str, Any] = {"type": "integer" if meta.get("whole") else "number"}
    number["minimum"] = meta["low"]
    if not math.isinf(meta["high"]):
        number["maximum"] = meta["high"]
    length = meta["length"]
    if length is None:
        return number
    return {"type": "array", "items": number, "minItems": length, "maxItems": length}


def _calendar() -> dict[str, Any]:
    """Return the schema of the school year."""
    meanings = _meanings(Span)
    date = {"type": "string", "format": "date"}
    span = {
        "type": "object",
        "properties": {
            declared.name: {
                "description": meanings[declared.name],
                **(_TEXT if declared.name == "name" else date),
            }
            for declared in fields(Span)
        },
        "required": [declared.name for declared in fields(Span)],
        "additionalProperties": False,
    }
    meanings = _meanings(CalendarPlan)
    properties = {
        declared.name: {
            "description": meanings[declared.name],
            **(_TEXT if declared.name == "source" else {"type": "array", "items": span}),
        }
        for declared in fields(CalendarPlan)
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["source", "terms"],
        "additionalProperties": False,
    }


def _meanings(kind: type) -> dict[str, str]:
    """Return what the docstring of a dataclass says about each of its fields."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    inside = False
    for line in (inspect.getdoc(kind) or "").splitlines():
        head = _NAMES.match(line)
        if line == "Parameters":
            inside = True
        elif inside and head:
            names = head.group(1).split(", ")
            found.update({name: [] for name in names})
        elif line.startswith("    "):
            for name in names:
                found[name].append(line.strip())
        elif line and not line.startswith("-"):
            names = []
    return {declared.name: " ".join(found.get(declared.name, [])) for declared in fields(kind)}
