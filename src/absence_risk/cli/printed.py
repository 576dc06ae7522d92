"""A result as lines of a terminal: shares as per cent, columns that stand under their headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.report.sections import TableView
    from absence_risk.result import Result

__all__ = ["printed"]


def printed(result: Result, names: Sequence[str]) -> str:
    """Return verdict, headline and tables of a result in words and aligned columns.

    Parameters
    ----------
    result : Result
        The result, already fit to be shown.
    names : sequence of str
        Tables to print, in this order; those that the result has not, or without rows, are
        passed over.

    Returns
    -------
    str
        Several lines.
    """
    from absence_risk.report.sections import headline, table_view  # noqa: PLC0415
    from absence_risk.report.wording import load_texts, numbers_of  # noqa: PLC0415

    texts = load_texts("en")
    numbers = numbers_of(texts)
    lines = [f"{result.estimand.claim}: {result.verdict.answer}. {result.verdict.sentence}"]
    notes = (result.estimate.term, result.benchmark_is, None)
    for part, said in zip(headline(result, texts, numbers), notes, strict=True):
        interval = f" [{part['interval']}]" if part["interval"] else ""
        lines.append(f"  {part['name']}: {part['value']}{interval} ({said or part['note']})")
    lines += [f"  - {reason}" for reason in result.verdict.reasons]
    tables = {table.name: table for table in result.tables if table.rows}
    for name in names:
        if name in tables:
            lines += ["", *_lines(table_view(tables[name], texts, numbers, result.conf_level))]
    return "\n".join(lines)


def _lines(view: TableView) -> list[str]:
    """Return a table as lines: words flush left, numbers flush right."""
    rows = [view.columns, *view.rows]
    widths = [max(len(row[k].text) for row in rows) for k in range(len(view.columns))]
    body = []
    for row in rows:
        cells = [
            cell.text.rjust(width) if view.columns[k].number else cell.text.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        body.append("  ".join(cells).rstrip())
    return [view.title, *body, *([view.note] if view.note else [])]
