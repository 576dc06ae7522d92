"""The team's cases, the questionnaire and grade points beside their closed forms."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.agreement.comparison import compare
from absence_risk.synthetic.agreement.months import recorded_by_month
from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.closed_forms.conditions import alike, referred_by_step
from absence_risk.synthetic.closed_forms.harm import points_at
from absence_risk.synthetic.closed_forms.team import (
    answer_chances,
    closing_hazards,
    item_means,
    open_weeks,
    referral_chance,
    score_mean,
    theta_after,
)
from absence_risk.synthetic.harm import grade_points
from absence_risk.synthetic.running import DECAY
from absence_risk.synthetic.wellbeing import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.agreement.comparison import Comparison
    from absence_risk.synthetic.parameters import Team, Wellbeing
    from absence_risk.synthetic.truth.tally import Tally
    from absence_risk.synthetic.wellbeing import Answers

    Floats = npt.NDArray[np.float64]
    Found = Iterator[Comparison | None]

__all__ = ["endings_agree", "harm_agrees", "pupils_agree", "referral_agrees", "wellbeing_agrees"]

_WAIT, _HORIZON = 6, 12  # school weeks
_BINS = (0.0, 0.05, 0.10, 0.20, 0.40, 1.01)


def pupils_agree(tally: Tally) -> Found:
    """Compare the lasting differences between pupils.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Grade, sex, and the moments of propensity and frailty.
    """
    pupils, scenario, school = tally.world.pupils, tally.world.scenario, tally.school
    yield compare("pupils.grade", pupils.grade, 5.0, school)
    yield compare("pupils.girls", pupils.girl, 0.487, school)
    spread = scenario.avoidance.propensity_sd
    if spread > 0 and alike(scenario):
        z = pupils.effect / spread
        yield compare("pupils.propensity_squared", z**2, 1.0, school)
        sigma = scenario.illness.frailty_sd
        of_grade = np.asarray(scenario.illness.grade)[pupils.grade.astype(np.int64) - 1]
        if sigma > 0 and (of_grade > 0).all():
            own = pupils.frailty / of_grade
            mixed = (np.log(own) + sigma**2 / 2) / sigma
            told = scenario.illness.correlation
            yield compare("pupils.frailty", own, 1.0, school)
            yield compare("pupils.frailty_with_propensity", z * mixed, told, school)


def referral_agrees(tally: Tally) -> Found:
    """Compare referral by step, consent, and the days and weeks until work starts.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Months whose referral could fall after the year's end are left out.
    """
    world = tally.world
    cases, year, scenario = world.cases, world.year, world.scenario
    if not referred_by_step(scenario):
        return
    step, (total, invalid) = world.taken.step, recorded_by_month(tally)
    ends = np.flatnonzero(np.diff(year.month, append=-1))
    inside = ends + scenario.referral.delay_days < len(year)
    taken = world.pupils.grade >= scenario.referral.first_grade
    sums = np.zeros((step.max(initial=0) + 1, 3, len(taken)))
    for month in np.flatnonzero(inside):
        free = taken & (cases.detected >= ends[month])
        at = step[:, month].astype(np.int64)
        told = referral_chance(
            scenario.referral, np.maximum(at, 1), total[:, month], invalid[:, month]
        )
        seen = cases.detected == ends[month]
        for k in range(1, len(sums)):
            sums[k] += np.stack([seen, told, np.ones(len(taken))]) * (free & (at == k))
    for k in range(1, len(sums)):
        name = f"referral.chance_step_{k}"
        yield compare(name, sums[k, 0], sums[k, 1], tally.school, weight=sums[k, 2])
    yield from _way_to_the_team(tally, int(ends[inside][-1]))


def _way_to_the_team(tally: Tally, last: int) -> Found:
    cases, year = tally.world.cases, tally.world.year
    team, referral = tally.world.scenario.team, tally.world.scenario.referral
    rows = np.flatnonzero(cases.detected <= last)
    school = tally.school[rows]
    days = cases.referred[rows] - cases.detected[rows]
    yield compare("team.referral_days", days, (1 + referral.delay_days) / 2, school)
    early = rows[cases.referred[rows] + team.decision_days < len(year)]
    days = cases.decided[early] - cases.referred[early]
    yield compare("team.decision_days", days, (1 + team.decision_days) / 2, tally.school[early])
    decided = np.flatnonzero(cases.decided < NEVER)
    agreed = cases.guardian[decided] & cases.pupil[decided]
    chance = team.consent_guardian * team.consent_pupil
    yield compare("team.consent_share", agreed, chance, tally.school[decided])
    week = year.week[cases.decided[decided]]
    seen = decided[agreed & (week + _WAIT < year.n_weeks)]
    begins = np.append(year.week, 10**6)[np.minimum(cases.started[seen], len(year))]
    wait = np.minimum(begins - year.week[cases.decided[seen]], _WAIT)
    told = float(((1 - 1 / team.waiting_weeks) ** np.arange(_WAIT)).sum())
    yield compare(f"team.wait_weeks, at most {_WAIT}", wait, told, tally.school[seen])


def endings_agree(tally: Tally) -> Found:
    """Compare weekly closings by cause, and where hazards are constant how long cases are open.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        Given recent attendance and level of each case in each week; unconditional ones where
        neither matters.
    """
    world, year = tally.world, tally.world.year
    team, cases = world.scenario.team, world.cases
    rows = np.flatnonzero(cases.started < NEVER)
    if not rows.size or not referred_by_step(world.scenario):
        return
    school = tally.school[rows]
    start, shut = (
        np.append(year.week, 10**6)[np.minimum(day[rows], len(year))]
        for day in (cases.started, cases.closed)
    )
    attendance = _attendance(tally, rows)
    sums = np.zeros((len(ENDINGS), 3, rows.size))
    for week in range(year.n_weeks):
        is_open = (start <= week) & (week <= shut)
        level = world.days.level[rows, week].astype(np.int64)
        hazard = closing_hazards(team, week - start, attendance[:, week], level)
        whole = hazard.sum(axis=0)
        closes = -np.expm1(-whole) / np.maximum(whole, 1e-300)
        for cause in range(1, len(ENDINGS)):
            seen = (shut == week) & (cases.ending[rows] == cause)
            told = hazard[cause - 1] * closes
            sums[cause] += np.stack([seen, told, np.ones(rows.size)]) * is_open
    for cause in range(1, len(ENDINGS)):
        seen, told, n = sums[cause]
        yield compare(f"closing.weekly_chance_{ENDINGS[cause]}", seen, told, school, weight=n)
    if team.no_longer_needed == 0 and team.other_service_per_level == 0:
        followed = start + _HORIZON < year.n_weeks
        lasts, ending = (shut - start)[followed], cases.ending[rows][followed]
        yield from _open_agrees(team, lasts, ending, school[followed])


def _open_agrees(
    team: Team,
    lasts: npt.NDArray[np.int64],
    ending: npt.NDArray[np.int64],
    school: npt.NDArray[np.int64],
) -> Found:
    """Compare how long cases are open, and their endings, where hazards are constant."""
    rates = {name: float(getattr(team, name)) for name in ENDINGS[2:]}
    whole = sum(rates.values())
    # a case that closes at the end of its first week has been open for 0 weeks after it
    told = open_weeks(whole, _HORIZON + 1) - 1
    weeks = np.minimum(lasts, _HORIZON)
    yield compare(f"closing.weeks_open_of_{_HORIZON}", weeks, told, school)
    closed = float(-np.expm1(-whole * _HORIZON))
    for name, rate in rates.items():
        soon = (lasts < _HORIZON) & (ending == ENDINGS.index(name))
        told = closed * rate / whole
        yield compare(f"closing.share_{name} by week {_HORIZON}", soon, told, school)


def _attendance(tally: Tally, rows: npt.NDArray[np.int64]) -> Floats:
    """Return recent attendance at the end of each school week: weights fall 5 % a day."""
    year = tally.world.year
    here = 1 - tally.missed[rows] / tally.lessons[rows, None]
    now, out = np.ones(rows.size), np.empty((rows.size, year.n_weeks))
    for day, week in enumerate(year.week.tolist()):
        now = (1 - DECAY) * now + DECAY * here[:, day]
        out[:, week] = now
    return out


def wellbeing_agrees(tally: Tally) -> Found:
    """Compare the questionnaire: answers given latent wellbeing, and latent wellbeing.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        By item and wave; latent wellbeing and scores where neither levels nor absence move it.
    """
    plan = tally.world.scenario.wellbeing
    found = answer(tally.world)
    school = tally.school[found.rows]
    due = found.day[:, 1] < NEVER
    for wave, used in ((0, np.ones(len(school), dtype=bool)), (1, due)):
        told = item_means(plan, found.theta[used, wave])
        for item, mean in enumerate(told, start=1):
            seen = found.response[used, wave, item - 1]
            yield compare(f"wellbeing.item_{item}, wave {wave}", seen, mean, school[used])
    silent = found.missing[:, 0] >= 0
    yield compare("wellbeing.missing_before", silent, plan.missing_before, school)
    if plan.per_level or plan.propensity or plan.per_10_absence:
        return
    yield from _latent_agrees(plan, found, tally.school)


def _latent_agrees(plan: Wellbeing, found: Answers, school: npt.NDArray[np.int64]) -> Found:
    """Compare latent wellbeing and scores of all, and of those who answered."""
    due = found.day[:, 1] < NEVER
    before, after = found.theta[:, 0], found.theta[due, 1]
    school, own = school[found.rows], school[found.rows][due]
    score = found.response.mean(axis=2)
    mean, spread = theta_after(plan)
    start = score_mean(plan, plan.mean, plan.noise_sd)
    yield compare("wellbeing.theta_before", before, plan.mean, school)
    yield compare("wellbeing.theta_after", after, mean, own)
    yield compare("wellbeing.theta_after_variance", (after - mean) ** 2, spread**2, own)
    yield compare("wellbeing.score_before", score[:, 0], start, school)
    yield compare("wellbeing.score_after", score[due, 1], score_mean(plan, mean, spread), own)
    if plan.answer_level == plan.answer_gone == 0:
        told = found.missing[due, 1] < 0
        share, theta, points = answer_chances(plan)
        yield compare("wellbeing.missing_follow_up", ~told, 1 - share, own)
        yield compare("wellbeing.theta_answered", told * after, theta, own, weight=told)
        seen = told * score[due, 1]
        yield compare("wellbeing.score_answered", seen, points, own, weight=told)


def harm_agrees(tally: Tally) -> Found:
    """Compare grade points at the end of the year with the dose response.

    Parameters
    ----------
    tally : Tally
        The world.

    Yields
    ------
    Comparison or None
        By band of absence, given the pupil's own effect.
    """
    harm = tally.world.scenario.harm
    rows, points = grade_points(tally.world)
    absence = tally.share()[rows]
    told = points_at(harm, absence) - harm.propensity * tally.world.pupils.effect[rows]
    for low, high in itertools.pairwise(_BINS):
        use = (absence >= low) & (absence < high)
        name = f"threshold.expected_outcome from {100 * low:g} %"
        yield compare(name, points[use], told[use], tally.school[rows][use])
