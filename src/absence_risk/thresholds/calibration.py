"""Where this municipality should act: window, numerator and threshold chosen together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import Estimand, Estimate, Result
from absence_risk.thresholds import alarm_curves as curves
from absence_risk.thresholds import calibration_tables as tables
from absence_risk.thresholds.alarm_rules import read_alarms
from absence_risk.thresholds.alarm_sample import cluster_codes
from absence_risk.thresholds.calibrated import calibrate_sample
from absence_risk.thresholds.calibration_words import judge_alarm
from absence_risk.thresholds.fairness import group_tables
from absence_risk.thresholds.goal import parse_goal
from absence_risk.thresholds.local_thresholds import local_table
from absence_risk.thresholds.sample_size import sample_size
from absence_risk.thresholds.waiting import waiting_table
from absence_risk.thresholds.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pandas as pd

    from absence_risk.register.cube import Cube
    from absence_risk.result import Table
    from absence_risk.thresholds.alarm_sample import AlarmSample, LaterAbsence
    from absence_risk.thresholds.calibrated import Calibration
    from absence_risk.thresholds.local_thresholds import Prior

    Floats = npt.NDArray[np.float64]

__all__ = ["calibrate_threshold"]

_ESTIMAND = Estimand(
    id="threshold.local_alarm_ppv",
    claim="threshold",
    formula="P(event | share of absence reaches the chosen threshold before it)",
    population="pupils at school before and after the event's beginning",
    unit="share",
)
_BENCHMARK_IS = (
    "An alarm without information is right as often as the event occurs, whatever its threshold."
)
_METHOD = (
    "All windows, numerators and thresholds compared at once by {goal}; bootstrap of the whole "
    "choice over {units} ({replicates} samples), judged by the units left out of each sample; "
    "p of the best cut adjusted for the search (Miller & Siegmund 1982; Lausen et al. 1994)."
)
_NOBODY = (
    "No pupil reaches {at} of absence under any of the rules; the highest share is {top}. Leave "
    "the threshold out."
)


def calibrate_threshold(
    data: pd.DataFrame | Cube,
    *,
    event: LaterAbsence | pd.DataFrame | str,
    objective: str,
    constraint: str | Sequence[str] = (),
    windows: Sequence[str] | None = None,
    numerators: Sequence[str] | None = None,
    consecutive: Sequence[int] = (1,),
    thresholds: Sequence[float] | None = None,
    pupils: pd.DataFrame | None = None,
    cluster: str | None = None,
    by: str | None = None,
    prior: Prior | None = None,
    groups: Sequence[str] = (),
    compare: tuple[float, float] = (0.16, 0.24),
    replicates: int = 1000,
    random_state: int = 0,
    conf_level: float = 0.95,
) -> Result:
    """Choose the alarm level that serves best here, and say how sure that is.

    A pupil is alarmed if the share of absence in any window that ends before the event reaches the
    threshold. Every window, numerator and threshold is tried; the best by the objective within the
    constraints is chosen, and the whole choice is made again in every bootstrap sample.

    Parameters
    ----------
    data : pandas.DataFrame or Cube
        A panel or a cube, see :func:`read_alarms`.
    event : LaterAbsence, pandas.DataFrame or str
        What an alarm should foresee.
    objective : str
        "net_benefit(w)", "limited_net_benefit(w, k)", "cost(miss, false_alarm)", "youden" or
        "lead_time"; w is the harm of a false alarm in units of the benefit of a true one and is
        the user's judgement, not an estimate.
    constraint : str or sequence of str
        "capacity(k)" pupils alarmed for the first time a month (mean over the months),
        "min_sens(share)", "min_ppv(share)", "lead_time(m)" in school weeks (cube) or periods
        (panel). With a capacity the net benefit within its places is shown as well, where they go
        by rank and where first come is first served.
    windows, numerators : sequence of str or None
        What to try, see :func:`read_alarms`.
    consecutive : sequence of int
        Windows in a row that must reach the threshold.
    thresholds : sequence of float or None
        Candidate thresholds in (0, 1]; every half point from 1 to 50 % by default.
    pupils : pandas.DataFrame or None
        With a cube: enrolments with the columns to cluster and group by.
    cluster : str or None
        Unit of resampling: a column such as "school_key"; pupils if None.
    by : str or None
        Column of schools or municipalities that get partially pooled thresholds of their own.
    prior : Prior or None
        With ``by``: threshold and spread known from a neighbour or the country.
    groups : sequence of str
        Columns whose groups are compared at the one chosen threshold.
    compare : tuple of float
        Two thresholds of which to say whether the data can tell them apart.
    replicates : int
        Number of bootstrap samples.
    random_state : int
        Seed.
    conf_level : float
        Confidence level in (0, 1).

    Returns
    -------
    Result
        The PPV of the chosen alarm among pupils it was not chosen on, against the PPV of an alarm
        without information; tables ``chosen``, ``choices``, ``threshold_metrics``, ``frontier``,
        ``decision_curve``, ``threshold_draws``, ``sample_size``, ``value_of_waiting``, with ``by``
        also ``local_thresholds``, with ``groups`` also ``groups`` and ``group_differences``.

    Raises
    ------
    ValueError
        If an argument is malformed or a share lies outside 0 to 1.
    DesignError
        If nobody or everybody has the event, no pupil reaches a candidate threshold, a cluster or
        ``by`` has one value only, or no candidate meets the constraints (the nearest is named).

    Notes
    -----
    The best threshold converges like the cube root of the number of pupils, and the percentile
    interval of such a maximiser is only a guide (Abrevaya & Huang 2005, Econometrica 73:1175).
    With few clusters the interval is too short.

    Examples
    --------
    Pupils whose share of a month reaches 15 % leave school more often:

    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> share = rng.beta(1.2, 8, 2000)
    >>> left = rng.random(2000) < np.where(share >= 0.15, 0.4, 0.05)
    >>> panel = pd.DataFrame({"pupil_key": range(2000), "period": 202509, "absence_rate": share})
    >>> found = calibrate_threshold(
    ...     panel.assign(left=left), event="left", objective="net_benefit(0.2)", replicates=200
    ... )
    >>> found.verdict.answer, found.estimate.threshold
    ('supported', 0.15)
    """
    check.probability(conf_level, "conf_level")
    replicates = check.positive_int(replicates, "replicates")
    goal = parse_goal(objective, constraint)
    sample = read_alarms(
        data,
        event,
        windows=windows,
        numerators=numerators,
        consecutive=consecutive,
        pupils=pupils,
    )
    grid = _grid(thresholds, sample)
    for share in compare:
        check.proportion(share, "compare")
    unit = cluster_codes(sample, cluster)
    rng = np.random.default_rng(check.seed(random_state))
    found = calibrate_sample(
        sample,
        goal,
        grid,
        unit=unit,
        unit_words="pupils" if cluster is None else f"{plural(cluster)} as wholes",
        compare=compare,
        replicates=replicates,
        rng=rng,
        conf_level=conf_level,
    )
    made = _tables(found)
    if by is not None:
        made.append(local_table(found, by, unit=unit, prior=prior, rng=rng))
    if groups:
        made.extend(group_tables(found, groups, unit=unit, replicates=replicates, rng=rng))
    return _result(found, tuple(made), replicates)


def _tables(found: Calibration) -> list[Table]:
    return [
        tables.chosen(found),
        tables.choices(found),
        tables.threshold_metrics_table(found),
        curves.frontier(found),
        curves.decision_curve(found),
        curves.threshold_draws(found),
        sample_size(found),
        waiting_table(found),
    ]


def _grid(thresholds: Sequence[float] | None, sample: AlarmSample) -> Floats:
    top = max(float(np.fmax.reduce(rule.share, axis=None, initial=0.0)) for rule in sample.rules)
    if thresholds is None:
        grid = np.arange(2, 101) / 200
        return grid[grid <= top] if (grid <= top).any() else grid[:1]
    for share in thresholds:
        check.proportion(share, "thresholds")
    grid = np.unique(np.asarray(thresholds, dtype=np.float64))
    if len(grid) == 0 or grid[0] <= 0:
        raise ValueError("thresholds must name at least one share above 0.")
    if grid[-1] > top:
        beyond = ", ".join(f"{100 * at:g} %" for at in grid[grid > top])
        raise DesignError(_NOBODY.format(at=beyond, top=f"{100 * top:.1f} %"))
    return grid


def _result(found: Calibration, made: tuple[Table, ...], replicates: int) -> Result:
    sample = found.sample
    ppv, prevalence = found.outside()
    chance = float(sample.event.mean())
    honest = float(np.nanmean(ppv)) if np.isfinite(ppv).any() else None
    low, high = found.interval(ppv)
    chance_low, chance_high = found.interval(_prevalence(found))
    gain = ppv - prevalence
    gain_low, gain_high = found.interval(gain)
    n = sample.n
    alarmed = found.cells[found.choice.rule, :2, found.choice.at + 1 :].sum(axis=1)
    estimate = Estimate(
        term=f"PPV at {100 * found.threshold:g} % of {sample.rules[found.choice.rule].words()}",
        threshold=found.threshold,
        estimate=honest,
        conf_low=low,
        conf_high=high,
        # The counts of the chosen alarm itself, so that disclosure control sees what is small.
        n=round(float(alarmed.sum())),
        n_events=round(float(alarmed[1])),
    )
    benchmark = Estimate(
        term=tables.BENCHMARK_TERM,
        estimate=chance,
        conf_low=chance_low,
        conf_high=chance_high,
        n=n,
        n_events=int(sample.event.sum()),
    )
    beyond = Estimate(
        term="PPV beyond that of an alarm without information",
        estimate=None if honest is None else float(np.nanmean(gain)),
        conf_low=gain_low,
        conf_high=gain_high,
        p_value=found.cut.adjusted_p,
    )
    return Result(
        estimand=_ESTIMAND,
        estimate=estimate,
        benchmark=benchmark,
        beyond=beyond,
        null=0.0,
        benchmark_is=_BENCHMARK_IS,
        definition=f"{sample.definition}; event: {sample.event_words}",
        n=n,
        flow=sample.flow,
        tables=made,
        conf_level=found.conf_level,
        method=_METHOD.format(
            goal=found.goal.words(), units=found.unit_words, replicates=replicates
        ),
        verdict=judge_alarm(found, estimate, benchmark, beyond, made),
    )


def _prevalence(found: Calibration) -> Floats:
    cells = found.resampled.cells[:, found.choice.rule, :2].astype(np.float64)
    events = cells[:, 1].sum(axis=-1)
    return np.asarray(events / cells.sum(axis=(1, 2)))
