"""The definition itself: words, contradictions, ways in and out, and the presets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from absence_risk.register.definition import AbsenceDefinition
from absence_risk.register.definitions import definitions, describe, named_definition

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "definitions.md"
ODD = AbsenceDefinition(
    numerator=(80, 10, 10),
    denominator="reported",
    day_rule="any_lesson",
    late_rule="absent_after_x",
    late_limit_min=15,
    window="rolling 12 weeks",
    least_days=5,
    mean="month_weighted",
)


@pytest.mark.parametrize(
    "definition", [AbsenceDefinition(), ODD, *(d.definition for d in definitions())]
)
def test_json_and_toml_give_the_same_definition_back(definition, tmp_path):
    again = AbsenceDefinition.from_dict(json.loads(json.dumps(definition.to_dict())))
    assert again == definition
    assert hash(again) == hash(definition)
    assert again.digest() == definition.digest()
    path = tmp_path / "own.toml"
    path.write_text(definition.to_toml(), encoding="utf-8")
    assert AbsenceDefinition.from_toml(path) == definition


def test_different_definitions_have_different_digests():
    rules = {found.definition for found in definitions()} | {AbsenceDefinition(), ODD}
    assert len({rule.digest() for rule in rules}) == len(rules)
    # Fixed: stored digests stay valid.
    assert AbsenceDefinition().digest() == "546de730327a"


def test_reasons_are_put_in_order_and_counted_once():
    assert ODD.numerator == (10, 80)
    assert ODD.reasons == (10, 80)
    assert AbsenceDefinition().reasons is None


def test_words():
    assert ODD.describe() == (
        "absence with reason 10 illness or 80 late, days with any lesson missed, over reported "
        "days, more than 15 minutes late makes the lesson invalid absence, over any 12 school "
        "weeks in a row, shares from 5 school days up, means weighted by months registered"
    )
    enrolled = AbsenceDefinition(
        denominator="enrolled_days", day_rule="half_days", window="2025-09-01 to 2025-12-19"
    )
    assert "over half-days enrolled" in enrolled.describe()
    assert enrolled.describe().endswith("from 2025-09-01 to 2025-12-19")


@pytest.mark.parametrize(
    ("day_rule", "unit"),
    [
        ("minutes_share", "minute"),
        ("lessons_share", "lesson"),
        ("half_days", "half_day"),
        ("full_day_only", "day"),
        ("any_lesson", "day"),
        ("start_of_day", "day"),
    ],
)
def test_the_unit_follows_from_the_day_rule(day_rule, unit):
    assert AbsenceDefinition(day_rule=day_rule).unit == unit


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"numerator": "unlawful"}, "numerator must be one of total, valid, invalid"),
        ({"numerator": ()}, "got none"),
        ({"numerator": (10, 30)}, "reason codes of absence .* got 30"),
        ({"numerator": 10.5}, "not iterable"),
        ({"denominator": "enroled_days"}, "Did you mean 'enrolled_days'"),
        ({"denominator": "enrolled_days"}, "counts days, but day_rule 'minutes_share'"),
        ({"day_rule": "half_day"}, "Did you mean 'half_days'"),
        ({"late_rule": "absent_after_x"}, "late_limit_min must be a whole number of at least 1"),
        ({"late_limit_min": 15}, "belongs to late_rule 'absent_after_x'"),
        ({"window": "monthly"}, "Did you mean 'month'"),
        ({"window": "rolling 0 days"}, "rolling 20 days"),
        ({"window": "2025-02-30 to 2025-03-01"}, "no date"),
        ({"window": "2025-03-01 to 2025-02-01"}, "must not end before"),
        ({"least_days": 0}, "least_days must be a whole number"),
        ({"mean": "weighted"}, "Did you mean 'month_weighted'"),
    ],
)
def test_wrong_fields_say_what_is_wrong(fields, message):
    with pytest.raises(ValueError, match=message):
        AbsenceDefinition(**fields)


def test_all_problems_are_named_at_once():
    with pytest.raises(ValueError, match="denominator") as error:
        AbsenceDefinition(denominator="all", late_rule="ignore", window="monthly", least_days=0)
    for word in ("late_rule", "window", "least_days"):
        assert word in str(error.value)


def test_unknown_keys_and_files_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'day_rule'"):
        AbsenceDefinition.from_dict({"dayrule": "any_lesson"})
    path = tmp_path / "bad.toml"
    path.write_text("day_rule = ", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.toml is not a TOML file"):
        AbsenceDefinition.from_toml(path)


def test_every_preset_names_its_source():
    names = [found.name for found in definitions()]
    assert len(set(names)) == len(names) >= 15
    for found in definitions():
        assert found.source
        assert found.title
        assert found.used_by
        assert AbsenceDefinition.preset(found.name) is found.definition


def test_presets_hold_what_their_sources_say():
    rule = {found.name: found.definition for found in definitions()}
    assert rule["denmark_uvm"].day_rule == "start_of_day"
    assert rule["denmark_uvm"].mean == "month_weighted"
    assert (rule["denmark_law"].numerator, rule["denmark_law"].window) == ("invalid", "quarter")
    assert rule["schoolsoft"].day_rule == "full_day_only"
    assert rule["ss12000_reported"].denominator == "reported"
    assert (rule["learnpoint"].late_rule, rule["learnpoint"].denominator) == ("invalid", "offered")
    assert rule["england_sessions"].unit == "half_day"
    assert rule["siuntio"].window == "rolling 12 weeks"
    assert rule["skolverket_term"].window == "term"
    assert rule["us_chronic"].denominator == "enrolled_days"
    assert rule["trosa"] == AbsenceDefinition()
    assert "neither window" in named_definition("luvn").note


def test_unknown_preset_offers_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'denmark_uvm'"):
        AbsenceDefinition.preset("denmark")


def test_the_page_of_presets_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == describe()
