"""From a pupil × period panel to one row per pupil with an early and a later half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import FlowStep

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt
    import pandas as pd

__all__ = ["Half", "Halves", "period_order", "split_halves", "split_periods"]

_MINUTES = ("scheduled_min", "valid_min", "invalid_min")


@dataclass(frozen=True, eq=False, kw_only=True)
class Half:
    """School time of each pupil in one half.

    Parameters
    ----------
    scheduled, valid, invalid : numpy.ndarray of float, shape (n_pupils,)
        Minutes, or days where the definition counts days.
    """

    scheduled: npt.NDArray[np.float64]
    valid: npt.NDArray[np.float64]
    invalid: npt.NDArray[np.float64]

    @property
    def at_risk(self) -> npt.NDArray[np.float64]:
        """Time at risk of invalid absence: scheduled less valid, shape (n_pupils,)."""
        return self.scheduled - self.valid

    @property
    def valid_share(self) -> npt.NDArray[np.float64]:
        """Valid absence over scheduled time, shape (n_pupils,)."""
        return self.valid / self.scheduled

    @property
    def invalid_share(self) -> npt.NDArray[np.float64]:
        """Invalid absence over time at risk, shape (n_pupils,)."""
        return self.invalid / self.at_risk

    def take(self, kept: npt.NDArray[np.bool_]) -> Half:
        """Return the half of some pupils.

        Parameters
        ----------
        kept : numpy.ndarray of bool, shape (n_pupils,)
            Which pupils.

        Returns
        -------
        Half
            Their school time.
        """
        return Half(
            scheduled=self.scheduled[kept], valid=self.valid[kept], invalid=self.invalid[kept]
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Halves:
    """Both halves of the same pupils.

    Parameters
    ----------
    early, later : Half
        School time in each half.
    cluster : numpy.ndarray of int, shape (n_pupils,)
        Cluster of each pupil, 0, 1, … without gaps.
    covariates : pandas.DataFrame
        One row per pupil.
    flow : tuple of FlowStep
        Pupils at each step.
    """

    early: Half
    later: Half
    cluster: npt.NDArray[np.int64]
    covariates: pd.DataFrame
    flow: tuple[FlowStep, ...]

    @property
    def n(self) -> int:
        """Number of pupils."""
        return len(self.cluster)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(np.unique(self.cluster))

    def take(self, kept: npt.NDArray[np.bool_], step: str) -> Halves:
        """Return some of the pupils, with one more step of the flow.

        Parameters
        ----------
        kept : numpy.ndarray of bool, shape (n_pupils,)
            Which pupils.
        step : str
            What was kept.

        Returns
        -------
        Halves
            Those pupils; clusters are numbered anew.
        """
        return Halves(
            early=self.early.take(kept),
            later=self.later.take(kept),
            cluster=np.unique(self.cluster[kept], return_inverse=True)[1].astype(np.int64),
            covariates=self.covariates[kept].reset_index(drop=True),
            flow=(*self.flow, FlowStep(step=step, n=int(kept.sum()))),
        )


def period_order(panel: pd.DataFrame) -> list[Any]:
    """Return the periods of a panel in the order of time.

    Parameters
    ----------
    panel : pandas.DataFrame
        Columns pupil_key, period; the rows of a pupil in the order of time.

    Returns
    -------
    list
        Numbers in ascending order; names in the order of a pupil that has all of them.

    Raises
    ------
    DesignError
        If the periods are names and no pupil has all of them.
    """
    periods = panel["period"]
    unique = periods.drop_duplicates()
    if periods.dtype.kind in "iuf":
        return sorted(unique.tolist())
    counts = panel.groupby("pupil_key")["period"].size()
    longest = periods[panel["pupil_key"] == counts.idxmax()].tolist()
    if len(longest) < len(unique):
        raise DesignError(
            "The order of the periods is not known, because no pupil has all of them. "
            "Give early= and later= as lists of periods."
        )
    return longest


def split_periods(panel: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    """Split the periods into two halves of nearly equal school days.

    Parameters
    ----------
    panel : pandas.DataFrame
        Columns pupil_key, period, n_days (school days offered).

    Returns
    -------
    tuple of two lists
        Early and later periods.

    Raises
    ------
    DesignError
        If there are fewer than two periods, or the school days of some are not known (totals of
        an export that has no days).
    """
    ordered = period_order(panel)
    if panel["n_days"].isna().any():
        raise DesignError(
            "The panel does not say how many school days its periods have, so that it cannot be "
            "split into halves. Give early= and later= as lists of periods."
        )
    if len(ordered) < 2:
        raise DesignError(
            f"Early and later absence need at least 2 periods, got {len(ordered)}. "
            'Use a finer period, for example panel(period="month").'
        )
    days = panel.groupby("period")["n_days"].max().loc[ordered].to_numpy(dtype=float)
    running = days.cumsum()
    cut = int(np.abs(2 * running[:-1] - running[-1]).argmin()) + 1
    return ordered[:cut], ordered[cut:]


def split_halves(
    panel: pd.DataFrame,
    early: Collection[Any],
    later: Collection[Any],
    *,
    covariates: Sequence[str],
    cluster: str,
) -> Halves:
    """Sum a panel over two sets of periods, for pupils at risk in both.

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per pupil and period with scheduled_min, valid_min, invalid_min.
    early, later : collection of period labels
        The two halves.
    covariates : sequence of str
        Columns taken from the pupil's first row of the early half.
    cluster : str
        Column with the cluster, taken likewise.

    Returns
    -------
    Halves
        Pupils with scheduled time at risk in both halves, in ascending order of their key.

    Raises
    ------
    DesignError
        If the halves overlap, name a period that is not there, or no pupil has both.
    ValueError
        If a pupil has two rows for one period.
    """
    _refuse_bad_halves(panel, early, later)
    rows = panel.sort_values("pupil_key", kind="stable")
    first, second = rows[rows["period"].isin(early)], rows[rows["period"].isin(later)]
    sums = [part.groupby("pupil_key")[list(_MINUTES)].sum() for part in (first, second)]
    both = sums[0].index.intersection(sums[1].index)
    about = first.drop_duplicates("pupil_key").set_index("pupil_key").loc[both]
    halves = Halves(
        early=_half(sums[0].loc[both]),
        later=_half(sums[1].loc[both]),
        cluster=np.unique(about[cluster].astype(str), return_inverse=True)[1].astype(np.int64),
        covariates=about[list(covariates)].reset_index(drop=True),
        flow=(
            FlowStep(step="pupils in the panel", n=int(panel["pupil_key"].nunique())),
            FlowStep(step="with school time in both halves", n=len(both)),
        ),
    )
    at_risk = (halves.early.at_risk > 0) & (halves.later.at_risk > 0)
    if not at_risk.any():
        raise DesignError("No pupil has time at risk in both halves. Choose other periods.")
    return halves.take(at_risk, "with time at risk (not wholly validly absent) in both")


def _half(sums: pd.DataFrame) -> Half:
    scheduled, valid, invalid = (sums[name].to_numpy(dtype=float) for name in _MINUTES)
    return Half(scheduled=scheduled, valid=valid, invalid=invalid)


def _refuse_bad_halves(panel: pd.DataFrame, early: Collection[Any], later: Collection[Any]) -> None:
    needed = ["pupil_key", "period", *_MINUTES]
    check.columns(panel.columns, needed, "panel")
    if panel.duplicated(["pupil_key", "period"]).any():
        raise ValueError("panel must have one row per pupil and period; some have more.")
    if len(early) == 0 or len(later) == 0:
        raise DesignError("early and later must each name at least one period.")
    shared = [period for period in early if period in set(later)]
    if shared:
        raise DesignError(f"early and later must not overlap; both hold {shared}.")
    known = set(panel["period"].unique().tolist())
    unknown = [period for period in [*early, *later] if period not in known]
    if unknown:
        raise DesignError(f"The panel has no period {unknown}; it has {sorted(known, key=str)}.")
