"""What the board's page says in words; each sentence passes the guard before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from absence_risk.evaluation.board import Board, BoardYear
    from absence_risk.report.numbers import Kind, Numbers
    from absence_risk.result import Estimate

__all__ = ["headline", "how_to_read"]


def headline(board: Board, texts: dict[str, Any], numbers: Numbers, kind: Kind) -> list[str]:
    """Return the sentences on this year, and on the difference to last year.

    Parameters
    ----------
    board : Board
        What the page shows.
    texts : dict
        Texts of the page.
    numbers : Numbers
        How the language writes numbers.
    kind : {"share", "number"}
        How levels are written.

    Returns
    -------
    list of str
        The answer first, then shares, those not followed and the years.
    """
    said = [_beyond(board.this, texts, numbers, kind)]
    share = _share(board.this, texts, numbers)
    said += [share] if share else []
    said.append(_unknown(board.this, texts["sentences"], numbers))
    said += [_years(board, texts, numbers, kind)] if board.last is not None else []
    return said


def how_to_read(board: Board, texts: dict[str, Any]) -> list[str]:
    """Return what a reader must know.

    Parameters
    ----------
    board : Board
        What the page shows.
    texts : dict
        Texts of the page.

    Returns
    -------
    list of str
        Sentences.
    """
    words, result = texts["how_texts"], board.this.result
    known = result.beyond.estimate is not None
    first = words["benchmark"].format(benchmark_is=result.benchmark_is) if known else words["none"]
    return [first, words["chosen"], *([words["years"]] if board.last is not None else [])]


def _change(
    row: Estimate, level: float, texts: dict[str, Any], numbers: Numbers, kind: Kind
) -> str:
    """Return a change with its interval in words."""
    apart: Kind = "points" if kind == "share" else "number"
    value = numbers.value(row.estimate, apart, signed=True)
    if kind == "share":
        value = f"{value} {numbers.points}"
    if row.conf_low is None or row.conf_high is None:
        return value
    text: str = texts["and_interval"]
    return text.format(
        value=value,
        level=f"{level * 100:g}",
        low=numbers.value(row.conf_low, apart, signed=True),
        high=numbers.value(row.conf_high, apart, signed=True),
    )


def _beyond(year: BoardYear, texts: dict[str, Any], numbers: Numbers, kind: Kind) -> str:
    words: dict[str, str] = texts["sentences"]
    result = year.result
    name = texts["outcomes"].get(year.outcome, year.outcome.replace("_", " "))
    fields = {"outcome": name, "Outcome": name[:1].upper() + name[1:]}
    if result.estimate.estimate is None:
        return words["hidden"]
    if result.beyond.estimate is None:
        observed = _change(result.estimate, result.conf_level, texts, numbers, kind)
        return words["no_benchmark"].format(observed=observed, **fields)
    beyond = _change(result.beyond, result.conf_level, texts, numbers, kind)
    key = f"{year.answer.replace(' ', '_')}_{year.better}"
    return words[key].format(beyond=beyond, **fields)


def _share(year: BoardYear, texts: dict[str, Any], numbers: Numbers) -> str | None:
    if year.improved is None:
        return None
    words: dict[str, str] = texts["sentences"]
    term = texts["terms"].get(year.improved.term, year.improved.term)
    share = numbers.value(year.improved.estimate, "share")
    if year.expected is None:
        return words["share_alone"].format(share=share, term=term)
    expected = numbers.value(year.expected.estimate, "share")
    return words["share"].format(share=share, term=term, expected=expected)


def _unknown(year: BoardYear, words: dict[str, str], numbers: Numbers) -> str:
    if year.unknown is None:
        return words["unknown_hidden"]
    if year.unknown == 0:
        return words["unknown_none"]
    return words["unknown"].format(
        unknown=numbers.count(year.unknown), cases=numbers.count(year.n_cases)
    )


def _years(board: Board, texts: dict[str, Any], numbers: Numbers, kind: Kind) -> str:
    words: dict[str, str] = texts["sentences"]
    row = board.difference
    if row is None:
        return words["years_unknown"]
    said = _change(row, board.this.result.conf_level, texts, numbers, kind)
    return words["years_alike" if row.covers(0.0) else "years_differ"].format(difference=said)
