"""The model of repeated measures: its design, its contrasts, and errors with few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError, EstimationError
from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.mmrm import Mmrm, fit_mmrm, wave_means_design

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.repeated_waves import Waves

__all__ = ["WaveModel", "fit_waves"]


@dataclass(frozen=True, eq=False, kw_only=True)
class WaveModel:
    """A fitted model of the waves.

    Parameters
    ----------
    fit : Mmrm
        The fit. Coefficients: means of the waves without the programme (or of all), then what the
        programme adds, then covariates by wave.
    waves : int
        Number of waves T.
    added : tuple of int
        Waves at which the programme adds something; none without arms.
    left_out : numpy.ndarray of float or None, shape (G, p)
        Coefficients with each cluster left out.
    size : numpy.ndarray of float, shape (G,)
        Share of the pupils in each cluster, in the arm where it is the smaller.
    df : float
        Degrees of freedom with clusters.
    method, depends : str
        Estimator and errors in words; who may depend on whom, as a sentence.
    """

    fit: Mmrm
    waves: int
    added: tuple[int, ...]
    left_out: npt.NDArray[np.float64] | None
    size: npt.NDArray[np.float64]
    df: float
    method: str
    depends: str

    def mean(self, t: int, group: str) -> npt.NDArray[np.float64]:
        """Return the weights of a mean.

        Parameters
        ----------
        t : int
            The wave.
        group : {"programme", "comparison"}
            The arm.

        Returns
        -------
        numpy.ndarray of float, shape (p,)
            Weights of the coefficients.
        """
        c = np.zeros(len(self.fit.coefficients))
        c[t] = 1.0
        if group == "programme" and t in self.added:
            c[self.waves + self.added.index(t)] = 1.0
        return c

    def change(self, t: int, group: str) -> npt.NDArray[np.float64]:
        """Return the weights of a change from baseline.

        Parameters
        ----------
        t : int
            The later wave.
        group : {"programme", "comparison"}
            The arm.

        Returns
        -------
        numpy.ndarray of float, shape (p,)
            Weights of the coefficients.
        """
        return self.mean(t, group) - self.mean(0, group)

    def contrast(self, weights: npt.NDArray[np.float64]) -> tuple[float, float, float]:
        """Return estimate, standard error and degrees of freedom of a contrast.

        With clusters the variance is Σ (1 − h_g) (θ − θ_g)², with θ_g the estimate without cluster
        g and h_g its share of the pupils: for the mean of one complete wave this is CR2 (Bell &
        McCaffrey 2002, Survey Methodology 28:169), and so are the degrees of freedom for any.

        Parameters
        ----------
        weights : numpy.ndarray of float, shape (p,)
            Weights of the coefficients.

        Returns
        -------
        tuple of three float
            Estimate, standard error, degrees of freedom.
        """
        estimate, error, df = self.fit.contrast(weights)
        if self.left_out is None:
            return estimate, error, df
        moved = estimate - self.left_out @ weights
        return estimate, float(((1 - self.size) * moved**2).sum()) ** 0.5, self.df


def fit_waves(data: Waves, *, shared: bool) -> WaveModel:
    """Fit the model of repeated measures.

    Parameters
    ----------
    data : Waves
        The pupils.
    shared : bool
        Whether both arms have one mean at the baseline.

    Returns
    -------
    WaveModel
        The fit.

    Raises
    ------
    DesignError
        If an arm lies in one cluster, or the model cannot be fitted without one of the clusters.
    EstimationError
        If the model cannot be fitted.
    """
    T = len(data.names)
    added = tuple(range(1 if shared else 0, T)) if data.has_arms else ()
    method = "repeated measures with an unstructured covariance, REML, " + (
        "one baseline mean for both arms, " if data.has_arms and shared else ""
    )
    fit = fit_mmrm(data.y, _design(data, added))
    if data.clusters is None:
        return WaveModel(
            fit=fit,
            waves=T,
            added=added,
            left_out=None,
            size=np.zeros(0),
            df=np.inf,
            method=f"{method}Satterthwaite degrees of freedom",
            depends="Pupils are taken as independent.",
        )
    left_out = _left_out(data, added)
    arm = (~data.treated).astype(np.int64)
    contrast = (1.0, -1.0) if data.has_arms else (1.0,)
    df = cluster_mean(np.zeros(len(arm)), data.clusters, arm=arm, contrast=contrast).df
    return WaveModel(
        fit=fit,
        waves=T,
        added=added,
        left_out=left_out,
        size=_sizes(data),
        df=df,
        method=f"{method}errors by leaving out one cluster at a time, t with {df:.3g} degrees of "
        "freedom",
        depends=f"Pupils of a cluster may depend on each other ({len(left_out)} clusters).",
    )


def _design(data: Waves, added: tuple[int, ...]) -> npt.NDArray[np.float64]:
    n, T = data.y.shape
    one = wave_means_design(np.zeros(n, dtype=np.int64), T)
    parts = [one, one[:, :, list(added)] * data.treated[:, None, None]]
    parts += [one * x[:, None, None] for x in data.covariates.T]
    return np.concatenate(parts, axis=2)


def _sizes(data: Waves) -> npt.NDArray[np.float64]:
    assert data.clusters is not None
    G = int(data.clusters.max()) + 1
    shares = np.stack(
        [np.bincount(data.clusters[who], minlength=G) / who.sum() for who in data.arms().values()]
    )
    return np.asarray(np.where(shares > 0, shares, 1.0).min(axis=0))


def _left_out(data: Waves, added: tuple[int, ...]) -> npt.NDArray[np.float64]:
    assert data.clusters is not None
    for name, who in data.arms().items():
        if len(np.unique(data.clusters[who])) < 2:
            raise DesignError(
                f"The {name} arm lies in one cluster, so nothing tells its change from that of the "
                "cluster. Give cluster=None to take pupils as independent, and say so."
            )
    out = []
    for g in range(int(data.clusters.max()) + 1):
        rest = data.only(data.clusters != g)
        try:
            out.append(fit_mmrm(rest.y, _design(rest, added)).coefficients)
        except (EstimationError, np.linalg.LinAlgError) as cause:
            raise DesignError(
                "Without one of the clusters the model cannot be fitted, so the clusters cannot "
                "carry an interval. Drop a wave, or give the level below as cluster."
            ) from cause
    return np.stack(out)
