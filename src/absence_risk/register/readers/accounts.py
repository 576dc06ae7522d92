"""Count what became of every row, name what was wrong with it, and list it for the quarantine."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from absence_risk.errors import Problem
from absence_risk.register.readers.settled import ASIDE, BAD, KEPT, PROTECTED
from absence_risk.register.wordings import wording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from absence_risk.register.readers.settled import Settled
    from absence_risk.register.readers.sources import Lines
    from absence_risk.register.readers.staged import Desk, Staged
    from absence_risk.register.readers.written import Fault

__all__ = ["Account", "account", "fault_problems", "write_quarantine"]

_BATCH = 10_000
HEADER = ("file", "line", "table", "codes", "columns", "pseudonym")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the rows of one part: nothing is lost.

    Where rows of pupils with protected identity are among them, neither their number nor the
    number of rows read is shown: the rows kept reappear in every figure made of the register, so
    that the difference would tell how many were protected.

    Parameters
    ----------
    table : str
        Canonical table, or "timetable".
    file : str
        Name of the file, or of the first of several.
    rows : int
        Rows in the files, header aside; of a survey, answers.
    kept, quarantined, protected, aside : int
        Rows used; with faults; of pupils with protected identity; no records or left out because
        the mapping says so (totals, cancelled lessons, marks that are no attendance).
    """

    table: str
    file: str
    rows: int = field(repr=False)
    kept: int
    quarantined: int
    protected: int = field(repr=False)
    aside: int

    @property
    def adds_up(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows == self.kept + self.quarantined + self.protected + self.aside

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            The counts; ``rows`` and ``protected`` are None where any row was protected.
        """
        counts = asdict(self)
        if self.protected:
            counts["rows"] = counts["protected"] = None
        return counts

    def text(self, lang: str = "en") -> str:
        """Return what became of the rows in plain words.

        Parameters
        ----------
        lang : {"en", "sv", "da", "fi"}
            Language.

        Returns
        -------
        str
            One line.

        Examples
        --------
        >>> counts = {"kept": 90, "quarantined": 2, "aside": 0}
        >>> print(Account(table="pupils", file="p.csv", rows=92, protected=0, **counts).text())
        pupils from p.csv: 92 rows, 90 kept, 2 quarantined
        >>> print(Account(table="pupils", file="p.csv", rows=95, protected=3, **counts).text())
        pupils from p.csv: 90 rows kept, 2 quarantined, some of protected pupils left out
        """
        words = wording(lang).words
        form = words["account_hidden" if self.protected else "account"]
        counts = {"rows": self.rows, "kept": self.kept, "quarantined": self.quarantined}
        line = form.format(
            table=self.table, file=self.file, **{name: f"{n:,}" for name, n in counts.items()}
        )
        return line + (words["aside"].format(count=f"{self.aside:,}") if self.aside else "")


def account(desk: Desk, settled: Settled, part: int) -> Account:
    """Count what became of the rows of one part.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    settled : Settled
        The decided table.
    part : int
        Number of the part.

    Returns
    -------
    Account
        Its counts.
    """
    one = settled.parts[part]
    counts = dict(
        desk.connection.sql(
            f"SELECT status, count(*) FROM {settled.place} {_of(settled, part)} GROUP BY status"
        ).fetchall()
    )
    broken = sum(len(lines.rejected) for lines in one.files)
    times = len(one.part.items) or 1
    return Account(
        table=settled.table,
        file=one.files[0].file.shown,
        rows=one.n_rows * times + broken,
        kept=int(counts.get(KEPT, 0)),
        quarantined=int(counts.get(BAD, 0)) + broken,
        protected=int(counts.get(PROTECTED, 0)),
        aside=int(counts.get(ASIDE, 0)),
    )


def fault_problems(desk: Desk, settled: Settled, part: int) -> list[Problem]:
    """Return one problem for each kind of fault of a part, with exact count and first line.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    settled : Settled
        The decided table.
    part : int
        Number of the part.

    Returns
    -------
    list of Problem
        By code.
    """
    one, faults = settled.parts[part], settled.faults(part)
    found = desk.connection.sql(
        "SELECT bit, count(*), min(row) FROM (SELECT row, mask, "
        f"unnest({list(faults)}::INTEGER[]) AS bit "
        f"FROM {settled.place} {_of(settled, part)} AND status = {BAD}) "
        "WHERE (mask >> bit) & 1 = 1 GROUP BY bit"
    ).fetchall()
    problems = []
    for bit, count, row in found:
        fault = faults[int(bit)]
        lines, at = _file_of(one.files, int(row))
        problems.append(
            Problem(
                code=fault.code,
                table=settled.table,
                file=lines.file.shown,
                line=lines.of([at])[0],
                column=_column(one, fault),
                n_rows=int(count),
                message=fault.message,
                fix=fault.fix,
            )
        )
    for lines in one.files:
        problems += _broken_lines(settled.table, lines)
    return sorted(problems, key=lambda p: (p.code, p.line or 0))


def write_quarantine(desk: Desk, tables: list[Settled], path: Path) -> int:
    """Write one line for each row with faults; values stay in the export.

    Parameters
    ----------
    desk : Desk
        Connection, mapping, folders.
    tables : list of Settled
        Decided tables.
    path : Path
        CSV file to write: file, line, table, codes and columns of the faults, pseudonym.

    Returns
    -------
    int
        Number of lines.
    """
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for settled in tables:
            for part in range(len(settled.parts)):
                for row in _quarantined(desk, settled, part):
                    out.writerow(row)
                    count += 1
    return count


def _quarantined(desk: Desk, settled: Settled, part: int) -> Iterator[tuple[object, ...]]:
    one, faults = settled.parts[part], settled.faults(part)
    for lines in one.files:
        for line, kind in lines.reasons.items():
            yield lines.file.shown, line, settled.table, kind, "", ""
    cursor = desk.connection.execute(
        f"SELECT row, mask, key FROM {settled.place} {_of(settled, part)} AND status = {BAD} "
        "ORDER BY row"
    )
    while batch := cursor.fetchmany(_BATCH):
        for lines, rows in _by_file(one.files, batch):
            numbers = lines.of([row for row, _, _ in rows])
            for line, (_, mask, key) in zip(numbers, rows, strict=True):
                kinds = [fault for bit, fault in faults.items() if mask >> bit & 1]
                codes = " ".join(dict.fromkeys(fault.code for fault in kinds))
                columns = " | ".join(dict.fromkeys(_column(one, fault) for fault in kinds))
                yield (
                    lines.file.shown,
                    line,
                    settled.table,
                    codes,
                    columns,
                    "" if key is None else key,
                )


def _column(one: Staged, fault: Fault) -> str:
    """Name a column as the file does, if it comes from one."""
    source = one.part.fields.get(fault.column)
    return source.columns[0] if source is not None and source.columns else fault.column


def _of(settled: Settled, part: int) -> str:
    return f"WHERE part = {part}" if len(settled.parts) > 1 else "WHERE TRUE"


def _file_of(files: list[Lines], row: int) -> tuple[Lines, int]:
    for lines in files:
        if row < lines.n_rows:
            return lines, row
        row -= lines.n_rows
    raise AssertionError("a row lies behind the last file")


def _by_file(
    files: list[Lines], batch: list[tuple[int, int, int | None]]
) -> Iterator[tuple[Lines, list[tuple[int, int, int | None]]]]:
    first = 0
    for lines in files:
        inside = [
            (row - first, mask, key)
            for row, mask, key in batch
            if first <= row < first + lines.n_rows
        ]
        if inside:
            yield lines, inside
        first += lines.n_rows


def _broken_lines(table: str, lines: Lines) -> list[Problem]:
    words = {
        "E105": (
            "The lines do not have the columns of the header.",
            "Look for a separator inside a value that is not in quotes.",
        ),
        "E106": ("The lines are no JSON objects.", "Export the file again; it may be cut short."),
        "E111": ("The text is not utf-8.", "Declare the encoding in the mapping."),
    }
    problems = []
    for code, (message, fix) in words.items():
        found = [line for line, kind in lines.reasons.items() if kind == code]
        if found:
            problems.append(
                Problem(
                    code=code,
                    table=table,
                    file=lines.file.shown,
                    line=min(found),
                    n_rows=len(found),
                    message=message,
                    fix=fix,
                )
            )
    return problems
