"""How the main job calls each claim: the same register, the same cube, one function each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.register.enrolment import enrolled_rows
from absence_risk.register.panel import panel_from_cube

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.register import Register
    from absence_risk.result import Result
    from absence_risk.study.plan import StudyPlan

__all__ = ["CLAIMS", "Prepared"]

_CALIBRATED = 200
"""Bootstrap samples of the calibrated alarm: enough for its bands, and quick."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Prepared:
    """What every claim needs of a register.

    Parameters
    ----------
    register : Register
        The register.
    cube : Cube
        Its pupil × school-day cube.
    pupils : pandas.DataFrame
        One row per row of the cube: pupil_key, school_key, grade.
    plan : StudyPlan
        Choices.
    seed : int
        Seed of random draws.
    """

    register: Register
    cube: Cube
    pupils: pd.DataFrame
    plan: StudyPlan
    seed: int

    @classmethod
    def of(cls, register: Register, cube: Cube, plan: StudyPlan, seed: int) -> Prepared:
        """Line the pupils up with the rows of the cube.

        Parameters
        ----------
        register : Register
            The register.
        cube : Cube
            Its cube.
        plan : StudyPlan
            Choices.
        seed : int
            Seed.

        Returns
        -------
        Prepared
            The bundle.
        """
        # A pupil with several enrolment spells counts with the last one.
        row = enrolled_rows(register.pupils, cube.pupil_key, cube.calendar.dates[-1])
        pupils = register.pupils.iloc[row].reset_index(drop=True)
        return cls(register=register, cube=cube, pupils=pupils, plan=plan, seed=seed)

    @property
    def schools(self) -> npt.NDArray[np.generic]:
        """School of each row of the cube, shape (n_pupils,)."""
        return np.asarray(self.pupils["school_key"].to_numpy())


def _escalation(given: Prepared) -> Result:
    from absence_risk.escalation import estimate_escalation  # noqa: PLC0415

    panel = panel_from_cube(given.cube, given.register.pupils, given.register.schools, "month")
    return estimate_escalation(
        panel, conf_level=given.plan.conf_level, definition=given.cube.definition
    )


def _threshold(given: Prepared) -> Result:
    from absence_risk.policy import Staircase  # noqa: PLC0415
    from absence_risk.thresholds import (  # noqa: PLC0415
        LaterAbsence,
        calibrate_threshold,
        harm_evidence,
        operating_points,
    )

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
    alarms = operating_points(
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
    where = calibrate_threshold(
        given.cube,
        event=LaterAbsence(since=terms[-1], at=plan.event_at),
        objective=plan.objective,
        windows=("month", "rolling 12 weeks"),
        numerators=("total", "invalid"),
        pupils=given.pupils,
        cluster="school_key" if len(np.unique(given.schools)) > 1 else None,
        replicates=min(plan.replicates, _CALIBRATED),
        random_state=given.seed,
        conf_level=plan.conf_level,
    )
    chosen = (where.table("threshold_metrics"), where.table("frontier"))
    return dataclasses.replace(result, tables=(*result.tables, *alarms, *chosen))


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


def _return(given: Prepared) -> Result:
    from absence_risk import survival  # noqa: PLC0415

    plan, cases = given.plan, given.register.cases
    history = survival.case_history(
        cases,
        given.cube,
        pupils=given.register.pupils,
        endings=plan.endings,
        return_below=plan.return_below,
        return_weeks=plan.return_weeks,
    )
    untreated = survival.benchmark_history(
        given.cube,
        cases,
        pupils=given.register.pupils,
        return_below=plan.return_below,
        return_weeks=plan.return_weeks,
    )
    return survival.estimate_return(
        history,
        untreated,
        at_week=plan.at_week,
        replicates=plan.replicates,
        random_state=given.seed,
        conf_level=plan.conf_level,
    )


def _wellbeing(given: Prepared) -> Result:
    from absence_risk.evaluation import estimate_change  # noqa: PLC0415

    register = given.register
    return estimate_change(
        given.cube,
        register.cases,
        register.pupils,
        surveys=register.surveys,
        conf_level=given.plan.conf_level,
    )


CLAIMS: Mapping[str, Callable[[Prepared], Result]] = {
    "escalation": _escalation,
    "threshold": _threshold,
    "return": _return,
    "wellbeing": _wellbeing,
}
