"""The publishable copy of a result: every number that tells of a few pupils is gone."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.disclosure import notes
from absence_risk.disclosure.alarms import choice_may_stay, few_in_a_cell, without_ppv
from absence_risk.disclosure.cells import COUNTS, blank, is_blank, is_small, is_unsafe
from absence_risk.disclosure.charts import CHART, hide_chart
from absence_risk.disclosure.curves import coarsen, is_curve, merge_endings, thin_at_risk
from absence_risk.disclosure.differences import hide_differences
from absence_risk.disclosure.margins import secondary
from absence_risk.disclosure.nested import (
    DISJOINT,
    Shown,
    derived,
    hide_flow,
    nested_steps,
    same_step,
)
from absence_risk.disclosure.printed import NESTED_N, printed
from absence_risk.disclosure.sentences import without_hidden
from absence_risk.errors import SmallCountWarning
from absence_risk.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from absence_risk.result import Estimate, FlowStep, Result, Table

__all__ = ["protect", "protect_table", "small_counts"]

_ENDINGS = "endings"
_EMPTY_TABLE = (
    "No row of the table {name!r} can be shown: all rest on fewer than {minimum} pupils. "
    "Use coarser groups or a longer period."
)


def protect(result: Result, minimum: int = 5, *, beside: Iterable[Result] = ()) -> Result:
    """Return a copy of the result that may be published.

    The rules, each a function of its own in this package:

    1. rows that rest on few pupils are blanked (`cells.is_unsafe`);
    2. points of cumulative curves are thinned, rare endings merged (`curves`);
    3. steps of a staircase and of the flow that differ by a few pupils are hidden (`nested`);
    4. a category that could be worked out from a total takes the next smallest along
       (`margins.secondary`), and a difference goes with either of its groups (`differences`);
    5. where the estimate, its benchmark or what is beyond it must be blanked, all three are, and
       the verdict becomes undecidable, because its sentence would give the number away; of an
       alarm whose right or wrong alarms are few, the choice and the benchmark stay (`alarms`).

    The copy keeps labels, definition and method. Notes of the tables say what is not shown.
    Sentences of the verdict that name a blanked share or a small count are replaced or left out
    (`sentences`).

    Parameters
    ----------
    result : Result
        The result as estimated.
    minimum : int
        Smallest number of pupils that may be shown, at least 1; 1 changes nothing.
    beside : iterable of Result
        Protected results that are published with this one: their n and flow count the same
        pupils, so steps that differ by a few from them are hidden here.

    Returns
    -------
    Result
        The publishable copy.

    Raises
    ------
    ValueError
        If ``minimum`` is not a whole number of at least 1.

    Warns
    -----
    SmallCountWarning
        If nothing is left of a table.

    Examples
    --------
    >>> from absence_risk.result import Estimate, Estimand, FlowStep, Result, Table, Verdict
    >>> rows = (
    ...     Estimate(term="halved", estimate=0.4, n=60, n_events=24),
    ...     Estimate(term="no absence left", estimate=0.05, n=60, n_events=3),
    ... )
    >>> none = Estimate(term="x", estimate=0.0, conf_low=-0.1, conf_high=0.1)
    >>> result = Result(
    ...     estimand=Estimand(id="e", claim="wellbeing", formula="", population="", unit=""),
    ...     estimate=none, benchmark=none, beyond=none, null=0.0, benchmark_is="", definition="",
    ...     n=60, flow=(FlowStep(step="cases", n=60),),
    ...     tables=(Table(name="responders", title="Responders", rows=rows),), conf_level=0.95,
    ...     method="", verdict=Verdict(answer="undecidable", sentence="Nobody knows."),
    ... )
    >>> [row.n_events for row in protect(result).table("responders").rows]
    [24, None]
    """
    minimum = check.positive_int(minimum, "minimum")
    if minimum == 1:
        return result
    if is_small(result.n, minimum):
        return _withhold(result, minimum)
    chain = Shown(minimum, [result.n])
    for other in beside:
        chain.numbers.update(printed(other))
    flow = hide_flow(result.flow, chain)
    totals = {step.n for step in flow} | {result.n}
    anchors = _anchors(result)
    tables = [_protect_curves(table, anchors, minimum) for table in result.tables]
    tables = _thin_tables(result, tables, minimum)
    tables = [_protect_cells(table, tables, totals, minimum) for table in tables]
    tables = hide_differences([_hide_close_n(table, chain) for table in tables])
    kept = tuple(
        _annotate(before, after, minimum)
        for before, after in zip(result.tables, tables, strict=True)
    )
    return _with_headline(result, kept, flow, chain)


def protect_table(table: Table, minimum: int = 5) -> Table:
    """Return a copy of a table on its own that may be published.

    Parameters
    ----------
    table : Table
        A table that belongs to no result, for example one on the register as a whole.
    minimum : int
        Smallest number of pupils that may be shown, at least 1.

    Returns
    -------
    Table
        The publishable copy, by the rules of `protect`.

    Raises
    ------
    ValueError
        If ``minimum`` is not a whole number of at least 1.

    Warns
    -----
    SmallCountWarning
        If nothing is left of the table.

    Examples
    --------
    >>> from absence_risk.result import Estimate, Table
    >>> rows = (
    ...     Estimate(term="absent 10 % or more", estimate=0.12, n=1500, n_events=180),
    ...     Estimate(term="absent 50 % or more", estimate=0.002, n=1500, n_events=3),
    ... )
    >>> protect_table(Table(name="levels", title="Levels", rows=rows)).note
    '1 row is not shown because it rests on fewer than 5 pupils or would reveal one that does.'
    """
    minimum = check.positive_int(minimum, "minimum")
    if minimum == 1:
        return table
    curves = _protect_curves(table, frozenset(), minimum)
    return _annotate(table, _protect_cells(curves, (), set(), minimum), minimum)


def small_counts(result: Result, minimum: int = 5) -> int:
    """Return how many counts of a result are too small to be shown.

    Parameters
    ----------
    result : Result
        The result.
    minimum : int
        Smallest number of pupils that may be shown.

    Returns
    -------
    int
        Number of fields n, n_events and n_at_risk between 1 and ``minimum`` − 1, in tables, flow
        and headline.
    """
    rows = [row for table in result.tables for row in table.rows]
    rows += [result.estimate, result.benchmark, result.beyond]
    counts = [getattr(row, field) for row in rows for field in COUNTS]
    counts += [step.n for step in result.flow] + [result.n]
    return sum(is_small(count, minimum) for count in counts)


def _anchors(result: Result) -> frozenset[float]:
    """Return the times at which the headline is read off the curves."""
    heads = (result.estimate, result.benchmark, result.beyond)
    times = {head.time for head in heads if head.time is not None}
    values = {head.estimate for head in heads[:2] if head.estimate is not None}
    if times:
        return frozenset(times)
    curve = [row for table in result.tables for row in table.rows if is_curve(row)]
    read = [row.time for row in curve if row.estimate in values and row.estimate != 0]
    return frozenset(time for time in read if time is not None)


def _protect_curves(table: Table, anchors: frozenset[float], minimum: int) -> Table:
    if not any(is_curve(row) for row in table.rows):
        return table
    points = [row for row in table.rows if is_curve(row)]
    others = [row for row in table.rows if not is_curve(row)]
    said = []
    if table.name == _ENDINGS:
        points, merged, removed = merge_endings(points, minimum)
        said += [notes.MERGED] * (merged > 0) + [notes.REMOVED] * (removed > 0)
    kept = coarsen(points, minimum, anchors)
    said += [notes.CURVE] * (len(kept) < len(points))
    note = _join(table.note, *(sentence.format(minimum=minimum) for sentence in said))
    return dataclasses.replace(table, rows=(*kept, *others), note=note)


def _thin_tables(result: Result, tables: Sequence[Table], minimum: int) -> list[Table]:
    """Thin the numbers at risk, one chain for each risk set wherever it appears."""
    chains: dict[frozenset[tuple[float | None, int | None]], Shown] = {}
    thinned = []
    for before, after in zip(result.tables, tables, strict=True):
        rows = []
        for row in after.rows:
            if not is_curve(row):
                rows.append(row)
                continue
            same = [r for r in before.rows if r.group == row.group and is_curve(r)]
            chain = chains.setdefault(
                frozenset((r.time, r.n_at_risk) for r in same), Shown(minimum)
            )
            rows += thin_at_risk([row], chain)
        thinned.append(dataclasses.replace(after, rows=tuple(rows)))
    return thinned


def _protect_cells(
    table: Table, tables: Sequence[Table], totals: set[int | None], minimum: int
) -> Table:
    rows = table.rows
    hidden = {i for i, row in enumerate(rows) if is_unsafe(row, minimum)}
    known = totals | {
        number
        for other in tables
        if other.name != table.name
        for row in other.rows
        if not is_unsafe(row, minimum)
        for number in (row.n, row.n_events)
    }
    before = -1
    while len(hidden) != before:
        before = len(hidden)
        if table.name not in DISJOINT:
            hidden |= nested_steps(rows, hidden, minimum)
            hidden |= same_step(rows, hidden)
        hidden |= derived(rows, hidden)
        hidden |= secondary(rows, hidden, known, minimum)
    blanked = tuple(blank(row) if i in hidden else row for i, row in enumerate(rows))
    return dataclasses.replace(table, rows=blanked)


def _hide_close_n(table: Table, chain: Shown) -> Table:
    """Hide the n of rows that count nearly the same pupils as a number in print."""
    if table.name == CHART:
        return hide_chart(table, chain)
    if table.name not in NESTED_N:
        return table
    rows = list(table.rows)
    for index in sorted(range(len(rows)), key=lambda i: -(rows[i].n or 0)):
        row = rows[index]
        if not chain.admit(row.n):
            whole = row.n_events is not None
            rows[index] = blank(row) if whole else dataclasses.replace(row, n=None)
    return dataclasses.replace(table, rows=tuple(rows))


def _annotate(before: Table, after: Table, minimum: int) -> Table:
    """Say how many rows are not shown, and warn where none is left."""
    already = sum(is_blank(row) for row in before.rows)
    count = sum(is_blank(row) for row in after.rows) - already
    shown = sum(not is_blank(row) for row in after.rows)
    if count <= 0 and (shown or already == len(before.rows)):
        return after
    if not shown:
        text = _EMPTY_TABLE.format(name=after.name, minimum=minimum)
        warnings.warn(text, SmallCountWarning, stacklevel=3)
    note = _join(after.note, notes.not_shown(count, minimum) if count > 0 else "")
    return dataclasses.replace(after, note=note)


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _with_headline(
    result: Result, tables: tuple[Table, ...], flow: tuple[FlowStep, ...], chain: Shown
) -> Result:
    heads = [
        _without_risk(head, chain.minimum)
        for head in (result.estimate, result.benchmark, result.beyond)
    ]
    gone = _blanked_values(result, tables, chain.minimum)
    hidden = _hidden_rows(result, tables)
    few = any(is_unsafe(head, chain.minimum) or head.estimate in gone for head in heads)
    if few or few_in_a_cell(result, chain.minimum):
        if choice_may_stay(result, gone, chain.minimum):
            return without_ppv(result, tables, flow, chain=chain, hidden=hidden)
        return _headless(result, tables, flow, chain.minimum)
    verdict = without_hidden(result.verdict, hidden, chain.minimum)
    shown = [h if chain.admit(h.n) else dataclasses.replace(h, n=None) for h in heads]
    estimate, benchmark, beyond = shown
    return dataclasses.replace(
        result,
        estimate=estimate,
        benchmark=benchmark,
        beyond=beyond,
        tables=tables,
        flow=flow,
        verdict=verdict,
    )


def _without_risk(head: Estimate, minimum: int) -> Estimate:
    """Drop a small number at risk; the curve's anchors guard the estimate itself."""
    small = is_small(head.n_at_risk, minimum)
    return dataclasses.replace(head, n_at_risk=None) if small else head


