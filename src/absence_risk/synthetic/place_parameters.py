"""The parameters of people and places, by mechanism; units as in `synthetic.parameters`."""

from __future__ import annotations

from dataclasses import dataclass

from absence_risk.synthetic.declared import SHARE, number

__all__ = ["Illness", "Leave"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Illness:
    """Semi-Markov illness: onset with season and weekday, geometric duration (METHODS 2.2).

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
    """

    onset_rate: float = number(SHARE)
    frailty_sd: float = number((0, 3))
    correlation: float = number((-1, 1))
    grade: tuple[float, ...] = number((0, 10), 9)
    season_amplitude: float = number(SHARE)
    season_peak_day: float = number((0, 366))
    weekday: tuple[float, ...] = number((0, 10), 5)
    mean_days: float = number((1, 60))


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
