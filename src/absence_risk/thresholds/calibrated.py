"""A calibrated alarm as a whole: the choice, its bootstrap, and the search behind its p-value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.stats.best_cut import best_cut
from absence_risk.stats.bootstrap import percentile_interval
from absence_risk.thresholds.choice import choose, resample_choice

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.stats.best_cut import BestCut
    from absence_risk.thresholds.alarm_sample import AlarmSample
    from absence_risk.thresholds.choice import Choice, Resampled
    from absence_risk.thresholds.goal import Goal

    Floats = npt.NDArray[np.float64]

__all__ = ["Calibration", "calibrate_sample"]

_TRIM = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """Everything the tables are made of.

    Parameters
    ----------
    sample : AlarmSample
        The pupils.
    goal : Goal
        Objective and limits.
    thresholds : numpy.ndarray, shape (K,)
        Candidate thresholds.
    cells : numpy.ndarray, shape (C, 4, K + 1)
        Counts under every rule.
    choice : Choice
        The best candidate.
    resampled : Resampled
        The choice made again in bootstrap samples.
    cut : BestCut
        The best cut of the chosen rule with its p-values.
    conf_level : float
        Confidence level of all intervals.
    unit_words : str
        What was drawn.
    compare : tuple of float
        Two thresholds to be told apart.
    """

    sample: AlarmSample
    goal: Goal
    thresholds: Floats
    cells: Floats
    choice: Choice
    resampled: Resampled
    cut: BestCut
    conf_level: float
    unit_words: str
    compare: tuple[float, float]

    @property
    def threshold(self) -> float:
        """The chosen threshold as a share."""
        return float(self.thresholds[self.choice.at])

    def words(self) -> str:
        """Return the chosen alarm and its event in words.

        Returns
        -------
        str
            A sentence, first in the notes of tables that stand beside other results.
        """
        rule = self.sample.rules[self.choice.rule].words()
        at = f"{100 * self.threshold:.3g} %"
        return f"Alarm at {at} of {rule}; event: {self.sample.event_words}."

    def interval(self, draws: Floats) -> tuple[float | None, float | None]:
        """Return percentile limits, None where they do not exist.

        Parameters
        ----------
        draws : numpy.ndarray, shape (B,)
            Bootstrap draws.

        Returns
        -------
        low, high : float or None
            Limits.
        """
        if not len(draws):
            return None, None
        low, high = percentile_interval(draws, self.conf_level)
        return (float(low), float(high)) if np.isfinite(low) else (None, None)

    def outside(self) -> tuple[Floats, Floats]:
        """Return PPV and prevalence among the units left out of each sample, at its choice."""
        made = self.resampled.made
        cells = self.resampled.outside[made].astype(np.float64)
        at = self.resampled.at[made]
        reached = np.cumsum(cells[..., ::-1], axis=-1)[..., ::-1]
        which = np.arange(len(cells))
        fp, tp = reached[which, 0, at + 1], reached[which, 1, at + 1]
        events, n = reached[:, 1, 0], reached[:, :2, 0].sum(axis=1)
        ppv = np.full(len(cells), np.nan)
        np.divide(tp, tp + fp, out=ppv, where=tp + fp > 0)
        return ppv, events / np.maximum(n, 1)


def calibrate_sample(
    sample: AlarmSample,
    goal: Goal,
    thresholds: Floats,
    *,
    unit: npt.NDArray[np.int64] | None,
    unit_words: str,
    compare: tuple[float, float],
    replicates: int,
    rng: np.random.Generator,
    conf_level: float,
) -> Calibration:
    """Choose the best candidate and make the choice again in every bootstrap sample.

    Parameters
    ----------
    sample : AlarmSample
        The pupils.
    goal : Goal
        Objective and limits.
    thresholds : numpy.ndarray, shape (K,)
        Ascending candidate thresholds.
    unit : numpy.ndarray of int or None
        Unit of resampling of each pupil; pupils if None.
    unit_words : str
        What is drawn.
    compare : tuple of float
        Two thresholds to be told apart.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Calibration
        The choice and its doubt.

    Raises
    ------
    DesignError
        If no candidate meets the limits.
    """
    tallies = [sample.tallies(rule, thresholds, unit) for rule in sample.rules]
    cells = np.stack([one.total() for one in tallies])
    choice = choose(cells, goal, sample, thresholds)
    resampled = resample_choice(
        tallies,
        goal,
        sample,
        n_units=sample.n if unit is None else int(unit.max()) + 1,
        replicates=replicates,
        rng=rng,
    )
    return Calibration(
        sample=sample,
        goal=goal,
        thresholds=thresholds,
        cells=cells,
        choice=choice,
        resampled=resampled,
        cut=_searched(best_cut(cells[choice.rule, :2], trim=_TRIM), len(cells)),
        conf_level=conf_level,
        unit_words=unit_words,
        compare=compare,
    )


def _searched(cut: BestCut, rules: int) -> BestCut:
    """Allow for the windows and kinds of absence that were tried as well (Bonferroni)."""
    return replace(cut, adjusted_p=min(1.0, rules * cut.adjusted_p))
