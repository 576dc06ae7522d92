"""The page and its figures."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import jinja2

from absence_risk import plots
from absence_risk.disclosure import small_counts
from absence_risk.errors import DisclosureError
from absence_risk.report.drawing import inline, standalone
from absence_risk.report.sections import claim_texts, facts_view, headline, table_view
from absence_risk.report.wording import for_evaluation, load_texts, numbers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from absence_risk.evaluation.assessment import Remarks
    from absence_risk.evaluation.tipping import Tipping
    from absence_risk.report.numbers import Numbers
    from absence_risk.report.sections import TableView
    from absence_risk.result import Result, Table

__all__ = ["CLAIMS", "Study", "figures", "write"]

CLAIMS = ("escalation", "threshold", "return", "wellbeing")
"""The four claims in the order of the page."""

_MINIMUM = 5
_NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")
_RAW = (
    "The result {claim!r} holds {count} count(s) below {minimum}. Pass it through "
    "disclosure.protect before it is written."
)


class Study(Protocol):
    """What the page needs of a study; `absence_risk.study.run.StudyResult` is one."""

    @property
    def results(self) -> Mapping[str, Result]:
        """Protected results by claim."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Reason, by claim, why there is no result."""

    @property
    def facts(self) -> Mapping[str, int | float | str]:
        """What the register holds."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What validation warned of."""

    @property
    def definition(self) -> str:
        """Absence definition in words."""

    @property
    def seed(self) -> int:
        """Seed of all random draws."""

    @property
    def version(self) -> str:
        """Version of the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """One claim as the page shows it."""

    key: str
    texts: dict[str, Any]
    answer: str
    sentence: str
    result: Result | None
    headline: list[dict[str, str]]
    figures: list[tuple[str, str]]
    tables: list[TableView]
    notes: Remarks | None = None
    tippings: tuple[tuple[str, str], ...] = ()


def figures(study: Study) -> dict[str, bytes]:
    """Return the figures of a study as SVG files.

    Parameters
    ----------
    study : Study
        The study, its results protected.

    Returns
    -------
    dict of str to bytes
        File name without suffix (claim and table, as for the tables) to SVG. The same study
        gives the same bytes.

    Raises
    ------
    DisclosureError
        If a result holds a count below the limit.
    """
    _refuse_raw(study)
    found = {
        f"{claim.replace(' ', '_')}_{name}": standalone(
            figure, result.table(name).title, result.verdict.sentence
        )
        for claim, result in study.results.items()
        for name, figure in plots.figures(result).items()
    }
    for claim, notes in _notes(study).items():
        for outcome, tipping in notes.tippings.items():
            title = tipping.curve.title
            name = f"{claim}_{outcome}_{tipping.curve.name}".replace(" ", "_")
            found[name] = standalone(_tipping(tipping), title, tipping.sentence)
    table = getattr(study, "definitions", None)
    if table is not None:
        found[table.name] = standalone(_compared(table), table.title, study.definition)
    return found


def write(study: Study, path: str | Path, *, lang: str = "en") -> Path:
    """Write the page of a study: one HTML file that needs nothing else.

    Verdicts come first, then each claim with what was asked, figures, tables, definition, number
    of pupils, method, reasons and limits, then the data, the words and how the page was made.
    Sentences of the results are in the language of the estimators, English.

    Parameters
    ----------
    study : Study
        The study, its results protected.
    path : str or Path
        File to write.
    lang : str
        Language of the page's own texts, for example ``"en"`` or ``"sv"``.

    Returns
    -------
    Path
        The file. The same study gives the same bytes.

    Raises
    ------
    DisclosureError
        If a result holds a count below the limit; nothing is written.
    ValueError
        If there are no texts in the language.
    """
    texts = load_texts(lang)
    if getattr(study, "alone", False):
        texts = for_evaluation(texts, (*study.results, *study.refused))
    _refuse_raw(study)
    path = Path(path)
    path.write_text(_render(study, texts, lang), encoding="utf-8", newline="\n")
    return path


def _refuse_raw(study: Study) -> None:
    minimum = _minimum(study)
    for claim, result in study.results.items():
        count = small_counts(result, minimum)
        if count:
            raise DisclosureError(_RAW.format(claim=claim, count=count, minimum=minimum))


def _minimum(study: Study) -> int:
    return int(getattr(study, "minimum", _MINIMUM))


def _render(study: Study, texts: dict[str, Any], lang: str) -> str:
    numbers = numbers_of(texts)
    extra = [claim for claim in (*study.results, *study.refused) if claim not in CLAIMS]
    claims = [c for c in (*CLAIMS, *extra) if c in study.results or c in study.refused]
    if getattr(study, "alone", False):  # Outcomes in the order in which they were named.
        claims = [*study.results, *study.refused]
    levels = getattr(study, "levels", None)
    level = next((result.conf_level for result in study.results.values()), 0.95)
    minimum = _minimum(study)
    compared = getattr(study, "definitions", None)
    more = [t for t in (levels, compared, getattr(study, "reporting", None)) if t is not None]
    made = texts["made_text"].format(version=study.version, seed=study.seed, minimum=minimum)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            lang=lang,
            texts=texts,
            numbers=numbers,
            sections=[_section(study, claim, texts, numbers) for claim in claims],
            facts=facts_view(dict(study.facts), texts, numbers, minimum),
            register_tables=[table_view(table, texts, numbers, level) for table in more],
            compared=None if compared is None else _drawn(compared, study.definition),
            definition=study.definition,
            warnings=study.warnings,
            made=made,
        )
    )


def _notes(study: Study) -> Mapping[str, Remarks]:
    found: Mapping[str, Remarks] = getattr(study, "notes", {})
    return found


def _tipping(found: Tipping) -> Figure:
    return cast("Figure", plots.plot_tipping(found).get_figure(root=True))


def _compared(table: Table) -> Figure:
    return cast("Figure", plots.plot_definitions(table).get_figure(root=True))


def _drawn(table: Table, definition: str) -> tuple[str, str]:
    """Return the title and the figure of the definitions compared."""
    return table.title, inline(_compared(table), table.title, definition, "definitions-")


def _slug(claim: str) -> str:
    """Return a name fit for an anchor of the page."""
    return re.sub(r"\W+", "-", claim)


def _section(study: Study, claim: str, texts: dict[str, Any], numbers: Numbers) -> _Section:
    words = claim_texts(claim, texts)
    if claim not in study.results:
        return _Section(
            key=_slug(claim),
            texts=words,
            answer="undecidable",
            sentence=study.refused[claim],
            result=None,
            headline=[],
            figures=[],
            tables=[],
        )
    result, notes = study.results[claim], _notes(study).get(claim)
    drawn = {
        name: inline(
            figure, result.table(name).title, result.verdict.sentence, f"{_slug(claim)}-{name}-"
        )
        for name, figure in plots.figures(result).items()
    }
    return _Section(
        key=_slug(claim),
        texts=words,
        answer=result.verdict.answer,
        sentence=result.verdict.sentence,
        result=result,
        headline=headline(result, texts, numbers),
        figures=[(result.table(name).title, svg) for name, svg in drawn.items()],
        tables=[table_view(table, texts, numbers, result.conf_level) for table in result.tables],
        notes=notes,
        tippings=tuple(
            (
                tipping.sentence,
                inline(
                    _tipping(tipping),
                    tipping.curve.title,
                    tipping.sentence,
                    f"{_slug(claim)}-tipping-{place}-",
                ),
            )
            for place, tipping in enumerate(notes.tippings.values() if notes else ())
        ),
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["minus"] = _minus
    return environment


def _minus(text: str) -> str:
    """Return a sentence with minus signs before its negative numbers, as tables have them."""
    return _NEGATIVE.sub("−", text)
