"""How many pupils a choice of threshold needs, and whether two thresholds can be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from absence_risk.result import Estimate, Table
from absence_risk.stats.shrinkage import normal_quantile
from absence_risk.thresholds.wording import per_cent

if TYPE_CHECKING:
    import numpy.typing as npt

    from absence_risk.thresholds.calibrated import Calibration

    Floats = npt.NDArray[np.float64]

__all__ = ["TellApart", "sample_size", "tell_apart"]

_POWER = 0.80


@dataclass(frozen=True, slots=True)
class TellApart:
    """Whether the data can tell two thresholds apart by the objective.

    Parameters
    ----------
    difference, low, high : float
        Objective at the first minus at the second, and its interval.
    needed : float
        Pupils with which the difference seen would be found in 80 % of registers.
    sentence : str
        In words.
    """

    difference: float
    low: float
    high: float
    needed: float
    sentence: str


def tell_apart(found: Calibration) -> TellApart:
    """Compare the objective at two thresholds of the chosen rule.

    Needed pupils: n ((z₁₋α/₂ + z₀.₈) SE/|difference|)², SE the bootstrap standard error; clusters
    are taken to grow in number, not in size.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    TellApart
        Difference, interval, pupils needed, sentence.
    """
    a, b = (int(np.abs(found.thresholds - share).argmin()) for share in found.compare)
    names = " from ".join(
        per_cent(float(found.thresholds[k]), 1).replace(".0 ", " ") for k in (a, b)
    )
    rule, n = found.choice.rule, found.sample.n
    value = found.goal.value(found.cells[rule], found.sample.n_months)
    draws = found.resampled.value[:, rule, a] - found.resampled.value[:, rule, b]
    difference = float(value[a] - value[b])
    draws = draws[np.isfinite(draws)]
    if a == b or len(draws) < 20 or not np.isfinite(difference):
        return TellApart(
            np.nan, np.nan, np.nan, np.nan, f"Nothing can be said on telling {names} here."
        )
    low, high = np.quantile(draws, [(1 - found.conf_level) / 2, (1 + found.conf_level) / 2])
    factor = normal_quantile(found.conf_level) + normal_quantile(2 * _POWER - 1)
    spread = float(draws.std(ddof=1))
    needed = np.inf if difference == 0 else n * (factor * spread / difference) ** 2
    if low > 0 or high < 0:
        better = found.thresholds[a] if difference > 0 else found.thresholds[b]
        sentence = (
            f"With {n:,} pupils these data tell {names}: {per_cent(float(better))} serves better."
        )
    else:
        more = (
            f"; about {_round(needed)} would be needed if the difference is as large as it looks"
            if needed > n and np.isfinite(needed)
            else ""
        )
        sentence = f"With {n:,} pupils these data cannot tell {names}{more}."
    return TellApart(difference, float(low), float(high), float(needed), sentence)


def _round(number: float) -> str:
    digits = max(0, int(np.floor(np.log10(max(number, 1.0)))) - 1)
    return f"{int(np.ceil(number / 10**digits) * 10**digits):,}"


def sample_size(found: Calibration) -> Table:
    """Return how many pupils a sharper answer needs.

    Parameters
    ----------
    found : Calibration
        The calibration.

    Returns
    -------
    Table
        Named ``sample_size``: pupils for an interval of the threshold of ± 1, 2 and 4 points, and
        for telling two thresholds apart.

    Notes
    -----
    The spread of a best threshold falls with the cube root of the number of pupils (Kim & Pollard
    1990, Ann Stat 18:191), so half the width needs eight times the pupils.
    """
    same = found.resampled.made & (found.resampled.rule == found.choice.rule)
    drawn = found.thresholds[found.resampled.at[same]]
    low, high = found.interval(drawn) if len(drawn) else (None, None)
    rows = []
    if low is not None and high is not None and high > low:
        for half in (0.01, 0.02, 0.04):
            needed = found.sample.n * ((high - low) / 2 / half) ** 3
            rows.append(
                Estimate(
                    term=f"pupils for an interval of ± {100 * half:g} points",
                    estimate=float(np.ceil(needed)),
                )
            )
    apart = tell_apart(found)
    if np.isfinite(apart.needed):
        a, b = found.compare
        term = f"pupils to tell {per_cent(a, 1)} from {per_cent(b, 1)}"
        rows.append(Estimate(term=term, estimate=float(np.ceil(apart.needed))))
    return Table(
        name="sample_size",
        title="How many pupils a sharper answer needs, number",
        rows=tuple(rows),
        note=(
            f"{apart.sentence} Orders of magnitude: the interval narrows with the cube root of the "
            "number of pupils; two thresholds are told apart with 80 % power if their difference "
            "is as large as it looks."
        ),
    )
