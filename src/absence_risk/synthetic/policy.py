"""What staircase, school staff and team do to a block of pupils, week by week, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic import actions, aftercare, cases, reporting
from absence_risk.synthetic.counter import Purpose, uniform
from absence_risk.synthetic.surroundings import ACTIONS, queue_key

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.running import Running
    from absence_risk.synthetic.setting import Setting

__all__ = ["referred_for_a_run", "served", "support", "take_actions", "watch_runs"]

_MOVED = cases.ENDINGS.index("moved")


def support(
    setting: Setting, pupils: Pupils, run: Running, day: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return all help, and all pressure to move up, of the week that begins.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    pupils : Pupils
        The pupils.
    run : Running
        State.
    day : int
        First school day of the week.

    Returns
    -------
    help_, pressure : numpy.ndarray of float64, shape (n,)
        Help of team, aftercare and actions; pressure of relapse and classmates, less the booster.
    """
    scenario, year, around = setting.scenario, setting.year, setting.surroundings
    week = int(year.week[day])
    help_, pressure = cases.support(run.cases, scenario.team, day, year)
    help_ += run.force.help_in(week)
    plan = scenario.aftercare
    if plan.carry_over_weeks > 0:
        help_ += aftercare.carried_over(run.cases, plan, scenario.team, day, year)
    if plan.booster > 0:
        pressure -= aftercare.boosted(run.cases, plan, day, year)
    if around is not None and scenario.interference.peers != 0:
        classes, avoids = reporting.class_index(pupils), run.ladder.level > 1
        share = around.classmates(week, classes, avoids, _here(run, day))
        pressure += scenario.interference.peers * share / 0.1
    return help_, pressure


def take_actions(
    setting: Setting,
    pupils: Pupils,
    run: Running,
    day: int,
    *,
    step: npt.NDArray[np.int8],
    share: npt.NDArray[np.float64],
    offered: npt.NDArray[np.int64],
) -> None:
    """Note the steps reached in a month, and take the actions for which there is a place.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    pupils : Pupils
        The pupils.
    run : Running
        State; taken and force are changed.
    day : int
        Last school day of the month.
    step : numpy.ndarray of int8
        Step reached.
    share : numpy.ndarray of float64
        Recorded absence that the staircase counts.
    offered : numpy.ndarray of int64
        Lessons of the month.
    """
    plan, taken, here = setting.scenario.actions, run.taken, _here(run, day)
    month = int(setting.year.months.last_ended(day))
    taken.step[:, month] = step * here
    taken.counted[:, month] = np.rint(share * offered) * here
    taken.offered[:, month] = offered * here
    if not actions.are_on(plan):
        return
    taken.complied[:, month] = actions.agree(plan, pupils.lane, taken.step[:, month], month)
    rows = np.flatnonzero(taken.complied[:, month].any(axis=1))
    placed = served(setting, pupils, ACTIONS, day, rows=rows, share=share)
    taken.displaced[np.setdiff1d(rows, placed), month] = True
    actions.act(
        plan,
        taken,
        run.force,
        rows=placed,
        lane=pupils.lane,
        month=month,
        day=day,
        year=setting.year,
    )


def served(
    setting: Setting,
    pupils: Pupils,
    kind: int,
    day: int,
    *,
    rows: npt.NDArray[np.int64],
    share: npt.NDArray[np.float64],
) -> npt.NDArray[np.int64]:
    """Return those of a queue for whom there is a place.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    pupils : Pupils
        The pupils.
    kind : int
        Queue: `surroundings.ACTIONS` or `surroundings.REFERRALS`.
    day : int
        Last school day of the month.
    rows : numpy.ndarray of int64
        Who stands in the queue.
    share : numpy.ndarray of float64, shape (n,)
        Recorded absence of all pupils.

    Returns
    -------
    numpy.ndarray of int64
        Some of ``rows``; all of them where places are not limited.
    """
    around, plan = setting.surroundings, setting.scenario.interference
    if around is None:
        return rows
    month = int(setting.year.months.last_ended(day))
    key = queue_key(plan, pupils.lane[rows], share[rows], month=month, kind=kind)
    return rows[around.served(kind, month, school=pupils.school, rows=rows, key=key)]


def watch_runs(
    setting: Setting,
    run: Running,
    day: int,
    *,
    rows: npt.NDArray[np.int64],
    invalid: npt.NDArray[np.bool_],
    reported: npt.NDArray[np.bool_],
) -> None:
    """Count unbroken recorded absence; days that nobody reported neither break nor lengthen it.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    run : Running
        State; unbroken, long_run and taken are changed.
    day : int
        School day.
    rows : numpy.ndarray of int64
        Pupils who missed every reported lesson of the day.
    invalid : numpy.ndarray of bool, same shape
        Whether their absence is recorded as invalid.
    reported : numpy.ndarray of bool, shape (n,)
        Of which pupils any lesson was reported.
    """
    use = reported[rows] & (run.stay.first[rows] <= day) & (run.stay.left[rows] > day)
    use &= run.cases.ending[rows] != _MOVED
    kinds = {"total": use, "invalid": use & invalid, "valid": use & ~invalid}
    for length, rule in zip(run.unbroken, setting.staircase.runs, strict=True):
        grows = rows[kinds[rule.numerator]]
        longer = length[grows] + 1
        length[reported] = 0
        length[grows] = longer
        beyond = grows[longer > rule.longer_than_days]
        run.long_run[beyond] = True
        run.taken.run[beyond] = np.minimum(run.taken.run[beyond], day)


def referred_for_a_run(setting: Setting, pupils: Pupils, run: Running) -> npt.NDArray[np.bool_]:
    """Return who is referred since unbroken absence outgrew a rule in the month that ends.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    pupils : Pupils
        The pupils.
    run : Running
        State; the month's runs are forgotten.

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
        By one draw per pupil and year; nobody below the first grade.
    """
    drawn = uniform(pupils.lane, Purpose.RUN_REFERRAL) < setting.scenario.actions.run_referral
    who = run.long_run & drawn & (pupils.grade >= setting.scenario.referral.first_grade)
    run.long_run = np.zeros_like(run.long_run)
    return np.asarray(who)


def _here(run: Running, day: int) -> npt.NDArray[np.bool_]:
    """Return who has come and has not left."""
    stay = run.stay
    return np.asarray((stay.first <= day) & (stay.left > day) & (run.cases.ending != _MOVED))
