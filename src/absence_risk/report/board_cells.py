"""The three small tables of the board's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from absence_risk.report.numbers import MISSING
from absence_risk.report.sections import Cell

if TYPE_CHECKING:
    from absence_risk.evaluation.board import Board, BoardYear
    from absence_risk.report.numbers import Kind, Numbers
    from absence_risk.result import Estimate

__all__ = ["closure_cells", "flow_cells", "year_cells"]

Rows = list[tuple[str, list[Cell]]]
_COUNTS = ("cases", "unknown")


def year_cells(board: Board, texts: dict[str, Any], numbers: Numbers, kind: Kind) -> Rows:
    """Return the rows of the table of years.

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
    list of (str, list of Cell)
        Name of the row, and a cell for each year.
    """
    found = {(row.term, row.group): row for row in board.table().rows}
    rows: Rows = []
    for term, name in texts["rows"].items():
        cells = [found.get((term, year.label)) for year in board.years]
        if any(cell is not None for cell in cells):
            rows.append((name, [_year_cell(term, row, numbers, kind) for row in cells]))
    return rows


def _year_cell(term: str, row: Estimate | None, numbers: Numbers, kind: Kind) -> Cell:
    if row is None:
        return Cell(text=MISSING, number=True)
    if term in _COUNTS:
        return Cell(text=numbers.count(row.n), number=True, count="n")
    if term == "beyond":
        apart: Kind = "points" if kind == "share" else "number"
        value = numbers.value(row.estimate, apart, signed=True)
        interval = numbers.interval(row, apart)
        return Cell(text=value if interval == MISSING else f"{value} ({interval})", number=True)
    shares = term.startswith("improved")
    return Cell(text=numbers.value(row.estimate, "share" if shares else kind), number=True)


def closure_cells(board: Board, texts: dict[str, Any], numbers: Numbers) -> Rows:
    """Return the rows of the table of closures.

    Parameters
    ----------
    board : Board
        What the page shows.
    texts : dict
        Texts of the page.
    numbers : Numbers
        How the language writes numbers.

    Returns
    -------
    list of (str, list of Cell)
        Reason, and number with share for each year; empty where no year has reasons.
    """
    counted = [_closed(year) for year in board.years]
    names = list(dict.fromkeys(name for year in counted for name in year))
    rows: Rows = []
    for name in sorted(names, key=lambda key: key == "all"):
        cells = [
            _closure_cell(year.get(name), numbers) if year else Cell(text=MISSING, number=True)
            for year in counted
        ]
        rows.append((texts["reasons"].get(name, name.replace("_", " ")), cells))
    return rows


def _closed(year: BoardYear) -> dict[str, Estimate]:
    rows = () if year.closures is None else year.closures.rows
    return {row.group or "all": row for row in rows}


def _closure_cell(row: Estimate | None, numbers: Numbers) -> Cell:
    if row is None:
        return Cell(text="0", number=True, count="n_events")
    text = numbers.count(row.n_events)
    if row.estimate is not None and row.n_events is not None:
        text = f"{text} ({numbers.value(row.estimate, 'share').split(numbers.decimal)[0]} %)"
    return Cell(text=text, number=True, count="n_events")


def flow_cells(board: Board, texts: dict[str, Any], numbers: Numbers) -> Rows:
    """Return the rows of the flow.

    Parameters
    ----------
    board : Board
        What the page shows.
    texts : dict
        Texts of the page.
    numbers : Numbers
        How the language writes numbers.

    Returns
    -------
    list of (str, list of Cell)
        Step, and number of pupils for each year.
    """
    flows = [{step.step: step.n for step in year.result.flow} for year in board.years]
    steps = list(dict.fromkeys(step for flow in flows for step in flow))
    prefix = f"{board.this.outcome}: "
    return [
        (
            texts["steps"].get(step.removeprefix(prefix), step),
            [Cell(text=numbers.count(flow.get(step)), number=True, count="n") for flow in flows],
        )
        for step in steps
    ]
