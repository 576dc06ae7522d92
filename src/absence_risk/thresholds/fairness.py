"""Is one and the same alarm equally good for groups of pupils."""

from __future__ import annotations

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
    "groups {name!r} has {n} group with at least {least} pupils and {events} events, and comparing "
    "needs 2."
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
    of one column have bands that hold for all of them and all three figures together (max-T). No
    group gets a threshold of its own.

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
        If fewer than two groups of a column are large enough.
    """
    sample = found.sample
    alarmed = np.fmax.reduce(sample.rules[found.choice.rule].share, axis=1, initial=-1.0)
    flag = alarmed >= found.threshold
    units = np.arange(sample.n) if unit is None else unit
    weights = unit_weights(int(units.max()) + 1, replicates, rng)
    rows: list[Estimate] = []
    differences: list[Estimate] = []
    left_out = 0
    for column in groups:
        codes, names = labelled(sample.about, column, "groups")
        counts = _counts(codes, flag, sample.event, len(names))
        large = (counts[:, 3] >= _LEAST_N) & (counts[:, 2] >= _LEAST_EVENTS)
        large &= counts[:, 1] >= _LEAST_EVENTS
        left_out += int((~large).sum())
        kept = np.flatnonzero(large)
        if len(kept) < 2:
            raise DesignError(
                _NO_GROUPS.format(name=column, n=len(kept), least=_LEAST_N, events=_LEAST_EVENTS)
            )
        draws = _drawn_counts(codes, flag, sample.event, units, weights, kept)
        labels = [f"{column.removesuffix('_key')}: {names[g]}" for g in kept]
        more, apart = _compare(found, labels, counts[kept], draws)
        rows += more
        differences += apart
    note = (
        f"One threshold for all. n_events of n: with the event and alarmed of those with it "
        f"(sensitivity), of those alarmed (PPV), alarmed of all. {left_out} groups with fewer than "
        f"{_LEAST_N} pupils, {_LEAST_EVENTS} events or {_LEAST_EVENTS} alarms are left out."
    )
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
                "Simultaneous bands (max-T) over all pairs and figures of a column; a band that "
                "covers 0 shows no difference. n and n_events are those of the smaller group."
            ),
        ),
    )


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
    return np.stack(drawn, axis=1).astype(np.float64)


def _shares(counts: Floats) -> Floats:
    """Return sensitivity, PPV and share alarmed, last axis 3; NaN without a denominator."""
    both, flagged, events, n = (counts[..., k] for k in range(4))
    out = np.full((*counts.shape[:-1], 3), np.nan)
    for k, (top, bottom) in enumerate(((both, events), (both, flagged), (flagged, n))):
        np.divide(top, bottom, out=out[..., k], where=bottom > 0)
    return out


def _compare(
    found: Calibration, labels: list[str], counts: Floats, draws: Floats
) -> tuple[list[Estimate], list[Estimate]]:
    shares, drawn = _shares(counts), _shares(draws)
    errors = np.nanstd(drawn, axis=0, ddof=1)
    z = normal_quantile(found.conf_level)
    pairs = ((0, 2), (0, 1), (1, 3))
    rows, differences = [], []
    spread = 1 - (1 - found.conf_level) / len(_TERMS)
    for k, term in enumerate(_TERMS):
        pooled = partial_pool(shares[:, k], errors[:, k])
        for g, label in enumerate(labels):
            half = z * pooled.std_error[g]
            rows.append(
                Estimate(
                    term=term,
                    group=label,
                    estimate=float(pooled.estimate[g]),
                    conf_low=max(0.0, float(pooled.estimate[g] - half)),
                    conf_high=min(1.0, float(pooled.estimate[g] + half)),
                    statistic=float(pooled.share_local[g]),
                    n=round(counts[g, pairs[k][1]]),
                    n_events=round(counts[g, pairs[k][0]]),
                )
            )
        # Bonferroni over the three figures, max-T over the pairs within each.
        bands = pairwise_bands(shares[:, k], drawn[..., k], conf_level=spread)
        for p, (a, b) in enumerate(zip(bands.first, bands.second, strict=True)):
            small = a if counts[a, pairs[k][0]] <= counts[b, pairs[k][0]] else b
            known = bool(np.isfinite(bands.low[p]))
            differences.append(
                Estimate(
                    term=term,
                    group=f"{labels[a]} − {labels[b]}",
                    estimate=float(bands.difference[p]),
                    std_error=float(bands.std_error[p]) if known else None,
                    conf_low=float(bands.low[p]) if known else None,
                    conf_high=float(bands.high[p]) if known else None,
                    p_value=min(1.0, float(bands.p_value[p]) * len(_TERMS)) if known else None,
                    n=round(counts[small, pairs[k][1]]),
                    n_events=round(counts[small, pairs[k][0]]),
                )
            )
    return rows, differences
