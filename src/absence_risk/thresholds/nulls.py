"""What the search for a bend finds where there is none: simulated by a wild bootstrap.

Residuals are multiplied by random signs, the same within a cluster, and added to a fitted shape
(Wu 1986; clusters: Cameron, Gelbach & Miller 2008; for kinks: Hansen 2017, JBES 35:228). All nulls
share the draws, and all shapes are compared on sums per bin of the exposure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.kink_bootstrap import kink_draws
from absence_risk.stats.shape_bins import shape_bins
from absence_risk.stats.splines import restricted_cubic
from absence_risk.thresholds.smooth_class import smooth_curves

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.shape_bins import ShapeBins, Shapes
    from absence_risk.thresholds.candidates import Candidates
    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["SMOOTH", "Evidence", "Test", "hinge_weights", "weigh_candidates"]

SMOOTH = ("quadratic", "cubic", "rounded")
_FEWEST_RATIOS = 399


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A statistic and how often its simulated null reaches it.

    Parameters
    ----------
    statistic : float
        Fall of the SSR in units of the residual variance.
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
        The best kink against a linear, quadratic, cubic, rounded and spline truth.
    step_against : dict of str to Test
        The best step against the same.
    against_kink : dict of str to Test
        Cubic, rounded and spline shape against the best kink as truth.
    step_ahead : float
        Gain of the step beyond that of the best other one-place or smooth shape, in units of the
        residual variance.
    smooth_change : numpy.ndarray, shape (replicates,)
        Slope change at the threshold that a hinge finds where the spline is the truth.
    beyond_noise : numpy.ndarray, shape (replicates,)
        Error of "slope change beyond the spline's" where the spline is the truth.
    kink_ratio : numpy.ndarray, shape (replicates,)
        Likelihood ratio of the true kink where the kink is the truth.
    """

    kink_against: dict[str, Test]
    step_against: dict[str, Test]
    against_kink: dict[str, Test]
    step_ahead: float
    smooth_change: Floats
    beyond_noise: Floats
    kink_ratio: Floats

    @property
    def spline_against_kink(self) -> Test:
        """The spline against a truth that is straight, bends once and is straight again."""
        return self.against_kink["spline"]


@dataclass(frozen=True, eq=False)
class _Bench:
    """All shapes side by side; families are slices or whitened groups of them."""

    shapes: Shapes
    places: int
    curves: int

    def best(self, lengths: Floats, family: str) -> Floats:
        """Return the largest gain within a family, shape (B,)."""
        if family in ("cubic", "spline"):
            return np.asarray(((lengths[:, self.members(family)] @ self.white(family)) ** 2).sum(1))
        if family == "linear":
            return np.zeros(len(lengths))
        return np.asarray((lengths[:, self.members(family)] ** 2).max(axis=1))

    def members(self, family: str) -> npt.NDArray[np.int64]:
        """Return the places of a family's shapes."""
        p, c = self.places, 2 * self.places + self.curves
        start, end = {
            "kink": (0, p),
            "step": (p, 2 * p),
            "rounded": (2 * p, c),
            "cubic": (c, c + 2),
            "quadratic": (c, c + 1),
            "spline": (c + 2, c + 5),
            "hinge": (c + 5, c + 6),
        }[family]
        return np.arange(start, end)

    def white(self, family: str) -> Floats:
        """Return the matrix that makes a family's shapes orthonormal."""
        at = self.members(family)
        values, vectors = np.linalg.eigh(self.shapes.overlap[np.ix_(at, at)])
        usable = values > 1e-9 * values[-1]
        return np.asarray(vectors[:, usable] / np.sqrt(values[usable]))

    def signal(self, lengths: Floats, family: str) -> Floats:
        """Return the lengths of a family's fit along every shape, shape (J,)."""
        if family == "linear":
            return np.zeros(lengths.shape)
        at = self.members(family)
        if family in ("cubic", "spline"):
            white = self.white(family)
            return np.asarray(self.shapes.overlap[:, at] @ (white @ (white.T @ lengths[at])))
        best = at[int((lengths[at] ** 2).argmax())]
        return np.asarray(self.shapes.overlap[:, best] * lengths[best])


