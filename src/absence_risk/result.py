"""What an analysis returns: estimand, estimate, benchmark, what is beyond it, and a verdict.

A result is frozen and holds plain values only, so that it can be compared, pickled and written
as JSON. Frames are made on demand, from a closed list of columns.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from absence_risk.overclaim import guarded

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ANSWERS",
    "TIDY_COLUMNS",
    "Answer",
    "Estimand",
    "Estimate",
    "FlowStep",
    "Result",
    "Table",
    "Verdict",
]

Answer = Literal["supported", "not supported", "undecidable"]
ANSWERS: tuple[Answer, ...] = ("supported", "not supported", "undecidable")

TIDY_COLUMNS = (
    "term",
    "group",
    "time",
    "threshold",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "statistic",
    "p_value",
    "n",
    "n_events",
    "n_at_risk",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimand:
    """What is estimated, in words that link claim, estimator, simulated truth and report.

    Parameters
    ----------
    id : str
        Stable identifier, for example ``"escalation.or_valid_5pp"``; the same in ``truth.json``.
    claim : str
        The claim it bears on: escalation, threshold, return or wellbeing.
    formula : str
        The quantity in words and symbols.
    population : str
        Whom it describes.
    unit : str
        Unit of the value, for example ``"odds ratio"`` or ``"points of per cent"``.
    """

    id: str
    claim: str
    formula: str
    population: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One row of a tidy table; None where a field does not apply or may not be shown.

    Parameters
    ----------
    term : str
        What the row is about.
    group : str or None
        Group or arm.
    time : float or None
        Time in the unit the table's title names.
    threshold : float or None
        Threshold as a fraction in [0, 1].
    estimate, std_error, conf_low, conf_high : float or None
        Point estimate, its standard error and interval limits.
    statistic, p_value : float or None
        Test statistic and its two-sided p-value.
    n, n_events, n_at_risk : int or None
        Number of units behind the row, of events among them, and at risk.
    """

    term: str
    group: str | None = None
    time: float | None = None
    threshold: float | None = None
    estimate: float | None = None
    std_error: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    n: int | None = None
    n_events: int | None = None
    n_at_risk: int | None = None

    def covers(self, value: float) -> bool:
        """Return whether the interval contains a value; a missing limit does not exclude it.

        Parameters
        ----------
        value : float
            The value, on the scale of the estimate.

        Returns
        -------
        bool
            True where the value lies inside the interval or the interval is not known.

        Examples
        --------
        >>> Estimate(term="x", conf_low=0.1, conf_high=0.3).covers(0.0)
        False
        """
        below = self.conf_low is None or self.conf_low <= value
        above = self.conf_high is None or value <= self.conf_high
        return below and above


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """How many units remain after one step of the selection.

    Parameters
    ----------
    step : str
        What was kept.
    n : int or None
        How many units; None where the number may not be shown.
    """

    step: str
    n: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A named tidy table that a plot draws and the report prints.

    Parameters
    ----------
    name : str
        Short name, a valid file name.
    title : str
        What the table shows, with the unit of time and of the estimate.
    rows : tuple of Estimate
        The rows.
    note : str
        Reading help: definition, interval, what the columns hold.
    """

    name: str
    title: str
    rows: tuple[Estimate, ...]
    note: str = ""

    def tidy(self) -> pd.DataFrame:
        """Return the rows as a frame with those tidy columns that hold anything.

        Returns
        -------
        pandas.DataFrame
            One row per estimate; columns from ``TIDY_COLUMNS``, in that order.

        Examples
        --------
        >>> Table(name="t", title="T", rows=(Estimate(term="a", n=9),)).tidy().columns.tolist()
        ['term', 'n']
        """
        import pandas as pd  # noqa: PLC0415 (importing the package must stay instant)

        used = [c for c in TIDY_COLUMNS if any(getattr(r, c) is not None for r in self.rows)]
        values = {c: [getattr(row, c) for row in self.rows] for c in used}
        frame = pd.DataFrame(values, columns=used)
        for column in ("n", "n_events", "n_at_risk"):
            if column in used:
                frame[column] = frame[column].astype("Int64")
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values; fields of a row that hold nothing are left out.

        Returns
        -------
        dict
            Nested dictionaries, lists, numbers and text.
        """
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to a claim, in a sentence a board can read, with its reasons.

    Parameters
    ----------
    answer : {"supported", "not supported", "undecidable"}
        The answer. Undecidable is a result, not a failure.
    sentence : str
        One plain sentence.
    reasons : tuple of str
        Why this answer, and what would look the same for another reason.

    Raises
    ------
    ValueError
        If the answer is not one of the three.
    """

    answer: Answer
    sentence: str
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse any other answer."""
        if self.answer not in ANSWERS:
            raise ValueError(f"answer must be one of {', '.join(ANSWERS)}, got {self.answer!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer of one analysis.

    Parameters
    ----------
    estimand : Estimand
        What is estimated.
    estimate : Estimate
        The estimate with its interval.
    benchmark : Estimate
        What would be seen if nothing had happened, on the same scale.
    beyond : Estimate
        The estimate against the benchmark (difference, or ratio where ``null`` is 1).
    null : float
        Value of ``beyond`` where there is nothing beyond the benchmark.
    benchmark_is : str
        What the benchmark is, in one sentence.
    definition : str
        The absence definition and windows behind the figures, in words.
    n : int
        Number of units in the main analysis.
    flow : tuple of FlowStep
        Number of units at each step.
    tables : tuple of Table
        The tables; the first is the main one.
    conf_level : float
        Confidence level of all intervals, in (0, 1).
    method : str
        Estimator, variance and source.
    verdict : Verdict
        The answer.

    Raises
    ------
    ValueError
        If the verdict is "supported", or its sentence speaks of an effect (in English, Swedish,
        Danish or Finnish), while the interval of ``beyond`` covers ``null``.
    """

    estimand: Estimand
    estimate: Estimate
    benchmark: Estimate
    beyond: Estimate
    null: float
    benchmark_is: str
    definition: str
    n: int
    flow: tuple[FlowStep, ...]
    tables: tuple[Table, ...]
    conf_level: float
    method: str
    verdict: Verdict = field()

    def __post_init__(self) -> None:
        """Hold the verdict to what the benchmark allows."""
        guarded(self.verdict.sentence, self.beyond, null=self.null, answer=self.verdict.answer)

    def table(self, name: str) -> Table:
        """Return a table by its name.

        Parameters
        ----------
        name : str
            Name of the table.

        Returns
        -------
        Table
            The table.

        Raises
        ------
        KeyError
            If there is no table of that name.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(f"no table {name!r}; there are {', '.join(t.name for t in self.tables)}")

    def tidy(self, name: str | None = None) -> pd.DataFrame:
        """Return a table as a frame, the main one by default.

        Parameters
        ----------
        name : str or None
            Name of the table.

        Returns
        -------
        pandas.DataFrame
            One row per estimate, columns from ``TIDY_COLUMNS``.
        """
        return (self.tables[0] if name is None else self.table(name)).tidy()

    def glance(self) -> pd.DataFrame:
        """Return one row on the whole analysis.

        Returns
        -------
        pandas.DataFrame
            Columns estimand, answer, estimate, conf_low, conf_high, benchmark, beyond, beyond_low,
            beyond_high, n, conf_level, method.
        """
        import pandas as pd  # noqa: PLC0415

        row = {
            "estimand": self.estimand.id,
            "answer": self.verdict.answer,
            "estimate": self.estimate.estimate,
            "conf_low": self.estimate.conf_low,
            "conf_high": self.estimate.conf_high,
            "benchmark": self.benchmark.estimate,
            "beyond": self.beyond.estimate,
            "beyond_low": self.beyond.conf_low,
            "beyond_high": self.beyond.conf_high,
            "n": self.n,
            "conf_level": self.conf_level,
            "method": self.method,
        }
        return pd.DataFrame([row])

    def summary(self) -> str:
        """Return the verdict as text: the sentence, the numbers beside their benchmark, the table.

        Returns
        -------
        str
            Several lines.
        """
        lines = [
            f"{self.estimand.claim}: {self.verdict.answer}. {self.verdict.sentence}",
            f"  estimate   {_interval(self.estimate)} {self.estimand.unit}, n = {self.n}",
            f"  benchmark  {_interval(self.benchmark)} ({self.benchmark_is})",
            f"  beyond it  {_interval(self.beyond)} (nothing beyond: {self.null:g})",
            *(f"  - {reason}" for reason in self.verdict.reasons),
            self.tidy().to_string(index=False, na_rep=""),
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the summary."""
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values; fields of a row that hold nothing are left out.

        Returns
        -------
        dict
            Nested dictionaries, lists, numbers and text.
        """
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}


def _interval(row: Estimate) -> str:
    if row.estimate is None:
        return "not shown"
    if row.conf_low is None or row.conf_high is None:
        return f"{row.estimate:.4g}"
    return f"{row.estimate:.4g} [{row.conf_low:.4g}, {row.conf_high:.4g}]"


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: _plain(item) for name, item in pairs if item is not None}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        # Twelve digits carry every published figure and hide the last bits that differ by CPU.
        return float(f"{value:.12g}") if math.isfinite(value) else None
    return value
