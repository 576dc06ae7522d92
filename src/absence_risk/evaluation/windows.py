"""The windows of a before/after comparison, in school days."""

from __future__ import annotations

from dataclasses import dataclass

from absence_risk import check

__all__ = ["Windows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows in which absence is compared; all lengths in school days.

    The alarm month is the last calendar month that had ended (its last school day included) when
    the pupil was detected. It selects the pupil and is never the baseline.

    Parameters
    ----------
    baseline_days : int
        Length of the baseline, which ends before the alarm month begins.
    baseline_least : int
        Least number of the pupil's own school days in it.
    follow_after : int
        School days between the start of the team's work and the follow-up.
    follow_days : int
        Length of the follow-up.
    follow_least : int
        Least number of the pupil's own school days in it.
    cut : float
        Share of absence in the alarm month at which pupils are referred, in (0, 1].
    compare_from : float
        Cases and untreated pupils are compared from this share of the cut upwards, in [0, 1].

    Raises
    ------
    ValueError
        If a length is below 1, a least number exceeds its window, or a share is out of range.

    Examples
    --------
    >>> Windows().describe()[:47]
    'before: the 40 school days that end before the '
    """

    baseline_days: int = 40
    baseline_least: int = 15
    follow_after: int = 40
    follow_days: int = 40
    follow_least: int = 20
    cut: float = 0.20
    compare_from: float = 0.5

    def __post_init__(self) -> None:
        """Check every field."""
        for name in ("baseline_days", "baseline_least", "follow_days", "follow_least"):
            check.positive_int(getattr(self, name), name)
        if self.follow_after < 0:
            raise ValueError(f"follow_after must be 0 or more, got {self.follow_after}.")
        for window in ("baseline", "follow"):
            if getattr(self, f"{window}_least") > getattr(self, f"{window}_days"):
                raise ValueError(f"{window}_least must not exceed {window}_days.")
        check.proportion(self.compare_from, "compare_from")
        if check.proportion(self.cut, "cut") == 0:
            raise ValueError("cut must be above 0, for example 0.2.")

    @property
    def floor(self) -> float:
        """Least absence share in the alarm month of cases and untreated pupils."""
        return self.cut * self.compare_from

    def describe(self) -> str:
        """Return the windows in words, as they stand beside every figure.

        Returns
        -------
        str
            One line without a full stop.
        """
        return (
            f"before: the {self.baseline_days} school days that end before the alarm month (at "
            f"least {self.baseline_least}); after: school days {self.follow_after + 1} to "
            f"{self.follow_after + self.follow_days} from the start (at least "
            f"{self.follow_least}); the month that raised the alarm belongs to neither"
        )
