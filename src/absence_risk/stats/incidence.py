"""Cumulative incidence with competing endings: the exact Aalen–Johansen estimator.

School weeks are whole numbers, so every week is a tie. The estimator works on counts per week
(``bincount`` and suffix sums), never breaks ties at random, and takes late entry: a row is at
risk in ``entry < t <= duration``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from absence_risk import check
from absence_risk.errors import DesignError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = [
    "INTERVALS",
    "Incidence",
    "aalen_johansen",
    "aalen_variance",
    "incidence_interval",
    "wilson_interval",
]

INTERVALS = ("log-log", "logit", "plain")

_GAP = (
    "Nobody is at risk just after time {time:g}, so nothing can be said from there on without an "
    "assumption. Pass start={start:g} (or later) to estimate among those still away at that time."
)
_ZERO = (
    "Everybody at risk ends at time {time:g} while others enter later: survival would be zero from "
    "there on because few are observed early. Pass start={start:g} (or later)."
)
_ENTRY = (
    "{n} rows end at or before their entry. A row is first at risk after its entry: drop such rows "
    "or date the event in the following week."
)
_FAR = 50.0  # on a transformed scale: beyond this the limit is 0 or 1 to all digits
_ROOMY = 4  # an integer grid may be at most this many times longer than the data, else np.unique


@dataclass(frozen=True, slots=True, eq=False)
class Incidence:
    """Cumulative incidence of K endings over T times.

    Parameters
    ----------
    time : numpy.ndarray, shape (T,)
        Times: every whole number up to the last duration, or the distinct durations where these
        are not whole numbers.
    n_at_risk : numpy.ndarray of float64, shape (T,)
        Rows (or their weight) with ``entry < time <= duration``.
    n_events : numpy.ndarray of float64, shape (K, T)
        Endings of each kind at each time.
    survival : numpy.ndarray of float64, shape (T,)
        Probability that no ending has come by each time.
    cif : numpy.ndarray of float64, shape (K, T)
        Probability that ending k has come by each time, the others competing.
    variance : numpy.ndarray of float64, shape (K, T)
        Aalen's variance of ``cif``; NaN for weighted rows (use the bootstrap for these).
    start : float
        Everything is conditional on no ending up to this time.
    """

    time: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    n_at_risk: Floats
    n_events: Floats
    survival: Floats
    cif: Floats
    variance: Floats
    start: float


def aalen_johansen(
    duration: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    n_causes: int | None = None,
    start: float | None = None,
) -> Incidence:
    """Estimate the cumulative incidence of each ending.

    F_k(t) = Σ_{s ≤ t} S(s−) d_k(s) / Y(s), with S the product limit over all endings (Aalen and
    Johansen 1978, Scandinavian Journal of Statistics 5:141–150) and Aalen's variance in the form
    of Marubini and Valsecchi (1995), see `aalen_variance`. The answer does not depend on the order
    of the rows.

    Parameters
    ----------
    duration : array-like, shape (n,)
        Time of the ending or of the last observation; whole numbers give a grid of all whole
        numbers, others the distinct values.
    event : array-like of int, shape (n,)
        0 censored, 1 … K the kind of ending.
    entry : array-like, shape (n,), or None
        Time after which the row is observed; 0 by default. Must lie below ``duration``.
    weights : array-like of float, shape (n,), or None
        Non-negative weights; a weight of 2 counts as two rows in ``cif``.
    n_causes : int or None
        K; the largest event by default.
    start : float or None
        Estimate among those without an ending up to this time; rows that end by then are left out.

    Returns
    -------
    Incidence
        Counts, survival, cumulative incidence and its variance.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or out of range, or a row ends by its entry.
    DesignError
        If no row is left, or nobody is at risk somewhere between ``start`` and the last time.

    Examples
    --------
    >>> aalen_johansen([1, 2, 2, 3], [1, 0, 2, 1]).cif.round(3).tolist()
    [[0.25, 0.25, 0.75], [0.0, 0.25, 0.25]]
    """
    stop, kind, into, weight = _rows(duration, event, entry, weights, start)
    kinds = int(kind.max()) if n_causes is None else check.positive_int(n_causes, "n_causes")
    kinds = max(kinds, 1)
    if kind.min() < 0 or kind.max() > kinds:
        raise ValueError(f"event must lie in 0 … {kinds}, got {kind.min()} to {kind.max()}.")
    begin = 0.0 if start is None else float(start)
    time, stop_at, enter_at = _grid(stop, into, begin)
    if into is not None:
        _refuse_gap(time, into, stop_at, begin)
    counts = _tally(stop_at * (kinds + 1) + kind, weight, len(time) * (kinds + 1))
    per_time = counts.reshape(len(time), kinds + 1)
    at_risk = _suffix(per_time.sum(axis=1))
    if enter_at is not None:
        later = _tally(enter_at, weight, len(time) + 1)
        at_risk -= _suffix(later)[1:]
    events = np.ascontiguousarray(per_time[:, 1:].T)
    survival, cif = _product(at_risk, events)
    if enter_at is not None:
        _refuse_early_zero(time, at_risk, events)
    plain = weights is None
    variance = aalen_variance(at_risk, events) if plain else np.full(cif.shape, np.nan)
    return Incidence(time, at_risk, events, survival, cif, variance, begin)


def aalen_variance(n_at_risk: npt.ArrayLike, n_events: npt.ArrayLike) -> Floats:
    """Return Aalen's variance of each cumulative incidence.

    V = Σ (F(t)−F(s))² d/(Y(Y−d)) + Σ S₋² (Y−d_k) d_k/Y³ − 2 Σ (F(t)−F(s)) S₋ d_k/Y², sums over
    s ≤ t (Marubini and Valsecchi 1995, Analysing Survival Data from Clinical Trials and
    Observational Studies, ch. 10; named "Aalen" in the R package ``survival``). Expanded so that
    running sums suffice.

    Parameters
    ----------
    n_at_risk : array-like, shape (T,)
        At risk at each time.
    n_events : array-like, shape (K, T)
        Endings of each kind at each time.

    Returns
    -------
    numpy.ndarray of float64, shape (K, T)
        Variances, non-negative.

    Examples
    --------
    >>> aalen_variance([4, 3], [[2, 0]]).tolist()
    [[0.0625, 0.0625]]
    """
    risk = np.asarray(n_at_risk, dtype=np.float64)
    kinds = np.atleast_2d(np.asarray(n_events, dtype=np.float64))
    survival, cif = _product(risk, kinds)
    before = np.concatenate([[1.0], survival[:-1]])
    every = kinds.sum(axis=0)
    safe = np.where(risk > 0, risk, 1.0)
    left = risk - every
    # Where everybody at risk ends, S is 0 and F no longer moves: the term is exactly zero.
    spread = np.divide(every, safe * left, out=np.zeros_like(risk), where=left > 0)
    own = before**2 * (risk - kinds) * kinds / safe**3
    cross = before * kinds / safe**2
    variance = (
        cif**2 * np.cumsum(spread)
        - 2 * cif * np.cumsum(spread * cif, axis=1)
        + np.cumsum(spread * cif**2, axis=1)
        + np.cumsum(own, axis=1)
        - 2 * cif * np.cumsum(cross, axis=1)
        + 2 * np.cumsum(cross * cif, axis=1)
    )
    return np.asarray(np.maximum(variance, 0.0), dtype=np.float64)


def incidence_interval(
    cif: npt.ArrayLike,
    std_error: npt.ArrayLike,
    *,
    n_at_risk: npt.ArrayLike,
    conf_level: float = 0.95,
    kind: str = "log-log",
    df: float | None = None,
) -> tuple[Floats, Floats]:
    """Return a confidence interval of a probability from its standard error.

    On the scale g(F) = log(−log F) or logit F by the delta method (Choudhury 2002, Statistics in
    Medicine 21:1129–1144), or F itself. Where F is 0 or 1 the transformations have no value: the
    exact binomial limit with ``n_at_risk`` trials stands there.

    Parameters
    ----------
    cif : array-like
        Probabilities in [0, 1].
    std_error : array-like
        Their standard errors.
    n_at_risk : array-like
        Number at risk, for the limit at 0 and 1.
    conf_level : float
        Confidence level in (0, 1).
    kind : {"log-log", "logit", "plain"}
        Scale.
    df : float or None
        Degrees of freedom of Student's t, for example clusters − 1; the normal law by default.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper limits within [0, 1].

    Raises
    ------
    ValueError
        If the level or the kind is not known.

    Examples
    --------
    >>> low, high = incidence_interval(0.5, 0.1, n_at_risk=25)
    >>> round(float(low), 3), round(float(high), 3)
    (0.295, 0.675)
    """
    check.choice(kind, INTERVALS, "kind")
    tail = (1 - check.probability(conf_level, "conf_level")) / 2
    z = -ndtri(tail) if df is None else -stdtrit(df, tail)
    share, error = np.broadcast_arrays(
        np.asarray(cif, dtype=np.float64), np.asarray(std_error, dtype=np.float64)
    )
    inside = (share > 0) & (share < 1)
    p = np.where(inside, share, 0.5)
    if kind == "log-log":
        shift = np.clip(z * error / (p * np.log(p)), -_FAR, _FAR)
        low, high = p ** np.exp(-shift), p ** np.exp(shift)
    elif kind == "logit":
        shift = np.clip(z * error / (p * (1 - p)), -_FAR, _FAR)
        odds = p / (1 - p)
        low, high = (odds * np.exp(s) / (1 + odds * np.exp(s)) for s in (-shift, shift))
    else:
        low, high = np.maximum(p - z * error, 0.0), np.minimum(p + z * error, 1.0)
    trials = np.maximum(np.asarray(n_at_risk, dtype=np.float64), 1.0)
    exact = tail ** (1 / trials)
    low = np.where(inside, low, np.where(share >= 1, exact, 0.0))
    high = np.where(inside, high, np.where(share <= 0, 1 - exact, 1.0))
    return low, high


def wilson_interval(n_events: int, n: int, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share of independent pupils.

    Wilson 1927, Journal of the American Statistical Association 22:209–212.

    Parameters
    ----------
    n_events : int
        Number with the event.
    n : int
        Number of pupils, at least 1.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper limits.

    Examples
    --------
    >>> tuple(round(limit, 3) for limit in wilson_interval(5, 20))
    (0.112, 0.469)
    """
    z2 = ndtri((1 + check.probability(conf_level, "conf_level")) / 2) ** 2
    p = n_events / check.positive_int(n, "n")
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def _rows(
    duration: npt.ArrayLike,
    event: npt.ArrayLike,
    entry: npt.ArrayLike | None,
    weights: npt.ArrayLike | None,
    start: float | None,
) -> tuple[npt.NDArray[np.generic], Ints, npt.NDArray[np.generic] | None, Floats | None]:
    """Check the arrays and leave out what ends by ``start`` or weighs nothing."""
    stop, kind = np.asarray(duration), np.asarray(event)
    into = None if entry is None else np.asarray(entry)
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)
    for name, values in (("event", kind), ("entry", into), ("weights", weight)):
        if values is not None and values.shape != stop.shape:
            raise ValueError(f"{name} has shape {values.shape}, duration {stop.shape}.")
    for name, values in (("duration", stop), ("event", kind), ("entry", into), ("weights", weight)):
        if values is not None and values.dtype.kind not in "iub" and not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite numbers without missing values.")
    if weight is not None and (weight < 0).any():
        raise ValueError("weights must not be negative.")
    if kind.dtype.kind not in "iub" and (kind != np.floor(kind)).any():
        raise ValueError("event must be whole numbers: 0 censored, 1 … the kind of ending.")
    early = int((stop <= (0 if into is None else into)).sum()) if stop.size else 0
    if early:
        raise ValueError(_ENTRY.format(n=early))
    keep = np.ones(stop.shape, dtype=bool) if start is not None or weight is not None else None
    if keep is not None and start is not None:
        keep &= stop > start
        into = np.full(stop.shape, start) if into is None else np.maximum(into, start)
    if keep is not None and weight is not None:
        keep &= weight > 0
    if keep is not None:
        stop, kind = stop[keep], kind[keep]
        into = None if into is None else into[keep]
        weight = None if weight is None else weight[keep]
    if not stop.size:
        raise DesignError("No row is at risk: there is nothing to estimate an incidence from.")
    return stop, kind.astype(np.int64, copy=False), into, weight


