"""Referral by the staircase, and the team's cases: consent, waiting, endings, relapse."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.synthetic.counter import Purpose, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.avoidance import Ladder
    from absence_risk.synthetic.parameters import Referral, Team
    from absence_risk.synthetic.pupils import Pupils

__all__ = ["ENDINGS", "NEVER", "Cases", "close_week", "open_cases", "refer", "support"]

ENDINGS = ("", "no_longer_needed", "declined", "moved", "other_service")
NEVER = 10_000


@dataclass(frozen=True, eq=False)
class Cases:
    """One possible case per pupil; days are school-day indices, `NEVER` where not reached.

    Parameters
    ----------
    detected, referred, decided, started, closed : numpy.ndarray of int64, shape (n,)
        End of the alarm month, referral, decision on consent, first and last day of the work.
    booster : numpy.ndarray of int64, shape (n,)
        Booster meeting after closing.
    guardian, pupil : numpy.ndarray of bool, shape (n,)
        Consent, where decided.
    ending : numpy.ndarray of int64, shape (n,)
        Index into `ENDINGS`; 0 while open.
    level_start, level_end : numpy.ndarray of int64, shape (n,)
        Level of the ladder at start and at closing; 0 where not reached.
    step : numpy.ndarray of int64, shape (n,)
        Step of the staircase in the alarm month.
    total, invalid : numpy.ndarray of float64, shape (n,)
        Recorded absence shares in the alarm month.
    """

    detected: npt.NDArray[np.int64]
    referred: npt.NDArray[np.int64]
    decided: npt.NDArray[np.int64]
    started: npt.NDArray[np.int64]
    closed: npt.NDArray[np.int64]
    booster: npt.NDArray[np.int64]
    guardian: npt.NDArray[np.bool_]
    pupil: npt.NDArray[np.bool_]
    ending: npt.NDArray[np.int64]
    level_start: npt.NDArray[np.int64]
    level_end: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    total: npt.NDArray[np.float64]
    invalid: npt.NDArray[np.float64]

    @classmethod
    def none(cls, n: int) -> Cases:
        """Return the state in which nobody has a case.

        Parameters
        ----------
        n : int
            Number of pupils.

        Returns
        -------
        Cases
            Writable arrays.
        """
        arrays: dict[str, Any] = {name: np.full(n, NEVER, dtype=np.int64) for name in _DAYS}
        arrays |= {name: np.zeros(n, dtype=np.int64) for name in _COUNTS}
        arrays |= {name: np.zeros(n, dtype=bool) for name in ("guardian", "pupil")}
        arrays |= {name: np.zeros(n) for name in ("total", "invalid")}
        return cls(**arrays)

    @classmethod
    def join(cls, parts: list[Cases]) -> Cases:
        """Join the cases of consecutive blocks.

        Parameters
        ----------
        parts : list of Cases
            Blocks in order.

        Returns
        -------
        Cases
            All of them.
        """
        names = [declared.name for declared in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Cases:
        """Return those of some of the pupils."""
        return Cases(*(getattr(self, declared.name)[rows] for declared in fields(self)))


_DAYS = ("detected", "referred", "decided", "started", "closed", "booster")
_COUNTS = ("ending", "level_start", "level_end", "step")


def refer(
    referral: Referral,
    pupils: Pupils,
    month: int,
    *,
    step: npt.NDArray[np.int8],
    total: npt.NDArray[np.float64],
    invalid: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Return whom the school refers at the end of a month.

    logit P = log_odds_step + total · per_10_total/0.1 + invalid · per_10_invalid/0.1, on recorded
    absence of this month only; nobody below the first step or the first grade.

    Parameters
    ----------
    referral : Referral
        Parameters.
    pupils : Pupils
        The pupils.
    month : int
        Number of the month, which the draw depends on.
    step : numpy.ndarray of int8
        Step reached.
    total, invalid : numpy.ndarray of float64
        Recorded absence shares.

    Returns
    -------
    numpy.ndarray of bool
        Who is referred.
    """
    base = np.asarray((-np.inf, *referral.log_odds))[step]
    log_odds = base + (referral.per_10_total * total + referral.per_10_invalid * invalid) / 0.1
    with np.errstate(over="ignore"):
        chance = 1 / (1 + np.exp(-log_odds))
    drawn = uniform(pupils.lane, Purpose.REFERRAL, month) < chance
    return np.asarray(drawn & (pupils.grade >= referral.first_grade))


