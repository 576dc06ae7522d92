"""May a school have its own threshold: local cuts, drawn towards the common one by their doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import Estimate, Table
from absence_risk.stats.alarm_frontier import unit_weights
from absence_risk.stats.shrinkage import normal_quantile, partial_pool
from absence_risk.thresholds.alarm_curves import PUPILS_TERM
from absence_risk.thresholds.alarm_sample import labelled
from absence_risk.thresholds.choice import open_candidates

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.result import Result
    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["Prior", "best_thresholds", "local_table"]

_FEWEST_EVENTS = 5
_REPLICATES = 200
_CENTRE, _SPREAD = "all places", "standard deviation of a new place"
_ONE_PLACE = (
    "by {name!r} has one value only, so there is nothing to pool. Pass prior=Prior(threshold=, "
    "between=) from a neighbour or the country, or leave by out."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is known of thresholds from elsewhere.

    Parameters
    ----------
    threshold : float
        Threshold of the neighbour or the country, a share.
    between : float
        How much local thresholds differ around it, as a standard deviation of shares.

    Raises
    ------
    ValueError
        If either is no share.

    Examples
    --------
    >>> Prior(threshold=0.15, between=0.02).threshold
    0.15
    """

    threshold: float
    between: float

    def __post_init__(self) -> None:
        """Check both shares."""
        check.proportion(self.threshold, "threshold")
        check.proportion(self.between, "between")

    @classmethod
    def of(cls, neighbour: Result) -> Prior:
        """Take over what a neighbour or a country found.

        The spread is that of one more place, with the doubt on it: larger than the spread seen.

        Parameters
        ----------
        neighbour : Result
            Result of :func:`calibrate_threshold` with ``by``.

        Returns
        -------
        Prior
            The threshold of all its places, and how much they differ.

        Raises
        ------
        ValueError
            If the result has no local thresholds.
        """
        tables = [table for table in neighbour.tables if table.name == "local_thresholds"]
        if not tables:
            raise ValueError(
                "The neighbour's result has no local thresholds: calibrate it with by=, or pass "
                "threshold and between."
            )
        known = {row.term: row.estimate for row in tables[0].rows}
        threshold, between = known.get(_CENTRE), known.get(_SPREAD)
        if threshold is None or between is None:
            raise ValueError("The neighbour's threshold or its spread between places is not shown.")
        return cls(threshold=threshold, between=between)


def local_table(
    found: Calibration,
    by: str,
    *,
    unit: npt.NDArray[np.int64] | None,
    prior: Prior | None,
    rng: np.random.Generator,
) -> Table:
    """Return the threshold of every school or municipality, raw and partially pooled.

    Window and kind of absence are those chosen for all. Empirical Bayes around the threshold
    chosen for all, or around a prior from elsewhere.

    Parameters
    ----------
    found : Calibration
        The calibration.
    by : str
        Column of schools or municipalities.
    unit : numpy.ndarray of int or None
        Unit of resampling of each pupil.
    prior : Prior or None
        Knowledge from elsewhere.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Table
        Named ``local_thresholds``: per place the rows "raw" and "pooled"; ``statistic`` of the
        latter is the share of local evidence.

    Raises
    ------
    DesignError
        If there is only one place and no prior.
    """
    codes, names = labelled(found.sample.about, by, "by")
    if len(names) < 2 and prior is None:
        raise DesignError(_ONE_PLACE.format(name=by))
    raw, error = np.full(len(names), np.nan), np.full(len(names), np.nan)
    sizes, events = np.bincount(codes), np.bincount(codes, weights=found.sample.event)
    for place in range(len(names)):
        rest = sizes[place] - events[place]
        if min(events[place], rest) >= _FEWEST_EVENTS:
            raw[place], error[place] = _local(found, np.flatnonzero(codes == place), unit, rng)
    centre = found.threshold if prior is None else prior.threshold
    if prior is None and not np.isfinite(raw).any():
        raise DesignError(
            f"No value of by {by!r} has {_FEWEST_EVENTS} pupils with and without the event, so "
            "no local threshold can be formed."
        )
    # One more place, of which nothing is known: its doubt is what a neighbour can take over.
    pooled = partial_pool(
        np.append(raw, np.nan),
        np.append(error, np.nan),
        mean=centre,
        between=None if prior is None else prior.between,
    )
    z = normal_quantile(found.conf_level)
    rows = []
    counted = _counted(np.stack([events, sizes - events], axis=1))
    for place, name in enumerate(names):
        count = (int(sizes[place]), int(events[place])) if counted[place] else (None, None)
        rows.append(_row("raw", name, raw[place], z * error[place], count, None))
        share = float(pooled.share_local[place])
        half = z * pooled.std_error[place]
        rows.append(_row("pooled", name, pooled.estimate[place], half, count, share))
    rows.append(Estimate(term=_CENTRE, estimate=centre))
    rows.append(Estimate(term=_SPREAD, estimate=float(pooled.std_error[-1])))
    rows.append(Estimate(term=PUPILS_TERM, n=found.sample.n))
    source = "all places together" if prior is None else "elsewhere"
    limits = " Limits hold in every place, a capacity in its proportion." * bool(found.goal.limits)
    return Table(
        name="local_thresholds",
        title=f"Threshold of each {by.removesuffix('_key')}, raw and partially pooled (shares)",
        rows=tuple(rows),
        note=(
            f"{found.words()} Statistic: share of local evidence. Drawn towards "
            f"{100 * centre:.1f} % from {source};"
            f" standard deviation between places {100 * pooled.between:.1f} points. A place with "
            f"fewer than {_FEWEST_EVENTS} pupils with or without the event has no threshold of its "
            f"own, and its pupils are not counted here.{limits} n: pupils, n_events: with the "
            "event."
        ),
    )


