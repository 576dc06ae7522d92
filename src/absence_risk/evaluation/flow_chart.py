"""Who was lost at which step and why: the rows of a flow chart, steps that lose nobody kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.disclosure.cells import is_small
from absence_risk.disclosure.nested import Shown, hide_flow
from absence_risk.evaluation.missing_flow import lost_by_reason
from absence_risk.evaluation.pairs import REASONS
from absence_risk.result import Estimate, FlowStep, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from absence_risk.evaluation.prepost import PrePost

__all__ = ["LEFT_OUT", "STEM", "flow_chart"]

STEM, LEFT_OUT = "cases", "left out"
_NOTE = "Steps that lose nobody stand there too."
_HIDDEN = " A dash stands for a number below {minimum}, or one that would reveal such a number."

_Step = tuple[str, int, list[tuple[str, int]]]


def flow_chart(study: PrePost, outcome: str | None = None, *, minimum: int = 5) -> Table:
    """Return the rows of a flow chart in the form of CONSORT and TREND.

    Parameters
    ----------
    study : PrePost
        The study.
    outcome : str or None
        Name of an outcome; a branch for each of them if None.
    minimum : int
        Smallest number of pupils that is told; 1 for the researcher's own screen.

    Returns
    -------
    Table
        "flow_chart": group "cases" holds the common steps, then each outcome has a group of its
        name; a group that ends in ": left out" tells why pupils are missing from the step that
        follows it. n is missing where it is not told.

    Raises
    ------
    ValueError
        If there is no such outcome, or ``minimum`` is not a whole number of at least 1.
    """
    minimum = check.positive_int(minimum, "minimum")
    shown = Shown(minimum)
    stem = list(_stem(study))
    rows = _rows(STEM, stem, shown)
    start = rows[-1].n if stem else None
    for name in study.outcomes if outcome is None else (outcome,):
        rows += _rows(name, list(_branch(study, name)), shown, start=(stem[-1][1], start))
    rows += _compared(study, minimum)
    hidden = any(row.n is None for row in rows)
    return Table(
        name="flow_chart",
        title="From the cases to the complete pairs, number of pupils",
        rows=tuple(rows),
        note=_NOTE + (_HIDDEN.format(minimum=minimum) if hidden else ""),
    )


def _stem(study: PrePost) -> Iterator[_Step]:
    """Give each common step with those lost before it."""
    yield "cases", len(study.cases), []
    if "dropped" not in study.cases.columns:
        return
    left = study.cases["dropped"].fillna("")
    others = sorted(set(left) - {"", *study.steps})
    for reason in (*study.steps, *others):
        lost = int((left == reason).sum())
        left = left[left != reason]
        kept = study.steps.get(reason, f"not left out as: {reason}")
        yield kept, len(left), [(reason, lost)]


def _branch(study: PrePost, name: str) -> Iterator[_Step]:
    pairs = study.pairs(name)
    reason = pairs.reason
    counted = {text: int((reason == text).sum()) for text in REASONS}
    _, neither, no_pre, _ = REASONS
    n = len(reason) - counted[neither] - counted[no_pre]
    yield "with a baseline", n, [(text, counted[text]) for text in (no_pre, neither)]
    n = int((reason == "").sum())
    yield "with a baseline and a follow-up", n, list(lost_by_reason(pairs).items())


def _compared(study: PrePost, minimum: int) -> list[Estimate]:
    if study.registry is None:
        return []
    n = int(study.registry[study.id].nunique())
    shown = None if is_small(n, minimum) else n
    return [Estimate(term="pupils without a case, compared with", group="registry", n=shown)]


def _rows(
    group: str, steps: list[_Step], shown: Shown, start: tuple[int, int | None] | None = None
) -> list[Estimate]:
    """Return the steps of a column with what is lost before each, small numbers hidden."""
    kept = hide_flow([FlowStep(step=text, n=n) for text, n, _ in steps], shown)
    rows: list[Estimate] = []
    above = start[1] if start else None
    for (text, _, lost), step in zip(steps, kept, strict=True):
        open_ends = above is not None and step.n is not None
        for (reason, _), n in zip(lost, _told(lost, shown.minimum, known=open_ends), strict=True):
            rows.append(Estimate(term=reason, group=f"{group}: {LEFT_OUT}", n=n))
        rows.append(Estimate(term=text, group=group, n=step.n))
        above = step.n
    return rows


def _told(lost: list[tuple[str, int]], minimum: int, *, known: bool) -> list[int | None]:
    """Return the numbers of a side box that may be told.

    The sum is known where the steps around it are; then the hidden ones must together be no small
    number either. Where a step is hidden, its reasons are too.
    """
    numbers = [n for _, n in lost]
    hidden = {i for i, n in enumerate(numbers) if is_small(n, minimum) or (n and not known)}
    if minimum == 1:
        return list(numbers)
    while known and hidden and is_small(sum(numbers[i] for i in hidden), minimum):
        more = [i for i, n in enumerate(numbers) if n and i not in hidden]
        if not more:
            break
        hidden.add(min(more, key=lambda i: numbers[i]))
    return [None if i in hidden else n for i, n in enumerate(numbers)]
