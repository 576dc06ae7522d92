"""Repeated measures of the same pupils, one row per pupil and one column per wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.comparison_rows import numbers_of
from absence_risk.result import Estimate, FlowStep, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

__all__ = ["Waves", "read_waves"]

_FEWEST, _MOST = 2, 4
_FEWEST_SEEN = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Waves:
    """Pupils who were measured at least once.

    Parameters
    ----------
    names : tuple of str
        The waves in order, the baseline first.
    y : numpy.ndarray of float, shape (n, T)
        The outcome; NaN where not measured.
    treated : numpy.ndarray of bool, shape (n,)
        Who has the programme; all where there is no comparison arm.
    covariates : numpy.ndarray of float, shape (n, k)
        Measures before the start, centred at their mean.
    clusters : numpy.ndarray of int or None, shape (n,)
        Cluster 0, 1, ... of each pupil.
    flow : tuple of FlowStep
        Number of pupils at each step.
    """

    names: tuple[str, ...]
    y: npt.NDArray[np.float64]
    treated: npt.NDArray[np.bool_]
    covariates: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.int64] | None
    flow: tuple[FlowStep, ...]

    @property
    def has_arms(self) -> bool:
        """Whether there is a comparison arm."""
        return not bool(self.treated.all())

    def arms(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return who belongs to each arm, by its name.

        Returns
        -------
        dict of str to numpy.ndarray of bool
            "programme", and "comparison" where there is one.
        """
        found = {"programme": self.treated}
        return found | {"comparison": ~self.treated} if self.has_arms else found

    def only(self, kept: npt.NDArray[np.bool_]) -> Waves:
        """Return some of the pupils; covariates keep their centre.

        Parameters
        ----------
        kept : numpy.ndarray of bool, shape (n,)
            Which ones.

        Returns
        -------
        Waves
            The same with fewer rows.
        """
        return Waves(
            names=self.names,
            y=self.y[kept],
            treated=self.treated[kept],
            covariates=self.covariates[kept],
            clusters=None if self.clusters is None else self.clusters[kept],
            flow=self.flow,
        )

    def pattern_table(self) -> Table:
        """Return how many pupils were measured in which waves.

        Returns
        -------
        Table
            "patterns": one row per arm and pattern, the commonest first.
        """
        rows = []
        for arm, who in self.arms().items():
            seen = ~np.isnan(self.y[who])
            found, count = np.unique(seen, axis=0, return_counts=True)
            for place in np.argsort(-count, kind="stable"):
                has = [name for name, here in zip(self.names, found[place], strict=True) if here]
                share = float(count[place] / len(seen))
                rows.append(
                    Estimate(
                        term=" + ".join(has),
                        group=arm,
                        estimate=share,
                        n=len(seen),
                        n_events=int(count[place]),
                    )
                )
        return Table(
            name="patterns",
            title="Share of the pupils who were measured in these waves and no others",
            rows=tuple(rows),
            note="Who was never measured stands in the flow only.",
        )


def read_waves(
    frame: pd.DataFrame,
    *,
    id: str,  # noqa: A002 (the word of the call shape)
    waves: Mapping[str, object],
    wave: str | None,
    value: str | None,
    covariates: Sequence[str],
    arm: str | None,
    cluster: str | None,
) -> Waves:
    """Read two to four waves of an outcome, wide or long.

    Parameters
    ----------
    frame : pandas.DataFrame
        Wide: one row per pupil. Long: one row per pupil and wave.
    id : str
        Column that names the pupil.
    waves : mapping of str to object
        For each wave by name, the baseline first: its column, or (long) its value in ``wave``.
    wave, value : str or None
        Long format: columns that name the wave and hold the outcome.
    covariates : sequence of str
        Columns of numbers known before the start, without gaps.
    arm : str or None
        Column of who has the programme (true or false).
    cluster : str or None
        Column whose groups may depend within.

    Returns
    -------
    Waves
        The pupils by id.

    Raises
    ------
    DesignError
        If a wave was measured in fewer than five pupils of an arm.
    ValueError
        If a column is missing or wrong, or a pupil stands twice.
    """
    names = tuple(waves)
    if not _FEWEST <= len(names) <= _MOST:
        raise ValueError(f"waves must name {_FEWEST} to {_MOST} waves, got {len(names)}.")
    if (wave is None) != (value is None):
        raise ValueError("The long format needs both wave= and value=; the wide one neither.")
    fixed = [name for name in (*covariates, arm, cluster) if name is not None]
    columns = [str(column) for column in waves.values()] if wave is None else [wave, value or ""]
    check.columns(frame.columns, [id, *columns, *fixed], "frame")
    if frame[id].isna().any():
        raise ValueError(f"{id} is not known for {int(frame[id].isna().sum())} rows.")
    if wave is None:
        _once(frame, [id])
        rows = frame.sort_values(id, ignore_index=True)
        y = numbers_of(rows, columns)
    else:
        rows, y = _widened(frame, id, (wave, value or ""), waves, fixed)
    seen = np.asarray(~np.isnan(y).all(axis=1))
    kept = rows.iloc[np.flatnonzero(seen)]
    flow = (
        FlowStep(step="pupils in the frame", n=len(rows)),
        FlowStep(step="measured at least once", n=int(seen.sum())),
        *(
            FlowStep(step=f"measured: {name}", n=int((~np.isnan(y[:, t])).sum()))
            for t, name in enumerate(names)
        ),
    )
    found = Waves(
        names=names,
        y=y[seen],
        treated=_arm(kept, arm),
        covariates=_centred(kept, covariates),
        clusters=_clusters(kept, cluster),
        flow=flow,
    )
    _enough(found)
    return found


