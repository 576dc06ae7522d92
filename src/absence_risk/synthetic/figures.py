"""What official statistics would print of a world: the figures that presets are calibrated to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.synthetic.days import GUARDIAN, ILLNESS, INVALID, LEAVE
from absence_risk.synthetic.illness import weekday

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.synthetic.world import World

__all__ = ["COUNTED", "KINDS", "REASON_CODES", "Figure", "measure"]

COUNTED = ("minutes", "start_of_day", "sessions")
KINDS = (
    "mean",
    "share_above",
    "share_from",
    "share_up_to",
    "reason_share",
    "growth",
    "spell_mean",
    "spell_between",
    "weekday_gap",
    "weekly",
)
REASON_CODES = {
    "all": (ILLNESS, LEAVE, GUARDIAN, INVALID),
    "sick": (ILLNESS,),
    "permitted": (LEAVE, GUARDIAN),
    "authorised": (ILLNESS, LEAVE, GUARDIAN),
    "unlawful": (INVALID,),
}
_GRADES = tuple(range(1, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a statistic, with what it counts.

    Parameters
    ----------
    kind : str
        ``mean``: absence over all pupils. ``share_above``, ``share_from``, ``share_up_to``: pupils
        whose absence is > at, ≥ at, ≤ at. ``reason_share``: the reason's part of all absence.
        ``growth``: mean of the second half of the days less that of the first. ``spell_mean``:
        school days per spell of absence. ``spell_between``: spells of ``at`` to ``to`` school
        days; with sessions a spell may last half a day. ``weekday_gap``: mean on Fridays less
        mean on Wednesdays. ``weekly``: pupils with such absence in at least ``at`` of the weeks.
    at : float
        Share of absence or of weeks, or days of a spell; 0 where the kind has none.
    to : float
        Longest spell, in school days.
    reason : {"all", "sick", "permitted", "authorised", "unlawful"}
        Absence that is counted.
    grades : tuple of int
        Grades that are counted.
    over : tuple of int
        If given, the figure is divided by the same figure of these grades.
    term : str
        Name of a term; empty for the year.

    Raises
    ------
    ValueError
        If a word is none of these.

    Examples
    --------
    >>> Figure(kind="share_above", at=0.10).label()
    'share of pupils above 10 % absence'
    """

    kind: str
    at: float = 0.0
    to: float = 0.0
    reason: str = "all"
    grades: tuple[int, ...] = _GRADES
    over: tuple[int, ...] = ()
    term: str = ""

    def __post_init__(self) -> None:
        """Check the words."""
        check.choice(self.kind, KINDS, "figure")
        check.choice(self.reason, tuple(REASON_CODES), "reason")

    def label(self) -> str:
        """Return the figure in words.

        Returns
        -------
        str
            A phrase without unit.
        """
        what = "" if self.reason == "all" else f"{self.reason} "
        words = {
            "mean": f"mean {what}absence",
            "share_above": f"share of pupils above {100 * self.at:g} % {what}absence",
            "share_from": f"share of pupils with {100 * self.at:g} % {what}absence or more",
            "share_up_to": f"share of pupils with at most {100 * self.at:g} % {what}absence",
            "reason_share": f"{what}absence as a share of all absence",
            "growth": f"mean {what}absence, second half less first half",
            "spell_mean": f"school days per spell of {what}absence",
            "spell_between": f"share of spells of {what}absence that last {self.at:g} to "
            f"{self.to:g} days",
            "weekday_gap": f"mean {what}absence, Fridays less Wednesdays",
            "weekly": f"share of pupils with {what}absence in {100 * self.at:g} % of weeks or more",
        }[self.kind]
        if self.grades != _GRADES:
            words += f", {_grades(self.grades)}"
        if self.over:
            words += f" ÷ {_grades(self.over)}"
        return words + (f", {self.term}" if self.term else "")


def _grades(grades: tuple[int, ...]) -> str:
    if grades == _GRADES:
        return "all grades"
    return f"grade {grades[0]}" if len(grades) == 1 else f"grades {grades[0]}–{grades[-1]}"


