"""What is measured before and after: rates of absence and scores of a questionnaire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.evaluation.outcome_values import (
    Better,
    Population,
    Wave,
    columns_of,
    in_words,
    inside,
    numbers,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["Better", "Likert", "Outcome", "Population", "Rate", "Wave", "in_words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Absence as a share of school time, from shares or from days and school days.

    Parameters
    ----------
    pre, post : str or (str, str)
        Column of shares in [0, 1], or columns of days absent and school days.
    better : {"lower", "higher"}
        Direction of an improvement; "higher" for attendance.
    gap : str, (str, str) or None
        The same for a window that ends at least three months before referral.
    least_days : int
        A window with fewer school days counts as missing; for pairs of columns.
    margin : float
        Change beyond the benchmark that is too small to matter, in [0, 1].
    reliability : float or None
        Correlation of two windows in the population, in (0, 1).
    population : Population or None
        Mean and spread of all pupils.
    dates : (str, str) or None
        Columns with the date of each wave; a follow-up before its baseline is not used.
    pre_window, post_window : str, (str, str), (int, int) or None
        First and last day, as in `Selected`.
    definition : str
        What counts as absence, and the windows, in words.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> absence = Rate(pre=("days", "n"), post="after")
    >>> absence.values(pd.DataFrame({"days": [3, 1], "n": [20, 0]}), "pre").tolist()
    [0.15, nan]
    """

    pre: str | tuple[str, str]
    post: str | tuple[str, str]
    better: Better = "lower"
    gap: str | tuple[str, str] | None = None
    least_days: int = 1
    margin: float = 0.01
    reliability: float | None = None
    population: Population | None = None
    dates: tuple[str, str] | None = None
    pre_window: str | tuple[str, str] | tuple[int, int] | None = None
    post_window: str | tuple[str, str] | tuple[int, int] | None = None
    definition: str = "absence as a share of school time"

    def __post_init__(self) -> None:
        """Check the arguments."""
        check.choice(self.better, ["lower", "higher"], "better")
        check.proportion(self.margin, "margin")
        check.positive_int(self.least_days, "least_days")
        if self.reliability is not None:
            check.probability(self.reliability, "reliability")

    @property
    def low(self) -> float:
        """Lowest possible value."""
        return 0.0

    @property
    def high(self) -> float:
        """Highest possible value."""
        return 1.0

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return "share of school time"

    def columns(self) -> tuple[str, ...]:
        """Return the columns that are read.

        Returns
        -------
        tuple of str
            Names, in the order of the waves.
        """
        return columns_of(self)

    def counts(
        self, frame: pd.DataFrame, wave: Wave
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
        """Return days absent and school days of a wave.

        Parameters
        ----------
        frame : pandas.DataFrame
            Rows with the outcome's columns.
        wave : {"pre", "post", "gap"}
            Which wave.

        Returns
        -------
        tuple of two numpy.ndarray of float, shape (n,), or None
            None where the wave is given as shares.
        """
        source = getattr(self, wave)
        if not isinstance(source, tuple):
            return None
        return numbers(frame, source[0]), numbers(frame, source[1])

    def values(self, frame: pd.DataFrame, wave: Wave) -> npt.NDArray[np.float64]:
        """Return the share of each row in a wave.

        Parameters
        ----------
        frame : pandas.DataFrame
            Rows with the outcome's columns.
        wave : {"pre", "post", "gap"}
            Which wave.

        Returns
        -------
        numpy.ndarray of float, shape (n,)
            Shares; NaN where missing or with fewer than ``least_days`` school days.

        Raises
        ------
        ValueError
            If a share lies outside 0 to 1.
        """
        counted = self.counts(frame, wave)
        if counted is None:
            share, name = numbers(frame, getattr(self, wave)), getattr(self, wave)
        else:
            days, school = counted
            enough = school >= self.least_days
            share = np.where(enough, days / np.where(enough, school, 1.0), np.nan)
            name = " / ".join(getattr(self, wave))
        inside(share, self.low, self.high, name, "Shares are fractions, 0.2 for 20 %.")
        return share


@dataclass(frozen=True, slots=True, kw_only=True)
class Likert:
    """Scores of a questionnaire, or its items, whose mean is the score.

    Parameters
    ----------
    pre, post : str or tuple of str
        Column of scores, or columns of items.
    low, high : float
        Lowest and highest possible score.
    better : {"higher", "lower"}
        Direction of an improvement.
    reliability : float or None
        Reliability of the score in the population, in (0, 1).
    missing_items : float
        Least share of items answered for a score, in [0, 1]; the score is the mean of those.
    gap : str, tuple of str or None
        The same for a wave at least three months before referral.
    margin : float
        Change beyond the benchmark that is too small to matter, in scale points.
    population : Population or None
        Mean and spread of all pupils, from norms or a survey of all.
    instrument, language : str
        Name of the questionnaire and its language (en, da, sv, fi, ...), for warnings.
    dates : (str, str) or None
        Columns with the date of each wave; a follow-up before its baseline is not used.
    pre_window, post_window : str, (str, str), (int, int) or None
        First and last day, as in `Selected`.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> scale = Likert(pre=("a0", "b0"), post=("a1", "b1"), low=1, high=5)
    >>> scale.values(pd.DataFrame({"a0": [2, 4], "b0": [3, None]}), "pre").tolist()
    [2.5, 4.0]
    """

    pre: str | tuple[str, ...]
    post: str | tuple[str, ...]
    low: float
    high: float
    better: Better = "higher"
    reliability: float | None = None
    missing_items: float = 0.5
    gap: str | tuple[str, ...] | None = None
    margin: float = 0.0
    population: Population | None = None
    instrument: str = ""
    language: str = ""
    dates: tuple[str, str] | None = None
    pre_window: str | tuple[str, str] | tuple[int, int] | None = None
    post_window: str | tuple[str, str] | tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Check the arguments; lists of items become tuples."""
        for wave in ("pre", "post", "gap"):
            if isinstance(getattr(self, wave), list):
                object.__setattr__(self, wave, tuple(getattr(self, wave)))
        check.choice(self.better, ["lower", "higher"], "better")
        check.proportion(self.missing_items, "missing_items")
        if self.reliability is not None:
            check.probability(self.reliability, "reliability")
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low:g} and {self.high:g}.")
        if self.margin < 0:
            raise ValueError(f"margin must be 0 or more scale points, got {self.margin:g}.")

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return "scale points"

    @property
    def definition(self) -> str:
        """The scale in words."""
        name = f"{self.instrument} " if self.instrument else ""
        return f"{name}score from {self.low:g} to {self.high:g}, {self.better} is better"

    def columns(self) -> tuple[str, ...]:
        """Return the columns that are read.

        Returns
        -------
        tuple of str
            Names, in the order of the waves.
        """
        return columns_of(self)

    def counts(self, frame: pd.DataFrame, wave: Wave) -> None:
        """Return None: a score has no counts.

        Parameters
        ----------
        frame : pandas.DataFrame
            Not read.
        wave : {"pre", "post", "gap"}
            Not read.

        Returns
        -------
        None
            Always.
        """

    def values(self, frame: pd.DataFrame, wave: Wave) -> npt.NDArray[np.float64]:
        """Return the score of each row in a wave.

        Parameters
        ----------
        frame : pandas.DataFrame
            Rows with the outcome's columns.
        wave : {"pre", "post", "gap"}
            Which wave.

        Returns
        -------
        numpy.ndarray of float, shape (n,)
            Scores; NaN where missing or too few items were answered.

        Raises
        ------
        ValueError
            If an answer lies outside the scale.
        """
        source = getattr(self, wave)
        names = (source,) if isinstance(source, str) else source
        items = np.column_stack([numbers(frame, name) for name in names])
        for name, column in zip(names, items.T, strict=True):
            inside(column, self.low, self.high, name, "Correct the records or low and high.")
        told = ~np.isnan(items)
        answered = told.sum(axis=1)
        enough = (answered > 0) & (answered >= self.missing_items * len(names) - 1e-9)
        total = np.where(told, items, 0.0).sum(axis=1)
        return np.where(enough, total / np.maximum(answered, 1), np.nan)


Outcome = Rate | Likert
