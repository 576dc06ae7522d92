"""How well each shape predicts pupils it has not seen, and its weight by BIC."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.kink import kink_search
from absence_risk.stats.splines import restricted_cubic
from absence_risk.stats.step import step_search

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from absence_risk.thresholds.candidates import Candidates
    from absence_risk.thresholds.sample import Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["scores_table"]


def scores_table(
    sample: Sample, fits: Candidates, *, folds: int, trim: float, rng: np.random.Generator
) -> Table:
    """Return cross-validated log scores beside the straight line, and BIC weights.

    Whole clusters are left out together. Places of kinks and steps are searched anew without the
    fold; the scores are normal log densities with the variance of the rows that were kept.

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
    for name, (gain, error) in _cross_validated(sample, fits, folds, trim, rng).items():
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
    sample: Sample, fits: Candidates, folds: int, trim: float, rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """Return for each shape the log score beside the line and its standard error."""
    if folds == 0:
        return {}
    clusters = sample.n_clusters
    fold = rng.permutation(np.arange(clusters) % folds)[sample.codes]
    scores: dict[str, Floats] = {}
    for k in range(folds):
        kept, out = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        for name, columns in _columns(sample, fits, kept, trim).items():
            scores.setdefault(name, np.zeros(sample.n))[out] = _log_density(
                sample, columns, kept, out
            )
    found = {}
    for name, score in scores.items():
        per_cluster = np.bincount(sample.codes, weights=score - scores["linear"])
        error = np.sqrt(clusters * per_cluster.var(ddof=1)) if name != "linear" else 0.0
        found[name] = (float(per_cluster.sum()), float(error))
    return found


def _columns(
    sample: Sample, fits: Candidates, kept: npt.NDArray[np.int64], trim: float
) -> dict[str, Floats]:
    """Return the columns of each shape at all rows, with places found on the kept rows."""
    x = sample.x
    extra = sample.adjust[kept] if sample.adjust.shape[1] else None
    weights = None if sample.weights is None else sample.weights[kept]
    groups = None
    if sample.groups is not None:
        groups = np.unique(sample.groups[kept], return_inverse=True)[1]
    y = sample.y[kept]

    def place(find: Callable[[], float]) -> float:
        """Return a place, or the one of all rows where the kept rows leave none."""
        try:
            return find()
        except ValueError:
            return fits.location

    def search_kink() -> float:
        """Find the kink of the kept rows."""
        search = kink_search(x[kept], extra, weights=weights, groups=groups, trim=trim)
        return float(search.fit(y).location[0])

    def search_step(*, kink: bool) -> float:
        """Find the step of the kept rows."""
        search = step_search(x[kept], extra, weights=weights, groups=groups, trim=trim, kink=kink)
        return search.fit(y).location

    bend, jump = place(search_kink), place(lambda: search_step(kink=False))
    both = place(lambda: search_step(kink=True))
    shapes = {
        "none": [],
        "linear": [x],
        "quadratic": [x, x**2],
        "cubic": [x, x**2, x**3],
        "spline": [restricted_cubic(x, fits.knots)],
        "kink": [x, np.maximum(x - bend, 0.0)],
        "step": [x, x > jump],
        "kink and step": [x, x > both, np.maximum(x - both, 0.0)],
    }
    return {
        name: np.column_stack([np.ones(sample.n), *columns, sample.adjust])
        for name, columns in shapes.items()
    }


def _log_density(
    sample: Sample,
    columns: Floats,
    kept: npt.NDArray[np.int64],
    out: npt.NDArray[np.int64],
) -> Floats:
    """Return the normal log density of each row left out."""
    design, target = sample.within(columns), sample.within(sample.y[:, None])[:, 0]
    root = np.ones(sample.n) if sample.root is None else sample.root
    matrix, y = design * root[:, None], target * root
    coef = np.linalg.lstsq(matrix[kept], y[kept], rcond=None)[0]
    left = y - matrix @ coef
    variance = float(left[kept] @ left[kept]) / max(len(kept) - matrix.shape[1], 1)
    return np.asarray(-0.5 * (np.log(2 * np.pi * variance) + left[out] ** 2 / variance))