def _hidden_rows(result: Result, tables: tuple[Table, ...]) -> list[Estimate]:
    """Return rows that were blanked, with their numbers; points of curves are no rows."""
    return [
        old
        for before, after in zip(result.tables, tables, strict=True)
        if not any(is_curve(row) for row in before.rows)
        for old, new in zip(before.rows, after.rows, strict=True)
        if is_blank(new) and not is_blank(old)
    ]


def _blanked_values(result: Result, tables: tuple[Table, ...], minimum: int) -> set[float]:
    """Return the estimates that the headline must not repeat."""
    curves = [row for table in result.tables for row in table.rows if is_curve(row)]
    few = [row for row in curves if is_small(row.n_events, minimum)]
    values = {row.estimate for row in (*few, *_hidden_rows(result, tables))}
    return {value for value in values if value is not None and value not in {0.0, 1.0}}


def _headless(
    result: Result, tables: tuple[Table, ...], flow: tuple[FlowStep, ...], minimum: int
) -> Result:
    sentence = notes.NOT_SHOWN.format(minimum=minimum)
    return dataclasses.replace(
        result,
        estimate=blank(result.estimate),
        benchmark=blank(result.benchmark),
        beyond=blank(result.beyond),
        tables=tables,
        flow=flow,
        verdict=Verdict(answer="undecidable", sentence=sentence),
    )


def _withhold(result: Result, minimum: int) -> Result:
    """Return a result of which only the labels are left, with n zero."""
    tables = tuple(
        _annotate(t, dataclasses.replace(t, rows=tuple(map(blank, t.rows))), minimum)
        for t in result.tables
    )
    flow = hide_flow(result.flow, Shown(minimum))
    bare = _headless(result, tables, flow, minimum)
    return dataclasses.replace(bare, n=0)
