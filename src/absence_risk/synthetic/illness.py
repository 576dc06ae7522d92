"""Illness and granted leave: spells with geometric duration, onset by season and weekday."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.synthetic.place_parameters import Illness, Leave, Outbreak

__all__ = ["advance", "falls_ill", "in_outbreak", "onset_rates", "weekday"]


def weekday(year: SchoolCalendar) -> npt.NDArray[np.int64]:
    """Return the weekday of each school day.

    Parameters
    ----------
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of int64, shape (n_days,)
        0 for Monday to 4 for Friday.
    """
    return np.asarray((year.dates.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def onset_rates(illness: Illness | Leave, year: SchoolCalendar) -> npt.NDArray[np.float64]:
    """Return the rate of onset on each school day for frailty 1: λ S(t) W(weekday).

    Parameters
    ----------
    illness : Illness or Leave
        Parameters.
    year : SchoolCalendar
        The school days.

    Returns
    -------
    numpy.ndarray of float64, shape (n_days,)
        Rates; P(onset) = 1 − exp(−rate · frailty) for illness, min(1, rate · frailty) for leave.
    """
    january = year.dates.astype("datetime64[Y]").astype("datetime64[D]")
    day_of_year = (year.dates - january).astype(np.int64) + 1
    angle = 2 * np.pi * (day_of_year - illness.season_peak_day) / 365.25
    season = 1 + illness.season_amplitude * np.cos(angle)
    return np.asarray(illness.onset_rate * season * np.asarray(illness.weekday)[weekday(year)])


def advance(
    ill: npt.NDArray[np.bool_],
    draw: npt.NDArray[np.float64],
    falls: npt.NDArray[np.bool_],
    mean_days: float,
) -> npt.NDArray[np.bool_]:
    """Return who is ill (or on leave) today, given who was on the last school day.

    Parameters
    ----------
    ill : numpy.ndarray of bool
        State on the last school day.
    draw : numpy.ndarray of float64
        One uniform number per pupil.
    falls : numpy.ndarray of bool
        Who falls ill today if well, by the same draw.
    mean_days : float
        Mean duration; the state stays with probability 1 − 1/mean.

    Returns
    -------
    numpy.ndarray of bool
        State today.
    """
    return np.where(ill, draw < 1 - 1 / mean_days, falls)


def in_outbreak(
    frailty: npt.NDArray[np.float64],
    outbreak: Outbreak,
    first: npt.NDArray[np.int16],
    day: int,
) -> npt.NDArray[np.float64]:
    """Return multipliers of onset on a day with what an outbreak adds to them.

    Parameters
    ----------
    frailty : numpy.ndarray of float64
        Multipliers on other days.
    outbreak : Outbreak
        Parameters.
    first : numpy.ndarray of int16, same shape
        First school day of the outbreak.
    day : int
        School day.

    Returns
    -------
    numpy.ndarray of float64
        Multipliers today.
    """
    rows = np.flatnonzero((first <= day) & (first > day - outbreak.days))
    out = frailty.copy()
    out[rows] *= outbreak.multiplier
    return out


def falls_ill(
    draw: npt.NDArray[np.float64], rate: float, frailty: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Return whose draw lies below P(onset) = 1 − exp(−rate · frailty).

    Parameters
    ----------
    draw : numpy.ndarray of float64
        One uniform number per pupil.
    rate : float
        Rate of onset today for frailty 1.
    frailty : numpy.ndarray of float64
        The pupils' multipliers.

    Returns
    -------
    numpy.ndarray of bool
        Who falls ill if well. As 1 − exp(−x) ≤ x, the exponential is computed only for the few
        pupils whose draw is not above x.
    """
    risk = rate * frailty
    out = draw <= risk * (1 + 1e-9)  # a margin for rounding
    near = np.flatnonzero(out)
    out[near] = draw[near] < -np.expm1(-risk[near])
    return out
