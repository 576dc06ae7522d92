"""The CR2 adjustment of each cluster's score, and what degrees of freedom are made of.

Nothing of the size of a cluster's rows squared is ever built. Under the working model of
independent rows with equal variance, the residuals of cluster g have covariance I + Z_g K Z_gᵀ
with few columns in Z_g, so that all one needs are Z_gᵀ Z_g and Z_gᵀ e_g.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["Adjusted", "adjusted_from_grams", "adjusted_from_rows", "total_variance", "trace_df"]

_NO_VARIANCE = 1e-10


@dataclass(frozen=True, eq=False, kw_only=True)
class Adjusted:
    """What CR2 needs of each cluster, in the basis U in which UᵀWU is the identity.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (..., G, p)
        U_gᵀ W_g A_g e_g, the adjusted scores.
    through : numpy.ndarray of float, shape (..., G, q, p)
        Z_gᵀ A_g W_g U_g.
    squares : numpy.ndarray of float, shape (..., G, p, p)
        U_gᵀ W_g A_g² W_g U_g.
    kernel : numpy.ndarray of float, shape (q, q)
        K: under the working model the residuals of clusters g and h have covariance
        (I if g = h) + Z_g K Z_hᵀ.
    """

    scores: Floats
    through: Floats
    squares: Floats
    kernel: Floats


def adjusted_from_grams(grams: Floats, sums: Floats) -> Adjusted:
    """Adjust scores where rows have equal weight: Z = U and K = −I.

    With U_gᵀU_g = Q Λ Qᵀ the adjusted score is Q (I − Λ)^(−1/2) Qᵀ U_gᵀ e_g, the Moore-Penrose
    inverse where λ = 1 (Bell & McCaffrey 2002, Survey Methodology 28:169; Pustejovsky & Tipton
    2018, JBES 36:672, eq. 12-13). Leading axes are data sets.

    Parameters
    ----------
    grams : numpy.ndarray of float, shape (..., G, p, p)
        U_gᵀ U_g of each cluster; over clusters they sum to the identity.
    sums : numpy.ndarray of float, shape (..., G, p)
        U_gᵀ e_g, the scores.

    Returns
    -------
    Adjusted
        Scores and what degrees of freedom need.

    Examples
    --------
    >>> found = adjusted_from_grams(np.array([[[0.75]], [[0.25]]]), np.array([[1.0], [-1.0]]))
    >>> found.scores.round(4).tolist()
    [[2.0], [-1.1547]]
    """
    eigen, Q = np.linalg.eigh(grams)
    factor = _inverse_root(1 - eigen)
    turned = np.swapaxes(Q, -1, -2)
    half = Q * factor[..., None, :]
    scores = (half @ (turned @ sums[..., None]))[..., 0]
    return Adjusted(
        scores=scores,
        through=(half * eigen[..., None, :]) @ turned,
        squares=(half * (factor * eigen)[..., None, :]) @ turned,
        kernel=-np.eye(grams.shape[-1]),
    )


def adjusted_from_rows(
    U: Floats, weights: Floats, residuals: Floats, bounds: npt.NDArray[np.int64]
) -> Adjusted:
    """Adjust scores where weights say how much a row counts, not how precise it is.

    The residuals then have covariance I + Z_g K Z_gᵀ with Z = [U, WU], K = [[UᵀW²U, −I], [−I, 0]].
    A thin QR of each Z_g keeps full precision where WU nearly lies in the span of U.

    Parameters
    ----------
    U : numpy.ndarray of float, shape (n, p)
        Regressors in the basis in which UᵀWU is the identity, rows sorted by cluster.
    weights : numpy.ndarray of float, shape (n,)
        Weight of each row, above 0.
    residuals : numpy.ndarray of float, shape (n,)
        Residuals.
    bounds : numpy.ndarray of int, shape (G + 1,)
        First row of each cluster, and n.

    Returns
    -------
    Adjusted
        Scores and what degrees of freedom need; q = 2p.
    """
    p = U.shape[1]
    WU = weights[:, None] * U
    Z = np.hstack([U, WU])
    one = np.eye(p)
    kernel = np.block([[WU.T @ WU, -one], [-one, np.zeros((p, p))]])
    scores, through, squares = [], [], []
    for start, stop in pairwise(bounds):
        basis, root = np.linalg.qr(Z[start:stop])
        spread, E = np.linalg.eigh(np.eye(len(root)) + root @ kernel @ root.T)
        factor = _inverse_root(spread)
        turned = E.T @ root
        score = turned.T @ (factor * (E.T @ (basis.T @ residuals[start:stop])))
        scores.append(score[p:])
        through.append((turned.T * factor) @ turned[:, p:])
        squares.append((turned[:, p:].T * factor**2) @ turned[:, p:])
    return Adjusted(
        scores=np.stack(scores),
        through=np.stack(through),
        squares=np.stack(squares),
        kernel=kernel,
    )


def _inverse_root(values: Floats) -> Floats:
    """Return v^(−1/2), and 0 where v is 0: the Moore-Penrose inverse root."""
    alive = values > _NO_VARIANCE
    return np.where(alive, 1 / np.sqrt(np.where(alive, values, 1.0)), 0.0)


def trace_df(adjusted: Adjusted, direction: Floats) -> tuple[Floats, Floats]:
    """Return the expected variance of one contrast and its Satterthwaite degrees of freedom.

    The degrees of freedom are (tr Γ)² / tr Γ² with Γ = diag(p_gᵀp_g) + F K Fᵀ (Bell & McCaffrey
    2002; Pustejovsky & Tipton 2018, section 3.1).

    Parameters
    ----------
    adjusted : Adjusted
        Of one data set or of several.
    direction : numpy.ndarray of float, shape (..., p)
        The contrast in the basis U.

    Returns
    -------
    expected, df : numpy.ndarray of float, shape (...)
        tr Γ, the CR2 variance expected where rows are independent with variance 1; degrees of
        freedom, NaN where tr Γ is zero.
    """
    F = (adjusted.through @ direction[..., None, :, None])[..., 0]
    left = direction[..., None, None, :]
    own = (left @ adjusted.squares @ direction[..., None, :, None])[..., 0, 0]
    shared = ((F @ adjusted.kernel) * F).sum(axis=-1)
    product = adjusted.kernel @ (np.swapaxes(F, -1, -2) @ F)
    expected = (own + shared).sum(axis=-1)
    square = (own**2 + 2 * own * shared).sum(axis=-1) + np.trace(
        product @ product, axis1=-2, axis2=-1
    )
    # A contrast that one cluster alone carries has tr Γ = 0 but for rounding.
    alive = expected > _NO_VARIANCE * (direction**2).sum(axis=-1)
    df = np.where(alive, expected**2 / np.where(alive, square, 1.0), np.nan)
    return expected, df


def total_variance(adjusted: Adjusted, directions: Floats) -> float:
    """Return the total variance of the estimated covariance of several contrasts.

    With D = Ω^(−1/2) V Ω^(−1/2), V the CR2 covariance of the contrasts and Ω its expectation under
    the working model, the total is the sum over s, t of Var(D_st) (Pustejovsky & Tipton 2018,
    section 3.2; Tipton & Pustejovsky 2015, JEBS 40:604). Sums over pairs of clusters are products
    of q × q matrices.

    Parameters
    ----------
    adjusted : Adjusted
        Of one data set.
    directions : numpy.ndarray of float, shape (p, m)
        Contrasts in the basis U, one per column.

    Returns
    -------
    float
        The total; NaN where Ω is singular.
    """
    K = adjusted.kernel
    unit = directions / np.sqrt((directions**2).sum(axis=0))
    F = adjusted.through @ unit
    own = unit.T @ adjusted.squares @ unit
    omega = (own + np.swapaxes(F, -1, -2) @ K @ F).sum(axis=0)
    values, turn = np.linalg.eigh(omega)
    if values[0] <= _NO_VARIANCE:
        return float("nan")
    white = turn / np.sqrt(values)  # any root of the inverse of Ω gives the same total
    F, own = F @ white, white.T @ own @ white
    shared = np.swapaxes(F, -1, -2) @ K @ F
    crossed = np.einsum("gas,gbt->satb", F, F)
    turned = np.einsum("ab,sbtc->satc", K, crossed)
    pairs = np.einsum("satb,tbsa->", turned, turned) + np.einsum("satb,sbta->", turned, turned)
    trace_own = np.trace(own, axis1=1, axis2=2)
    trace_shared = np.trace(shared, axis1=1, axis2=2)
    diagonal = trace_own**2 + 2 * trace_own * trace_shared
    diagonal += np.einsum("gst,gts->g", own, own) + 2 * np.einsum("gst,gts->g", own, shared)
    return float(pairs + diagonal.sum())
