"""Tables for the report: TREND and TIDieR filled as far as the data know, and what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.disclosure.nested import Shown, hide_flow
from absence_risk.evaluation.outcomes import in_words
from absence_risk.evaluation.reporting_items import TIDIER, TIDIER_SOURCE, TREND, TREND_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.result import Estimate, Result

__all__ = [
    "TO_BE_FILLED_IN",
    "Checklist",
    "Item",
    "cannot_carry",
    "design_carries",
    "tidier_table",
    "trend_table",
]

TO_BE_FILLED_IN = "to be filled in"
_FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a reporting list.

    Parameters
    ----------
    number : str
        Number in the original list.
    name : str
        What it asks for, in short.
    text : str
        What is reported; "to be filled in" where the data do not know.
    """

    number: str
    name: str
    text: str = TO_BE_FILLED_IN

    @property
    def filled(self) -> bool:
        """Whether anything is reported."""
        return self.text != TO_BE_FILLED_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """A reporting list with what is known.

    Parameters
    ----------
    title : str
        What the list is for.
    source : str
        Where the list comes from.
    items : tuple of Item
        The items in order.
    """

    title: str
    source: str
    items: tuple[Item, ...]

    @property
    def open(self) -> tuple[str, ...]:
        """Numbers of the items that are to be filled in."""
        return tuple(item.number for item in self.items if not item.filled)

    def frame(self) -> pd.DataFrame:
        """Return the list as a frame.

        Returns
        -------
        pandas.DataFrame
            Columns number, item, text, filled.
        """
        import pandas as pd  # noqa: PLC0415 (a slow import)

        return pd.DataFrame(
            {
                "number": [item.number for item in self.items],
                "item": [item.name for item in self.items],
                "text": [item.text for item in self.items],
                "filled": [item.filled for item in self.items],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            title, source and items.
        """
        items = [{"number": i.number, "item": i.name, "text": i.text} for i in self.items]
        return {"title": self.title, "source": self.source, "items": items}


def trend_table(
    study: PrePost, result: Result | None = None, *, notes: Mapping[str, str] | None = None
) -> Checklist:
    """Return the TREND list with what study and result know.

    Parameters
    ----------
    study : PrePost
        The study.
    result : Result or None
        A result of ``study.change``; items on methods and results stay open if None.
    notes : mapping of str to str or None
        Text of items by number; added to, or in place of, what the data know.

    Returns
    -------
    Checklist
        22 items.

    Raises
    ------
    ValueError
        If a note's number is not in the list.
    """
    known = {
        **_of_study(study, [] if result is None else [result.n]),
        **(_of_result(result) if result is not None else {}),
    }
    title = "TREND: reporting a non-randomised evaluation"
    return _checklist(title, TREND_SOURCE, TREND, (known, notes))


def tidier_table(*, notes: Mapping[str, str] | None = None) -> Checklist:
    """Return the TIDieR list; registers know nothing of what a team did, so notes fill it.

    Parameters
    ----------
    notes : mapping of str to str or None
        Text of items by number.

    Returns
    -------
    Checklist
        12 items.

    Raises
    ------
    ValueError
        If a note's number is not in the list.

    Examples
    --------
    >>> tidier_table(notes={"1": "School-social team"}).open[0]
    '2'
    """
    return _checklist("TIDieR: describing what was done", TIDIER_SOURCE, TIDIER, ({}, notes))


def _checklist(
    title: str,
    source: str,
    items: tuple[tuple[str, str], ...],
    texts: tuple[Mapping[str, str], Mapping[str, str] | None],
) -> Checklist:
    known, notes = texts
    numbers = [number for number, _ in items]
    strange = [number for number in notes or {} if number not in numbers]
    if strange:
        raise ValueError(f"notes must be numbered 1 to {len(items)}, got {', '.join(strange)}.")
    made = []
    for number, name in items:
        parts = [known.get(number, ""), (notes or {}).get(number, "")]
        text = " ".join(part for part in parts if part) or TO_BE_FILLED_IN
        made.append(Item(number=number, name=name, text=text))
    return Checklist(title=title, source=source, items=tuple(made))


def _of_study(study: PrePost, told: list[int]) -> dict[str, str]:
    """Fill what the study knows; counts near one that stands in print are not told."""
    rule, shown = study.selection, Shown(_FEWEST, told)
    flow = hide_flow(study.flow(), shown)
    known = {
        "8": "Not randomised: pupils were chosen by need. Compared with: " + _compared(study) + ".",
        "12": "; ".join(f"{s.step}: {_count(s.n)}" for s in flow) + ".",
        "14": " ".join(_baseline(study, name, shown) for name in study.outcomes),
        "6": " ".join(
            f"{name}: {outcome.definition}{_reliability(outcome.reliability)}."
            for name, outcome in study.outcomes.items()
        ),
    }
    if rule is not None:
        known["3"] = f"Chosen by: {rule.describe()}."
        if isinstance(rule.window, str):
            known["13"] = f"Selection: {rule.window}."
    unit = "Pupil"
    if study.cluster is not None:
        groups = int(study.used[study.cluster].nunique())
        by = study.cluster.removesuffix("_key")
        unit += f", dependent within {by} ({groups} groups)"
        known["21"] = f"The cases come from {groups} groups by {by}."
    known["10"] = unit + "."
    cautions = [f"{caution}" for caution in study.warnings()]
    if cautions:
        known["20"] = " ".join(cautions)
    return known


def _of_result(result: Result) -> dict[str, str]:
    level = f"{100 * result.conf_level:g} %"
    return {
        "11": f"{result.method}.",
        "16": f"{_count(result.n)} pupils in the main analysis.",
        "17": f"Observed {_figure(result.estimate)}, expected with no programme "
        f"{_figure(result.benchmark)}, beyond it {_figure(result.beyond)} ({result.estimand.unit}; "
        f"{level} intervals). {result.verdict.sentence}",
        "18": "Tables: " + ", ".join(table.name for table in result.tables) + ".",
        "15": f"Handled by the benchmark: {result.benchmark_is}.",
    }


def _compared(study: PrePost) -> str:
    found = []
    if study.registry is not None:
        found.append("untreated pupils of the register at like levels before")
    if study.waiting_list is not None:
        found.append("pupils on the waiting list")
    return " and ".join(found) or "nobody"


def _baseline(study: PrePost, name: str, shown: Shown) -> str:
    try:
        before = study.pairs(name).pre
    except ValueError:
        return f"{name}: not usable."
    before = before[~np.isnan(before)]
    if len(before) < _FEWEST:
        return f"{name}: too few to tell."
    n = _count(len(before) if shown.admit(len(before)) else None)
    return f"{name}: mean {before.mean():.3g}, SD {before.std(ddof=1):.3g}, n = {n}."


def _reliability(value: float | None) -> str:
    return ", reliability not given" if value is None else f", reliability {value:g}"


def _count(n: int | None) -> str:
    return "not shown" if n is None else in_words(n)


def _figure(row: Estimate) -> str:
    if row.estimate is None:
        return "not known"
    if row.conf_low is None or row.conf_high is None:
        return f"{row.estimate:.3g}"
    return f"{row.estimate:.3g} [{row.conf_low:.3g}, {row.conf_high:.3g}]"


def design_carries(study: PrePost) -> str:
    """Return in one line what a design like this can carry.

    The Danish authority's manual on developing social interventions (Social- og Boligstyrelsen,
    Drejebog for national udvikling af sociale indsatser) has four phases: screening, modning,
    afprøvning, udbredelse. Which phase a design serves is our reading (an assumption): a local
    team's before/after serves modning; a comparison by the same rule is what afprøvning begins
    with.

    Parameters
    ----------
    study : PrePost
        The study.

    Returns
    -------
    str
        One sentence.
    """
    if study.waiting_list is not None:
        return (
            "What this design can carry: a change compared with pupils chosen by the same rule who "
            "still waited; a first test (afprøvning), as far as nobody chose who waited."
        )
    if study.registry is not None:
        return (
            "What this design can carry: a change beyond what untreated pupils with like levels "
            "lead one to expect; enough to mature a model (modning), not to test it (afprøvning), "
            "since those referred may differ in what no register knows."
        )
    return (
        "What this design can carry: a description of those who were followed (modning); nothing "
        "about what brought the change, since nobody outside was measured."
    )


def cannot_carry(study: PrePost) -> Checklist:
    """Return what data of this kind cannot tell, whatever the figures are.

    Parameters
    ----------
    study : PrePost
        The study.

    Returns
    -------
    Checklist
        Statements and why they are out of reach.
    """
    said = [
        (
            "that a single pupil was helped by the work",
            "a pupil is seen with the work or without it, never both; a rate above its null rate "
            "says how many more, not which ones",
        ),
        (
            "which of several measures did it",
            "measures run at the same time for the same pupils, so they are not separable",
        ),
        (
            "that motivation is a condition of benefit, where it was measured only afterwards",
            "the work may have moved it; only a baseline measure can be a moderator, and even then "
            "it may stand for something else",
        ),
        (
            "how those would have fared whose guardians did not agree",
            "consent chooses who is in the cases",
        ),
        (
            "that a model works, where it was changed during the project",
            "early and late pupils met different programmes",
        ),
    ]
    if study.registry is None and study.waiting_list is None:
        said.append(("that the work brought the change", "nobody outside it was measured"))
    if study.cluster is not None and study.used[study.cluster].nunique() < 20:
        said.append(
            (
                f"how it would go in other places than these, by {study.cluster}",
                "few clusters: intervals are wide, and a place with its own ways weighs much",
            )
        )
    items = tuple(
        Item(number=str(place), name=claim, text=why) for place, (claim, why) in enumerate(said, 1)
    )
    return Checklist(
        title="What these data cannot carry",
        source="the project's evidence notes, sections 1 (D5, facts that shape data) and 8",
        items=items,
    )
