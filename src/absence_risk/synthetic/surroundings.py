"""What the pupils of a school share: classmates who avoid school, and places for help.

Pupils are independent of each other given two small tables, which a first pass over whole schools
writes: the share of each class that avoids school in each week, and the place in the queue of the
last one served in each school and month. Whoever is simulated afterwards, in blocks of any size,
reads them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.counter import Purpose, uniform

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from absence_risk.synthetic.policy_parameters import Interference

__all__ = [
    "ACTIONS",
    "REFERRALS",
    "Surroundings",
    "interferes",
    "mixed",
    "queue_key",
    "whole_schools",
]

ACTIONS, REFERRALS = 0, 1
_PLACES = 1e6  # absence shares are ordered to this many parts


def interferes(plan: Interference) -> bool:
    """Return whether pupils of a school affect each other at all.

    Parameters
    ----------
    plan : Interference
        Parameters.

    Returns
    -------
    bool
        Whether classmates matter or places are limited.
    """
    return plan.peers != 0 or min(plan.actions_per_100, plan.referrals_per_100) < 100


class Surroundings:
    """The surroundings of all pupils of a world: written once, school by school, then read.

    Parameters
    ----------
    plan : Interference
        Parameters.
    lane : numpy.ndarray of uint64, shape (n_schools,)
        Lanes of the schools.
    classes, weeks, months : int
        Number of classes, school weeks and months.

    Attributes
    ----------
    share : numpy.ndarray of float64, shape (n_weeks, n_classes)
        Share of the class above level 1 in the week before.
    last : numpy.ndarray of float64, shape (2, n_months, n_schools)
        Key of the last one served, for actions and for referrals; ∞ where nobody was turned away.
    made : bool
        Whether both are complete.
    """

    def __init__(
        self,
        plan: Interference,
        lane: npt.NDArray[np.uint64],
        *,
        classes: int,
        weeks: int,
        months: int,
    ) -> None:
        self._lane = lane
        self._per_100 = (plan.actions_per_100, plan.referrals_per_100)
        self.share = np.zeros((weeks, classes))
        self.last = np.full((2, months, len(lane)), np.inf)
        self.made = False

    def classmates(
        self,
        week: int,
        classes: npt.NDArray[np.int64],
        avoids: npt.NDArray[np.bool_],
        here: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.float64]:
        """Return the share of each pupil's class that avoids school.

        Parameters
        ----------
        week : int
            School week that begins.
        classes : numpy.ndarray of int64, shape (n,)
            Class of each pupil.
        avoids, here : numpy.ndarray of bool, shape (n,)
            Who stands above level 1, and who has not moved away.

        Returns
        -------
        numpy.ndarray of float64, shape (n,)
            Shares, the pupil included.
        """
        if not self.made:
            size = np.bincount(classes, weights=here, minlength=self.share.shape[1])
            count = np.bincount(classes, weights=avoids & here, minlength=self.share.shape[1])
            there = size > 0
            self.share[week, there] = count[there] / size[there]
        return np.asarray(self.share[week, classes])

    def served(
        self,
        kind: int,
        month: int,
        *,
        school: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        key: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.bool_]:
        """Return who of a queue gets one of the places of the school.

        Parameters
        ----------
        kind : int
            `ACTIONS` or `REFERRALS`.
        month : int
            Number of the month.
        school : numpy.ndarray of int64, shape (n,)
            School of every pupil of the block.
        rows : numpy.ndarray of int64, shape (k,)
            Who stands in the queue.
        key : numpy.ndarray of float64, shape (k,)
            Order in it, smallest first.

        Returns
        -------
        numpy.ndarray of bool, shape (k,)
            Who is served.
        """
        if self._per_100[kind] >= 100:
            return np.ones(len(rows), dtype=bool)
        own = school[rows]
        last = self.last[kind, month]
        if not self.made:
            size = np.bincount(school, minlength=len(last))
            part = uniform(self._lane, Purpose.PLACES, month, kind)
            places = np.floor(self._per_100[kind] / 100 * size + part).astype(np.int64)
            order = np.lexsort((key, own))
            waiting = np.bincount(own, minlength=len(last))
            full = np.flatnonzero(waiting > places)
            first = np.cumsum(waiting) - waiting
            at = order[first[full] + np.maximum(places[full] - 1, 0)]
            last[full] = np.where(places[full] > 0, key[at], -np.inf)
        return np.asarray(key <= last[own])


def mixed(there: Surroundings, here: Surroundings, *, queues: bool) -> Surroundings:
    """Return the classmates of one world with the queues of the same or of another.

    Parameters
    ----------
    there, here : Surroundings
        Surroundings of two worlds of the same pupils; the first is made, and so is the second
        where its queues are asked for.
    queues : bool
        Whether queues are those of ``there``, as classmates are.

    Returns
    -------
    Surroundings
        For a third world; its limits are those of ``here``.
    """
    out = copy.copy(here)
    out.made = True
    out.share = there.share
    out.last = there.last if queues else here.last
    return out


def queue_key(
    plan: Interference,
    lane: npt.NDArray[np.uint64],
    share: npt.NDArray[np.float64],
    *,
    month: int,
    kind: int,
) -> npt.NDArray[np.float64]:
    """Return the order in which pupils are served.

    Parameters
    ----------
    plan : Interference
        Parameters.
    lane : numpy.ndarray of uint64
        Lanes of the pupils in the queue.
    share : numpy.ndarray of float64
        Their recorded absence of the month.
    month, kind : int
        Number of the month, and `ACTIONS` or `REFERRALS`.

    Returns
    -------
    numpy.ndarray of float64
        Smallest first: by lot, or by absence and then by lot.
    """
    lot = uniform(lane, Purpose.QUEUE, month, kind)
    return lot if plan.order == "lottery" else np.asarray(lot - np.round(share * _PLACES))


def whole_schools(school: npt.NDArray[np.int64], block: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield all pupils in blocks that hold whole schools.

    Parameters
    ----------
    school : numpy.ndarray of int64, shape (n,)
        School of each pupil.
    block : int
        Pupils a block should have at most; it has more where one school has.

    Yields
    ------
    numpy.ndarray of int64
        Rows.
    """
    order = np.argsort(school, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(school[order])) + 1, len(order))
    start = 0
    while start < len(order):
        fits = ends[(ends > start) & (ends <= start + block)]
        stop = int(fits[-1]) if fits.size else int(ends[ends > start][0])
        yield order[start:stop]
        start = stop
