"""One municipality against a mixture of others that behaved like it before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.evaluation.comparison_result import (
    Better,
    Reading,
    Words,
    comparison_result,
)
from absence_risk.evaluation.comparison_rows import numbers_of
from absence_risk.result import Estimate, FlowStep, Table
from absence_risk.stats.synthetic_control import placebo_p, placebo_runs, placebo_set

if TYPE_CHECKING:
    import pandas as pd

    from absence_risk.result import Result
    from absence_risk.stats.synthetic_control import Placebos

__all__ = ["synthetic_control"]

FEWEST_DONORS = 5
FEWEST_BEFORE = 4
_WORST_FIT = 2.0
_FEW_DONORS = (
    "A synthetic control needs at least {least} other municipalities with all periods known; there "
    "are {n}. What can still be said: the series of this municipality beside theirs, described."
)


def synthetic_control(
    panel: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    unit_column: str,
    treated_unit: Any,
    start: Any,
    chosen_by_outcome: bool,
    better: Better = "lower",
    margin: float = 0.0,
    unit: str = "units of the outcome",
    definition: str = "outcome as given by the user",
    conf_level: float = 0.95,
) -> Result:
    """Compare one municipality with the mixture of others nearest to it before the start.

    Weights are non-negative and sum to one; the outcomes before the start are the predictors.
    Chance is judged by handling every other municipality as if it had been treated: the share
    whose gap grew at least as much is the p-value, and the differences not so rejected are
    the interval (Abadie, Diamond & Hainmueller 2010, J Am Stat Assoc 105:493; Firpo & Possebom
    2018, J Causal Inference 6:20160026). With J others the smallest p-value is 1/(J + 1).

    Parameters
    ----------
    panel : pandas.DataFrame
        One row per municipality and period.
    outcome, time, unit_column : str
        Columns of the outcome, of the period (anything that sorts) and of the municipality.
    treated_unit : object
        The municipality with the programme, as in ``unit_column``.
    start : object
        First period with the programme.
    chosen_by_outcome : bool
        Whether it got the programme because of its own values just before; True holds the verdict
        back.
    better : {"lower", "higher"}
        Direction of improvement.
    margin : float
        Difference too small to matter.
    unit, definition : str
        Unit of the outcome, and outcome in words.
    conf_level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Result
        Tables "change", "gaps" (observed, synthetic and gap by period), "weights" and "placebos"
        (size of the gap after over before, by municipality).

    Raises
    ------
    DesignError
        If there are fewer than five others with all periods known, fewer than four periods
        before the start, or none after it.
    ValueError
        If a column is missing or wrong, or a municipality has two rows in a period.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(4)
    >>> panel = pd.DataFrame([(i, t) for i in range(22) for t in range(16)], columns=["m", "t"])
    >>> panel["y"] = rng.normal(8, 1, 22)[panel["m"]] + rng.normal(0, 0.2, len(panel))
    >>> panel.loc[(panel["m"] == 10) & (panel["t"] >= 12), "y"] -= 2
    >>> found = synthetic_control(panel, outcome="y", time="t", unit_column="m", treated_unit=10,
    ...     start=12, chosen_by_outcome=False)
    >>> round(found.beyond.p_value, 4), found.beyond.conf_high < 0
    (0.0455, True)
    """
    reading = Reading(
        better=better, margin=margin, unit=unit, definition=definition, conf_level=conf_level
    )
    y, units, periods, dropped = _matrix(panel, outcome, time, unit_column, treated_unit)
    n_before = int((periods < start).sum())
    if n_before < FEWEST_BEFORE or n_before == len(periods):
        raise DesignError(
            f"There are {n_before} periods before the start and {len(periods) - n_before} from it "
            f"on; at least {FEWEST_BEFORE} before and one after are needed."
        )
    if len(units) - 1 < FEWEST_DONORS:
        raise DesignError(_FEW_DONORS.format(least=FEWEST_DONORS, n=len(units) - 1))
    runs = placebo_runs(y, n_before)
    low, high = placebo_set(runs, conf_level)
    held = ("it got the programme because of its own values just before",)
    worse = float(runs.before[0]) > _WORST_FIT * float(np.median(runs.before[1:]))
    poor = ("no mixture of the others follows it before the start",)
    donors = len(units) - 1
    few = 1 / (donors + 1) > 1 - conf_level + 1e-12
    needed = int(np.ceil(1 / (1 - conf_level) - 1e-9)) - 1
    reasons = (
        f"At least {needed} others are needed for a {100 * conf_level:g} % interval; there are "
        f"{donors}.",
    )
    return comparison_result(
        _words(donors, n_before),
        _rows(runs, float(y[0, n_before:].mean()), (low, high)),
        reading,
        held_back=(
            *(held if check.flag(chosen_by_outcome, "chosen_by_outcome") else ()),
            *(poor if worse else ()),
        ),
        reasons=reasons if few else (),
        n=len(units),
        flow=(
            FlowStep(step="municipalities in the panel", n=len(units) + dropped),
            FlowStep(step="with all periods known", n=len(units)),
            FlowStep(step="of them compared with", n=donors),
        ),
        tables=_tables(runs, y, units, periods, n_before),
    )


def _words(donors: int, n_before: int) -> Words:
    return Words(
        id="evaluation.synthetic_control",
        formula="mean after the start, minus the mean of the mixture of others",
        population="the municipality with the programme, after the start",
        benchmark_is="the mixture of other municipalities that was nearest before the start",
        against="the mixture of other municipalities",
        method=f"synthetic control from {donors} others and {n_before} periods; placebo runs in "
        f"space, smallest p-value {1 / (donors + 1):.3g}; interval by their inversion",
    )


def _rows(
    runs: Placebos, observed: float, limits: tuple[float | None, float | None]
) -> tuple[Estimate, Estimate, Estimate]:
    """Return the three rows; n stays empty, for it counts pupils and these are periods."""
    gap = float(runs.gaps[0, runs.n_before :].mean())
    return (
        Estimate(term="observed", estimate=observed),
        Estimate(term="expected from the mixture of others", estimate=observed - gap),
        Estimate(
            term="difference",
            estimate=gap,
            conf_low=limits[0],
            conf_high=limits[1],
            p_value=None if limits == (None, None) else placebo_p(runs),
        ),
    )


def _matrix(
    panel: pd.DataFrame, outcome: str, time: str, unit_column: str, treated: Any
) -> tuple[np.ndarray[Any, Any], list[Any], np.ndarray[Any, Any], int]:
    """Return outcomes with the treated unit first, names, periods and how many were left out."""
    check.columns(panel.columns, [outcome, time, unit_column], "panel")
    if panel[[time, unit_column]].isna().any(axis=None):
        raise ValueError(f"{time} and {unit_column} must be known in every row.")
    twice = int(panel.duplicated([unit_column, time]).sum())
    if twice:
        raise ValueError(f"{twice} rows repeat a municipality and period; keep one of each.")
    names, rows = np.unique(panel[unit_column].to_numpy(), return_inverse=True)
    periods, columns = np.unique(panel[time].to_numpy(), return_inverse=True)
    place = np.flatnonzero(names == treated)
    if len(place) != 1:
        raise ValueError("treated_unit is not among the municipalities of the panel.")
    y = np.full((len(names), len(periods)), np.nan)
    y[rows, columns] = numbers_of(panel, [outcome])[:, 0]
    known = np.isfinite(y).all(axis=1)
    if not known[place[0]]:
        raise DesignError("The municipality with the programme lacks periods; shorten the panel.")
    others = np.flatnonzero(known & (names != treated))
    order = np.concatenate([place, others])
    return y[order], names[order].tolist(), periods, int((~known).sum())


def _tables(
    runs: Placebos,
    y: np.ndarray[Any, Any],
    units: list[Any],
    periods: np.ndarray[Any, Any],
    n_before: int,
) -> tuple[Table, ...]:
    series = [
        Estimate(term=term, time=float(k - n_before), estimate=float(values[k]), group=str(p))
        for term, values in (
            ("observed", y[0]),
            ("mixture of others", y[0] - runs.gaps[0]),
            ("gap", runs.gaps[0]),
        )
        for k, p in enumerate(periods)
    ]
    weights = [
        Estimate(term="weight", group=str(name), estimate=float(w))
        for name, w in zip(units[1:], runs.weights[0, 1:], strict=True)
    ]
    ratios = [
        Estimate(
            term="size of the gap after over before",
            group="the programme" if j == 0 else str(name),
            estimate=float(runs.after[j] / runs.before[j]) if runs.before[j] > 0 else None,
        )
        for j, name in enumerate(units)
    ]
    return (
        Table(
            name="gaps",
            title="Observed and expected by period",
            rows=tuple(series),
            note="time: periods since the start; group: the period.",
        ),
        Table(name="weights", title="Weight of each municipality", rows=tuple(weights)),
        Table(
            name="placebos",
            title="Root mean squared gap after over before the start",
            rows=tuple(ratios),
            note="Every municipality as if it had been treated.",
        ),
    )
