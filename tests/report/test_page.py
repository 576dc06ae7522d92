"""The page is whole, safe to mail and the same every time."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from absence_risk import report
from absence_risk.disclosure import gate, scan
from absence_risk.errors import DisclosureError
from absence_risk.report.wording import languages, load_texts
from absence_risk.result import Estimate, FlowStep, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., Any]

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Check that tags close in order, and collect what the page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        self.ids += [values["id"] or ""] if "id" in values else []
        self.targets += [v[1:] for k, v in attrs if k.endswith("href") and v and v[0] == "#"]
        self.headings += [tag] if re.fullmatch(r"h[1-6]", tag) else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()


def page(study: Any, folder: Path, lang: str = "en") -> str:
    return report.write(study, folder / "report.html", lang=lang).read_text(encoding="utf-8")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_is_well_formed_and_links_within_itself(whole_page: str) -> None:
    reader = read(whole_page)
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.targets) <= set(reader.ids)
    assert reader.headings[:2] == ["h1", "h2"]
    levels = [int(heading[1]) for heading in reader.headings]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_nothing_is_fetched_and_nothing_runs(whole_page: str) -> None:
    text = whole_page
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "://" not in outside
    tags = {tag for tag, _ in read(text).tags}
    assert not tags & {"script", "link", "img", "iframe"}
    assert "@import" not in text


def test_all_sections_stand_in_order(whole_page: str) -> None:
    reader = read(whole_page)
    sections = [values["id"] for tag, values in reader.tags if tag == "section"]
    claims = ["escalation", "threshold", "return", "wellbeing"]
    assert sections == ["verdicts", *claims, "data", "glossary", "made"]
    cards = [values for tag, values in reader.tags if tag == "article"]
    assert [card["class"] for card in cards] == [
        "card not-supported",
        "card undecidable",
        "card supported",
        "card undecidable",
    ]


def test_verdicts_stand_beside_their_benchmarks(whole_page: str) -> None:
    text = whole_page
    top = text[text.index('id="verdicts"') : text.index('class="claim-section"')]
    for words in (
        "no more than when time is turned round",
        "<b>1.41</b>",
        "1.27 to 1.56",
        "<b>1.38</b>",
        "nothing beyond: 1.00",
        "<b>55.0 %</b>",
        "<b>+12.0 points</b>",
        "<b>−9.1 points</b>",
    ):
        assert words in top


def test_every_figure_is_named_for_those_who_cannot_see_it(whole_page: str) -> None:
    reader = read(whole_page)
    drawings = [values for tag, values in reader.tags if tag == "svg"]
    assert len(drawings) == 13
    for values in drawings:
        assert values["role"] == "img"
        assert set((values["aria-labelledby"] or "").split()) <= set(reader.ids)
        assert "width" not in values
    captions = sum(tag == "caption" for tag, _ in reader.tags)
    assert captions == sum(tag == "table" for tag, _ in reader.tags) > 13


def test_hostile_text_is_only_text(make_study: Make, tmp_path: Path) -> None:
    study = make_study()
    attack = "<script>alert('x')</script> & \"quoted\""
    result = study.results["wellbeing"]
    hostile = dataclasses.replace(
        result,
        definition=attack,
        method=attack,
        benchmark_is=attack,
        flow=(FlowStep(step=attack, n=140),),
        verdict=dataclasses.replace(result.verdict, sentence=attack, reasons=(attack,)),
        tables=(
            dataclasses.replace(
                result.tables[0],
                title=attack,
                note=attack,
                rows=(Estimate(term=attack, group=attack, estimate=0.1, n=50),),
            ),
        ),
    )
    study = make_study(
        results={"wellbeing": hostile}, warnings=(attack,), facts={attack: attack}, version=attack
    )
    text = page(study, tmp_path)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    read(text)
    for svg in report.figures(study).values():
        assert b"<script" not in svg


def test_a_refused_claim_says_why(make_study: Make, tmp_path: Path) -> None:
    study = make_study("wellbeing", refused={"threshold": "There is no outcome."})
    text = page(study, tmp_path)
    assert "undecidable</span>: There is no outcome." in text
    assert "This register cannot carry the claim: There is no outcome." in text
    reader = read(text)
    assert "threshold" in reader.ids
    assert sum(tag == "article" for tag, _ in reader.tags) == 2


def test_the_same_study_gives_the_same_bytes(make_study: Make, tmp_path: Path) -> None:
    study = make_study("return")
    assert page(study, tmp_path) == page(make_study("return"), tmp_path)
    assert report.figures(study) == report.figures(study)


def test_figures_are_standalone_svg(make_study: Make) -> None:
    figures = report.figures(make_study("return", "wellbeing"))
    assert len(figures) == 6
    assert "return_return" in figures
    for svg in figures.values():
        text = svg.decode()
        assert text.startswith("<?xml")
        assert "<metadata" not in text
        assert "<text" in text
        assert "<title" in text


def test_blanked_rows_are_dashes_and_counts_are_marked(whole_page: str) -> None:
    text = whole_page
    row = text[text.index('<th scope="row">no absence left</th>') :].split("</tr>")[0]
    assert re.findall(r">([^<>]+)</td>", row) == ["–"] * row.count("<td")
    assert '<td class="number" data-count="n_events">106</td>' in text
    assert "1 row is not shown because it rests on fewer than 5 pupils" in text


def test_small_facts_on_pupils_are_not_told(whole_page: str) -> None:
    text = whole_page
    assert "<dt>protected pupils</dt><dd>fewer than 5</dd>" in text
    assert "<dt>Schools</dt><dd>3</dd>" in text
    assert "<dt>absence rate</dt><dd>7.1 %</dd>" in text


def test_the_gate_reads_the_page_and_the_figures(make_study: Make, tmp_path: Path) -> None:
    study = make_study("return")
    path = report.write(study, tmp_path / "report.html")
    for name, svg in report.figures(study).items():
        (tmp_path / f"{name}.svg").write_bytes(svg)
    gate(tmp_path, [300_000_001])
    assert scan([path], [], minimum=26) != []
    marked = tmp_path / "return_return.svg"
    assert any("n_at_risk" in line for line in scan([marked], [], minimum=65))


def test_raw_results_are_refused(make_study: Make, tmp_path: Path) -> None:
    study = make_study()
    result = study.results["wellbeing"]
    rows = (*result.tables[0].rows, Estimate(term="x", estimate=0.1, n=3))
    raw = dataclasses.replace(
        result, tables=(dataclasses.replace(result.tables[0], rows=rows), *result.tables[1:])
    )
    study = make_study(results={"wellbeing": raw})
    with pytest.raises(DisclosureError, match=r"disclosure\.protect"):
        report.write(study, tmp_path / "report.html")
    with pytest.raises(DisclosureError, match=r"disclosure\.protect"):
        report.figures(study)
    assert not (tmp_path / "report.html").exists()


def keys(value: Any, place: str = "") -> set[str]:
    if isinstance(value, dict):
        return {key for name, item in value.items() for key in keys(item, f"{place}.{name}")}
    if isinstance(value, list):
        return {key for i, item in enumerate(value) for key in keys(item, f"{place}[{i}]")}
    return {place}


@pytest.mark.parametrize("lang", languages())
def test_languages_have_the_same_keys_and_make_whole_pages(
    make_study: Make, tmp_path: Path, lang: str
) -> None:
    assert keys(load_texts(lang)) == keys(load_texts("en"))
    text = page(make_study("escalation"), tmp_path, lang)
    assert f'<html lang="{lang}">' in text
    read(text)


def test_swedish_writes_decimal_commas(make_study: Make, tmp_path: Path) -> None:
    assert "<b>55,0 %</b>" in page(make_study("return"), tmp_path, "sv")


def test_an_unknown_language_is_refused(make_study: Make, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lang must be one of en, sv, got 'xx'"):
        report.write(make_study(), tmp_path / "report.html", lang="xx")


def test_definitions_compared_and_reporting_rates_are_on_the_page(make_study, tmp_path):
    def row(group, share, threshold=0.1):
        return Estimate(
            term="pupils absent 10 % or more",
            group=group,
            threshold=threshold,
            estimate=share,
            conf_low=share - 0.01,
            conf_high=share + 0.01,
            n=12000,
            n_events=round(share * 12000),
        )

    compared = Table(
        name="definitions",
        title="What the definition does (shares)",
        rows=(row("by minutes", 0.162), row("any lesson missed", 0.217)),
        note="The same records under 2 rules.",
    )
    reporting = Table(
        name="reporting",
        title="Reported share (time: yyyymm)",
        rows=(Estimate(term="reported share", group="s01", time=202509.0, estimate=0.9493),),
    )
    study = make_study("escalation", definitions=compared, reporting=reporting)
    page = report.write(study, tmp_path / "page.html").read_text(encoding="utf-8")
    for text in ("21.7 %", "any lesson missed", "94.9 %", "The same records under 2 rules."):
        assert text in page
    assert page.count("What the definition does (shares)") >= 3  # caption of table and figure
    assert "Pupils absent 10 % or more, by definition" in page
    figures = report.figures(study)
    assert b"any lesson missed" in figures["definitions"]
    assert report.figures(study)["definitions"] == figures["definitions"]
