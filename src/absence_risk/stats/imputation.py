"""Multiple imputation of one outcome under a normal model with cluster effects.

Draws come straight from the posterior, without a Markov chain, for many data sets at once. The
variance between clusters is drawn too: with few clusters it is hardly known, and an imputation that
leaves it out, or takes it as known, gives standard errors that are too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Posterior", "draw_posterior", "impute_normal", "impute_pmm"]

_GRID = 50
_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class Posterior:
    """Draws of the parameters of an imputation model, for D data sets and m imputations.

    Parameters
    ----------
    design : numpy.ndarray of float, shape (D, n, p)
        Intercept and standardised covariates.
    beta : numpy.ndarray of float, shape (D, m, p)
        Coefficients of ``design``.
    shift : numpy.ndarray of float, shape (D, m, G)
        Effects of the clusters.
    sigma : numpy.ndarray of float, shape (D, m)
        Standard deviation within clusters.
    icc : numpy.ndarray of float, shape (D, m)
        Share of the residual variance between clusters.
    beta_mean, shift_mean : numpy.ndarray of float, shape (D, p) and (D, G)
        Posterior means.
    """

    design: npt.NDArray[np.float64]
    beta: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]
    sigma: npt.NDArray[np.float64]
    icc: npt.NDArray[np.float64]
    beta_mean: npt.NDArray[np.float64]
    shift_mean: npt.NDArray[np.float64]


def draw_posterior(
    y: npt.NDArray[np.float64],
    covariates: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64] | None,
    *,
    imputations: int,
    rng: np.random.Generator,
) -> Posterior:
    """Draw the parameters of y = x'b + u_g + e from their posterior, given the observed y.

    Priors: flat on b and on log sigma, uniform on the intraclass correlation rho (50 equally likely
    points). Given lambda = rho / (1 - rho), and f_g = lambda / (1 + lambda n_g), the posterior is
    in closed form: with A = X'X - sum f_g s_g s_g' (s_g the sum of x in cluster g), b = A^-1 (X'y -
    sum f_g s_g t_g) and RSS the rest, p(lambda | y) is proportional to prod (1 + lambda n_g)^-1/2
    |A|^-1/2 RSS^-(n-p)/2; sigma^2 = RSS / chi2(n - p); b is normal with sigma^2 A^-1; u_g is normal
    with mean f_g (t_g - s_g'b) and variance sigma^2 f_g (Lindley & Smith 1972, JRSS-B 34:1;
    Rubin 1987, section 5.3 for the model without u).

    Parameters
    ----------
    y : numpy.ndarray of float, shape (D, n)
        Outcome; NaN where missing.
    covariates : numpy.ndarray of float, shape (D, n, q)
        Complete covariates without intercept.
    codes : numpy.ndarray of int, shape (n,), or None
        Cluster 0, …, G - 1 of each row, the same in every data set; None for no cluster effects.
    imputations : int
        Number of draws m per data set.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Posterior
        The draws.

    Raises
    ------
    ValueError
        If covariates are missing, or a data set has no more observed outcomes than coefficients.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0, 3.0, 4.0, np.nan]])
    >>> drawn = draw_posterior(
    ...     y, np.zeros((1, 5, 0)), None, imputations=3, rng=np.random.default_rng(0))
    >>> drawn.beta.shape, drawn.beta_mean.tolist(), drawn.icc.tolist()
    ((1, 3, 1), [[2.5]], [[0.0, 0.0, 0.0]])
    """
    if not np.isfinite(covariates).all():
        raise ValueError("covariates of an imputation must be complete; some are missing.")
    design = _design(covariates)
    observed = ~np.isnan(y)
    p = design.shape[2]
    if (observed.sum(axis=1) <= p).any():
        raise ValueError(f"{p} coefficients need more than {p} observed outcomes in each data set.")
    fit = _fit_grid(y, design, codes)
    return _draw(design, fit, imputations, rng)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Grid:
    """Sums by cluster and the fit at each point of the intraclass correlation."""

    s: npt.NDArray[np.float64]
    t: npt.NDArray[np.float64]
    rho: npt.NDArray[np.float64]
    f: npt.NDArray[np.float64]
    A: npt.NDArray[np.float64]
    b: npt.NDArray[np.float64]
    rss: npt.NDArray[np.float64]
    freedom: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]


def _fit_grid(
    y: npt.NDArray[np.float64],
    design: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64] | None,
) -> _Grid:
    observed = ~np.isnan(y)
    indicator = np.ones((y.shape[1], 1)) if codes is None else np.eye(codes.max() + 1)[codes]
    n_g = observed @ indicator
    seen = np.where(observed, y, 0.0)
    masked = np.swapaxes(design * observed[:, :, None], 1, 2)
    s = masked @ indicator
    t = seen @ indicator
    rho = np.zeros(1) if codes is None else (np.arange(_GRID) + 0.5) / _GRID
    ratio = rho / (1 - rho)
    f = ratio[:, None] / (1 + ratio[:, None] * n_g[:, None, :])
    A = (masked @ design)[:, None] - (s[:, None] * f[:, :, None]) @ np.swapaxes(s, 1, 2)[:, None]
    right = (seen[:, None] @ design) - (f * t[:, None]) @ np.swapaxes(s, 1, 2)
    b = np.asarray(np.linalg.solve(A, right[..., None])[..., 0], dtype=np.float64)
    square = (seen**2).sum(axis=1)[:, None]
    rss = square - (f @ t[:, :, None] ** 2)[..., 0] - (right * b).sum(axis=-1)
    rss = np.maximum(rss, 1e-12 * square + 1e-300)
    freedom = observed.sum(axis=1)[:, None] - design.shape[2]
    between = np.log1p(ratio[:, None] * n_g[:, None, :]).sum(axis=-1)
    log_density = -0.5 * (between + np.linalg.slogdet(A)[1] + freedom * np.log(rss))
    weight = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return _Grid(s=s, t=t, rho=rho, f=f, A=A, b=b, rss=rss, freedom=freedom, weight=weight)


def _design(covariates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    centre = covariates.mean(axis=(0, 1), keepdims=True)
    spread = covariates.std(axis=(0, 1), keepdims=True)
    scaled = (covariates - centre) / np.where(spread > 0, spread, 1.0)
    return np.concatenate([np.ones((*covariates.shape[:2], 1)), scaled], axis=2)


def _draw(
    design: npt.NDArray[np.float64], fit: _Grid, m: int, rng: np.random.Generator
) -> Posterior:
    D, p, G = len(design), design.shape[2], fit.t.shape[1]
    below = np.cumsum(fit.weight, axis=1)[:, None, :-1]
    point = (rng.random((D, m, 1)) > below).sum(axis=2)
    row = np.arange(D)[:, None]
    sigma = np.sqrt(fit.rss[row, point] / rng.chisquare(fit.freedom, size=(D, m)))
    upper = np.swapaxes(np.linalg.cholesky(fit.A)[row, point], -1, -2)
    step = np.linalg.solve(upper, rng.standard_normal((D, m, p, 1)))[..., 0]
    beta = fit.b[row, point] + sigma[..., None] * step
    f = fit.f[row, point]
    spread = sigma[..., None] * np.sqrt(f)
    shift = f * (fit.t[:, None] - beta @ fit.s) + spread * rng.standard_normal((D, m, G))
    rest = fit.f * (fit.t[:, None] - fit.b @ fit.s)
    return Posterior(
        design=design,
        beta=beta,
        shift=shift,
        sigma=sigma,
        icc=fit.rho[point],
        beta_mean=(fit.weight[:, None] @ fit.b)[:, 0],
        shift_mean=(fit.weight[:, None] @ rest)[:, 0],
    )


def _predicted(drawn: Posterior, codes: npt.NDArray[np.int64] | None) -> npt.NDArray[np.float64]:
    mean = drawn.beta @ np.swapaxes(drawn.design, 1, 2)
    return mean if codes is None else mean + drawn.shift[:, :, codes]


def impute_normal(
    y: npt.NDArray[np.float64],
    covariates: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64] | None,
    *,
    imputations: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Fill missing outcomes with draws from their posterior predictive distribution.

    Parameters
    ----------
    y : numpy.ndarray of float, shape (D, n)
        Outcome; NaN where missing.
    covariates : numpy.ndarray of float, shape (D, n, q)
        Complete covariates without intercept.
    codes : numpy.ndarray of int, shape (n,), or None
        Cluster 0, …, G - 1 of each row; None for no cluster effects.
    imputations : int
        Number of completed data sets m.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    numpy.ndarray of float, shape (D, m, n)
        Completed outcomes; observed ones unchanged.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0, 3.0, 4.0, np.nan]])
    >>> full = impute_normal(
    ...     y, np.zeros((1, 5, 0)), None, imputations=2, rng=np.random.default_rng(0))
    >>> full[0, :, :4].tolist()
    [[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]
    """
    D, n = y.shape
    filled = np.empty((D, imputations, n))
    step = max(1, _AT_ONCE // (imputations * n))
    for first in range(0, D, step):
        part = slice(first, first + step)
        drawn = draw_posterior(y[part], covariates[part], codes, imputations=imputations, rng=rng)
        noise = rng.standard_normal(filled[part].shape)
        noise *= drawn.sigma[..., None]
        noise += _predicted(drawn, codes)
        known = y[part][:, None, :]
        filled[part] = np.where(np.isnan(known), noise, known)
    return filled


def impute_pmm(
    y: npt.NDArray[np.float64],
    covariates: npt.NDArray[np.float64],
    codes: npt.NDArray[np.int64] | None,
    *,
    imputations: int,
    rng: np.random.Generator,
    donors: int = 5,
) -> npt.NDArray[np.float64]:
    """Fill missing outcomes with observed ones of pupils whose prediction is near.

    Predictive mean matching: the prediction of a missing row from drawn parameters is matched to
    the predictions of observed rows from the posterior means (type 1 matching, van Buuren 2018,
    section 3.4); one of the nearest ``donors`` is drawn. Imputed values are values of the scale.

    Parameters
    ----------
    y : numpy.ndarray of float, shape (D, n)
        Outcome; NaN where missing.
    covariates : numpy.ndarray of float, shape (D, n, q)
        Complete covariates without intercept.
    codes : numpy.ndarray of int, shape (n,), or None
        Cluster 0, …, G - 1 of each row; None for no cluster effects.
    imputations : int
        Number of completed data sets m.
    rng : numpy.random.Generator
        Source of randomness.
    donors : int
        Number of nearest observed rows to draw from.

    Returns
    -------
    numpy.ndarray of float, shape (D, m, n)
        Completed outcomes.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0, 4.0, 5.0, np.nan]])
    >>> full = impute_pmm(y, np.arange(5.0)[None, :, None], None, imputations=9,
    ...                   rng=np.random.default_rng(0), donors=2)
    >>> sorted(set(full[0, :, 4].tolist()) - {4.0, 5.0})
    []
    """
    drawn = draw_posterior(y, covariates, codes, imputations=imputations, rng=rng)
    predicted = _predicted(drawn, codes)
    centre = (drawn.design @ drawn.beta_mean[:, :, None])[..., 0]
    if codes is not None:
        centre = centre + drawn.shift_mean[:, codes]
    filled = np.repeat(y[:, None, :], imputations, axis=1)
    for d in range(len(y)):
        missing = np.isnan(y[d])
        order = np.argsort(centre[d][~missing], kind="stable")
        known, value = centre[d][~missing][order], y[d][~missing][order]
        wanted = predicted[d][:, missing]
        near = _nearest(known, wanted.ravel(), min(donors, len(known)))
        chosen = near[np.arange(len(near)), rng.integers(0, near.shape[1], len(near))]
        filled[d][:, missing] = value[chosen].reshape(wanted.shape)
    return filled


def _nearest(
    known: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], k: int
) -> npt.NDArray[np.int64]:
    """Return the places of the k nearest of sorted values, shape (len(wanted), k)."""
    first = np.searchsorted(known, wanted)[:, None] - k
    place = first + np.arange(2 * k)
    inside = (place >= 0) & (place < len(known))
    place = np.clip(place, 0, len(known) - 1)
    distance = np.where(inside, np.abs(known[place] - wanted[:, None]), np.inf)
    best = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return np.asarray(np.take_along_axis(place, best, axis=1))
