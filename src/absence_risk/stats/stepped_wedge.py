"""Variance of the estimate of a stepped-wedge design, from its plan alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["hussey_hughes_variance", "stepped_wedge_plan", "stepped_wedge_variance"]


def stepped_wedge_plan(starts: npt.ArrayLike, periods: int) -> Floats:
    """Return who has started in which period.

    Parameters
    ----------
    starts : array-like of int, shape (clusters,)
        First period with the programme, counted from 0; ``periods`` or more means never.
    periods : int
        Number of periods.

    Returns
    -------
    numpy.ndarray of float64, shape (clusters, periods)
        1 where the programme runs, else 0.

    Raises
    ------
    ValueError
        If a start is not a whole number of at least 0.

    Examples
    --------
    >>> stepped_wedge_plan([1, 2], 3).tolist()
    [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]
    """
    first = np.asarray(starts)
    whole = first.ndim == 1 and first.dtype.kind in "iuf" and bool((first == np.round(first)).all())
    if not whole or len(first) == 0 or (first < 0).any():
        raise ValueError(
            "starts must hold the first period with the programme of each cluster, counted from 0: "
            f"whole numbers, {periods} for a cluster that never starts."
        )
    return np.asarray(np.arange(periods)[None, :] >= first[:, None], dtype=np.float64)


def hussey_hughes_variance(plan: Floats, *, sigma2: float, tau2: float, size: float) -> float:
    """Return the variance of the estimate where all clusters have equal size: the closed form.

    I s (s + T τ²) / [(I U − W) s + (U² + I T U − T W − I V) τ²] with s = σ²/size, U = ΣX,
    W = Σ_j(Σ_i X)², V = Σ_i(Σ_j X)² (Hussey & Hughes 2007, Contemp Clin Trials 28:182).

    Parameters
    ----------
    plan : numpy.ndarray of float64, shape (clusters, periods)
        1 where the programme runs.
    sigma2 : float
        Variance between pupils of the same cluster and period, above 0.
    tau2 : float
        Variance between clusters, at least 0.
    size : float
        Pupils per cluster and period.

    Returns
    -------
    float
        Variance; infinite where the plan cannot tell the programme from the periods.

    Examples
    --------
    >>> plan = stepped_wedge_plan([1, 2, 3], 4)
    >>> round(hussey_hughes_variance(plan, sigma2=1.0, tau2=0.1, size=10), 6)
    0.107143
    """
    n_clusters, periods = plan.shape
    s = sigma2 / size
    u, w, v = plan.sum(), (plan.sum(axis=0) ** 2).sum(), (plan.sum(axis=1) ** 2).sum()
    below = (n_clusters * u - w) * s
    below += (u**2 + n_clusters * periods * u - periods * w - n_clusters * v) * tau2
    return float(n_clusters * s * (s + periods * tau2) / below) if below > 0 else float("inf")


def stepped_wedge_variance(plan: Floats, sizes: Floats, *, sigma2: float, tau2: float) -> float:
    """Return the variance of the estimate for clusters of any size, by generalised least squares.

    The model has a mean per period, the programme, and an intercept per cluster of variance τ²;
    cell means have variance σ²/size. Information is summed over clusters with the inverse of
    diag(σ²/size) + τ²11' in closed form (Hussey & Hughes 2007).

    Parameters
    ----------
    plan : numpy.ndarray of float64, shape (clusters, periods)
        1 where the programme runs.
    sizes : numpy.ndarray of float64, shape (clusters, periods)
        Pupils; 0 where a cluster has none in a period.
    sigma2 : float
        Variance between pupils of the same cluster and period, above 0.
    tau2 : float
        Variance between clusters, at least 0.

    Returns
    -------
    float
        Variance; infinite where the plan cannot tell the programme from the periods.

    Examples
    --------
    >>> plan = stepped_wedge_plan([1, 2, 3], 4)
    >>> round(stepped_wedge_variance(plan, np.full((3, 4), 10.0), sigma2=1.0, tau2=0.1), 6)
    0.107143
    """
    precision = sizes / sigma2  # (I, T)
    shrink = tau2 / (1 + tau2 * precision.sum(axis=1))  # Sherman-Morrison
    periods = np.diag(precision.sum(axis=0)) - (precision.T * shrink) @ precision
    weighted = precision * plan
    cross = weighted.sum(axis=0) - (shrink * weighted.sum(axis=1)) @ precision
    own = float(weighted.sum() - shrink @ weighted.sum(axis=1) ** 2)
    left = own - float(cross @ np.linalg.pinv(periods, hermitian=True) @ cross)
    return 1 / left if left > 1e-10 * max(own, 1e-300) else float("inf")
