"""One register through all four claims."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import disclosure
from absence_risk.errors import DesignError, EstimationError, SchemaError
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.study.claims import CLAIMS, Prepared
from absence_risk.study.definitions import compare_levels
from absence_risk.study.describe import describe_levels
from absence_risk.study.plan import StudyPlan
from absence_risk.study.reading import read
from absence_risk.study.reporting import reporting_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from absence_risk.evaluation.assessment import Remarks
    from absence_risk.register.cube import Cube
    from absence_risk.register.register import Register
    from absence_risk.result import Result, Table

__all__ = ["StudyResult", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """The four answers, with small cells already removed.

    Parameters
    ----------
    results : mapping of str to Result
        Answer of each claim that the register could carry: escalation, threshold, return,
        wellbeing, in this order.
    refused : mapping of str to str
        Why the register cannot carry a claim, for those that are missing in ``results``.
    levels : Table
        Levels of absence in the register.
    definitions : Table
        The same levels under several definitions.
    reporting : Table
        Share of offered time that was reported, by school and month.
    facts : mapping of str to int, float or str
        What the register holds.
    warnings : tuple of str
        What validation warned of.
    definition : str
        The absence definition in words.
    plan : StudyPlan
        Every choice behind the figures.
    seed : int
        Seed of all random draws.
    version : str
        Version of the package.
    notes : mapping of str to Remarks
        By claim, what stands beside its figures: cautions, what the design carries, lists.
    """

    results: Mapping[str, Result]
    refused: Mapping[str, str]
    levels: Table
    definitions: Table
    reporting: Table
    facts: Mapping[str, int | float | str]
    warnings: tuple[str, ...]
    definition: str
    plan: StudyPlan
    seed: int
    version: str
    notes: Mapping[str, Remarks] = field(default_factory=dict)

    @property
    def minimum(self) -> int:
        """Smallest number of pupils that is shown."""
        return self.plan.minimum

    def lines(self) -> list[str]:
        """Return one line per claim: the answer and its sentence.

        Returns
        -------
        list of str
            Four lines.
        """
        out = []
        for claim in CLAIMS:
            if claim in self.results:
                verdict = self.results[claim].verdict
                out.append(f"{claim}: {verdict.answer}. {verdict.sentence}")
            else:
                out.append(f"{claim}: undecidable. {self.refused[claim]}")
        return out

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Give every table with the name its file bears.

        Yields
        ------
        tuple of str and Table
            For example ``("escalation_associations", table)``.
        """
        for table in (self.levels, self.definitions, self.reporting):
            yield table.name, table
        for claim, result in self.results.items():
            for table in result.tables:
                yield f"{claim}_{table.name}", table
        for claim, notes in self.notes.items():
            for outcome, found in notes.tippings.items():
                name = outcome.replace(" ", "_")
                yield f"{claim}_{name}_{found.curve.name}", found.curve

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values; the same seed gives the same values.

        Returns
        -------
        dict
            Nested dictionaries, lists, numbers and text.
        """
        plan = {f.name: getattr(self.plan, f.name) for f in dataclasses.fields(self.plan)}
        plan["windows"] = dataclasses.asdict(self.plan.windows)
        return {
            "version": self.version,
            "seed": self.seed,
            "definition": self.definition,
            "plan": {**plan, "endings": dict(self.plan.endings)},
            "facts": dict(self.facts),
            "warnings": list(self.warnings),
            "levels": self.levels.to_dict(),
            "definitions": self.definitions.to_dict(),
            "reporting": self.reporting.to_dict(),
            "results": {claim: result.to_dict() for claim, result in self.results.items()},
            "refused": dict(self.refused),
            "notes": {claim: notes.to_dict() for claim, notes in self.notes.items()},
        }


def run(
    register: Register,
    *,
    plan: StudyPlan | None = None,
    definition: AbsenceDefinition | None = None,
    random_state: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> StudyResult:
    """Validate a register and take it through the four claims.

    Rows are read once for validation and once into the cubes; every claim runs on the cube of the
    study's definition. A claim that the register cannot carry does not stop the others: it is
    refused with its reason.

    Parameters
    ----------
    register : Register
        The register.
    plan : StudyPlan or None
        Choices of the analyses; the defaults if None.
    definition : AbsenceDefinition or None
        What counts as absence, all of it (numerator "total"); the default definition if None. The
        claims have windows of their own.
    random_state : int
        Seed of all random draws.
    progress : callable or None
        Called with a text and a share in [0, 1].

    Returns
    -------
    StudyResult
        Results from which small cells are removed.

    Raises
    ------
    SchemaError
        If validation finds a problem that blocks; all problems are listed.
    DesignError
        If the definition needs a column that the register does not have.
    ValueError
        If the definition does not count all absence.
    """
    plan = plan or StudyPlan()
    tell = progress or (lambda _text, _share: None)
    tell("Validating", 0.02)
    report = register.validate()
    if not report.ok:
        raise SchemaError(report.errors)
    tell("Reading rows", 0.25)
    reading = read(register, definition or AbsenceDefinition())
    cube = reading.cube
    prepared = Prepared.of(register, cube, plan, random_state)
    results: dict[str, Result] = {}
    refused: dict[str, str] = {}
    for at, (claim, answer) in enumerate(CLAIMS.items()):
        tell(f"Claim: {claim}", 0.35 + 0.1 * at)
        try:
            results[claim] = disclosure.protect(
                answer(prepared), plan.minimum, beside=tuple(results.values())
            )
        except (DesignError, EstimationError) as error:
            refused[claim] = str(error)
    notes = {}
    if "wellbeing" in results:
        notes["wellbeing"] = prepared.evaluated.notes(results["wellbeing"], plan.minimum)
    levels = describe_levels(cube, prepared.schools, conf_level=plan.conf_level)
    return StudyResult(
        results=results,
        refused=refused,
        levels=disclosure.protect_table(levels, plan.minimum),
        definitions=compare_levels(
            reading.levels, prepared.schools, conf_level=plan.conf_level, minimum=plan.minimum
        ),
        reporting=reporting_table(
            reading.offered, reading.reported, register.pupils, minimum=plan.minimum
        ),
        facts=_facts(register, cube, report.n_rows),
        warnings=tuple(str(problem) for problem in report.warnings),
        definition=cube.definition.describe(),
        plan=plan,
        seed=random_state,
        version=version("absence_risk"),
        notes=notes,
    )


def _facts(register: Register, cube: Cube, n_rows: int) -> dict[str, int | float | str]:
    days = cube.calendar.dates
    by_report = {}
    if "source" in register.rows.columns:
        sources = register.validity_by_source()
        if (sources["source"] != "unknown").any():  # An empty column tells nothing.
            share = float(sources.loc[sources["automatic"], "share_of_valid"].sum())
            by_report["share of valid absence by a report alone"] = round(share, 4)
    known = {} if register.moment is None else {"as known on": str(register.moment.date())}
    seen = int((cube.scheduled.sum(axis=1, dtype=np.int64) > 0).sum())
    return {
        "register rows": n_rows,
        "pupils": seen,
        "schools": int(register.pupils["school_key"].nunique()),
        "municipalities": int(register.schools["municipality_key"].nunique()),
        "school days": len(days),
        "first school day": str(days[0]),
        "last school day": str(days[-1]),
        **known,
        **by_report,
    }
