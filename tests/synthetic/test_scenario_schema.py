"""The JSON Schema of a scenario says what the loader checks."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from absence_risk.synthetic import scenario, scenarios
from absence_risk.synthetic.checks import SECTIONS, value_problems
from absence_risk.synthetic.json_schema import scenario_schema

FILE = Path(__file__).parents[2] / "docs" / "reference" / "scenario.schema.json"
SCHEMA = scenario_schema()
PARAMETERS = [(s, declared) for s, kind in SECTIONS.items() for declared in fields(kind)]
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}


def fits(value, schema):
    """A validator for the few words that the schema uses."""
    if "$ref" in schema:
        return fits(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "enum" in schema or not isinstance(value, TYPES[schema["type"]]):
        return value in schema.get("enum", ())
    if schema["type"] == "object":
        known = schema["properties"]
        return (
            set(schema.get("required", ())) <= set(value)
            and set(value) <= set(known)
            and all(fits(item, known[key]) for key, item in value.items())
        )
    if schema["type"] == "array":
        size = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf)
        return size and all(fits(item, schema["items"]) for item in value)
    if schema["type"] == "string":
        return bool(value.strip())
    return schema["minimum"] <= value <= schema.get("maximum", math.inf)


def raw(name):
    """A preset as it is written, with dates as text."""
    found = tomllib.loads((scenario._PRESETS / f"{name}.toml").read_text(encoding="utf-8"))
    return json.loads(json.dumps(found, default=str))


def value_schema(section, name):
    return SCHEMA["$defs"][section]["properties"][name]["properties"]["value"]


def test_committed_schema_is_up_to_date():
    text = json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"
    assert FILE.read_text(encoding="utf-8") == text, "write json_schema.scenario_schema() again"


@pytest.mark.parametrize("name", list(scenarios()))
def test_every_preset_fits(name):
    found = raw(name)
    assert fits(found, SCHEMA)
    if "extends" not in found:
        assert set(SCHEMA["then"]["required"]) <= set(found)
        for section in SECTIONS:
            assert set(SCHEMA["then"]["properties"][section]["required"]) == set(found[section])


@pytest.mark.parametrize(("section", "declared"), PARAMETERS)
def test_schema_and_loader_draw_the_same_line(section, declared):
    meta, schema = declared.metadata, value_schema(section, declared.name)
    if "words" in meta:
        tried = [*meta["words"], "", 3] if meta["words"] else [3]
    else:
        low, high = meta["low"], meta["high"]
        tried = [low, low - 1, "much", True]
        if not math.isinf(high):
            tried += [high, high + 1]
        if meta["length"] is not None:
            tried = [[one] * meta["length"] for one in tried] + [[low], low]
    for value in tried:
        # a list that must rise along its length is beyond a schema
        lines = [p for p in value_problems("x.y", declared, value) if "along the list" not in p]
        boolean = value is True or (isinstance(value, list) and value and value[0] is True)
        assert (fits(value, schema) and not boolean) == (not lines), value


@pytest.mark.parametrize(
    "change",
    [
        {"speed": {}},
        {"extends": "municipalty"},
        {"illness": {"onset_rat": {"value": 0.1, "source": "s"}}},
        {"illness": {"onset_rate": 0.1}},
        {"illness": {"onset_rate": {"value": 0.1, "source": " "}}},
        {"illness": {"weekday": {"value": [1, 1, 1], "source": "s"}}},
        {"calendar": {"source": "s", "terms": [{"name": "HT"}]}},
    ],
)
def test_what_the_loader_refuses_does_not_fit(change):
    assert fits(raw("null"), SCHEMA)
    assert not fits({**raw("null"), **change}, SCHEMA)


def test_every_parameter_has_a_meaning():
    empty = [
        f"{section}.{declared.name}"
        for section, declared in PARAMETERS
        if not SCHEMA["$defs"][section]["properties"][declared.name]["description"]
    ]
    assert empty == []
    meaning = SCHEMA["$defs"]["illness"]["properties"]["onset_rate"]["description"]
    assert meaning == "λ, onsets per school day for a well pupil of average frailty."