def _counted(cells: Floats) -> npt.NDArray[np.bool_]:
    """Return which places show their counts, so that those of the others cannot be worked out.

    Places with few pupils with or without the event show none; as long as their pupils together
    are few, the next smallest place shows none either.
    """
    counted = np.asarray(cells.min(axis=1) >= _FEWEST_EVENTS)
    for place in np.argsort(cells.min(axis=1), kind="stable"):
        rest = cells[~counted].sum(axis=0)
        if counted.all() or rest.min() >= _FEWEST_EVENTS:
            break
        counted[place] = False
    return counted


def _row(  # noqa: PLR0917 (private, a row of one table)
    term: str,
    name: object,
    value: float,
    half: float,
    count: tuple[int | None, int | None],
    share: float | None,
) -> Estimate:
    known = bool(np.isfinite(value) and np.isfinite(half))
    return Estimate(
        term=term,
        group=str(name),
        estimate=float(value) if known else None,
        conf_low=max(0.0, float(value - half)) if known else None,
        conf_high=min(1.0, float(value + half)) if known else None,
        statistic=share,
        n=count[0],
        n_events=count[1],
    )


def _local(
    found: Calibration,
    rows: npt.NDArray[np.intp],
    unit: npt.NDArray[np.int64] | None,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the best threshold of some pupils and its bootstrap standard error."""
    sample, goal = found.sample, found.goal
    inner = None
    if unit is not None:
        _, inner = np.unique(unit[rows], return_inverse=True)
        # A place that is one cluster itself is resampled by pupils.
        inner = None if inner.max() == 0 else inner.astype(np.int64)
    tallies = sample.tallies(sample.rules[found.choice.rule], found.thresholds, inner, rows)
    n_units = len(rows) if inner is None else int(inner.max()) + 1
    weights = unit_weights(n_units, _REPLICATES, rng)
    cells = np.concatenate([tallies.total()[None], tallies.weighted(weights)])
    # A place has its part of the places: the same number of pupils alarmed per 1,000.
    value = goal.value(cells, sample.n_months * len(rows) / sample.n)
    fine = open_candidates(cells, goal, sample.pupils_a_month, 0.0)
    best = best_thresholds(np.where(fine, value, np.nan), found.thresholds)
    drawn = best[1:][np.isfinite(best[1:])]
    error = float(drawn.std(ddof=1)) if 2 * len(drawn) > _REPLICATES else np.nan
    return float(best[0]) if np.isfinite(error) else np.nan, error


def best_thresholds(value: npt.ArrayLike, thresholds: npt.ArrayLike) -> Floats:
    """Return the threshold with the highest objective, the middle one among equals.

    A small school has long stretches of thresholds that part its pupils in the same way.

    Parameters
    ----------
    value : array-like, shape (..., K)
        Objective; NaN where it does not exist.
    thresholds : array-like, shape (K,)
        Thresholds.

    Returns
    -------
    numpy.ndarray, shape (...)
        Mean of the best thresholds; NaN where no objective exists.

    Examples
    --------
    >>> best_thresholds([[1.0, 3.0, 3.0]], [0.1, 0.2, 0.3]).round(2).tolist()
    [0.25]
    """
    values = np.asarray(value, dtype=np.float64)
    values = np.where(np.isfinite(values), values, -np.inf)
    top = values.max(axis=-1, keepdims=True)
    best = (values >= top - 1e-12) & np.isfinite(top)
    total = best.sum(axis=-1)
    found = np.full(total.shape, np.nan)
    np.divide((best * np.asarray(thresholds)).sum(axis=-1), total, out=found, where=total > 0)
    return found
