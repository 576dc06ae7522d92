"""How the main job calls each claim: the same register, the same cube, one function each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.register.enrolment import enrolled_rows
from absence_risk.register.panel import panel_from_cube

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.register.register import Register
    from absence_risk.result import Result
    from absence_risk.study.evaluation import Evaluated
    from absence_risk.study.plan import StudyPlan

__all__ = ["CLAIMS", "Prepared"]


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

    @cached_property
    def evaluated(self) -> Evaluated:
        """The evaluation of the team's pupils, made once for its figures and its words."""
        from absence_risk.study.evaluation import evaluate  # noqa: PLC0415

        return evaluate(self)

    def compares(self, column: str) -> bool:
        """Return whether a column of pupils is filled and tells groups apart.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        bool
            False also where the register has no such column.
        """
        if column not in self.pupils.columns:
            return False
        values = self.pupils[column]
        return bool(values.notna().all() and (values != values.iloc[0]).any())


def _escalation(given: Prepared) -> Result:
    from absence_risk.escalation import estimate_escalation  # noqa: PLC0415

    panel = panel_from_cube(given.cube, given.register.pupils, given.register.schools, "month")
    return estimate_escalation(
        panel, conf_level=given.plan.conf_level, definition=given.cube.definition
    )


def _threshold(given: Prepared) -> Result:
    from absence_risk.study.threshold import threshold_claim  # noqa: PLC0415

    return threshold_claim(given)


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
    return given.evaluated.result


CLAIMS: Mapping[str, Callable[[Prepared], Result]] = {
    "escalation": _escalation,
    "threshold": _threshold,
    "return": _return,
    "wellbeing": _wellbeing,
}
