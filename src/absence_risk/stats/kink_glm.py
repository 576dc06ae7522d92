"""A kink in a logistic or Poisson regression: profile deviance, best place, confidence set.

Each place is a generalised linear model of its own. Newton steps start from the fit at the
neighbouring place; one or two suffice, because after a step the deviance is exact to the square of
that step's own gain over the number of rows. The whole range is profiled before the best place is
refined: a search that alternates between coefficients and place can stop at a local optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, special

from absence_risk.errors import EstimationError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Family = Literal["binomial", "poisson"]

__all__ = ["GlmKink", "fit_glm_kink"]

_ENOUGH = 1e-9
_MOST_STEPS = 50
_LARGEST = 60.0


@dataclass(frozen=True, eq=False)
class GlmKink:
    """The best kink of a generalised linear model.

    Parameters
    ----------
    location : float
        Best ψ, in the units of x.
    deviance : float
        Deviance there.
    deviance_line : float
        Deviance without a kink.
    coef : numpy.ndarray of float64, shape (3 + p,)
        Intercept, slope below, slope change, covariates; on the link scale.
    parts : numpy.ndarray of float64, shape (parts, 2)
        Confidence set: every place whose deviance is within χ²₁ of the least.
    grid, profile : numpy.ndarray of float64, shape (m,)
        Places and their deviance.
    """

    location: float
    deviance: float
    deviance_line: float
    coef: Floats
    parts: Floats
    grid: Floats
    profile: Floats


@dataclass(eq=False)
class _Profile:
    """Deviance as a function of the place, warm-started from the last fit."""

    x: Floats
    y: Floats
    matrix: Floats
    family: Family
    weights: Floats | None
    coef: Floats = field(init=False)
    start: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.coef = np.zeros(len(self.matrix))
        mean = float(np.average(self.y, weights=self.weights))
        self.coef[0] = special.logit(mean) if self.family == "binomial" else np.log(mean)

    def _state(self, eta: Floats) -> tuple[float, Floats]:
        """Return −2 log-likelihood, up to a constant of the outcomes, and the mean."""
        if self.family == "binomial":
            small = np.exp(-np.abs(eta))
            each = np.log1p(small)
            each += np.maximum(eta, 0.0)
            mean = np.where(eta >= 0, 1.0, small)
            small += 1.0
            mean /= small
        else:
            each = mean = np.exp(np.minimum(eta, 700.0))
        if self.weights is None:
            return float(2 * (each.sum() - self.y @ eta)), mean
        return float(2 * (self.weights @ each - (self.weights * self.y) @ eta)), mean

    def line(self) -> float:
        """Fit without a kink, where the fits at single places may start from."""
        keep = np.arange(len(self.coef)) != 2
        self.coef[keep], found, settled = self._newton(self.matrix[keep], self.coef[keep])
        if not settled:
            raise EstimationError(_NO_FIT)
        self.start = self.coef.copy()
        return found

    def __call__(self, place: float) -> float:
        """Fit with a kink at a place and return the deviance."""
        np.maximum(self.x - place, 0.0, out=self.matrix[2])
        coef, found, settled = self._newton(self.matrix, self.coef)
        if not settled:
            coef, found, settled = self._newton(self.matrix, self.start)
        # Where all rows beyond a place agree, δ runs away while the deviance settles: the deviance
        # counts, the coefficients do not serve the next place.
        self.coef = coef if settled else self.start.copy()
        return found

    def _newton(self, matrix: Floats, coef: Floats) -> tuple[Floats, float, bool]:
        """Return coefficients, deviance, and whether Newton's method came to rest."""
        eta = coef @ matrix
        deviance, mean = self._state(eta)
        for _ in range(_MOST_STEPS):
            step, promised = self._step(matrix, mean)
            move = step @ matrix
            size = 1.0
            found, mean = self._state(eta + move)
            while found > deviance + 1e-9 * abs(deviance):
                size /= 2
                if size < 1e-6:
                    return coef, deviance, False
                found, mean = self._state(eta + size * move)
            coef, eta, deviance = coef + size * step, eta + size * move, found
            # After a full step the deviance is wrong by about what it promised, squared, over n.
            if size == 1.0 and promised * promised < _ENOUGH * len(eta):
                return coef, deviance, True
            if np.abs(eta).max() > _LARGEST:
                break
        return coef, deviance, False

    def _step(self, matrix: Floats, mean: Floats) -> tuple[Floats, float]:
        """Return the Newton step and the fall of the deviance it promises."""
        slope = mean * (1 - mean) if self.family == "binomial" else mean
        left = self.y - mean
        if self.weights is not None:
            left, slope = left * self.weights, slope * self.weights
        score = matrix @ left
        information = (matrix * slope) @ matrix.T
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            step = np.linalg.pinv(information, hermitian=True) @ score
        return np.asarray(step, dtype=np.float64), float(step @ score)


