"""Claim 2 in the main job: is there a harm threshold, and where should this place act."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import disclosure
from absence_risk.errors import DesignError
from absence_risk.policy import Staircase
from absence_risk.thresholds import (
    LaterAbsence,
    calibrate_threshold,
    harm_evidence,
    operating_points,
)

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.result import Result, Table
    from absence_risk.study.claims import Prepared

__all__ = ["threshold_claim"]

_CALIBRATED = 200
"""Bootstrap samples of the calibrated alarm: enough for its bands, and quick."""

_WHERE_TO_ACT = (
    "chosen",
    "choices",
    "threshold_metrics",
    "frontier",
    "decision_curve",
    "local_thresholds",
    "groups",
    "group_differences",
    "sample_size",
    "value_of_waiting",
)
_GROUPS = ("sex", "grade", "sen")


def threshold_claim(given: Prepared) -> Result:
    """Answer whether harm has a threshold, and put beside it where an alarm would serve best.

    Parameters
    ----------
    given : Prepared
        The register as the main job holds it.

    Returns
    -------
    Result
        The evidence on harm. Where the register has two terms, also the tables of the staircase's
        alarms and of the calibrated alarm; where these cannot be judged, a reason that says why.
    """
    plan = given.plan
    result = harm_evidence(
        _outcomes(given),
        outcome=plan.outcome,
        exposure="absence_rate",
        covariates=("grade",),
        cluster="school_key",
        at=plan.threshold,
        random_state=given.seed,
        conf_level=plan.conf_level,
        definition=dataclasses.replace(given.cube.definition, window="year").describe(),
    )
    terms = list(dict.fromkeys(given.cube.calendar.terms))
    if len(terms) < 2:  # Alarms of one term are judged by what happens in a later one.
        return result
    try:
        tables, reasons = _alarms(given, terms)
    except DesignError as error:
        tables, reasons = (), (f"No alarm could be judged: {error}",)
    verdict = result.verdict
    return dataclasses.replace(
        result,
        tables=(*result.tables, *tables),
        verdict=dataclasses.replace(verdict, reasons=(*verdict.reasons, *reasons)),
    )


def _alarms(given: Prepared, terms: list[str]) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Return the tables of alarms, and what they say in words."""
    plan = given.plan
    replayed = operating_points(
        given.cube,
        Staircase.preset(plan.staircase),
        schools=given.schools,
        alarms_in=(terms[0],),
        event_in=(terms[-1],),
        event_at=plan.event_at,
        replicates=plan.replicates,
        random_state=given.seed,
        conf_level=plan.conf_level,
    )
    where = _calibrated(given, terms[-1])
    tables = {table.name: table for table in where.tables}
    kept = tuple(tables[name] for name in _WHERE_TO_ACT if name in tables)
    # Its sentences are cleaned on their own: they speak of figures that this result has not.
    safe = disclosure.protect(_without_tables(where), plan.minimum).verdict
    return (*replayed, *kept), (f"Where to act: {safe.sentence}", *safe.reasons)


def _without_tables(where: Result) -> Result:
    """Leave the chosen alarm only, by whose counts sentences are judged."""
    return dataclasses.replace(where, tables=(where.table("chosen"),))


def _calibrated(given: Prepared, since: str) -> Result:
    """Calibrate the alarm, with schools and groups as far as they are large enough."""
    plan = given.plan
    several = len(np.unique(given.schools)) > 1
    calibrate = functools.partial(
        calibrate_threshold,
        given.cube,
        event=LaterAbsence(since=since, at=plan.event_at),
        objective=plan.objective,
        windows=("month", "rolling 12 weeks"),
        numerators=("total", "invalid"),
        pupils=given.pupils,
        cluster="school_key" if several else None,
        replicates=min(plan.replicates, _CALIBRATED),
        random_state=given.seed,
        conf_level=plan.conf_level,
    )
    by = "school_key" if several else None
    groups = tuple(filter(given.compares, _GROUPS))
    for place, kind in ((by, groups), (by, ()), (None, groups)):
        with contextlib.suppress(DesignError):
            return calibrate(by=place, groups=kind)
    return calibrate()


def _outcomes(given: Prepared) -> pd.DataFrame:
    """Return one row per pupil with the outcome and the absence share up to its date."""
    outcomes = given.register.outcomes
    wanted = outcomes[outcomes["kind"] == given.plan.outcome]
    if wanted.empty:
        raise DesignError(
            f"The register has no outcome of the kind {given.plan.outcome!r}, so harm cannot be "
            "related to absence. Add it to the table outcomes."
        )
    frame = wanted.drop_duplicates("pupil_key", keep="last").merge(given.pupils, on="pupil_key")
    at = given.cube.index(frame["pupil_key"])
    frame = frame[at >= 0]
    until = given.cube.calendar.day_index(frame["date"].to_numpy())
    rate = given.cube.between(at[at >= 0], 0, until).rate("total")[:, 0]
    kind = given.plan.outcome
    # Grade as text enters as one indicator per grade instead of a straight line.
    grade = frame["grade"].astype(str)
    frame = frame.assign(absence_rate=rate, grade=grade).rename(columns={"value": kind})
    return frame.dropna(subset=["absence_rate", kind])
