"""Repeated measures with monotone missing values (who is lost stays lost): a closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["is_monotone", "monotone_fit"]


def is_monotone(y: npt.NDArray[np.float64]) -> bool:
    """Return whether nobody comes back after a missed wave.

    Parameters
    ----------
    y : numpy.ndarray of float, shape (..., T)
        Outcome by wave; NaN where missing.

    Returns
    -------
    bool
        True where every missing wave is followed by missing waves only.

    Examples
    --------
    >>> is_monotone(np.array([[1.0, 2.0], [3.0, np.nan]])), is_monotone(np.array([[np.nan, 2.0]]))
    (True, False)
    """
    observed = ~np.isnan(y)
    return bool((observed[..., :-1] | ~observed[..., 1:]).all())


def monotone_fit(
    y: npt.NDArray[np.float64], arm: npt.NDArray[np.int64] | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fit arm means by wave and a common covariance to monotone data, for many data sets at once.

    The likelihood factors into the first wave and the regression of each wave on those before it,
    within arms, among pupils seen in it (Anderson 1957, JASA 52:200). Flat integration over the
    means factors too, so the restricted maximum has the same regressions with RSS / (n_t - K).

    Parameters
    ----------
    y : numpy.ndarray of float, shape (D, n, T)
        Outcome; NaN where missing; monotone.
    arm : numpy.ndarray of int, shape (n,), or None
        Arm 0, …, K - 1 of each pupil; one arm if None.

    Returns
    -------
    means : numpy.ndarray of float, shape (D, K, T)
        Estimated means.
    sigma : numpy.ndarray of float, shape (D, T, T)
        REML covariance of the waves.

    Raises
    ------
    ValueError
        If missing values are not monotone.

    Examples
    --------
    >>> y = np.array([[[1.0, 2.0], [2.0, 4.0], [3.0, 3.0], [6.0, np.nan]]])
    >>> monotone_fit(y)[0].round(6).tolist()
    [[[3.0, 3.5]]]
    """
    if not is_monotone(y):
        raise ValueError("missing values are not monotone: some pupils come back. Use fit_mmrm.")
    D, n, T = y.shape
    group = np.ones((n, 1)) if arm is None else np.eye(int(arm.max()) + 1)[arm]
    K = group.shape[1]
    means, sigma = np.empty((D, K, T)), np.zeros((D, T, T))
    seen = np.nan_to_num(y)
    for t in range(T):
        observed = ~np.isnan(y[:, :, t])
        count = observed @ group
        here = np.where(observed[:, :, None], seen[:, :, : t + 1], 0.0)
        average = (np.swapaxes(here, 1, 2) @ group) / count[:, None, :]
        deviation = np.where(observed[:, :, None], here - np.swapaxes(average @ group.T, 1, 2), 0.0)
        cross = np.swapaxes(deviation, 1, 2) @ deviation
        b = np.linalg.solve(cross[:, :t, :t], cross[:, :t, t:])[..., 0]
        gap = means[:, :, :t] - np.swapaxes(average[:, :t], 1, 2)
        means[:, :, t] = average[:, t] + (gap @ b[:, :, None])[..., 0]
        rest = cross[:, t, t] - (cross[:, t, :t] * b).sum(axis=1)
        row = (b[:, None, :] @ sigma[:, :t, :t])[:, 0]
        sigma[:, t, :t] = sigma[:, :t, t] = row
        sigma[:, t, t] = (row * b).sum(axis=1) + rest / (count.sum(axis=1) - K)
    return means, sigma
