"""What a design can show: figures of each analysis over simulated studies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from absence_risk.result import Estimate, Table

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.stats.many_changes import Changes

__all__ = ["DesignCheck", "rows_for"]

_POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignCheck:
    """Bias, coverage, type I error and power of each analysis for one design.

    Parameters
    ----------
    n : int
        Number of cases.
    clusters : tuple of int
        Number of cases in each cluster.
    replicates : int
        Number of simulated studies.
    tables : tuple of Table
        "absence" (shares of school time) and "wellbeing" (standard deviations of the scale). In
        each row the term is the figure, the group the analysis, the standard error that of the
        simulation.
    sentence : str
        What the design can find.
    reasons : tuple of str
        What to know beside it.
    assumptions : tuple of str
        What the simulated world takes for granted.
    conf_level : float
        Confidence level of the intervals that are checked.
    method : str
        How the figures came about.
    """

    n: int
    clusters: tuple[int, ...]
    replicates: int
    tables: tuple[Table, ...]
    sentence: str
    reasons: tuple[str, ...]
    assumptions: tuple[str, ...]
    conf_level: float
    method: str

    def figure(self, analysis: str, term: str) -> Estimate:
        """Return one figure of one analysis.

        Parameters
        ----------
        analysis : str
            Name of the analysis, as in the column group.
        term : str
            "bias", "coverage", "type I error", "power" or "smallest change found".

        Returns
        -------
        Estimate
            The figure with its simulation error.

        Raises
        ------
        KeyError
            If there is no such figure.
        """
        for row in (row for table in self.tables for row in table.rows):
            if (row.group, row.term) == (analysis, term):
                return row
        raise KeyError(f"no figure {term!r} of {analysis!r}")

    def tidy(self) -> pd.DataFrame:
        """Return all figures as a frame.

        Returns
        -------
        pandas.DataFrame
            Columns term, group, estimate, std_error, conf_low, conf_high, n.
        """
        import pandas as pd  # noqa: PLC0415 (importing the package must stay instant)

        return pd.concat([table.tidy() for table in self.tables], ignore_index=True)

    def summary(self) -> str:
        """Return the sentence and one line per analysis.

        Returns
        -------
        str
            Several lines; figures of absence in points of per cent.
        """
        lines = [self.sentence, *(f"  - {reason}" for reason in self.reasons)]
        for table in self.tables:
            scale = 100 if table.name == "absence" else 1
            heads = list(dict.fromkeys(row.term for row in table.rows))
            lines.append(f"{table.title}")
            lines.append(f"  {'':52}" + "".join(f"{head:>24}" for head in heads))
            for name in dict.fromkeys(row.group for row in table.rows):
                cells = (_cell(self.figure(str(name), head), scale) for head in heads)
                lines.append(f"  {name:52}" + "".join(f"{cell:>24}" for cell in cells))
        lines += [f"  Assumed: {text}" for text in self.assumptions]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return the summary."""
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values.

        Returns
        -------
        dict
            Nested dictionaries, lists, numbers and text.
        """
        return {
            "n": self.n,
            "clusters": list(self.clusters),
            "replicates": self.replicates,
            "tables": [table.to_dict() for table in self.tables],
            "sentence": self.sentence,
            "reasons": list(self.reasons),
            "assumptions": list(self.assumptions),
            "conf_level": self.conf_level,
            "method": self.method,
        }


def _cell(row: Estimate, scale: int) -> str:
    if row.estimate is None:
        return "not reached"
    shares = row.term in ("coverage", "type I error", "power")
    by = 100 if shares else scale
    digits = 1 if shares else 2
    return f"{by * row.estimate:.{digits}f} (± {by * (row.std_error or 0):.{digits}f})"


def rows_for(
    analysis: str, found: Changes, *, effect: float, conf_level: float
) -> tuple[Estimate, ...]:
    """Return the figures of one analysis over studies in which nothing is done.

    A programme that moves each pupil by the same amount moves the estimate by it and leaves the
    standard error alone, so one simulation answers for every size of effect.

    Parameters
    ----------
    analysis : str
        Name of the analysis.
    found : Changes
        Estimates, standard errors and degrees of freedom where the truth is 0.
    effect : float
        Change for which power is given; its sign says which way is better.
    conf_level : float
        Confidence level of the intervals.

    Returns
    -------
    tuple of Estimate
        Bias, coverage, type I error, power, and the smallest change that is found in the right
        direction in 8 of 10 studies, as a number above 0. Studies without a standard error (one
        cluster alone answered) find nothing, and their interval counts as holding the truth.
    """
    estimate, usable = found.estimate, np.isfinite(found.df) & (found.std_error > 0)
    df = np.where(usable, found.df, 1.0)
    half = special.stdtrit(df, 0.5 + conf_level / 2) * found.std_error
    half = np.where(usable, half, np.inf)
    count = len(estimate)
    rejects = np.abs(estimate) > half
    sign = math.copysign(1.0, effect)
    detects = sign * (estimate + effect) > half
    needed = np.sort(half - sign * estimate)
    spread = 2 * math.sqrt(count * _POWER * (1 - _POWER))
    places = [min(max(round(count * _POWER + move), 0), count - 1) for move in (-spread, 0, spread)]
    low, middle, high = (float(needed[place]) for place in places)
    found_at = max(middle, 0.0)
    known = math.isfinite(high)
    return (
        Estimate(
            term="bias",
            group=analysis,
            estimate=float(estimate.mean()),
            std_error=float(estimate.std(ddof=1)) / math.sqrt(count),
            n=count,
        ),
        _share("coverage", analysis, ~rejects),
        _share("type I error", analysis, rejects),
        _share("power", analysis, detects),
        Estimate(
            term="smallest change found",
            group=analysis,
            estimate=found_at if known else None,
            std_error=(high - low) / 4 if known else None,
            conf_low=max(low, 0.0) if known else None,
            conf_high=max(high, 0.0) if known else None,
            n=count,
        ),
    )


def _share(term: str, analysis: str, hits: np.ndarray[Any, np.dtype[np.bool_]]) -> Estimate:
    n, p = len(hits), float(hits.mean())
    return Estimate(
        term=term,
        group=analysis,
        estimate=p,
        std_error=math.sqrt(p * (1 - p) / n),
        n=n,
        n_events=int(hits.sum()),
    )
