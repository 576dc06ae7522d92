"""Is one and the same alarm equally good for groups of pupils."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.result import Estimate, Table
from absence_risk.stats.alarm_frontier import unit_weights
from absence_risk.stats.shrinkage import normal_quantile, partial_pool
from absence_risk.stats.simultaneous import pairwise_bands
from absence_risk.thresholds.alarm_sample import labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["group_tables"]

_LEAST_N = 50
_LEAST_EVENTS = 10
_TERMS = ("sensitivity", "PPV", "share of pupils alarmed")
_NO_GROUPS = (
    "groups {name} has no two groups with at least {least} pupils, {events} events and {events} "
    "alarms, so nothing can be compared. Leave groups out or join small ones."
)
_LEFT_OUT = (
    " Groups with fewer than {least} pupils, {events} events or {events} alarms are counted and "
    "not compared."
)


def group_tables(
    found: Calibration,
    groups: Sequence[str],
    *,
    unit: npt.NDArray[np.int64] | None,
    replicates: int,
    rng: np.random.Generator,
) -> tuple[Table, Table]:
    """Compare groups at the one chosen threshold.

    Figures are drawn towards their mean (empirical Bayes); differences between all pairs of groups
    of one column have bands that hold for all of them (max-T) and for the three figures together
    (Bonferroni). No group gets a threshold of its own. Small groups have rows with counts only, so
    that disclosure control sees what could be worked out from a total.

    Parameters
    ----------
    found : Calibration
        The calibration.
    groups : sequence of str
        Columns of groups.
    unit : numpy.ndarray of int or None
        Unit of resampling.
    replicates : int
        Number of bootstrap samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    groups, group_differences : Table
        Figures and differences.

    Raises
    ------
    DesignError
        If in no column two groups are large enough.
    """
    sample = found.sample
    alarmed = np.fmax.reduce(sample.rules[found.choice.rule].share, axis=1, initial=-1.0)
    flag = alarmed >= found.threshold
    units = np.arange(sample.n) if unit is None else unit
    weights = unit_weights(int(units.max()) + 1, replicates, rng)
    rows: list[Estimate] = []
    differences: list[Estimate] = []
    for column in groups:
        codes, names = labelled(sample.about, column, "groups")
        counts = _counts(codes, flag, sample.event, len(names))
        kept = _large(counts)
        if len(kept) < 2:
            kept = kept[:0]
        draws = _drawn_counts(codes, flag, sample.event, units, weights, kept)
        name = column.removesuffix("_key")
        labels = [f"{name}: {_word(value)}" for value in names]
        more, apart = _compare(found, name, labels, counts, kept, draws)
        rows += more
        differences += apart
    if not differences:
        tried = ", ".join(map(repr, groups))
        raise DesignError(_NO_GROUPS.format(name=tried, least=_LEAST_N, events=_LEAST_EVENTS))
    note = (
        "One threshold for all. n_events of n: with the event and alarmed of those with it "
        "(sensitivity), of those alarmed (PPV), alarmed of all. Statistic: share of the group's "
        "own evidence."
    )
    if any(row.estimate is None for row in rows):
        note += _LEFT_OUT.format(least=_LEAST_N, events=_LEAST_EVENTS)
    return (
        Table(
            name="groups",
            title="The same alarm in groups of pupils, drawn towards their mean (shares)",
            rows=tuple(rows),
            note=note,
        ),
        Table(
            name="group_differences",
            title="Differences between groups at the chosen threshold, points",
            rows=tuple(differences),
            note=(
                "Simultaneous bands over all pairs of a column (max-T) and the three figures "
                "(Bonferroni); a band that covers 0 shows no difference. n and n_events are those "
                "of the smaller group."
            ),
        ),
    )


def _word(value: object) -> str:
    """Write a value of a column; a flag is yes or no."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return str(value)


def _large(counts: Floats) -> npt.NDArray[np.intp]:
    """Return the groups that are large enough to be compared."""
    large = (counts[:, 3] >= _LEAST_N) & (counts[:, 2] >= _LEAST_EVENTS)
    return np.flatnonzero(large & (counts[:, 1] >= _LEAST_EVENTS))


def _counts(
    codes: npt.NDArray[np.int64],
    flag: npt.NDArray[np.bool_],
    event: npt.NDArray[np.bool_],
    size: int,
) -> Floats:
    """Return alarmed with the event, alarmed, with the event, all; per group."""
    parts = (flag & event, flag, event, np.ones(len(codes)))
    return np.stack([np.bincount(codes, weights=p, minlength=size) for p in parts], axis=1)


