"""Every rule has words in every language, and the page of rules is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from absence_risk.cli import app
from absence_risk.register.catalogue import RULES
from absence_risk.register.opening import read_register
from absence_risk.register.wordings import LANGUAGES, rules_page, wording

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_words_and_no_language_has_more(lang):
    texts = wording(lang)
    assert set(texts.what) == set(texts.fix) == set(RULES)
    assert set(texts.words) == set(wording("en").words)
    for text in [*texts.what.values(), *texts.fix.values()]:
        assert re.fullmatch(r"[^\s].*\.", text), text


@pytest.mark.parametrize("lang", ["sv", "da", "fi"])
def test_no_text_was_left_in_english_or_copied_from_a_neighbour(lang):
    texts = wording(lang)
    for other in set(LANGUAGES) - {lang}:
        same = [c for c in RULES if texts.what[c] == wording(other).what[c]]
        assert same == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_words_with_gaps_have_the_same_ones(lang):
    def gaps(words):
        return {name: sorted(re.findall(r"{(\w+)}", text)) for name, text in words.items()}

    assert gaps(wording(lang).words) == gaps(wording("en").words)


def test_a_report_speaks_four_languages_and_keeps_places_and_counts(tables, write):
    rows = tables["registers"]
    rows.loc[[5, 9], "valid_min"] = -5
    folder = write(tables, "csv")
    report = read_register(folder).validate()
    (problem,) = [p for p in report.problems if p.code == "E203"]
    assert str(report) == report.text("en")
    said = {lang: report.text(lang) for lang in LANGUAGES}
    assert len(set(said.values())) == 4
    for lang, text in said.items():
        assert f"E203 registers.csv:{problem.line}" in text
        assert len(text.splitlines()) == 1 + len(report.problems)
        done = CliRunner().invoke(app, ["validate", str(folder), "--lang", lang])
        assert done.output.strip() == text
    assert "inte användbart" in said["sv"]
    with pytest.raises(ValueError, match="lang"):
        report.text("no")


def test_small_numbers_of_pupils_are_not_told_in_any_language(lessons):
    report = read_register(lessons((1, "2025-11-03", 1, 60, 0, 0, 0, True))).validate()
    assert all("5" in report.text(lang).splitlines()[0] for lang in LANGUAGES)


def test_the_page_of_rules_is_up_to_date():
    page = (DOCS / "reference" / "validation_rules.md").read_text(encoding="utf-8")
    assert page == rules_page()


def test_the_page_on_keys_names_commands_that_exist():
    page = (DOCS / "howto" / "keep_a_key.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^absence-risk ([\w-]+)", page, re.MULTILINE))
    assert named == {"new-key", "import"}
    for command in named:
        done = CliRunner().invoke(app, [command, "--help"])
        assert done.exit_code == 0
