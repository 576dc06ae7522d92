"""Bands of earlier absence, over which untreated pupils are standardised to the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

__all__ = ["BAND_EDGES", "Bands", "make_bands"]

BAND_EDGES = (0.10, 0.20, 0.35, 0.60)
NOWHERE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """The band of every case and every untreated pupil.

    Parameters
    ----------
    labels : tuple of str
        Name of each band.
    case, untreated : numpy.ndarray of int64
        Band of each row, -1 where the earlier absence is not known.
    notes : tuple of str
        What was merged or left out.
    """

    labels: tuple[str, ...]
    case: Ints
    untreated: Ints
    notes: tuple[str, ...]


def make_bands(
    case: npt.ArrayLike,
    untreated: npt.ArrayLike,
    carries: Callable[[npt.NDArray[np.bool_]], bool],
    *,
    edges: tuple[float, ...] = BAND_EDGES,
) -> Bands:
    """Cut earlier absence into bands and merge those that untreated pupils cannot carry.

    Parameters
    ----------
    case : array-like of float, shape (n,)
        Absence share of the cases before the start; NaN where unknown.
    untreated : array-like of float, shape (m,)
        The same for untreated pupils.
    carries : callable
        Takes a mask of untreated pupils and says whether they are enough.
    edges : tuple of float
        Limits of the bands, ascending, in (0, 1).

    Returns
    -------
    Bands
        Bands in which there are enough untreated pupils wherever there are cases. Where the
        earlier absence of no case or of too few untreated pupils is known, one band of everybody.

    Examples
    --------
    >>> make_bands([0.15, 0.5], [0.12, 0.18, 0.3], lambda rows: rows.sum() > 0).labels
    ('below 10 %', '10 to 20 %', '20 to 60 %', '60 % or more')
    """
    of_case, of_other = _cut(case, edges), _cut(untreated, edges)
    if not (of_case >= 0).any() or not carries(of_other >= 0):
        everybody = (
            "Earlier absence is known for too few pupils: the benchmark is not standardised."
        )
        return Bands(("all",), np.zeros_like(of_case), np.zeros_like(of_other), (everybody,))
    groups = [[band] for band in range(len(edges) + 1)]
    while len(groups) > 1:
        weak = [
            i
            for i, group in enumerate(groups)
            if np.isin(of_case, group).any() and not carries(np.isin(of_other, group))
        ]
        if not weak:
            break
        groups = _merge(groups, weak[0], of_other)
    home = np.empty(len(edges) + 1, dtype=np.int64)
    for i, group in enumerate(groups):
        home[group] = i
    labels = tuple(_label(group, edges) for group in groups)
    notes = [
        f"Too few untreated pupils in one band of earlier absence: merged to {label}."
        for label, group in zip(labels, groups, strict=True)
        if len(group) > 1
    ]
    if (of_case < 0).any():
        notes.append("Cases without recorded absence before the start do not weigh the benchmark.")
    return Bands(labels, _rehome(of_case, home), _rehome(of_other, home), tuple(notes))


def _cut(severity: npt.ArrayLike, edges: tuple[float, ...]) -> Ints:
    share = np.asarray(severity, dtype=np.float64)
    band = np.searchsorted(np.asarray(edges), share, side="right")
    return np.where(np.isnan(share), NOWHERE, band).astype(np.int64)


def _rehome(band: Ints, home: Ints) -> Ints:
    return np.where(band >= 0, home[np.maximum(band, 0)], NOWHERE)


def _merge(groups: list[list[int]], weak: int, of_other: Ints) -> list[list[int]]:
    """Merge a weak band with the neighbour that has more untreated pupils, the lower if equal."""
    sizes = [int(np.isin(of_other, group).sum()) for group in groups]
    left = sizes[weak - 1] if weak > 0 else -1
    right = sizes[weak + 1] if weak + 1 < len(groups) else -1
    first = weak - 1 if left >= right else weak
    return [*groups[:first], groups[first] + groups[first + 1], *groups[first + 2 :]]


def _label(group: list[int], edges: tuple[float, ...]) -> str:
    low = 100 * edges[group[0] - 1] if group[0] > 0 else None
    high = 100 * edges[group[-1]] if group[-1] < len(edges) else None
    if low is None:
        return "all" if high is None else f"below {high:g} %"
    return f"{low:g} % or more" if high is None else f"{low:g} to {high:g} %"
