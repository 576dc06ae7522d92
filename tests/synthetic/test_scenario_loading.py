from __future__ import annotations

import re

import pytest

from absence_risk.synthetic import Scenario, simulate
from absence_risk.synthetic.checks import SECTIONS

HEAD = 'name = "own"\ntitle = "Own"\nextends = "municipality"\n'


def load(tmp_path, text):
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return Scenario.from_toml(path)


@pytest.mark.parametrize("name", ["municipality", "null"])
def test_every_number_has_a_source(name):
    scenario = Scenario.preset(name)
    names = {f"{s}.{key}" for s, values in scenario.values().items() for key in values}
    assert set(scenario.sources) == names
    assert all(len(source) > 5 for source in scenario.sources.values())
    assert scenario.calendar.source


def test_round_trip_through_toml(tmp_path):
    scenario = Scenario.preset("null")
    assert load(tmp_path, scenario.to_toml()) == scenario


def test_null_world_has_no_effects():
    null = Scenario.preset("null")
    assert (null.avoidance.beta_valid, null.team.effect, null.wellbeing.team_gain) == (0, 0, 0)
    assert (null.harm.shape, null.label.drift_per_month, null.illness.correlation) == ("none", 0, 0)
    assert null.avoidance.up == Scenario.preset("municipality").avoidance.up


def test_school_year_has_178_days_in_two_terms():
    year = Scenario.preset("municipality").calendar.school_days()
    assert len(year) == 178
    assert (str(year.dates[0]), str(year.dates[-1])) == ("2025-08-18", "2026-06-12")
    assert sorted(set(year.terms)) == ["HT", "VT"]
    off = ("2025-10-29", "2025-12-24", "2026-02-25", "2026-04-06", "2026-05-01", "2026-03-14")
    assert not set(off) & {str(day) for day in year.dates}


def test_extending_replaces_single_numbers(tmp_path):
    own = load(tmp_path, HEAD + '[team]\neffect = { value = 0.1, source = "assumption" }\n')
    base = Scenario.preset("municipality")
    assert own.team.effect == 0.1
    assert own.team.relapse == base.team.relapse
    assert own.sources["team.effect"] == "assumption"


def test_every_problem_is_named_at_once(tmp_path):
    text = HEAD + (
        "speed = 3\n"
        "[ilness]\nx = 1\n"
        '[illness]\nonset_rat = { value = 0.1, source = "s" }\n'
        'correlation = { value = 1.5, source = "s" }\n'
        "mean_days = 2\n"
        'weekday = { value = [1, 1, 1], source = "s" }\n'
        '[label]\nas_illness = { value = 20, source = "s" }\n'
        '[size]\nmunicipalities = { value = 1.5, source = "s" }\n'
        '[harm]\nshape = { value = "cubic", source = " " }\n'
        '[referral]\nstaircase = { value = "troza", source = "s" }\n'
        '[avoidance]\nfirst_stage = { value = [0.1, 0.2, 0.1, 0.1, 0.1], source = "s" }\n'
        '[wellbeing]\nthresholds = { value = [1, 0, 2, nan], source = "s" }\n'
        '[calendar]\nsource = "s"\nterms = []\n'
    )
    with pytest.raises(ValueError, match="is not a usable scenario") as error:
        load(tmp_path, text)
    for part in (
        "unknown section 'speed'",
        "unknown section 'ilness'. Did you mean 'illness'?",
        "unknown key 'onset_rat'. Did you mean 'onset_rate'?",
        "illness.correlation must be a number between -1 and 1, got 1.5",
        "illness.mean_days must be written {",
        "illness.weekday must be a list of 5 numbers",
        "label.as_illness must be a number between 0 and 1, got 20. Did you mean 0.2?",
        "size.municipalities must be a whole number between 1 and 50",
        "harm.shape must be one of none, linear, kink, step, smooth",
        "harm.shape has no source",
        "Did you mean 'trosa'?",
        "avoidance.first_stage must not increase",
        "wellbeing.thresholds must be a number between -50 and 50, got nan",
        "calendar has no school day",
    ):
        assert part in str(error.value), part


