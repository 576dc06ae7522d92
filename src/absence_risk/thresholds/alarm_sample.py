"""Pupils, their shares of absence under every rule for an alarm, and what came later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.stats.alarm_frontier import Tallies

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from absence_risk.result import FlowStep

    Floats = npt.NDArray[np.float64]

__all__ = [
    "AlarmSample",
    "LaterAbsence",
    "Rule",
    "cluster_codes",
    "labelled",
]

_NO_CONTRAST = (
    "{what} of the {n} pupils have the event ({event}), so no alarm can be judged by it. Choose "
    "another event or a longer time after the alarms."
)
_ONE_CLUSTER = (
    "cluster {name!r} has {n} distinct value, and drawing clusters needs at least 2. Draw pupils "
    "(cluster=None) or pass a finer grouping, such as the class."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterAbsence:
    """An event: absence of at least a share from some time on.

    Parameters
    ----------
    since : str or int
        Where the later time begins: with a cube a term ("VT") or a date ("2026-01-08"), with a
        panel the label of a period. Alarms are raised before it only.
    at : float
        Share of absence over the later time that counts as the event, in (0, 1].
    numerator : {"total", "valid", "invalid"}
        Which absence counts.

    Raises
    ------
    ValueError
        If ``at`` is no share or the numerator is not known.

    Examples
    --------
    >>> LaterAbsence(since="VT", at=0.2).words()
    'absence of at least 20 % from VT on'
    """

    since: str | int
    at: float = 0.20
    numerator: str = "total"

    def __post_init__(self) -> None:
        """Check the share and the numerator."""
        check.proportion(self.at, "at")
        check.choice(self.numerator, ("total", "valid", "invalid"), "numerator")

    def words(self) -> str:
        """Return the event in words.

        Returns
        -------
        str
            For reports.
        """
        kind = "" if self.numerator == "total" else f"{self.numerator} "
        return f"{kind}absence of at least {100 * self.at:g} % from {self.since} on"


@dataclass(frozen=True, eq=False, kw_only=True)
class Rule:
    """One way to form the share that raises an alarm, with the shares of all pupils.

    Parameters
    ----------
    window, numerator : str
        Over which stretch, and which absence.
    consecutive : int
        How many windows in a row must reach the threshold.
    share : numpy.ndarray, shape (n, T)
        Shares per pupil and window that ends before the event; NaN where there is none.
    months : numpy.ndarray, shape (n, M)
        Highest share of the windows that end in each calendar month, −1 where none ends, NaN where
        the pupil had no school.
    lead : numpy.ndarray, shape (n, T) or (T,)
        Time from the end of the window to the event.
    label : str or None
        Name of the rule where it is no share of absence.
    """

    window: str
    numerator: str
    consecutive: int
    share: Floats
    months: Floats
    lead: Floats
    label: str | None = None

    def words(self) -> str:
        """Return the rule in words.

        Returns
        -------
        str
            For example "total absence, rolling 12 weeks".
        """
        if self.label is not None:
            return self.label
        row = f", {self.consecutive} in a row" if self.consecutive > 1 else ""
        return f"{self.numerator} absence, {self.window}{row}"


@dataclass(frozen=True, eq=False, kw_only=True)
class AlarmSample:
    """Everything that alarms are judged by.

    Parameters
    ----------
    event : numpy.ndarray of bool, shape (n,)
        Whether the event came.
    rules : tuple of Rule
        Rules to choose from.
    about : pandas.DataFrame
        One row per pupil: school, grade and other columns to group or cluster by.
    n_months : int
        Calendar months in which alarms are raised.
    time_unit : str
        Unit of lead times; empty where alarms have no time.
    event_words, definition : str
        Event and absence definition in words.
    flow : tuple of FlowStep
        Pupils at each step.
    measure : str
        What a threshold is a value of.
    """

    event: npt.NDArray[np.bool_]
    rules: tuple[Rule, ...]
    about: pd.DataFrame
    n_months: int
    time_unit: str
    event_words: str
    definition: str
    flow: tuple[FlowStep, ...]
    measure: str = "share of absence"

    def __post_init__(self) -> None:
        """Refuse a sample in which nobody or everybody has the event."""
        n, events = len(self.event), int(self.event.sum())
        if events in {0, n}:
            what = "None" if events == 0 else "All"
            raise DesignError(_NO_CONTRAST.format(what=what, n=n, event=self.event_words))

    @property
    def n(self) -> int:
        """Number of pupils."""
        return len(self.event)

    @property
    def pupils_a_month(self) -> float:
        """Mean number of pupils at school in a month of alarms."""
        return float((~np.isnan(self.rules[0].months)).sum() / self.n_months)

    def tallies(
        self,
        rule: Rule,
        thresholds: Floats,
        unit: npt.NDArray[np.int64] | None,
        rows: npt.NDArray[np.intp] | slice = slice(None),
    ) -> Tallies:
        """Count the pupils of a rule.

        Parameters
        ----------
        rule : Rule
            The rule.
        thresholds : numpy.ndarray
            Ascending thresholds.
        unit : numpy.ndarray of int or None
            Unit of resampling of the pupils counted.
        rows : numpy.ndarray of int or slice
            Pupils to count; all by default.

        Returns
        -------
        Tallies
            Counts per unit.
        """
        lead = rule.lead if rule.lead.ndim == 1 else rule.lead[rows]
        return Tallies.of(
            rule.share[rows],
            self.event[rows],
            thresholds,
            lead=lead,
            unit=unit,
            months=rule.months[rows],
        )


def cluster_codes(sample: AlarmSample, cluster: str | None) -> npt.NDArray[np.int64] | None:
    """Return the unit of resampling of each pupil.

    Parameters
    ----------
    sample : AlarmSample
        The pupils.
    cluster : str or None
        Column that names the unit; pupils if None.

    Returns
    -------
    numpy.ndarray of int64 or None
        Codes 0 …, None for pupils.

    Raises
    ------
    ValueError
        If there is no such column or it has missing values.
    DesignError
        If there is only one unit.
    """
    if cluster is None:
        return None
    codes, names = labelled(sample.about, cluster, "cluster")
    if len(names) < 2:
        raise DesignError(_ONE_CLUSTER.format(name=cluster, n=len(names)))
    return codes


def labelled(
    about: pd.DataFrame, column: str, name: str
) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Return the values of a column as codes.

    Parameters
    ----------
    about : pandas.DataFrame
        One row per pupil.
    column : str
        Column.
    name : str
        Argument name for the message.

    Returns
    -------
    codes : numpy.ndarray of int64
        Codes 0 ….
    names : list
        Sorted values.

    Raises
    ------
    ValueError
        If there is no such column or it has missing values.
    """
    import pandas as pd  # noqa: PLC0415 (importing a claim must stay quick)

    check.columns(about.columns, [column], name)
    codes, names = pd.factorize(about[column], sort=True)
    if (codes < 0).any():
        missing = int((codes < 0).sum())
        raise ValueError(f"{name} {column!r} has {missing} missing values; fill or drop them.")
    return np.asarray(codes, dtype=np.int64), list(names)
