"""Is one and the same alarm equally good for groups of pupils."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk.errors import DesignError
from absence_risk.result import Estimate, Table
from absence_risk.stats.alarm_frontier import unit_weights
from absence_risk.stats.shrinkage import normal_quantile, partial_pool
from absence_risk.stats.simultaneous import pairwise_bands
from absence_risk.thresholds.alarm_curves import PUPILS_TERM
from absence_risk.thresholds.alarm_sample import labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["group_tables"]

_LEAST_N = 50
_LEAST_EVENTS = 10
_LEAST_CELL = 5
_TERMS = ("sensitivity", "PPV", "share of pupils alarmed")
_NO_GROUPS = (
    "groups {name} has no two groups with at least {least} pupils, {events} events, {events} "
    "alarms and {cell} pupils each who are alarmed rightly, alarmed wrongly, missed and rightly "
    "left alone, so nothing can be compared. Leave groups out, join small ones or alarm more."
)
_REST = (
    " Groups with fewer than {least} pupils, {events} events or {events} alarms, or with few "
    "pupils on one side, are counted together and not compared."
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
    (Bonferroni). No group gets a threshold of its own. Small groups are counted together and not
    compared.

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
    left_out: list[str] = []
    for column in groups:
        codes, names = labelled(sample.about, column, "groups")
        counts = _counts(codes, flag, sample.event, len(names))
        kept, rest = _comparable(counts)
        if len(kept) < 2:
            left_out.append(column)
            continue
        draws = _drawn_counts(codes, flag, sample.event, units, weights, kept)
        name = column.removesuffix("_key")
        labels = [f"{name}: {_word(names[g])}" for g in kept]
        more, apart = _compare(found, name, labels, counts[kept], draws)
        rows += more
        differences += apart
        if rest[3]:
            rows += _rest_rows(found, name, rest)
    if not differences:
        tried = ", ".join(map(repr, left_out))
        raise DesignError(
            _NO_GROUPS.format(name=tried, least=_LEAST_N, events=_LEAST_EVENTS, cell=_LEAST_CELL)
        )
    rows.append(Estimate(term=PUPILS_TERM, n=sample.n))
    return _figures_table(found, rows, left_out), _differences_table(differences)


def _figures_table(found: Calibration, rows: list[Estimate], left_out: list[str]) -> Table:
    note = (
        f"{found.words()} One threshold for all. n_events of n: with the event and alarmed of "
        "those with it (sensitivity), of those alarmed (PPV), alarmed of all. Statistic: share of "
        "the group's own evidence."
    )
    if any(row.estimate is None for row in rows[:-1]):
        note += _REST.format(least=_LEAST_N, events=_LEAST_EVENTS)
    if left_out:
        note += f" Not compared, because no two groups are large enough: {', '.join(left_out)}."
    return Table(
        name="groups",
        title="The same alarm in groups of pupils, drawn towards their mean (shares)",
        rows=tuple(rows),
        note=note,
    )


def _differences_table(rows: list[Estimate]) -> Table:
    return Table(
        name="group_differences",
        title="Differences between groups at the chosen threshold, points",
        rows=tuple(rows),
        note=(
            "Simultaneous bands over all pairs of a column (max-T) and the three figures "
            "(Bonferroni); a band that covers 0 shows no difference. n and n_events are those "
            "of the smaller group."
        ),
    )


def _word(value: object) -> str:
    """Write a value of a column; a flag is yes or no."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return str(value)


def _comparable(counts: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the groups that can be compared, and the counts of all others together.

    Of both the four cells (alarmed or not, with the event or not) hold some pupils each: no
    count of few pupils can be worked out from those of the compared groups and the total.
    """
    large = (counts[:, 3] >= _LEAST_N) & (counts[:, 1:3] >= _LEAST_EVENTS).all(axis=1)
    large &= _cells(counts).min(axis=1) >= _LEAST_CELL
    kept = list(np.flatnonzero(large))
    kept.sort(key=lambda group: -counts[group, 2])
    rest = counts[~large].sum(axis=0)
    while kept and rest[3] and _cells(rest).min() < _LEAST_CELL:
        rest = rest + counts[kept.pop()]
    return np.array(sorted(kept), dtype=np.intp), rest


def _cells(counts: Floats) -> Floats:
    both, flagged, events, n = np.moveaxis(counts, -1, 0)
    return np.stack([both, flagged - both, events - both, n - flagged - events + both], axis=-1)


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


def _compare(
    found: Calibration, name: str, labels: list[str], counts: Floats, draws: Floats
) -> tuple[list[Estimate], list[Estimate]]:
    """Return the figures of groups, drawn to their mean, and the differences between them."""
    shares, drawn = _shares(counts), _shares(draws)
    errors = np.nanstd(drawn, axis=0, ddof=1)
    z = normal_quantile(found.conf_level)
    rows, differences = [], []
    spread = 1 - (1 - found.conf_level) / len(_TERMS)
    for k, figure in enumerate(_TERMS):
        term = f"{figure} by {name}"
        size = [_size(row, k) for row in counts]
        pooled = partial_pool(shares[:, k], errors[:, k])
        for g, label in enumerate(labels):
            middle, half = float(pooled.estimate[g]), z * float(pooled.std_error[g])
            rows.append(
                Estimate(
                    term=term,
                    group=label,
                    threshold=found.threshold,
                    estimate=middle,
                    conf_low=max(0.0, middle - half),
                    conf_high=min(1.0, middle + half),
                    statistic=float(pooled.share_local[g]),
                    n=size[g][0],
                    n_events=size[g][1],
                )
            )
        bands = pairwise_bands(shares[:, k], drawn[..., k], conf_level=spread)
        for p, (a, b) in enumerate(zip(bands.first, bands.second, strict=True)):
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


def _size(counts: Floats, figure: int) -> tuple[int, int]:
    """Return denominator and numerator of a figure."""
    top, bottom = ((0, 2), (0, 1), (1, 3))[figure]
    return round(counts[bottom]), round(counts[top])


def _rest_rows(found: Calibration, name: str, rest: Floats) -> list[Estimate]:
    """Return the counts of the groups that are not compared, as one."""
    rows = []
    for k, figure in enumerate(_TERMS):
        n, events = _size(rest, k)
        rows.append(
            Estimate(
                term=f"{figure} by {name}",
                group=f"{name}: all others",
                threshold=found.threshold,
                n=n,
                n_events=events,
            )
        )
    return rows
