"""How long illness lasts: the chance of one more day, by the day of the spell (semi-Markov)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.place_parameters import Illness

__all__ = ["LONGEST", "Course", "stays"]

LONGEST = 120
"""School days after which every spell of a distribution with memory ends."""


class Course:
    """Where pupils stand in their spells.

    Parameters
    ----------
    illness : Illness
        Parameters.
    n : int
        Number of pupils, all well.
    """

    def __init__(self, illness: Illness, n: int) -> None:
        self.stay = stays(illness)
        self.day = np.zeros(n, dtype=np.uint8)

    def advance(
        self, draw: npt.NDArray[np.float64], falls: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Return who is ill today, and remember the day of each spell.

        Parameters
        ----------
        draw : numpy.ndarray of float64
            One uniform number per pupil.
        falls : numpy.ndarray of bool
            Who falls ill today if well, by the same draw.

        Returns
        -------
        numpy.ndarray of bool
            State today.
        """
        ill = falls.copy()
        rows = np.flatnonzero(self.day)
        ill[rows] = draw[rows] < self.stay[self.day[rows] - 1]
        self.day += 1
        self.day *= ill
        return ill


def stays(illness: Illness) -> npt.NDArray[np.float64]:
    """Return P(ill on the next school day | ill on day k of a spell) for k = 1, 2 and so on.

    With D the length of a spell and S(k) = P(D > k), it is S(k) ÷ S(k − 1). Geometric: 1 − 1/m.
    Negative binomial: D − 1 counts failures before the r-th success, with mean m − 1 and r the
    spread (smaller: longer tail; 1 is geometric), S(k) = I_q(k, r) with q = (m − 1)/(m − 1 + r).
    Discretised lognormal: D = ⌈exp(μ + σZ)⌉, σ the spread and μ such that E D = m,
    S(k) = Φ((μ − log k)/σ).

    Parameters
    ----------
    illness : Illness
        Parameters.

    Returns
    -------
    numpy.ndarray of float64, shape (LONGEST,)
        Probabilities; the last is 0 unless geometric.
    """
    if illness.duration == "geometric":
        return np.full(LONGEST, 1 - 1 / illness.mean_days)
    k = np.arange(1, LONGEST, dtype=np.float64)
    after = _survival(illness, k)
    before = np.concatenate([[1.0], after[:-1]])
    chance = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
    return np.append(chance, 0.0)


def _survival(illness: Illness, k: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    from scipy.special import betainc, ndtr  # noqa: PLC0415 - keeps the import quick

    more = illness.mean_days - 1
    if more == 0:
        return np.zeros_like(k)
    if illness.duration == "negative_binomial":
        return np.asarray(betainc(k, illness.spread, more / (more + illness.spread)))
    low, high = -20.0, np.log(illness.mean_days)
    # bisection: the mean 1 + Σ S(k) grows with μ, and 60 halvings leave no error that shows
    for _ in range(60):
        middle = (low + high) / 2
        mean = 1 + ndtr((middle - np.log(k)) / illness.spread).sum()
        low, high = (middle, high) if mean < illness.mean_days else (low, middle)
    return np.asarray(ndtr(((low + high) / 2 - np.log(k)) / illness.spread))
