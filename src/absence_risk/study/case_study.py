"""An evaluation from a table of cases, for those who have nothing but a table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from absence_risk import check
from absence_risk.disclosure.places import protect_outcome
from absence_risk.errors import DesignError, TableError
from absence_risk.evaluation.assessment import assess, remarks_of
from absence_risk.evaluation.imputed import MI
from absence_risk.evaluation.missing_flow import REASON_COLUMN
from absence_risk.evaluation.outcomes import Rate
from absence_risk.evaluation.prepost import PrePost
from absence_risk.evaluation.responders_rule import ReliableChange
from absence_risk.study.answers import EvaluationAnswers
from absence_risk.study.case_table import LINE, header_of, place, read_case_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from absence_risk.evaluation.assessment import Remarks
    from absence_risk.evaluation.outcomes import Outcome
    from absence_risk.evaluation.selection import Selected
    from absence_risk.result import Result
    from absence_risk.study.case_table import Kind

__all__ = ["CaseFiles", "evaluate_cases", "read_cases"]

_RARE = "other reasons"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFiles:
    """Files with one row per pupil, and what their columns mean.

    Parameters
    ----------
    cases : Path
        The pupils of the programme.
    outcomes : mapping of str to Rate or Likert
        What was measured before and after, by name.
    id : str
        Column that names the pupil; it is in no output.
    cluster : str or None
        Column whose groups may depend within, for example the municipality.
    by : str or None
        Column of the forest plot; the cluster if None.
    registry : Path or None
        Untreated pupils with the same columns.
    waiting_list : Path or None
        Pupils who were chosen by the same rule and waited.
    selection : Selected or None
        How pupils were chosen.
    match_on : tuple of str
        Columns, known before, on which untreated pupils are compared besides the baseline.
    moderators : tuple of str
        Columns of numbers known before the start.
    reason : str or None
        Column that says why there is no follow-up.
    """

    cases: Path
    outcomes: Mapping[str, Outcome]
    id: str
    cluster: str | None = None
    by: str | None = None
    registry: Path | None = None
    waiting_list: Path | None = None
    selection: Selected | None = None
    match_on: tuple[str, ...] = ()
    moderators: tuple[str, ...] = ()
    reason: str | None = None


def read_cases(files: CaseFiles, *, conf_level: float = 0.95, minimum: int = 5) -> PrePost:
    """Read the files and make a study of them.

    Parameters
    ----------
    files : CaseFiles
        The files.
    conf_level : float
        Confidence level of all intervals, in (0, 1).
    minimum : int
        Reasons of fewer pupils are put together.

    Returns
    -------
    PrePost
        The study.

    Raises
    ------
    TableError
        If a file has faults; all are listed by line and column.
    ValueError
        If a column is missing, or pupils were chosen by an outcome that is none.
    """
    if files.selection is not None:
        check.choice(files.selection.outcome, list(files.outcomes), "the outcome of --chosen")
    columns = _columns(files)
    extra: dict[str, Kind] = dict.fromkeys(files.moderators, "number")
    extra |= dict.fromkeys([c for c in (files.by, files.reason) if c and c not in columns], "text")
    cases = _measured(files, files.cases, {**columns, **extra}, outcomes=files.outcomes)
    if files.reason is not None:
        cases[REASON_COLUMN] = _common(cases[files.reason], minimum)
    registry, waiting = (
        None if path is None else _others(files, path, columns)
        for path in (files.registry, files.waiting_list)
    )
    try:
        return PrePost(
            cases.drop(columns=LINE),
            outcomes=files.outcomes,
            id=files.id,
            cluster=files.cluster,
            selection=files.selection,
            registry=registry,
            waiting_list=waiting,
            match_on=files.match_on,
            conf_level=conf_level,
        )
    except DesignError:
        raise
    except ValueError as error:  # Rows that contradict each other, within a file or between two.
        raise TableError([f"{place(files.cases)}: {error}"]) from error


def _columns(files: CaseFiles) -> dict[str, Kind]:
    """Return the columns that every file has, with what is in them."""
    found: dict[str, Kind] = {files.id: "id"}
    found |= {c: "number" for o in files.outcomes.values() for c in o.columns()}
    found |= dict.fromkeys(files.match_on, "number")
    if files.selection is not None and files.selection.measure:
        found[files.selection.measure] = "number"
    if files.cluster is not None and files.cluster not in found:
        found[files.cluster] = "text"
    return found


def _others(files: CaseFiles, path: Path, columns: Mapping[str, Kind]) -> pd.DataFrame:
    """Read pupils outside the programme; an outcome they lack has no benchmark."""
    header = set(header_of(path))
    lacking = {name for name, o in files.outcomes.items() if not header & set(o.columns())}
    if len(lacking) == len(files.outcomes):
        lacking = set()  # Nothing is left to compare: the reader says which column is missing.
    kept = {n: o for n, o in files.outcomes.items() if n not in lacking}
    gone = {c for n in lacking for c in files.outcomes[n].columns()}
    gone -= {c for o in kept.values() for c in o.columns()}
    wanted: dict[str, Kind] = {c: kind for c, kind in columns.items() if c not in gone}
    return _measured(files, path, wanted, outcomes=kept).drop(columns=LINE)


def _measured(
    files: CaseFiles, path: Path, columns: Mapping[str, Kind], *, outcomes: Mapping[str, Outcome]
) -> pd.DataFrame:
    """Read a file and check that every value lies where it can lie."""
    frame = read_case_table(path, columns)
    faults = [
        fault
        for outcome in outcomes.values()
        for wave in (outcome.pre, outcome.post)
        for fault in _outside(frame, outcome, wave, path)
    ]
    if files.cluster is not None and files.cluster in frame:
        faults += [
            f"{place(path, line, files.cluster)}: is empty. Name the group of each pupil."
            for line in frame.loc[frame[files.cluster].isna(), LINE]
        ]
    if faults:
        raise TableError(faults)
    return frame


def _outside(
    frame: pd.DataFrame, outcome: Outcome, wave: str | tuple[str, ...], path: Path
) -> list[str]:
    if isinstance(outcome, Rate) and isinstance(wave, tuple):
        days, school = frame[wave[0]], frame[wave[1]]
        wrong = (days < 0) | (school < 0) | (days > school)
        column = wave[0]
        text = f"is below 0, or more than {wave[1]}. Correct the days."
        return [f"{place(path, line, column)}: {text}" for line in frame.loc[wrong, LINE]]
    names = (wave,) if isinstance(wave, str) else wave
    fix = (
        "Write a share as 0.15 or 15 %."
        if isinstance(outcome, Rate)
        else "Correct the cell, or the ends of the scale."
    )
    text = f"lies outside {outcome.low:g} to {outcome.high:g}. {fix}"
    found = []
    for name in names:
        wrong = (frame[name] < outcome.low) | (frame[name] > outcome.high)
        found += [f"{place(path, line, name)}: {text}" for line in frame.loc[wrong, LINE]]
    return found


def _common(reason: pd.Series, minimum: int) -> pd.Series:
    """Put reasons of few pupils together, so that no text about a single pupil is printed."""
    count = reason.map(reason.value_counts())
    return reason.where(reason.isna() | (count >= minimum), _RARE)


def evaluate_cases(
    study: PrePost,
    *,
    by: str | None = None,
    moderators: Sequence[str] = (),
    benchmark: str = "registry",
    imputations: int = 50,
    minimum: int = 5,
    random_state: int = 0,
) -> EvaluationAnswers:
    """Evaluate each outcome of a study.

    Parameters
    ----------
    study : PrePost
        What `read_cases` returned, or a study of one's own.
    by : str or None
        Column of the forest plot; the cluster if None.
    moderators : sequence of str
        Columns of numbers known before the start.
    benchmark : str
        As in `absence_risk.evaluation.PrePost.change`.
    imputations : int
        Number of imputations of missing follow-ups, at least 2.
    minimum : int
        Smallest number of pupils that is shown.
    random_state : int
        Seed.

    Returns
    -------
    EvaluationAnswers
        Results from which small numbers are removed; an outcome that the data cannot carry is
        refused with the reason.

    Raises
    ------
    ValueError
        If a column or a word is unknown.
    """
    check.positive_int(minimum, "minimum")
    missing = MI(m=imputations, random_state=random_state)
    results: dict[str, Result] = {}
    refused: dict[str, str] = {}
    remarks: dict[str, Remarks] = {}
    for name, outcome in study.outcomes.items():
        known = outcome.reliability is not None and outcome.population is not None
        try:
            one = assess(
                study,
                name,
                benchmark=benchmark,
                by=by or study.cluster,
                rules=(ReliableChange("JT"),) if known else (),
                moderators=moderators,
                missing=missing,
                minimum=minimum,
            )
        except DesignError as error:
            refused[name] = str(error)
            continue
        result = protect_outcome(one.result, tuple(results.values()), minimum)
        results[name] = result
        remarks[name] = remarks_of(study, result, [one], minimum=minimum)
    return EvaluationAnswers(
        results=results,
        refused=refused,
        notes=remarks,
        better={name: outcome.better for name, outcome in study.outcomes.items()},
        identifiers=_identifiers(study),
        definition="; ".join(f"{n}: {o.definition}" for n, o in study.outcomes.items()),
        minimum=minimum,
        seed=random_state,
        version=version("absence_risk"),
    )


def _identifiers(study: PrePost) -> frozenset[str]:
    frames = [study.cases, study.registry, study.waiting_list]
    return frozenset(str(key) for frame in frames if frame is not None for key in frame[study.id])
