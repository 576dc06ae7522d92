"""Power of a plan in which municipalities or schools start one after another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from absence_risk import check
from absence_risk.errors import DesignError
from absence_risk.result import Estimand, Estimate, FlowStep, Result, Table, Verdict
from absence_risk.stats.stepped_wedge import stepped_wedge_plan, stepped_wedge_variance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["stepped_wedge_power"]

_MULTIPLES = (0.5, 0.75, 1.0, 1.25, 1.5)


def stepped_wedge_power(
    starts: Sequence[int],
    periods: int,
    *,
    difference: float,
    sd: float,
    icc: float,
    size: npt.ArrayLike,
    df: float | None = None,
    unit: str = "units of the outcome",
    conf_level: float = 0.95,
) -> Result:
    """Return the power of a stepped-wedge plan before any data are collected.

    Clusters start in given periods; each period has different pupils. The variance is that of
    generalised least squares (Hussey & Hughes 2007, Contemp Clin Trials 28:182), in closed form for
    any sizes. The test is t with ``clusters − 2`` degrees of freedom by default, since
    plans here have few clusters; ``df=math.inf`` gives the published normal form.

    Parameters
    ----------
    starts : sequence of int
        First period with the programme of each cluster, counted from 0; ``periods`` or more means
        never within the plan.
    periods : int
        Number of periods.
    difference : float
        Difference to be found, in units of the outcome.
    sd : float
        Standard deviation of the outcome between all pupils, above 0.
    icc : float
        Share of its variance that lies between clusters, in [0, 1).
    size : float or array-like of shape (clusters,) or (clusters, periods)
        Pupils per cluster and period.
    df : float or None
        Degrees of freedom of the test.
    unit : str
        Unit of the outcome.
    conf_level : float
        1 − conf_level is the two-sided level of the test.

    Returns
    -------
    Result
        Estimate: power; benchmark: chance of a finding with no difference. The verdict is
        "undecidable", since there are no data yet. Table "power" by size of the difference and
        the smallest difference found with 80 %.

    Raises
    ------
    DesignError
        If the plan cannot tell the programme from the periods.
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> found = stepped_wedge_power([1, 1, 2, 2, 3, 3], 4, difference=-2.0, sd=6.0, icc=0.05,
    ...     size=25, unit="points")
    >>> round(found.estimate.estimate, 3)
    0.423
    """
    check.probability(conf_level, "conf_level")
    check.positive_int(periods, "periods")
    if not (math.isfinite(sd) and sd > 0 and math.isfinite(difference)):
        raise ValueError("sd must be above 0 and difference finite.")
    if not 0 <= icc < 1:
        raise ValueError(f"icc must be at least 0 and below 1, got {icc:g}.")
    plan = stepped_wedge_plan(starts, periods)
    sizes = _sizes(size, plan.shape)
    freedom = float(len(plan) - 2) if df is None else float(df)
    if not freedom > 0:
        raise DesignError(
            f"{len(plan)} clusters leave {freedom:g} degrees of freedom: no test. Add clusters."
        )
    variance = stepped_wedge_variance(plan, sizes, sigma2=sd**2 * (1 - icc), tau2=sd**2 * icc)
    if not math.isfinite(variance):
        raise DesignError(
            "All clusters are on the same side in every period, so the programme cannot be told "
            "from the periods. Let clusters start at different times."
        )
    alpha = 1 - conf_level
    power = power_of(difference / math.sqrt(variance), freedom, alpha)
    smallest = _smallest(math.sqrt(variance), freedom, alpha)
    rows = [
        Estimate(
            term=f"a difference of {m * difference:.4g}",
            estimate=power_of(m * difference / math.sqrt(variance), freedom, alpha),
        )
        for m in _MULTIPLES
    ]
    rows.append(Estimate(term="smallest difference found with 80 %", estimate=smallest))
    law = "normal" if math.isinf(freedom) else f"t with {freedom:g} degrees of freedom"
    return Result(
        estimand=Estimand(
            id="evaluation.stepped_wedge_power",
            claim="wellbeing",
            formula=f"chance that the test finds a difference of {difference:g}",
            population=f"{len(plan)} clusters over {periods} periods",
            unit="probability",
        ),
        estimate=Estimate(term="power", estimate=power, n=len(plan)),
        benchmark=Estimate(term="chance of a finding with no difference", estimate=alpha),
        beyond=Estimate(term="power beyond chance", estimate=power - alpha),
        null=0.0,
        benchmark_is="the chance of a finding where there is no difference",
        definition=f"outcome with standard deviation {sd:g} {unit}, {100 * icc:g} % of its "
        "variance between clusters",
        n=len(plan),
        flow=(
            FlowStep(step="clusters", n=len(plan)),
            FlowStep(step="pupils measured, all periods", n=round(float(sizes.sum()))),
        ),
        tables=(
            Table(
                name="power",
                title="Chance of a finding by size of the difference",
                rows=tuple(rows),
                note=f"Two-sided level {alpha:.3g}, {law}; the last row is in {unit}.",
            ),
        ),
        conf_level=conf_level,
        method=f"generalised least squares variance (Hussey & Hughes 2007), {law}; new pupils in "
        "each period, intercept per cluster, no decay over time",
        verdict=Verdict(
            answer="undecidable",
            sentence=f"Before any data: this plan finds a difference of {difference:g} {unit} with "
            f"probability {100 * power:.0f} %, and one of {smallest:.3g} with 80 %.",
            reasons=(
                "Spread and likeness within clusters are assumed; take them from the register.",
            ),
        ),
    )


def power_of(noncentrality: float, df: float, alpha: float) -> float:
    """Return the power of a two-sided t test.

    Parameters
    ----------
    noncentrality : float
        Difference over its standard error.
    df : float
        Degrees of freedom; infinite for the normal law.
    alpha : float
        Two-sided level.

    Returns
    -------
    float
        Power.

    Examples
    --------
    >>> round(power_of(2.8, math.inf, 0.05), 3)
    0.8
    """
    from scipy import integrate  # noqa: PLC0415 (importing the package must stay instant)

    size = abs(noncentrality)
    if math.isinf(df):
        z = float(special.ndtri(1 - alpha / 2))
        return float(special.ndtr(size - z) + special.ndtr(-size - z))
    t = float(special.stdtrit(df, 1 - alpha / 2))
    constant = math.log(2) + df / 2 * math.log(df / 2) - math.lgamma(df / 2)

    def at(s: float) -> float:
        # Given the estimated spread s (a chi law) the test is normal; scipy's noncentral t is
        # not a number for the large values that few degrees of freedom need.
        density = math.exp(constant + (df - 1) * math.log(s) - df * s * s / 2)
        return density * float(special.ndtr(size - t * s) + special.ndtr(-size - t * s))

    reach = 1 + 12 / math.sqrt(df)
    centre = min(size / t, reach / 2)
    return float(integrate.quad(at, 0.0, reach, points=[centre], epsabs=1e-11, limit=200)[0])


def _smallest(std_error: float, df: float, alpha: float) -> float:
    from scipy import optimize  # noqa: PLC0415 (importing the package must stay instant)

    high = 4.0
    while power_of(high, df, alpha) < 0.8:
        high *= 2
    found = optimize.brentq(lambda x: power_of(x, df, alpha) - 0.8, 0.0, high, xtol=1e-9)
    return float(found) * std_error


def _sizes(size: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    given = np.asarray(size, dtype=np.float64)
    if given.ndim == 1 and len(given) == shape[0]:
        given = given[:, None]
    try:
        sizes = np.broadcast_to(given, shape).astype(np.float64)
    except ValueError as cause:
        raise ValueError(
            f"size must be one number, one per cluster ({shape[0]}) or one per cluster and period."
        ) from cause
    if not (np.isfinite(sizes).all() and (sizes >= 0).all() and sizes.sum() > 0):
        raise ValueError("size must hold numbers of at least 0, some above 0.")
    return sizes
