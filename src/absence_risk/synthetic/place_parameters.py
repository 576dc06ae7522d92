"""The parameters of people and places, by mechanism; units as in `synthetic.parameters`."""

from __future__ import annotations

from dataclasses import dataclass

from absence_risk.synthetic.declared import ANY, POSITIVE, SHARE, number, whole, word

__all__ = ["Background", "Enrolment", "Illness", "Leave", "Outbreak", "Places"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Illness:
    """Semi-Markov illness: onset with season and weekday, spells of any length.

    Parameters
    ----------
    onset_rate : float
        λ, onsets per school day for a well pupil of average frailty.
    frailty_sd : float
        σ_ν, SD of log frailty; E ν = 1.
    correlation : float
        ρ between log frailty and the propensity to avoid school: the confounding dial.
    grade : tuple of 9 float
        Multiplier of onset in grades 1–9.
    season_amplitude, season_peak_day : float
        α and φ of 1 + α cos(2π(day of year − φ)/365.25).
    weekday : tuple of 5 float
        Multiplier of onset, Monday to Friday.
    mean_days : float
        Mean duration in school days, at least 1.
    duration : {"geometric", "negative_binomial", "lognormal"}
        Distribution of the duration; all but the first remember how long a spell has lasted.
    spread : float
        Size r of the negative binomial, or σ of the lognormal; without meaning if geometric.
    """

    onset_rate: float = number(SHARE)
    frailty_sd: float = number((0, 3))
    correlation: float = number((-1, 1))
    grade: tuple[float, ...] = number((0, 10), 9)
    season_amplitude: float = number(SHARE)
    season_peak_day: float = number((0, 366))
    weekday: tuple[float, ...] = number((0, 10), 5)
    mean_days: float = number((1, 60))
    duration: str = word("geometric", "negative_binomial", "lognormal")
    spread: float = number((0.05, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Granted leave: some families ask for it often, most seldom.

    Parameters
    ----------
    onset_rate : float
        Probability per school day for a pupil of average frailty; with frailty, season and
        weekday at most 1.
    frailty_sd : float
        SD of the log of the pupil's multiplier of onset; its mean is 1.
    correlation : float
        Between that logarithm and log frailty of illness.
    season_amplitude, season_peak_day : float
        α and φ of 1 + α cos(2π(day of year − φ)/365.25).
    weekday : tuple of 5 float
        Multiplier of onset, Monday to Friday.
    mean_days : float
        Mean duration in school days, geometric.
    """

    onset_rate: float = number(SHARE)
    frailty_sd: float = number((0, 3))
    correlation: float = number((-1, 1))
    season_amplitude: float = number(SHARE)
    season_peak_day: float = number((0, 366))
    weekday: tuple[float, ...] = number((0, 10), 5)
    mean_days: float = number((1, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How municipalities differ, and special schools.

    Parameters
    ----------
    municipality_sd : float
        σ_m, SD of the municipality's log-odds of moving up the ladder.
    municipality_illness_sd : float
        SD of the log of the municipality's multiplier of the onset of illness; its mean is 1.
    special_share : float
        Probability that a school is a special school; all its pupils get special support.
    special_size : float
        Size of a special school relative to another.
    special_up : float
        Log-odds of moving up the ladder added in special schools.
    special_illness : float
        Multiplier of the onset of illness in special schools.
    """

    municipality_sd: float = number((0, 5))
    municipality_illness_sd: float = number((0, 2))
    special_share: float = number((0, 0.5))
    special_size: float = number((0.01, 10))
    special_up: float = number(ANY)
    special_illness: float = number((0, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Socio-economic band and special support of pupils, and what goes with them.

    Parameters
    ----------
    low, high : float
        Shares of pupils in the lowest and the highest band of socio-economic status; where both
        are 0 the band is not recorded.
    clustering : float
        Share of the variance of latent status that lies between schools.
    low_up, high_up : float
        Log-odds of moving up the ladder added in these bands.
    low_illness, high_illness : float
        Multipliers of the onset of illness in these bands.
    sen : float
        Share of pupils with special support outside special schools; where it is 0 and there are
        no special schools it is not recorded.
    sen_up : float
        Log-odds of moving up the ladder added for them.
    sen_illness : float
        Multiplier of the onset of illness for them.
    """

    low: float = number((0, 0.5))
    high: float = number((0, 0.5))
    clustering: float = number((0, 0.9))
    low_up: float = number(ANY)
    high_up: float = number(ANY)
    low_illness: float = number((0, 10))
    high_illness: float = number((0, 10))
    sen: float = number((0, 0.5))
    sen_up: float = number(ANY)
    sen_illness: float = number((0, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbreak:
    """Outbreaks of illness: at most one a year in a school or class, at any time.

    Parameters
    ----------
    share : float
        Probability of one in a school year.
    scope : {"school", "class"}
        Who shares an outbreak: the whole school, or a grade of it.
    days : int
        Length in school days; it begins with a school week, all equally likely.
    multiplier : float
        Multiplier of the onset of illness while it lasts.
    """

    share: float = number(SHARE)
    scope: str = word("school", "class")
    days: int = whole(1, 60)
    multiplier: float = number((0, 50))


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Who comes and who goes during the year, beside the moves that end a case.

    Parameters
    ----------
    joining : float
        Share of pupils who come during the year, at the start of any school week but the first.
    leaving : float
        Weekly hazard of leaving at full recent attendance, at the end of a school week.
    leaving_per_10 : float
        Log hazard of leaving per 10 points of recent absence (mean over past days with weights
        falling 5 % a day).
    """

    joining: float = number(SHARE)
    leaving: float = number(POSITIVE)
    leaving_per_10: float = number(ANY)