_NO_FIT = (
    "The regression has no finite solution: some combination of covariates separates rows with "
    "from rows without the outcome. Leave out a covariate or join small groups."
)


def fit_glm_kink(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    covariates: npt.ArrayLike | None = None,
    *,
    family: Family,
    weights: npt.ArrayLike | None = None,
    limits: tuple[float, float],
    critical: float = 3.841458820694124,
    places: int = 33,
) -> GlmKink:
    """Fit a logistic or Poisson regression with one kink at an unknown place.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Exposure.
    y : array-like of float, shape (n,)
        Outcome: shares in [0, 1] for binomial, counts for poisson.
    covariates : array-like of float, shape (n, p), or None
        Covariates without an intercept.
    family : {"binomial", "poisson"}
        Distribution, with its canonical link.
    weights : array-like of float, shape (n,), or None
        Weights above 0.
    limits : tuple of float
        Where to search, in the units of x.
    critical : float
        Critical value of the deviance for the set; the 95 % quantile of χ²₁ by default.
    places : int
        Places of the first profile, at quantiles of x and evenly between them.

    Returns
    -------
    GlmKink
        Place, deviance, coefficients, set and profile.

    Raises
    ------
    EstimationError
        If no finite solution exists.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> x = rng.random(4000)
    >>> y = rng.random(4000) < 1 / (1 + np.exp(2 - 6 * np.maximum(x - 0.5, 0)))
    >>> found = fit_glm_kink(x, y, family="binomial", limits=(0.05, 0.95))
    >>> found.parts.round(2).tolist()
    [[0.51, 0.59]]
    """
    exposure = np.asarray(x, dtype=np.float64)
    n = len(exposure)
    centre, scale = float(exposure.mean()), float(exposure.std()) or 1.0
    scaled = (exposure - centre) / scale
    extra = np.empty((0, n))
    if covariates is not None:
        extra = np.asarray(covariates, dtype=np.float64).reshape(n, -1).T
    spread = np.where(extra.std(axis=1) > 0, extra.std(axis=1), 1.0)
    middle = extra.mean(axis=1)
    standard = (extra - middle[:, None]) / spread[:, None]
    matrix = np.vstack([np.ones(n), scaled, np.zeros(n), standard])
    w = None if weights is None else np.asarray(weights, dtype=np.float64)
    profile = _Profile(scaled, np.asarray(y, dtype=np.float64), matrix, family, w)
    line = profile.line()
    low, high = ((end - centre) / scale for end in limits)
    grid = _grid(scaled, low, high, places)
    values = np.array([profile(place) for place in grid])
    location, deviance = _refine(profile, grid, values)
    profile(location)
    coef = profile.coef.copy()
    parts = _crossings(profile, grid, values, (location, deviance), critical)
    coef[3:] /= spread
    coef[1:3] /= scale
    coef[0] -= coef[1] * centre + coef[3:] @ middle
    return GlmKink(
        location * scale + centre,
        deviance,
        line,
        coef,
        parts * scale + centre,
        grid * scale + centre,
        values,
    )


def _grid(x: Floats, low: float, high: float, places: int) -> Floats:
    half = places // 2
    inside = x[(x >= low) & (x <= high)]
    at = np.linspace(0, 1, places - half)
    quantiles = np.quantile(inside, at) if len(inside) else np.empty(0)
    return np.unique(np.r_[low, np.linspace(low, high, half), quantiles, high])


def _refine(profile: _Profile, grid: Floats, values: Floats) -> tuple[float, float]:
    """Return the best place, refined between the neighbours of each of the two best valleys."""
    inner = np.r_[np.inf, values, np.inf]
    valleys = np.flatnonzero((values <= inner[:-2]) & (values <= inner[2:]))
    best = (float(grid[values.argmin()]), float(values.min()))
    for at in valleys[np.argsort(values[valleys])][:2]:
        ends = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
        found = optimize.minimize_scalar(
            profile, bounds=ends, method="bounded", options={"xatol": 1e-5}
        )
        if found.fun < best[1]:
            best = (float(found.x), float(found.fun))
    return best


def _crossings(
    profile: _Profile, grid: Floats, values: Floats, best: tuple[float, float], critical: float
) -> Floats:
    """Return the places whose deviance is within the critical value of the least."""
    at = np.searchsorted(grid, best[0])
    places, heights = np.insert(grid, at, best[0]), np.insert(values, at, best[1])
    excess = heights - best[1] - critical
    inside = excess <= 0
    edges = []
    for k in np.flatnonzero(inside[1:] != inside[:-1]):
        edges.append(
            optimize.brentq(
                lambda place: profile(place) - best[1] - critical,
                places[k],
                places[k + 1],
                xtol=1e-6,
            )
        )
    if inside[0]:
        edges.insert(0, places[0])
    if inside[-1]:
        edges.append(places[-1])
    return np.asarray(edges, dtype=np.float64).reshape(-1, 2)
