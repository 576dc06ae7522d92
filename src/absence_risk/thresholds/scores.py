"""How well each shape predicts pupils it has not seen, and its weight by BIC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.kink import kink_search
from absence_risk.stats.splines import restricted_cubic
from absence_risk.stats.step import step_search
from absence_risk.thresholds.candidates import Curve, best_smooth
from absence_risk.thresholds.flexible import fit_monotone, fit_penalised_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.thresholds.candidates import Candidates
    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["scores_table"]


def scores_table(
    sample: Sample,
    fits: Candidates,
    *,
    folds: int,
    trim: float,
    rounding: float,
    rng: np.random.Generator,
) -> Table:
    """Return cross-validated log scores beside the straight line, and BIC weights.

    Whole clusters are left out together. Places of kinks and steps, the curve of the smooth class,
    the strength of the penalty and the monotone curve are found anew without the fold. The scores
    are normal log densities with the variance of the rows that were kept.

    Parameters
    ----------
    sample : Sample
        Complete rows.
    fits : Candidates
        The fitted shapes.
    folds : int
        Number of folds; 0 leaves the scores out.
    trim : float
        Least share of rows on each side of a kink or step.
    rounding : float
        Least width of a smooth bend, a share.
    rng : numpy.random.Generator
        Source of randomness, for the folds.

    Returns
    -------
    Table
        ``group`` is "log score beside the line" (with a standard error over clusters) or
        "BIC weight".
    """
    rows = []
    folds = min(folds, sample.n_clusters)
    for name, (gain, error) in _cross_validated(sample, fits, folds, (trim, rounding), rng).items():
        rows.append(
            Estimate(
                term=name,
                group="log score beside the line",
                estimate=gain,
                std_error=error,
                n=sample.n,
            )
        )
    bic = np.array([curve.bic for curve in fits.all])
    weights = np.exp(-(bic - bic.min()) / 2)
    for curve, weight in zip(fits.all, weights / weights.sum(), strict=True):
        rows.append(
            Estimate(term=curve.name, group="BIC weight", estimate=float(weight), n=sample.n)
        )
    return Table(
        name="scores",
        title="What each shape predicts of pupils left out, and its weight by BIC",
        rows=tuple(rows),
        note=(
            f"Sum over {folds} folds of whole clusters, in units of log-likelihood; above "
            "0 predicts better than the straight line. Weights: exp(−ΔBIC/2), shared out."
        ),
    )


def _cross_validated(
    sample: Sample,
    fits: Candidates,
    folds: int,
    widths: tuple[float, float],
    rng: np.random.Generator,
) -> dict[str, tuple[float, float]]:
    """Return for each shape the log score beside the line and its standard error."""
    if folds == 0:
        return {}
    clusters = sample.n_clusters
    fold = rng.permutation(np.arange(clusters) % folds)[sample.codes]
    scores: dict[str, Floats] = {}
    for k in range(folds):
        kept, out = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        for name, shape in _shapes(sample, fits, kept, widths).items():
            scores.setdefault(name, np.zeros(sample.n))[out] = _log_density(
                sample, shape, kept, out
            )
    found = {}
    for name, score in scores.items():
        per_cluster = np.bincount(sample.codes, weights=score - scores["linear"])
        error = np.sqrt(clusters * per_cluster.var(ddof=1)) if name != "linear" else 0.0
        found[name] = (float(per_cluster.sum()), float(error))
    return found


@dataclass(frozen=True, eq=False)
class _Shape:
    """Columns whose coefficients are fitted on the kept rows, and a part that is fixed already."""

    columns: Floats
    fixed: Floats
    n_fixed: float = 0.0


def _shapes(
    sample: Sample, fits: Candidates, kept: npt.NDArray[np.int64], widths: tuple[float, float]
) -> dict[str, _Shape]:
    """Return each shape at all rows, with places and curves found on the kept rows."""
    x, part, (trim, rounding) = sample.x, sample.take(kept), widths
    extra = part.adjust if part.adjust.shape[1] else None
    more: dict[str, Any] = {"weights": part.weights, "groups": part.groups, "trim": trim}

    def place(find: Callable[[], float]) -> float:
        """Return a place, or the one of all rows where the kept rows leave none."""
        try:
            return find()
        except ValueError:
            return fits.location

    bend = place(lambda: float(kink_search(part.x, extra, **more).fit(part.y).location[0]))
    jump = place(lambda: step_search(part.x, extra, kink=False, **more).fit(part.y).location)
    both = place(lambda: step_search(part.x, extra, kink=True, **more).fit(part.y).location)
    line = Curve(
        "linear",
        part.within(part.x[:, None]),
        part.within(part.adjust),
        part.within(part.y[:, None])[:, 0],
        root=part.root,
    )
    shapes: dict[str, list[Floats]] = {
        "none": [],
        "linear": [x],
        "quadratic": [x, x**2],
        "cubic": [x, x**2, x**3],
        "rounded": [x, best_smooth(part, line, rounding)(x)],
        "spline": [restricted_cubic(x, fits.knots)],
        "kink": [x, np.maximum(x - bend, 0.0)],
        "step": [x, (x > jump).astype(np.float64)],
        "kink and step": [x, (x > both).astype(np.float64), np.maximum(x - both, 0.0)],
    }
    rest, none = np.column_stack([np.ones(sample.n), sample.adjust]), np.zeros(sample.n)
    found = {name: _Shape(np.column_stack([*own, rest]), none) for name, own in shapes.items()}
    for curve in (fit_penalised_shape(part), fit_monotone(part, rising=line.coef[1] > 0)):
        found[curve.name] = _Shape(rest, curve.at(x), curve.n_params - rest.shape[1])
    return found


def _log_density(
    sample: Sample, shape: _Shape, kept: npt.NDArray[np.int64], out: npt.NDArray[np.int64]
) -> Floats:
    """Return the normal log density of each row left out."""
    design = sample.within(shape.columns)
    target = sample.within((sample.y - shape.fixed)[:, None])[:, 0]
    root = np.ones(sample.n) if sample.root is None else sample.root
    matrix, y = design * root[:, None], target * root
    coef = np.linalg.lstsq(matrix[kept], y[kept], rcond=None)[0]
    left = y - matrix @ coef
    free = len(kept) - matrix.shape[1] - shape.n_fixed
    variance = float(left[kept] @ left[kept]) / max(free, 1.0)
    return np.asarray(-0.5 * (np.log(2 * np.pi * variance) + left[out] ** 2 / variance))