def measure(world: World, figures: tuple[Figure, ...], counted: str) -> npt.NDArray[np.float64]:
    """Return figures of a world's true absence.

    Parameters
    ----------
    world : World
        The world.
    figures : tuple of Figure
        What to measure.
    counted : {"minutes", "start_of_day", "sessions"}
        Share of lessons missed; whole days by the first lesson (Danish practice); or half-days by
        the first lesson of each half (English practice).

    Returns
    -------
    numpy.ndarray of float64, shape (len(figures),)
        Values: shares, or school days for ``spell_mean``. NaN where nothing is counted.
    """
    check.choice(counted, COUNTED, "counted")
    absent = _absent(world, counted)
    values = [_value(world, absent, figure, figure.grades) for figure in figures]
    for k, figure in enumerate(figures):
        if figure.over:
            values[k] /= _value(world, absent, figure, figure.over)
    return np.array(values)


def _absent(world: World, counted: str) -> npt.NDArray[np.float32]:
    """Return the share of each part of a day that counts as absent: (n_pupils, n_days, parts)."""
    missed, lessons = world.days.missed, world.pupils.lessons[:, None].astype(np.uint8)
    if counted == "minutes":
        return (np.bitwise_count(missed) / lessons).astype(np.float32)[..., None]
    morning = missed & 1
    if counted == "start_of_day":
        return morning.astype(np.float32)[..., None]
    afternoon = (missed >> (lessons + np.uint8(1)) // np.uint8(2)) & np.uint8(1)
    return np.stack([morning, afternoon], axis=2).astype(np.float32)


def _value(
    world: World, absent: npt.NDArray[np.float32], figure: Figure, grades: tuple[int, ...]
) -> float:
    rows = np.isin(world.pupils.grade, grades)
    term = np.asarray(world.year.terms)
    days = term == figure.term if figure.term else np.ones(len(term), dtype=bool)
    if not rows.any() or not days.any():
        return float("nan")
    every = bool(rows.all() and days.all())
    part = absent if every else absent[np.ix_(rows, days)]
    only = part
    if figure.reason != "all":
        code = world.days.reason if every else world.days.reason[np.ix_(rows, days)]
        counts = np.isin(np.arange(256), REASON_CODES[figure.reason])
        only = part * counts[code][..., None]
    if figure.kind == "reason_share":
        return float(only.sum(dtype=np.float64) / part.sum(dtype=np.float64))
    if figure.kind.startswith("spell"):
        return _spells(only > 0, figure)
    if figure.kind == "weekly":
        return _weekly(only, world.year.week[days], figure)
    if figure.kind.startswith("share"):
        return _share(only.mean(axis=(1, 2), dtype=np.float64), figure)
    return _daily(only.mean(axis=(0, 2), dtype=np.float64), weekday(world.year)[days], figure)


def _share(rate: npt.NDArray[np.float64], figure: Figure) -> float:
    # a share such as 20 of 200 days is exact on paper; 1e-9 keeps it so in floating point
    compare = {
        "share_above": rate > figure.at + 1e-9,
        "share_from": rate >= figure.at - 1e-9,
        "share_up_to": rate <= figure.at + 1e-9,
    }[figure.kind]
    return float(compare.mean())


def _daily(daily: npt.NDArray[np.float64], dow: npt.NDArray[np.int64], figure: Figure) -> float:
    half = len(daily) // 2
    value = {
        "mean": daily.mean(),
        "growth": daily[half:].mean() - daily[:half].mean(),
        "weekday_gap": daily[dow == 4].mean() - daily[dow == 2].mean(),
    }[figure.kind]
    return float(value)


def _weekly(only: npt.NDArray[np.float32], week: npt.NDArray[np.int64], figure: Figure) -> float:
    first = np.searchsorted(week, np.unique(week))
    any_day = np.logical_or.reduceat((only > 0).any(axis=2), first, axis=1)
    return float((any_day.mean(axis=1) >= figure.at - 1e-9).mean())


def _spells(absent: npt.NDArray[np.bool_], figure: Figure) -> float:
    """Return the mean length of runs of absence, or the share of a certain length."""
    parts = absent.shape[2]
    padded = np.pad(absent.reshape(len(absent), -1), ((0, 0), (1, 1)))
    first = np.flatnonzero(padded[:, 1:] & ~padded[:, :-1])
    after = np.flatnonzero(~padded[:, 1:] & padded[:, :-1])
    days = (after - first) / parts
    if not days.size:
        return float("nan")
    if figure.kind == "spell_mean":
        return float(days.mean())
    return float(((days >= figure.at) & (days <= figure.to)).mean())
