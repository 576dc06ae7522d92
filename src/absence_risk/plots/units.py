"""How the numbers of an outcome are written: absence in per cent, a questionnaire in points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from absence_risk.plots.style import per_cent, per_cent_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from absence_risk.result import Estimate, Result, Table

__all__ = ["Unit", "unit_in", "unit_of"]

_LONGEST = 30
_SHARES = ("share", "per cent", "percentage point", "fraction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The unit of an outcome.

    Parameters
    ----------
    per_cent : bool
        Whether values are fractions that are written in per cent.
    name : str
        What values are called that are no fractions, for example "scale points" or "days".
    """

    per_cent: bool
    name: str = "scale points"

    @property
    def levels(self) -> str:
        """What stands beside an axis of levels."""
        return "share of school time" if self.per_cent else self.name

    @property
    def changes(self) -> str:
        """What stands beside an axis of changes."""
        return "percentage points" if self.per_cent else self.name

    def level(self, value: float) -> str:
        """Return a level in words.

        Parameters
        ----------
        value : float
            The level.

        Returns
        -------
        str
            For example ``"24.1 %"`` or ``"3.42"``.

        Examples
        --------
        >>> Unit(per_cent=False).level(3.416)
        '3.42'
        """
        return per_cent(value, 1) if self.per_cent else f"{value:.2f}"

    def change(self, value: float) -> str:
        """Return a change with its sign.

        Parameters
        ----------
        value : float
            The change.

        Returns
        -------
        str
            For example ``"−1.2"``, percentage points or scale points.

        Examples
        --------
        >>> Unit(per_cent=True).change(0.0123)
        '+1.2'
        """
        text = f"{100 * value:+.1f}" if self.per_cent else f"{value:+.2f}"
        return ("0" + text[2:] if float(text) == 0 else text).replace("-", "−")

    def interval(self, row: Estimate) -> str:
        """Return a change with its limits, or without them where there are none.

        Parameters
        ----------
        row : Estimate
            The row.

        Returns
        -------
        str
            For example ``"−1.2 (−2.4 to +0.1)"``.
        """
        if row.estimate is None:
            return "not known"
        if row.conf_low is None or row.conf_high is None:
            return self.change(row.estimate)
        limits = f"{self.change(row.conf_low)} to {self.change(row.conf_high)}"
        return f"{self.change(row.estimate)} ({limits})"

    def axis(self, ax: Axes, which: Literal["x", "y"], *, change: bool = False) -> None:
        """Label an axis in the unit.

        Parameters
        ----------
        ax : Axes
            The axes.
        which : {"x", "y"}
            Which axis.
        change : bool
            Whether it holds changes rather than levels.
        """
        if self.per_cent:
            per_cent_axis(ax, which, sign="" if change else " %")


def unit_of(words: str) -> Unit:
    """Return the unit that an estimand, an outcome or a title names.

    Parameters
    ----------
    words : str
        For example ``"share of school time"``, ``"points of per cent"`` or ``"scale points"``; of
        a title the words after the last comma.

    Returns
    -------
    Unit
        The unit.

    Examples
    --------
    >>> [unit_of(words).per_cent for words in ("Change, scale points", "points of per cent")]
    [False, True]
    >>> unit_of("Change of absence, days").changes
    'days'
    """
    if any(word in words.lower() for word in _SHARES):
        return Unit(per_cent=True)
    last = words.rsplit(", ", 1)[-1].strip()
    known = last and len(last) <= _LONGEST and (", " in words or words == last)
    return Unit(per_cent=False, name=last if known else "unit of the outcome")


def unit_in(source: Result | Table, table: Table) -> Unit:
    """Return the unit of a table, from its result where there is one.

    Parameters
    ----------
    source : Result or Table
        What is drawn.
    table : Table
        The table that is drawn.

    Returns
    -------
    Unit
        The unit.
    """
    estimand = getattr(source, "estimand", None)
    return unit_of(table.title if estimand is None else estimand.unit)
