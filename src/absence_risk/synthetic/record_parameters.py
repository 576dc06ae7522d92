"""Parameters of what is recorded: subjects of the timetable, and records that come or change late.

Units as in `absence_risk.synthetic.parameters`.
"""

from __future__ import annotations

from dataclasses import dataclass

from absence_risk.synthetic.declared import SHARE, number, word

__all__ = ["N_SUBJECTS", "Corrections", "Subjects"]

N_SUBJECTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The weekly timetable of a class (school × grade), and what level 3 avoids in it.

    Lists hold one number for each of Swedish, mathematics, English, science, social studies,
    physical education, music, art, crafts, home economics, modern languages and technology.

    Parameters
    ----------
    avoided : {"lessons", "subjects"}
        Whether a pupil on level 3 avoids single lessons of the week or whole subjects, each with
        probability ``avoidance.avoided_share``, so that the mean share of lessons avoided is the
        same.
    weekly_1_3, weekly_4_6, weekly_7_9 : tuple of 12 float
        Weight of each subject in the lessons of a week, by grade; not all 0.
    """

    avoided: str = word("lessons", "subjects")
    weekly_1_3: tuple[float, ...] = number((0, 40), N_SUBJECTS)
    weekly_4_6: tuple[float, ...] = number((0, 40), N_SUBJECTS)
    weekly_7_9: tuple[float, ...] = number((0, 40), N_SUBJECTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What is recorded late, or first otherwise and later corrected.

    Only records are moved: what happens, staircase and team included, goes by the final state.
    Draws of a pupil's days are independent. Granted leave is known beforehand, never corrected.

    Parameters
    ----------
    unexplained : float
        Share of days of absence that are recorded as unexplained (60, validity pending) until a
        guardian explains them or the school settles that they are unauthorised.
    invalid_first : float
        Share of the other days of valid absence that are recorded as unauthorised (70) until they
        are explained.
    mean_days : float
        Mean number of calendar days until a correction, geometric, at least 1.
    certificate : float
        Share of the corrected days of illness that rest on a certificate, the others on a
        guardian's word.
    late_share : float
        Share of lessons that the teacher of a class reports on a later day; what a guardian or
        the school office reported itself is there in time.
    late_mean_days : float
        Mean number of calendar days by which such a report is late, geometric, at least 1, cut at
        250.
    """

    unexplained: float = number(SHARE)
    invalid_first: float = number(SHARE)
    mean_days: float = number((1, 120))
    certificate: float = number(SHARE)
    late_share: float = number(SHARE)
    late_mean_days: float = number((1, 60))

    @property
    def moves(self) -> bool:
        """Whether anything is recorded late or corrected."""
        return max(self.unexplained, self.invalid_first, self.late_share) > 0