def weigh_candidates(
    sample: Sample,
    fits: Candidates,
    *,
    at: float,
    rounding: float,
    replicates: int,
    rng: np.random.Generator,
) -> Evidence:
    """Simulate each null and compare.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    at : float
        Candidate threshold, a share.
    rounding : float
        Least width of a smooth bend, a share.
    replicates : int
        Number of simulated outcomes for each null.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Evidence
        Tests and simulated distributions.
    """
    # Levels of pupils include the intercept, which the first column of the basis spans.
    basis = fits.linear.basis if sample.groups is None else fits.linear.basis[:, 1:]
    bins = shape_bins(sample.x, basis, weights=sample.weights, groups=sample.groups)
    bench = _bench(bins, fits, at, rounding)
    seen = bench.shapes.along(bins.sums(fits.linear.resid))
    best = min((fits.kink, fits.step, fits.rounded, fits.spline), key=lambda curve: curve.ssr)
    df = sample.n - best.n_params - sample.n_absorbed
    variance = best.ssr / df
    clusters = sample.n_clusters
    factor = clusters / (clusters - 1) * (sample.n - 1) / df
    codes = None if clusters == sample.n else sample.codes
    noise = bench.shapes.along(bins.wild_sums(best.resid * np.sqrt(factor), codes, replicates, rng))

    def test(winner: str, null: str) -> Test:
        """Compare two families where the second is the truth."""
        drawn = noise + bench.signal(seen, null)
        now = bench.best(seen[None], winner) - bench.best(seen[None], null)
        draws = bench.best(drawn, winner) - bench.best(drawn, null)
        reached = int((draws >= now).sum())
        return Test(statistic=float(now[0] / variance), p_value=(1 + reached) / (1 + replicates))

    nulls = ("linear", *SMOOTH, "spline")
    gains = {name: bench.best(seen[None], name)[0] for name in ("kink", "step", "rounded", "cubic")}
    ahead = gains["step"] - max(gains["kink"], gains["rounded"], gains["cubic"])
    change, beyond = _changes(bench, noise, seen)
    ratio = _ratio_of_truth(bench, noise, seen, variance)
    if sample.groups is None:
        ratio = kink_draws(
            sample.x,
            sample.y,
            sample.adjust,
            location=fits.location,
            limits=fits.search.limits,
            weights=sample.weights,
            clusters=codes,
            replicates=max(replicates, _FEWEST_RATIOS),
            rng=rng,
        ).ratio
    return Evidence(
        kink_against={name: test("kink", name) for name in nulls},
        step_against={name: test("step", name) for name in nulls},
        against_kink={name: test(name, "kink") for name in ("cubic", "rounded", "spline")},
        step_ahead=float(ahead / variance),
        smooth_change=change,
        beyond_noise=beyond,
        kink_ratio=ratio,
    )


def _bench(bins: ShapeBins, fits: Candidates, at: float, rounding: float) -> _Bench:
    """Lay out all shapes: kinks and steps at bin edges, smooth curves, the hinge at ``at``."""
    edges = np.append(bins.edges, bins.top)
    low, high = fits.search.limits
    tiny = 1e-12
    places = np.flatnonzero((bins.edges >= low - tiny) & (bins.edges <= high + tiny))
    if len(places) == 0:
        places = np.array([np.abs(bins.edges - low).argmin()])
    curves = smooth_curves(edges, (float(edges[0]), float(edges[-1])), rounding)
    more = np.vstack(
        [curves, edges**2, edges**3, restricted_cubic(edges, fits.knots).T[1:], _hinge(edges, at)]
    )
    pieces = np.concatenate([bins.kinks(places), bins.steps(places), bins.curves(more)])
    return _Bench(bins.shapes(pieces), len(places), len(curves))


def _hinge(edges: Floats, at: float) -> Floats:
    return np.maximum(edges - at, 0.0)


def _changes(bench: _Bench, noise: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Return draws of the slope change at the threshold, and of what is beyond the spline's."""
    (hinge,) = bench.members("hinge")
    norm = bench.shapes.norm[hinge]
    at, white = bench.members("spline"), bench.white("spline")
    truth = bench.signal(seen, "spline")[hinge]
    on_spline = noise[:, at] @ white @ (white.T @ bench.shapes.overlap[at, hinge])
    return (noise[:, hinge] + truth) / norm, (noise[:, hinge] - on_spline) / norm


def _ratio_of_truth(bench: _Bench, noise: Floats, seen: Floats, variance: float) -> Floats:
    """Return the likelihood ratio of the best binned kink where it is the truth."""
    at = bench.members("kink")
    best = at[int((seen[at] ** 2).argmax())]
    drawn = noise + bench.shapes.overlap[:, best] * seen[best]
    return np.asarray((bench.best(drawn, "kink") - drawn[:, best] ** 2) / variance)


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
        w and (I − P)w, for outcomes times root weight.
    """
    direct = fits.hinge.weights[2]
    basis = fits.spline.basis
    return direct, direct - basis @ (basis.T @ direct)