def _drawn_counts(  # noqa: PLR0917 (private, called in one line above)
    codes: npt.NDArray[np.int64],
    flag: npt.NDArray[np.bool_],
    event: npt.NDArray[np.bool_],
    units: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float32],
    kept: npt.NDArray[np.intp],
) -> Floats:
    """Return the four counts of the kept groups in every sample, shape (B, g, 4)."""
    drawn = []
    for group in kept:
        mine = codes == group
        by_unit = np.stack(
            [
                np.bincount(units[mine & part], minlength=len(weights))
                for part in (flag & event, flag, event, np.ones(len(codes), dtype=bool))
            ]
        ).astype(np.float32)
        drawn.append((by_unit @ weights).T)
    if not drawn:
        return np.empty((weights.shape[1], 0, 4))
    return np.stack(drawn, axis=1).astype(np.float64)


def _shares(counts: Floats) -> Floats:
    """Return sensitivity, PPV and share alarmed, last axis 3; NaN without a denominator."""
    both, flagged, events, n = (counts[..., k] for k in range(4))
    out = np.full((*counts.shape[:-1], 3), np.nan)
    for k, (top, bottom) in enumerate(((both, events), (both, flagged), (flagged, n))):
        np.divide(top, bottom, out=out[..., k], where=bottom > 0)
    return out


def _compare(  # noqa: PLR0917 (private, called in one line above)
    found: Calibration,
    name: str,
    labels: list[str],
    counts: Floats,
    kept: npt.NDArray[np.intp],
    draws: Floats,
) -> tuple[list[Estimate], list[Estimate]]:
    """Return the figures of all groups and the differences of those that are compared."""
    pairs = ((0, 2), (0, 1), (1, 3))
    shares, drawn = _shares(counts), _shares(draws)
    rows, differences = [], []
    spread = 1 - (1 - found.conf_level) / len(_TERMS)
    for k, figure in enumerate(_TERMS):
        term = f"{figure} by {name}"
        size = [
            (round(counts[g, pairs[k][1]]), round(counts[g, pairs[k][0]]))
            for g in range(len(labels))
        ]
        rows += _drawn_to_mean(found, term, labels, size, kept, shares[kept, k], drawn[..., k])
        if not len(kept):
            continue
        bands = pairwise_bands(shares[kept, k], drawn[..., k], conf_level=spread)
        for p, (a, b) in enumerate(zip(kept[bands.first], kept[bands.second], strict=True)):
            n, events = min(size[a], size[b], key=lambda pair: pair[1])
            known = bool(np.isfinite(bands.low[p]))
            differences.append(
                Estimate(
                    term=term,
                    group=f"{labels[a]} − {labels[b]}",
                    threshold=found.threshold,
                    estimate=float(bands.difference[p]),
                    std_error=float(bands.std_error[p]) if known else None,
                    conf_low=float(bands.low[p]) if known else None,
                    conf_high=float(bands.high[p]) if known else None,
                    p_value=min(1.0, float(bands.p_value[p]) * len(_TERMS)) if known else None,
                    n=n,
                    n_events=events,
                )
            )
    return rows, differences


def _drawn_to_mean(  # noqa: PLR0917 (private, called in one line above)
    found: Calibration,
    term: str,
    labels: list[str],
    size: list[tuple[int, int]],
    kept: npt.NDArray[np.intp],
    share: Floats,
    drawn: Floats,
) -> list[Estimate]:
    """Return one figure of all groups: those compared drawn to their mean, others as counts."""
    rows = [
        Estimate(term=term, group=label, threshold=found.threshold, n=n, n_events=events)
        for label, (n, events) in zip(labels, size, strict=True)
    ]
    if not len(kept):
        return rows
    pooled = partial_pool(share, np.nanstd(drawn, axis=0, ddof=1))
    z = normal_quantile(found.conf_level)
    for place, g in enumerate(kept):
        middle, half = float(pooled.estimate[place]), z * float(pooled.std_error[place])
        rows[g] = replace(
            rows[g],
            estimate=middle,
            conf_low=max(0.0, middle - half),
            conf_high=min(1.0, middle + half),
            statistic=float(pooled.share_local[place]),
        )
    return rows
