"""What counts as smooth: the curves that a threshold has to beat.

No test can tell a kink from a bend that is rounded a little, so "smooth" needs a width. Here a
curve is smooth if its bends take at least ``rounding``: a softplus w·log(1 + exp((x − c)/w)) with
w ≥ rounding changes from 10 to 90 % of its slope over 2 log 9 · w = 4.4 w. A curve that bends twice
is a sigmoid 1/(1 + exp(−(x − c)/s)); each of its bends takes 2.98 s between 10 and 90 % of the
largest slope, so it is as wide as the narrowest softplus where s ≥ 1.47 · rounding. Powers,
logarithms and saturating curves are smooth too, however steep they are near no absence at all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["ROUNDING", "smooth_curves"]

ROUNDING = 0.06
_WIDER = (1.0, 1.4, 2.0, 3.0, 5.0)
_CENTRES = 24
_SIGMOID = 2 * np.log(9) / (2 * (np.arccosh(10**0.5) - np.arccosh((10 / 9) ** 0.5)))
_SIGMOID_WIDER = (1.0, 1.4, 2.0)
_SIGMOID_CENTRES = 20
_LOGS = (3.0, 10.0, 30.0, 100.0)
_HALVES = (0.02, 0.05, 0.10, 0.20)
_POWERS = (1 / 3, 0.5, 1.5, 2.0, 3.0)


def smooth_curves(
    x: npt.ArrayLike, span: tuple[float, float], rounding: float, *, only: int | None = None
) -> Floats:
    """Return every smooth curve, each to be added to a straight line.

    Parameters
    ----------
    x : array-like of float, shape (m,)
        Shares of absence at which to evaluate.
    span : tuple of float
        Lowest and highest share in the data; bends are centred in and somewhat beyond it.
    rounding : float
        Least width w of a bend, a share above 0.
    only : int or None
        Return this curve alone.

    Returns
    -------
    numpy.ndarray of float64, shape (curves, m)
        Values, in an order that depends on the arguments only.

    Examples
    --------
    >>> smooth_curves([0.0, 0.2], (0.0, 0.4), 0.06).shape
    (193, 2)
    """
    at = np.asarray(x, dtype=np.float64)
    makers: list[Callable[[], Floats]] = []
    for factor in _WIDER:
        width = factor * rounding
        for centre in np.linspace(span[0] - width, span[1] + 2 * width, _CENTRES):
            makers.append(partial(_rounded_bend, at, float(centre), width))
    for factor in _SIGMOID_WIDER:
        width = factor * _SIGMOID * rounding
        for centre in np.linspace(span[0], span[1] + width, _SIGMOID_CENTRES):
            makers.append(partial(_sigmoid, at, float(centre), width))
    makers += [partial(np.log1p, steep * at) for steep in _LOGS]
    makers += [partial(np.divide, at, at + half) for half in _HALVES]
    makers += [partial(np.power, at, power) for power in _POWERS]
    return np.array([maker() for maker in (makers if only is None else [makers[only]])])


def _rounded_bend(at: Floats, centre: float, width: float) -> Floats:
    return np.asarray(width * np.logaddexp(0.0, (at - centre) / width))


def _sigmoid(at: Floats, centre: float, width: float) -> Floats:
    return np.asarray(special.expit((at - centre) / width))
