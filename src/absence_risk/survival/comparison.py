"""Team cases beside standardised untreated pupils: the arrays, the week, the curves, the draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from absence_risk.errors import DesignError
from absence_risk.stats.incidence import incidence_interval
from absence_risk.survival.incidence import fit_history, supported_week
from absence_risk.survival.severity import make_bands
from absence_risk.survival.standardised import (
    Arm,
    Draws,
    bootstrap_by_cluster,
    bootstrap_by_pupil,
    curves,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.stats.incidence import Incidence
    from absence_risk.survival.severity import Bands

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = ["FEWEST_CLUSTERS", "Clusters", "Comparison", "Design", "compare", "past_closing"]

FEWEST_CLUSTERS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """What is resampled.

    Parameters
    ----------
    case, untreated : numpy.ndarray of int64
        Unit of each row: the same clusters in both groups, or the pupils of each.
    n : int or None
        Number of clusters; None where pupils are resampled.
    why_pupils : str
        Why pupils are resampled, or empty.
    """

    case: Ints
    untreated: Ints
    n: int | None
    why_pupils: str


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Everything about a comparison that does not depend on chance.

    Parameters
    ----------
    history, benchmark : pandas.DataFrame
        Histories of cases and of untreated pupils.
    fit, untreated : Incidence
        Estimates of the cases and of all untreated pupils.
    week : int
        School week of the comparison.
    bands : Bands
        Bands of earlier absence.
    units : Clusters
        What is resampled.
    last_team, last_benchmark : int
        Last school week that follow-up carries in each group.
    """

    history: pd.DataFrame
    benchmark: pd.DataFrame
    fit: Incidence
    untreated: Incidence
    week: int
    bands: Bands
    units: Clusters
    last_team: int
    last_benchmark: int

    @classmethod
    def of(
        cls,
        history: pd.DataFrame,
        benchmark: pd.DataFrame,
        *,
        at_week: int,
        cluster: str,
        minimum: int,
    ) -> Design:
        """Choose week, bands and units.

        Parameters
        ----------
        history, benchmark : pandas.DataFrame
            Histories of the two groups, neither empty.
        at_week : int
            The week that was asked for; the last carried week where that is earlier.
        cluster : str
            Column that is resampled.
        minimum : int
            Smallest number at risk that carries a week, and of pupils that carry a band.

        Returns
        -------
        Design
            The design.

        Raises
        ------
        DesignError
            If follow-up carries no week at all.
        """
        fit, untreated = fit_history(history), fit_history(benchmark)
        team, other = (supported_week(one, minimum) for one in (fit, untreated))
        week = min(at_week, team, other)
        if week < 1:
            raise DesignError("Follow-up does not carry a single school week in both groups.")

        def last(rows: npt.NDArray[np.bool_]) -> int:
            return supported_week(fit_history(benchmark.loc[rows]), 1)

        def carries(rows: npt.NDArray[np.bool_]) -> bool:
            return bool(rows.sum() >= minimum) and last(rows) >= week

        of_case, of_other = (
            frame["severity"].to_numpy(dtype=np.float64) for frame in (history, benchmark)
        )
        bands = make_bands(of_case, of_other, carries)
        used = np.unique(bands.case[bands.case >= 0])
        shortest = min((last(bands.untreated == band) for band in used), default=other)
        units = clusters_of(history, benchmark, cluster)
        return cls(
            history, benchmark, fit, untreated, week, bands, units, team, min(other, shortest)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The two curves with their bootstrap.

    Parameters
    ----------
    team, benchmark : numpy.ndarray of float64, shape (n_weeks,)
        Incidence of return in weeks 1 … n_weeks.
    draws : Draws
        Bootstrap draws of both.
    df : float or None
        Degrees of freedom of the intervals: clusters − 1, or None for the normal law.
    """

    team: Floats
    benchmark: Floats
    draws: Draws
    df: float | None

    def benchmark_interval(
        self, n_at_risk: Floats, conf_level: float
    ) -> tuple[Floats, Floats, Floats]:
        """Return standard error and log-log limits of the benchmark in each week.

        Parameters
        ----------
        n_at_risk : numpy.ndarray of float64, shape (n_weeks,)
            Untreated pupils at risk.
        conf_level : float
            Confidence level.

        Returns
        -------
        tuple of numpy.ndarray
            Standard error, lower and upper limit.
        """
        error = np.nanstd(self.draws.benchmark, axis=0, ddof=1)
        low, high = incidence_interval(
            self.benchmark, error, n_at_risk=n_at_risk, conf_level=conf_level, df=self.df
        )
        return error, low, high

    def difference(
        self, week: int, conf_level: float
    ) -> tuple[float, float, float | None, float | None]:
        """Return team minus benchmark at a week, its standard error and limits.

        Parameters
        ----------
        week : int
            School week.
        conf_level : float
            Confidence level.

        Returns
        -------
        tuple
            Difference, standard error, lower and upper limit; no limits where no draw differs,
            since the bootstrap then knows nothing about the error.
        """
        at = week - 1
        gap = float(self.team[at] - self.benchmark[at])
        error = float(np.nanstd(self.draws.team[:, at] - self.draws.benchmark[:, at], ddof=1))
        if not error > 1e-12:
            return gap, error, None, None
        tail = (1 + conf_level) / 2
        reach = error * float(ndtri(tail) if self.df is None else stdtrit(self.df, tail))
        return gap, error, max(gap - reach, -1.0), min(gap + reach, 1.0)


def clusters_of(history: pd.DataFrame, benchmark: pd.DataFrame, cluster: str) -> Clusters:
    """Return numbered clusters of both groups, or pupils where there are too few clusters.

    Parameters
    ----------
    history, benchmark : pandas.DataFrame
        Histories of the two groups.
    cluster : str
        Column that is resampled.

    Returns
    -------
    Clusters
        The units.
    """
    labels = [frame[cluster] for frame in (history, benchmark)]
    if cluster == "pupil_key":
        why = "pupils were asked for"
    elif any(column.isna().any() for column in labels):
        why = f"the {_word(cluster)} of some pupils is not known"
    elif min(column.nunique() for column in labels) < FEWEST_CLUSTERS:
        why = f"one group lies in fewer than {FEWEST_CLUSTERS} {_word(cluster)}s"
    else:
        both = np.concatenate([column.to_numpy() for column in labels])
        names, number = np.unique(both, return_inverse=True)
        return Clusters(number[: len(history)], number[len(history) :], len(names), "")
    pupils = [
        np.unique(frame["pupil_key"].to_numpy(dtype=np.int64), return_inverse=True)[1]
        for frame in (history, benchmark)
    ]
    return Clusters(pupils[0], pupils[1], None, why)


def _word(cluster: str) -> str:
    return cluster.removesuffix("_key")


def compare(design: Design, *, replicates: int, random_state: int) -> Comparison:
    """Estimate both curves and resample them together.

    Parameters
    ----------
    design : Design
        The comparison.
    replicates : int
        Number of resamples.
    random_state : int
        Seed.

    Returns
    -------
    Comparison
        Curves and draws up to the last carried week.
    """
    return _compare(
        _arm(design.history, design.bands.case, design.units.case, "duration", "event"),
        design,
        max(design.last_team, design.last_benchmark),
        replicates,
        random_state,
    )


def past_closing(design: Design, *, replicates: int, random_state: int) -> Comparison:
    """Compare up to the week with cases followed whether they were still open or not.

    Untreated pupils have no case that could close; this puts cases on the same footing.

    Parameters
    ----------
    design : Design
        The comparison.
    replicates : int
        Number of resamples.
    random_state : int
        Seed.

    Returns
    -------
    Comparison
        Curves and draws up to the week of the comparison.
    """
    names = ("register_duration", "register_event")
    whole = _arm(design.history, design.bands.case, design.units.case, *names)
    seen = whole.duration >= 1
    case = Arm(*(part[seen] for part in (whole.duration, whole.event, whole.band, whole.unit)))
    return _compare(case, design, design.week, replicates, random_state)


def _compare(
    case: Arm, design: Design, n_weeks: int, replicates: int, random_state: int
) -> Comparison:
    units = design.units
    untreated = _arm(design.benchmark, design.bands.untreated, units.untreated, "duration", "event")
    here = curves(case, untreated, n_weeks)
    resample = bootstrap_by_pupil if units.n is None else bootstrap_by_cluster
    rng = np.random.default_rng(random_state)
    draws = resample(case, untreated, n_weeks, replicates=replicates, rng=rng)
    df = None if units.n is None else float(units.n - 1)
    return Comparison(here.team[0], here.benchmark[0], draws, df)


def _arm(frame: pd.DataFrame, band: Ints, unit: Ints, duration: str, event: str) -> Arm:
    weeks, endings = (frame[name].to_numpy(dtype=np.int64) for name in (duration, event))
    return Arm(weeks, endings, band, unit)
