"""Synthetic control: weights on the simplex, placebo runs in space, and their inversion.

No libraries: the weights are one non-negative least-squares problem, solved exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Placebos", "placebo_p", "placebo_runs", "placebo_set", "simplex_weights"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Placebos:
    """Every unit in the place of the treated one.

    Parameters
    ----------
    weights : numpy.ndarray of float64, shape (units, units)
        Row j: weights of the other units that make up unit j; the treated unit is row 0.
    gaps : numpy.ndarray of float64, shape (units, periods)
        Unit less its synthetic self.
    before : numpy.ndarray of float64, shape (units,)
        Root mean squared gap before the start.
    after : numpy.ndarray of float64, shape (units,)
        The same after it.
    n_before : int
        Periods before the start.
    """

    weights: Floats
    gaps: Floats
    before: Floats
    after: Floats
    n_before: int


def simplex_weights(target: Floats, donors: Floats) -> Floats:
    """Return non-negative weights summing to one that bring the donors nearest to the target.

    Minimises |target − donors w|² (Abadie, Diamond & Hainmueller 2010, J Am Stat Assoc 105:493),
    with the outcomes before the start as predictors, equally weighted. With
    D = donors − target 1' it is the point of smallest norm in a polytope: the non-negative least
    squares solution u of [D; 1'] u = (0, …, 0, 1) has w = u/Σu (Lawson & Hanson 1974).

    Parameters
    ----------
    target : numpy.ndarray of float64, shape (periods,)
        Outcome of the unit before the start.
    donors : numpy.ndarray of float64, shape (periods, donors)
        Outcomes of the donors.

    Returns
    -------
    numpy.ndarray of float64, shape (donors,)
        The weights.

    Examples
    --------
    >>> donors = np.array([[0.0, 2.0, 9.0], [0.0, 4.0, 1.0]])
    >>> simplex_weights(np.array([0.5, 1.0]), donors).round(6).tolist()
    [0.75, 0.25, 0.0]
    """
    from scipy import optimize  # noqa: PLC0415 (importing the package must stay instant)

    D = donors - target[:, None]
    scale = float(np.abs(D).max())
    D = D / scale if scale > 0 else D
    system = np.concatenate([D, np.ones((1, D.shape[1]))])
    right = np.concatenate([np.zeros(len(D)), [1.0]])
    u = optimize.nnls(system, right, maxiter=max(1000, 30 * D.shape[1]))[0]
    return np.asarray(u / u.sum())


def placebo_runs(outcomes: Floats, n_before: int) -> Placebos:
    """Fit the treated unit and then each donor as if it had been treated.

    The treated unit joins the donors of the others (Abadie, Diamond & Hainmueller 2010),
    so that all units are handled alike.

    Parameters
    ----------
    outcomes : numpy.ndarray of float64, shape (units, periods)
        Outcomes without gaps; row 0 is the treated unit.
    n_before : int
        Periods before the start.

    Returns
    -------
    Placebos
        Weights, gaps and their size before and after.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> runs = placebo_runs(rng.normal(size=(6, 10)), 7)
    >>> runs.gaps.shape, runs.weights.sum(axis=1).round(9).tolist()
    ((6, 10), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """
    n = len(outcomes)
    weights = np.zeros((n, n))
    for j in range(n):
        others = np.arange(n) != j
        weights[j, others] = simplex_weights(outcomes[j, :n_before], outcomes[others, :n_before].T)
    gaps = outcomes - weights @ outcomes
    return Placebos(
        weights=weights,
        gaps=gaps,
        before=np.sqrt((gaps[:, :n_before] ** 2).mean(axis=1)),
        after=np.sqrt((gaps[:, n_before:] ** 2).mean(axis=1)),
        n_before=n_before,
    )


def placebo_p(runs: Placebos, shift: float = 0.0) -> float:
    """Return the share of units whose gap grew at least as much as the treated unit's.

    The statistic is the root mean squared gap after over before the start; the treated unit
    counts, so the smallest value is 1/units.

    Parameters
    ----------
    runs : Placebos
        The runs.
    shift : float
        Constant difference in the treated unit after the start under the null hypothesis.

    Returns
    -------
    float
        p-value.

    Examples
    --------
    >>> outcomes = np.random.default_rng(1).normal(size=(6, 10))
    >>> outcomes[0, 7:] += 20
    >>> round(placebo_p(placebo_runs(outcomes, 7)), 4)
    0.1667
    """
    after = runs.gaps[:, runs.n_before :] + runs.weights[:, :1] * shift
    after[0] = runs.gaps[0, runs.n_before :] - shift
    after_squares = (after**2).mean(axis=1)
    # Compared without division: a perfect fit before the start has a ratio without limit.
    left = after_squares * runs.before[0] ** 2
    right = after_squares[0] * runs.before**2
    tolerance = 1e-12 * max(float(np.abs(left).max()), float(np.abs(right).max()), 1e-300)
    return float((left >= right - tolerance).mean())


def placebo_set(runs: Placebos, conf_level: float) -> tuple[float | None, float | None]:
    """Return the constant differences that the placebo runs do not reject, as an interval.

    p(c) of `placebo_p` is a step function whose steps lie at the roots of quadratics, so the set
    {c: p(c) > 1 − conf_level} is exact; its hull is returned (Firpo & Possebom 2018, J Causal
    Inference 6:20160026).

    Parameters
    ----------
    runs : Placebos
        The runs.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    tuple of (float or None, float or None)
        Limits; None where the set has no end, as it must with fewer units than 1/(1 − level).

    Examples
    --------
    >>> placebo_set(placebo_runs(np.random.default_rng(1).normal(size=(6, 10)), 7), 0.95)
    (None, None)
    """
    own, after = runs.gaps[0, runs.n_before :], runs.gaps[:, runs.n_before :]
    w = runs.weights[:, 0]
    # q_j(c) = before_0² mean (g_j + w_j c)² − before_j² mean (g_0 − c)² ≥ 0 counts unit j.
    b0, bj = runs.before[0] ** 2, runs.before**2
    a2 = b0 * w**2 - bj
    a1 = 2 * (b0 * w * after.mean(axis=1) + bj * own.mean())
    a0 = b0 * (after**2).mean(axis=1) - bj * (own**2).mean()
    steps = [own.mean()]
    for quadratic in np.column_stack([a2, a1, a0])[1:]:
        if np.abs(quadratic[:2]).max() > 0:
            roots = np.roots(quadratic)
            steps += [float(r.real) for r in roots if abs(r.imag) < 1e-9 * (1 + abs(r.real))]
    points = np.unique(steps)
    wide = 1 + 10 * float(np.ptp(points)) + abs(float(points[0])) + abs(float(points[-1]))
    middles = np.concatenate(
        [[points[0] - wide], (points[1:] + points[:-1]) / 2, [points[-1] + wide]]
    )
    alpha = 1 - conf_level
    kept = np.array([placebo_p(runs, float(c)) > alpha + 1e-12 for c in middles])
    inside = np.flatnonzero(kept)
    if len(inside) == 0:
        return float(own.mean()), float(own.mean())
    first, last = int(inside[0]), int(inside[-1])
    low = None if first == 0 else float(points[first - 1])
    high = None if last == len(points) else float(points[last])
    return low, high
