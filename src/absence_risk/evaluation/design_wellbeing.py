"""A questionnaire of which part is missing at follow-up, in many studies at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.cluster_mean import cluster_mean
from absence_risk.stats.cr2_adjustment import adjusted_from_grams, trace_df
from absence_risk.stats.imputation import impute_normal
from absence_risk.stats.many_changes import Changes
from absence_risk.stats.rubin import pool

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

__all__ = ["WellbeingDraws", "complete_cases", "draw_wellbeing", "imputed"]

_STABILITY = 0.6
_ABSENCE = -0.2
_ANSWERS = (0.5, -0.5)
_IMPUTATIONS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class WellbeingDraws:
    """Wellbeing in standard deviations of the scale, shape (R, n).

    Parameters
    ----------
    known : numpy.ndarray of float, shape (R, n, 2)
        Wellbeing before, absence before (standardised).
    change : numpy.ndarray of float, shape (R, n)
        After minus before, of all pupils.
    seen : numpy.ndarray of bool, shape (R, n)
        Who answered at follow-up.
    """

    known: Floats
    change: Floats
    seen: npt.NDArray[np.bool_]


def draw_wellbeing(
    absence: Floats,
    shift: Floats,
    *,
    missing: float,
    delta: float,
    rng: np.random.Generator,
) -> WellbeingDraws:
    """Draw wellbeing of pupils whose mean does not change, and who answers.

    Wellbeing after correlates .6 with wellbeing before and is lower for pupils with more absence
    (-.2); those with low wellbeing and much absence answer less often. Among pupils alike in both,
    those who do not answer differ by ``delta`` from those who do. These are assumptions of the
    simulation, not figures from the field.

    Parameters
    ----------
    absence : numpy.ndarray of float, shape (R, n)
        Absence before.
    shift : numpy.ndarray of float, shape (R, n)
        Difference between clusters, in standard deviations.
    missing : float
        Share without follow-up, on average.
    delta : float
        Standard deviations by which those missing differ; 0 is missing at random.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    WellbeingDraws
        The pupils.
    """
    a = (absence - absence.mean()) / absence.std()
    before = rng.normal(size=a.shape)
    spread = np.sqrt(1 - _STABILITY**2 - _ABSENCE**2)
    after = _STABILITY * before + _ABSENCE * a + spread * rng.normal(size=a.shape) + shift
    answers = _ANSWERS[0] * before + _ANSWERS[1] * a + rng.logistic(size=a.shape)
    seen = answers >= np.quantile(answers, missing)
    after = after + delta * (~seen - missing)
    return WellbeingDraws(known=np.stack([before, a], axis=-1), change=after - before, seen=seen)


def complete_cases(drawn: WellbeingDraws, starts: Ints) -> Changes:
    """Return the mean change of those who answered twice, with CR2 and Satterthwaite df.

    Parameters
    ----------
    drawn : WellbeingDraws
        The pupils.
    starts : numpy.ndarray of int, shape (G,)
        Place of the first pupil of each cluster.

    Returns
    -------
    Changes
        For each study; df NaN where one cluster alone answered.
    """
    n = drawn.seen.sum(axis=1)
    mean = np.where(drawn.seen, drawn.change, 0.0).sum(axis=1) / n
    residuals = np.where(drawn.seen, drawn.change - mean[:, None], 0.0)
    sizes = np.add.reduceat(drawn.seen.astype(float), starts, axis=1)
    sums = np.add.reduceat(residuals, starts, axis=1) / np.sqrt(n)[:, None]
    adjusted = adjusted_from_grams((sizes / n[:, None])[..., None, None], sums[..., None])
    direction = (1 / np.sqrt(n))[:, None]
    error = np.sqrt((adjusted.scores[..., 0] ** 2).sum(axis=1) / n)
    return Changes(mean, error, trace_df(adjusted, direction)[1])


def imputed(
    drawn: WellbeingDraws, starts: Ints, *, delta: float, rng: np.random.Generator
) -> Changes:
    """Return the mean change of all by multiple imputation, as `PrePost.change` with `MI`.

    Follow-ups are imputed 20 times from wellbeing and absence before and the cluster; each
    completed data set is analysed with CR2, and pooled with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    drawn : WellbeingDraws
        The pupils.
    starts : numpy.ndarray of int, shape (G,)
        Place of the first pupil of each cluster.
    delta : float
        Standard deviations by which those missing are taken to differ.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Changes
        For each study.
    """
    before = drawn.known[..., 0]
    codes = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, before.shape[1])))
    seen = np.where(drawn.seen, before + drawn.change, np.nan)
    full = impute_normal(seen, drawn.known, codes, imputations=_IMPUTATIONS, rng=rng)
    full += delta * ~drawn.seen[:, None, :]
    one = cluster_mean(full - before[:, None, :], codes)
    pooled = pool(one.estimate.T, one.variance.T, df_complete=one.df, rule="satterthwaite")
    return Changes(pooled.estimate, pooled.std_error, pooled.df)
