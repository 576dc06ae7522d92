"""What an alarm should achieve, and within which limits: "net_benefit(0.1)", "capacity(8)"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.stats.alarm_frontier import alarm_frontier
from absence_risk.stats.threshold_metrics import threshold_metrics
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from absence_risk.stats.alarm_frontier import Frontier
    from absence_risk.stats.threshold_metrics import Places, ThresholdMetrics

    Floats = npt.NDArray[np.float64]

__all__ = ["CONSTRAINTS", "OBJECTIVES", "Goal", "Limit", "parse_goal"]

OBJECTIVES = {
    "net_benefit": 1,
    "limited_net_benefit": 2,
    "cost": 2,
    "youden": 0,
    "lead_time": 0,
}
"""Objectives and how many numbers each takes."""

CONSTRAINTS = ("capacity", "min_sens", "min_ppv", "lead_time")

_FORM = re.compile(r"\s*([a-z_]+)\s*(?:\(([^()]*)\))?\s*")
_NUMBERS = {
    "net_benefit": "net_benefit(w), with w the harm of a false alarm in units of a true one",
    "limited_net_benefit": "limited_net_benefit(w, k), with k pupils who can be helped a month",
    "cost": "cost(miss, false_alarm)",
    "youden": "youden",
    "lead_time": "lead_time",
    "capacity": "capacity(k), with k pupils first alarmed a month",
    "min_sens": "min_sens(share)",
    "min_ppv": "min_ppv(share)",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One constraint.

    Parameters
    ----------
    kind : {"capacity", "min_sens", "min_ppv", "lead_time"}
        What is limited.
    value : float
        Pupils first alarmed a month at most, as a mean over the months; least sensitivity, least
        PPV, least mean lead time.
    """

    kind: str
    value: float

    def quantity(self, found: Frontier, pupils: float) -> Floats:
        """Return what is limited, so that more is better.

        Parameters
        ----------
        found : Frontier
            Figures of candidates.
        pupils : float
            Pupils a month.

        Returns
        -------
        numpy.ndarray
            Minus pupils first alarmed a month, sensitivity, PPV or lead time.
        """
        if self.kind == "capacity":
            return -found.first_alarms * (pupils / 1000)
        name = {"min_sens": "sensitivity", "min_ppv": "ppv", "lead_time": "lead"}[self.kind]
        return np.asarray(getattr(found, name))

    def met(self, found: Frontier, pupils: float) -> npt.NDArray[np.bool_]:
        """Return which candidates keep the limit.

        Parameters
        ----------
        found : Frontier
            Figures of candidates.
        pupils : float
            Pupils a month.

        Returns
        -------
        numpy.ndarray of bool
            False also where the quantity does not exist.
        """
        bound = -self.value if self.kind == "capacity" else self.value
        slack = 1e-6 * max(1.0, abs(bound))
        return np.asarray(self.quantity(found, pupils) >= bound - slack)

    def words(self) -> str:
        """Return the limit as it was written.

        Returns
        -------
        str
            For example "capacity(8)".
        """
        return f"{self.kind}({self.value:g})"


