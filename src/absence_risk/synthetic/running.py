"""What a block of pupils remembers from day to day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic import avoidance, enrolment
from absence_risk.synthetic.actions import InForce, Taken
from absence_risk.synthetic.cases import Cases
from absence_risk.synthetic.days import INVALID
from absence_risk.synthetic.durations import Course
from absence_risk.synthetic.schools import NO_OUTBREAK

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.avoidance import Ladder
    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.setting import Setting

__all__ = ["DECAY", "Running"]

DECAY = 0.05  # weight of the newest day in recent valid absence and recent attendance


class Running:
    """What a block remembers from day to day.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    pupils : Pupils
        The pupils of the block.

    Attributes
    ----------
    valid : numpy.ndarray of float64, shape (n,)
        Recent valid absence: mean share of lessons over past days with weights falling 5 % a day.
        It moves pupils up the ladder.
    attendance : numpy.ndarray of float64, shape (n,)
        Recent attendance, weighted alike. It closes cases as no longer needed, and keeps pupils
        from leaving.
    month_total, month_invalid : numpy.ndarray of int64, shape (n,)
        Lessons of recorded absence in the month so far, from the day a pupil came.
    """

    def __init__(self, setting: Setting, pupils: Pupils) -> None:
        n = len(pupils)
        effect = setting.schools.effect
        self.ladder: Ladder = avoidance.first_levels(setting.scenario.avoidance, pupils, effect)
        self.cases = Cases.none(n)
        year, plan = setting.year, setting.scenario.actions
        self.taken = Taken.none(n, len(year.months.label), len(setting.staircase.steps))
        self.force = InForce(plan, n, year)
        self.unbroken = np.zeros((len(setting.staircase.runs), n), dtype=np.uint16)
        self.long_run = np.zeros(n, dtype=bool)
        spells = setting.scenario.illness
        self.course = None if spells.duration == "geometric" else Course(spells, n)
        self.ill = np.zeros(n, dtype=bool)
        self.away = np.zeros(n, dtype=bool)
        self.valid = np.zeros(n)
        self.attendance = np.ones(n)
        self.stay = enrolment.stays(setting.scenario.enrolment, pupils.lane, setting.year)
        self.outbreak = setting.schools.outbreak.astype(np.int16)[pupils.school, pupils.grade - 1]
        self.any_outbreak = bool((self.outbreak < NO_OUTBREAK).any())
        self.month_total = np.zeros(n, dtype=np.int64)
        self.month_invalid = np.zeros(n, dtype=np.int64)

    def remember(
        self,
        pupils: Pupils,
        day: int,
        *,
        absent: npt.NDArray[np.int64],
        reason: npt.NDArray[np.uint8],
        missed: npt.NDArray[np.uint8],
        unreported: npt.NDArray[np.uint8],
    ) -> None:
        """Update recent valid absence, recent attendance and the month's recorded lessons.

        Parameters
        ----------
        pupils : Pupils
            The pupils of the block.
        day : int
            School day.
        absent : numpy.ndarray of int64, shape (k,)
            Who missed a lesson on it.
        reason, missed, unreported : numpy.ndarray of uint8, shape (k,)
            What happened to them, as in `Days`.
        """
        invalid = reason == INVALID
        share = np.bitwise_count(missed) / pupils.lessons[absent]
        valid, attendance = self.valid[absent], self.attendance[absent]
        # of the others, most of the pupils, the shares are 0 and 1
        self.valid -= DECAY * self.valid
        self.attendance += DECAY * (1 - self.attendance)
        self.valid[absent] = valid + DECAY * (share * ~invalid - valid)
        self.attendance[absent] = attendance + DECAY * (1 - share - attendance)
        recorded = np.bitwise_count(missed & ~unreported)
        if self.stay.late:
            recorded *= self.stay.first[absent] <= day
        self.month_total[absent] += recorded
        self.month_invalid[absent] += recorded * invalid
