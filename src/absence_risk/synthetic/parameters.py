"""The parameters of a world, by mechanism. Bounds stand beside each; values stand in presets.

Units: rates and probabilities are per school day or school week as said, shares lie in [0, 1],
log-odds are natural logarithms, "per 10 points" means per 0.10 of absence share.
"""

from __future__ import annotations

from dataclasses import dataclass

from absence_risk.synthetic.declared import ANY, POSITIVE, SHARE, number, whole, word

__all__ = [
    "Avoidance",
    "Harm",
    "Label",
    "Lateness",
    "Referral",
    "Reporting",
    "Size",
    "Team",
    "Wellbeing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Schools and lessons.

    Parameters
    ----------
    municipalities : int
        Number of municipalities; schools are dealt to them in unequal numbers.
    pupils_per_school : int
        Pupils ÷ this, at least 4, is the number of schools.
    school_size_sd : float
        SD of the logarithm of school size.
    lessons : tuple of 3 int
        Lessons a day in grades 1–3, 4–6 and 7–9.
    lesson_minutes : int
        Minutes of a lesson.
    """

    municipalities: int = whole(1, 50)
    pupils_per_school: int = whole(20, 5000)
    school_size_sd: float = number((0, 2))
    lessons: tuple[int, ...] = whole(1, 8, 3)
    lesson_minutes: int = whole(10, 180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Avoidance:
    """The six-level ladder of avoidance and the lessons missed on each level.

    Parameters
    ----------
    propensity_sd : float
        σ_u, SD of the pupil's log-odds of moving up.
    school_sd : float
        σ_s, SD of the school's log-odds of moving up.
    grade : tuple of 9 float
        Log-odds added in grades 1–9.
    first_stage : tuple of 5 float
        P(level ≥ 2 … 6) at the start of the year for an average pupil; not increasing.
    up : tuple of 5 float
        Weekly probability of moving from level 1 … 5 to the next, for an average pupil.
    down : tuple of 5 float
        Weekly probability of moving down from level 2 … 6.
    beta_valid : float
        β_V: log-odds of moving up per 10 points of recent valid absence (mean over past days with
        weights falling 5 % a day). The causal effect of valid absence on later invalid absence.
    valid_shift : float
        Added to recent valid absence in the first term; 0 except under ``do=``.
    skip : tuple of 5 float
        Probability of skipping a lesson on level 2 … 6.
    avoided_share, avoided_skip : float
        Share of a pupil's weekly lessons that are avoided ones on level 3, and the probability
        of skipping such a lesson.
    day_out, day_out_again : tuple of 5 float
        Probability of missing a whole day on level 2 … 6 after a day at school, and after a day
        missed.
    weekday : tuple of 5 float
        Multiplier of skipping and of missing a day, Monday to Friday.
    """

    propensity_sd: float = number((0, 5))
    school_sd: float = number((0, 5))
    grade: tuple[float, ...] = number(ANY, 9)
    first_stage: tuple[float, ...] = number(SHARE, 5)
    up: tuple[float, ...] = number(SHARE, 5)
    down: tuple[float, ...] = number(SHARE, 5)
    beta_valid: float = number(ANY)
    valid_shift: float = number((-1, 1))
    skip: tuple[float, ...] = number(SHARE, 5)
    avoided_share: float = number(SHARE)
    avoided_skip: float = number(SHARE)
    day_out: tuple[float, ...] = number(SHARE, 5)
    day_out_again: tuple[float, ...] = number(SHARE, 5)
    weekday: tuple[float, ...] = number((0, 10), 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How absence through avoidance is recorded.

    Parameters
    ----------
    log_odds : tuple of 5 float
        Log-odds of being recorded as valid at onset, on level 2 … 6.
    drift_per_month : float
        κ_t: fall of the log-odds per month since the avoidance began (label drift).
    as_illness : float
        Share of such valid records that carry the code of illness (10), else guardian (50).
    """

    log_odds: tuple[float, ...] = number(ANY, 5)
    drift_per_month: float = number((0, 50))
    as_illness: float = number(SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """Late arrival, at the first lesson and at later ones.

    Parameters
    ----------
    share : tuple of 6 float
        Probability per school day on level 1 … 6, where the first lesson is attended.
    minutes : int
        Longest delay; delays are 1 to this many minutes, all equally likely, and never longer
        than a lesson.
    later : float
        Chance of being late for each later lesson that is attended, as a share of ``share``.
    """

    share: tuple[float, ...] = number(SHARE, 6)
    minutes: int = whole(1, 60)
    later: float = number(SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Lessons that nobody reported.

    Parameters
    ----------
    unreported : float
        Mean share of lessons not reported, by class.
    school_sd : float
        SD of the logarithm of a school's share.
    whole_day : float
        Share of these that comes from days on which a class is not reported at all.
    absent_extra : float
        Additional probability that a missed lesson is not reported: the MNAR dial.
    """

    unreported: float = number((0, 0.5))
    school_sd: float = number((0, 2))
    whole_day: float = number(SHARE)
    absent_extra: float = number(SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """From the staircase to the team, on recorded absence of the alarm month only.

    Parameters
    ----------
    staircase : str
        Preset of `absence_risk.policy`, with three steps per calendar month.
    first_grade : int
        Lowest grade the team takes.
    log_odds : tuple of 3 float
        Log-odds of referral at step 1, 2, 3 without absence.
    per_10_total, per_10_invalid : float
        Log-odds per 10 points of total, and of invalid, recorded absence in the alarm month.
    delay_days : int
        Referral comes 1 to this many school days after the month's end.
    """

    staircase: str = word()
    first_grade: int = whole(1, 10)
    log_odds: tuple[float, ...] = number(ANY, 3)
    per_10_total: float = number(ANY)
    per_10_invalid: float = number(ANY)
    delay_days: int = whole(1, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The attendance team: consent, waiting, effect, endings, relapse.

    Parameters
    ----------
    consent_guardian, consent_pupil : float
        Probabilities; without both the case ends as declined before it starts.
    decision_days : int
        Decision comes 1 to this many school days after referral.
    waiting_weeks : float
        Mean of the geometric number of school weeks from acceptance to start, at least 1.
    effect : float
        δ_T: fall of the log-odds of moving up, and rise of those of moving down, at full effect.
    ramp_weeks : float
        τ of the ramp 1 − exp(−weeks/τ).
    least_weeks : int
        No case closes as no longer needed before this many school weeks.
    no_longer_needed : float
        Weekly hazard at 85 % recent attendance.
    per_10_attendance : float
        Log hazard of it per 10 points of attendance over the past weeks.
    declined, moved : float
        Weekly hazards.
    other_service : float
        Weekly hazard on level 1.
    other_service_per_level : float
        Log hazard of it per level of the ladder.
    relapse : float
        Log-odds of moving up added after closing as no longer needed.
    relapse_weeks : int
        For how many school weeks.
    """

    consent_guardian: float = number(SHARE)
    consent_pupil: float = number(SHARE)
    decision_days: int = whole(1, 60)
    waiting_weeks: float = number((1, 52))
    effect: float = number(ANY)
    ramp_weeks: float = number((0.01, 52))
    least_weeks: int = whole(0, 52)
    no_longer_needed: float = number(POSITIVE)
    per_10_attendance: float = number(ANY)
    declined: float = number(POSITIVE)
    moved: float = number(POSITIVE)
    other_service: float = number(POSITIVE)
    other_service_per_level: float = number(ANY)
    relapse: float = number(ANY)
    relapse_weeks: int = whole(0, 52)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wellbeing:
    """Wellbeing before and after, answered on five items (graded response, Samejima 1969).

    Parameters
    ----------
    mean : float
        μ of latent wellbeing among pupils on level 1.
    per_level, propensity : float
        Fall of latent wellbeing per level of the ladder, and per unit of the pupil's effect u.
    noise_sd, change_sd : float
        SD of what else moves wellbeing before, and between before and after.
    stability : float
        ρ_θ: share of the deviation from μ that stays.
    per_10_absence : float
        Change of wellbeing per 10 points of change in absence (negative: more absence, worse).
    team_gain : float
        τ_W: gain through the team that does not run through absence.
    discrimination : float
        a of all items.
    difficulty : tuple of 5 float
        Shift of each item.
    thresholds : tuple of 4 float
        b of the steps from answer 1 to 5, increasing.
    follow_up_weeks : int
        Second survey at closing or this many school weeks after start, whichever is first.
    missing_before : float
        Probability of no answer before.
    answer_log_odds, answer_theta, answer_level, answer_gone : float
        Log-odds of an answer after: constant, per unit of wellbeing after (≠ 0 is missing not at
        random), per level of the ladder, and after moving or declining.
    """

    mean: float = number(ANY)
    per_level: float = number(ANY)
    propensity: float = number(ANY)
    noise_sd: float = number((0, 10))
    change_sd: float = number((0, 10))
    stability: float = number((-1, 1))
    per_10_absence: float = number(ANY)
    team_gain: float = number(ANY)
    discrimination: float = number((0, 10))
    difficulty: tuple[float, ...] = number(ANY, 5)
    thresholds: tuple[float, ...] = number(ANY, 4)
    follow_up_weeks: int = whole(1, 52)
    missing_before: float = number(SHARE)
    answer_log_odds: float = number(ANY)
    answer_theta: float = number(ANY)
    answer_level: float = number(ANY)
    answer_gone: float = number(ANY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """Grade points at the end of the year as a function of the year's true absence.

    Parameters
    ----------
    shape : {"none", "linear", "kink", "step", "smooth"}
        0; −slope·A; −slope·A − bend·(A − at)₊; −jump·1[A ≥ at]; −jump·expit((A − at)/width).
    mean : float
        Mean without absence.
    slope, bend : float
        Points lost per 10 points of absence, and additional ones above ``at``.
    at, width : float
        Share of absence at the kink, step or middle of the curve, and width of the curve.
    jump : float
        Points lost at the step, or over the whole curve.
    propensity : float
        Points lost per unit of the pupil's effect u: confounding.
    noise_sd : float
        SD of everything else, in points.
    first_grade : int
        Lowest grade with grade points.
    """

    shape: str = word("none", "linear", "kink", "step", "smooth")
    mean: float = number((-1000, 1000))
    slope: float = number((-1000, 1000))
    bend: float = number((-1000, 1000))
    at: float = number(SHARE)
    width: float = number((0.001, 1))
    jump: float = number((-1000, 1000))
    propensity: float = number((-1000, 1000))
    noise_sd: float = number((0, 1000))
    first_grade: int = whole(1, 10)
