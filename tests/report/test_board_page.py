"""The board's page: whole, in two languages, guarded, nothing small on it."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from absence_risk import report
from absence_risk.disclosure import scan
from absence_risk.errors import DisclosureError
from absence_risk.evaluation import board_view, board_year
from absence_risk.report import board as board_module
from absence_risk.report.wording import languages, load_texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from absence_risk.evaluation import Board


def _numbers_module() -> Any:
    path = Path(__file__).parents[1] / "evaluation" / "test_board_numbers.py"
    spec = importlib.util.spec_from_file_location("board_numbers_example", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGE: Callable[..., Any] = _numbers_module().change


@pytest.fixture
def board() -> Board:
    closures = {"no_longer_needed": 20, "declined": 3, "moved": 6, "other_service": 9}
    this = board_year("2025/26", CHANGE(-0.02, 0.01, 4), closures=closures)
    return board_view(this, board_year("2024/25", CHANGE(0.01, 0.02, 4)))


def page(board: Board, folder: Path, lang: str = "en") -> str:
    return report.write_board(board, folder / "board.html", lang=lang).read_text(encoding="utf-8")


def body(text: str) -> str:
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", text, flags=re.DOTALL)
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.mark.parametrize("lang", languages("board"))
def test_the_page_says_each_number_beside_its_benchmark(
    board: Board, tmp_path: Path, lang: str
) -> None:
    said = body(page(board, tmp_path, lang)).replace(",", ".")
    for number in ("60.0 %", "57.0 %", "24.0 %", "19.0 %", "17.0 %", "−2.0", "+1.0"):
        assert number in said
    assert re.search(r"\b20\b.{1,6}\b80\b", said), "cases that are not in the figures"
    assert "2025/26" in said
    assert "2024/25" in said


def test_languages_have_the_same_keys() -> None:
    def keys(texts: dict[str, Any], path: str = "") -> set[str]:
        found = set()
        for name, value in texts.items():
            here = f"{path}/{name}"
            found |= keys(value, here) if isinstance(value, dict) else {here}
        return found

    assert languages("board") == languages()
    assert len({frozenset(keys(load_texts(lang, "board"))) for lang in languages("board")}) == 1


@pytest.mark.parametrize("lang", languages("board"))
def test_fields_of_the_sentences_are_the_same(lang: str) -> None:
    fields = re.compile(r"\{(\w+)\}")
    for name, text in load_texts("en", "board")["sentences"].items():
        other = load_texts(lang, "board")["sentences"][name]
        assert {f.lower() for f in fields.findall(text)} == {
            f.lower() for f in fields.findall(other)
        }, name


def test_the_page_is_whole_and_fetches_nothing(board: Board, tmp_path: Path) -> None:
    text = page(board, tmp_path)
    open_tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in {"meta", "br"}:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

        def handle_startendtag(self, tag: str, attrs: Any) -> None:
            pass

    Reader().feed(text)
    assert open_tags == []
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "<script" not in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_same_board_gives_the_same_bytes(board: Board, tmp_path: Path) -> None:
    assert page(board, tmp_path) == page(board, tmp_path)


def test_the_gate_finds_nothing_on_the_page(board: Board, tmp_path: Path) -> None:
    page(board, tmp_path)
    assert scan([tmp_path], keys=[]) == []


def test_a_year_that_was_not_protected_is_refused(board: Board, tmp_path: Path) -> None:
    flow = (*board.this.result.flow, dataclasses.replace(board.this.result.flow[0], n=3))
    raw = dataclasses.replace(board.this, result=dataclasses.replace(board.this.result, flow=flow))
    with pytest.raises(DisclosureError, match="2025/26"):
        page(dataclasses.replace(board, this=raw), tmp_path)
    assert not (tmp_path / "board.html").exists()


@pytest.mark.parametrize(
    ("beyond", "better", "answer", "words"),
    [
        (-0.08, "lower", "supported", "Absence fell more than it would have anyway"),
        (0.08, "lower", "not supported", "Absence did not fall more"),
        (-0.02, "lower", "undecidable", "cannot tell whether absence fell more"),
        (0.08, "higher", "supported", "Absence rose more than it would have anyway"),
    ],
)
def test_the_first_sentence_follows_the_answer(
    tmp_path: Path, beyond: float, better: Any, answer: Any, words: str
) -> None:
    result = CHANGE(beyond, 0.01, 4)
    verdict = dataclasses.replace(result.verdict, answer=answer)
    year = board_year("2025/26", dataclasses.replace(result, verdict=verdict), better=better)
    assert words in body(page(board_view(year), tmp_path))


def test_without_benchmark_or_last_year_the_page_says_so(tmp_path: Path) -> None:
    result = CHANGE(-0.02, 0.01, 4)
    alone = [t for t in result.tables if t.name == "change"]
    bare = dataclasses.replace(
        result,
        benchmark=dataclasses.replace(result.benchmark, estimate=None),
        beyond=dataclasses.replace(
            result.beyond, estimate=None, conf_low=None, conf_high=None, std_error=None
        ),
        tables=tuple(alone),
    )
    said = body(page(board_view(board_year("2025/26", bare)), tmp_path))
    assert "Nothing says what would have happened anyway" in said
    assert "2024/25" not in said
    assert "<svg" not in page(board_view(board_year("b", bare)), tmp_path)


WORDS = {"en": "a good effect", "sv": "god effekt", "da": "god virkning", "fi": "vaikutus"}


def refused(module: Any, board: Board, folder: Path, word: str) -> bool:
    """Say whether a page with the word in every sentence is refused, and nothing is written."""
    path = folder / "claims.html"
    path.unlink(missing_ok=True)
    plain = module.load_texts

    def spoilt(lang: str, page: str = "") -> dict[str, Any]:
        texts = plain(lang, page)
        if page != "board":
            return texts
        said = {name: f"{text} {word}." for name, text in texts["sentences"].items()}
        return {**texts, "sentences": said}

    module.load_texts = spoilt
    try:
        module.write_board(board, path)
    except ValueError:
        return not path.exists()
    finally:
        module.load_texts = plain
    return False


@pytest.mark.parametrize("word", WORDS.values())
def test_no_page_speaks_of_an_effect_that_the_benchmark_does_not_carry(
    board: Board, tmp_path: Path, word: str
) -> None:
    assert board.this.result.beyond.covers(0.0)
    assert refused(board_module, board, tmp_path, word)
    clear = board_view(board_year("2025/26", CHANGE(-0.08, 0.01, 4)))
    assert not refused(board_module, clear, tmp_path, word)


MUTANTS = {
    "no guard": ("guarded(text, this.result.beyond, null=this.result.null)", "text"),
    "wrong null": ("null=this.result.null", "null=1.0"),
    "wrong estimate": ("guarded(text, this.result.beyond,", "guarded(text, this.result.estimate,"),
    "first sentence only": (
        "for text in headline(board, texts, numbers, kind)",
        "for text in headline(board, texts, numbers, kind)[:0]",
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_of_the_page_are_caught(board: Board, tmp_path: Path, mutant: str) -> None:
    old, new = MUTANTS[mutant]
    source = inspect.getsource(board_module)
    assert source.count(old) == 1
    path = tmp_path / "mutant.py"
    path.write_text(source.replace(old, new), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mutant_of_board", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["_TEMPLATES"] = board_module._TEMPLATES
    assert not refused(module, board, tmp_path, WORDS["en"]), "the test above would not see it"


def test_texts_of_the_page_never_say_effect() -> None:
    for lang in languages("board"):
        said = str(load_texts(lang, "board")).lower()
        assert not re.search("effe[ck]t|verkan|påverk|virkning|vaikut", said)
