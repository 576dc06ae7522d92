"""A scenario that extends another: what it takes over, and what is refused."""

from __future__ import annotations

import re

import pytest

from absence_risk.synthetic import Scenario, scenario, scenarios

EFFECT = '[team]\neffect = { value = 0.1, source = "assumption" }\n'


@pytest.fixture
def presets(tmp_path, monkeypatch):
    """A folder of presets of our own beside the municipality."""
    own = tmp_path / "presets"
    own.mkdir()
    text = (scenario._PRESETS / "municipality.toml").read_text(encoding="utf-8")
    (own / "municipality.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(scenario, "_PRESETS", own)
    return own


def test_a_chain_takes_over_what_it_does_not_say(presets):
    head = 'extends = "municipality"\nname = "first"\ntitle = "First"\n'
    (presets / "first.toml").write_text(head + EFFECT, encoding="utf-8")
    second = 'extends = "first"\nname = "second"\ntitle = "Second"\n'
    second += '[team]\nrelapse = { value = 0.5, source = "assumption" }\n'
    (presets / "second.toml").write_text(second, encoding="utf-8")
    built = Scenario.preset("second")
    assert (built.team.effect, built.team.relapse, built.team.moved) == (0.1, 0.5, 0.005)
    assert (built.name, built.title) == ("second", "Second")
    names = ["first", "municipality", "second"]
    assert list(scenarios()) == names
    assert scenarios()["first"] == "First"


def test_circles_are_named(presets):
    for name, over in (("one", "two"), ("two", "one")):
        text = f'extends = "{over}"\nname = "{name}"\ntitle = "Circle"\n'
        (presets / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="extends goes in a circle: one → two → one"):
        Scenario.preset("one")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('extends = "munici"', "own.toml: extends must be one of"),
        (
            "extends = 3",
            "own.toml is not a usable scenario:\n  extends must be the name of a preset, got 3.",
        ),
        ('extends = ["null"]', "extends must be the name of a preset, got ['null']"),
        ('base = "municipality"', "unknown section 'base'"),
    ],
)
def test_what_cannot_be_extended_is_refused(tmp_path, line, message):
    path = tmp_path / "own.toml"
    path.write_text(line + '\nname = "own"\ntitle = "Own"\n' + EFFECT, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        Scenario.from_toml(path)


def test_the_nearest_name_is_offered(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('extends = "s01_confoundin"\n' + EFFECT, encoding="utf-8")
    with pytest.raises(ValueError, match="Did you mean 's01_confounding'"):
        Scenario.from_toml(path)
