"""Pupils chosen for high absence, and untreated ones, drawn for many studies at once.

Each pupil has a propensity to be absent; windows are independent given it. The propensity takes the
values of a quadrature of its distribution, so that every draw is a look-up in a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["CaseDraws", "DesignWorld", "OtherDraws"]

_NODES = 200
_RAREST = 1e-5
_TINY = 1e-300
_TOO_RARE = (
    "With a cut of {cut:g} over {window} days {share:.2g} of all pupils are chosen: too few to "
    "simulate. Lower the cut, lengthen the window, or give a population with more absence."
)


class CaseDraws(NamedTuple):
    """Absence of chosen pupils, as shares, shape (R, n).

    Parameters
    ----------
    gap : numpy.ndarray of float
        In a window well before the one that chose them.
    before : numpy.ndarray of float
        In the window that chose them.
    after : numpy.ndarray of float
        At follow-up, with no programme and no difference between clusters.
    """

    gap: Floats
    before: Floats
    after: Floats


class OtherDraws(NamedTuple):
    """Absence of untreated pupils, as shares, shape (R, m).

    Parameters
    ----------
    before, after : numpy.ndarray of float
        In the window that chose the cases, and at follow-up.
    """

    before: Floats
    after: Floats


@dataclass(frozen=True)
class DesignWorld:
    """The population that a design is tried on.

    Parameters
    ----------
    window : int
        School days in each window.
    cut : float
        Pupils at or above this share of absence are chosen.
    a, b : float
        Parameters of the Beta distribution of pupils' propensity to be absent.
    kappa : float or None
        Within a window days cluster into spells: the window's propensity is Beta(kappa p,
        kappa (1 - p)). None: independent days.
    season : float
        Log odds of absence at follow-up above those of the windows before.

    Raises
    ------
    DesignError
        If hardly anybody reaches the cut.
    """

    window: int
    cut: float
    a: float
    b: float
    kappa: float | None
    season: float

    def __post_init__(self) -> None:
        """Refuse a cut that nobody reaches."""
        share = self.share_above(self.cut)
        if share < _RAREST:
            raise DesignError(_TOO_RARE.format(cut=self.cut, window=self.window, share=share))

    @cached_property
    def _nodes(self) -> tuple[Floats, Floats]:
        """Propensities and their weights: Gauss-Jacobi, exact for two windows of single days."""
        x, weight = special.roots_jacobi(max(_NODES, self.window + 1), self.b - 1, self.a - 1)
        return (1 + x) / 2, weight / weight.sum()

    @cached_property
    def _early(self) -> Floats:
        """P(days absent | propensity) before, shape (nodes, window + 1)."""
        return self._law(self._nodes[0])

    @cached_property
    def _late(self) -> Floats:
        return self._law(special.expit(special.logit(self._nodes[0]) + self.season))

    def _law(self, p: Floats) -> Floats:
        days, n = np.arange(self.window + 1), self.window
        choose = special.gammaln(n + 1) - special.gammaln(days + 1) - special.gammaln(n - days + 1)
        p = p[:, None]
        if self.kappa is None:
            log = days * np.log(p) + (n - days) * np.log1p(-p)
        else:
            up, down = self.kappa * p, self.kappa * (1 - p)
            log = special.betaln(up + days, down + n - days) - special.betaln(up, down)
        law = np.exp(choose + log)
        return np.asarray(law / law.sum(axis=1, keepdims=True))

    def _first_day(self, share: float) -> int:
        return int(np.ceil(share * self.window - 1e-9))

    @cached_property
    def joint(self) -> Floats:
        """P(days before, days after) of a pupil, shape (window + 1, window + 1)."""
        return np.asarray((self._early.T * self._nodes[1]) @ self._late)

    def share_above(self, share: float) -> float:
        """Return the share of pupils at or above a level in the window before.

        Parameters
        ----------
        share : float
            The level, as a share of school days.

        Returns
        -------
        float
            Share of pupils.
        """
        return float(self._nodes[1] @ self._early[:, self._first_day(share) :].sum(axis=1))

    def change_of_chosen(self) -> tuple[float, float]:
        """Return mean and variance of the change of chosen pupils with no programme.

        Returns
        -------
        mean, variance : float
            Of the share after minus the share before.
        """
        law = self.joint[self._first_day(self.cut) :]
        law = law / law.sum()
        days = np.arange(self.window + 1)
        change = (days[None, :] - days[self._first_day(self.cut) :, None]) / self.window
        mean = float((law * change).sum())
        return mean, float((law * (change - mean) ** 2).sum())

    def cases(self, replicates: int, n: int, rng: np.random.Generator) -> CaseDraws:
        """Draw chosen pupils.

        Parameters
        ----------
        replicates, n : int
            Number of studies and of pupils in each.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        CaseDraws
            Three windows of each pupil.
        """
        size = replicates * n
        chosen = self._early[:, self._first_day(self.cut) :]
        part = _pick(self._nodes[1] * chosen.sum(axis=1), rng.random(size))
        above = np.cumsum(chosen, axis=1)
        before = self._first_day(self.cut) + _look_up(
            above / np.maximum(above[:, -1:], _TINY), part, rng
        )
        gap = _look_up(np.cumsum(self._early, axis=1), part, rng)
        after = _look_up(np.cumsum(self._late, axis=1), part, rng)
        shares = ((days / self.window).reshape(replicates, n) for days in (gap, before, after))
        return CaseDraws(*shares)

    def others(
        self, replicates: int, m: int, at_least: float, rng: np.random.Generator
    ) -> OtherDraws:
        """Draw untreated pupils at or above a level.

        Parameters
        ----------
        replicates, m : int
            Number of studies and of pupils in each.
        at_least : float
            Lowest level in the window before.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        OtherDraws
            Two windows of each pupil.
        """
        first, width = self._first_day(at_least), self.window + 1
        cell = _pick(self.joint[first:].ravel(), rng.random(replicates * m))
        before, after = first + cell // width, cell % width
        shares = ((days / self.window).reshape(replicates, m) for days in (before, after))
        return OtherDraws(*shares)


def _pick(weights: Floats, u: Floats) -> Ints:
    """Return places drawn in proportion to weights."""
    steps = np.cumsum(weights)
    found = np.searchsorted(steps, u * steps[-1], side="right")
    return np.asarray(np.minimum(found, len(weights) - 1))


def _look_up(steps: Floats, row: Ints, rng: np.random.Generator) -> Ints:
    """Return for each row number a column drawn from that row's cumulative probabilities."""
    width = steps.shape[1]
    ladder = (np.minimum(steps, 1.0) + np.arange(len(steps))[:, None]).ravel()
    found = np.searchsorted(ladder, row + rng.random(len(row)), side="right") - row * width
    return np.asarray(np.clip(found, 0, width - 1))
