"""The evaluation: change of absence beyond what was to be expected, and wellbeing described."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.cohorts import (
    KEPT,
    Untreated,
    case_windows,
    drop_lonely_cohorts,
    registry_windows,
)
from absence_risk.evaluation.outcomes import Rate
from absence_risk.evaluation.prepost import PrePost
from absence_risk.evaluation.selection import Selected
from absence_risk.evaluation.wellbeing import describe_wellbeing
from absence_risk.evaluation.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.result import Result, Table

__all__ = ["absence_study", "estimate_change", "register_study", "with_wellbeing"]


def estimate_change(
    cube: Cube,
    cases: pd.DataFrame,
    pupils: pd.DataFrame,
    *,
    surveys: pd.DataFrame | None = None,
    scale: tuple[float, float] | None = None,
    conf_level: float = 0.95,
    **options: Any,
) -> Result:
    """Ask whether a team's pupils have less absence than they would have had anyway.

    Parameters
    ----------
    cube : Cube
        Absence per pupil and school day; its definition says which absence counts.
    cases : pandas.DataFrame
        Columns case_key, pupil_key, started, and detected or referred.
    pupils : pandas.DataFrame
        Columns pupil_key, school_key, grade; entry and exit where a pupil has several rows.
    surveys : pandas.DataFrame or None
        Wellbeing before and after, as in `describe_wellbeing`; left out if None or empty.
    scale : (float, float) or None
        Lowest and highest possible response of the survey.
    conf_level : float
        Confidence level of all intervals, in (0, 1).
    **options : windows, grades, untreated, cluster, places or margin
        As in `register_study`.

    Returns
    -------
    Result
        What `PrePost.change` returns, for absence, with the tables of `describe_wellbeing` added.

    Raises
    ------
    DesignError
        If there are no cases, fewer than ten can be followed, or nobody untreated compares.
    ValueError
        If a column is missing, keys stand twice, or an argument is out of range.
    """
    study = register_study(cube, cases, pupils, conf_level=conf_level, **options)
    result = study.change("absence")
    if surveys is None or len(surveys) == 0:
        return result
    return with_wellbeing(result, describe_wellbeing(surveys, scale=scale, conf_level=conf_level))


def register_study(
    cube: Cube,
    cases: pd.DataFrame,
    pupils: pd.DataFrame,
    *,
    windows: Windows | None = None,
    grades: Collection[int] | None = None,
    untreated: Untreated = "not_yet",
    cluster: str | None = "school_key",
    places: pd.DataFrame | None = None,
    margin: float = 0.01,
    conf_level: float = 0.95,
) -> PrePost:
    """Measure a team's pupils and untreated ones in a register, ready to be evaluated.

    Parameters
    ----------
    cube : Cube
        Absence per pupil and school day; its definition says which absence counts.
    cases : pandas.DataFrame
        Columns case_key, pupil_key, started, and detected or referred.
    pupils : pandas.DataFrame
        Columns pupil_key, school_key, grade; entry and exit where a pupil has several rows.
    windows : Windows or None
        The windows; the default ones if None.
    grades : collection of int or None
        Grades that a team takes; by default from the lowest to the highest grade with a case.
    untreated : {"not_yet", "no_case"}
        Whom the cases are compared with, as in `registry_windows`.
    cluster : str or None
        Column whose groups may depend within: school_key, or a column of ``places``; None if
        pupils are independent.
    places : pandas.DataFrame or None
        One row per school_key with further columns, for example municipality_key.
    margin : float
        Change beyond the benchmark that is too small to matter, as a share of school time.
    conf_level : float
        Confidence level of all intervals, in (0, 1).

    Returns
    -------
    PrePost
        What `absence_study` returns.

    Raises
    ------
    DesignError
        If there are no cases, or none can be followed.
    ValueError
        If a column is missing, keys stand twice, or an argument is out of range.
    """
    if len(cases) == 0:
        raise DesignError("The register has no cases, so there is no work of a team to evaluate.")
    chosen = windows or Windows()
    measured = case_windows(cube, cases, pupils, chosen)
    registry = registry_windows(
        cube, cases, pupils, measured, chosen, grades=grades, untreated=untreated
    )
    if places is not None:
        measured, registry = (_placed(frame, places) for frame in (measured, registry))
    return absence_study(
        drop_lonely_cohorts(measured, registry),
        registry,
        windows=chosen,
        cluster=cluster,
        definition=f"{cube.definition.describe()}; {chosen.describe()}",
        margin=margin,
        conf_level=conf_level,
    )


def _placed(frame: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    check.columns(places.columns, ["school_key"], "places")
    once = places.drop_duplicates("school_key").set_index("school_key")
    more = {c: frame["school_key"].map(once[c]) for c in once.columns if c not in frame.columns}
    return frame.assign(**more)


def absence_study(
    cases: pd.DataFrame,
    registry: pd.DataFrame,
    *,
    windows: Windows | None = None,
    cluster: str | None = "school_key",
    definition: str = "absence as a share of school time",
    margin: float = 0.01,
    conf_level: float = 0.95,
) -> PrePost:
    """Return the study of the windows that `case_windows` and `registry_windows` measured.

    Parameters
    ----------
    cases : pandas.DataFrame
        What `case_windows` returned: before, after, alarm_total, alarm_invalid, cohort, dropped.
    registry : pandas.DataFrame
        What `registry_windows` returned.
    windows : Windows or None
        The windows; the default ones if None.
    cluster : str or None
        Column whose groups may depend within.
    definition : str
        Absence definition and windows in words.
    margin : float
        Change beyond the benchmark that is too small to matter, as a share of school time.
    conf_level : float
        Confidence level of all intervals, in (0, 1).

    Returns
    -------
    PrePost
        Outcome "absence", chosen by the alarm month; untreated pupils of the same alarm month are
        compared, given absence before, and all and invalid absence in the alarm month.
    """
    chosen = windows or Windows()
    return PrePost(
        cases,
        outcomes={
            "absence": Rate(pre="before", post="after", margin=margin, definition=definition)
        },
        cluster=cluster,
        selection=Selected(
            "absence",
            at_least=chosen.cut,
            measure="alarm_total",
            window="the alarm month",
            compare_from=chosen.floor,
        ),
        registry=registry,
        match_on=("alarm_total", "alarm_invalid"),
        within="cohort",
        steps=KEPT,
        conf_level=conf_level,
    )


def with_wellbeing(result: Result, tables: tuple[Table, ...]) -> Result:
    """Add the description of wellbeing; it does not enter the verdict.

    Parameters
    ----------
    result : Result
        Result on absence.
    tables : tuple of Table
        What `describe_wellbeing` returned, and further tables after it.

    Returns
    -------
    Result
        With the tables, and a reason for each questionnaire.
    """
    if not tables:
        return result
    pairs = [row for row in tables[0].rows if row.term == "change, complete pairs"]
    reasons = tuple(
        f"Wellbeing ({row.group}) changed by {row.estimate:+.2f} scale points among the {row.n} "
        "pupils who answered twice; no untreated pupil answered, so there is no benchmark, and "
        "this is a description that does not enter the verdict."
        for row in pairs
        if row.estimate is not None
    )
    verdict = dataclasses.replace(result.verdict, reasons=(*result.verdict.reasons, *reasons))
    return dataclasses.replace(result, tables=(*result.tables, *tables), verdict=verdict)