def open_cases(
    cases: Cases,
    who: npt.NDArray[np.int64],
    *,
    day: int,
    lane: npt.NDArray[np.uint64],
    referral: Referral,
    team: Team,
    year: SchoolCalendar,
) -> None:
    """Open cases after a month's end and fix all days up to the start, in place.

    Parameters
    ----------
    cases : Cases
        State.
    who : numpy.ndarray of int64
        Rows referred; rows that have a case already, or whose referral would fall after the last
        school day, are left alone.
    day : int
        Last school day of the alarm month.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    referral : Referral
        Parameters.
    team : Team
        Parameters.
    year : SchoolCalendar
        The school days.
    """
    own = lane[who]
    referred = day + _delay(own, Purpose.REFERRAL_DELAY, referral.delay_days)
    new = (cases.detected[who] == NEVER) & (referred < len(year))
    who, own, referred = who[new], own[new], referred[new]
    decided = referred + _delay(own, Purpose.DECISION_DELAY, team.decision_days)
    known = decided < len(year)
    decided = np.where(known, decided, NEVER)
    guardian = known & (uniform(own, Purpose.CONSENT_GUARDIAN) < team.consent_guardian)
    pupil = known & (uniform(own, Purpose.CONSENT_PUPIL) < team.consent_pupil)
    agreed = guardian & pupil
    week = np.append(year.week, NEVER)[np.minimum(decided, len(year))]
    week = week + _geometric(uniform(own, Purpose.WAITING), team.waiting_weeks)
    starts = np.searchsorted(year.week, np.arange(year.n_weeks))
    begins = np.append(starts, NEVER)[np.minimum(week, year.n_weeks)]
    cases.detected[who] = day
    cases.referred[who] = referred
    cases.decided[who] = decided
    cases.guardian[who] = guardian
    cases.pupil[who] = pupil
    cases.started[who] = np.where(agreed, begins, NEVER)
    cases.closed[who] = np.where(known & ~agreed, decided, NEVER)
    cases.ending[who] = np.where(known & ~agreed, ENDINGS.index("declined"), 0)


def support(
    cases: Cases, team: Team, day: int, year: SchoolCalendar
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the team's effect and the pressure to relapse in the week that begins.

    Parameters
    ----------
    cases : Cases
        State.
    team : Team
        Parameters.
    day : int
        First school day of the week.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    help_, relapse : numpy.ndarray of float64
        effect · (1 − exp(−weeks since start / ramp)) while the case is open, else 0; and the
        relapse log-odds in the weeks after closing as no longer needed, else 0.
    """
    weeks = np.append(year.week, NEVER)
    week = int(year.week[day])
    last = len(year)
    worked = week - weeks[np.minimum(cases.started, last)]
    active = (worked >= 0) & (cases.closed >= day)
    help_ = np.where(active, -team.effect * np.expm1(-np.maximum(worked, 0) / team.ramp_weeks), 0.0)
    gone = week - weeks[np.minimum(cases.closed, last)]
    after = (gone > 0) & (gone <= team.relapse_weeks)
    after &= cases.ending == ENDINGS.index("no_longer_needed")
    return help_, np.where(after, team.relapse, 0.0)


def close_week(
    cases: Cases,
    team: Team,
    *,
    ladder: Ladder,
    attendance: npt.NDArray[np.float64],
    lane: npt.NDArray[np.uint64],
    day: int,
    year: SchoolCalendar,
) -> None:
    """Close cases at the end of a school week, in place.

    Cause-specific weekly hazards: no longer needed = h · exp(γ (attendance − 0.85)/0.1) from the
    least number of weeks on; declined and moved constant; other service grows with the level.
    P(close) = 1 − exp(−Σh), and the cause is drawn in proportion to h.

    Parameters
    ----------
    cases : Cases
        State.
    team : Team
        Parameters.
    ladder : Ladder
        Levels.
    attendance : numpy.ndarray of float64
        Recent share of lessons attended.
    lane : numpy.ndarray of uint64
        Lanes of all pupils.
    day : int
        Last school day of the week.
    year : SchoolCalendar
        The school days.
    """
    rows = np.flatnonzero((cases.started <= day) & (cases.ending == 0))
    if not rows.size:
        return
    week = int(year.week[day])
    worked = week - year.week[cases.started[rows]]
    better = np.exp(team.per_10_attendance * (attendance[rows] - 0.85) / 0.1)
    hazard = np.stack(
        [
            np.where(worked + 1 >= team.least_weeks, team.no_longer_needed * better, 0.0),
            np.full(rows.size, team.declined),
            np.full(rows.size, team.moved),
            team.other_service * np.exp(team.other_service_per_level * (ladder.level[rows] - 1)),
        ]
    )
    whole = hazard.sum(axis=0)
    closes = uniform(lane[rows], Purpose.CLOSING, week) < -np.expm1(-whole)
    at = uniform(lane[rows], Purpose.ENDING, week) * whole
    cause = 1 + (at >= np.cumsum(hazard, axis=0)[:-1]).sum(axis=0)
    shut = rows[closes]
    cases.closed[shut] = day
    cases.ending[shut] = cause[closes]
    cases.level_end[shut] = ladder.level[shut]


def _delay(lane: npt.NDArray[np.uint64], purpose: Purpose, longest: int) -> npt.NDArray[np.int64]:
    """Return a delay of 1 to ``longest`` school days."""
    return 1 + np.floor(longest * uniform(lane, purpose)).astype(np.int64)


def _geometric(draw: npt.NDArray[np.float64], mean: float) -> npt.NDArray[np.int64]:
    """Return geometric numbers of at least 1 with the given mean."""
    if mean <= 1:
        return np.ones(draw.shape, dtype=np.int64)
    weeks = np.floor(np.log(draw) / np.log1p(-1 / mean))
    return np.asarray(1 + weeks, dtype=np.int64)
