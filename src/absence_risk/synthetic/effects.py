"""Contrasts between paired worlds, and shares within one, each with its Monte-Carlo error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.synthetic.cases import ENDINGS, NEVER
from absence_risk.synthetic.wellbeing import answer

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.world import World

__all__ = [
    "Value",
    "absence_beyond",
    "closing_shares",
    "exact",
    "later_invalid_difference",
    "later_invalid_odds_ratio",
    "levels",
    "missing_follow_up",
    "relapse_share",
    "return_difference",
    "return_share",
    "theta_beyond",
]

_FOLLOW = (40, 80)  # school days after the start, first and one past the last
_FOLLOW_LEAST = 20
_WINDOW, _BACK, _AWAY = 4, 0.10, 0.20


@dataclass(frozen=True, slots=True)
class Value:
    """One value of truth.json.

    Parameters
    ----------
    value : float or None
        The value; None where fewer than two units carry it.
    mc_se : float or None
        Monte-Carlo standard error; 0 where exact.
    n : int or None
        Units behind it; None where exact.
    """

    value: float | None
    mc_se: float | None
    n: int | None


def exact(value: float) -> Value:
    """Return a value without Monte-Carlo error.

    Parameters
    ----------
    value : float
        The value.

    Returns
    -------
    Value
        With error 0 and no n.
    """
    return Value(float(value) + 0.0, 0.0, None)


def _mean(values: npt.ArrayLike) -> Value:
    each = np.asarray(values, dtype=np.float64)
    if each.size < 2:
        return Value(None, None, int(each.size))
    return Value(float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size)), int(each.size))


def _last_term(world: World) -> npt.NDArray[np.bool_]:
    terms = np.asarray(world.year.terms)
    return np.asarray(terms == terms[-1])


def later_invalid_difference(world: World, without: World) -> Value:
    """Return the mean difference of invalid absence in the last term between two worlds.

    Parameters
    ----------
    world, without : World
        Paired worlds.

    Returns
    -------
    Value
        Mean over pupils of the paired difference of shares.
    """
    late = _last_term(world)
    shares = [w.true_share("invalid")[:, late].mean(axis=1) for w in (world, without)]
    return _mean(shares[0] - shares[1])


def later_invalid_odds_ratio(more: World, world: World) -> Value:
    """Return the odds ratio of later invalid absence over lessons at risk between two worlds.

    Parameters
    ----------
    more, world : World
        Paired worlds, numerator first.

    Returns
    -------
    Value
        Pooled odds ratio; error by the delta method on the pupils' paired sums.
    """
    late = _last_term(world)
    log_odds, influence = [], []
    for one in (more, world):
        lessons = one.pupils.lessons.astype(np.float64)
        invalid = one.true_share("invalid")[:, late].sum(axis=1) * lessons
        valid = one.true_share("valid")[:, late].sum(axis=1) * lessons
        attended = late.sum() * lessons - valid - invalid
        if invalid.sum() == 0:
            return Value(None, None, len(lessons))
        log_odds.append(np.log(invalid.sum() / attended.sum()))
        influence.append(invalid / invalid.sum() - attended / attended.sum())
    ratio = float(np.exp(log_odds[0] - log_odds[1]))
    error = np.sqrt(((influence[0] - influence[1]) ** 2).sum())
    return Value(ratio, float(ratio * error), len(influence[0]))


def _weekly(world: World, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return lessons missed and offered per school week, shape (2, n, n_weeks)."""
    first = np.searchsorted(world.year.week, np.arange(world.year.n_weeks))
    lessons = world.pupils.lessons[rows].astype(np.int64)[:, None]
    missed = np.bitwise_count(world.days.missed[rows]).astype(np.int64)
    offered = np.broadcast_to(lessons, missed.shape)
    return np.stack([np.add.reduceat(part, first, axis=1) for part in (missed, offered)])


def _first_window(
    weekly: npt.NDArray[np.int64], after: npt.NDArray[np.int64], *, back: bool
) -> npt.NDArray[np.int64]:
    """Return the last week of the first window after a week that is below, or reaches, a share."""
    running = np.cumsum(weekly, axis=2)
    running = np.concatenate([np.zeros_like(running[:, :, :1]), running], axis=2)
    window = running[:, :, _WINDOW:] - running[:, :, :-_WINDOW]
    share = window[0] / window[1]
    first = np.arange(share.shape[1])
    hit = (share < _BACK if back else share >= _AWAY) & (first > after[:, None])
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + _WINDOW - 1, NEVER)


