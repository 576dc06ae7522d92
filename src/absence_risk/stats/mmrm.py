"""Repeated measures with an unstructured covariance (MMRM) for two to four waves, by REML.

Missing values may have any pattern; for monotone ones `mmrm_monotone` has the estimates in closed
form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import EstimationError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Mmrm", "fit_mmrm", "wave_means_design"]

_MOST_STEPS = 100
_NOT_TOGETHER = (
    "Two waves are seen together in fewer than 2 pupils, so their covariance is not known. "
    "Drop one of the waves."
)
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class Mmrm:
    """A fitted model of repeated measures.

    Parameters
    ----------
    coefficients : numpy.ndarray of float, shape (p,)
        Fixed effects.
    covariance : numpy.ndarray of float, shape (p, p)
        Their covariance (X'V^-1 X)^-1.
    sigma : numpy.ndarray of float, shape (T, T)
        Covariance of the waves within a pupil.
    deviance : float
        -2 restricted log-likelihood without its constant.
    slopes : numpy.ndarray of float, shape (q, p, p)
        Derivatives of ``covariance`` by the covariance parameters.
    information : numpy.ndarray of float, shape (q, q)
        Second derivatives of the deviance by them.
    """

    coefficients: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    sigma: npt.NDArray[np.float64]
    deviance: float
    slopes: npt.NDArray[np.float64]
    information: npt.NDArray[np.float64]

    def contrast(self, weights: npt.ArrayLike) -> tuple[float, float, float]:
        """Return estimate, standard error and Satterthwaite degrees of freedom of c'b.

        With v(theta) = c'C c and H the second derivatives of -2 log L, the variance of v is about
        2 v'H^-1 v' and the degrees of freedom are v^2 / (v'H^-1 v') (Fai & Cornelius 1996, J Stat
        Comput Simul 54:363, one contrast).

        Parameters
        ----------
        weights : array-like of float, shape (p,)
            The contrast c.

        Returns
        -------
        tuple of three float
            Estimate, standard error, degrees of freedom.
        """
        c = np.asarray(weights, dtype=float)
        variance = float(c @ self.covariance @ c)
        slope = self.slopes @ c @ c
        spread = float(slope @ np.linalg.solve(self.information, slope))
        df = variance**2 / spread if spread > 0 else np.inf
        return float(c @ self.coefficients), variance**0.5, df


def wave_means_design(arm: npt.NDArray[np.int64], waves: int) -> npt.NDArray[np.float64]:
    """Return the design of one mean per arm and wave.

    Parameters
    ----------
    arm : numpy.ndarray of int, shape (n,)
        Arm 0, …, K - 1 of each pupil.
    waves : int
        Number of waves T.

    Returns
    -------
    numpy.ndarray of float, shape (n, T, K T)
        Indicators; coefficients ordered by arm, then wave.

    Examples
    --------
    >>> wave_means_design(np.array([0, 1]), 2)[1].tolist()
    [[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """
    K = int(arm.max()) + 1
    blocks = np.eye(K)[arm][:, None, :, None] * np.eye(waves)[None, :, None, :]
    return blocks.reshape(len(arm), waves, K * waves)


def fit_mmrm(y: npt.NDArray[np.float64], X: npt.NDArray[np.float64]) -> Mmrm:
    """Fit fixed effects and an unstructured covariance of the waves by REML.

    Newton's method on the lower Cholesky factor of the covariance (logarithm of its diagonal) with
    the analytic gradient of -2 log L_R = sum log|V_i| + log|sum X_i'V_i^-1 X_i| + sum r_i'V_i^-1
    r_i (Patterson & Thompson 1971, Biometrika 58:545; Jennrich & Schluchter 1986, Biometrics
    42:805); second derivatives are differences of the gradient.

    Parameters
    ----------
    y : numpy.ndarray of float, shape (n, T)
        Outcome by wave; NaN where missing, in any pattern.
    X : numpy.ndarray of float, shape (n, T, p)
        Regressors by wave, for example `wave_means_design`.

    Returns
    -------
    Mmrm
        The fit.

    Raises
    ------
    EstimationError
        If the maximum is not found, for example where two waves are never seen together.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 3.0], [6.0, np.nan], [np.nan, 3.0]])
    >>> fit = fit_mmrm(y, wave_means_design(np.zeros(5, dtype=np.int64), 2))
    >>> [round(v, 4) for v in fit.contrast([-1, 1])]
    [0.1569, 0.987, 1.7785]
    """
    seen = (~np.isnan(y)).astype(float)
    if (seen.T @ seen).min() < 2:
        raise EstimationError(_NOT_TOGETHER)
    model = _Model(y, X)
    theta = model.start()
    value, gradient = model.deviance(theta)
    for _ in range(_MOST_STEPS):
        hessian = model.hessian(theta)
        roots, vectors = np.linalg.eigh(hessian)
        damped = np.maximum(np.abs(roots), 1e-6 * max(1.0, np.abs(roots).max()))
        step = -vectors @ ((vectors.T @ gradient) / damped)
        decrease = float(-gradient @ step)
        if decrease < _TOLERANCE and roots.min() > 0:
            return model.result(theta, value, hessian)
        length = 1.0
        while length > 1e-8:
            trial_value, trial_gradient = model.deviance(theta + length * step)
            if trial_value <= value - 1e-4 * length * decrease + 1e-12 * abs(value):
                break
            length /= 2
        else:
            break
        theta, value, gradient = theta + length * step, trial_value, trial_gradient
    raise EstimationError(
        "The restricted likelihood of the repeated measures has no maximum that could be found. "
        "Check for a wave that hardly varies, or drop one."
    )


class _Model:
    """Restricted likelihood of one data set as a function of the Cholesky parameters."""

    def __init__(self, y: npt.NDArray[np.float64], X: npt.NDArray[np.float64]) -> None:
        self.seen = ~np.isnan(y)
        self.y, self.X = np.where(self.seen, y, 0.0), X * self.seen[:, :, None]
        self.scale = float(np.nanstd(y))
        self.rows, self.cols = np.tril_indices(y.shape[1])
        self.diagonal = self.rows == self.cols
        self.patterns, self.pattern = np.unique(self.seen, axis=0, return_inverse=True)
        self.pattern = self.pattern.ravel()
        T, p = y.shape[1], X.shape[2]
        # Sums by pattern: the likelihood never touches the rows again.
        hot = np.eye(len(self.patterns))[self.pattern]
        self.count = hot.sum(axis=0)
        Z = np.concatenate([self.X, self.y[:, :, None]], axis=2).reshape(len(y), -1)
        self.cross = np.stack([(Z * h[:, None]).T @ Z for h in hot.T]).reshape(
            len(self.patterns), T, p + 1, T, p + 1
        )

    def start(self) -> npt.NDArray[np.float64]:
        """Return parameters of the covariance of what is seen, shrunk until it is one."""
        design = self.X.reshape(-1, self.X.shape[2])
        beta = np.linalg.lstsq(design, self.y.ravel(), rcond=None)[0]
        r = (self.y - self.X @ beta) * self.seen
        pairs = self.seen.T.astype(float) @ self.seen
        raw = (r.T @ r) / np.maximum(pairs, 1.0)
        sd = np.sqrt(np.maximum(np.diag(raw), 1e-8 * self.scale**2))
        corr = raw / np.outer(sd, sd)
        weight = 1.0
        while np.linalg.eigvalsh(weight * corr + (1 - weight) * np.eye(len(sd))).min() < 0.05:
            weight *= 0.8
        corr = weight * corr + (1 - weight) * np.eye(len(sd))
        return self._pack(np.linalg.cholesky(corr * np.outer(sd, sd)))

    def _pack(self, L: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        flat = L[self.rows, self.cols]
        return np.where(
            self.diagonal, np.log(np.where(self.diagonal, flat, 1.0)), flat / self.scale
        )

    def _unpack(self, theta: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        L = np.zeros((int(self.rows.max()) + 1,) * 2)
        L[self.rows, self.cols] = np.where(
            self.diagonal, np.exp(np.where(self.diagonal, theta, 0.0)), theta * self.scale
        )
        return L

    def _derivatives(self, L: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        out = np.zeros((len(self.rows), *L.shape))
        for k, (i, j) in enumerate(zip(self.rows, self.cols, strict=True)):
            dL = np.zeros_like(L)
            dL[i, j] = L[i, j] if i == j else self.scale
            out[k] = dL @ L.T + L @ dL.T
        return out

    def _inverses(self, sigma: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
        P = np.zeros((len(self.patterns), *sigma.shape))
        log_det = 0.0
        for k, seen in enumerate(self.patterns):
            if seen.any():
                block = np.ix_(seen, seen)
                P[k][block] = np.linalg.inv(sigma[block])
                log_det += self.count[k] * np.linalg.slogdet(sigma[block])[1]
        return P, log_det

    def _solve(self, theta: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
        L = self._unpack(theta)
        P, log_det = self._inverses(L @ L.T)
        M = np.einsum("gst,gsatb->ab", P, self.cross)
        C = np.linalg.inv(M[:-1, :-1])
        beta = C @ M[:-1, -1]
        value = log_det + np.linalg.slogdet(M[:-1, :-1])[1] + M[-1, -1] - M[:-1, -1] @ beta
        Q = np.einsum("gsu,kuv,gvt->kgst", P, self._derivatives(L), P)
        G = np.einsum("kgst,gsatb->kab", Q, self.cross)
        traces = np.einsum("g,gst,kst->k", self.count, P, self._derivatives(L))
        return beta, C, np.asarray(value), G, traces

    def deviance(self, theta: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        """Return -2 log L_R and its gradient."""
        beta, C, value, G, traces = self._solve(theta)
        r = np.append(-beta, 1.0)
        gradient = traces - np.einsum("ab,kab->k", C, G[:, :-1, :-1]) - G @ r @ r
        return float(value), gradient

    def hessian(self, theta: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return second derivatives as central differences of the gradient."""
        h = 1e-5
        columns = [
            (self.deviance(theta + e)[1] - self.deviance(theta - e)[1]) / (2 * h)
            for e in h * np.eye(len(theta))
        ]
        H = np.stack(columns)
        return np.asarray((H + H.T) / 2)

    def result(
        self, theta: npt.NDArray[np.float64], value: float, hessian: npt.NDArray[np.float64]
    ) -> Mmrm:
        """Return the fit at the maximum."""
        beta, C, _, G, _ = self._solve(theta)
        L = self._unpack(theta)
        return Mmrm(
            coefficients=beta,
            covariance=C,
            sigma=L @ L.T,
            deviance=value,
            slopes=C @ G[:, :-1, :-1] @ C,
            information=hessian,
        )