def _grid(
    stop: npt.NDArray[np.generic], into: npt.NDArray[np.generic] | None, start: float
) -> tuple[npt.NDArray[np.int64] | Floats, Ints, Ints | None]:
    """Return the times, the position of each stop, and the first position at risk."""
    whole = stop.dtype.kind in "iu" and (into is None or bool((into == np.floor(into)).all()))
    first, last = int(np.floor(start)) + 1, float(stop.max())
    if whole and last - first <= _ROOMY * len(stop) + 1000:
        time = np.arange(first, int(last) + 1)
        enter = None if into is None else (into.astype(np.int64) + 1 - first).clip(0)
        return time, stop.astype(np.int64, copy=False) - first, enter
    distinct, at = np.unique(stop.astype(np.float64), return_inverse=True)
    enter = None if into is None else np.searchsorted(distinct, into, side="right")
    return distinct, at.astype(np.int64), enter


def _refuse_gap(
    time: npt.NDArray[np.generic], into: npt.NDArray[np.generic], stop_at: Ints, start: float
) -> None:
    """Raise where the risk set is empty between the start and the last time."""
    marks = np.concatenate([[start], np.asarray(time, dtype=np.float64)[:-1]])
    gone = np.concatenate([[0], np.cumsum(np.bincount(stop_at, minlength=len(time)))[:-1]])
    present = np.searchsorted(np.sort(into), marks, side="right") - gone
    empty = np.flatnonzero(present <= 0)
    if len(empty):
        after = marks[empty[-1]]
        resume = float(np.asarray(into, dtype=np.float64)[into > after].min())
        raise DesignError(_GAP.format(time=float(marks[empty[0]]), start=resume))


def _refuse_early_zero(time: npt.NDArray[np.generic], at_risk: Floats, events: Floats) -> None:
    """Raise where an early, small risk set ends as a whole and others enter later."""
    done = np.flatnonzero((events.sum(axis=0) >= at_risk) & (at_risk > 0))
    early = done[done < len(time) - 1]
    if len(early):
        raise DesignError(
            _ZERO.format(
                time=float(np.asarray(time[early[0]])), start=float(np.asarray(time[early[-1]]))
            )
        )


def _tally(at: Ints, weight: Floats | None, size: int) -> Floats:
    return np.bincount(at, weights=weight, minlength=size).astype(np.float64, copy=False)


def _suffix(values: Floats) -> Floats:
    return np.cumsum(values[::-1])[::-1].copy()


def _product(at_risk: Floats, events: Floats) -> tuple[Floats, Floats]:
    """Return S (…, T) and F (K, T) from counts; a hazard with nobody at risk is zero."""
    safe = np.where(at_risk > 0, at_risk, 1.0)
    survival = np.cumprod(np.clip(1 - events.sum(axis=0) / safe, 0.0, 1.0))
    before = np.concatenate([[1.0], survival[:-1]])
    return survival, np.cumsum(before * events / safe, axis=1)