@pytest.mark.parametrize(
    ("calendar", "message"),
    [
        ("terms = 3", "calendar.terms must be a list"),
        ('terms = [{ name = "A", first = 2025-09-01 }]', "terms 1 must be"),
        ('terms = [{ name = "A", first = 2025-09-06, last = 2025-09-07 }]', "no school day"),
        ('terms = [{ name = "A", first = 2025-09-06, last = 2025-09-01 }]', "ends before"),
        (
            'terms = [{ name = "A", first = 2025-09-01, last = 2025-10-01 },'
            ' { name = "A", first = 2025-09-20, last = 2025-12-01 }]',
            "different names",
        ),
        ("days = []", "unknown key 'days'"),
        (
            'terms = [{ name = "A", first = 2024-09-01, last = 2025-09-05 }]',
            "within one year of 366 days, got 370 days",
        ),
    ],
)
def test_calendars_that_are_none(tmp_path, calendar, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(tmp_path, HEAD + f'[calendar]\nsource = "s"\n{calendar}\n')


def test_a_file_that_is_no_scenario(tmp_path):
    with pytest.raises(ValueError, match="not a TOML file"):
        load(tmp_path, "a scenario")
    with pytest.raises(ValueError, match=r"section \[illness\] is missing") as error:
        load(tmp_path, "")
    lines = str(error.value).splitlines()
    assert len(lines) == 1 + 2 + 1 + len(SECTIONS) + 1  # head, name and title, calendar, hint
    assert 'needs extends = "municipality"' in lines[-1]
    with pytest.raises(ValueError, match="size must be a table") as error:
        load(tmp_path, HEAD.replace("own", "x") + "size = 3\n")
    assert "missing" not in str(error.value)
    with pytest.raises(ValueError, match=r"illness\.onset_rate is missing"):
        load(tmp_path, 'name = "own"\ntitle = "Own"\nillness = {}\n')
    path = tmp_path / "own.toml"
    path.write_bytes(b'name = "own"\n# \xff')
    with pytest.raises(ValueError, match=r"own\.toml is not a TOML file: byte 16 is not UTF-8"):
        Scenario.from_toml(path)


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(FileNotFoundError, match=f"There is no scenario file {path.name}"):
            Scenario.from_toml(path)


def test_a_staircase_that_is_not_by_month_is_refused_with_those_that_are(tmp_path):
    text = '[referral]\nstaircase = { value = "england", source = "s" }\n'
    with pytest.raises(ValueError, match=r"three steps per calendar month, as .*trosa.*'england'"):
        load(tmp_path, HEAD + text)


def test_a_percentage_is_recognised_and_a_slip_is_not():
    with pytest.raises(ValueError, match=r"got 25\. Did you mean 0\.25\?"):
        simulate(pupils=5, do={"corrections.unexplained": 25})
    with pytest.raises(ValueError, match=r"got 1\.2\.$"):
        simulate(pupils=5, do={"corrections.unexplained": 1.2})


@pytest.mark.parametrize("last", ["2025-08-18", "2025-09-05"])
def test_a_year_of_a_day_or_three_weeks_has_a_truth(tmp_path, last, monkeypatch):
    monkeypatch.setattr("absence_risk.synthetic.truth.LEAST_PUPILS", 60)
    terms = f'terms = [{{ name = "A", first = 2025-08-18, last = {last} }}]\n'
    world = simulate(load(tmp_path, HEAD + f'[calendar]\nsource = "s"\n{terms}'), pupils=60)
    values = {entry["id"]: entry["value"] for entry in world.truth["estimands"]}
    assert values["absence.mean"] is not None
    assert values["return.cif_week_20"] in (None, 0)


def test_do_names_unknown_and_impossible_values():
    with pytest.raises(ValueError, match=r"Did you mean 'team\.effect'") as error:
        simulate(pupils=5, do={"team.efect": 0, "avoidance.skip": 0.2, "team.moved": -1})
    assert "avoidance.skip must be a list of 5 numbers" in str(error.value)
    assert "team.moved must be a number of at least 0" in str(error.value)


@pytest.mark.parametrize(
    "arguments", [{"pupils": 0}, {"seed": -1}, {"pupils": 5, "block": 0}, {"preset": "munici"}]
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        simulate(**arguments)


def test_sections_are_the_fields_of_a_scenario():
    assert set(SECTIONS) <= set(Scenario.__dataclass_fields__)
