"""Claim 4 in the main job: did pupils change, and more than they would have anyway."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from absence_risk import disclosure
from absence_risk.errors import DesignError, SchemaError
from absence_risk.evaluation.assessment import Assessment, Remarks, assess, remarks_of
from absence_risk.evaluation.estimate import register_study, with_wellbeing
from absence_risk.evaluation.imputed import MI
from absence_risk.evaluation.survey import survey_studies
from absence_risk.evaluation.wellbeing import describe_wellbeing
from absence_risk.register.definition import AbsenceDefinition
from absence_risk.study.answers import EvaluationAnswers
from absence_risk.study.plan import StudyPlan

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.evaluation.prepost import PrePost
    from absence_risk.register.register import Register
    from absence_risk.result import Result, Table
    from absence_risk.study.claims import Prepared

__all__ = ["Evaluated", "evaluate", "evaluate_register"]

_FROM_SURVEYS = ("missing", "bounds", "effect_sizes")


@dataclass(frozen=True, eq=False, kw_only=True)
class Evaluated:
    """The evaluation of a register before small numbers are hidden.

    Parameters
    ----------
    study : PrePost
        Cases and untreated pupils, measured.
    assessed : tuple of Assessment
        Absence, then wellbeing by questionnaire.
    result : Result
        Absence with all tables, those of the questionnaires among them.
    """

    study: PrePost
    assessed: tuple[Assessment, ...]
    result: Result

    def notes(self, protected: Result, minimum: int) -> Remarks:
        """Return what stands beside the figures.

        Parameters
        ----------
        protected : Result
            The result without small numbers.
        minimum : int
            Smallest number of pupils that is told.

        Returns
        -------
        Remarks
            Cautions, tipping points and lists.
        """
        return remarks_of(self.study, protected, self.assessed, minimum=minimum)


def evaluate(given: Prepared) -> Evaluated:
    """Evaluate the team's pupils of a register: absence with its benchmark, wellbeing without.

    Parameters
    ----------
    given : Prepared
        The register as the main job holds it.

    Returns
    -------
    Evaluated
        The forest is by municipality where there are several, else by school.

    Raises
    ------
    DesignError
        If there are no cases, fewer than ten can be followed, or nobody untreated compares.
    """
    plan, register = given.plan, given.register
    places = _places(register.schools)
    study = register_study(
        given.cube,
        register.cases,
        register.pupils,
        windows=plan.windows,
        cluster=plan.cluster,
        places=places,
        conf_level=plan.conf_level,
    )
    several = len(places["municipality_key"].unique()) > 1
    by = plan.by or ("municipality_key" if several else "school_key")
    missing = MI(random_state=given.seed)
    first = assess(study, "absence", by=by, missing=missing, minimum=plan.minimum)
    surveys = register.surveys
    if surveys is None or len(surveys) == 0:
        return Evaluated(study=study, assessed=(first,), result=first.result)
    described = describe_wellbeing(surveys, scale=plan.scale, conf_level=plan.conf_level)
    asked = survey_studies(surveys, scale=plan.scale, conf_level=plan.conf_level)
    others, tables = [], list(described)
    for instrument, one in asked.items():
        try:
            found = assess(
                one, "wellbeing", benchmark="none", missing=missing, minimum=plan.minimum
            )
        except DesignError:
            continue  # The description above says how many answered.
        others.append(_without_design(found, instrument, several=len(asked) > 1))
        tables += [_of(table, instrument) for table in found.result.tables if _asked(table)]
    if others:  # The effect sizes hold d_z as well.
        tables = [table for table in tables if table.name != "wellbeing_d_z"]
    return Evaluated(
        study=study,
        assessed=(first, *others),
        result=with_wellbeing(first.result, tuple(tables)),
    )


def _places(schools: pd.DataFrame) -> pd.DataFrame:
    return schools[["school_key", "municipality_key"]]


def _asked(table: Table) -> bool:
    return table.name in _FROM_SURVEYS


def _of(table: Table, instrument: str) -> Table:
    """Name a table by its questionnaire, so that it stands beside those of absence."""
    rows = tuple(dataclasses.replace(row, group=instrument) for row in table.rows)
    return dataclasses.replace(table, name=f"wellbeing_{table.name}", rows=rows)


def _without_design(found: Assessment, instrument: str, *, several: bool) -> Assessment:
    """Leave out what the register knows better: how the pupils were chosen."""
    kept = tuple(c for c in found.cautions if c.code != "no_selection")
    return dataclasses.replace(
        found,
        outcome=f"wellbeing {instrument}" if several else "wellbeing",
        cautions=kept,
        left_out=tuple(t for t in found.left_out if not t.startswith("Responses")),
    )


def evaluate_register(
    register: Register,
    *,
    plan: StudyPlan | None = None,
    definition: AbsenceDefinition | None = None,
    random_state: int = 0,
) -> EvaluationAnswers:
    """Evaluate the team's pupils of a register, and nothing else of it.

    Parameters
    ----------
    register : Register
        The register.
    plan : StudyPlan or None
        Choices of the analyses; the defaults if None.
    definition : AbsenceDefinition or None
        What counts as absence; the default definition if None.
    random_state : int
        Seed of all random draws.

    Returns
    -------
    EvaluationAnswers
        Outcome "absence", with the tables of the questionnaires; small numbers are removed.

    Raises
    ------
    SchemaError
        If validation finds a problem that blocks.
    DesignError
        If there are no cases, fewer than ten can be followed, or nobody untreated compares.
    """
    from absence_risk.study.claims import Prepared  # noqa: PLC0415 (it loads this module)

    plan = plan or StudyPlan()
    report = register.validate()
    if not report.ok:
        raise SchemaError(report.errors)
    cube = register.cube(definition or AbsenceDefinition())
    found = evaluate(Prepared.of(register, cube, plan, random_state))
    result = disclosure.protect(found.result, plan.minimum)
    return EvaluationAnswers(
        results={"absence": result},
        refused={},
        notes={"absence": found.notes(result, plan.minimum)},
        better={"absence": "lower"},
        definition=cube.definition.describe(),
        minimum=plan.minimum,
        seed=random_state,
        version=version("absence_risk"),
        warnings=tuple(str(problem) for problem in report.warnings),
    )
