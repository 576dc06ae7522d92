"""One school year of a block of pupils, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from absence_risk.synthetic import (
    actions,
    aftercare,
    avoidance,
    cases,
    enrolment,
    illness,
    policy,
    reporting,
)
from absence_risk.synthetic.counter import Purpose, uniform
from absence_risk.synthetic.days import GUARDIAN, ILLNESS, INVALID, LEAVE, Days
from absence_risk.synthetic.running import Running
from absence_risk.synthetic.surroundings import REFERRALS

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.actions import Taken
    from absence_risk.synthetic.cases import Cases
    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.setting import Setting

__all__ = ["Simulated", "simulate_block"]


class Simulated(NamedTuple):
    """A school year of some pupils.

    Parameters
    ----------
    days : Days
        What happened to each pupil on each day; views of arrays ordered by day.
    cases : Cases
        The team's cases.
    left : numpy.ndarray of int64, shape (n,)
        Last school day of who left other than through a case, else `NEVER`.
    taken : Taken
        What the staircase said after each month, and what was done.
    """

    days: Days
    cases: Cases
    left: npt.NDArray[np.int64]
    taken: Taken


def simulate_block(setting: Setting, pupils: Pupils) -> Simulated:
    """Simulate a school year of some pupils.

    Parameters
    ----------
    setting : Setting
        What all blocks share.
    pupils : Pupils
        The pupils of this block; whole schools while the surroundings are being made.

    Returns
    -------
    Simulated
        What happened to them.
    """
    year = setting.year
    shape = (len(year), len(pupils))
    reason, missed, unreported, late = (np.zeros(shape, dtype=np.uint8) for _ in range(4))
    level = np.zeros((year.n_weeks, len(pupils)), dtype=np.uint8)
    run = Running(setting, pupils)
    onset = illness.onset_rates(setting.scenario.illness, year)
    leave = illness.onset_rates(setting.scenario.leave, year)
    dow = illness.weekday(year)
    classes = reporting.class_index(pupils)
    first, last = _ends(year.week)
    _, month_last = _ends(year.month)
    for day in range(len(year)):
        if first[day]:
            _begin_week(setting, pupils, run, day)
            level[year.week[day]] = run.ladder.level
        reason[day], missed[day] = _absences(
            setting, pupils, run, day=day, onset=onset[day], leave=leave[day], dow=int(dow[day])
        )
        _ask_for_certificates(setting, pupils, run, reason[day], day)
        silent = unreported[day]
        np.take(setting.unreported[day], classes, out=silent, mode="clip")  # quicker than "raise"
        absent = np.flatnonzero(missed[day] != 0)
        silent[absent] |= reporting.unreported_if_absent(
            setting.scenario.reporting, pupils.lane[absent], missed[day, absent], day
        )
        here = ((missed[day] | unreported[day]) & 1) == 0
        late[day] = reporting.late_minutes(
            setting.scenario.lateness, pupils, run.ladder.level, here, day
        )
        why, lost = reason[day, absent], missed[day, absent]
        run.remember(pupils, day, absent=absent, reason=why, missed=lost, unreported=silent[absent])
        if setting.scenario.actions.run_referral > 0:
            invalid = why == INVALID
            reported = pupils.every & ~silent
            whole = (lost & reported[absent]) == reported[absent]
            policy.watch_runs(
                setting, run, day, rows=absent[whole], invalid=invalid[whole], reported=reported > 0
            )
        if last[day]:
            _end_week(setting, pupils, run, day)
        if month_last[day]:
            _end_month(setting, pupils, run, day)
    days = Days(reason.T, missed.T, unreported.T, late.T, level.T)
    return Simulated(days, run.cases, run.stay.left, run.taken)


def _ends(label: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which days are the first and which the last of their week or month."""
    change = label[1:] != label[:-1]
    return np.r_[True, change], np.r_[change, True]


def _begin_week(setting: Setting, pupils: Pupils, run: Running, day: int) -> None:
    """Move the ladder, except in the first week, and note the level of cases that start."""
    scenario, year = setting.scenario, setting.year
    if day > 0:
        help_, pressure = policy.support(setting, pupils, run, day)
        shift = scenario.avoidance.valid_shift if year.terms[day] == year.terms[0] else 0.0
        week = int(year.week[day])
        draw = uniform(pupils.lane, Purpose.STAGE, week)
        avoidance.move(
            run.ladder,
            scenario.avoidance,
            draw,
            week,
            valid=run.valid + shift,
            help_=help_,
            relapse=pressure,
        )
    starts = run.cases.started == day
    run.cases.level_start[starts] = run.ladder.level[starts]