def _started(world: World, weeks: int) -> npt.NDArray[np.int64]:
    """Return pupils whose work started at least some school weeks before the year's end."""
    rows = np.flatnonzero(world.cases.started < NEVER)
    start = world.year.week[world.cases.started[rows]]
    return rows[start + weeks < world.year.n_weeks]


def _returned(world: World, rows: npt.NDArray[np.int64], weeks: int) -> npt.NDArray[np.bool_]:
    start = world.year.week[world.cases.started[rows]]
    back = _first_window(_weekly(world, rows), start, back=True)
    return np.asarray(back <= start + weeks)


def return_share(world: World, weeks: int) -> Value:
    """Return the share back in school within some school weeks of the start.

    Parameters
    ----------
    world : World
        The world.
    weeks : int
        School weeks.

    Returns
    -------
    Value
        Share of cases that start early enough for all these weeks.
    """
    return _mean(_returned(world, _started(world, weeks), weeks))


def return_difference(world: World, without: World, weeks: int) -> Value:
    """Return the difference of that share between two worlds.

    Parameters
    ----------
    world, without : World
        Paired worlds; starts are the same, since the team's effect comes after them.
    weeks : int
        School weeks.

    Returns
    -------
    Value
        Mean paired difference.
    """
    rows = _started(world, weeks)
    pair = [_returned(one, rows, weeks).astype(np.float64) for one in (world, without)]
    return _mean(pair[0] - pair[1])


def relapse_share(world: World, within: int) -> Value:
    """Return the share away again among those who were back.

    Parameters
    ----------
    world : World
        The world.
    within : int
        School weeks after the return; only returns that are followed so long count.

    Returns
    -------
    Value
        Share.
    """
    rows = _started(world, 0)
    weekly = _weekly(world, rows)
    back = _first_window(weekly, world.year.week[world.cases.started[rows]], back=True)
    seen = back + within < world.year.n_weeks
    again = _first_window(weekly[:, seen], back[seen], back=False)
    return _mean(again <= back[seen] + within)


def absence_beyond(world: World, without: World) -> Value:
    """Return the paired difference of absence on school days 41 to 80 after the start.

    Parameters
    ----------
    world, without : World
        Paired worlds.

    Returns
    -------
    Value
        Mean over started cases with at least 20 of these days inside the year.
    """
    last = len(world.year)
    rows = np.flatnonzero(world.cases.started < NEVER)
    rows = rows[world.cases.started[rows] + _FOLLOW[0] + _FOLLOW_LEAST <= last]
    start = world.cases.started[rows][:, None]
    day = np.arange(last)
    inside = (day >= start + _FOLLOW[0]) & (day < start + _FOLLOW[1])
    pair = [(one.true_share()[rows] * inside).sum(axis=1) for one in (world, without)]
    return _mean((pair[0] - pair[1]) / np.maximum(inside.sum(axis=1), 1))


def theta_beyond(world: World, without: World) -> Value:
    """Return the paired difference of latent wellbeing at the second survey.

    Parameters
    ----------
    world, without : World
        Paired worlds.

    Returns
    -------
    Value
        Mean over cases whose second survey was due in both.
    """
    difference = answer(world).theta[:, 1] - answer(without).theta[:, 1]
    return _mean(difference[~np.isnan(difference)])


def closing_shares(world: World) -> dict[str, Value]:
    """Return the share of started cases by ending, and of those still open.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    dict of str to Value
        Endings and ``"open"``.
    """
    ending = world.cases.ending[world.cases.started < NEVER]
    names = ("open", *ENDINGS[1:])
    return {name: _mean(ending == code) for code, name in enumerate(names)}


def missing_follow_up(world: World) -> Value:
    """Return the share of due second surveys without an answer.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    Value
        Share.
    """
    found = answer(world)
    return _mean(found.missing[found.day[:, 1] < NEVER, 1] >= 0)


def levels(world: World) -> dict[str, tuple[str, Value]]:
    """Return how much absence there is.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    dict of str to (str, Value)
        Formula and value by name.
    """
    year = world.true_share().mean(axis=1)
    invalid = world.true_share("invalid").mean(axis=1)
    return {
        "mean": ("E[share of lessons missed in the year]", _mean(year)),
        "invalid_mean": ("E[share of lessons missed as invalid absence]", _mean(invalid)),
        "share_above_10": ("P(more than 10 % of lessons missed)", _mean(year > 0.10)),
        "share_above_20": ("P(more than 20 % of lessons missed)", _mean(year > 0.20)),
        "share_up_to_2": ("P(at most 2 % of lessons missed)", _mean(year <= 0.02)),
    }
