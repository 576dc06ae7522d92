"""Two-valued and counted outcomes made linear at a smooth fit, so that all shapes stay comparable.

A generalised linear model is fitted with a restricted cubic spline by iterated weighted least
squares. Its last working response z = η + (y − μ)/μ′(η) with weights w carries every shape near
that fit: a weighted least-squares fit of z is one Newton step from the spline, and (z, w) is all
that the search for kinks needs (McCullagh & Nelder 1989, section 2.5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError, EstimationError
from absence_risk.stats.splines import harrell_knots, restricted_cubic

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.sample import Family, Sample

    Floats = npt.NDArray[np.float64]

__all__ = ["check_family", "from_link", "linearise"]

_STEPS = 50
_LARGEST = 30.0
_SEPARATED = (
    "The regression has no finite solution: some combination of covariates separates pupils with "
    "from pupils without the outcome. Leave out a covariate or join small groups."
)


def check_family(y: Floats, outcome: str, family: Family) -> None:
    """Refuse an outcome that its distribution cannot have.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Outcome.
    outcome : str
        Its name.
    family : {"gaussian", "binomial", "poisson"}
        Distribution.

    Raises
    ------
    DesignError
        If there are no events, or values that the distribution does not have.
    """
    if family == "gaussian":
        return
    if family == "binomial" and not np.isin(y, (0.0, 1.0)).all():
        raise DesignError(f"{outcome!r} must be 0 or 1 for family='binomial'; it has other values.")
    if family == "poisson" and not ((y >= 0).all() and (y == np.round(y)).all()):
        raise DesignError(f"{outcome!r} must be counts (0, 1, 2 …) for family='poisson'.")
    if not (y > 0).any():
        raise DesignError(f"{outcome!r} has no events in {len(y)} complete rows: nothing to learn.")
    if family == "binomial" and (y > 0).all():
        raise DesignError(f"{outcome!r} happens to everybody ({len(y)} rows): nothing to learn.")


def linearise(sample: Sample) -> Sample:
    """Return the sample with its outcome made linear at a smooth fit.

    Parameters
    ----------
    sample : Sample
        Complete rows; returned as they are for a continuous outcome.

    Returns
    -------
    Sample
        ``y`` on the scale of the link, with weights; ``observed`` keeps the outcome.

    Raises
    ------
    EstimationError
        If the smooth fit has no finite solution.
    """
    if sample.family == "gaussian":
        return sample
    spline = restricted_cubic(sample.x, harrell_knots(sample.x, 5))
    spline = (spline - spline.mean(axis=0)) / spline.std(axis=0)
    design = np.column_stack([np.ones(sample.n), spline, sample.adjust])
    mean = (sample.y + sample.y.mean()) / 2
    eta = np.log(mean / (1 - mean)) if sample.family == "binomial" else np.log(mean)
    for _ in range(_STEPS):
        mean = from_link(eta, sample.family)
        weight = mean * (1 - mean) if sample.family == "binomial" else mean
        response = eta + (sample.y - mean) / weight
        root = np.sqrt(weight)
        coef = np.linalg.lstsq(design * root[:, None], response * root, rcond=None)[0]
        new = design @ coef
        if np.abs(new).max() > _LARGEST:
            break
        if np.abs(new - eta).max() < 1e-9:
            return replace(sample, y=response, weights=weight, observed=sample.y)
        eta = new
    raise EstimationError(_SEPARATED)


def from_link(eta: npt.ArrayLike, family: Family) -> Floats:
    """Return means from the scale of the link.

    Parameters
    ----------
    eta : array-like of float
        Log odds, log means, or means.
    family : {"gaussian", "binomial", "poisson"}
        Distribution.

    Returns
    -------
    numpy.ndarray of float64
        Means in the outcome's own unit.

    Examples
    --------
    >>> from_link([0.0], "binomial").tolist(), from_link([0.0], "poisson").tolist()
    ([0.5], [1.0])
    """
    values = np.asarray(eta, dtype=np.float64)
    if family == "binomial":
        return np.asarray(1 / (1 + np.exp(-values)))
    return np.exp(values) if family == "poisson" else values