def _once(frame: pd.DataFrame, by: list[str]) -> None:
    twice = int(frame.duplicated(by).sum())
    if twice:
        raise ValueError(f"{twice} rows repeat {' and '.join(by)}. Keep one row for each.")


def _widened(
    frame: pd.DataFrame,
    id: str,  # noqa: A002
    long: tuple[str, str],
    waves: Mapping[str, object],
    fixed: list[str],
) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Return one row per pupil with what is fixed, and the outcome by wave."""
    wave, value = long
    unknown = int((~frame[wave].isin(list(waves.values()))).sum())
    if unknown:
        raise ValueError(f"{wave} holds {unknown} rows of waves that are not named in waves.")
    _once(frame, [id, wave])
    for name in fixed:
        kinds = frame.groupby(id)[name].agg(lambda column: column.nunique(dropna=False))
        differ = int((kinds > 1).sum())
        if differ:
            raise ValueError(f"{name} differs between the rows of a pupil, for {differ} pupils.")
    rows = frame.drop_duplicates(id).sort_values(id, ignore_index=True)
    place = rows[id].searchsorted(frame[id])
    y = np.full((len(rows), len(waves)), np.nan)
    outcome = numbers_of(frame, [value])[:, 0]
    for t, label in enumerate(waves.values()):
        here = (frame[wave] == label).to_numpy()
        y[place[here], t] = outcome[here]
    return rows, y


def _arm(rows: pd.DataFrame, arm: str | None) -> npt.NDArray[np.bool_]:
    if arm is None:
        return np.ones(len(rows), dtype=bool)
    if not rows[arm].isin([0, 1]).all():
        raise ValueError(f"{arm} must be true or false (1 or 0) in every row.")
    treated = np.asarray(rows[arm].to_numpy(dtype=bool))
    if treated.all() or not treated.any():
        raise DesignError(f"All pupils have the same {arm}, so there is no comparison arm.")
    return treated


def _centred(rows: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.float64]:
    if not names:
        return np.zeros((len(rows), 0))
    values = numbers_of(rows, list(names))
    gaps = dict(zip(names, np.isnan(values).sum(axis=0), strict=True))
    if any(gaps.values()):
        where = ", ".join(f"{name} ({count} rows)" for name, count in gaps.items() if count)
        raise ValueError(f"Covariates must be known for every pupil; missing in {where}.")
    return np.asarray(values - values.mean(axis=0))


def _clusters(rows: pd.DataFrame, cluster: str | None) -> npt.NDArray[np.int64] | None:
    if cluster is None:
        return None
    if rows[cluster].isna().any():
        raise ValueError(f"{cluster} is not known for {int(rows[cluster].isna().sum())} rows.")
    codes = np.unique(rows[cluster].to_numpy(), return_inverse=True)[1].astype(np.int64)
    return codes if len(codes) and codes.max() > 0 else None


def _enough(found: Waves) -> None:
    for arm, who in found.arms().items():
        seen = (~np.isnan(found.y[who])).sum(axis=0)
        for name, count in zip(found.names, seen, strict=True):
            if count < _FEWEST_SEEN:
                raise DesignError(
                    f"The wave {name!r} was measured in {count} pupils of the {arm} arm; at least "
                    f"{_FEWEST_SEEN} are needed. Leave the wave out, or describe it only."
                )
