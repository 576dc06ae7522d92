"""How the cases were chosen, and whether the baseline lies in the window that chose them."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.evaluation.outcomes import Outcome

__all__ = ["Selected", "Window", "overlap", "precedes"]

Window = str | tuple[str, str] | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Selected:
    """The rule by which pupils became cases.

    Parameters
    ----------
    outcome : str
        Name of the outcome whose level chose them.
    at_least, at_most : float or None
        The cut, on the scale of the outcome; exactly one of the two.
    measure : str or None
        Column with the level in the window of selection; None if it is the baseline itself.
    window : str, (str, str), (int, int) or None
        Window of selection: "2024-09/2024-11", first and last day, or months from referral as
        (-1, -1). Any other text is kept as a description.
    compare_from : float or None
        Untreated pupils are compared from this level; by default half way from the cut to the
        healthy end of the scale (half the cut for absence).

    Raises
    ------
    ValueError
        If not exactly one cut is given.

    Examples
    --------
    >>> Selected("absence", at_least=0.20, window="2024-09/2024-11").cut
    0.2
    """

    outcome: str
    _: KW_ONLY
    at_least: float | None = None
    at_most: float | None = None
    measure: str | None = None
    window: Window | None = None
    compare_from: float | None = None

    def __post_init__(self) -> None:
        """Check that there is one cut."""
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(
                "Give either at_least or at_most: the level at which pupils were chosen."
            )

    @property
    def cut(self) -> float:
        """The cut on the scale of the outcome."""
        return float(self.at_least if self.at_least is not None else self.at_most or 0.0)

    def describe(self) -> str:
        """Return the rule in words.

        Returns
        -------
        str
            One phrase, without a full stop.
        """
        bound = "at least" if self.at_least is not None else "at most"
        window = self.window if isinstance(self.window, str) else _ends(self.window)
        where = f" in {window}" if window else ""
        return f"{self.outcome} {bound} {self.cut:g}{where}"

    def meets(self, level: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which levels meet the rule.

        Parameters
        ----------
        level : numpy.ndarray of float, shape (n,)
            Level in the window of selection.

        Returns
        -------
        numpy.ndarray of bool, shape (n,)
            True where the level reaches the cut (up to rounding).
        """
        if self.at_least is not None:
            return np.asarray(level >= self.cut - 1e-9)
        return np.asarray(level <= self.cut + 1e-9)

    def compared(
        self, cases: npt.NDArray[np.float64], registry: npt.NDArray[np.float64], outcome: Outcome
    ) -> npt.NDArray[np.bool_]:
        """Return which untreated pupils the cases are compared with.

        Parameters
        ----------
        cases, registry : numpy.ndarray of float, shape (n,)
            Levels in the window of selection.
        outcome : Rate or Likert
            The outcome, for the healthy end of its scale.

        Returns
        -------
        numpy.ndarray of bool, shape (n_registry,)
            Those from ``compare_from`` on, or from the mildest case on where that lies further
            out.
        """
        known = cases[~np.isnan(cases)]
        if self.at_least is not None:
            start = self.compare_from
            start = (outcome.low + self.cut) / 2 if start is None else start
            return np.asarray(registry >= min(start, *known.tolist()) - 1e-9)
        start = self.compare_from
        start = (outcome.high + self.cut) / 2 if start is None else start
        return np.asarray(registry <= max(start, *known.tolist()) + 1e-9)


def _ends(window: Window | None) -> str:
    return "" if window is None else f"{window[0]} to {window[1]}"


def _span(window: Window | None) -> tuple[int, int] | None:
    """Return first and last day (or month from referral) as numbers; None if not readable."""
    if window is None:
        return None
    ends = tuple(window.split("/")) if isinstance(window, str) else window
    if len(ends) == 1:
        ends = (ends[0], ends[0])
    if len(ends) != 2:
        return None
    if isinstance(ends[0], int) and isinstance(ends[1], int):
        return ends[0], ends[1]
    try:
        return _day(str(ends[0]).strip()), _day(str(ends[1]).strip(), last=True)
    except ValueError:
        return None


def _day(text: str, *, last: bool = False) -> int:
    """Return a date as a number; the first or last day of a month given as 2024-09."""
    if len(text) == 7:
        month = np.array([text], dtype="datetime64[M]") + int(last)
        return int(month.astype("datetime64[D]").astype(np.int64)[0]) - int(last)
    return int(np.array([text], dtype="datetime64[D]").astype(np.int64)[0])


def overlap(one: Window | None, other: Window | None) -> bool | None:
    """Return whether two windows share a day.

    Parameters
    ----------
    one, other : str, (str, str), (int, int) or None
        Windows, as in `Selected`.

    Returns
    -------
    bool or None
        None where a window is not given or cannot be read.

    Examples
    --------
    >>> overlap("2024-09/2024-11", ("2024-11-30", "2025-01-31")), overlap((-6, -4), (-1, -1))
    (True, False)
    """
    a, b = _span(one), _span(other)
    if a is None or b is None:
        return None
    return a[0] <= b[1] and b[0] <= a[1]


def precedes(one: Window | None, other: Window | None) -> bool | None:
    """Return whether a window begins before another one.

    Parameters
    ----------
    one, other : str, (str, str), (int, int) or None
        Windows, as in `Selected`.

    Returns
    -------
    bool or None
        None where a window is not given or cannot be read.

    Examples
    --------
    >>> precedes("2025-01/2025-03", "2024-09/2024-11")
    False
    """
    a, b = _span(one), _span(other)
    return None if a is None or b is None else a[0] < b[0]
