"""Parameters of what a municipality does: actions of the steps, shared staff, after the team.

Units are those of `absence_risk.synthetic.parameters`.
"""

from __future__ import annotations

from dataclasses import dataclass

from absence_risk.synthetic.declared import ANY, SHARE, number, whole, word

__all__ = ["Actions", "Aftercare", "Interference"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What the school does about a step of the staircase.

    Parameters
    ----------
    chance : tuple of 3 float
        π_j, probability that the action of step j is taken after a month that reaches it; a month
        on step 3 may bring all three. The jump of this probability at the step is exactly π_j.
    delay_days : float
        Mean of the gamma distributed delay in school days; rounded up, at least 1.
    delay_shape : float
        Shape of that distribution; 1 is exponential.
    effect : tuple of 3 float
        δ_j: fall of the log-odds of moving up, and rise of those of moving down, while the action
        of step j lasts; the actions of several steps add up.
    weeks : int
        School weeks an action lasts, from the first week that begins after the delay; 60 lasts to
        the end of any year.
    certificate_step : int
        Step whose action may bring the demand for a medical certificate.
    certificate : float
        Probability of the demand where that action is taken.
    certificate_weeks : int
        School weeks the demand lasts.
    certificate_missing : tuple of 2 float
        Probability, in a week, that illness, and that excused avoidance, is recorded as invalid
        for want of a certificate.
    run_referral : float
        Probability of referral at the end of a month in which unbroken absence outgrew a rule of
        the staircase.
    """

    chance: tuple[float, ...] = number(SHARE, 3)
    delay_days: float = number((0, 100))
    delay_shape: float = number((0.1, 100))
    effect: tuple[float, ...] = number(ANY, 3)
    weeks: int = whole(1, 60)
    certificate_step: int = whole(1, 3)
    certificate: float = number(SHARE)
    certificate_weeks: int = whole(1, 60)
    certificate_missing: tuple[float, ...] = number(SHARE, 2)
    run_referral: float = number(SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interference:
    """What pupils of a school share, so that help for one changes the days of another.

    Parameters
    ----------
    peers : float
        Log-odds of moving up per 10 points of the class (school and grade, the pupil included)
        who stood above level 1 in the week before; 0 is none.
    actions_per_100 : float
        Of 100 pupils of a school, for how many its staff can act after one month; 100 is no limit.
    referrals_per_100 : float
        Of 100 pupils of a school, how many the team can take in after one month; 100 is no limit.
    order : {"absence", "lottery"}
        Who comes first where there are too few places: most absence, or by lot.
    """

    peers: float = number(ANY)
    actions_per_100: float = number((0, 100))
    referrals_per_100: float = number((0, 100))
    order: str = word("absence", "lottery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftercare:
    """What remains of the team's work after closing, and the booster meeting.

    Parameters
    ----------
    carry_over_weeks : float
        τ_c of the decay exp(−weeks since closing/τ_c) of the team's effect; 0 ends it at once.
    booster : float
        Probability of a booster meeting after closing as no longer needed.
    booster_days : tuple of 2 int
        The meeting comes this many school days after closing, from least to most.
    booster_effect : float
        β_b: fall of the log-odds of moving up after the meeting.
    booster_weeks : int
        School weeks this fall lasts.
    """

    carry_over_weeks: float = number((0, 52))
    booster: float = number(SHARE)
    booster_days: tuple[int, ...] = whole(1, 200, 2)
    booster_effect: float = number(ANY)
    booster_weeks: int = whole(0, 52)
