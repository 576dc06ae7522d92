"""The board's page: one printed A4, this year beside last year."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jinja2

import absence_risk
from absence_risk.disclosure import small_counts
from absence_risk.errors import DisclosureError
from absence_risk.overclaim import guarded
from absence_risk.plots.years import plot_years
from absence_risk.report.board_cells import closure_cells, flow_cells, year_cells
from absence_risk.report.board_sentences import headline, how_to_read
from absence_risk.report.drawing import inline
from absence_risk.report.numbers import Kind, Numbers, kind_of_unit
from absence_risk.report.wording import load_texts, numbers_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from absence_risk.evaluation.board import Board

__all__ = ["write_board"]

_TEMPLATES = Path(__file__).with_name("templates")
_RAW = (
    "The year {year!r} holds {count} count(s) below {minimum}. Make it with board_year, which "
    "hides them."
)


def write_board(board: Board, path: str | Path, *, lang: str = "en", place: str = "") -> Path:
    """Write the board's page: one HTML file that prints on one A4.

    Parameters
    ----------
    board : Board
        What `absence_risk.evaluation.board_view` returned.
    path : str or Path
        File to write.
    lang : str
        Language of the page, "en" or "sv".
    place : str
        Name of the municipality or team, for the head of the page.

    Returns
    -------
    Path
        The file. The same board gives the same bytes.

    Raises
    ------
    DisclosureError
        If a year holds a count below the limit; nothing is written.
    ValueError
        If there are no texts in the language, or a sentence speaks of an effect while the
        benchmark's interval covers none; nothing is written.
    """
    texts = load_texts(lang, page="board")
    for year in board.years:
        count = small_counts(year.result, board.minimum)
        if count:
            raise DisclosureError(_RAW.format(year=year.label, count=count, minimum=board.minimum))
    page = _render(board, texts, lang, place)
    path = Path(path)
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _render(board: Board, texts: dict[str, Any], lang: str, place: str) -> str:
    numbers = numbers_of(load_texts(lang))
    kind = _kind(board)
    this = board.this
    sentences = [
        guarded(text, this.result.beyond, null=this.result.null)
        for text in headline(board, texts, numbers, kind)
    ]
    return (
        _environment()
        .get_template("board.html.jinja")
        .render(
            lang=lang,
            texts=texts,
            place=place,
            this=this,
            answer=load_texts(lang)["answers"][this.answer],
            sentences=sentences,
            years=[year.label for year in board.years],
            cells=year_cells(board, texts, numbers, kind),
            figure=_figure(board, texts, numbers, kind),
            closures=closure_cells(board, texts, numbers),
            flow=flow_cells(board, texts, numbers),
            how=how_to_read(board, texts),
            title=texts["title"].format(year=this.label),
            made=texts["made"].format(version=absence_risk.__version__, minimum=board.minimum),
        )
    )


def _kind(board: Board) -> Kind:
    """Return how levels are written: per cent, or points of a scale."""
    return "share" if kind_of_unit(board.this.result.estimand.unit) == "share" else "number"


def _figure(board: Board, texts: dict[str, Any], numbers: Numbers, kind: Kind) -> str:
    """Return the figure of the years; empty where the levels are not told."""
    table = board.table()
    if not any(row.term == "before" and row.estimate is not None for row in table.rows):
        return ""
    words = dict(texts["figure"])
    outcome = texts["outcomes"].get(board.this.outcome, board.this.outcome)
    words["title"] = words["title"].format(outcome=outcome)
    axes = plot_years(table, words=words, level=lambda v: numbers.value(v, kind))
    figure = cast("Figure", axes.get_figure(root=True))
    return inline(figure, words["title"], words["title"], "years-")


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
