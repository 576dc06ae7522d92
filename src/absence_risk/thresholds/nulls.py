"""What the search for a bend finds where there is none: simulated by a wild bootstrap.

Residuals of a fitted shape are multiplied by random signs, the same within a cluster, and added to
the shape (Wu 1986; clusters: Cameron, Gelbach & Miller 2008; for kinks: Hansen 2017, JBES 35:228).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.bootstrap import wild_signs

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.thresholds.candidates import Candidates, Curve
    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["Evidence", "Test", "hinge_weights", "weigh_candidates"]

_BLOCK = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A statistic and how often its simulated null reaches it.

    Parameters
    ----------
    statistic : float
        Fall of the SSR in units of the residual variance of the better shape.
    p_value : float
        (1 + replicates that reach it) / (1 + replicates).
    """

    __test__ = False

    statistic: float
    p_value: float


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the simulations say.

    Parameters
    ----------
    kink_against : dict of str to Test
        The best kink against a linear, quadratic and spline truth.
    spline_against_kink : Test
        The spline against a truth that is straight, bends once and is straight again.
    smooth_change : numpy.ndarray, shape (replicates,)
        Slope change at the threshold that a hinge finds where the spline is the truth.
    beyond_noise : numpy.ndarray, shape (replicates,)
        Error of "slope change beyond the spline's" where the spline is the truth.
    kink_ratio : numpy.ndarray, shape (replicates,)
        Likelihood ratio of the true kink where the kink is the truth.
    """

    kink_against: dict[str, Test]
    spline_against_kink: Test
    smooth_change: Floats
    beyond_noise: Floats
    kink_ratio: Floats


def weigh_candidates(
    sample: Sample, fits: Candidates, *, replicates: int, rng: np.random.Generator
) -> Evidence:
    """Simulate each null and compare.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    replicates : int
        Number of simulated outcomes for each null.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Evidence
        Tests and simulated distributions.
    """
    tests = {}
    for null in (fits.linear, fits.quadratic):

        def under_null(y: Floats, null: Curve = null) -> tuple[Floats, ...]:
            """Measure outcomes that follow the null."""
            return (_sup(null, y, fits),)

        (draws,) = _simulate(null, sample, replicates, rng, under_null)
        tests[null.name] = _test(_ratio(null.ssr, fits.kink.ssr, fits), draws)
    direct, beyond = hinge_weights(fits)

    def under_spline(y: Floats) -> tuple[Floats, ...]:
        """Measure outcomes that follow the spline."""
        return _sup(fits.spline, y, fits), direct @ y, beyond @ y

    draws, change, noise = _simulate(fits.spline, sample, replicates, rng, under_spline)
    tests["spline"] = _test(_ratio(fits.spline.ssr, fits.kink.ssr, fits), draws)

    def under_kink(y: Floats) -> tuple[Floats, ...]:
        """Measure outcomes that follow the best kink."""
        least = fits.search.fit(y).ssr
        smooth = _ratio(least, _ssr(fits.spline, y), fits)
        return smooth, _ratio(_ssr(fits.kink, y), least, fits)

    draws, ratio = _simulate(fits.kink, sample, replicates, rng, under_kink)
    smoother = _test(_ratio(fits.kink.ssr, fits.spline.ssr, fits), draws)
    return Evidence(tests, smoother, change, noise, ratio)


def hinge_weights(fits: Candidates) -> tuple[Floats, Floats]:
    """Return the weights of the outcome in the slope change, and in what is beyond the spline's.

    The slope change at the threshold is linear in the outcome, w'y. The spline implies w'Py with P
    its projection, so what is beyond it is w'(I − P)y, which is 0 on average for a spline truth.

    Parameters
    ----------
    fits : Candidates
        The fitted shapes.

    Returns
    -------
    direct, beyond : numpy.ndarray, shape (n,)
        w and (I − P)w.
    """
    direct = fits.hinge.weights[2]
    basis = fits.spline.basis
    return direct, direct - basis @ (basis.T @ direct)


def _simulate(
    null: Curve,
    sample: Sample,
    replicates: int,
    rng: np.random.Generator,
    measure: Callable[[Floats], tuple[Floats, ...]],
) -> tuple[Floats, ...]:
    """Return what is measured on outcomes that follow a shape, in blocks of bounded memory."""
    n, clusters = sample.n, sample.n_clusters
    factor = clusters / (clusters - 1) * (n - 1) / max(n - null.n_params, 1)
    centred, resid = null.fitted - sample.y.mean(), null.resid * np.sqrt(factor)
    width = max(1, _BLOCK // n)
    parts = []
    for done in range(0, replicates, width):
        signs = wild_signs(clusters, min(width, replicates - done), rng)[sample.codes]
        parts.append(measure(centred[:, None] + signs * resid[:, None]))
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _sup(null: Curve, y: Floats, fits: Candidates) -> Floats:
    return _ratio(_ssr(null, y), fits.search.fit(y).ssr, fits)


def _ssr(curve: Curve, y: Floats) -> Floats:
    """Return the SSR of each column of centred outcomes."""
    explained = curve.basis.T @ y
    return np.asarray(np.einsum("ij,ij->j", y, y) - np.einsum("ij,ij->j", explained, explained))


def _ratio(worse: Floats | float, better: Floats | float, fits: Candidates) -> Floats:
    return np.asarray((worse - better) / better * fits.search.df_resid, dtype=np.float64)


def _test(observed: Floats, draws: Floats) -> Test:
    reached = int((draws >= observed).sum())
    return Test(statistic=float(observed), p_value=(1 + reached) / (1 + len(draws)))