def _end_week(setting: Setting, pupils: Pupils, run: Running, day: int) -> None:
    """Close cases, and let pupils leave."""
    cases.close_week(
        run.cases,
        setting.scenario.team,
        ladder=run.ladder,
        attendance=run.attendance,
        lane=pupils.lane,
        day=day,
        year=setting.year,
    )
    plan = setting.scenario.aftercare
    aftercare.book_boosters(run.cases, plan, pupils.lane, day, setting.year)
    enrolment.close_week(
        run.stay,
        run.cases,
        setting.scenario.enrolment,
        attendance=run.attendance,
        level=run.ladder.level,
        lane=pupils.lane,
        day=day,
        year=setting.year,
    )


def _ask_for_certificates(
    setting: Setting, pupils: Pupils, run: Running, reason: npt.NDArray[np.uint8], day: int
) -> None:
    """Turn excused absence without the certificate that was asked for into invalid, in place."""
    if not len(run.force.certificate):
        return
    week = int(setting.year.week[day])
    asked = np.flatnonzero(run.force.certificate[week])
    asked = asked[(reason[asked] == ILLNESS) | (reason[asked] == GUARDIAN)]
    plan = setting.scenario.actions
    rows = actions.without_certificate(plan, asked, lane=pupils.lane, ill=run.ill, week=week)
    reason[rows] = INVALID


def _absences(
    setting: Setting,
    pupils: Pupils,
    run: Running,
    *,
    day: int,
    onset: float,
    leave: float,
    dow: int,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the code of the day's absence and the lessons missed."""
    scenario = setting.scenario
    draw = uniform(pupils.lane, Purpose.ILLNESS, day)
    frailty = pupils.frailty
    if run.any_outbreak:
        frailty = illness.in_outbreak(frailty, scenario.outbreak, run.outbreak, day)
    falls = illness.falls_ill(draw, onset, frailty)
    if run.course is None:
        run.ill = illness.advance(run.ill, draw, falls, scenario.illness.mean_days)
    else:
        run.ill = run.course.advance(draw, falls)
    draw = uniform(pupils.lane, Purpose.LEAVE, day)
    granted = draw < leave * pupils.leave
    run.away = illness.advance(run.away, draw, granted, scenario.leave.mean_days)
    reason = np.where(run.ill, np.uint8(ILLNESS), np.uint8(LEAVE) * run.away)
    missed = pupils.every * (reason > 0)
    rows = np.flatnonzero((run.ladder.level > 1) & (reason == 0))
    bits = avoidance.missed_lessons(
        run.ladder, scenario.avoidance, pupils, setting.timetable, rows=rows, day=day, dow=dow
    )
    missed[rows] = bits
    rows = rows[bits > 0]
    week = int(setting.year.week[day])
    valid = avoidance.recorded_valid(
        run.ladder, scenario.label, pupils.lane, rows=rows, day=day, week=week
    )
    said_ill = uniform(pupils.lane[rows], Purpose.AS_ILLNESS, day) < scenario.label.as_illness
    reason[rows] = np.where(valid, np.where(said_ill, ILLNESS, GUARDIAN), INVALID)
    return reason, missed


def _end_month(setting: Setting, pupils: Pupils, run: Running, day: int) -> None:
    """Climb the staircase on the month's recorded absence, act on its steps, refer, open cases."""
    year, scenario = setting.year, setting.scenario
    month = int(year.month[day])
    there = run.stay.offered(np.flatnonzero(year.month == month))
    offered = pupils.lessons.astype(np.int64) * np.maximum(there, 1)
    total, invalid = run.month_total / offered, run.month_invalid / offered
    counted = {"total": total, "invalid": invalid, "valid": total - invalid}
    share = counted[setting.staircase.numerator]
    step = setting.staircase.step_of(share)
    policy.take_actions(setting, pupils, run, day, step=step, share=share, offered=offered)
    referred = cases.refer(
        scenario.referral, pupils, month, step=step, total=total, invalid=invalid
    )
    if scenario.actions.run_referral > 0:
        referred |= policy.referred_for_a_run(setting, pupils, run)
    here = (run.stay.left > day) & (run.cases.detected == cases.NEVER)
    who = np.flatnonzero(referred & here)
    who = policy.served(setting, pupils, REFERRALS, day, rows=who, share=share)
    run.cases.step[who] = step[who]
    run.cases.total[who], run.cases.invalid[who] = total[who], invalid[who]
    cases.open_cases(
        run.cases,
        who,
        day=day,
        lane=pupils.lane,
        referral=scenario.referral,
        team=scenario.team,
        year=year,
    )
    run.month_total[:] = 0
    run.month_invalid[:] = 0