@dataclass(frozen=True, slots=True)
class Goal:
    """An objective with its constraints.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`.
    numbers : tuple of float
        Its numbers.
    limits : tuple of Limit
        Constraints.
    """

    objective: str
    numbers: tuple[float, ...] = ()
    limits: tuple[Limit, ...] = ()

    @property
    def exchange(self) -> float:
        """Harm of a false alarm in units of the benefit of a true one, as the objective has it."""
        if self.objective in {"net_benefit", "limited_net_benefit"}:
            return self.numbers[0]
        return self.numbers[1] / self.numbers[0] if self.objective == "cost" else 0.0

    @property
    def capacity(self) -> float | None:
        """Pupils who can be helped a month, as the objective or else a limit has it."""
        if self.objective == "limited_net_benefit":
            return self.numbers[1]
        kept = [limit.value for limit in self.limits if limit.kind == "capacity"]
        return min(kept) if kept else None

    def metrics(
        self, cells: npt.ArrayLike, months: float | Floats, order: Places = "rank"
    ) -> ThresholdMetrics:
        """Return all figures with the weights of this goal.

        Parameters
        ----------
        cells : array-like, shape (..., 2, K + 1)
            Counts of pupils without and with the event.
        months : float or numpy.ndarray
            Months behind them; for a part of the pupils that part of the months, since they have
            that part of the places.
        order : {"rank", "first come"}
            Who gets the places where a capacity is given and they are short.

        Returns
        -------
        ThresholdMetrics
            Figures.
        """
        counts = np.asarray(cells, dtype=np.float64)
        miss, false = self.numbers if self.objective == "cost" else (1.0, self.exchange)
        places = None if self.capacity is None else self.capacity * months
        return threshold_metrics(
            counts,
            exchange=self.exchange,
            miss_cost=miss,
            false_cost=false,
            places=places,
            order=order,
            months=months,
        )

    def value(self, cells: npt.ArrayLike, months: float | Floats) -> Floats:
        """Return the objective, so that more is better.

        Parameters
        ----------
        cells : array-like, shape (..., 4, K + 1)
            Counts as of `Tallies`.
        months : float or numpy.ndarray
            Months behind them, see :meth:`metrics`.

        Returns
        -------
        numpy.ndarray, shape (..., K)
            Net benefit per pupil, minus cost per pupil, Youden's index or mean lead time.
        """
        counts = np.asarray(cells)
        if self.objective == "lead_time":
            return np.asarray(alarm_frontier(counts).lead, dtype=np.float64)
        found = self.metrics(counts[..., :2, :], months)
        if self.objective == "cost":
            return -found.cost
        names = {"net_benefit": "net_benefit", "limited_net_benefit": "limited"}
        return np.asarray(getattr(found, names.get(self.objective, "youden")))

    def words(self) -> str:
        """Return the goal as it was written.

        Returns
        -------
        str
            For example "net_benefit(0.1) within capacity(8)".
        """
        head = self.objective
        if self.numbers:
            head += f"({', '.join(f'{number:g}' for number in self.numbers)})"
        limits = " and ".join(limit.words() for limit in self.limits)
        return f"{head} within {limits}" if limits else head

    def assumption(self, prevalence: float) -> str:
        """Return what the objective takes for granted about false alarms.

        Parameters
        ----------
        prevalence : float
            Share of pupils with the event.

        Returns
        -------
        str
            A sentence or two; empty where nothing is weighed.
        """
        if self.objective == "lead_time":
            return ""
        weight = self.exchange
        if self.objective == "youden":
            weight = prevalence / (1 - prevalence)
        said = (
            f"Assumption: one pupil found in time is worth {1 / weight:.3g} false alarms"
            + (" (Youden's index implies it)" if self.objective == "youden" else "")
            + f", so help is taken to be worth its trouble from a risk of "
            f"{per_cent(weight / (1 + weight), 1)}. Those who act must judge that weight; no "
            "figure here estimates it."
        )
        if self.objective == "limited_net_benefit":
            said += " Where places are short, they go to the pupils with the highest share."
        return said


def parse_goal(objective: str, constraint: str | Sequence[str] = ()) -> Goal:
    """Read an objective and its constraints.

    Parameters
    ----------
    objective : str
        "net_benefit(w)", "limited_net_benefit(w, k)", "cost(miss, false_alarm)", "youden" or
        "lead_time".
    constraint : str or sequence of str
        Any of "capacity(k)", "min_sens(share)", "min_ppv(share)", "lead_time(m)".

    Returns
    -------
    Goal
        The goal.

    Raises
    ------
    ValueError
        If a word is not known, a number is missing or out of range, or "lead_time" is to be
        maximised without any limit.

    Examples
    --------
    >>> parse_goal("net_benefit(0.1)", "capacity(8)").words()
    'net_benefit(0.1) within capacity(8)'
    """
    name, numbers = _parts(objective, OBJECTIVES, "objective")
    if len(numbers) != OBJECTIVES[name]:
        raise ValueError(f"objective must be written as {_NUMBERS[name]}, got {objective!r}.")
    if any(not number > 0 for number in numbers):
        raise ValueError(f"objective {objective!r} must have numbers above 0.")
    written = (constraint,) if isinstance(constraint, str) else tuple(constraint)
    limits = []
    for text in written:
        kind, values = _parts(text, CONSTRAINTS, "constraint")
        if len(values) != 1:
            form = "lead_time(m)" if kind == "lead_time" else _NUMBERS[kind]
            raise ValueError(f"constraint must be written as {form}, got {text!r}.")
        if kind.startswith("min_"):
            check.proportion(values[0], kind)
        elif not values[0] > 0:
            raise ValueError(f"constraint {text!r} must have a number above 0.")
        limits.append(Limit(kind, values[0]))
    if name == "lead_time" and not any(limit.kind != "lead_time" for limit in limits):
        raise ValueError(
            "The longest lead time is had by alarming everybody: give a constraint as well, such "
            "as capacity(k) or min_ppv(share)."
        )
    return Goal(name, numbers, tuple(limits))


def _parts(
    text: str, known: Sequence[str] | dict[str, int], name: str
) -> tuple[str, tuple[float, ...]]:
    found = _FORM.fullmatch(text)
    word = check.choice(found[1] if found else text, tuple(known), name)
    inside = found[2] if found else None
    parts = [part.strip() for part in inside.split(",")] if inside else []
    try:
        return word, tuple(float(part.partition("=")[2] or part) for part in parts)
    except ValueError:
        raise ValueError(f"{name} {text!r} holds something that is no number.") from None
