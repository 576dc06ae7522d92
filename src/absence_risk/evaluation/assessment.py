"""All that is to be said about one outcome of a study, and what of it may leave the house."""

from __future__ import annotations

import dataclasses
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from absence_risk.disclosure.cells import is_small
from absence_risk.errors import DesignError
from absence_risk.evaluation.cautions import cautions
from absence_risk.evaluation.flow_chart import flow_chart
from absence_risk.evaluation.imputed import MI, with_baseline
from absence_risk.evaluation.missing import change_with_missing
from absence_risk.evaluation.reporting import (
    Checklist,
    cannot_carry,
    design_carries,
    trend_table,
)
from absence_risk.evaluation.tipping import Tipping, tipping_point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from absence_risk.evaluation.cautions import Caution
    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.evaluation.responders_rule import ReliableChange
    from absence_risk.result import Result, Table

__all__ = ["Assessment", "Remarks", "assess", "remarks_of"]

_MISSING_NOT_TOLD = (
    "So few follow-ups of {name} are missing that nothing about them is told; the change is that "
    "of those who were followed."
)
_UNLINKED = (
    "Those without follow-up of {name} are imputed from their baseline alone, since no record "
    "joins the answers to the register: where absence decides who answers, this can be further "
    "off than leaving them out. Read it as a scenario."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One outcome of a study, evaluated in every way that the data carry.

    Parameters
    ----------
    outcome : str
        Name of the outcome.
    result : Result
        The change beside its benchmark, with all tables that could be made.
    cautions : tuple of Caution
        What to know before any number is read.
    tipping : Tipping or None
        How different those without follow-up would have to be; None where it is not told.
    left_out : tuple of str
        What could not be made, and why.
    """

    outcome: str
    result: Result
    cautions: tuple[Caution, ...]
    tipping: Tipping | None
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """What stands beside the figures of an evaluation; fit to leave the house.

    Parameters
    ----------
    cautions : tuple of str
        What to know before any number is read.
    tippings : mapping of str to Tipping
        By outcome with missing follow-ups.
    left_out : tuple of str
        What could not be made, and why.
    carries : str
        What the design can carry.
    cannot : Checklist
        What it cannot.
    trend : Checklist
        The TREND list, filled as far as the data know.
    """

    cautions: tuple[str, ...]
    tippings: Mapping[str, Tipping]
    left_out: tuple[str, ...]
    carries: str
    cannot: Checklist
    trend: Checklist

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            Nested dictionaries, lists, numbers and text.
        """
        return {
            "cautions": list(self.cautions),
            "tipping": {
                name: {
                    "delta": found.delta,
                    "covers_from": found.covers_from,
                    "covers_to": found.covers_to,
                    "sentence": found.sentence,
                }
                for name, found in self.tippings.items()
            },
            "left_out": list(self.left_out),
            "carries": self.carries,
            "cannot": self.cannot.to_dict(),
            "trend": self.trend.to_dict(),
        }


def assess(
    study: PrePost,
    outcome: str,
    *,
    benchmark: str = "registry",
    by: str | None = None,
    rules: Sequence[ReliableChange] = (),
    moderators: Sequence[str] = (),
    missing: MI | None = None,
    minimum: int = 5,
) -> Assessment:
    """Evaluate one outcome in every way that the data carry.

    Parameters
    ----------
    study : PrePost
        The study.
    outcome : str
        Name of the outcome.
    benchmark : str
        As in `PrePost.change`.
    by : str or None
        Column whose groups stand in the forest plot.
    rules : sequence of ReliableChange
        Rules of reliable change.
    moderators : sequence of str
        Columns of cases, numbers known before the start.
    missing : MI or None
        How missing follow-ups are imputed; ``MI()`` if None.
    minimum : int
        Smallest number of pupils that is told: fewer missing follow-ups are not spoken of.

    Returns
    -------
    Assessment
        The change with the tables "responses", "by", "effect_sizes", "missing", "follow_up",
        "bounds", "reliable_change", "moderator" and "flow_chart", as far as the data carry them.

    Raises
    ------
    DesignError
        If the change itself cannot be told.
    ValueError
        If a column or a word is unknown.
    """
    result = study.change(outcome, benchmark=benchmark)
    said = cautions(study, outcome)
    tables, left_out = list(result.tables), []
    told = {str(caution) for caution in said}
    for name, make in _more(study, outcome, by, rules, moderators, minimum=minimum):
        try:
            tables.append(make())
        except DesignError as error:
            left_out.append(f"{name}: {error}")
    tipping, found, why = _missing(study, outcome, missing or MI(), benchmark, minimum)
    reasons = tuple(r for r in result.verdict.reasons if r not in told)
    return Assessment(
        outcome=outcome,
        result=dataclasses.replace(
            result,
            tables=(*tables, *found, flow_chart(study, outcome, minimum=minimum)),
            verdict=dataclasses.replace(result.verdict, reasons=reasons),
        ),
        cautions=said,
        tipping=tipping,
        left_out=(*left_out, *why),
    )


def _more(
    study: PrePost,
    name: str,
    by: str | None,
    rules: Sequence[ReliableChange],
    moderators: Sequence[str],
    *,
    minimum: int,
) -> Iterator[tuple[str, Callable[[], Table]]]:
    """Give the tables to be made besides the change, each with what it is called."""
    lost = int((~study.pairs(name).complete).sum())
    if not is_small(lost, minimum):
        responses = functools.partial(_responses, study, name, "better", "responses", minimum)
        yield "Responses of all cases", responses
    if by is not None:
        yield f"Groups by {by}", lambda: study.by(by, name)
    for rule in rules:
        make = functools.partial(_responses, study, name, rule, "reliable_change", minimum)
        yield f"Reliable change by {rule.rule}", make
    for column in moderators:
        slope = functools.partial(study.moderator, name, column, measured="before")
        yield f"Moderator {column}", slope
    yield "Effect sizes", lambda: study.effect_sizes(name)


def _responses(
    study: PrePost, name: str, rule: str | ReliableChange, table: str, minimum: int
) -> Table:
    """Return the classes of response; those short of the best together where one is small."""
    made = study.responders(name, rule=rule)
    _best, *others = [row for row in made.rows if row.n_events is not None]
    middle = tuple(row.term for row in others if row.term != "unknown")
    rows = made.rows
    if any(is_small(row.n_events, minimum) for row in others):
        rows = tuple(row for row in rows if not row.term.startswith(middle))
    # The number of cases is told by the flow, which knows whether it may be.
    title = re.sub(r"of all \d+ cases", "of all cases", made.title)
    return dataclasses.replace(made, name=table, title=title, rows=rows)


def _missing(
    study: PrePost, name: str, missing: MI, benchmark: str, minimum: int
) -> tuple[Tipping | None, tuple[Table, ...], tuple[str, ...]]:
    """Return the tipping point, the tables on missing follow-up, and what is to be said."""
    try:
        cases = with_baseline(study, name)
    except DesignError as error:
        return None, (), (str(error),)
    lost = int((~cases.complete).sum())
    if lost == 0:
        return None, (), ()
    if is_small(lost, minimum) or is_small(len(cases.pre) - lost, minimum):
        return None, (), (_MISSING_NOT_TOLD.format(name=name),)
    against = benchmark if benchmark in ("registry", "waiting_list") else "none"
    try:
        imputed = change_with_missing(study, name, missing, benchmark=against)
        tipping = tipping_point(study, name, missing, benchmark=against)
    except DesignError as error:
        return None, (study.bounds(name),), (f"Imputation: {error}",)
    unlinked = () if study.cluster or len(study.outcomes) > 1 else (_UNLINKED.format(name=name),)
    return tipping, (*imputed.tables[1:], study.bounds(name)), unlinked


def remarks_of(
    study: PrePost, result: Result, assessed: Sequence[Assessment], *, minimum: int = 5
) -> Remarks:
    """Return what stands beside the figures, with nothing in it that tells of few pupils.

    Parameters
    ----------
    study : PrePost
        The study.
    result : Result
        Its main result, protected.
    assessed : sequence of Assessment
        All assessments that are published together.
    minimum : int
        Smallest number of pupils that is told.

    Returns
    -------
    Remarks
        Cautions, tipping points and lists.
    """
    said = [caution.told(minimum) for one in assessed for caution in one.cautions]
    found = {one.outcome: one.tipping for one in assessed if one.tipping is not None}
    why = [text for one in assessed for text in one.left_out]
    return Remarks(
        cautions=tuple(dict.fromkeys(said)),
        tippings=found,
        left_out=tuple(dict.fromkeys(why)),
        carries=design_carries(study),
        cannot=cannot_carry(study),
        trend=_safe_trend(study, result, said),
    )


def _safe_trend(study: PrePost, result: Result, said: Sequence[str]) -> Checklist:
    """Return the TREND list with the numbers of the protected result only."""
    raw = trend_table(study, result)
    steps = "; ".join(f"{s.step}: {'not shown' if s.n is None else s.n}" for s in result.flow)
    texts = {"12": f"{steps}.", "20": " ".join(said)}
    items = []
    for item in raw.items:
        text = texts.get(item.number) or item.text
        if item.number == "14":
            text = re.sub(r", n = \d+", "", text)
        if item.number == "16" and result.n == 0:
            text = "Not shown."
        items.append(dataclasses.replace(item, text=text))
    return dataclasses.replace(raw, items=tuple(items))
